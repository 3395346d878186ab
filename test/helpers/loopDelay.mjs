// Loaded into a process before its program (`--import`): tells its parent, when asked, for how long the event loop was
// held up at the longest since the last time, what CPU time was used since then, and the memory of the whole process.

import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

const RESOLUTION_MS = 1

if (isMainThread && process.send) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let before = cpuMs()
  process.on('message', (/** @type {{ type: string }} */ { type }) => {
    if (type !== 'load') return
    const now = cpuMs()
    process.send?.({
      type,
      maxDelayMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS),
      allCpuMs: now.all - before.all,
      mainCpuMs: now.main - before.main,
      rssBytes: process.memoryUsage.rss(),
    })
    delay.reset()
    before = now
  })
}

/** Of all threads, and of the main one (`NaN` where the system does not tell). */
function cpuMs() {
  const { user, system } = process.cpuUsage()
  return { all: (user + system) / 1_000, main: mainThreadCpuMs() }
}

function mainThreadCpuMs() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  } catch {
    return Number.NaN
  }
}
