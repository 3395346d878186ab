import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { Histogram } from '../../platform/histogram.ts'
import { ERRORS, type ErrorCode } from '../../protocol/errors.ts'
import { SOURCE_STATES } from '../../protocol/swarm.ts'
import { healthOf } from '../../server/api/health.ts'
import { ViewerCounts } from '../../server/hub/viewerCounts.ts'
import { KeptLog } from '../../server/log/keptLog.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { ServerMetrics } from '../../server/metrics.ts'
import { View } from '../../server/view.ts'
import { World } from '../../server/world.ts'
import { agentEvent } from '../helpers/eventLogContract.ts'
import { FakeRelay, UP } from '../helpers/fakeRelay.ts'
import { LiteralSource } from '../helpers/literalSource.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { readExposition } from '../helpers/prometheus.ts'
import { records3, runningStores3 } from '../helpers/recordings.ts'
import { silentLog } from '../helpers/silentLog.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import {
  bearer,
  HELLO,
  OPERATOR,
  StreamClient,
  startTestServer,
  type TestServer,
  VIEWER,
} from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'

let relay: FakeRelay
let server: TestServer
const clients: StreamClient[] = []
beforeEach(async () => {
  relay = new FakeRelay()
  relay.records.set(records3(runningStores3()))
  await relay.start()
  server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: relay.port })
  await until(async () => (await server.ask('/api/v1/bots/health')).json().status === 'healthy')
})
afterEach(async () => {
  vi.useRealTimers()
  for (const { socket } of clients.splice(0)) socket.terminate()
  await server.stop()
  await relay.stop()
})

async function scrape() {
  const answer = await server.ask('/metrics', { headers: VIEWER })
  expect(answer.status).toBe(200)
  expect(answer.headers['content-type']).toContain('text/plain; version=0.0.4')
  const { samples, faults } = readExposition(answer.text)
  /** By `name{label="value"}`. */
  const values = new Map<string, number>()
  for (const { name, labels, value } of samples) {
    const written = Object.entries(labels).map(([label, word]) => `${label}="${word}"`)
    values.set(written.length > 0 ? `${name}{${written.join(',')}}` : name, value)
  }
  return { values, faults }
}
const value = async (key: string) => (await scrape()).values.get(key)

async function open() {
  const client = new StreamClient(server.port, { headers: VIEWER })
  clients.push(client)
  await client.opened
  return client
}

async function viewer() {
  const client = await open()
  client.send(HELLO)
  await client.find('snapshot', ({ last }) => last)
  return client
}

/** All counters of a name, those at 0 left out, by their label's value. */
async function counted(name: string): Promise<Record<string, number>> {
  const own = [...(await scrape()).values].filter(([key, count]) => key.startsWith(`${name}{`) && count > 0)
  return Object.fromEntries(own.map(([key, count]) => [/"(.+)"/.exec(key)?.[1] ?? '', count]))
}
const closes = () => counted('swarmscope_viewer_closes_total')

/** One change of one agent, seen at its source `agoMs` ago. */
function change(count: number): void {
  const stores = runningStores3()
  stores.agents.agents.scout!.taskCount = count
  relay.set(records3(stores))
}

describe('GET /metrics', () => {
  test.each([
    ['nobody', {}, 401],
    ['a wrong token', bearer('a-wrong-token'), 401],
    ['a viewer', VIEWER, 200],
    ['an operator', OPERATOR, 200],
  ])('%s gets what it may', async (_, headers, status) => {
    expect((await server.ask('/metrics', { headers })).status).toBe(status)
  })

  test("obeys Prometheus' conventions, with far less than 300 series, and names nobody and nothing", async () => {
    await viewer()
    for (const path of ['/nowhere', '/api/v1/bots/agents', '/api/v1/bots/agents/scout', '/%zz']) await server.ask(path)
    await server.ask('/api/v1/bots/agents', { method: 'PROPFIND', headers: VIEWER })
    const { values, faults } = await scrape()
    expect(faults).toEqual([])
    expect(values.size).toBeLessThan(250)
    expect([...values.keys()].join('\n')).not.toMatch(/scout|source-of-the-test|127\.0\.0\.1|PROPFIND|token/)
  })

  test('says how things stand', async () => {
    await viewer()
    const { values } = await scrape()
    expect(Object.fromEntries(values)).toMatchObject({
      'swarmscope_health_status{status="healthy"}': 1,
      'swarmscope_health_status{status="degraded"}': 0,
      'swarmscope_view_mode{mode="live"}': 1,
      'swarmscope_sources{state="live"}': 1,
      'swarmscope_entities{entity="agent"}': 8,
      swarmscope_viewers: 1,
      'swarmscope_viewer_closes_total{reason="too_slow"}': 0,
    })
    const byStatus = [...values].filter(([key]) => key.startsWith('swarmscope_agents{'))
    expect(byStatus.reduce((sum, [, count]) => sum + count, 0)).toBe(8)
    const { child } = UP
    const lastError = { error: 'claude-flow stopped', code: 'CHILD_CRASHED', details: { suggestion: 'wait' } }
    relay.tellState({ ...UP, child: { ...child, state: 'waiting', lastError } })
    await until(async () => (await value('swarmscope_health_status{status="degraded"}')) === 1)
  })
})

