// The table of 10,000 agents, scrolled by the browser's own wheel: script per frame, whatever it was called by (events, frames,
// timers, messages), while nothing changes and while a tenth of the agents changes each second. GL draws nothing, so that the
// scene beside it costs only its script.

import { join } from 'node:path'
import { ensureBuilt } from '../../scripts/lib/ensureBuilt.mjs'
import { DIST, ROOT } from '../../scripts/lib/targets.mjs'
import { loadBundled } from './scene/bundle.mjs'

const AGENTS = 10_000
const LIMIT_MS = 8
const VIEWPORT = { width: 1440, height: 900 }
const SCROLL_PX = 30_000
const SPEED_PX_PER_SEC = 6_000
const TICK_MS = 100
const PATIENCE_MS = 120_000
const STATUSES = ['idle', 'active', 'error', 'initializing']
const INSTRUMENTS = ['page/scriptTime.js', 'table/instrument.js']

/** @returns {AsyncIterable<{ name: string, value: number, unit: string, limit?: number }>} */
export async function* bench() {
  if (!(await ensureBuilt(['web']))) throw new Error('the web app could not be built')
  const helpers = await loadBundled('table', [
    'test/helpers/browser.ts',
    'test/helpers/webFakeServer.ts',
    'test/helpers/webWorld.ts',
  ])
  const browser = await helpers.launchBrowser()
  const entities = helpers.largeWorld(AGENTS)
  const fake = await helpers.startFakeServer({ webDir: join(DIST, 'web'), entities })
  try {
    const context = await browser.newContext({ viewport: VIEWPORT, reducedMotion: 'reduce' })
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    for (const file of INSTRUMENTS) await page.addInitScript({ path: join(ROOT, 'test/bench', file) })
    const url = new URL(fake.url)
    url.searchParams.set('view', 'table')
    await page.goto(url.href)
    await page.waitForFunction((count) => /** @type {any} */ (globalThis).swarmscope?.stats().agents === count, AGENTS)
    await page.locator('[data-testid=agent-row]').first().waitFor()
    // The scene beside it has found its places, and rests.
    await page.waitForFunction(isStill, null, { polling: 1_000 })
    const agents = entities.filter((/** @type {any} */ { entity }) => entity === 'agent')
    for (const [state, isChanging] of /** @type {const} */ ([
      ['nothing changes', false],
      ['a tenth changes each second', true],
    ])) {
      const stop = isChanging ? keepChanging(fake, agents) : () => undefined
      const { frames, longTasks, rows } = await scrolled(page)
      stop()
      const at = (/** @type {number} */ share) =>
        frames[Math.min(frames.length - 1, Math.floor(share * frames.length))] ?? 0
      const name = (/** @type {string} */ what) => `table/${AGENTS} agents scroll, ${state}: ${what}`
      yield { name: name('script per frame, p50'), value: at(0.5), unit: 'ms', limit: LIMIT_MS }
      // While they change, the rows are put in order five times a second: that frame is told, and not barred.
      yield {
        name: name('script per frame, p95'),
        value: at(0.95),
        unit: 'ms',
        ...(isChanging ? {} : { limit: LIMIT_MS }),
      }
      yield { name: name('long tasks'), value: longTasks, unit: 'tasks' }
      yield { name: name('rows in the page, at most'), value: rows, unit: 'rows', limit: 80 }
    }
  } finally {
    await browser.close()
    await fake.close()
  }
}

/** In the page: no frame since the last look, a second ago. */
function isStill() {
  const page = /** @type {any} */ (globalThis)
  const { frames } = page.swarmscope.stats()
  const isSame = frames > 0 && frames === page.framesSeen
  page.framesSeen = frames
  return isSame
}

/** Down and up again, with the browser's own gesture. @param {import('playwright-core').Page} page */
async function scrolled(page) {
  const session = await page.context().newCDPSession(page)
  const box = await page.getByTestId('agent-list').boundingBox()
  if (!box) throw new Error('there is no list')
  await page.evaluate('instrument.begin()')
  for (const direction of [-1, 1]) {
    await session.send('Input.synthesizeScrollGesture', {
      x: Math.round(box.x + box.width / 2),
      y: Math.round(box.y + box.height / 2),
      yDistance: direction * SCROLL_PX,
      speed: SPEED_PX_PER_SEC,
      gestureSourceType: 'mouse',
    })
  }
  const taken = await page.evaluate('instrument.take()')
  if (taken.frames.length < 30) throw new Error(`only ${taken.frames.length} frames were scrolled in`)
  return { ...taken, frames: taken.frames.sort((/** @type {number} */ a, /** @type {number} */ b) => a - b) }
}

/** @param {any} fake @param {any[]} agents */
function keepChanging(fake, agents) {
  const perTick = (agents.length / 10) * (TICK_MS / 1_000)
  let next = 0
  const timer = setInterval(() => {
    const put = []
    for (let count = 0; count < perTick; count++) {
      const slot = next++ % agents.length
      put.push({ ...agents[slot], status: STATUSES[(slot + next) % STATUSES.length] })
    }
    fake.frame(put)
  }, TICK_MS)
  return () => clearInterval(timer)
}
