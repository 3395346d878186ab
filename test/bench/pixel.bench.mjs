// From a hook to the pixel: posted to the built server, read off the table of the built page in a real browser, when the frame
// that shows it has been painted. GL draws nothing: where a processor has to do that, the scene beside the table would be all
// that is measured. Bar: 60 ms at the median.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt } from '../../scripts/lib/ensureBuilt.mjs'
import { openDoor } from './openDoor.mjs'
import { loadBundled } from './scene/bundle.mjs'
import { recordedProject, startSwarmscope, untilLive } from './startSwarmscope.mjs'

const HOOKS = 100
/** Between them, at random, so that no timer of ours keeps step with them. */
const MAX_PAUSE_MS = 150
const WARM = 10
const LOST_AFTER_MS = 10_000

/** @returns {AsyncIterable<{ name: string, value: number, unit: string, limit?: number }>} */
export async function* bench() {
  if (!(await ensureBuilt(['web']))) throw new Error('the web app could not be built')
  const { launchBrowser } = await loadBundled('pixel', ['test/helpers/browser.ts'])
  const place = recordedProject()
  const swarmscope = await startSwarmscope(place)
  const browser = await launchBrowser()
  try {
    await untilLive(swarmscope)
    const token = readFileSync(join(place.dataDir, 'ingest.token'), 'utf8').trim()
    const door = await openDoor(Number(new URL(swarmscope.url).port), token)
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })
    const page = await context.newPage()
    await page.addInitScript(drawNothing)
    await page.addInitScript(watchPixels)
    await page.goto(`${swarmscope.url}/?view=table#token=${swarmscope.token}`)
    await page.locator('[data-testid=agent-row]').first().waitFor()
    const times = []
    for (let n = 0; n < WARM + HOOKS; n++) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_PAUSE_MS))
      const ms = await hookToPixel(page, door, n)
      if (n >= WARM) times.push(ms)
    }
    times.sort((a, b) => a - b)
    const at = (/** @type {number} */ share) => times[Math.ceil(times.length * share) - 1] ?? Number.NaN
    yield { name: `hook → pixel/p50 of ${HOOKS}`, value: at(0.5), unit: 'ms', limit: 60 }
    yield { name: `hook → pixel/p95 of ${HOOKS}`, value: at(0.95), unit: 'ms' }
    door.close()
  } finally {
    await browser.close()
    await swarmscope.stop()
    place.remove()
  }
}

/** In ms, from before the hook is sent. Both clocks count from the same system's time. */
async function hookToPixel(
  /** @type {any} */ page,
  /** @type {import('./openDoor.mjs').Door} */ door,
  /** @type {number} */ n,
) {
  const file = `pixel-${n}.ts`
  await page.evaluate((/** @type {string} */ words) => {
    /** @type {any} */
    globalThis.lookFor(words)
  }, file)
  const beganMs = performance.timeOrigin + performance.now()
  await door.post(
    JSON.stringify({
      session_id: 'pixels',
      cwd: '/home/dev/shop',
      hook_event_name: 'PreToolUse',
      tool_name: 'Edit',
      tool_use_id: `toolu_${n}`,
      tool_input: { file_path: `/home/dev/shop/${file}` },
    }),
  )
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${file} was never shown`)), LOST_AFTER_MS).unref()
  })
  const paintedMs = await Promise.race([page.evaluate(() => /** @type {any} */ (globalThis).painted), late])
  return Number(paintedMs) - beganMs
}

/** In the page. */
function drawNothing() {
  const gl = WebGL2RenderingContext.prototype
  const draws = /** @type {const} */ (['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced'])
  for (const name of [...draws, /** @type {const} */ ('clear'), /** @type {const} */ ('drawRangeElements')]) {
    gl[name] = () => undefined
  }
}

/** In the page: `painted` resolves to when a frame was painted in which an agent's row says the words. */
function watchPixels() {
  const page = /** @type {any} */ (globalThis)
  let words = ''
  /** @type {(atMs: number) => void} */
  let resolve = () => undefined
  page.lookFor = (/** @type {string} */ wanted) => {
    words = wanted
    page.painted = new Promise((done) => {
      resolve = done
    })
  }
  const look = () => {
    if (words === '') return
    const rows = [...document.querySelectorAll('[data-testid=agent-row]')]
    if (!rows.some((row) => row.textContent?.includes(words))) return
    words = ''
    requestAnimationFrame(() => {
      // A message is handled after the frame's own work, painting included.
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => resolve(performance.timeOrigin + performance.now())
      port2.postMessage(null)
    })
  }
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true })
}
