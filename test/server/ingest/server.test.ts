// The doors in the whole server, over real sockets.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OPERATIONS } from '../../../server/api/operations.ts'
import { HOOKS_PATH, OTLP_PATHS } from '../../../server/ingest/paths.ts'
import { freedPort } from '../../helpers/fakeRelay.ts'
import { readExposition } from '../../helpers/prometheus.ts'
import {
  type AskOptions,
  HELLO,
  INGEST,
  OPERATOR,
  StreamClient,
  startTestServer,
  type TestServer,
  VIEWER,
} from '../../helpers/testServer.ts'
import { until } from '../../helpers/until.ts'

let server: TestServer
beforeEach(async () => {
  server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: await freedPort() })
})
afterEach(() => server.stop())

const JSON_TYPE = { 'Content-Type': 'application/json' }
const DOORS = [HOOKS_PATH, ...Object.values(OTLP_PATHS)]

const attributes = (said: Record<string, string | number>) =>
  Object.entries(said).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: value } : { stringValue: value },
  }))
const RUN = JSON.stringify({
  resourceSpans: [
    {
      resource: { attributes: attributes({ 'service.name': 'crew', 'user.email': 'dev@example.com' }) },
      scopeSpans: [
        {
          spans: [
            {
              traceId: '1'.repeat(32),
              spanId: '2'.repeat(16),
              name: 'invoke_agent Planner',
              startTimeUnixNano: '1795472708000000000',
              endTimeUnixNano: '1795472709000000000',
              attributes: attributes({
                'gen_ai.operation.name': 'invoke_agent',
                'gen_ai.provider.name': 'openai',
                'gen_ai.agent.name': 'Planner',
                'gen_ai.usage.input_tokens': 12,
                'gen_ai.input.messages': 'the prompt',
              }),
            },
          ],
        },
      ],
    },
  ],
})
const post = (path: string, body: string, of = server, options: AskOptions = {}) =>
  of.ask(path, { method: 'POST', body, ...options, headers: { ...JSON_TYPE, ...INGEST, ...options.headers } })
const agentsOf = async (of = server) =>
  (await of.ask('/api/v1/bots/agents', { headers: VIEWER })).json().agents as Record<string, unknown>[]

test('[I10] a span of another agent is an agent in the API and on the stream when it is answered, and the view is live', async () => {
  const viewer = new StreamClient(server.port, { headers: VIEWER })
  await viewer.opened
  viewer.send(HELLO)
  expect((await post(OTLP_PATHS.traces, RUN)).status).toBe(200)
  const agents = await agentsOf()
  expect(agents).toHaveLength(1)
  expect(agents[0]).toMatchObject({ name: 'Planner', origin: 'otlp', status: 'offline', tokens: { input: 12 } })
  expect(JSON.stringify(agents)).not.toMatch(/dev@|prompt/)
  // Before there was anything real the made-up world was shown: the first is a snapshot of another epoch.
  await viewer.find('snapshot', (chunk) => JSON.stringify(chunk).includes('"Planner"'))
  const health = (await server.ask('/api/v1/bots/health', { headers: VIEWER })).json()
  expect(health.mode).toBe('live')
  const sources = health.sources as { kind: string; state: string; counts: Record<string, number> | null }[]
  expect(sources.find(({ kind }) => kind === 'otlp')).toMatchObject({ state: 'receiving', counts: { spans: 1 } })
  expect(sources.find(({ kind }) => kind === 'claude-code')?.state).toBe('never')
  viewer.socket.terminate()
})

describe('[I1] the ingest token', () => {
  test('is good for nothing else: no read, no command, no ticket, no stream, no metrics', async () => {
    for (const { method, path, access } of OPERATIONS) {
      if (access === 'anyone' || access === 'ingest') continue
      const verb = method.toUpperCase()
      const answer = await server.ask(path.replace(/\{\w+\}/, 'x'), {
        method: verb,
        headers: { ...INGEST, ...JSON_TYPE },
      })
      expect([verb, path, answer.status]).toEqual([verb, path, 401])
      expect(answer.text).toContain('ingest token')
    }
    expect((await server.ask('/metrics', { headers: INGEST })).status).toBe(401)
    const stream = new StreamClient(server.port, { headers: INGEST })
    await expect(stream.opened).rejects.toMatchObject({ status: 401 })
    const health = (await server.ask('/api/v1/bots/health', { headers: INGEST })).json()
    expect(JSON.stringify(health)).not.toContain('stderr')
  })

  test('is the only one that is taken at the doors', async () => {
    for (const path of DOORS) {
      for (const headers of [OPERATOR, VIEWER, { Authorization: '' }]) {
        expect((await post(path, '{}', server, { headers })).status).toBe(401)
      }
      expect((await post(path, '{}')).status).toBe(200)
      expect((await server.ask(path, { headers: INGEST })).status).toBe(405)
    }
  })
})