describe('everything at once', () => {
  /** All that can ever be counted, and every state a source can have. */
  async function everything(): Promise<string> {
    const folder = temporaryFolder('metrics')
    const realLog = await KeptLog.open({
      path: join(folder.path, 'events.db'),
      thread: new InThread(),
      log: silentLog,
    })
    onTestFinished(async () => {
      await realLog.eventLog.close()
      folder.remove()
    })
    await realLog.eventLog.append([agentEvent('kept')])
    const metrics = new ServerMetrics(realLog)
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'other']) {
      for (const outcome of ['1xx', '2xx', '3xx', '4xx', '5xx', 'cut']) metrics.requests.set(`${method} ${outcome}`, 7)
    }
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      metrics.errors.add(code)
      metrics.sources.failed.add(code)
    }
    metrics.sources.failed.add('other')
    metrics.freshness.observe(0.05)
    metrics.requestDuration.observe(20)
    const real = new World('real', new MemoryLog())
    await real.append(Array.from({ length: 500 }, (_, n) => agentEvent(`agent-${n}`)))
    const sources = SOURCE_STATES.flatMap((state) => Array.from({ length: 20 }, () => new LiteralSource({ state })))
    const view = new View({ demo: false, real, sources, mock: () => real })
    const hub = { viewers: 3, counts: new ViewerCounts() }
    const health = () => healthOf({ view, hub, demo: false, draining: false, trusted: true })
    try {
      return (await metrics.text({ view, hub, health })).text
    } finally {
      view.close()
    }
  }

  test('is within 300 series, and clean', async () => {
    const { samples, faults } = readExposition(await everything())
    expect(faults).toEqual([])
    expect(samples.length).toBeGreaterThan(200)
    expect(samples.length).toBeLessThanOrEqual(300)
  })

  // Where Prometheus' own checker is installed, it has the last word.
  const hasPromtool = spawnSync('promtool', ['--version']).status === 0
  test.skipIf(!hasPromtool)('is clean for promtool', async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await everything() })
    expect([status, stdout.toString(), stderr.toString()]).toEqual([0, '', ''])
  })
})

