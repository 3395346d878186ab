// The server's metrics as Prometheus reads them: names by its conventions, and in labels nothing that a client or a swarm
// could choose. Everything but the tallies is looked up at the moment of a scrape.

import { Exposition } from '../platform/exposition.ts'
import { VERSION } from '../platform/version.ts'
import { AGENT_STATUSES, type EntityKind, MODES, SOURCE_STATES } from '../protocol/swarm.ts'
import { HEALTH_STATUSES, type Health } from './api/health.ts'
import type { Hub } from './hub/hub.ts'
import { type AnyCount, HOOK_COUNTS, TELEMETRY_COUNTS } from './ingest/counts.ts'
import { logFigures } from './log/logFigures.ts'
import type { ServerMetrics } from './metrics.ts'
import type { View } from './view.ts'

export interface ServerFacts {
  view: View
  hub: Pick<Hub, 'viewers' | 'counts'>
  health: () => Health
}

const ENTITIES = ['agent', 'task', 'swarm', 'link', 'source'] as const satisfies readonly EntityKind[]
const PREFIX = 'swarmscope_'

export function createMetricsText(
  metrics: ServerMetrics,
  { view, hub, health }: ServerFacts,
): () => Promise<{ type: string; text: string }> {
  const exposition = new Exposition()
  const { counts } = hub
  exposition.gauge({
    name: `${PREFIX}build_info`,
    help: 'Always 1; its version',
    labels: ['version'],
    read: () => [[VERSION, 1]],
  })
  exposition.gauge({
    name: `${PREFIX}health_status`,
    help: '1 for how the server is',
    labels: ['status'],
    read: () => oneOf(HEALTH_STATUSES, health().status),
  })
  exposition.gauge({
    name: `${PREFIX}view_mode`,
    help: '1 for what is shown',
    labels: ['mode'],
    read: () => oneOf(MODES, view.mode),
  })

  exposition.gauge({
    name: `${PREFIX}sources`,
    help: 'Sources by the state of their connection',
    labels: ['state'],
    read: () =>
      countBy(
        SOURCE_STATES,
        view.sources.map(({ state }) => state),
      ),
  })
  exposition.counter({
    name: `${PREFIX}source_connections_total`,
    help: 'Connections to sources that became live; the first of each, and then every reconnect',
    read: () => metrics.sources.connected,
  })
  exposition.counter({
    name: `${PREFIX}source_losses_total`,
    help: 'How often a source that was live was not any more, be it that its connection was lost or only fell silent',
    read: () => metrics.sources.lost,
  })
  exposition.counter({
    name: `${PREFIX}source_failures_total`,
    help: 'Connections to sources that failed or were lost, by the code of the error',
    labels: ['code'],
    read: () => metrics.sources.failed,
  })

  exposition.counter({
    name: `${PREFIX}source_records_total`,
    help: 'What sources that send by themselves made of what the doors (ingest_…) handed on to them, by outcome',
    labels: ['source', 'outcome'],
    read: () => view.sources.flatMap(({ kind, counts }) => readingsOf(kind, counts ?? {})),
  })

  exposition.gauge({
    name: `${PREFIX}entities`,
    help: 'What is shown, by kind',
    labels: ['entity'],
    read: () => ENTITIES.map((entity) => [entity, view.world.store.all(entity).size]),
  })
  exposition.gauge({
    name: `${PREFIX}agents`,
    help: 'Agents that are shown, by status',
    labels: ['status'],
    read: () =>
      countBy(
        AGENT_STATUSES,
        [...view.world.store.all('agent').values()].map(({ status }) => status),
      ),
  })
  exposition.gauge({
    name: `${PREFIX}log_sequence`,
    help: 'Number of the last batch of events that is shown',
    read: () => view.world.store.seq,
  })
  const lookAtLog = logFigures(exposition, metrics.log)

  exposition.gauge({ name: `${PREFIX}viewers`, help: 'Viewers of the live stream', read: () => hub.viewers })
  exposition.counter({
    name: `${PREFIX}viewer_connections_total`,
    help: 'Connections of viewers that were opened: WebSockets (stream) and server-sent events (events)',
    labels: ['door'],
    read: () => counts.opened,
  })
  exposition.counter({
    name: `${PREFIX}viewer_closes_total`,
    help: 'Connections of viewers that are over, by why: left is the viewer or the network, all else is the server',
    labels: ['reason'],
    read: () => counts.closed,
  })
  exposition.counter({
    name: `${PREFIX}viewer_starts_total`,
    help: 'Viewers by how they began: new, resumed where they were, or anew because that place is gone',
    labels: ['start'],
    read: () => counts.starts,
  })
  exposition.counter({
    name: `${PREFIX}viewer_messages_encoded_total`,
    help: 'Frames, chunks of snapshots and statuses that were encoded, each once for all viewers',
    labels: ['type'],
    read: () => counts.encoded,
  })
  exposition.counter({
    name: `${PREFIX}viewer_messages_sent_total`,
    help: 'Frames, chunks of snapshots and statuses that left for a viewer, each counted for each viewer',
    labels: ['type'],
    read: () => counts.sent,
  })
  exposition.counter({
    name: `${PREFIX}viewer_snapshots_sent_total`,
    help: 'Snapshots that left whole for a viewer',
    read: () => counts.snapshots,
  })
  exposition.counter({
    name: `${PREFIX}viewer_snapshot_restarts_total`,
    help: 'Snapshots that were begun again from a younger one, because too many slow viewers held old ones',
    read: () => counts.restarts,
  })
  exposition.histogram(
    `${PREFIX}freshness_seconds`,
    "From the moment a change was seen at its source (by the source's clock) to when its frame left for a viewer",
    metrics.freshness,
  )

  exposition.counter({
    name: `${PREFIX}http_requests_total`,
    help: 'HTTP requests that are over, by method and class of the status',
    labels: ['method', 'status'],
    read: () => metrics.requests,
  })
  exposition.histogram(`${PREFIX}http_request_duration_seconds`, 'How long HTTP requests took', metrics.requestDuration)
  exposition.counter({
    name: `${PREFIX}errors_total`,
    help: 'Requests that were answered with an error, refused upgrades included, by its code',
    labels: ['code'],
    read: () => metrics.errors,
  })
  exposition.counter({
    name: `${PREFIX}ingest_hooks_total`,
    help: 'Hooks of Claude Code that were answered',
    read: () => metrics.ingest.hooks.get('hooks'),
  })
  exposition.histogram(
    `${PREFIX}ingest_hook_answer_seconds`,
    'From the earliest moment at which the end of a hook can have been there to be read to its answer, all waiting in this process included',
    metrics.ingest.answers,
  )
  exposition.counter({
    name: `${PREFIX}ingest_hooks_lost_total`,
    help: 'Answered hooks of which nothing is shown, by the reason',
    labels: ['reason'],
    read: () =>
      [...metrics.ingest.hooks].flatMap(([what, count]) =>
        what === 'hooks' ? [] : [[reasonOf(what), count] as const],
      ),
  })
  exposition.counter({
    name: `${PREFIX}ingest_telemetry_total`,
    help: 'Spans, log records and data points of metrics that came in, by what became of them',
    labels: ['outcome'],
    read: () =>
      [...metrics.ingest.records].map(([what, count]) => [what === 'telemetry' ? 'taken' : reasonOf(what), count]),
  })
  exposition.counter({
    name: `${PREFIX}ingest_refused_total`,
    help: 'Requests with hooks or telemetry that were refused, by the reason',
    labels: ['door', 'reason'],
    read: () =>
      Object.entries(metrics.ingest.refusals).flatMap(([door, reasons]) =>
        [...reasons].map(([reason, count]) => [`${door} ${reason}`, count] as const),
      ),
  })
  exposition.counter({
    name: `${PREFIX}rate_limited_total`,
    help: 'Requests above the limit of their kind',
    labels: ['kind'],
    read: () => metrics.rateLimited,
  })
  exposition.process()
  return async () => {
    await lookAtLog()
    return { type: exposition.contentType, text: await exposition.text() }
  }
}

/** A source's status tells these, too, for people; here each number has one name: `ingest_…`. */
const DOOR_COUNTS: ReadonlySet<string> = new Set<AnyCount>([...HOOK_COUNTS, ...TELEMETRY_COUNTS, 'refused'])

const readingsOf = (kind: string, counts: Record<string, number>): [string, number][] =>
  Object.entries(counts).flatMap(([what, count]) => (DOOR_COUNTS.has(what) ? [] : [[`${kind} ${what}`, count]]))

/** `hooksDroppedActivity` → `dropped_activity`. */
const reasonOf = (what: string): string =>
  what
    .replace(/^(?:hooks|telemetry)/, '')
    .replaceAll(/(?<=[a-z])[A-Z]/g, '_$&')
    .toLowerCase()

const oneOf = <T extends string>(names: readonly T[], now: T): [T, number][] =>
  names.map((name) => [name, Number(name === now)])

function countBy<T extends string>(names: readonly T[], values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>(names.map((name) => [name, 0]))
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
