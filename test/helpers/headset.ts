// A page with a headset, and hands to use it with.

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Entity } from '../../protocol/swarm.ts'
import type { XrCommand } from '../../web/xr/actions.ts'
import { type BoardButton, type BoardInput, layOutBoard, PANELS } from '../../web/xr/boardLayout.ts'
import type { WorldRig } from '../../web/xr/worldRig.ts'
import { BOARD } from './board.ts'
import { launchBrowser } from './browser.ts'
import { type OpenOptions, openPage, pageStats } from './page.ts'
import { ROOT } from './swarmscope.ts'
import { type FakeServer, startFakeServer } from './webFakeServer.ts'

/** One of these is enough for whatever is done in there (X9). */
export const SINGLE_INPUTS = [
  ['controller', 'left'],
  ['controller', 'right'],
  ['hand', 'left'],
  ['hand', 'right'],
] as const

export interface Vector {
  x: number
  y: number
  z: number
}

interface Transformed {
  position: Vector & { set(x: number, y: number, z: number): void }
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
  pulses: [hand: string, strength: number, milliseconds: number][]
  tips: Record<'left' | 'right', Vector | null>
  grips: Record<'left' | 'right', Float32Array | null>
  sounds: Vector[]
  notes?: number
  gaze: {
    pinch(from: Vector, at: Vector, hand: Vector | null): void
    swipe(from: Vector, at: Vector): void
    move(hand: Vector): void
    release(): void
  }
  live: Record<string, number>
  afterFrame?: () => void
  /** With `drawWhenAsked`. */
  isDrawing?: boolean
  refusal?: string
}

declare global {
  var headset: Headset
}

export const HEADSET_SCRIPTS = [`${ROOT}node_modules/iwer/build/iwer.min.js`, `${ROOT}test/helpers/headset.js`]

/** Draws are asked for and not done: what is counted here is no less true for it, and 5,000 bodies without a GPU take seconds. */
export const countOnly = () => {
  const { prototype } = WebGL2RenderingContext
  for (const name of ['drawElements', 'drawArrays', 'drawElementsInstanced', 'drawArraysInstanced'] as const) {
    prototype[name] = () => undefined
  }
}

/** The same, but for frames of which a picture is taken: `headset.isDrawing`. */
export const drawWhenAsked = () => {
  const { prototype } = WebGL2RenderingContext
  for (const name of ['drawElements', 'drawArrays', 'drawElementsInstanced', 'drawArraysInstanced'] as const) {
    const original = prototype[name] as (...args: unknown[]) => void
    prototype[name] = function (this: WebGL2RenderingContext, ...args: unknown[]) {
      if (globalThis.headset.isDrawing) original.apply(this, args)
    }
  }
}

/** For one file, at its top: a browser, and pages with a headset in it, which go after each test. */
export function headsetPages(defaults: OpenOptions = {}) {
  const cleanUps: (() => unknown)[] = []
  const pages = {
    browser: undefined as unknown as Browser,
    afterTest: (...more: (() => unknown)[]) => void cleanUps.push(...more),
    async open(entities: Entity[], options = defaults, prepare?: Prepare) {
      const opened = await openWithHeadset(pages.browser, entities, options, prepare)
      pages.afterTest(
        () => opened.fake.close(),
        () => opened.page.context().close(),
      )
      return opened
    },
  }
  beforeAll(async () => {
    pages.browser = await launchBrowser()
  })
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  })
  afterAll(() => pages.browser?.close())
  return pages
}

/** Before the page asks for anything. */
type Prepare = (page: Page, entities: readonly Entity[], fake: FakeServer) => Promise<void>

