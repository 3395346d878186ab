// The relay against everything that can go wrong around it, at full size and with deadlines.

import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { FrameFuzzer } from '../helpers/fuzzFrames.ts'
import { heldBytes, INSPECTED } from '../helpers/inspectedHeap.ts'
import { frameOf, OPCODE, openRawWebSocket } from '../helpers/rawWebSocket.ts'
import { RelayClient } from '../helpers/relayClient.ts'
import { cleanup, fakeChild, temporaryFolder } from '../helpers/relayFiles.ts'
import { runRelay, TOKEN } from '../helpers/relayInProcess.ts'
import { type Running, startRelayProcess } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'
import { seededRandom } from '../protocol/samples.ts'

const MB = 1_000_000

interface RelayProcess extends Running {
  /** `http://127.0.0.1:PORT` */
  origin: string
  connect(): Promise<RelayClient>
  // biome-ignore lint/suspicious/noExplicitAny: health as JSON
  health(): Promise<any>
}

async function startRelay(env: NodeJS.ProcessEnv = {}): Promise<RelayProcess> {
  const { file, args } = fakeChild()
  const folder = temporaryFolder()
  const relay = await startRelayProcess({
    args: ['--port', '0', '--project', folder, '--data-dir', join(folder, 'data'), '--child', 'eager'],
    env: {
      SWARMSCOPE_RELAY_TOKEN: TOKEN,
      CLAUDE_FLOW_COMMAND: [file, ...args].map((word) => `"${word}"`).join(' '),
      ...env,
    },
  })
  cleanup(() => relay.kill())
  const origin = relay.url.replace(/^ws/, 'http').replace(/\/ws$/, '')
  return {
    ...relay,
    origin,
    async connect() {
      const client = await RelayClient.connect(relay.url, TOKEN)
      cleanup(() => client.socket.terminate())
      return client
    },
    async health() {
      return (await fetch(`${origin}/health`, { headers: { authorization: `Bearer ${TOKEN}` } })).json()
    },
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Honest use, until told to stop: each answer must come and be the right one. Gives what each took, in ms. */
function useHonestly(clients: readonly RelayClient[]): { stop: () => Promise<number[]> } {
  let isOver = false
  const tookMs: number[] = []
  const wrong: unknown[] = []
  const loops = clients.map(async (client, owner) => {
    for (let count = 0; !isOver; count++) {
      const value = `${owner}/${count}`
      const sentMs = performance.now()
      const answer = await client.call('echo', { value })
      tookMs.push(performance.now() - sentMs)
      const isRight = answer.result?.content[0].text === JSON.stringify(value) && client.received.length === 1
      if (!isRight) wrong.push({ value, received: [...client.received] })
      client.received.length = 0
    }
  })
  const done = Promise.allSettled(loops)
  return {
    async stop() {
      isOver = true
      for (const loop of await done) if (loop.status === 'rejected') throw loop.reason
      expect(wrong).toEqual([])
      return tookMs
    },
  }
}

test('[X12] a child killed 50 times with 100 pending from 20 clients: each of 5,000 requests gets one error within 1 s, no socket drops', async () => {
  const [kills, each] = [50, 5]
  // In this process: only here can the pause after a crash, and the end of trying again, be as short as the test needs.
  const { connect, relay } = await runRelay({
    limits: { childBackoff: { baseMs: 1, capMs: 5 }, maxChildFailures: 1_000 },
  })
  const clients = await Promise.all(Array.from({ length: 20 }, connect))
  await until(() => relay.state.child.state === 'up')
  let errors = 0
  let slowestMs = 0
  for (let kill = 0; kill < kills; kill++) {
    const pid = relay.childPid ?? 0
    const asked = clients.flatMap((client) =>
      Array.from({ length: each }, (_, id) => client.call(id % 2 ? 'hang' : 'slow', { key: `${kill}/${id}` }, id)),
    )
    // Whatever was asked before has arrived.
    await Promise.all(clients.map((client) => client.ask('echo', { value: kill })))
    const killedMs = performance.now()
    process.kill(pid, 'SIGKILL')
    const answers = await Promise.all(asked)
    slowestMs = Math.max(slowestMs, performance.now() - killedMs)
    for (const { error } of answers) {
      expect(error).toMatchObject({ code: -32001, data: { code: 'CHILD_CRASHED', retryable: true } })
      errors++
    }
    await until(() => relay.state.child.state === 'up' && relay.state.child.restarts === kill + 1)
    // Nothing comes after the one error: whatever the next child says is another's.
    await Promise.all(clients.map((client) => client.ask('echo', { value: 'back' })))
    for (const client of clients) {
      expect(client.received.filter(({ id }) => typeof id === 'number')).toHaveLength(each)
      client.received.length = 0
    }
  }
  expect(errors).toBe(5_000)
  expect(slowestMs).toBeLessThan(1_000)
  expect(clients.every(({ socket }) => socket.readyState === WebSocket.OPEN)).toBe(true)
  expect(relay.state.child).toMatchObject({ state: 'up', restarts: kills })
})

describe('100,000 fuzzed frames', () => {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
  const [total, warmUp, attackers, batch] = [100_000, 5_000, 8, 250]

  /** One after the other, over as many sockets as it takes; all was taken in when it resolves. */
  async function attack(url: string, fuzzer: FrameFuzzer, count: number): Promise<{ closed: number }> {
    let socket = await openRawWebSocket(url, TOKEN)
    let closed = 0
    const isTaken = async () => {
      const mark = Buffer.from(`mark ${closed}/${Math.random()}`)
      socket.write(frameOf(mark, { opcode: OPCODE.ping }))
      // Its answer means that everything before was taken in, and that the socket is still good.
      let tail = Buffer.alloc(0)
      for await (const [chunk] of dataOf(socket)) {
        tail = Buffer.concat([tail, chunk]).subarray(-2 * mark.length - chunk.length)
        if (tail.includes(mark)) return
        tail = tail.subarray(-mark.length)
      }
      throw new Error(`a socket was closed that should not (seed ${seed})`)
    }
    for (let sent = 0; sent < count; sent++) {
      const { bytes, isFatal } = fuzzer.next()
      if (isFatal) {
        await isTaken()
        const isClosed = once(socket, 'close')
        socket.write(bytes)
        await isClosed
        closed++
        socket = await openRawWebSocket(url, TOKEN)
      } else {
        socket.write(bytes)
        if (sent % batch === 0) await isTaken()
      }
    }
    await isTaken()
    socket.destroy()
    return { closed }
  }

  test(`crash nothing, disturb nobody, and leave no memory behind (FUZZ_SEED=${seed})`, async () => {
    const relay = await startRelay(INSPECTED)
    const honest = await Promise.all(Array.from({ length: 5 }, relay.connect))
    const [first] = honest
    const { pid } = await (first as RelayClient).ask('facts')
    if (first) first.received.length = 0
    const use = useHonestly(honest)
    const attackAll = async (frames: number, seedOf: number) => {
      const results = Array.from({ length: attackers }, (_, index) =>
        attack(relay.url, new FrameFuzzer(seededRandom(seedOf + index)), frames / attackers),
      )
      return (await Promise.all(results)).reduce((sum, { closed }) => sum + closed, 0)
    }
    const settled = async () => {
      await until(async () => {
        const { clients, pending } = await relay.health()
        return clients === honest.length && pending <= honest.length
      })
      return heldBytes(relay.stderr())
    }
    await attackAll(warmUp, seed)
    const before = await settled()
    const closed = await attackAll(total, seed + attackers)
    const after = await settled()
    const tookMs = await use.stop()
    process.stderr.write(
      `fuzz: ${closed} sockets closed; honest clients: ${tookMs.length} answers, p99 ${percentile(tookMs, 0.99).toFixed(0)} ms, ` +
        `max ${Math.max(...tookMs).toFixed(0)} ms; memory held ${(before / MB).toFixed(1)} → ${(after / MB).toFixed(1)} MB\n`,
    )
    expect(relay.process.exitCode).toBe(null)
    expect(relay.stderr()).not.toMatch(/uncaught|unhandled|\n {4}at /i)
    expect(closed).toBeGreaterThan(5_000)
    expect(percentile(tookMs, 0.99)).toBeLessThan(500)
    expect(after - before).toBeLessThan(10 * MB)
    // Nothing that they sent reached the child in a way that harmed it.
    expect((await relay.health()).child).toMatchObject({ state: 'up', pid, restarts: 0 })
    expect(await (await relay.connect()).ask('echo', { value: 'well' })).toBe('well')
  }, 600_000)
})

describe('clients that take their time', () => {
  const [answerBytes, rounds, lanes] = [4 * MB, 2, 8]

  test('of 50 that get answers of 4 MB only those that do not read are closed, and the others do not wait longer', async () => {
    const relay = await startRelay()
    const clients = await Promise.all(Array.from({ length: 50 }, relay.connect))
    const [greedy, stuck, ...others] = clients as [RelayClient, RelayClient, ...RelayClient[]]
    const [trickling] = others as [RelayClient]
    const ask = async (client: RelayClient): Promise<number> => {
      const sentMs = performance.now()
      const { result } = await client.call('flood', { bytes: answerBytes })
      client.received.length = 0
      expect(result.content[0].text).toHaveLength(answerBytes + 2)
      return performance.now() - sentMs
    }
    // A few at a time: otherwise each answer would only measure how long 200 MB take.
    const askAll = async (of: readonly RelayClient[], times = rounds): Promise<number[]> => {
      const turns = Array.from({ length: times }, () => of).flat()
      const tookMs: number[] = []
      const lane = async () => {
        for (let client = turns.shift(); client; client = turns.shift()) tookMs.push(await ask(client))
      }
      await Promise.all(Array.from({ length: lanes }, lane))
      return tookMs
    }
    await askAll(others, 1)
    const beforeMs = await askAll(others)
    // One asks for three at once and reads none; one does not read an answer that the kernel's buffers cannot hold (they
    // grow with what is read), nor the small one behind it, which is within the bound; one reads, but slowly.
    for (const client of [greedy, stuck]) client.socket.pause()
    const flood = (id: string, bytes: number) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: 'flood', arguments: { bytes } },
    })
    const pausedMs = performance.now()
    for (const id of ['a', 'b', 'c']) greedy.send(flood(id, answerBytes))
    stuck.send(flood('a', 8.2 * MB))
    stuck.send(flood('b', 0.9 * MB))
    const sip = setInterval(() => {
      trickling.socket.pause()
      setTimeout(() => trickling.socket.resume(), 40)
    }, 50)
    cleanup(() => clearInterval(sip))
    const duringMs = await askAll(others)
    // 10 s without progress, and 2 s for what a client that is closed may yet read.
    await until(async () => (await relay.health()).clients === others.length, 20_000)
    const closedMs = performance.now() - pausedMs
    clearInterval(sip)
    trickling.socket.resume()
    await ask(trickling)
    for (const client of [greedy, stuck]) client.socket.resume()
    const codes = (await Promise.all([greedy.closed, stuck.closed])).map(({ code }) => code)
    const [before, during] = [percentile(beforeMs, 0.99), percentile(duringMs, 0.99)]
    process.stderr.write(
      `slow readers: p99 of the others ${before.toFixed(0)} → ${during.toFixed(0)} ms, closed after ${closedMs.toFixed(0)} ms with ${codes}\n`,
    )
    // 1006: the word that says why did not get through in its time.
    for (const code of codes) expect(code).toBeOneOf([4408, 4409, 1006])
    expect(others.every(({ socket }) => socket.readyState === WebSocket.OPEN)).toBe(true)
    expect(during).toBeLessThan(2 * before + 100)
  })

  test('400 connections that never finish their request are cut after 10 s; nobody else notices', async () => {
    const relay = await startRelay()
    const honest = await Promise.all(Array.from({ length: 5 }, relay.connect))
    const use = useHonestly(honest)
    const { hostname, port, host } = new URL(relay.origin)
    const beganMs = performance.now()
    const livedMs = Array.from({ length: 400 }, async (_, index) => {
      const socket = connectTcp(Number(port), hostname)
      socket.on('error', () => socket.destroy())
      await once(socket, 'connect')
      const head = `GET /ws HTTP/1.1\r\nHost: ${host}\r\nX-Slow: ${'a'.repeat(200)}`
      // A quarter says nothing at all, the others a letter at a time.
      let at = index % 4 === 0 ? head.length : 0
      const drip = setInterval(() => {
        if (at < head.length && socket.writable) socket.write(head.charAt(at++))
      }, 250)
      socket.resume()
      await once(socket, 'close')
      clearInterval(drip)
      return performance.now() - beganMs
    })
    // While they hold their sockets, one more is let in.
    expect(await (await relay.connect()).ask('echo', { value: 'in' })).toBe('in')
    const slowest = Math.max(...(await Promise.all(livedMs)))
    const tookMs = await use.stop()
    process.stderr.write(
      `slowloris: the last was cut after ${slowest.toFixed(0)} ms; honest clients: p99 ${percentile(tookMs, 0.99).toFixed(0)} ms\n`,
    )
    expect(slowest).toBeLessThan(13_000)
    expect(percentile(tookMs, 0.99)).toBeLessThan(250)
    expect(honest.every(({ socket }) => socket.readyState === WebSocket.OPEN)).toBe(true)
  })

  test('a client that leaves a frame half sent is closed when it answers no ping; what it began takes no memory', async () => {
    const relay = await startRelay(INSPECTED)
    const before = await heldBytes(relay.stderr())
    const half = await Promise.all(Array.from({ length: 50 }, () => openRawWebSocket(relay.url, TOKEN)))
    for (const socket of half) socket.write(frameOf(Buffer.alloc(10, 'x'), { length: 1_000_000 }))
    await until(async () => (await relay.health()).clients === half.length)
    expect((await heldBytes(relay.stderr())) - before).toBeLessThan(5 * MB)
    await Promise.all(half.map(async (socket) => (socket.closed ? undefined : once(socket, 'close'))))
    expect((await relay.health()).clients).toBe(0)
  })
})

/** What comes over a socket, until it is closed. */
async function* dataOf(socket: NodeJS.EventEmitter): AsyncGenerator<[Buffer]> {
  const controller = new AbortController()
  const stop = () => controller.abort()
  socket.once('close', stop)
  try {
    for (;;) yield (await once(socket, 'data', { signal: controller.signal })) as [Buffer]
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error
  } finally {
    socket.off('close', stop)
  }
}
