import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Histogram } from '../../platform/histogram.ts'
import { FakeRelay, UP } from '../helpers/fakeRelay.ts'
import { readExposition } from '../helpers/prometheus.ts'
import { records3, runningStores3 } from '../helpers/recordings.ts'
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
beforeEach(async () => {
  relay = new FakeRelay()
  relay.records.set(records3(runningStores3()))
  await relay.start()
  server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: relay.port })
  await until(async () => (await server.ask('/api/v1/bots/health')).json().status === 'healthy')
})
afterEach(async () => {
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

async function viewer() {
  const client = new StreamClient(server.port, { headers: VIEWER })
  await client.opened
  client.send(HELLO)
  await client.find('snapshot', ({ last }) => last)
  return client
}

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
      swarmscope_viewers_dropped_total: 0,
    })
    const byStatus = [...values].filter(([key]) => key.startsWith('swarmscope_agents{'))
    expect(byStatus.reduce((sum, [, count]) => sum + count, 0)).toBe(8)
    const { child } = UP
    const lastError = { error: 'claude-flow stopped', code: 'CHILD_CRASHED', details: { suggestion: 'wait' } }
    relay.tellState({ ...UP, child: { ...child, state: 'waiting', lastError } })
    await until(async () => (await value('swarmscope_health_status{status="degraded"}')) === 1)
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
