// 10,000 agents (a snapshot of 6.4 MB) in a storm of changes whose every frame is too large to be sent as one, before viewers
// that read slowly: the server holds a few snapshots and no more, and each viewer ends where the server is. The hub and its
// WebSockets stand in a process of their own (test/bench/hub/).

import { type ChildProcess, fork } from 'node:child_process'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { RevisionedStore, SnapshotAssembly } from '../../protocol/frames.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { parseServerMessage } from '../../protocol/viewerWire.ts'
import { HELLO } from '../helpers/testServer.ts'
import { canonicalHash } from '../protocol/samples.ts'

const AGENTS = 10_000
/** Of the agents, as many as make a frame of more than 1 MiB. */
const CHANGED = 2_500
const STORM_EVERY_MS = 250
const STORMS = 40
const SLOW = 8
/** One more comes, and the others have fallen behind. */
const STORMS_PER_JOIN = 3
/** After each chunk: some 1 MB/s. The kernel takes some 4 MB of each snapshot at once all the same. */
const SLOW_PAUSE_MS = 250
const CATCH_UP_MS = 60_000
/** Four snapshots with their entities, one chunk on the way to each viewer, and what garbage a storm leaves: not one for each. */
const MAX_GROWN_BYTES = 64_000_000

let child: ChildProcess | undefined
const sockets: WebSocket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate()
  if (child?.connected) child.disconnect()
})

function startHub() {
  const hub = fork(fileURLToPath(new URL('../bench/hub/server.mjs', import.meta.url)), { execArgv: ['--expose-gc'] })
  child = hub
  return <T>(command: object) =>
    new Promise<T>((resolve, reject) => {
      const onExit = () => reject(new Error('the hub ended'))
      hub.once('exit', onExit)
      hub.once('message', (answer) => {
        hub.off('exit', onExit)
        resolve(answer as T)
      })
      hub.send(command)
    })
}
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** A page that takes its time over each message. */
class SlowPage {
  readonly store = new RevisionedStore<Entity>('')
  /** Snapshots that were begun, and that came whole. */
  readonly snapshots = { begun: 0, whole: 0 }
  readonly faults: string[] = []
  readonly #assembly = new SnapshotAssembly<Entity>()

  constructor(port: number, token: string, pauseMs: number) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/stream`, ['swarmscope.v1'], {
      headers: { Authorization: `Bearer ${token}` },
    })
    sockets.push(socket)
    socket.on('error', (error) => this.faults.push(String(error)))
    socket.on('close', (code) => {
      if (sockets.includes(socket)) this.faults.push(`closed with ${code}`)
    })
    socket.on('open', () => socket.send(JSON.stringify(HELLO)))
    socket.on('message', (data) => {
      const message = parseServerMessage(data.toString())
      if (message?.type === 'ping') socket.send('{"type":"pong"}')
      if (message?.type === 'frame' && this.store.apply(message) === 'gap') this.faults.push('a gap')
      if (message?.type !== 'snapshot') return
      if (message.index === 0) this.snapshots.begun++
      const snapshot = this.#assembly.add(message)
      if (snapshot === 'broken') this.faults.push('a broken snapshot')
      if (typeof snapshot === 'object') {
        this.snapshots.whole++
        this.store.load(snapshot)
      }
      if (pauseMs === 0) return
      socket.pause()
      setTimeout(() => socket.resume(), pauseMs)
    })
  }
}

test(`[V13] a storm over ${AGENTS} agents before ${SLOW} slow viewers: the memory is bounded, nobody is closed, and all end equal by hash`, async () => {
  const hub = startHub()
  const { ours: port, token } = await hub<{ ours: number; token: string }>({ do: 'ports' })
  const memory = async () => (await hub<{ held: number }>({ do: 'memory' })).held
  const change = (from: number, count: number) => hub<number>({ do: 'change', from, count })
  await change(0, AGENTS)
  const fast = new SlowPage(port, token, 0)
  while (fast.snapshots.whole === 0) await pause(20)

  const before = await memory()
  const slow: SlowPage[] = []
  let grownBytes = 0
  let seq = 0
  for (let storm = 0; storm < STORMS; storm++) {
    if (slow.length < SLOW && storm % STORMS_PER_JOIN === 0) slow.push(new SlowPage(port, token, SLOW_PAUSE_MS))
    seq = await change((storm * CHANGED) % AGENTS, CHANGED)
    await pause(STORM_EVERY_MS)
    if (storm % 10 === 9) grownBytes = Math.max(grownBytes, (await memory()) - before)
  }
  const pages = [fast, ...slow]
  for (const deadline = Date.now() + CATCH_UP_MS; pages.some(({ store }) => store.seq < seq); ) {
    const places = pages.map(({ store, snapshots, faults }) => ({ seq: store.seq, ...snapshots, faults }))
    expect(Date.now(), JSON.stringify(places)).toBeLessThan(deadline)
    await pause(50)
  }
  const { restarts } = await hub<{ restarts: number }>({ do: 'counts' })
  const begun = slow.map(({ snapshots }) => snapshots.begun)
  console.log({ grownMb: Math.round(grownBytes / 1e6), restarts, begun, load: loadavg()[0] })
  expect(pages.flatMap(({ faults }) => faults)).toEqual([])
  expect(new Set(pages.map(({ store }) => canonicalHash(store.values()))).size).toBe(1)
  // What the hub counts as begun again is what the pages saw begin and never end.
  const broken = pages.reduce((sum, { snapshots }) => sum + snapshots.begun - snapshots.whole, 0)
  expect(restarts).toBe(broken)
  expect(restarts).toBeGreaterThan(0)
  expect(grownBytes).toBeLessThan(MAX_GROWN_BYTES)
})
