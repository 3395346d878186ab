// Inside an emulated headset: what each eye is asked to draw, and what a frame costs the main thread, while agents change
// 20 times a second in all, a hand points about and the head turns. Draws are counted and not executed. As a rule there is room
// for few names; so once hundreds of agents have failed, have short names, and stand in rows all around, each with room for it.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { ensureBuilt } from '../../scripts/lib/ensureBuilt.mjs'
import { DIST, ROOT } from '../../scripts/lib/targets.mjs'
import { loadBundled } from './scene/bundle.mjs'

const SIZES = [100, 1_000, 5_000]
const LINKS_PER_AGENT = 2
const CHANGES_PER_SECOND = 20
const WARM_UP_FRAMES = 300
const MEASURED_FRAMES = 600
/** So many the page times by itself, once it is asked. */
const TIMED_FRAMES = 240
/** After so many frames each is looked at: the worst of them counts. */
const FRAMES_BEFORE = [WARM_UP_FRAMES, 900, 1_500, 2_100]
const MAX_DRAWS = 12
/** The most that are shown at once. On a table few names find room; who stands amid the agents has the most of them. */
const MAX_LABELS = 200
/** With menu, banner and the panel of who is selected. */
const MAX_DRAWS_WITH_PANELS = 20
/** At 1,000 agents and their 2,000 links. */
const MAX_TRIANGLES = 60_000
const MAX_OWN_MS = 1
const MAX_SCRIPT_MS = 4
/** Of 5,000 agents by 1,000. */
const MAX_GROWTH = 2
const MAX_KB = 60
/**
 * In any 600 frames: what is left where V8 leaves code that it has compiled for a moment, to compile it better or anew (as a rule
 * what reads poses, for it knows the emulator's shapes, and what has loops): of some frames each number is an object again.
 */
const MAX_OWN_BYTES = 24_000
const STATUSES = ['idle', 'active', 'error', 'initializing']
const HEADSET = [join(ROOT, 'node_modules/iwer/build/iwer.min.js'), join(ROOT, 'test/helpers/headset.js')]

/** Runs in the page. */
const COUNT_ONLY = `for (const name of ['drawElements', 'drawArrays', 'drawElementsInstanced', 'drawArraysInstanced'])
  WebGL2RenderingContext.prototype[name] = () => undefined`
/** So few have no room there: the head turns, and what is cut off by the view's edge has none. */
const MAX_FREE_LABELS = 60
/** Who has failed, where the most labels are to stand. */
const FAILED = 390
/**
 * Runs in the page: of what the layout's worker tells, the first `count` agents stand in rows ahead and aside, as far from each
 * other as a name of two lines takes, seen from within, and the others behind.
 */
const STAND_IN_ROWS = `(count) => {
  const RADIUS = 200
  const [ROW, COLUMN] = [6.9, 6.5].map((degrees) => (degrees * Math.PI) / 180)
  const places = []
  for (let row = -8; row <= 8; row++) {
    const columns = Math.floor((85 * Math.PI / 180) / (COLUMN / Math.cos(row * ROW)))
    for (let column = -columns; column <= columns; column++) places.push([row * ROW, (column * COLUMN) / Math.cos(row * ROW)])
  }
  // Those ahead first: there is one place for each.
  places.sort((a, b) => Math.hypot(...a) - Math.hypot(...b))
  globalThis.Worker = class extends Worker {
    constructor(...given) {
      super(...given)
      this.addEventListener('message', ({ data: { positions } }) => {
        for (let slot = 0; slot < (positions?.length ?? 0) / 3; slot++) {
          const [pitch, yaw] = places[slot < count ? slot : -1] ?? [0.8 * Math.sin(slot * 2.4), Math.PI + Math.sin(slot)]
          positions[slot * 3] = RADIUS * Math.sin(yaw) * Math.cos(pitch)
          positions[slot * 3 + 1] = RADIUS * Math.sin(pitch)
          positions[slot * 3 + 2] = -RADIUS * Math.cos(yaw) * Math.cos(pitch)
        }
      })
    }
  }
}`
/** Runs in the page: the head turns slowly from side to side, or not at all; a hand points about the swarm. */
const STIR = `(isTurning) => {
  const { device } = headset
  headset.afterFrame = () => {
    const at = headset.frames / 60
    const half = isTurning ? 0.25 * Math.sin(at * 0.7) : 0
    device.quaternion.set(0, Math.sin(half), 0, Math.cos(half))
    const aim = 0.1 * Math.sin(at * 1.7)
    device.controllers.right.position.set(0.2, 1.4, -0.2)
    device.controllers.right.quaternion.set(0.04 * Math.sin(at), Math.sin(0.1 + aim), 0, Math.cos(0.1 + aim))
  }
}`

