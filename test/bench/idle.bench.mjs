// What Swarmscope costs while nothing happens: server and relay with a quiet swarm and one viewer. And how long a start
// takes. Bars: 1 % of a core, 200 MB together, ready in 1.5 s.

import { cpuUs, rssMb } from './procStat.mjs'
import { childrenOf, recordedProject, startSwarmscope, untilLive, watchStream } from './startSwarmscope.mjs'

const STARTS = 5
/** The start's own work is over by then, and what it left in memory is collected. */
const SETTLE_MS = 15_000
const MEASURE_MS = 30_000

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** @returns {AsyncIterable<{ name: string, value: number, unit: string, limit?: number }>} */
export async function* bench() {
  if (process.platform !== 'linux') return
  const place = recordedProject()
  try {
    const times = []
    for (let n = 0; n < STARTS; n++) {
      const swarmscope = await startSwarmscope(place)
      times.push(swarmscope.readyMs)
      await swarmscope.stop()
    }
    times.sort((a, b) => a - b)
    yield {
      name: 'start/to ready, median',
      value: times[Math.floor(STARTS / 2)] ?? Number.NaN,
      unit: 'ms',
      limit: 1_500,
    }
    yield { name: 'start/to ready, slowest', value: times.at(-1) ?? Number.NaN, unit: 'ms' }

    const swarmscope = await startSwarmscope(place)
    try {
      await untilLive(swarmscope)
      const viewer = await watchStream(swarmscope, () => undefined)
      // The relay is the server's only child; claude-flow, below it, is not ours.
      const pids = [swarmscope.pid, ...childrenOf(swarmscope.pid)]
      if (pids.length !== 2) throw new Error(`the server has ${pids.length - 1} children, not its relay alone`)
      await pause(SETTLE_MS)
      const before = pids.map(cpuUs)
      const beganMs = performance.now()
      await pause(MEASURE_MS)
      const elapsedUs = (performance.now() - beganMs) * 1_000
      const shares = pids.map((pid, index) => ((cpuUs(pid) - (before[index] ?? 0)) / elapsedUs) * 100)
      const memory = pids.map(rssMb)
      for (const [index, name] of ['server', 'relay'].entries()) {
        yield { name: `idle/CPU of the ${name}`, value: shares[index] ?? Number.NaN, unit: '% of a core' }
        yield { name: `idle/memory of the ${name}`, value: memory[index] ?? Number.NaN, unit: 'MB' }
      }
      yield { name: 'idle/CPU together', value: shares.reduce((a, b) => a + b), unit: '% of a core', limit: 1 }
      yield { name: 'idle/memory together', value: memory.reduce((a, b) => a + b), unit: 'MB', limit: 200 }
      viewer.close()
    } finally {
      await swarmscope.stop()
    }
  } finally {
    place.remove()
  }
}
