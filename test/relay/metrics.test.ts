import { describe, expect, test } from 'vitest'
import { ERRORS, type ErrorCode } from '../../protocol/errors.ts'
import { type RelayFacts, RelayMetrics } from '../../relay/metrics.ts'
import { readExposition } from '../helpers/prometheus.ts'

const facts = (more: Partial<RelayFacts> = {}): RelayFacts => ({
  clients: { ws: 3, http: 1 },
  subscribers: 2,
  sockets: { open: 5, receivedBytes: 1_000, sentBytes: 2_000 },
  pending: 7,
  child: { state: 'up', restarts: 4 },
  watchedFiles: 5,
  records: 40,
  stateChanges: 99,
  dropped: {
    lateAnswers: 1,
    garbageLines: 2,
    idlessErrors: 3,
    refusedFromChild: 4,
    refusedFromClients: 5,
    rateLimited: 6,
  },
  ...more,
})

async function read(metrics: RelayMetrics) {
  const { samples, types, faults } = readExposition(await metrics.text())
  const sampled = (name: string, labels: Record<string, string> = {}): number | undefined =>
    samples.find((each) => each.name === name && JSON.stringify(each.labels) === JSON.stringify(labels))?.value
  return { samples, types, faults, sampled }
}

describe('the metrics', () => {
  test('are clean when nothing happened yet', async () => {
    const { faults, samples } = await read(new RelayMetrics(() => facts()))
    expect(faults).toEqual([])
    expect(samples.length).toBeGreaterThan(50)
  })

  test('say how things stand now, and again at the next scrape', async () => {
    let now = facts()
    const metrics = new RelayMetrics(() => now)
    const first = await read(metrics)
    expect(first.sampled('swarmscope_relay_clients', { door: 'ws' })).toBe(3)
    expect(first.sampled('swarmscope_relay_clients', { door: 'http' })).toBe(1)
    expect(first.sampled('swarmscope_relay_pending_requests')).toBe(7)
    expect(first.sampled('swarmscope_relay_open_sockets')).toBe(5)
    expect(first.sampled('swarmscope_relay_received_bytes_total')).toBe(1_000)
    expect(first.sampled('swarmscope_relay_sent_bytes_total')).toBe(2_000)
    expect(first.sampled('swarmscope_relay_child_up')).toBe(1)
    expect(first.sampled('swarmscope_relay_child_state', { state: 'up' })).toBe(1)
    expect(first.sampled('swarmscope_relay_dropped_total', { reason: 'late_answers' })).toBe(1)
    expect(first.sampled('swarmscope_relay_state_changes_total')).toBe(99)
    now = facts({ clients: { ws: 0, http: 0 }, child: { state: 'waiting', restarts: 5 }, stateChanges: 100 })
    const second = await read(metrics)
    expect(second.faults).toEqual([])
    expect(second.sampled('swarmscope_relay_clients', { door: 'ws' })).toBe(0)
    expect(second.sampled('swarmscope_relay_child_up')).toBe(0)
    expect(second.sampled('swarmscope_relay_child_state', { state: 'up' })).toBe(0)
    expect(second.sampled('swarmscope_relay_child_state', { state: 'waiting' })).toBe(1)
    expect(second.sampled('swarmscope_relay_child_restarts_total')).toBe(5)
    expect(second.sampled('swarmscope_relay_state_changes_total')).toBe(100)
    const cpu = 'process_cpu_seconds_total'
    expect(second.sampled(cpu)).toBeGreaterThanOrEqual(first.sampled(cpu) ?? Number.NaN)
    const started = second.sampled('process_start_time_seconds') ?? 0
    expect(Math.abs(started - (Date.now() / 1000 - process.uptime()))).toBeLessThan(5)
  })

  test('count requests by what became of them, and how long they took', async () => {
    const metrics = new RelayMetrics(() => facts())
    for (const durationMs of [0.5, 1, 1.001, 20, 60_000]) {
      metrics.settled({ method: 'tools/call', outcome: 'ok', durationMs })
    }
    metrics.settled({ method: 'tools/call', outcome: 'timed-out', durationMs: 3_600_001 })
    metrics.settled({ method: 'tools/list', outcome: 'ok', durationMs: 3 })
    metrics.settled({ method: 'chosen-by-a-client"\n', outcome: 'error', durationMs: 4 })
    const { sampled, faults } = await read(metrics)
    expect(faults).toEqual([])
    const requests = 'swarmscope_relay_requests_total'
    expect(sampled(requests, { method: 'tools/call', outcome: 'ok' })).toBe(5)
    expect(sampled(requests, { method: 'tools/call', outcome: 'timed-out' })).toBe(1)
    expect(sampled(requests, { method: 'other', outcome: 'ok' })).toBe(1)
    expect(sampled(requests, { method: 'other', outcome: 'error' })).toBe(1)
    const duration = 'swarmscope_relay_request_duration_seconds'
    const bucket = (le: string) => sampled(`${duration}_bucket`, { method: 'tools/call', le })
    expect([bucket('0.001'), bucket('0.005'), bucket('0.025'), bucket('30'), bucket('300')]).toEqual([2, 3, 4, 4, 5])
    expect([bucket('3600'), bucket('+Inf')]).toEqual([5, 6])
    expect(sampled(`${duration}_sum`, { method: 'tools/call' })).toBeCloseTo(3660.023501, 6)
    expect(sampled(`${duration}_count`, { method: 'other' })).toBe(2)
  })

  test('stay below 100 series in daily use, whatever clients send; none has an id or a name of theirs', async () => {
    const metrics = new RelayMetrics(() => facts())
    const daily: ErrorCode[] = ['UNAUTHORIZED', 'WRONG_HOST', 'WRONG_ORIGIN', 'NOT_FOUND', 'BAD_REQUEST', 'STOPPING']
    for (const code of daily) metrics.refused.add(code)
    for (const code of [4408, 4409, 4429]) metrics.closed.add(String(code))
    for (let client = 0; client < 1_000; client++) {
      metrics.settled({ method: `method-${client}`, outcome: 'ok', durationMs: client })
      metrics.frameSent()
    }
    const { samples, faults, sampled } = await read(metrics)
    expect(faults).toEqual([])
    expect(samples.length).toBeLessThanOrEqual(100)
    expect(sampled('swarmscope_relay_frames_sent_total')).toBe(1_000)
    expect(sampled('swarmscope_relay_refused_total', { code: 'UNAUTHORIZED' })).toBe(1)
    expect(sampled('swarmscope_relay_clients_closed_total', { code: '4409' })).toBe(1)
    const labels = new Set(samples.flatMap((each) => Object.keys(each.labels)))
    expect([...labels].sort()).toEqual(['code', 'door', 'le', 'method', 'outcome', 'reason', 'state', 'version'])
    for (const code of Object.keys(ERRORS) as ErrorCode[]) metrics.refused.add(code)
    expect((await read(metrics)).samples.length).toBeLessThan(100 + Object.keys(ERRORS).length)
  })
})

