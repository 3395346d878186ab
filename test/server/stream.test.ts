import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RevisionedStore } from '../../protocol/frames.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { CLOSE } from '../../protocol/viewerWire.ts'
import { TICKET_LIFETIME_MS, Tickets } from '../../server/guard/tickets.ts'
import { Hub, type Seat } from '../../server/hub/hub.ts'
import { View } from '../../server/view.ts'
import { FakeRelay } from '../helpers/fakeRelay.ts'
import { records3, runningStores3 } from '../helpers/recordings.ts'
import {
  HELLO,
  OPERATOR,
  type Refused,
  StreamClient,
  startTestServer,
  type TestServer,
  TOKENS,
  VIEWER,
} from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'
import { canonicalHash } from '../protocol/samples.ts'

let server: TestServer
const ends: (() => Promise<unknown> | unknown)[] = []

beforeEach(async () => {
  server = await startTestServer({ type: 'demo', agents: 5 })
})
afterEach(async () => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  for (const end of ends.splice(0).reverse()) await end()
  await server.stop()
})

function connectTo(options: ConstructorParameters<typeof StreamClient>[1] = {}, port = server.port): StreamClient {
  const client = new StreamClient(port, options)
  ends.push(() => client.socket.terminate())
  return client
}
async function open(options: ConstructorParameters<typeof StreamClient>[1] = { headers: VIEWER }) {
  const client = connectTo(options)
  await client.opened
  return client
}
const refusal = (options: ConstructorParameters<typeof StreamClient>[1], port?: number): Promise<Refused> =>
  connectTo(options, port).opened.then(
    () => Promise.reject(new Error('it was let in')),
    (error: Refused) => error,
  )
const newTicket = async (headers: Record<string, string> = VIEWER): Promise<string> => {
  const answer = await server.ask('/api/v1/ticket', { method: 'POST', headers })
  return String(answer.json().ticket)
}
const withTicket = (ticket: string) => ({ protocols: ['swarmscope.v1', `ticket.${ticket}`] })

/** Sends bytes as they are and gives what comes back until the server ends it. */
const raw = (bytes: string) =>
  new Promise<string>((resolve, reject) => {
    let answer = ''
    // Half-open: this end is never closed by us, the server has to let go by itself.
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    ends.push(() => socket.destroy())
    socket.setEncoding('utf8')
    socket.on('data', (more: string) => {
      answer += more
    })
    socket.on('error', reject)
    socket.on('end', () => resolve(answer))
    socket.write(bytes)
  })

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string'

