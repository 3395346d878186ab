// Loaded into a process before its program (`--import`): tells its parent, when asked, for how long the event loop was
// held up at the longest since the last time, and the memory of the whole process.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

const RESOLUTION_MS = 1

if (isMainThread && process.send) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  process.on('message', (/** @type {{ type: string }} */ { type }) => {
    if (type === 'loop-delay') {
      process.send?.({ type, maxMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS) })
      delay.reset()
    } else if (type === 'memory') {
      process.send?.({ type, rssBytes: process.memoryUsage.rss() })
    }
  })
}
