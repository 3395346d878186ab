// How agents come and go in the scene, frame by frame: the page's clock stands, and is moved on by the test.

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Agent } from '../../protocol/swarm.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { blueIn, type Clip } from '../helpers/litPixels.ts'
import { type OpenOptions, openPage, pageStats, untilStill } from '../helpers/page.ts'
import { ROOT } from '../helpers/swarmscope.ts'
import { startFakeServer } from '../helpers/webFakeServer.ts'
import { agentOf } from '../helpers/webWorld.ts'

const FRAME_MS = 34
/** Longer than growing (0.6 s) and fading (0.33 s) take. */
const FRAMES = 24
/** Each frame is a picture that is looked through. */
const SMALL = { width: 920, height: 560 }
/** Less is the edge's smoothing, or that it stands a little nearer by now. */
const SAME_SHARE = 0.05

let browser: Browser
const cleanUps: (() => unknown)[] = []

beforeAll(async () => {
  browser = await launchBrowser()
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})
afterAll(() => browser?.close())

/** Three agents in grey, the camera in the user's hand, and the clock stands. */
async function openStopped(options: OpenOptions = {}) {
  const still = ['one', 'two', 'three'].map((name) => agentOf(name, { status: 'idle' }))
  const fake = await startFakeServer({ webDir: `${ROOT}dist/web`, entities: still })
  cleanUps.push(() => fake.close())
  const page = await openPage(browser, fake.url, {
    ...SMALL,
    ...options,
    prepare: (opening) => opening.clock.install(),
  })
  cleanUps.push(() => page.context().close())
  await page.waitForFunction(() => globalThis.swarmscope?.stats().agents === 3)
  await untilStill(page)
  await page.locator('[data-testid=scene]').press('-')
  await untilStill(page)
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 1_000))
  const clip = await page.locator('main').boundingBox()
  if (!clip) throw new Error('no free part')
  return { fake, page, clip }
}

/** One frame on (two of the browser's); the worker, whose clock does not stand, may have said something meanwhile. */
const nextFrame = (page: Page) => page.clock.runFor(FRAME_MS)

async function untilAgents(page: Page, count: number): Promise<void> {
  await expect
    .poll(async () => {
      await nextFrame(page)
      return (await pageStats(page)).agents
    })
    .toBe(count)
}

/** Of each of the next frames. */
async function sizes(page: Page, clip: Clip): Promise<number[]> {
  const found: number[] = []
  for (let frame = 0; frame < FRAMES; frame++) {
    const { pixels } = await blueIn(page, clip)
    found.push(pixels)
    await nextFrame(page)
  }
  return found
}

/** Nothing is on its way any more, in the worker neither. */
async function untilNothingMoves(page: Page): Promise<void> {
  let seen = -1
  await expect
    .poll(
      async () => {
        await page.clock.runFor(500)
        const { frames } = await pageStats(page)
        const isStill = frames === seen
        seen = frames
        return isStill
      },
      { interval: 300, timeout: 30_000 },
    )
    .toBe(true)
}

const newcomer: Agent = agentOf('newcomer', { status: 'active' })
const gone = { entity: 'agent', id: newcomer.id } as const

test('who is spawned grows, who ends fades, and what is over costs nothing', async () => {
  const { fake, page, clip } = await openStopped()
  expect(await blueIn(page, clip)).toEqual({ pixels: 0, bodies: 0 })

  fake.frame([newcomer])
  await untilAgents(page, 4)
  const grown = await sizes(page, clip)
  const full = grown.at(-1) ?? 0
  expect(full).toBeGreaterThan(100)
  const slack = full * SAME_SHARE
  expect(grown[0]).toBeLessThan(full / 2)
  for (const [index, size] of grown.entries()) expect(size).toBeGreaterThanOrEqual((grown[index - 1] ?? 0) - slack)
  expect(grown.filter((size) => size > slack && size < full - slack).length).toBeGreaterThan(2)
  await untilNothingMoves(page)
  const { triangles } = await pageStats(page)

  fake.frame([], [gone])
  await untilAgents(page, 3)
  const faded = await sizes(page, clip)
  expect(faded[0]).toBeGreaterThan(full / 2)
  for (const [index, size] of faded.entries()) expect(size).toBeLessThanOrEqual((faded[index - 1] ?? full) + slack)
  expect(faded.filter((size) => size > slack && size < full - slack).length).toBeGreaterThan(2)
  expect(faded.at(-1)).toBe(0)

  await untilNothingMoves(page)
  const { frames } = await pageStats(page)
  await page.clock.runFor(10_000)
  expect((await pageStats(page)).frames).toBe(frames)
  // Its place is given to the next.
  fake.frame([newcomer])
  await untilAgents(page, 4)
  await untilNothingMoves(page)
  expect((await pageStats(page)).triangles).toBe(triangles)
})

test('under reduced motion who comes is there, and who ends is gone, in one frame', async () => {
  const { fake, page, clip } = await openStopped({ reducedMotion: 'reduce' })
  fake.frame([newcomer])
  await untilAgents(page, 4)
  const grown = await sizes(page, clip)
  const full = grown.at(-1) ?? 0
  expect(full).toBeGreaterThan(100)
  // First it is not placed yet; from one frame to the next it is, whole.
  expect(grown.filter((size) => size > 0 && Math.abs(size - full) > full * SAME_SHARE)).toEqual([])

  fake.frame([], [gone])
  await untilAgents(page, 3)
  expect((await sizes(page, clip)).filter((size) => size > 0)).toEqual([])
  await untilNothingMoves(page)
  const { frames } = await pageStats(page)
  await page.clock.runFor(10_000)
  expect((await pageStats(page)).frames).toBe(frames)
})
