// Opens the page in a context of its own and fails on what a user would never see: errors, CSP violations, requests to
// anywhere else.

import type { Browser, Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'

export interface PageStats {
  agents: number
  links: number
  mode: string
  epoch: string
  seq: number
  drawCalls: number
  triangles: number
  frameMs: { p50: number; p95: number }
  layoutMs: number
  /** Drawn since the scene began. */
  frames: number
  xr: XrStats
}

export interface XrStats {
  presenting: boolean
  mode: 'immersive-vr' | 'immersive-ar' | null
  drawCallsPerEye: number
  trianglesPerEye: number
  labels: number
  ownMs: { p50: number; p95: number }
  frameMs: { p50: number; p95: number }
  rig: { x: number; y: number; z: number; yaw: number; scale: number } | null
  panels: readonly string[]
  vignette: number
  effort: { scale: number; foveation: number; rate: number | null } | null
}

declare global {
  var swarmscope: { stats(): PageStats }
}

export interface OpenOptions {
  width?: number
  height?: number
  colorScheme?: 'dark' | 'light'
  reducedMotion?: 'reduce'
  forcedColors?: 'active'
  /** Runs in the page before anything of its own. */
  initScript?: () => void
  /** With the page, before it is opened. */
  prepare?: (page: Page) => Promise<void>
  /** Files of scripts that run before that. */
  initPaths?: readonly string[]
  hasTouch?: boolean
  /** What the page may say as an error, for it was made to. */
  tolerates?: RegExp
  /** Of a certificate of our own making: as somebody who told the browser to accept it. */
  ignoreHTTPSErrors?: boolean
  /** Where the page ends up, if not where it is opened: its own origin then. */
  endsAt?: string
}

export async function openPage(browser: Browser, url: string, options: OpenOptions = {}): Promise<Page> {
  const { width = 1440, height = 900, initScript, initPaths = [], prepare, tolerates, endsAt = url, ...media } = options
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: 'dark', ...media })
  const page = await context.newPage()
  for (const path of initPaths) await page.addInitScript({ path })
  if (initScript) await page.addInitScript(initScript)
  const faults: string[] = []
  const origins = [url, endsAt].map((each) => new URL(each).origin)
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    // A server that is down, and plain http, are part of some tests; what the browser itself logs of them is no fault of the
    // page. That it asks for a history that is not there is one.
    if (
      message.type() === 'error' &&
      (!/Failed to load resource|WebSocket connection|origin was untrustworthy/.test(message.text()) ||
        (/\b404\b/.test(message.text()) && message.location().url.includes('/api/v1/history'))) &&
      !tolerates?.test(message.text())
    ) {
      faults.push(message.text())
    }
  })
  page.on('request', (request) => {
    const target = new URL(request.url())
    const isOwn = origins.includes(target.origin) || target.protocol === 'data:' || target.protocol === 'blob:'
    if (!isOwn) faults.push(`request elsewhere: ${target.origin}`)
  })
  onTestFinished(() => {
    if (faults.length > 0) throw new Error(`the page had faults: ${faults.join(' | ')}`)
  })
  await prepare?.(page)
  await page.goto(url)
  return page
}

export const pageStats = (page: Page): Promise<PageStats> => page.evaluate(() => globalThis.swarmscope.stats())

/** Nothing was drawn for a second. */
export async function untilStill(page: Page): Promise<void> {
  let seen = -1
  await expect
    .poll(
      async () => {
        const { frames } = await pageStats(page)
        const isStill = frames > 0 && frames === seen
        seen = frames
        return isStill
      },
      { interval: 1_000, timeout: 60_000 },
    )
    .toBe(true)
}
