import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Frame, RevisionedStore, SnapshotAssembly, type SnapshotChunk } from '../../protocol/frames.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { Hub, NO_PROGRESS_MS } from '../../server/hub/hub.ts'
import { serveEvents } from '../../server/hub/sse.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { View } from '../../server/view.ts'
import { World } from '../../server/world.ts'
import { agentEvent } from '../helpers/eventLogContract.ts'
import { LiteralSource } from '../helpers/literalSource.ts'
import { startTestServer, type TestServer, VIEWER } from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'
import { canonicalHash } from '../protocol/samples.ts'

interface SentEvent {
  event: string
  id: string | null
  retry: string | null
  data: Record<string, unknown>
}

/** A reader of server-sent events, as their standard reads them. */
class EventReader {
  readonly events: SentEvent[] = []
  readonly store = new RevisionedStore<Entity>('')
  readonly #assembly = new SnapshotAssembly<Entity>()
  response: IncomingMessage | null = null
  ended = false
  #text = ''
  readonly #request

  constructor(port: number, headers: Record<string, string> = {}, method = 'GET') {
    this.#request = request(
      { host: '127.0.0.1', port, path: '/api/v1/events', method, headers: { ...VIEWER, ...headers } },
      (response) => {
        this.response = response
        response.setEncoding('utf8').on('data', (more: string) => this.#read(more))
        response.on('close', () => {
          this.ended = true
        })
        response.on('error', () => undefined)
      },
    )
    this.#request.on('error', () => {
      this.ended = true
    })
    this.#request.end()
  }

  get lastId(): string {
    return this.events.findLast(({ id }) => id !== null)?.id ?? ''
  }

  stop(): void {
    this.#request.destroy()
  }

  #read(more: string): void {
    this.#text += more
    const blocks = this.#text.split('\n\n')
    this.#text = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)))
      if (!fields.data) continue
      const data = JSON.parse(fields.data) as Record<string, unknown>
      this.events.push({ event: fields.event ?? '', id: fields.id ?? null, retry: fields.retry ?? null, data })
      if (fields.event === 'snapshot') {
        const snapshot = this.#assembly.add(data as unknown as SnapshotChunk<Entity>)
        if (typeof snapshot === 'object') this.store.load(snapshot)
      } else if (fields.event === 'frame') {
        expect(this.store.apply(data as unknown as Frame<Entity>)).toBe('applied')
      }
    }
  }
}

let server: TestServer
const readers: EventReader[] = []
beforeEach(async () => {
  server = await startTestServer({ type: 'demo', agents: 5 })
})
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.stop()
  await server.stop()
})
const open = (headers: Record<string, string> = {}, method = 'GET') => {
  const reader = new EventReader(server.port, headers, method)
  readers.push(reader)
  return reader
}
const viewers = async () => (await server.ask('/api/v1/bots/health')).json().viewers

test('[V12] gives the status, the snapshot with its id, then frames with theirs', async () => {
  const reader = open()
  await until(() => reader.events.some(({ event }) => event === 'frame'))
  expect(reader.response?.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  })
  expect(reader.events.slice(0, 2).map(({ event }) => event)).toEqual(['status', 'snapshot'])
  for (const { event, id, data } of reader.events) {
    if (event === 'status') expect(id).toBeNull()
    if (event === 'snapshot') expect(id).toBe(`${data.epoch}:${data.seq}`)
    if (event === 'frame') expect(id).toBe(`${data.epoch}:${data.to}`)
  }
})

test('[V12] Last-Event-ID resumes with a frame, and ends where a newcomer is', async () => {
  const first = open()
  await until(() => first.lastId !== '')
  const id = first.lastId
  first.stop()
  const second = open({ 'Last-Event-ID': id })
  second.store.load(first.store.snapshot())
  await until(() => second.events.filter(({ event }) => event === 'frame').length >= 2)
  expect(second.events.map(({ event }) => event)).not.toContain('snapshot')
  const newcomer = open()
  await until(() => newcomer.store.seq > 0 && newcomer.store.seq === second.store.seq)
  expect(canonicalHash(newcomer.store.values())).toBe(canonicalHash(second.store.values()))
})

test.each(['of-yesterday:5', 'garbage', ':', '__proto__:1', 'x:99999999999999999999'])(
  'Last-Event-ID %s gives a snapshot',
  async (id) => {
    const reader = open({ 'Last-Event-ID': id })
    await until(() => reader.store.seq > 0)
    expect(reader.events[1]?.event).toBe('snapshot')
  },
)

test('a reader is counted while it reads, and no longer', async () => {
  const reader = open()
  await until(async () => (await viewers()) === 1)
  reader.stop()
  await until(async () => (await viewers()) === 0)
})

test('HEAD ends at once and is no viewer', async () => {
  const reader = open({}, 'HEAD')
  await until(() => reader.ended)
  expect(reader.response?.statusCode).toBe(200)
  expect(await viewers()).toBe(0)
})

test('[V15] a server that ends says goodbye, when to come back, and takes its readers with it', async () => {
  const reader = open()
  await until(() => reader.events.length > 0)
  await server.close()
  await until(() => reader.ended)
  const goodbye = reader.events.at(-1)
  expect(goodbye).toMatchObject({ event: 'goodbye', data: { type: 'goodbye', retryAfterMs: expect.any(Number) } })
  expect(goodbye?.retry).toBe(String(goodbye?.data.retryAfterMs))
})

test('[V10, V12] a reader that takes nothing for 10 s is closed, and its seat is free again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  const real = new World('real', new MemoryLog())
  const activity = 'x'.repeat(500_000)
  // More than the sockets' buffers hold.
  await real.append(Array.from({ length: 40 }, (_, n) => agentEvent(`agent-${n}`, { activity })))
  const view = new View({ demo: false, real, sources: [new LiteralSource({ state: 'live' })], mock: () => real })
  const hub = new Hub(view)
  const http = express()
    .get('/api/v1/events', (request, response) => serveEvents(request, response, hub))
    .listen(0, '127.0.0.1')
  try {
    await once(http, 'listening')
    const reader = new EventReader((http.address() as AddressInfo).port)
    readers.push(reader)
    // Not `until`: its clock stands still.
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    while (!reader.response) await turn()
    reader.response.pause()
    for (let sent = -1; sent < hub.counts.sent.total; ) {
      sent = hub.counts.sent.total
      for (let n = 0; n < 20; n++) await turn()
    }
    vi.advanceTimersByTime(NO_PROGRESS_MS - 1)
    expect([hub.viewers, hub.counts.closed.get('too_slow')]).toEqual([1, 0])
    vi.advanceTimersByTime(1)
    expect(hub.viewers).toBe(0)
    // The only hold on the server is gone.
    await new Promise((resolve) => http.close(resolve))
    while (hub.counts.closed.total === 0) await turn()
    expect([...hub.counts.closed].filter(([, count]) => count > 0)).toEqual([['too_slow', 1]])
  } finally {
    hub.close()
    view.close()
    http.closeAllConnections()
    vi.useRealTimers()
  }
})
