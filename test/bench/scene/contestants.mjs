// The two pages that are measured, ours (as built, behind a server that says what it is told to) and the peer's, each with
// the same graph and the same changes.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'
import { DIST } from '../../../scripts/lib/targets.mjs'
import { PEER_SCRIPT } from './peer.mjs'

const INSTRUMENTS = readFileSync(fileURLToPath(new URL('./instruments.js', import.meta.url)), 'utf8')
const VIEWPORT = { width: 1440, height: 900 }
const PATIENCE_MS = 180_000
const STATUSES = ['idle', 'active', 'error', 'initializing']
const PEER_COLORS = ['#8494a8', '#4cc2ff', '#ff6b57', '#a98bff']

/**
 * @typedef {object} Contestant
 * @property {import('playwright-core').Page} page
 * @property {number} scriptBytes compressed, of all script that the first picture needed
 * @property {(slots: readonly number[], round: number) => unknown} change gives so many agents another state
 * @property {() => Promise<void>} stir keeps the layout moving
 * @property {() => Promise<unknown>} settled resolves when nothing moves any more
 * @property {() => Promise<void>} close
 */

/** @param {import('playwright-core').Browser} browser @param {number} bodies @param {boolean} hasWorker */
async function openInstrumented(browser, bodies, hasWorker) {
  const context = await browser.newContext({ viewport: VIEWPORT, colorScheme: 'dark' })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  await page.addInitScript(INSTRUMENTS)
  await page.addInitScript(`Object.assign(instruments.state, ${JSON.stringify({ bodies, hasWorker })})`)
  /** @type {Promise<Buffer>[]} */
  const scripts = []
  page.on('response', (response) => {
    if (new URL(response.url()).pathname.endsWith('.js')) scripts.push(response.body())
  })
  return {
    page,
    firstPicture: async () => {
      await page.waitForFunction(() => /** @type {any} */ (globalThis).instruments.state.pictureMs > 0)
      const bodiesOfScripts = await Promise.all(scripts)
      return bodiesOfScripts.reduce((sum, body) => sum + brotliCompressSync(body).length, 0)
    },
  }
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {(options: object) => Promise<any>} startFakeServer
 * @param {any[]} entities
 * @returns {Promise<Contestant>}
 */
export async function openOwn(browser, startFakeServer, entities) {
  const agents = entities.filter(({ entity }) => entity === 'agent')
  const fake = await startFakeServer({ webDir: join(DIST, 'web'), entities })
  const { page, firstPicture } = await openInstrumented(browser, agents.length, true)
  await page.goto(fake.url)
  const scriptBytes = await firstPicture()
  let mode = 0
  return {
    page,
    scriptBytes,
    change: (slots, round) =>
      fake.frame(slots.map((slot) => ({ ...agents[slot], status: STATUSES[(slot + round) % STATUSES.length] }))),
    stir: async () => {
      mode = (mode % 3) + 1
      await page.locator('[data-testid=scene]').press(String(mode))
    },
    settled: () => page.waitForFunction(isStill, null, { polling: 1_000 }),
    close: async () => {
      await page.context().close()
      await fake.close()
    },
  }
}

/** In the page: no frame since the last look, a second ago. */
function isStill() {
  const page = /** @type {any} */ (globalThis)
  const { frames } = page.swarmscope.stats()
  const isSame = frames === page.framesSeen
  page.framesSeen = frames
  return isSame
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {any[]} entities
 * @returns {Promise<Contestant>}
 */
export async function openPeer(browser, entities) {
  const agents = entities.filter(({ entity }) => entity === 'agent')
  const graph = {
    nodes: agents.map(({ id }) => ({ id, color: PEER_COLORS[0] })),
    links: entities.filter(({ entity }) => entity === 'link').map(({ source, target }) => ({ source, target })),
  }
  const files = { '/peer.js': readFileSync(PEER_SCRIPT), '/graph.json': JSON.stringify(graph) }
  const server = createServer(({ url = '/' }, response) => {
    const file = files[/** @type {keyof typeof files} */ (url)]
    response.setHeader(
      'content-type',
      url.endsWith('.js') ? 'text/javascript' : file ? 'application/json' : 'text/html',
    )
    response.end(file ?? PEER_PAGE)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const { page, firstPicture } = await openInstrumented(browser, agents.length, false)
  await page.goto(`http://127.0.0.1:${port}/`)
  const scriptBytes = await firstPicture()
  return {
    page,
    scriptBytes,
    change: (slots, round) =>
      page.evaluate(`recolor(${JSON.stringify(slots)}, ${round}, ${JSON.stringify(PEER_COLORS)})`),
    // It moves by itself for some seconds after its data came.
    stir: async () => undefined,
    settled: () => page.waitForFunction(() => /** @type {any} */ (globalThis).hasStopped === true),
    close: async () => {
      await page.context().close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Colours are changed in the way that lets its layout rest: data given anew would heat it for 15 s. */
const PEER_PAGE = `<!doctype html><body style="margin:0"><div id="graph"></div><script src="/peer.js"></script><script>
  fetch('/graph.json').then((answer) => answer.text()).then((text) => {
    instruments.state.dataMs = performance.now()
    const data = JSON.parse(text)
    const graph = new ForceGraph3D(document.getElementById('graph'))
      .nodeColor((node) => node.color)
      .onEngineStop(() => { globalThis.hasStopped = true })
      .graphData(data)
    globalThis.recolor = (slots, round, colors) => {
      for (const slot of slots) data.nodes[slot].color = colors[(slot + round) % colors.length]
      graph.nodeColor(graph.nodeColor())
    }
  })
</script>`