describe('counters are what happened', () => {
  test('requests, by method and status; errors, by code', async () => {
    const before = await scrape()
    const rise = async (key: string) => ((await value(key)) ?? 0) - (before.values.get(key) ?? 0)
    for (let n = 0; n < 7; n++) await server.ask('/api/v1/bots/agents', { headers: VIEWER })
    for (let n = 0; n < 5; n++) await server.ask('/api/v1/bots/agents')
    for (let n = 0; n < 3; n++) await server.ask('/api/v1/bots/nothing', { headers: VIEWER })
    for (let n = 0; n < 2; n++) await server.ask('/api/v1/ticket', { method: 'POST', headers: VIEWER })
    expect(await rise('swarmscope_errors_total{code="UNAUTHORIZED"}')).toBe(5)
    expect(await rise('swarmscope_errors_total{code="NOT_FOUND"}')).toBe(3)
    expect(await rise('swarmscope_errors_total{code="INTERNAL"}')).toBe(0)
    expect(await rise('swarmscope_http_requests_total{method="GET",status="4xx"}')).toBe(8)
    expect(await rise('swarmscope_http_requests_total{method="POST",status="2xx"}')).toBe(2)
    // Seven reads, and the scrapes: that of `before`, and five of `rise` that were over when the sixth was answered.
    expect(await rise('swarmscope_http_requests_total{method="GET",status="2xx"}')).toBe(7 + 1 + 5)
  })

  test('losses and failures of a source', async () => {
    expect(await value('swarmscope_source_connections_total')).toBe(1)
    for (let n = 1; n <= 3; n++) {
      relay.drop()
      await until(async () => (await value('swarmscope_source_connections_total')) === n + 1)
      expect(await value('swarmscope_source_losses_total')).toBe(n)
      expect(await value('swarmscope_source_failures_total{code="CONNECTION_LOST"}')).toBe(n)
    }
    const tried = relay.attempts.length
    await relay.stop()
    await until(async () => ((await value('swarmscope_source_failures_total{code="CONNECTION_REFUSED"}')) ?? 0) >= 2)
    expect(relay.attempts.length).toBe(tried)
    expect(await value('swarmscope_source_connections_total')).toBe(4)
    expect(await value('swarmscope_source_losses_total')).toBe(4)
    expect(await value('swarmscope_source_failures_total{code="CONNECTION_LOST"}')).toBe(4)
  })

  test('[R13] a line that fell silent is a loss, and no connection when it is heard again', async () => {
    relay.freeze()
    await until(async () => (await value('swarmscope_source_losses_total')) === 1)
    relay.thaw()
    await until(async () => (await value('swarmscope_sources{state="live"}')) === 1)
    expect(await value('swarmscope_source_connections_total')).toBe(1)
    expect(await value('swarmscope_source_failures_total{code="CONNECTION_TIMEOUT"}')).toBe(0)
  })

  test('an upgrade that is refused is an error, as every other request', async () => {
    const refused = (options: ConstructorParameters<typeof StreamClient>[1]) =>
      new StreamClient(server.port, options).opened.catch(() => undefined)
    for (let n = 0; n < 3; n++) await refused({})
    await refused({ headers: VIEWER, path: '/nowhere' })
    await refused({ headers: { ...VIEWER, Host: 'evil.example' } })
    expect(await counted('swarmscope_errors_total')).toEqual({ UNAUTHORIZED: 3, NOT_FOUND: 1, WRONG_HOST: 1 })
    expect(await value('swarmscope_viewer_connections_total{door="stream"}')).toBe(0)
  })

  test('[V16] viewers that came, by their door, and that are gone, by why', async () => {
    const silent = await open()
    for (const client of [await viewer(), await viewer()]) client.socket.terminate()
    await until(async () => (await closes()).left === 2)
    const ends: [string, (client: StreamClient) => void][] = [
      ['bad_message', (client) => client.send('hello?')],
      ['too_large', (client) => client.send('x'.repeat(64 * 1024 + 1))],
      ['version_mismatch', (client) => client.send({ ...HELLO, protocol: { min: 5, max: 9 } })],
      ['flood', (client) => Array.from({ length: 250 }, () => client.send({ type: 'pong' }))],
    ]
    for (const [, end] of ends) {
      const client = await open()
      end(client)
      await client.closed
    }
    await until(async () => (await counted('swarmscope_viewer_closes_total')).flood === 1)
    const events = request({ port: server.port, path: '/api/v1/events', headers: VIEWER, agent: false })
    const [answer] = (await once(events.end(), 'response')) as [IncomingMessage]
    answer.destroy()
    await until(async () => (await closes()).left === 3)
    expect(await closes()).toEqual({ left: 3, bad_message: 1, too_large: 1, version_mismatch: 1, flood: 1 })
    expect(await counted('swarmscope_viewer_connections_total')).toEqual({ stream: 7, events: 1 })
    // A good one as well: those who drain are told apart from those who left.
    await viewer()
    const drained = server.drain()
    await silent.closed
    await until(async () => (await closes()).stopping === 2)
    expect(await value('swarmscope_viewers')).toBe(0)
    await drained
  })

  test('[V2, V9] viewers that never say hello, or never answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
    const mute = await open()
    const deaf = await viewer()
    vi.advanceTimersByTime(10_000)
    await mute.closed
    vi.advanceTimersByTime(15_000)
    await deaf.find('ping')
    vi.advanceTimersByTime(8_000)
    await deaf.closed
    vi.useRealTimers()
    await until(async () => (await closes()).no_pong === 1)
    expect(await closes()).toEqual({ no_hello: 1, no_pong: 1 })
  })

  test('[V4] how viewers began, and each message that left for one, by its type', async () => {
    const [first, second] = [await viewer(), await viewer()]
    const { epoch, seq } = await first.find('snapshot')
    change(1)
    const frames = await Promise.all([first, second].map((client) => client.find('frame', ({ to }) => to > seq)))
    expect(frames).toHaveLength(2)
    for (const resume of [
      { epoch, seq },
      { epoch: 'another', seq },
    ]) {
      const client = await open()
      client.send({ ...HELLO, resume })
      await (resume.epoch === epoch ? client.find('frame') : client.find('snapshot'))
    }
    expect(await counted('swarmscope_viewer_starts_total')).toEqual({ new: 2, resumed: 1, anew: 1 })
    // That others came is told within a second; then nothing is on its way.
    await Promise.all(clients.map((client) => client.find('status', ({ viewers }) => viewers === clients.length)))
    const got = (type: string) => clients.flatMap(({ messages }) => messages.filter((one) => one.type === type)).length
    const types = ['status', 'snapshot', 'frame']
    const expected = Object.fromEntries(types.map((type) => [type, got(type)]))
    await until(async () => (await counted('swarmscope_viewer_messages_sent_total')).status === expected.status)
    expect(await counted('swarmscope_viewer_messages_sent_total')).toEqual(expected)
    expect(await value('swarmscope_viewer_snapshots_sent_total')).toBe(3)
    expect((await counted('swarmscope_viewer_messages_encoded_total')).frame).toBeLessThanOrEqual(2)
  })

  test('what was above a limit, by the limit', async () => {
    const limited = await startTestServer(
      { type: 'relay', host: '127.0.0.1', port: relay.port },
      { rateLimits: { health: 4, anonymous: 2, read: 1_000, command: 3, ticket: 1, ingest: 9 } },
    )
    try {
      const times = async (count: number, path: string, options?: Parameters<TestServer['ask']>[1]) => {
        const answers = []
        for (let n = 0; n < count; n++) answers.push((await limited.ask(path, options)).status)
        return answers.filter((status) => status === 429).length
      }
      const over = {
        health: await times(9, '/api/v1/bots/health'),
        anonymous: await times(5, '/api/v1/bots/agents'),
        ticket: await times(3, '/api/v1/ticket', { method: 'POST', headers: VIEWER }),
      }
      expect(over).toEqual({ health: 5, anonymous: 3, ticket: 2 })
      const { text } = await limited.ask('/metrics', { headers: VIEWER })
      for (const [kind, count] of Object.entries({ ...over, read: 0, command: 0 })) {
        expect(text).toContain(`swarmscope_rate_limited_total{kind="${kind}"} ${count}\n`)
      }
      expect(text).toContain('swarmscope_errors_total{code="RATE_LIMITED"} 10\n')
    } finally {
      await limited.stop()
    }
  })

  test('one observation of freshness for each frame that a following viewer took, none for its snapshot', async () => {
    const viewers = [await viewer(), await viewer()]
    const status = viewers.map((client) => client.find('status', ({ viewers: count }) => count === 2))
    await Promise.all(status)
    expect(await value('swarmscope_freshness_seconds_count')).toBe(0)
    const seen = (count: number) =>
      Promise.all(
        viewers.map((client) =>
          client.find('frame', ({ put }) => put.some((one) => one.entity === 'agent' && one.tasksCompleted === count)),
        ),
      )
    for (let n = 1; n <= 5; n++) {
      change(n)
      await seen(n)
    }
    await until(async () => (await value('swarmscope_freshness_seconds_count')) === 10)
    const { values } = await scrape()
    expect(values.get('swarmscope_freshness_seconds_bucket{le="+Inf"}')).toBe(10)
    const frames = viewers.flatMap(({ messages }) => messages.filter(({ type }) => type === 'frame'))
    expect(frames).toHaveLength(10)
  })
})

describe('a histogram', () => {
  test('counts a value in the first bucket that holds it, bounds included', () => {
    const histogram = new Histogram([1, 2, 5])
    for (const value of [0, 1, 1.5, 2, 5, 5.1, 1_000]) histogram.observe(value)
    expect(histogram.buckets).toEqual([2, 2, 1, 2])
    expect(histogram.count).toBe(7)
    expect(histogram.sum).toBeCloseTo(1_014.6)
  })
})
