// Time travel in the built page through the real server: from the press on the timeline to the picture of that moment, drawn;
// dragging; a past that is played at 60 ×; and the way back. Headless Chromium draws on the processor, beside the page's script.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt } from '../../scripts/lib/ensureBuilt.mjs'
import { ROOT } from '../../scripts/lib/targets.mjs'
import { loadBundled } from './scene/bundle.mjs'
import { writeHour } from './seek/history.mjs'
import { freshEventLog, recordedProject, startSwarmscope } from './startSwarmscope.mjs'

const SIZES = [1_000, 10_000]
const SEEKS = 9
const MAX_SEEK_MS = 1_000
const MAX_TASK_MS = 200
const DRAG_MS = 3_000
const DRAG_STEP_MS = 30
const PLAY_MS = 8_000
/** Of the track, where the hour that was written is. */
const EARLIEST = 0.06
const LATEST = 0.94
const PATIENCE_MS = 120_000
const VIEWPORT = { width: 1440, height: 900 }

/** @returns {AsyncIterable<{ name: string, value: number, unit: string, limit?: number }>} */
export async function* bench() {
  if (!(await ensureBuilt(['web']))) throw new Error('the web app could not be built')
  const helpers = await loadBundled('seek', ['test/helpers/browser.ts', 'test/helpers/webWorld.ts'])
  const browser = await helpers.launchBrowser()
  try {
    for (const size of SIZES) yield* travelled(browser, helpers.largeWorld(size), size)
  } finally {
    await browser.close()
  }
}

/** @param {import('playwright-core').Browser} browser @param {any[]} world @param {number} size */
async function* travelled(browser, world, size) {
  const place = recordedProject()
  // Of one swarm alone no hulls are drawn: without a GPU, those of so many would be all that is measured.
  rmSync(join(place.project, '.claude-flow'), { recursive: true })
  const named = (/** @type {string} */ what) => `seek/${size} agents, ${what}`
  try {
    await writeHour(await freshEventLog(place), world, Date.now() - 20_000)
    const server = await startSwarmscope(place)
    try {
      const page = await openPage(browser, server, size)
      const seeks = await seekAll(page)
      seeks.times.sort((a, b) => a - b)
      const [p50, slowest] = [seeks.times[SEEKS >> 1] ?? Number.NaN, seeks.times.at(-1) ?? Number.NaN]
      yield { name: named(`press to picture, p50 of ${SEEKS}`), value: p50, unit: 'ms', limit: MAX_SEEK_MS }
      yield { name: named(`press to picture, slowest of ${SEEKS}`), value: slowest, unit: 'ms' }
      yield { name: named('longest task meanwhile'), value: seeks.taskMs, unit: 'ms', limit: MAX_TASK_MS }

      const drag = await dragged(page)
      yield { name: named('dragged: release to picture'), value: drag.ms, unit: 'ms', limit: MAX_SEEK_MS }
      yield { name: named(`dragged for ${DRAG_MS / 1_000} s: moments shown`), value: drag.moments, unit: '' }
      yield { name: named('dragged: longest task'), value: drag.taskMs, unit: 'ms', limit: MAX_TASK_MS }

      const played = await play(page)
      const at = (/** @type {number} */ share) => played.frames[Math.floor(share * played.frames.length)] ?? 0
      yield { name: named('played at 60 ×: script per frame, p50'), value: at(0.5), unit: 'ms' }
      yield { name: named('played at 60 ×: script per frame, p95'), value: at(0.95), unit: 'ms' }
      yield { name: named('played at 60 ×: longest task'), value: played.taskMs, unit: 'ms', limit: MAX_TASK_MS }

      const live = await meanwhile(page, 'click', () => page.getByTestId('back-to-live').click())
      yield { name: named('back to live: press to picture'), value: live.ms, unit: 'ms', limit: MAX_SEEK_MS }
      yield { name: named('back to live: longest task'), value: live.taskMs, unit: 'ms', limit: MAX_TASK_MS }
      await page.context().close()
    } finally {
      await server.stop()
    }
  } finally {
    place.remove()
  }
}

/** @param {import('playwright-core').Browser} browser @param {{ url: string, token: string }} server @param {number} size */
async function openPage(browser, { url, token }, size) {
  const context = await browser.newContext({ viewport: VIEWPORT, colorScheme: 'dark' })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  for (const file of ['page/scriptTime.js', 'seek/instrument.js']) {
    await page.addInitScript({ path: join(ROOT, 'test/bench', file) })
  }
  await page.goto(`${url}/#token=${token}`)
  await page.waitForFunction((count) => /** @type {any} */ (globalThis).swarmscope?.stats().agents >= count - 10, size)
  await page.locator('[data-testid=timeline-track][aria-disabled=false]').waitFor()
  await untilRest(page)
  return page
}

