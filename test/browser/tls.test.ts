// The page by https and without, as a headset's browser meets it: what is a secure context, and that it is live there.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askXr, xrAvailability } from '../../web/xr/availability.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { openPage, pageStats } from '../helpers/page.ts'
import { type Running, startServerProcess, temporaryFolder } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'

/** The browser takes it for another machine's. */
const NAME = 'studio.local'
const TOKEN = 'the-viewers-token'

const folder = temporaryFolder('tls-page')
let browser: Browser
let withTls: Running
let without: Running

beforeAll(async () => {
  browser = await launchBrowser({ args: [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`] })
  withTls = await start('--tls', 'self-signed')
  without = await start()
})
afterAll(async () => {
  await browser?.close()
  await Promise.all([withTls, without].map((each) => each?.stop()))
  folder.remove()
})

const start = (...more: string[]): Promise<Running> =>
  startServerProcess({
    args: [
      '--demo',
      '12',
      '--host',
      '127.0.0.1',
      '--port',
      '0',
      '--allow-host',
      NAME,
      '--data-dir',
      folder.path,
      ...more,
    ],
    env: { SWARMSCOPE_VIEWER_TOKEN: TOKEN },
  })
const linkAt = (scheme: string, { url }: Running) => `${scheme}://${NAME}:${new URL(url).port}/#token=${TOKEN}`

/** What the browser says, and what our page would make of it. */
async function xrOf(page: Page) {
  const { isSecure, hasXr, place } = await page.evaluate(() => ({
    isSecure: isSecureContext,
    hasXr: 'xr' in navigator,
    place: { protocol: location.protocol, hostname: location.hostname, port: location.port },
  }))
  const isSessionSupported = (mode: string): Promise<boolean> =>
    page.evaluate(
      (asked) =>
        (navigator as unknown as { xr: { isSessionSupported(mode: string): Promise<boolean> } }).xr.isSessionSupported(
          asked,
        ),
      mode,
    )
  return { isSecure, answer: xrAvailability(await askXr(hasXr ? { isSessionSupported } : undefined, isSecure), place) }
}

async function isLive(page: Page): Promise<void> {
  await page.locator('[data-testid=agent-row]').first().waitFor()
  const { seq } = await pageStats(page)
  await until(async () => (await pageStats(page)).seq > seq)
}

test('A9 by https it is a secure context, and live over wss, without a fault of the CSP', async () => {
  const page = await openPage(browser, linkAt('https', withTls), { ignoreHTTPSErrors: true })
  await isLive(page)
  const { isSecure, answer } = await xrOf(page)
  expect(isSecure).toBe(true)
  // Chromium itself has WebXR; this machine has no headset.
  expect(answer).toMatchObject({ type: 'unavailable', reason: 'no-headset' })
  expect(await page.evaluate(() => location.href)).not.toContain(TOKEN)
  await page.context().close()
})

test('A11 a link typed with http:// comes to https, with its token', async () => {
  const link = linkAt('https', withTls)
  const page = await openPage(browser, link.replace('https', 'http'), { ignoreHTTPSErrors: true, endsAt: link })
  await isLive(page)
  expect(await page.evaluate(() => location.protocol)).toBe('https:')
  await page.context().close()
})

test('without TLS the same page is live but in no secure context, and the ways in name its address', async () => {
  const page = await openPage(browser, linkAt('http', without))
  await isLive(page)
  const { isSecure, answer } = await xrOf(page)
  expect(isSecure).toBe(false)
  expect(answer).toMatchObject({ type: 'unavailable', reason: 'insecure' })
  const { port } = new URL(without.url)
  const commands = answer.type === 'available' ? [] : answer.ways.map(({ command }) => command)
  expect(commands[0]).toBe(`adb reverse tcp:${port} tcp:${port}`)
  expect(commands[2]).toContain(`localhost ${NAME}`)
  await page.context().close()
})

test('at localhost it is a secure context without TLS, as adb reverse has it', async () => {
  const page = await openPage(browser, `http://localhost:${new URL(without.url).port}/#token=${TOKEN}`)
  await isLive(page)
  expect((await xrOf(page)).isSecure).toBe(true)
  await page.context().close()
})
