// Into a headset and out of it again, in a real browser with an emulated headset that is as strict as real ones.

import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser } from '../helpers/browser.ts'
import { enter, expectNoFaults, frames, leave, openWithHeadset } from '../helpers/headset.ts'
import { type OpenOptions, pageStats } from '../helpers/page.ts'
import { smallWorld } from '../helpers/webWorld.ts'

let browser: Browser
const afterEachTest: (() => unknown)[] = []
beforeAll(async () => {
  browser = await launchBrowser()
})
afterEach(async () => {
  for (const cleanUp of afterEachTest.splice(0).reverse()) await cleanUp()
})
afterAll(() => browser?.close())

async function open(entities = smallWorld(), options: OpenOptions = {}) {
  const opened = await openWithHeadset(browser, entities, options)
  afterEachTest.push(
    () => opened.fake.close(),
    () => opened.page.context().close(),
  )
  return opened
}

describe('stepping inside', () => {
  test('a click enters VR: two eyes, at most 12 draws each, and out again', async () => {
    const { page } = await open()
    await enter(page)
    await frames(page, 30)
    const { xr } = await pageStats(page)
    expect(xr.mode).toBe('immersive-vr')
    expect(xr.drawCallsPerEye).toBeLessThanOrEqual(12)
    await leave(page)
    await expectNoFaults(page)
  })
})
