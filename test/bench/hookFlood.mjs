// Claude Code's hooks in floods, from a thread that does nothing else: what its own loop is late counts as the server's
// lateness, and so it is told beside.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { openDoor } from './openDoor.mjs'

const CONNECTIONS = 16
const SESSIONS = 200
/** How a hooked tool call of the real Claude Code looks, in size too. */
const FILLER = 'x'.repeat(400)
const RESOLUTION_MS = 1

/**
 * @typedef {{ type: 'burst', count: number } | { type: 'flood', ms: number, perSecond: number, filler?: string }} Order
 * @typedef {{ posts: number, perSecond: number, answersMs: Float64Array, lateP99Ms: number }} Flooded
 */

/** @returns the flood's other side */
export function startFlood(/** @type {{ port: number, token: string }} */ door) {
  const worker = new Worker(new URL(import.meta.url), { workerData: door })
  return {
    /** @returns {Promise<Flooded>} */
    send: (/** @type {Order} */ order) =>
      new Promise((resolve, reject) => {
        worker.once('error', reject)
        worker.once('message', resolve)
        worker.postMessage(order)
      }),
    close: () => worker.terminate(),
  }
}

if (!isMainThread) {
  const { port, token } = workerData
  const usual = hooks(FILLER)
  parentPort?.on('message', async (/** @type {Order} */ order) => {
    const doors = await Promise.all(Array.from({ length: CONNECTIONS }, () => openDoor(port, token)))
    const late = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    late.enable()
    const beganMs = performance.now()
    const hook = order.type === 'flood' && order.filler !== undefined ? hooks(order.filler) : usual
    const answersMs = order.type === 'burst' ? await burst(doors, order.count, hook) : await flood(doors, order, hook)
    const perSecond = answersMs.length / ((performance.now() - beganMs) / 1_000)
    late.disable()
    // Idle ones the server would close after a while.
    for (const door of doors) door.close()
    const lateP99Ms = Math.max(0, late.percentile(99) / 1e6 - RESOLUTION_MS)
    parentPort?.postMessage({
      posts: answersMs.length,
      perSecond,
      answersMs: Float64Array.from(answersMs).sort(),
      lateP99Ms,
    })
  })
}

/** @typedef {import('./openDoor.mjs').Door} Door */

async function burst(/** @type {Door[]} */ doors, /** @type {number} */ count, /** @type {() => string} */ hook) {
  /** @type {number[]} */
  const answersMs = []
  let left = count
  await Promise.all(
    doors.map(async (door) => {
      while (left-- > 0) answersMs.push(await door.post(hook()))
    }),
  )
  return answersMs
}

/** At a rate of its own: one that is late sends more at once, up to its connections. */
async function flood(
  /** @type {Door[]} */ doors,
  /** @type {{ ms: number, perSecond: number }} */ { ms, perSecond },
  /** @type {() => string} */ hook,
) {
  const beganMs = performance.now()
  /** @type {number[]} */
  const answersMs = []
  let sent = 0
  await Promise.all(
    doors.map(async (door) => {
      for (;;) {
        const elapsedMs = performance.now() - beganMs
        if (elapsedMs > ms) return
        if (sent >= (elapsedMs / 1_000) * perSecond) {
          await new Promise((resolve) => setTimeout(resolve, 1))
          continue
        }
        sent++
        answersMs.push(await door.post(hook()))
      }
    }),
  )
  return answersMs
}

/** Tool calls of many sessions, each begun and ended in turn. */
function hooks(/** @type {string} */ filler) {
  let n = 0
  return () => {
    const call = n >> 1
    const event = n++ % 2 === 0 ? 'PreToolUse' : 'PostToolUse'
    return JSON.stringify({
      session_id: `session-${call % SESSIONS}`,
      cwd: '/home/dev/shop',
      hook_event_name: event,
      tool_name: 'Read',
      tool_input: { file_path: `/home/dev/shop/file-${call % 50}.ts` },
      tool_use_id: `toolu_${call}`,
      ...(event === 'PostToolUse' ? { tool_response: { content: filler }, duration_ms: 12 } : {}),
    })
  }
}
