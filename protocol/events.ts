// What happened, as the log keeps it. Sources write events; the fold turns them into entities.

import type { Agent, EntityKind, IsoTime, Link, Source, Swarm, Task, Unnumbered } from './swarm.ts'

export const EVENT_VERSION = 2 as const

/**
 * Orders what one source says of one entity: [incarnation of the source's own log, revision in it]. The later one
 * wins whatever the order of arrival, which makes the fold the same under any order and any repetition.
 */
export type Version = readonly [incarnation: number, revision: number]

interface EventBase {
  v: typeof EVENT_VERSION
  /** Natural id of the happening; the same key again is the same event again. */
  key: string
  sourceId: string
  version: Version
  /** The source's clock; `null` if it told none. */
  at: IsoTime | null
  /** Our clock when it came in; monotone within a log. */
  receivedAt: IsoTime
}

interface EntityById {
  agent: Unnumbered<Agent>
  task: Unnumbered<Task>
  swarm: Unnumbered<Swarm>
  link: Unnumbered<Link>
  source: Unnumbered<Source>
}

/** The entity is now as it stands here. */
type Upserted<K extends EntityKind> = EventBase & { type: `${K}.upserted`; entity: EntityById[K] }
/** Its source no longer has it. */
type Retired<K extends EntityKind> = EventBase & { type: `${K}.retired`; id: string }

export type SwarmEvent = { [K in EntityKind]: Upserted<K> | Retired<K> }[EntityKind]

/** One atomic step of the log: its events share one sequence number. */
export interface Batch {
  seq: number
  events: readonly SwarmEvent[]
}

export const compareVersions = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1]

/** An entity as some version stated it: all that is known for sure. */
export interface KeptEntity extends Record<string, unknown> {
  entity: EntityKind
  id: string
}

/** What makes an entity as version N states it one of N + 1; at N. Pure; may not change what it is given. */
export type Upcasts = Readonly<Record<number, (entity: KeptEntity) => KeptEntity>>

/** What version 2 tells of an agent beyond version 1. It goes first, for the same reason as `rev` (fold.ts). */
const AGENT_OF_2 = {
  openTools: null,
  lastTool: null,
  lastFailure: null,
  unattributed: null,
  crossCheck: null,
  endedReason: null,
  sessionId: null,
} satisfies Partial<Agent>

/**
 * Entries stay for ever: somebody's log or recording still holds what that version said, as events, as kept state and in
 * keyframes.
 */
export const UPCASTS: Upcasts = {
  1: (entity) => (entity.entity === 'agent' ? { ...AGENT_OF_2, ...entity } : entity),
}
