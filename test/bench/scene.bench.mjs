// The scene in headless Chromium against 3d-force-graph: the same graph (1.5 links each), the same changes (a tenth of the
// agents each second), the same machine. GL's draws are counted and not executed, so what is left is the main thread's own
// work: `script per frame` is all script since the last drawn frame, messages and timers included.

import { ensureBuilt } from '../../scripts/lib/ensureBuilt.mjs'
import { loadBundled } from './scene/bundle.mjs'
import { openOwn, openPeer } from './scene/contestants.mjs'
import { installPeer } from './scene/peer.mjs'

const SIZES = [100, 1_000, 10_000]
const MEASURE_MS = 4_000
const STILL_MS = 10_000
const TICK_MS = 100
const STIR_MS = 700
/** Of main-thread script per frame, p50. */
const FRAME_LIMITS_MS = new Map([
  [1_000, 1.5],
  [10_000, 4],
])
const MAX_DRAWS = 12
const MAX_SCRIPT_KB = 350
const MAX_LIVING_FPS = 15
const PICTURE_OF = 1_000

/** @typedef {{ name: string, value: number, unit: string, peer?: number, ratio?: number, limit?: number }} Figure */

/** @returns {AsyncIterable<Figure>} */
export async function* bench() {
  if (!(await ensureBuilt(['web']))) throw new Error('the web app could not be built')
  await installPeer()
  const helpers = await loadBundled('scene', [
    'test/helpers/browser.ts',
    'test/helpers/webFakeServer.ts',
    'test/helpers/webWorld.ts',
  ])
  const browser = await helpers.launchBrowser()
  try {
    for (const size of SIZES) {
      const world = quiet(helpers.largeWorld(size))
      const own = await measure(await openOwn(browser, helpers.startFakeServer, world), size)
      const peer = await measure(await openPeer(browser, world), size)
      yield* figures(size, own, peer)
    }
    yield await livingMarks(browser, helpers)
  } finally {
    await browser.close()
  }
}

/** Without marks that breathe or turn: those ask for frames of their own. @param {any[]} entities */
const quiet = (entities) =>
  entities.map((entity) =>
    entity.entity === 'agent'
      ? { ...entity, attention: null, status: entity.status === 'busy' ? 'active' : entity.status }
      : entity,
  )

/** @typedef {{ p50: number, p95: number, draws: number, longTasks: number }} Frames */

/** @param {import('./scene/contestants.mjs').Contestant} contestant @param {number} size */
async function measure(contestant, size) {
  try {
    const pictureMs = await contestant.page.evaluate('instruments.state.pictureMs - instruments.state.dataMs')
    const openMs = await contestant.page.evaluate('instruments.state.pictureMs')
    const moving = await changing(contestant, size, true)
    await contestant.settled()
    const still = await changing(contestant, size, false)
    await contestant.settled()
    await contestant.page.evaluate('instruments.begin()')
    await pause(STILL_MS)
    const { frames } = await contestant.page.evaluate('instruments.take()')
    return {
      pictureMs,
      openMs,
      moving,
      still,
      stillFrames: frames.length,
      heapMb: await heapMb(contestant.page),
      scriptKb: contestant.scriptBytes / 1024,
    }
  } finally {
    await contestant.close()
  }
}

/**
 * @param {import('./scene/contestants.mjs').Contestant} contestant
 * @param {number} size
 * @param {boolean} isMoving
 * @returns {Promise<Frames>}
 */
async function changing(contestant, size, isMoving) {
  const perTick = Math.max(1, Math.round((size / 10) * (TICK_MS / 1_000)))
  let first = 0
  let round = 1
  if (isMoving) await contestant.stir()
  await contestant.page.evaluate('instruments.begin()')
  const beganMs = performance.now()
  let stirredMs = beganMs
  while (performance.now() - beganMs < MEASURE_MS) {
    const tickMs = performance.now()
    await contestant.change(
      Array.from({ length: perTick }, (_, index) => (first + index) % size),
      round,
    )
    first += perTick
    if (first >= size) {
      first = 0
      round++
    }
    if (isMoving && tickMs - stirredMs > STIR_MS) {
      stirredMs = tickMs
      await contestant.stir()
    }
    await pause(TICK_MS - (performance.now() - tickMs))
  }
  const { frames, longTasks } = await contestant.page.evaluate('instruments.take()')
  const times = frames.map((/** @type {{ ms: number }} */ { ms }) => ms).sort((a, b) => a - b)
  const at = (/** @type {number} */ share) => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0
  return {
    p50: at(0.5),
    p95: at(0.95),
    draws: Math.max(...frames.map((/** @type {{ draws: number }} */ { draws }) => draws)),
    longTasks: longTasks.length,
  }
}

/** @param {number} size @param {Awaited<ReturnType<typeof measure>>} own @param {Awaited<ReturnType<typeof measure>>} peer */
function* figures(size, own, peer) {
  const name = (/** @type {string} */ what) => `scene/${size} agents, ${what}`
  const frameLimit = FRAME_LIMITS_MS.has(size) ? { limit: FRAME_LIMITS_MS.get(size) } : {}
  for (const state of /** @type {const} */ (['moving', 'still'])) {
    const [a, b] = [own[state], peer[state]]
    yield against(name(`${state}: script per frame, p50`), a.p50, b.p50, 'ms', frameLimit)
    yield against(name(`${state}: script per frame, p95`), a.p95, b.p95, 'ms')
    yield against(name(`${state}: draw calls`), a.draws, b.draws, 'calls', { limit: MAX_DRAWS })
    yield against(name(`${state}: long tasks in ${MEASURE_MS / 1_000} s`), a.longTasks, b.longTasks, 'tasks')
  }
  yield against(name('from data to first picture'), own.pictureMs, peer.pictureMs, 'ms')
  yield against(name('from opening the page to first picture'), own.openMs, peer.openMs, 'ms')
  yield against(name('heap'), own.heapMb, peer.heapMb, 'MiB')
  const seconds = STILL_MS / 1_000
  yield against(name(`nothing changes: frames in ${seconds} s`), own.stillFrames, peer.stillFrames, 'frames', {
    limit: 0,
  })
  if (size !== PICTURE_OF) return
  yield against('scene/JavaScript before the first picture, brotli', own.scriptKb, peer.scriptKb, 'KiB', {
    limit: MAX_SCRIPT_KB,
  })
}

/** @param {string} name @param {number} value @param {number} peer @param {string} unit @returns {Figure} */
const against = (name, value, peer, unit, more = {}) => ({
  name,
  value,
  unit,
  peer,
  ...(peer > 0 ? { ratio: value / peer } : {}),
  ...more,
})

/** Turning arcs and breathing rings: a picture now and then, not sixty a second. */
async function livingMarks(/** @type {any} */ browser, /** @type {any} */ { startFakeServer, largeWorld }) {
  const contestant = await openOwn(browser, startFakeServer, largeWorld(PICTURE_OF))
  try {
    await pause(MEASURE_MS)
    await contestant.page.evaluate('instruments.begin()')
    await pause(MEASURE_MS)
    const { frames } = await contestant.page.evaluate('instruments.take()')
    const name = `scene/${PICTURE_OF} agents, marks that turn: frames per second`
    return { name, value: frames.length / (MEASURE_MS / 1_000), unit: 'fps', limit: MAX_LIVING_FPS }
  } finally {
    await contestant.close()
  }
}

/** @param {import('playwright-core').Page} page */
async function heapMb(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.enable')
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  return usedSize / 1024 / 1024
}

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
