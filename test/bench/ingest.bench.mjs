// What Claude Code's hooks cost: on the built server, with its relay and its log on disk. Bars: a hook is answered within
// 5 ms, 5,000 of them a second take one core at most, a hook is in a viewer's frame within 60 ms (half of them), and the flood
// does not double the stream's p99.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDoor } from './openDoor.mjs'
import { cpuUs } from './procStat.mjs'
import { recordedProject, startSwarmscope, untilLive, watchStream } from './startSwarmscope.mjs'

const CONNECTIONS = 16
const FLOOD_PER_SECOND = 5_000
const FLOOD_MS = 8_000
/** A tool that read a large file: its hook carries it. */
const LARGE_BYTES = 64 * 1024
const LARGE_PER_SECOND = 500
const BURST = 20_000
const SESSIONS = 200
const PROBES = 60
const MAX_PAUSE_MS = 120
const LOST_AFTER_MS = 10_000
/** How a hooked tool call of the real Claude Code looks, in size too. */
const FILLER = 'x'.repeat(400)

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** @returns {AsyncIterable<{ name: string, value: number, unit: string, peer?: number, ratio?: number, bar?: number, limit?: number }>} */
export async function* bench() {
  const place = recordedProject()
  const swarmscope = await startSwarmscope(place)
  try {
    await untilLive(swarmscope)
    const token = readFileSync(join(place.dataDir, 'ingest.token'), 'utf8').trim()
    const port = Number(new URL(swarmscope.url).port)
    const openDoors = () => Promise.all(Array.from({ length: CONNECTIONS }, () => openDoor(port, token)))
    let doors = await openDoors()
    const probe = await openDoor(port, token)
    const hook = hooks()
    // Warm, and every session is known.
    await burst(doors, 5_000, hook)
    // Idle ones the server would close after 5 s.
    for (const door of doors) door.close()
    await pause(2_000)

    const viewer = await watchProbes(swarmscope)
    const quiet = await probes(probe, viewer)
    doors = await openDoors()
    const cpuBefore = process.platform === 'linux' ? cpuUs(swarmscope.pid) : 0
    const [flood, busy] = await Promise.all([floodFor(doors, hook, FLOOD_PER_SECOND), probes(probe, viewer)])
    const cpu = process.platform === 'linux' ? (cpuUs(swarmscope.pid) - cpuBefore) / flood.posts : null
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
    yield { name: `hooks at ${FLOOD_PER_SECOND}/s/answered`, value: flood.perSecond, unit: 'posts/s' }
    yield { name: `hooks at ${FLOOD_PER_SECOND}/s/answer p50`, value: at(flood.answersMs, 0.5), unit: 'ms' }
    yield { name: `hooks at ${FLOOD_PER_SECOND}/s/answer p99`, value: at(flood.answersMs, 0.99), unit: 'ms', limit: 5 }
    if (cpu !== null) {
      // 200 µs are 5,000 a second on one core: log, fold and frames included.
      yield { name: 'hooks/server CPU per post', value: cpu, unit: 'µs', limit: 200 }
    }
    const largeHook = hooks('const a = "b";\n'.repeat(LARGE_BYTES / 15))
    const [large, beside] = await Promise.all([floodFor(doors, largeHook, LARGE_PER_SECOND), probes(probe, viewer)])
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
    yield { name: `hooks ${largeName}/answer p99`, value: at(large.answersMs, 0.99), unit: 'ms', limit: 5 }
    const beganMs = performance.now()
    await burst(doors, BURST, hook)
    yield {
      name: 'hooks, as fast as they are answered',
      value: BURST / ((performance.now() - beganMs) / 1_000),
      unit: 'posts/s',
    }
    yield { name: 'hooks/dropped and failed in all of this', value: await lost(swarmscope), unit: 'hooks' }
    viewer.close()
    for (const door of [...doors, probe]) door.close()
  } finally {
    await swarmscope.stop()
    place.remove()
  }
}

/** Tool calls of many sessions, each begun and ended in turn. */
function hooks(filler = FILLER) {
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

/** @typedef {import('./openDoor.mjs').Door} Door */

async function burst(/** @type {Door[]} */ doors, /** @type {number} */ count, /** @type {() => string} */ hook) {
  let left = count
  await Promise.all(
    doors.map(async (door) => {
      while (left-- > 0) await door.post(hook())
    }),
  )
}

/** At a rate of its own: one that is late sends more at once, up to its connections. */
async function floodFor(
  /** @type {Door[]} */ doors,
  /** @type {() => string} */ hook,
  /** @type {number} */ perSecond,
) {
  const beganMs = performance.now()
  /** @type {number[]} */
  const answersMs = []
  let sent = 0
  await Promise.all(
    doors.map(async (door) => {
      for (;;) {
        const elapsedMs = performance.now() - beganMs
        if (elapsedMs > FLOOD_MS) return
        if (sent >= (elapsedMs / 1_000) * perSecond) {
          await pause(1)
          continue
        }
        sent++
        answersMs.push(await door.post(hook()))
      }
    }),
  )
  const seconds = (performance.now() - beganMs) / 1_000
  return { posts: sent, perSecond: sent / seconds, answersMs: answersMs.sort((a, b) => a - b) }
}

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
async function lost(/** @type {{ url: string, token: string }} */ { url, token }) {
  const text = await (await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${token}` } })).text()
  const counts = text.matchAll(/^swarmscope_ingest_hooks_lost_total\{reason="(?!ignored)\w+"\} (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

const at = (/** @type {number[]} */ sorted, /** @type {number} */ share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