/** Whatever moved has found its place: fewer frames than marks that turn ask for would take. */
async function untilRest(/** @type {import('playwright-core').Page} */ page) {
  await page.waitForFunction(
    () => {
      const seen = /** @type {any} */ (globalThis)
      const { frames, layoutMs } = seen.swarmscope.stats()
      const isAtRest = frames > 0 && frames - (seen.framesSeen ?? 0) <= 15 && layoutMs === seen.layoutSeen
      seen.framesSeen = frames
      seen.layoutSeen = layoutMs
      return isAtRest
    },
    null,
    { polling: 1_000 },
  )
  await page.evaluate('instrument.finish()')
}

/** @param {import('playwright-core').Page} page */
async function seekAll(page) {
  const times = []
  let taskMs = 0
  for (let n = 0; n < SEEKS; n++) {
    // Far from one another, forth and back.
    const share = EARLIEST + (LATEST - EARLIEST) * ((n * 0.618 + 0.3) % 1)
    const at = await pointAt(page, share)
    await page.mouse.move(at.x, at.y)
    const seek = await meanwhile(page, 'pointerdown', async () => {
      await page.mouse.down()
      await page.mouse.up()
    })
    times.push(seek.ms)
    taskMs = Math.max(taskMs, seek.taskMs)
    await untilRest(page)
  }
  return { times, taskMs }
}

/** @param {import('playwright-core').Page} page */
async function dragged(page) {
  const begin = await pointAt(page, EARLIEST)
  const moments = new Set()
  await page.mouse.move(begin.x, begin.y)
  await page.mouse.down()
  const beganMs = performance.now()
  await page.evaluate('instrument.begin()')
  const track = await box(page)
  for (let spentMs = 0; spentMs < DRAG_MS; spentMs = performance.now() - beganMs) {
    await page.mouse.move(track.x + track.width * (EARLIEST + 0.5 * (spentMs / DRAG_MS)), begin.y)
    moments.add(await page.evaluate('swarmscope.stats().epoch'))
    await new Promise((resolve) => setTimeout(resolve, DRAG_STEP_MS))
  }
  const dragging = await page.evaluate('instrument.take()')
  const { ms, taskMs } = await meanwhile(page, 'pointerup', async () => {
    await page.mouse.move(track.x + track.width * 0.8, begin.y)
    await page.mouse.up()
  })
  return { ms, taskMs: Math.max(taskMs, longest(dragging)), moments: moments.size }
}

/** @param {import('playwright-core').Page} page */
async function play(page) {
  const at = await pointAt(page, EARLIEST)
  await meanwhile(page, 'pointerdown', () => page.mouse.click(at.x, at.y))
  await page.getByTestId('speed').selectOption('60')
  await untilRest(page)
  await page.getByTestId('play').click()
  await page.locator('[data-testid=timeline][data-travel=playing]').waitFor()
  await page.evaluate('instrument.begin()')
  await new Promise((resolve) => setTimeout(resolve, PLAY_MS))
  const { frames, ...taken } = await page.evaluate('instrument.take()')
  await page.getByTestId('play').click()
  await untilRest(page)
  return { frames: frames.sort((/** @type {number} */ a, /** @type {number} */ b) => a - b), taskMs: longest(taken) }
}

/**
 * From the event that it makes to the picture of another moment.
 * @param {import('playwright-core').Page} page
 * @param {string} type
 * @param {() => Promise<unknown>} work
 */
async function meanwhile(page, type, work) {
  await page.evaluate('instrument.begin()')
  // Its answer is asked for before it is there.
  const picture = page.evaluate(`instrument.pictureAfter(${JSON.stringify(type)})`)
  await page.evaluate('null')
  await work()
  const { ms } = await picture
  // A long task is told after its end.
  await new Promise((resolve) => setTimeout(resolve, 200))
  return { ms, taskMs: longest(await page.evaluate('instrument.take()')) }
}

const longest = (/** @type {{ longTasksMs: number[] }} */ { longTasksMs }) => Math.max(0, ...longTasksMs)

async function box(/** @type {import('playwright-core').Page} */ page) {
  const found = await page.getByTestId('timeline-track').boundingBox()
  if (!found) throw new Error('there is no timeline')
  return found
}

async function pointAt(/** @type {import('playwright-core').Page} */ page, /** @type {number} */ share) {
  const { x, y, width, height } = await box(page)
  return { x: x + width * share, y: y + height / 2 }
}
