// Pictures of the scene with many agents and in each of its layouts, written to test/browser/shots/ for people to look at.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../helpers/browser.ts'
import { openPage, pageStats } from '../helpers/page.ts'
import { SHOTS, updateImage } from '../helpers/shots.ts'
import { ROOT } from '../helpers/swarmscope.ts'
import { startFakeServer } from '../helpers/webFakeServer.ts'
import { largeWorld, smallWorld, swarmsWorld } from '../helpers/webWorld.ts'

let browser: Browser

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true })
  browser = await launchBrowser()
})
afterAll(() => browser?.close())

test.each([
  ['few-dark', smallWorld(), 'dark', 'force'],
  ['few-light', smallWorld(), 'light', 'force'],
  ['many-dark', largeWorld(1_000), 'dark', 'force'],
  ['many-hierarchy', largeWorld(1_000), 'dark', 'hierarchy'],
  ['swarms-light', swarmsWorld([40, 24, 14, 9]), 'light', 'force'],
  ['swarms-rings', swarmsWorld([40, 24, 14, 9]), 'dark', 'rings'],
] as const)('%s', async (name, entities, colorScheme, mode) => {
  const fake = await startFakeServer({ webDir: join(ROOT, 'dist/web'), entities })
  const page = await openPage(browser, fake.url, { colorScheme, reducedMotion: 'reduce' })
  try {
    await page.waitForFunction(() => globalThis.swarmscope.stats().drawCalls > 3)
    await page.locator(`[data-testid=layout-${mode}]`).click()
    let seen = -1
    await expect
      .poll(
        async () => {
          const { frames } = await pageStats(page)
          const isStill = frames === seen
          seen = frames
          return isStill
        },
        { interval: 2_000, timeout: 60_000 },
      )
      .toBe(true)
    await page.screenshot({ path: join(SHOTS, `${name}.png`) })
    expect(await pageStats(page)).toMatchObject({ mode: 'live' })
    if (name === 'many-dark') updateImage(name, 'many')
  } finally {
    await page.context().close()
    await fake.close()
  }
})