test('what came in, was lost and refused is in the metrics, and beside the sources', async () => {
  await post(HOOKS_PATH, 'no JSON')
  await post(HOOKS_PATH, '{"hook_event_name": "SwarmscopeDoctor"}')
  await post(HOOKS_PATH, '{}', server, { headers: OPERATOR })
  await post(OTLP_PATHS.traces, RUN)
  await post(OTLP_PATHS.logs, RUN.replaceAll('Spans', 'Logs').replaceAll('"spans"', '"logRecords"'))
  await post(OTLP_PATHS.traces, 'x', server, { headers: { 'Content-Type': 'text/plain' } })
  // A hook is looked at when it has been answered.
  const metricsText = async () => (await server.ask('/metrics', { headers: VIEWER })).text
  await until(async () => (await metricsText()).includes('hooks_lost_total{reason="ignored"} 1'))
  const { samples, faults } = readExposition(await metricsText())
  expect(faults).toEqual([])
  const value = (name: string, labels: Record<string, string> = {}) =>
    samples.find(
      (sample) =>
        sample.name === `swarmscope_ingest_${name}` && JSON.stringify(sample.labels) === JSON.stringify(labels),
    )?.value
  expect(value('hooks_total')).toBe(2)
  expect(value('hook_answer_seconds_count')).toBe(2)
  expect(value('hook_answer_seconds_sum')).toBeGreaterThan(0)
  expect(value('hooks_lost_total', { reason: 'malformed' })).toBe(1)
  expect(value('hooks_lost_total', { reason: 'ignored' })).toBe(1)
  expect(value('hooks_lost_total', { reason: 'dropped_lifecycle' })).toBe(0)
  expect(value('telemetry_total', { outcome: 'taken' })).toBe(1)
  expect(value('telemetry_total', { outcome: 'foreign' })).toBe(1)
  expect(value('refused_total', { door: 'hooks', reason: 'unauthorized' })).toBe(1)
  expect(value('refused_total', { door: 'telemetry', reason: 'type' })).toBe(1)
  // Beside the source they stand too, but each number has one name in the metrics: there is what the sources made of it.
  const beside = async () => (await server.ask('/api/v1/bots/health')).text
  await until(async () => (await beside()).includes('"hooksMalformed":1'))
  // Who was refused for another reason than that there was no room lost nothing that belongs here.
  expect(await beside()).not.toContain('"refused"')
  const later = readExposition(await metricsText()).samples
  const ofSources = later.filter(({ name }) => name === 'swarmscope_source_records_total')
  expect(ofSources.map(({ labels, value }) => [labels.source, labels.outcome, value])).toEqual([['otlp', 'spans', 1]])
})

test('[I6] into a demo nothing real comes: it is answered, thrown away and counted', async () => {
  const demo = await startTestServer({ type: 'demo', agents: 3 })
  try {
    expect((await post(OTLP_PATHS.traces, RUN, demo)).status).toBe(200)
    const hook = await post(HOOKS_PATH, '{"session_id": "s-1", "hook_event_name": "SessionStart"}', demo)
    expect([hook.status, hook.text]).toEqual([200, '{}'])
    expect((await agentsOf(demo)).every(({ origin, mock }) => origin === 'mock' && mock)).toBe(true)
    expect((await demo.ask('/metrics', { headers: VIEWER })).text).toContain(
      'swarmscope_ingest_hooks_lost_total{reason="unwanted"} 1',
    )
  } finally {
    await demo.stop()
  }
})

test('[I7] a server that stops answers OTLP with 503, and hooks as ever', async () => {
  const other = await startTestServer({ type: 'relay', host: '127.0.0.1', port: await freedPort() })
  const drained = other.drain()
  const refused = await post(OTLP_PATHS.traces, RUN, other)
  expect([refused.status, refused.json().code, refused.headers['retry-after']]).toEqual([503, 14, '5'])
  const hook = await post(HOOKS_PATH, '{"session_id": "s-1", "hook_event_name": "Stop"}', other)
  expect([hook.status, hook.text, hook.headers.connection]).toEqual([200, '{}', 'close'])
  await drained
  await other.stop()
})
