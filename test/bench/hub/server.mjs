// The hub behind its real WebSockets, in a process of its own, and beside it a naive one that turns each frame into text
// anew for every viewer. Told what to do by IPC. Started with --expose-gc: memory is compared after a collection.

import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { accessList } from '../../../dist/node/protocol/access.js'
import { Guard } from '../../../dist/node/server/guard/guard.js'
import { Tickets } from '../../../dist/node/server/guard/tickets.js'
import { Hub } from '../../../dist/node/server/hub/hub.js'
import { serveStream } from '../../../dist/node/server/hub/stream.js'
import { MemoryLog } from '../../../dist/node/server/log/memoryLog.js'
import { View } from '../../../dist/node/server/view.js'
import { World } from '../../../dist/node/server/world.js'
import { agentEvents } from './agents.mjs'

const TOKEN = 'token-of-the-bench'
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
const world = new World('real', new MemoryLog())
const view = new View({ demo: false, real: world, sources: [source], mock: () => world })
const hub = new Hub(view)
const server = createServer()
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
const access = accessList({ port, hostNames: [], publicUrls: [] })
const guard = new Guard({
  access,
  operatorToken: TOKEN,
  viewerToken: 'none',
  ingestToken: 'none',
  tickets: new Tickets(),
})
serveStream({ server, hub, guard, log, onRefused: nothing })

const naive = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
await new Promise((resolve) => naive.once('listening', resolve))
naive.on('connection', (socket) => {
  socket.send(JSON.stringify({ type: 'snapshot', ...world.store.snapshot(), index: 0, last: true }))
})

const now = () => performance.timeOrigin + performance.now()

/** @type {Record<string, (command: any) => unknown>} */
const commands = {
  ports: () => ({
    ours: port,
    naive: /** @type {any} */ (naive.address()).port,
    token: TOKEN,
    epoch: world.store.epoch,
  }),
  /** `count` agents change at once; the frame says when it was. Returns the seq. */
  change: async ({ from, count, to, padding = '' }) => {
    const before = world.store.seq
    const events = agentEvents(from, count, `t=${now()};${padding}`)
    if (to === 'naive') {
      await world.append(events)
      const changes = world.store.changesSince(world.store.epoch, before)
      if (changes.type !== 'frame') throw new Error(changes.type)
      for (const socket of naive.clients) socket.send(JSON.stringify({ type: 'frame', ...changes.frame }))
    } else await world.append(events)
    return world.store.seq
  },
  counts: () => ({
    encoded: hub.counts.encoded.total,
    dropped: hub.counts.closed.get('too_slow'),
    restarts: hub.counts.restarts,
    viewers: hub.viewers,
  }),
  cpuUs: () => {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  memory: async () => {
    for (let n = 0; n < 3; n++) {
      global.gc?.()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const { rss, heapUsed, external } = process.memoryUsage()
    return { rss, held: heapUsed + external }
  },
}
process.on('message', async (/** @type {{ do: string }} */ command) =>
  process.send?.(await commands[command.do]?.(command)),
)
process.on('disconnect', () => process.exit())
