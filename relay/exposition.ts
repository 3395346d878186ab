// The relay's metrics as Prometheus reads them: names by its conventions, base units, and in labels nothing that a client
// could choose. Everything is looked up at the moment of a scrape.

import { performance } from 'node:perf_hooks'
import { Counter, Gauge, type Metric, Registry } from 'prom-client'
import { VERSION } from '../platform/version.ts'
import { relayState } from '../protocol/relayWire.ts'
import { DURATION_BUCKETS_S, METHODS, OUTCOMES, type RelayFacts, type RelayMetrics } from './metrics.ts'

const PREFIX = 'swarmscope_relay_'
const CHILD_STATES = relayState.shape.child.shape.state.options

type Labels = Record<string, string>
interface Value {
  labels: Labels
  value: number
}

/** The value, or one for each set of labels. */
type Read = () => number | readonly Value[]

export function createExposition(metrics: RelayMetrics, facts: () => RelayFacts): () => Promise<string> {
  const registry = new Registry()
  const add = (kind: 'counter' | 'gauge', name: string, help: string, read: Read, labelNames: string[] = []) => {
    const options = { name, help, labelNames, registers: [registry] }
    const values = () => {
      const now = read()
      return typeof now === 'number' ? [{ labels: {}, value: now }] : now
    }
    if (kind === 'gauge') {
      const gauge = new Gauge({
        ...options,
        collect: () => {
          for (const { labels, value } of values()) gauge.set(labels, value)
        },
      })
      return
    }
    const counter = new Counter({
      ...options,
      collect: () => {
        counter.reset() // what is counted elsewhere is set here by starting from 0
        for (const { labels, value } of values()) counter.inc(labels, value)
      },
    })
  }
  const own = (kind: 'counter' | 'gauge', name: string, help: string, read: Read, labelNames?: string[]) =>
    add(kind, PREFIX + name, help, read, labelNames)

  own('gauge', 'build_info', 'Always 1; its version', () => [{ labels: { version: VERSION }, value: 1 }], ['version'])
  own('gauge', 'clients', 'Clients that are connected', () => labelled('door', Object.entries(facts().clients)), [
    'door',
  ])
  own('gauge', 'subscribers', 'Clients that follow the records', () => facts().subscribers)
  own('gauge', 'open_sockets', 'Connections of every kind, probes and scrapes too', () => facts().sockets.open)
  own('counter', 'received_bytes_total', 'Bytes that came in', () => facts().sockets.receivedBytes)
  own('counter', 'sent_bytes_total', 'Bytes that went out', () => facts().sockets.sentBytes)
  own('gauge', 'pending_requests', 'Requests that claude-flow has not answered yet', () => facts().pending)
  own(
    'counter',
    'requests_total',
    'Requests for claude-flow that are over, by what became of them',
    () =>
      METHODS.flatMap((method, row) =>
        OUTCOMES.map((outcome, column) => ({
          labels: { method, outcome },
          value: metrics.tallies.settled[row]?.[column] ?? 0,
        })),
      ),
    ['method', 'outcome'],
  )
  registry.registerMetric(durations(metrics))

  own('gauge', 'child_up', '1 if claude-flow answers', () => Number(facts().child.state === 'up'))
  own(
    'gauge',
    'child_state',
    "1 for the state in which claude-flow's process is",
    () =>
      labelled(
        'state',
        CHILD_STATES.map((state) => [state, Number(facts().child.state === state)]),
      ),
    ['state'],
  )
  own('counter', 'child_restarts_total', 'How often claude-flow was started again', () => facts().child.restarts)

  own('gauge', 'watched_files', 'State files of claude-flow that were found', () => facts().watchedFiles)
  own('gauge', 'records', 'Agents, tasks, swarms and hives that are known', () => facts().records)
  own('counter', 'state_changes_total', 'Changes of the records', () => facts().stateChanges)
  own('counter', 'frames_sent_total', 'Frames and chunks of snapshots', () => metrics.tallies.framesSent)

  own(
    'counter',
    'dropped_total',
    'Messages that were passed on to nobody',
    () => labelled('reason', reasons(facts())),
    ['reason'],
  )
  own(
    'counter',
    'refused_total',
    'Connections and requests refused at the door',
    () => labelled('code', [...metrics.tallies.refused]),
    ['code'],
  )
  own(
    'counter',
    'clients_closed_total',
    'Clients closed for being slow, silent or too fast, by the code that they were given',
    () =>
      labelled(
        'code',
        [...metrics.tallies.closed].map(([code, count]) => [String(code), count]),
      ),
    ['code'],
  )

  add('counter', 'process_cpu_seconds_total', 'Processor time of the relay, without claude-flow', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  add('gauge', 'process_resident_memory_bytes', 'Memory of the relay, without claude-flow', () =>
    process.memoryUsage.rss(),
  )
  const startedAtSeconds = Date.now() / 1000 - process.uptime()
  add('gauge', 'process_start_time_seconds', 'When the relay was started', () => startedAtSeconds)
  add('gauge', 'nodejs_heap_size_used_bytes', "JavaScript's part of the memory", () => process.memoryUsage().heapUsed)
  // As counters any two scrapes give the load between them, whoever else scrapes; and nothing has to run for it.
  add(
    'counter',
    'nodejs_eventloop_active_seconds_total',
    'Time in which the event loop worked',
    () => performance.eventLoopUtilization().active / 1000,
  )
  add(
    'counter',
    'nodejs_eventloop_idle_seconds_total',
    'Time in which the event loop waited',
    () => performance.eventLoopUtilization().idle / 1000,
  )
  const lag = new Gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'How long the event loop took for one turn when this was asked for',
    registers: [registry],
    collect: async () => {
      const askedMs = performance.now()
      await new Promise((resolve) => setImmediate(resolve))
      lag.set((performance.now() - askedMs) / 1000)
    },
  })
  return () => registry.metrics()
}

function labelled(label: string, entries: Iterable<readonly [string, number | undefined]>): Value[] {
  return [...entries].map(([name, value = 0]) => ({ labels: { [label]: name }, value }))
}

/** `lateAnswers` → `late_answers`. */
const reasons = ({ dropped }: RelayFacts): [string, number][] =>
  Object.entries(dropped).map(([name, count]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    count,
  ])

/**
 * prom-client's own histogram would hash labels for every request. This has its shape: what the registry asks of a
 * metric is `get`, though its types know the library's classes only.
 */
function durations(metrics: RelayMetrics): Metric {
  const name = `${PREFIX}request_duration_seconds`
  const metric = {
    name,
    help: 'How long requests for claude-flow took, from the client and back',
    type: 'histogram',
    aggregator: 'sum',
    get: async () => ({ ...metric, values: METHODS.flatMap((method, row) => valuesOf(method, row)) }),
  }
  const valuesOf = (method: string, row: number) => {
    const { buckets, sumSeconds } = metrics.tallies.durations[row] ?? { buckets: [], sumSeconds: 0 }
    let count = 0
    const cumulative = buckets.map((inBucket, index) => {
      count += inBucket
      const le = DURATION_BUCKETS_S[index] ?? '+Inf'
      return { metricName: `${name}_bucket`, labels: { method, le }, value: count }
    })
    return [
      ...cumulative,
      { metricName: `${name}_sum`, labels: { method }, value: sumSeconds },
      { metricName: `${name}_count`, labels: { method }, value: count },
    ]
  }
  return metric as unknown as Metric
}