/** @typedef {{ name: string, value: number, unit: string, peer?: number, ratio?: number, bar?: number, limit?: number }} Figure */

/** @returns {AsyncIterable<Figure>} */
export async function* bench() {
  if (!(await ensureBuilt(['web']))) throw new Error('the web app could not be built')
  const helpers = await loadBundled('xr', [
    'test/helpers/browser.ts',
    'test/helpers/webFakeServer.ts',
    'test/helpers/webWorld.ts',
  ])
  const browser = await helpers.launchBrowser()
  try {
    /** @type {Awaited<ReturnType<typeof measure>> | null} */
    let thousand = null
    for (const size of SIZES) {
      const seen = await measure(browser, helpers, size)
      if (size === 1_000) thousand = seen
      yield* figures(`${size} agents`, size, seen, size > 1_000 ? thousand : null)
    }
    yield* figures('1000 agents all around', 1_000, await measure(browser, helpers, 1_000, 'inside'), null)
    const crowded = await measure(browser, helpers, 1_000, 'inside', true)
    yield* figures('1000 agents in rows', 1_000, crowded, null)
    yield {
      name: `xr/1000 agents in rows, of ${MAX_LABELS} places for labels not taken`,
      value: MAX_LABELS - crowded.xr.labels,
      unit: 'labels',
      limit: MAX_FREE_LABELS,
    }
    yield {
      name: 'xr/script loaded when somebody comes near, gzip',
      value: chunkBytes('enterXr') / 1_000,
      unit: 'kB',
      limit: MAX_KB,
    }
    yield* await allocated(browser, helpers)
  } finally {
    await browser.close()
  }
}

/** @param {any} helpers @param {number} size @param {boolean} isCrowded */
function worldOf({ largeWorld, linkOf }, size, isCrowded) {
  const world = isCrowded ? largeWorld(size).map(failed) : largeWorld(size)
  const agents = world.filter((/** @type {any} */ { entity }) => entity === 'agent')
  const more = size * LINKS_PER_AGENT - world.filter((/** @type {any} */ { entity }) => entity === 'link').length
  const idOf = (/** @type {number} */ index) => agents[index % agents.length].id
  const links = Array.from({ length: more }, (_, index) => linkOf('topology', idOf(index), idOf(index + 7)))
  return { world: [...world, ...links], agents }
}

/** The first ones; the others go on to change. @param {any} entity @param {number} index */
const failed = (entity, index) =>
  entity.entity === 'agent' && index < FAILED
    ? { ...entity, name: `a${index}`, status: 'error', activity: null, attention: null }
    : entity

/**
 * @param {any} browser @param {any} helpers @param {number} size
 * @param {{ webDir?: string, stand?: string, isCrowded?: boolean }} [how]
 */
async function openInside(
  browser,
  helpers,
  size,
  { webDir = join(DIST, 'web'), stand = 'table', isCrowded = false } = {},
) {
  const { world, agents } = worldOf(helpers, size, isCrowded)
  const changing = isCrowded ? agents.slice(FAILED) : agents
  const fake = await helpers.startFakeServer({ webDir, entities: world })
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 }, colorScheme: 'dark' })
  /** @type {import('playwright-core').Page} */
  const page = await context.newPage()
  for (const path of HEADSET) await page.addInitScript({ path })
  await page.addInitScript(COUNT_ONLY)
  if (isCrowded) await page.addInitScript(`(${STAND_IN_ROWS})(${FAILED})`)
  await page.addInitScript(`localStorage.setItem('swarmscope.xr', '{"stand":"${stand}"}')`)
  await page.goto(fake.url)
  await page.waitForFunction((count) => globalThis.swarmscope?.stats().agents === count, size)
  await page.locator('[data-testid=enter-vr]').click()
  await page.waitForFunction(() => globalThis.swarmscope.stats().xr.drawCallsPerEye > 0)
  let round = 0
  const timer = setInterval(() => {
    const agent = changing[(round * 37) % changing.length]
    fake.frame([{ ...agent, status: STATUSES[round++ % STATUSES.length] }])
  }, 1_000 / CHANGES_PER_SECOND)
  return {
    page,
    close: async () => {
      clearInterval(timer)
      await context.close()
      await fake.close()
    },
  }
}

/** @param {import('playwright-core').Page} page @param {number} count */
const frames = (page, count) =>
  page.evaluate(`(async () => {
    const until = headset.frames + ${count}
    while (headset.frames < until) await new Promise((resolve) => setTimeout(resolve, 20))
  })()`)

