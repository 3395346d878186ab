// What Claude Code's hooks cost: on the built server, with its relay and its log on disk. Bars: a hook is answered within
// 5 ms, 5,000 of them a second take one core at most, a hook is in a viewer's frame within 60 ms (half of them), and the flood
// does not double the stream's p99. An answer is timed by the server, from the earliest moment at which the hook can have been
// there (so it may be less in truth), and by the sender, on the same cores, whose own lateness is in it and told beside.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startFlood } from './hookFlood.mjs'
import { openDoor } from './openDoor.mjs'
import { cpuUs } from './procStat.mjs'
import { recordedProject, startSwarmscope, untilLive, watchStream } from './startSwarmscope.mjs'

const FLOOD_PER_SECOND = 5_000
const FLOOD_MS = 8_000
/** A tool that read a large file: its hook carries it. */
const LARGE_BYTES = 64 * 1024
const LARGE_PER_SECOND = 500
const BURST = 20_000
const PROBES = 60
const MAX_PAUSE_MS = 120
const LOST_AFTER_MS = 10_000

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** @returns {AsyncIterable<{ name: string, value: number, unit: string, peer?: number, ratio?: number, bar?: number, limit?: number }>} */
export async function* bench() {
  const place = recordedProject()
  const swarmscope = await startSwarmscope(place)
  try {
    await untilLive(swarmscope)
    const token = readFileSync(join(place.dataDir, 'ingest.token'), 'utf8').trim()
    const port = Number(new URL(swarmscope.url).port)
    const flood = startFlood({ port, token })
    const probe = await openDoor(port, token)
    // Warm, and every session is known.
    await flood.send({ type: 'burst', count: 5_000 })
    await pause(2_000)

    const viewer = await watchProbes(swarmscope)
    const quiet = await probes(probe, viewer)
    const cpuBefore = process.platform === 'linux' ? cpuUs(swarmscope.pid) : 0
    const answersBefore = await answers(swarmscope)
    const [sent, busy] = await Promise.all([
      flood.send({ type: 'flood', ms: FLOOD_MS, perSecond: FLOOD_PER_SECOND }),
      probes(probe, viewer),
    ])
    const cpu = process.platform === 'linux' ? (cpuUs(swarmscope.pid) - cpuBefore) / sent.posts : null
    const own = between(answersBefore, await answers(swarmscope))
    yield { name: 'hook to frame/p50, quiet', value: at(quiet, 0.5), unit: 'ms', limit: 60 }
    yield { name: 'hook to frame/p99, quiet', value: at(quiet, 0.99), unit: 'ms' }
    yield { name: `hook to frame/p50, at ${FLOOD_PER_SECOND} posts/s`, value: at(busy, 0.5), unit: 'ms', limit: 60 }
    // `peer`: the same stream without the flood.
    yield {
      name: `hook to frame/p99, at ${FLOOD_PER_SECOND} posts/s`,
      value: at(busy, 0.99),
      unit: 'ms',
      peer: at(quiet, 0.99),
      ratio: at(busy, 0.99) / at(quiet, 0.99),
      bar: 2,
    }
    yield { name: `hooks at ${FLOOD_PER_SECOND}/s/answered`, value: sent.perSecond, unit: 'posts/s' }
    yield* answerFigures(`hooks at ${FLOOD_PER_SECOND}/s`, own, sent)
    if (cpu !== null) {
      // 200 µs are 5,000 a second on one core: log, fold and frames included.
      yield { name: 'hooks/server CPU per post', value: cpu, unit: 'µs', limit: 200 }
    }
    const filler = 'const a = "b";\n'.repeat(LARGE_BYTES / 15)
    const largeBefore = await answers(swarmscope)
    const [large, beside] = await Promise.all([
      flood.send({ type: 'flood', ms: FLOOD_MS, perSecond: LARGE_PER_SECOND, filler }),
      probes(probe, viewer),
    ])
    const ownLarge = between(largeBefore, await answers(swarmscope))
    const largeName = `at ${LARGE_PER_SECOND} posts/s, half of them 64 KB`
    yield { name: `hook to frame/p50, ${largeName}`, value: at(beside, 0.5), unit: 'ms', limit: 60 }
    yield {
      name: `hook to frame/p99, ${largeName}`,
      value: at(beside, 0.99),
      unit: 'ms',
      peer: at(quiet, 0.99),
      ratio: at(beside, 0.99) / at(quiet, 0.99),
      bar: 2,
    }
    yield* answerFigures(`hooks ${largeName}`, ownLarge, large)
    const fast = await flood.send({ type: 'burst', count: BURST })
    yield { name: 'hooks, as fast as they are answered', value: fast.perSecond, unit: 'posts/s' }
    yield { name: 'hooks/dropped and failed in all of this', value: await lost(swarmscope), unit: 'hooks' }
    viewer.close()
    probe.close()
    await flood.close()
  } finally {
    await swarmscope.stop()
    place.remove()
  }
}

