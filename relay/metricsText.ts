// The relay's metrics as Prometheus reads them: names by its conventions, base units, and in labels nothing that a client
// could choose. Everything is looked up at the moment of a scrape.

import { Exposition } from '../platform/exposition.ts'
import { VERSION } from '../platform/version.ts'
import { relayState } from '../protocol/relayWire.ts'
import type { RelayFacts, RelayMetrics } from './metrics.ts'

const PREFIX = 'swarmscope_relay_'
const CHILD_STATES = relayState.shape.child.shape.state.options

export function createMetricsText(metrics: RelayMetrics, facts: () => RelayFacts): () => Promise<string> {
  const exposition = new Exposition()
  const gauge = (name: string, help: string, read: () => number) =>
    exposition.gauge({ name: PREFIX + name, help, read })
  const counter = (name: string, help: string, read: () => number) =>
    exposition.counter({ name: PREFIX + name, help, read })

  exposition.gauge({
    name: `${PREFIX}build_info`,
    help: 'Always 1; its version',
    labels: ['version'],
    read: () => [[VERSION, 1]],
  })
  exposition.gauge({
    name: `${PREFIX}clients`,
    help: 'Clients that are connected',
    labels: ['door'],
    read: () => Object.entries(facts().clients),
  })
  gauge('subscribers', 'Clients that follow the records', () => facts().subscribers)
  gauge('open_sockets', 'Connections of every kind, probes and scrapes too', () => facts().sockets.open)
  counter('received_bytes_total', 'Bytes that came in', () => facts().sockets.receivedBytes)
  counter('sent_bytes_total', 'Bytes that went out', () => facts().sockets.sentBytes)
  gauge('pending_requests', 'Requests that claude-flow has not answered yet', () => facts().pending)
  exposition.counter({
    name: `${PREFIX}requests_total`,
    help: 'Requests for claude-flow that are over, by what became of them',
    labels: ['method', 'outcome'],
    read: () => metrics.requests,
  })
  exposition.histogram(
    `${PREFIX}request_duration_seconds`,
    'How long requests for claude-flow took, from the client and back',
    { label: 'method', byValue: metrics.durations },
  )

  gauge('child_up', '1 if claude-flow answers', () => Number(facts().child.state === 'up'))
  exposition.gauge({
    name: `${PREFIX}child_state`,
    help: "1 for the state in which claude-flow's process is",
    labels: ['state'],
    read: () => CHILD_STATES.map((state) => [state, Number(facts().child.state === state)] as const),
  })
  counter('child_restarts_total', 'How often claude-flow was started again', () => facts().child.restarts)

  gauge('watched_files', 'State files of claude-flow that were found', () => facts().watchedFiles)
  gauge('records', 'Agents, tasks, swarms and hives that are known', () => facts().records)
  counter('state_changes_total', 'Changes of the records', () => facts().stateChanges)
  counter('frames_sent_total', 'Frames and chunks of snapshots', () => metrics.framesSent)

  exposition.counter({
    name: `${PREFIX}dropped_total`,
    help: 'Messages that were passed on to nobody',
    labels: ['reason'],
    read: () => Object.entries(facts().dropped).map(([name, count]) => [snakeCase(name), count] as const),
  })
  exposition.counter({
    name: `${PREFIX}refused_total`,
    help: 'Connections and requests refused at the door',
    labels: ['code'],
    read: () => metrics.refused,
  })
  exposition.counter({
    name: `${PREFIX}clients_closed_total`,
    help: 'Clients closed for being slow, silent or too fast, by the code that they were given',
    labels: ['code'],
    read: () => metrics.closed,
  })
  exposition.process()
  return () => exposition.text()
}

/** `lateAnswers` → `late_answers`. */
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