/** @param {any} browser @param {any} helpers @param {number} size @param {string} [stand] @param {boolean} [isCrowded] */
async function measure(browser, helpers, size, stand = 'table', isCrowded = false) {
  const { page, close } = await openInside(browser, helpers, size, { stand, isCrowded })
  try {
    await page.evaluate(`(${STIR})(true)`)
    await frames(page, WARM_UP_FRAMES)
    await page.evaluate('headset.frameMs.length = 0; headset.commitsInFrame = 0')
    await frames(page, MEASURED_FRAMES - TIMED_FRAMES)
    // A frame's own clock runs only after somebody asked.
    await page.evaluate('swarmscope.stats()')
    await frames(page, TIMED_FRAMES)
    const { xr } = /** @type {any} */ (await page.evaluate('swarmscope.stats()'))
    const times = /** @type {number[]} */ (await page.evaluate('headset.frameMs')).sort((a, b) => a - b)
    const at = (/** @type {number} */ share) => times[Math.floor(share * (times.length - 1))] ?? 0
    const commits = /** @type {number} */ (await page.evaluate('headset.commitsInFrame'))
    // The emulator lies over the page: a click there would not come through.
    await page.locator('[data-testid=agent-row]').first().dispatchEvent('click')
    await page.waitForFunction("document.querySelector('[data-testid=detail] h2') !== null")
    await frames(page, 30)
    const drawsWithPanels = /** @type {number} */ (await page.evaluate('swarmscope.stats().xr.drawCallsPerEye'))
    return { xr, p50: at(0.5), p95: at(0.95), commits, drawsWithPanels }
  } finally {
    await close()
  }
}

/**
 * @param {string} title
 * @param {number} size
 * @param {Awaited<ReturnType<typeof measure>>} seen
 * @param {Awaited<ReturnType<typeof measure>> | null} thousand
 * @returns {Iterable<Figure>}
 */
function* figures(title, size, { xr, p50, p95, commits, drawsWithPanels }, thousand) {
  const name = (/** @type {string} */ what) => `xr/${title}, ${what}`
  const isThousand = size === 1_000
  yield { name: name('draw calls per eye'), value: xr.drawCallsPerEye, unit: 'calls', limit: MAX_DRAWS }
  yield {
    name: name('draw calls per eye with menu and panel'),
    value: drawsWithPanels,
    unit: 'calls',
    limit: MAX_DRAWS_WITH_PANELS,
  }
  yield { name: name('labels shown'), value: xr.labels, unit: 'labels', limit: MAX_LABELS }
  yield {
    name: name('triangles per eye'),
    value: xr.trianglesPerEye,
    unit: 'triangles',
    ...(isThousand ? { limit: MAX_TRIANGLES } : {}),
  }
  const growth = (/** @type {number} */ value, /** @type {number | undefined} */ of) =>
    of ? { peer: of, ratio: value / of, bar: MAX_GROWTH } : {}
  yield { name: name('own code per frame, p50'), value: xr.ownMs.p50, unit: 'ms' }
  yield {
    name: name('own code per frame, p95'),
    value: xr.ownMs.p95,
    unit: 'ms',
    ...(isThousand ? { limit: MAX_OWN_MS } : {}),
    ...growth(xr.ownMs.p95, thousand?.xr.ownMs.p95),
  }
  yield { name: name('script per frame, p50'), value: p50, unit: 'ms' }
  yield {
    name: name('script per frame, p95'),
    value: p95,
    unit: 'ms',
    ...(isThousand ? { limit: MAX_SCRIPT_MS } : {}),
    ...growth(p95, thousand?.p95),
  }
  yield { name: name('changes of the page within frames'), value: commits, unit: 'changes', limit: 0 }
}

/** @param {string} start */
function chunkBytes(start) {
  const folder = join(DIST, 'web/assets')
  const files = readdirSync(folder).filter((file) => file.startsWith(`${start}-`) && file.endsWith('.js'))
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file))).length, 0)
}

/**
 * What is allocated within the headset's frames by our own modules, told from the libraries' by source maps, while the head
 * is still and a hand points about.
 * @param {any} browser @param {any} helpers
 * @returns {Promise<Figure[]>}
 */