describe('the reader of the metrics', () => {
  test.each([
    ['# TYPE a gauge\na 1\n', 'a has no HELP before its samples'],
    ['# HELP a x\na 1\n', 'a has no TYPE before its samples'],
    ['# HELP a x\n# TYPE a counter\na 1\n', 'a is a counter'],
    ['# HELP a_total x\n# TYPE a_total gauge\na_total 1\n', 'a_total is a gauge'],
    ['# HELP a_ms x\n# TYPE a_ms gauge\na_ms 1\n', 'a_ms is in no base unit'],
    ['# HELP a_kilobytes x\n# TYPE a_kilobytes gauge\na_kilobytes 1\n', 'a_kilobytes is in no base unit'],
    ['# HELP a_d_total x\n# TYPE a_d_total counter\na_d_total 1\n', 'a_d_total is in no base unit'],
    ['# HELP a_gauge x\n# TYPE a_gauge gauge\na_gauge 1\n', 'a_gauge says its type'],
    ['# HELP a:b x\n# TYPE a:b gauge\na:b 1\n', 'a:b has a colon'],
    ['# HELP a_sum x\n# TYPE a_sum gauge\na_sum 1\n', 'a_sum ends as a part of a histogram'],
    ['# HELP a x\n# TYPE a gauge\na{le="1"} 1\n', 'a has the label le'],
    ['# HELP a x\n# TYPE a gauge\na{bC="1"} 1\n', 'a has capitals in bC'],
    ['# HELP a x\n# TYPE a gauge\na{b="1"} 1\na{b="1"} 2\n', 'a{b,1} is there twice'],
    ['# HELP a x\n# TYPE a gauge\na{b="1} 1\n', 'not labels: a{b="1} 1'],
    ['# HELP a x\n# TYPE a gauge\na one\n', 'not a sample: a one'],
    ['# HELP a x\n# TYPE a gauge\na 1', 'the last line does not end'],
    ['# HELP a x\n# HELP a y\n# TYPE a gauge\na 1\n', 'a has HELP twice'],
    ['# HELP a x\n# TYPE a gauge\na 1\n# HELP b x\n# TYPE b gauge\nb 1\na{c="1"} 1\n', 'a is not in one piece'],
    [
      '# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
      'a{} does not rise',
    ],
    ['# HELP a x\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n', 'a{} has no bucket +Inf'],
  ])('finds what is wrong in %j', (text, fault) => {
    expect(readExposition(text).faults).toEqual([fault])
  })
})