/** Of the server the bar; the sender's, which shares the cores, beside. */
function* answerFigures(
  /** @type {string} */ name,
  /** @type {Buckets} */ own,
  /** @type {import('./hookFlood.mjs').Flooded} */ { answersMs, lateP99Ms },
) {
  yield { name: `${name}/answer p50, by the server`, value: quantileMs(own, 0.5), unit: 'ms' }
  yield { name: `${name}/answer p99, by the server`, value: quantileMs(own, 0.99), unit: 'ms', limit: 5 }
  yield { name: `${name}/answer p50, by the sender`, value: at(answersMs, 0.5), unit: 'ms' }
  yield { name: `${name}/answer p99, by the sender`, value: at(answersMs, 0.99), unit: 'ms' }
  yield { name: `${name}/how late the sender's own loop is, p99`, value: lateP99Ms, unit: 'ms' }
}

/** @typedef {[upToMs: number, count: number][]} Buckets cumulative */

/** @returns {Promise<Buckets>} as the server counted them */
async function answers(/** @type {{ url: string, token: string }} */ swarmscope) {
  const lines = (await metrics(swarmscope)).matchAll(
    /^swarmscope_ingest_hook_answer_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm,
  )
  return [...lines].map(([, le, count]) => [le === '+Inf' ? Infinity : Number(le) * 1_000, Number(count)])
}

const between = (/** @type {Buckets} */ before, /** @type {Buckets} */ after) =>
  after.map(([upToMs, count], index) => /** @type {[number, number]} */ ([upToMs, count - (before[index]?.[1] ?? 0)]))

/** As Prometheus has it: within a bucket they are taken to lie evenly. */
function quantileMs(/** @type {Buckets} */ buckets, /** @type {number} */ share) {
  const wanted = share * (buckets.at(-1)?.[1] ?? 0)
  let [fromMs, before] = [0, 0]
  for (const [upToMs, count] of buckets) {
    if (count >= wanted) return fromMs + (upToMs - fromMs) * ((wanted - before) / (count - before))
    ;[fromMs, before] = [upToMs, count]
  }
  return Number.NaN
}

async function metrics(/** @type {{ url: string, token: string }} */ { url, token }) {
  return (await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${token}` } })).text()
}

/** @typedef {import('./openDoor.mjs').Door} Door */

/** Tells when the probes' agent says in a frame what the probe said. */
async function watchProbes(/** @type {{ url: string, token: string }} */ swarmscope) {
  /** @type {(id: string) => void} */
  let seen = () => undefined
  const stream = await watchStream(swarmscope, (message) => {
    if (message.type !== 'frame' && message.type !== 'snapshot') return
    for (const one of message.put ?? message.entities ?? []) {
      if (one.entity === 'agent' && one.nativeId === 'probe') for (const { id } of one.openTools ?? []) seen(id)
    }
  })
  return {
    onTool: (/** @type {(id: string) => void} */ listener) => {
      seen = listener
    },
    close: stream.close,
  }
}

let probed = 0

async function probes(/** @type {Door} */ door, /** @type {Awaited<ReturnType<typeof watchProbes>>} */ viewer) {
  const times = []
  for (let n = 0; n < PROBES; n++) {
    await pause(Math.random() * MAX_PAUSE_MS)
    const id = `toolu_probe_${probed++}`
    const tool = { session_id: 'probe', cwd: '/home/dev/shop', tool_name: 'Bash', tool_use_id: id }
    times.push(
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${id} never came`)), LOST_AFTER_MS)
        const beganMs = performance.now()
        viewer.onTool((seenId) => {
          if (seenId !== id) return
          clearTimeout(timer)
          resolve(performance.now() - beganMs)
        })
        door.post(JSON.stringify({ ...tool, hook_event_name: 'PreToolUse', tool_input: {} })).catch(reject)
      }),
    )
    await door.post(JSON.stringify({ ...tool, hook_event_name: 'PostToolUse', tool_input: {}, tool_response: {} }))
  }
  return times.sort((a, b) => a - b)
}

/** What was answered and did not come in. */
async function lost(/** @type {{ url: string, token: string }} */ swarmscope) {
  const counts = (await metrics(swarmscope)).matchAll(
    /^swarmscope_ingest_hooks_lost_total\{reason="(?!ignored)\w+"\} (\d+)$/gm,
  )
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

const at = (/** @type {ArrayLike<number>} */ sorted, /** @type {number} */ share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