async function openWithHeadset(
  browser: Browser,
  entities: Entity[],
  options: OpenOptions,
  prepare: Prepare = async () => undefined,
) {
  const fake = await startFakeServer({ webDir: `${ROOT}dist/web`, entities })
  const page = await openPage(browser, fake.url, {
    ...options,
    initPaths: HEADSET_SCRIPTS,
    prepare: (fresh) => prepare(fresh, entities, fake),
  })
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

/** Where the user stands. */
export async function rigOf(page: Page): Promise<WorldRig> {
  const { rig } = (await pageStats(page)).xr
  if (!rig) throw new Error('nobody is in there')
  return rig
}

/** So many more frames were drawn, or nobody is in there any more. */
export async function frames(page: Page, count: number): Promise<void> {
  await page.evaluate(async (more) => {
    const until = globalThis.headset.frames + more
    while (globalThis.headset.session && globalThis.headset.frames < until)
      await new Promise((resolve) => setTimeout(resolve, 5))
  }, count)
}

export async function leave(page: Page): Promise<void> {
  await page.evaluate(() => globalThis.headset.session?.end())
  await page.waitForFunction(() => !globalThis.swarmscope.stats().xr.presenting)
}

/** Nothing that a real headset would not have let pass, and no work of the page's within its frames (X20). */
export async function expectNoFaults(page: Page): Promise<void> {
  expect(await page.evaluate(() => globalThis.headset.faults)).toEqual([])
  expect(await page.evaluate(() => globalThis.headset.commitsInFrame)).toBe(0)
}

export type Hand = 'left' | 'right'
/** `gaze`: the eyes aim, a pinch presses (transient pointer). `screen`: a finger on a phone's. */
export type Input = 'controller' | 'hand' | 'gaze' | 'screen'

/** From where the hand of an arm points, in metres: raised, before the shoulder. */
const RAISED: Readonly<Record<Hand, Vector>> = {
  left: { x: -0.2, y: 1.35, z: -0.25 },
  right: { x: 0.2, y: 1.35, z: -0.25 },
}
/** The forearm level, as hands are held most of the time: close above the menu. */
export const LEVEL: Readonly<Record<Hand, Vector>> = {
  left: { x: -0.2, y: 1.2, z: -0.35 },
  right: { x: 0.2, y: 1.2, z: -0.35 },
}

/** Lays the input's ray from where it is held through this point of the room. */
export async function aim(page: Page, input: Input, hand: Hand, at: Vector, from = RAISED[hand]): Promise<void> {
  if (input === 'gaze' || input === 'screen') {
    gazedAt = at
    return
  }
  await page.evaluate(
    ({ input, hand, from, at }) => {
      const { device } = globalThis.headset
      device.primaryInputMode = input
      const target = input === 'hand' ? device.hands[hand] : device.controllers[hand]
      const way = { x: at.x - from.x, y: at.y - from.y, z: at.z - from.z }
      const length = Math.hypot(way.x, way.y, way.z)
      // The turn that takes (0, 0, -1) to the way: about their cross product.
      const w = 1 - way.z / length
      const x = way.y / length
      const y = -way.x / length
      const by = Math.hypot(x, y, w) || 1
      target.position.set(from.x, from.y, from.z)
      target.quaternion.set(x / by, y / by, 0, w / by)
    },
    { input, hand, from, at },
  )
  await frames(page, 3)
}

/** Eyes are nowhere until there is a pinch. */
let gazedAt: Vector = { x: 0, y: 0, z: -1 }
const EYES: Vector = { x: 0, y: 1.6, z: 0 }

export async function press(page: Page, input: Input, hand: Hand, isDown: boolean): Promise<void> {
  if (input === 'gaze' || input === 'screen') {
    await page.evaluate(
      ({ isDown, from, at, held }) =>
        isDown ? globalThis.headset.gaze.pinch(from, at, held) : globalThis.headset.gaze.release(),
      { isDown, from: EYES, at: gazedAt, held: input === 'gaze' ? RAISED[hand] : null },
    )
    await frames(page, 3)
    return
  }
  await page.evaluate(
    ({ input, hand, value }) => {
      const { device } = globalThis.headset
      if (input === 'hand') device.hands[hand].updatePinchValue(value)
      else device.controllers[hand].updateButtonValue('trigger', value)
    },
    { input, hand, value: isDown ? 1 : 0 },
  )
  await frames(page, 3)
}

/** Draws what is pressed to this place of the room. */
export async function pull(page: Page, input: Input, hand: Hand, to: Vector): Promise<void> {
  await page.evaluate(
    ({ input, hand, to, eyes }) => {
      const { device, gaze } = globalThis.headset
      if (input === 'gaze') gaze.move(to)
      else if (input === 'screen') gaze.swipe(eyes, to)
      else (input === 'hand' ? device.hands[hand] : device.controllers[hand]).position.set(to.x, to.y, to.z)
    },
    { input, hand, to, eyes: EYES },
  )
  await frames(page, 5)
}

export async function click(page: Page, input: Input, hand: Hand, at: Vector, from?: Vector): Promise<void> {
  await aim(page, input, hand, at, from)
  await press(page, input, hand, true)
  await press(page, input, hand, false)
}

/** Where a button hangs, for a head at (0, 1.6, 0) that looks straight ahead. */
function placeOf({ panel, x, y, width, height }: BoardButton): Vector {
  const { box, azimuth, elevation, tilt, distance, width: metres } = PANELS[panel]
  const across = ((x + width / 2 - box.x) / box.width - 0.5) * metres
  const along = (0.5 - (y + height / 2 - box.y) / box.height) * ((metres * box.height) / box.width)
  const level = Math.cos(elevation)
  const lean = elevation - tilt
  const up = { x: Math.sin(azimuth) * Math.sin(lean), y: Math.cos(lean), z: Math.cos(azimuth) * Math.sin(lean) }
  return {
    x: -Math.sin(azimuth) * level * distance + Math.cos(azimuth) * across + up.x * along,
    y: 1.6 + Math.sin(elevation) * distance + up.y * along,
    z: -Math.cos(azimuth) * level * distance - Math.sin(azimuth) * across + up.z * along,
  }
}

/** Of the board as it is in this state. */
export function buttonPlace(command: XrCommand, more: Partial<BoardInput> = {}) {
  const button = layOutBoard({ ...BOARD, ...more }).buttons.find((each) => each.command === command)
  if (!button) throw new Error(`no button for ${command}`)
  return placeOf(button)
}
