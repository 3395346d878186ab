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
  const { isSecure, hasXr } = await page.evaluate(() => ({ isSecure: isSecureContext, hasXr: 'xr' in navigator }))
  const isSessionSupported = (mode: string): Promise<boolean> =>
    page.evaluate(
      (asked) =>
        (navigator as unknown as { xr: { isSessionSupported(mode: string): Promise<boolean> } }).xr.isSessionSupported(
          asked,
        ),
      mode,
    )
  return { isSecure, answer: xrAvailability(await askXr(hasXr ? { isSessionSupported } : undefined, isSecure)) }
}

/** The lines that the page's panel shows, as they stand there. */
async function waysShown(page: Page): Promise<string[]> {
  await page.locator('[data-testid=xr-why]').click()
  return await page.locator('.xr-hint .copy-line > span:first-child').allInnerTexts()
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
  expect(await waysShown(page)).toEqual([
    `adb reverse tcp:${port} tcp:${port}`,
    `adb shell am start -a android.intent.action.VIEW -d "'http://localhost:${port}/#token=…'"`,
    `npm start -- --tls self-signed --port ${port}`,
    `mkcert -cert-file c.pem -key-file k.pem localhost ${NAME} && npm start -- --tls-cert c.pem --tls-key k.pem --port ${port}`,
  ])
  await page.context().close()
})

test('by https the ways in are the link of this very page, and the port without TLS; the token is copied, and never shown', async () => {
  const page = await openPage(browser, linkAt('https', withTls), { ignoreHTTPSErrors: true })
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await isLive(page)
  const { port } = new URL(withTls.url)
  const shown = await waysShown(page)
  const [, plain] = /^adb reverse tcp:(\d+) tcp:\1$/.exec(shown[0] ?? '') ?? []
  expect((await fetch(`http://localhost:${plain}/livez`)).status).toBe(200)
  expect(shown[2]).toBe(`https://${NAME}:${port}/#token=…`)
  await page.locator('.xr-hint [data-testid=copy]').nth(2).click()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`https://${NAME}:${port}/#token=${TOKEN}`)
  expect(await page.content()).not.toContain(TOKEN)
  await page.context().close()
})

test('at localhost it is a secure context without TLS, as adb reverse has it', async () => {
  const page = await openPage(browser, `http://localhost:${new URL(without.url).port}/#token=${TOKEN}`)
  await isLive(page)
  expect((await xrOf(page)).isSecure).toBe(true)
  await page.context().close()
})
