// The whole road: a change in claude-flow's file → watch → relay → server → fold → frame at a viewer, through the real
// processes. Bars: 60 ms at the median, 250 ms for 99 of 100.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordedProject, startSwarmscope, untilLive, watchStream } from './startSwarmscope.mjs'

const CHANGES = 200
/** Between changes, at random, so that no timer of ours keeps step with them. */
const MAX_PAUSE_MS = 100
const LOST_AFTER_MS = 10_000

/** @returns {AsyncIterable<{ name: string, value: number, unit: string, limit?: number }>} */
export async function* bench() {
  const place = recordedProject()
  try {
    const swarmscope = await startSwarmscope(place)
    try {
      await untilLive(swarmscope)
      const times = await changeAndWait(swarmscope, join(place.project, '.claude-flow/agents/store.json'))
      const at = (/** @type {number} */ share) => times[Math.ceil(times.length * share) - 1] ?? Number.NaN
      yield { name: `file → frame/p50 of ${CHANGES}`, value: at(0.5), unit: 'ms', limit: 60 }
      yield { name: `file → frame/p99 of ${CHANGES}`, value: at(0.99), unit: 'ms', limit: 250 }
      yield { name: `file → frame/slowest of ${CHANGES}`, value: at(1), unit: 'ms' }
    } finally {
      await swarmscope.stop()
    }
  } finally {
    place.remove()
  }
}

/** From before the write to the frame, in ms, ascending. */
async function changeAndWait(/** @type {{ url: string, token: string }} */ swarmscope, /** @type {string} */ file) {
  const store = JSON.parse(readFileSync(file, 'utf8'))
  const [id] = Object.keys(store.agents)
  /** @type {(count: number) => void} */
  let seen = () => undefined
  const viewer = await watchStream(swarmscope, (message) => {
    if (message.type !== 'frame') return
    const agent = message.put.find((/** @type {any} */ one) => one.entity === 'agent' && one.nativeId === id)
    if (agent) seen(agent.tasksCompleted)
  })
  const times = []
  for (let count = 1; count <= CHANGES; count++) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_PAUSE_MS))
    times.push(
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`change ${count} never came`)), LOST_AFTER_MS)
        store.agents[id].taskCount = count
        const beganMs = performance.now()
        seen = (told) => {
          if (told !== count) return
          clearTimeout(timer)
          resolve(performance.now() - beganMs)
        }
        // In place and whole, as claude-flow writes it.
        writeFileSync(file, JSON.stringify(store, null, 2))
      }),
    )
  }
  viewer.close()
  return times.sort((a, b) => a - b)
}
