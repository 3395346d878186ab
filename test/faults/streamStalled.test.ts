// 20 of 1,000 viewers stop reading: what that costs the others, and the server. The hub and its WebSockets stand in a process
// of their own (test/bench/hub/), and so do the viewers that read.

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { NO_PROGRESS_MS } from '../../server/hub/hub.ts'
import { HELLO } from '../helpers/testServer.ts'

const READERS = 980
const STALLED = 20
/** Their snapshot is more than the kernel holds for a socket (some 4 MB): who reads nothing of it is stuck in it at once. */
const AGENTS = 10_000
const CHANGED = 20
/** Until the kernel has taken what it takes. */
const STUCK_AFTER_MS = 1_000
const FRAME_EVERY_MS = 100
/** Pairs of phases, without and with the stalled ones, so that a busy moment of the machine falls on no one alone. */
const PHASES = 3
const FRAMES = 40

const children: ChildProcess[] = []
const sockets: WebSocket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate()
  for (const child of children.splice(0)) if (child.connected) child.disconnect()
})

function start(name: 'server' | 'viewers') {
  const child = fork(fileURLToPath(new URL(`../bench/hub/${name}.mjs`, import.meta.url)), {
    execArgv: ['--expose-gc'],
  })
  children.push(child)
  return <T>(command: object) =>
    new Promise<T>((resolve, reject) => {
      const onExit = () => reject(new Error(`the ${name} ended`))
      child.once('exit', onExit)
      child.once('message', (answer) => {
        child.off('exit', onExit)
        resolve(answer as T)
      })
      child.send(command)
    })
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

interface Counts {
  sent: number
  dropped: number
  viewers: number
}
interface Memory {
  rss: number
  held: number
}

/** Says hello, and never reads again. */
async function stall(port: number, token: string): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/stream`, ['swarmscope.v1'], {
    headers: { Authorization: `Bearer ${token}` },
  })
  sockets.push(socket)
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send(JSON.stringify(HELLO))
  await new Promise((resolve) => socket.once('message', resolve))
  socket.pause()
}

test(`[V10] ${STALLED} of ${READERS + STALLED} viewers that read nothing cost the others at most 1.2 × in the slowest hundredth, a bounded memory, and are closed after 10 s`, async () => {
  const server = start('server')
  const viewers = start('viewers')
  const { ours: port, token, epoch } = await server<{ ours: number; token: string; epoch: string }>({ do: 'ports' })
  const counts = () => server<Counts>({ do: 'counts' })
  let seq = 0
  const change = async () => {
    seq = await server({ do: 'change', from: (seq * CHANGED) % AGENTS, count: CHANGED })
    await pause(FRAME_EVERY_MS)
  }
  /** Once every reader has the last frame. */
  const taken = () => viewers<{ delaysMs: number[]; messages: number }>({ do: 'at', seq })
  const measure = async () => {
    for (let n = 0; n < FRAMES; n++) await change()
    return (await taken()).delaysMs
  }
  seq = await server({ do: 'change', from: 0, count: AGENTS })
  await viewers({ do: 'open', viewers: READERS, port, token, resume: { epoch, seq } })
  await measure()

  const without: number[] = []
  const beside: number[] = []
  let grownBytes = 0
  for (let phase = 0; phase < PHASES; phase++) {
    without.push(...(await measure()))
    const before = await server<Memory>({ do: 'memory' })
    const { dropped } = await counts()
    const openedAtMs = performance.now()
    for (let n = 0; n < STALLED; n++) await stall(port, token)
    await pause(STUCK_AFTER_MS)
    beside.push(...(await measure()))
    const after = await server<Memory>({ do: 'memory' })
    grownBytes = Math.max(grownBytes, after.held - before.held)
    for (let n = 0; (await counts()).viewers > READERS; n++) {
      expect(n, 'they are closed at last').toBeLessThan(200)
      await pause(FRAME_EVERY_MS)
    }
    await taken()
    expect((await counts()).dropped - dropped).toBe(STALLED)
    expect(performance.now() - openedAtMs).toBeGreaterThan(NO_PROGRESS_MS)
    for (const socket of sockets.splice(0)) socket.terminate()
  }
  const p99 = (delaysMs: number[]) => delaysMs.sort((a, b) => a - b)[Math.floor(delaysMs.length * 0.99)] ?? 0
  console.log({ p99Ms: p99(without), besideStalledMs: p99(beside), grownKib: grownBytes / 1_024 })
  // They share one snapshot.
  expect(grownBytes).toBeLessThan(16_000_000)
  expect(p99(beside)).toBeLessThanOrEqual(1.2 * p99(without))
})