async function allocated(browser, helpers) {
  const webDir = mkdtempSync(join(tmpdir(), 'swarmscope-xr-'))
  try {
    await build({
      configFile: join(ROOT, 'web/vite.config.ts'),
      logLevel: 'error',
      build: { outDir: webDir, emptyOutDir: true, sourcemap: true },
    })
    const { page, close } = await openInside(browser, helpers, 1_000, { webDir })
    try {
      await page.evaluate(`(${STIR})(false)`)
      const session = await page.context().newCDPSession(page)
      const profiled = async () => {
        await session.send('HeapProfiler.startSampling', {
          samplingInterval: 1_024,
          includeObjectsCollectedByMajorGC: true,
          includeObjectsCollectedByMinorGC: true,
        })
        await frames(page, MEASURED_FRAMES)
        const { profile } = await session.send('HeapProfiler.stopSampling')
        return profile.head
      }
      await frames(page, WARM_UP_FRAMES)
      const seen = []
      for (const after of FRAMES_BEFORE) seen.push(allocationsOf(await profiled(), webDir, after))
      return allocationFigures(seen)
    } finally {
      await close()
    }
  } finally {
    rmSync(webDir, { recursive: true, force: true })
  }
}

/** @param {any} head @param {string} webDir @param {number} after so many frames */
function allocationsOf(head, webDir, after) {
  const originOf = originFinder(webDir)
  /** @type {Map<string, number>} */
  const own = new Map()
  let all = 0
  const visit = (/** @type {any} */ node, /** @type {boolean} */ isInFrame) => {
    const { source, line } = originOf(node.callFrame)
    // The session calls three's loop, and all of a headset's frame is below that; the page's own frames go another way.
    const isHere = isInFrame || (isLibrary(source) && line.trim().startsWith('function onAnimationFrame('))
    if (isHere) {
      all += node.selfSize
      if (/\.tsx?$/.test(source) && !isLibrary(source) && node.selfSize > 0) {
        const key = `${source.replace(/^(\.\.\/)+/, '')}: ${line.trim()}`
        own.set(key, (own.get(key) ?? 0) + node.selfSize)
      }
    }
    for (const child of node.children) visit(child, isHere)
  }
  visit(head, false)
  if (all === 0) throw new Error('no frame was found in the profile')
  for (const [key, bytes] of [...own].sort((a, b) => b[1] - a[1]).slice(0, 8)) {
    process.stderr.write(
      `allocated within ${MEASURED_FRAMES} frames after ${after}: ${Math.round(bytes)} B in ${key}\n`,
    )
  }
  return { after, own: [...own.values()].reduce((sum, each) => sum + each, 0), all }
}

/** @typedef {ReturnType<typeof allocationsOf>} Allocations */

/** @param {Allocations[]} seen @returns {Figure[]} */
function allocationFigures(seen) {
  const name = (/** @type {string} */ what) => `xr/1000 agents, allocated ${what}`
  const of = (/** @type {Allocations} */ { after }) => `in ${MEASURED_FRAMES} frames after ${after}`
  const own = seen.map((each) => each.own)
  return [
    // What is left while nothing is compiled anew is what the code itself makes.
    {
      name: name(`by our own modules in the calmest ${MEASURED_FRAMES} frames after ${WARM_UP_FRAMES}`),
      value: Math.min(...own),
      unit: 'B',
      limit: 0,
    },
    {
      name: name(`by our own modules in the worst ${MEASURED_FRAMES} frames after ${WARM_UP_FRAMES}`),
      value: Math.max(...own),
      unit: 'B',
      limit: MAX_OWN_BYTES,
    },
    ...seen.flatMap((each) => [
      { name: name(`by our own modules ${of(each)}`), value: each.own, unit: 'B' },
      { name: name(`${of(each)}, libraries included, per frame`), value: each.all / MEASURED_FRAMES, unit: 'B' },
    ]),
  ]
}

const isLibrary = (/** @type {string} */ source) => source.includes('node_modules/')

/** From a place in the built script to the file and the line that it was made of. @param {string} webDir */
function originFinder(webDir) {
  /** @type {Map<string, { map: SourceMap, payload: any } | null>} */
  const known = new Map()
  return (/** @type {any} */ { url, lineNumber, columnNumber }) => {
    const file = url.startsWith('http') ? join(webDir, new URL(url).pathname) : ''
    let one = known.get(file)
    if (one === undefined) {
      const payload = file.endsWith('.js') ? JSON.parse(readFileSync(`${file}.map`, 'utf8')) : null
      one = payload ? { map: new SourceMap(payload), payload } : null
      known.set(file, one)
    }
    const entry = /** @type {any} */ (one?.map.findEntry(lineNumber, columnNumber))
    if (!one || !entry?.originalSource) return { source: '', line: '' }
    const { sources, sourcesContent } = one.payload
    const text = /** @type {string} */ (sourcesContent[sources.indexOf(entry.originalSource)] ?? '')
    return { source: /** @type {string} */ (entry.originalSource), line: text.split('\n')[entry.originalLine] ?? '' }
  }
}
