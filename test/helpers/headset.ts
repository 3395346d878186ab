// A page with a headset, and hands to use it with.

import type { Browser, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Entity } from '../../protocol/swarm.ts'
import { type OpenOptions, openPage } from './page.ts'
import { ROOT } from './swarmscope.ts'
import { startFakeServer } from './webFakeServer.ts'

export interface Vector {
  x: number
  y: number
  z: number
}

interface Transformed {
  position: { set(x: number, y: number, z: number): void }
  quaternion: { set(x: number, y: number, z: number, w: number): void }
}

export interface Headset {
  device: Transformed & {
    primaryInputMode: 'controller' | 'hand'
    controllers: Record<
      'left' | 'right',
      Transformed & {
        updateButtonValue(id: string, value: number): void
        updateAxes(id: string, x: number, y: number): void
      }
    >
    hands: Record<'left' | 'right', Transformed & { updatePinchValue(value: number): void }>
  }
  session: XRSession | null
  faults: string[]
  requests: { mode: string; init: XRSessionInit }[]
  frames: number
  frameMs: number[]
  commitsInFrame: number
  live: Record<string, number>
  afterFrame?: () => void
  refusal?: string
}

declare global {
  var headset: Headset
}

export const HEADSET_SCRIPTS = [`${ROOT}node_modules/iwer/build/iwer.min.js`, `${ROOT}test/helpers/headset.js`]

export async function openWithHeadset(browser: Browser, entities: Entity[], options: OpenOptions = {}) {
  const fake = await startFakeServer({ webDir: `${ROOT}dist/web`, entities })
  const page = await openPage(browser, fake.url, { ...options, initPaths: HEADSET_SCRIPTS })
  const agents = entities.filter(({ entity }) => entity === 'agent').length
  await page.waitForFunction((count) => globalThis.swarmscope?.stats().agents === count, agents)
  return { page, fake }
}

export async function enter(page: Page, mode: 'vr' | 'ar' = 'vr'): Promise<void> {
  await page.locator(`[data-testid=enter-${mode}]`).click()
  await page.waitForFunction(
    () => globalThis.swarmscope.stats().xr.presenting && globalThis.swarmscope.stats().xr.drawCallsPerEye > 0,
  )
}

/** So many more frames were drawn. */
export async function frames(page: Page, count: number): Promise<void> {
  await page.evaluate(async (more) => {
    const until = globalThis.headset.frames + more
    while (globalThis.headset.frames < until) await new Promise((resolve) => setTimeout(resolve, 5))
  }, count)
}

export async function leave(page: Page): Promise<void> {
  await page.evaluate(() => globalThis.headset.session?.end())
  await page.waitForFunction(() => !globalThis.swarmscope.stats().xr.presenting)
}

export async function expectNoFaults(page: Page): Promise<void> {
  expect(await page.evaluate(() => globalThis.headset.faults)).toEqual([])
}