describe('[V1] a viewer proves itself before the upgrade', () => {
  test.each([
    ['viewer', VIEWER],
    ['operator', OPERATOR],
  ])('by the %s token', async (role, headers) => {
    const client = await open({ headers })
    client.send(HELLO)
    expect(await client.find('hello')).toEqual({
      type: 'hello',
      protocol: 1,
      version: expect.any(String),
      role,
      doors: { tls: 'none', secureUrl: null, plainPort: server.port, lanName: expect.toSatisfy(isTextOrNull) },
    })
    expect(client.socket.protocol).toBe('swarmscope.v1')
  })

  test.each([
    ['viewer', VIEWER],
    ['operator', OPERATOR],
  ])('by a ticket, which has the role of the %s that asked for it', async (role, headers) => {
    const ticket = await newTicket(headers)
    const client = await open(withTicket(ticket))
    client.send(HELLO)
    expect(await client.find('hello')).toMatchObject({ role })
    // The ticket is not said back.
    expect(client.socket.protocol).toBe('swarmscope.v1')
  })

  test('a ticket works once', async () => {
    const ticket = await newTicket()
    await open(withTicket(ticket))
    expect(await refusal(withTicket(ticket))).toMatchObject({ status: 401 })
  })

  test.each([
    ['no token', {}],
    ['a wrong token', { headers: { Authorization: 'Bearer wrong-token-1234' } }],
    ['the relay token', { headers: { Authorization: `Bearer ${TOKENS.relay}` } }],
    ['another scheme', { headers: { Authorization: `Basic ${TOKENS.operator}` } }],
    ['an invented ticket', { protocols: ['swarmscope.v1', 'ticket.abcdef'] }],
    ['an empty ticket', { protocols: ['swarmscope.v1', 'ticket.'] }],
    ['a token in the address', { path: `/api/v1/stream?token=${TOKENS.operator}` }],
  ])('%s is refused with 401 before it', async (_, options) => {
    const { status, body, headers } = await refusal(options)
    expect(status).toBe(401)
    expect(JSON.parse(body)).toMatchObject({ success: false, code: 'UNAUTHORIZED' })
    expect(headers['www-authenticate']).toContain('Bearer')
    expect(headers['content-type']).toContain('application/json')
  })

  test.each([
    ['another site', 'https://evil.example'],
    ['another port of this machine', 'http://127.0.0.1:1'],
    ['null', 'null'],
    ['https of the same name', 'https://127.0.0.1:PORT'],
  ])('[A2] the origin of %s is refused with 403, token or not', async (_, origin) => {
    const Origin = origin.replace('PORT', String(server.port))
    expect(await refusal({ headers: { ...OPERATOR, Origin } })).toMatchObject({ status: 403 })
    expect(await refusal({ headers: { Origin } })).toMatchObject({ status: 403 })
  })

  test('[A2] our own origin passes', async () => {
    await open({ headers: { ...VIEWER, Origin: `http://localhost:${server.port}` } })
  })

  test.each(['evil.example', 'evil.example:PORT', '127.0.0.1', '127.0.0.1:1'])(
    '[A1] Host %s is refused with 421, before anything else',
    async (host) => {
      const Host = host.replace('PORT', String(server.port))
      expect(await refusal({ headers: { ...OPERATOR, Host, Origin: 'https://evil.example' } })).toMatchObject({
        status: 421,
      })
    },
  )

  test('another path is refused with 404', async () => {
    expect(await refusal({ headers: OPERATOR, path: '/api/v1/strea' })).toMatchObject({ status: 404 })
    expect(await refusal({ headers: OPERATOR, path: '/' })).toMatchObject({ status: 404 })
  })

  test('an upgrade that is no WebSocket handshake gets the one shape, not HTML', async () => {
    const answer = await raw(
      `GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${TOKENS.viewer}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).not.toMatch(/html/i)
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ success: false, code: 'BAD_REQUEST' })
  })

  test('a refused client that never ends its side does not keep the server from closing', async () => {
    const head = `GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
    expect(await raw(head)).toMatch(/^HTTP\/1\.1 401 /)
    const startedAt = performance.now()
    await server.close()
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})

describe('tickets', () => {
  test('expire after 30 s, are single use, and say the role', () => {
    let now = 0
    const tickets = new Tickets(() => now)
    const [first, second] = [tickets.issue('viewer'), tickets.issue('operator')]
    expect(first).not.toBe(second)
    now = TICKET_LIFETIME_MS - 1
    expect(tickets.redeem(first)).toBe('viewer')
    expect(tickets.redeem(first)).toBeNull()
    now = TICKET_LIFETIME_MS
    expect(tickets.redeem(second)).toBeNull()
    expect(tickets.redeem('__proto__')).toBeNull()
  })

  test('are bounded: the oldest of too many are void', () => {
    const tickets = new Tickets(() => 0)
    const oldest = tickets.issue('viewer')
    for (let n = 0; n < 4_000; n++) tickets.issue('viewer')
    expect(tickets.redeem(oldest)).toBeNull()
    expect(tickets.redeem(tickets.issue('viewer'))).toBe('viewer')
  })
})

describe('the stream', () => {
  test('[V4] says hello, then the status, then the snapshot, then frames', async () => {
    const client = await open()
    client.send(HELLO)
    await client.find('frame')
    expect(client.messages.slice(0, 3).map(({ type }) => type)).toEqual(['hello', 'status', 'snapshot'])
    expect(await client.find('status')).toMatchObject({ mode: 'mock', viewers: 1 })
  })

  test('[V4, F4] resumes with what changed, and ends where the API is', async () => {
    const relay = await new FakeRelay().start()
    ends.push(() => relay.stop())
    relay.records.set(records3(runningStores3()))
    const live = await startTestServer({ type: 'relay', host: '127.0.0.1', port: relay.port })
    ends.push(() => live.stop())
    await until(async () => (await live.ask('/api/v1/bots/health')).json().mode === 'live')
    const first = connectTo({ headers: VIEWER }, live.port)
    await first.opened
    first.send(HELLO)
    const snapshot = await first.find('snapshot', ({ put }) => put.some(({ id }) => id.endsWith('/scout')))
    first.socket.close()
    await first.closed
    const store = new RevisionedStore<Entity>('')
    store.load(snapshot)

    const stores = runningStores3()
    delete stores.agents.agents.scout
    stores.agents.agents.checker!.status = 'busy'
    relay.set(records3(stores))
    const second = connectTo({ headers: VIEWER }, live.port)
    await second.opened
    second.send({ ...HELLO, resume: { epoch: store.epoch, seq: store.seq } })
    const frame = await second.find('frame', ({ del }) => del.some(({ id }) => id.endsWith('/scout')))
    expect(store.apply(frame)).toBe('applied')
    expect(second.messages.map(({ type }) => type)).not.toContain('snapshot')
    const data = (await live.ask('/api/v1/bots/data', { headers: VIEWER })).json() as Record<string, { id: string }[]>
    const plain = (entities: Iterable<object>) =>
      canonicalHash([...entities].map((entity) => ({ ...(entity as Entity), entity: 'agent', rev: 0 })))
    expect(plain(store.all('agent').values())).toBe(plain(data.agents ?? []))
  })

  test('[V3] no common version closes with 4526', async () => {
    const client = await open()
    client.send({ ...HELLO, protocol: { min: 5, max: 9 } })
    expect(await client.closed).toMatchObject({ code: CLOSE.VERSION_MISMATCH })
    expect(client.messages).toEqual([])
  })

  test('what a viewer says after it was closed is not heard', async () => {
    const retry = vi.spyOn(View.prototype, 'retry')
    const client = await open({ headers: OPERATOR })
    client.send({ ...HELLO, protocol: { min: 5, max: 9 } })
    client.send(HELLO)
    client.send({ type: 'retry' })
    expect(await client.closed).toMatchObject({ code: CLOSE.VERSION_MISMATCH })
    expect(client.messages).toEqual([])
    expect(retry).not.toHaveBeenCalled()
  })

  test('[V2] no hello in time closes with 4408', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const client = await open()
    vi.advanceTimersByTime(10_000)
    expect(await client.closed).toMatchObject({ code: CLOSE.TIMED_OUT })
  })

  test.each([
    ['no JSON', 'hello?'],
    ['an unknown type', '{"type":"please"}'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a hello without versions', '{"type":"hello"}'],
    ['a hello with a bad resume', JSON.stringify({ ...HELLO, resume: { epoch: 'x', seq: -1 } })],
    ['bytes', Buffer.from([0xff, 0xfe, 0x00])],
  ])('[V10] %s closes with 4400', async (_, message) => {
    const client = await open()
    client.send(message)
    expect(await client.closed).toMatchObject({ code: CLOSE.BAD_MESSAGE })
  })

  test('[V10] more than 64 KiB closes with 1009; a little less is read', async () => {
    const client = await open()
    client.send({ ...HELLO, padding: 'x'.repeat(60_000) })
    await client.find('hello')
    client.send('x'.repeat(64 * 1024 + 1))
    expect(await client.closed).toMatchObject({ code: 1009 })
  })

  test('[V10] a flood of messages closes with 4429', async () => {
    const client = await open()
    client.send(HELLO)
    for (let n = 0; n < 250; n++) client.send({ type: 'pong' })
    expect(await client.closed).toMatchObject({ code: CLOSE.TOO_MANY_MESSAGES })
  })

  test('a second hello changes nothing', async () => {
    const client = await open()
    client.send(HELLO)
    client.send(HELLO)
    await client.find('frame')
    expect(client.messages.filter(({ type }) => type === 'hello')).toHaveLength(1)
    expect((await server.ask('/api/v1/bots/health')).json().viewers).toBe(1)
  })

  test('[V9] a viewer that answers pings stays; one that is silent for 33 s is closed with 4408', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    const [talker, silent] = [await open(), await open()]
    for (const client of [talker, silent]) {
      client.send(HELLO)
      await client.find('hello')
    }
    const pings = (client: StreamClient) => client.messages.filter(({ type }) => type === 'ping').length
    // Second by second: what is sent must be able to leave, or they would be closed for being slow.
    const pass = async (seconds: number) => {
      for (let n = 0; n < seconds * 2; n++) {
        vi.advanceTimersByTime(500)
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      }
    }
    for (const round of [1, 2]) {
      await pass(round === 1 ? 25 : 17)
      await talker.find('ping', () => pings(talker) === round)
      // What it says next has been heard as soon as something that was asked for after it is answered.
      talker.send({ type: 'pong' })
      await new Promise<void>((resolve) => {
        talker.socket.once('pong', () => resolve())
        talker.socket.ping()
      })
      if (round === 1) await pass(8)
    }
    expect(await silent.closed).toMatchObject({ code: CLOSE.TIMED_OUT })
    expect(talker.socket.readyState).toBe(talker.socket.OPEN)
  })

  test('[V9] a viewer that was sent much since it was last heard may still be reading it: it is given two minutes, not 8 s', async () => {
    const large = await startTestServer({ type: 'demo', agents: 3_000 })
    ends.push(() => large.stop())
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
    const client = connectTo({ headers: VIEWER }, large.port)
    await client.opened
    client.send(HELLO)
    await client.find('snapshot', ({ last }) => last)
    const pass = async (seconds: number) => {
      for (let n = 0; n < seconds * 2; n++) {
        vi.advanceTimersByTime(500)
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      }
    }
    await pass(100)
    expect(client.socket.readyState).toBe(client.socket.OPEN)
    await pass(60)
    expect(await client.closed).toMatchObject({ code: CLOSE.TIMED_OUT })
  })

  test('a viewer that goes is counted no more', async () => {
    const client = await open()
    client.send(HELLO)
    const other = await open()
    other.send(HELLO)
    await other.find('status', ({ viewers }) => viewers === 2)
    client.socket.terminate()
    await other.find('status', ({ viewers }) => viewers === 1)
  })

  test('[V11, V15] a server that ends says goodbye, and closes with 1001, after which a viewer may try again', async () => {
    const client = await open()
    const silent = await open()
    client.send(HELLO)
    await client.find('snapshot')
    await server.close()
    expect(await client.closed).toMatchObject({ code: CLOSE.GOING_AWAY })
    const { retryAfterMs } = await client.find('goodbye')
    expect(retryAfterMs).toBeLessThanOrEqual(2_000)
    expect(client.messages.at(-1)?.type).toBe('goodbye')
    expect(await silent.closed).toMatchObject({ code: CLOSE.GOING_AWAY })
  })

  test('[V14] is refused with 503 and Retry-After before the upgrade while no seat is free, and so is a ticket', async () => {
    const isFull = vi.spyOn(Hub.prototype, 'isFull', 'get').mockReturnValue(true)
    const { status, headers, body } = await refusal({ headers: VIEWER })
    expect(status).toBe(503)
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect(JSON.parse(body)).toMatchObject({ success: false, code: 'TOO_MANY_VIEWERS' })
    const answers = [
      await server.ask('/api/v1/ticket', { method: 'POST', headers: VIEWER }),
      await server.ask('/api/v1/events', { headers: VIEWER }),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(503)
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      expect(answer.json()).toMatchObject({ code: 'TOO_MANY_VIEWERS' })
    }
    isFull.mockRestore()
    await open()
  })

  test('[V14] a seat is taken from the upgrade on, and given back when the socket is gone or was never one', async () => {
    const seats: (Seat | null)[] = []
    const left = vi.fn()
    const { takeSeat } = Hub.prototype
    vi.spyOn(Hub.prototype, 'takeSeat').mockImplementation(function (this: Hub) {
      const seat = takeSeat.call(this)
      const leave = seat?.leave
      if (seat && leave)
        seat.leave = () => {
          leave()
          left()
        }
      seats.push(seat)
      return seat
    })
    const silent = await open()
    expect([seats.length, left.mock.calls.length]).toEqual([1, 0])
    silent.socket.terminate()
    await until(() => left.mock.calls.length > 0)
    left.mockClear()
    const path = '/api/v1/stream'
    await raw(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${TOKENS.viewer}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    )
    await until(() => left.mock.calls.length > 0)
    expect(seats).toHaveLength(2)
  })

  test('is not compressed, though the viewer offers it', async () => {
    const client = await open({ headers: VIEWER, perMessageDeflate: true })
    expect(client.socket.extensions).toBe('')
  })

  test('a server ends in a moment though a viewer neither reads nor answers', async () => {
    const client = await open()
    client.send(HELLO)
    await client.find('snapshot')
    client.socket.pause()
    const startedAt = performance.now()
    await server.close()
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })
})

describe('retry', () => {
  test.each([
    ['an operator', 1, OPERATOR],
    ['a viewer', 0, VIEWER],
  ])('[V10] of %s is passed on %s times', async (_, times, headers) => {
    const retry = vi.spyOn(View.prototype, 'retry')
    const client = await open({ headers })
    client.send(HELLO)
    client.send({ type: 'retry' })
    // The answer to what was sent after it proves that it was read.
    await new Promise<void>((resolve) => {
      client.socket.once('pong', () => resolve())
      client.socket.ping()
    })
    expect(retry).toHaveBeenCalledTimes(times)
  })

  test('tries a relay that was given up', async () => {
    const relay = await new FakeRelay().start()
    ends.push(() => relay.stop())
    relay.refuseWith = 401
    const live = await startTestServer({ type: 'relay', host: '127.0.0.1', port: relay.port })
    ends.push(() => live.stop())
    await relay.until(() => relay.attempts.length === 1)
    const client = connectTo({ headers: OPERATOR }, live.port)
    await client.opened
    client.send(HELLO)
    await client.find('status', ({ sources }) => sources[0]?.state === 'closed')
    relay.refuseWith = null
    client.send({ type: 'retry' })
    await client.find('status', ({ mode }) => mode === 'live')
  })
})
