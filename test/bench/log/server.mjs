// The durable log, its world and the hub with its WebSockets, in a process of their own. Told what to do by IPC.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { accessList } from '../../../dist/node/protocol/access.js'
import { Guard } from '../../../dist/node/server/guard/guard.js'
import { Tickets } from '../../../dist/node/server/guard/tickets.js'
import { Hub } from '../../../dist/node/server/hub/hub.js'
import { serveStream } from '../../../dist/node/server/hub/stream.js'
import { SqliteLog } from '../../../dist/node/server/log/sqliteLog.js'
import { View } from '../../../dist/node/server/view.js'
import { World } from '../../../dist/node/server/world.js'
import { BenchEvents } from './events.mjs'
import { stateHash } from './stateHash.mjs'

const [path = '', agents = '10000'] = process.argv.slice(2)
const TOKEN = 'token-of-the-bench'
/** Appends under way at a time: a source that does not run ahead of the log. */
const AHEAD = 150
/** More than are ever under way. */
const MADE_BATCHES = 500

const nothing = () => undefined
const log = /** @type {any} */ ({ debug: nothing, error: nothing, warn: nothing })
const status = {
  id: 'bench',
  kind: 'claude-flow',
  state: 'live',
  url: null,
  since: '',
  attempt: 0,
  retryAt: null,
  lastError: null,
}
const source = /** @type {any} */ ({ status, onStatus: () => nothing, start: nothing, retry: nothing, close: nothing })
const world = await World.open('real', await SqliteLog.open({ path, bootId: 'bench' }))
const view = new View({ demo: false, real: world, sources: [source], mock: () => world })
const hub = new Hub(view)
const server = createServer()
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
const access = accessList({ port, hostNames: [], publicUrls: [] })
const guard = new Guard({ access, operatorToken: TOKEN, viewerToken: 'none', tickets: new Tickets() })
serveStream({ server, hub, guard, log, onRefused: nothing })

const made = new BenchEvents(Number(agents))
const cpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

/** The longest turn of the event loop while `work` was done: by the clock, and what it used of a processor itself. */
async function longestTurn(/** @type {() => Promise<unknown>} */ work) {
  let isOver = false
  let clockMs = 0
  let processorMs = 0
  let [clockBefore, processorBefore] = [performance.now(), mainThreadCpuMs()]
  const turn = () => {
    const [clock, processor] = [performance.now(), mainThreadCpuMs()]
    clockMs = Math.max(clockMs, clock - clockBefore)
    processorMs = Math.max(processorMs, processor - processorBefore)
    clockBefore = clock
    processorBefore = processor
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await work()
  await new Promise((resolve) => setTimeout(resolve, 20))
  isOver = true
  return { clockMs, processorMs }
}

/** Of Linux; elsewhere it is not told. */
function mainThreadCpuMs() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  } catch {
    return Number.NaN
  }
}

/** @type {Record<string, (command: any) => unknown>} */
const commands = {
  port: () => ({ port, token: TOKEN }),
  /** Every agent at once, in one batch. Returns the longest turn. */
  all: () => {
    const events = made.batch(Date.now(), Number(agents), { from: 0 })
    for (const [index, event] of events.entries()) event.version = [1, event.version[1] + index]
    return longestTurn(() => world.append(events))
  },
  /** Batches of `count` events, as fast as the log takes them, for so long. */
  load: async ({ forMs, count }) => {
    // Made before: what is measured is the log, not the making up of events.
    const batches = Array.from({ length: MADE_BATCHES }, () => made.batch(Date.now(), count))
    const cpuBefore = cpuMs()
    const began = performance.now()
    let events = 0
    let next = 0
    const waiting = new Set()
    /** @type {number[]} */
    const latencies = []
    while (performance.now() - began < forMs) {
      const from = performance.now()
      const batch = batches[next++ % MADE_BATCHES] ?? []
      for (const event of batch) event.version = made.nextVersion()
      const appended = world.append(batch).then(() => {
        waiting.delete(appended)
        latencies.push(performance.now() - from)
        events += count
      })
      waiting.add(appended)
      if (waiting.size >= AHEAD) await Promise.race(waiting)
    }
    await Promise.all(waiting)
    const seconds = (performance.now() - began) / 1_000
    latencies.sort((a, b) => a - b)
    const p99Ms = latencies[Math.floor(latencies.length * 0.99)]
    return { events, seconds, p99Ms, cpuMs: cpuMs() - cpuBefore, seq: world.store.seq }
  },
  state: () => ({ epoch: world.store.epoch, seq: world.store.seq, hash: stateHash(world.store) }),
  counts: () => ({ sent: hub.counts.sent, viewers: hub.viewers }),
  close: async () => {
    hub.close()
    await world.close()
    return true
  },
}
process.on('message', async (/** @type {{ do: string }} */ command) =>
  process.send?.(await commands[command.do]?.(command)),
)
process.on('disconnect', () => process.exit())
