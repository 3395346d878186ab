// What happened, as the log keeps it. Sources write events; the fold turns them into entities.

import type { Agent, EntityKind, IsoTime, Link, Source, Swarm, Task, Unnumbered } from './swarm.ts'

export const EVENT_VERSION = 1 as const

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
export type EventOf<T extends SwarmEvent['type']> = Extract<SwarmEvent, { type: T }>

/** One atomic step of the log: its events share one sequence number. */
export interface Batch {
  seq: number
  events: readonly SwarmEvent[]
}

export const compareVersions = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1]

/** What makes an event of version N one of N + 1; at N. */
export type Upcasts = Readonly<Record<number, (event: Record<string, unknown>) => Record<string, unknown>>>

/** Empty as long as there is but one version. Entries stay for ever: somebody's log still holds such events. */
export const UPCASTS: Upcasts = {}

/** An event as it was kept, whatever version wrote it → as it is understood now. Throws on one that is newer than we are. */
export function upcast(
  kept: Record<string, unknown>,
  upcasts: Upcasts = UPCASTS,
  to: number = EVENT_VERSION,
): SwarmEvent {
  let event = kept
  while (event.v !== to) {
    const from = typeof event.v === 'number' ? event.v : Number.NaN
    const step = upcasts[from]
    if (!step || from > to) throw new RangeError(`an event of version ${String(event.v)} is not understood`)
    event = { ...step(event), v: from + 1 }
  }
  return event as unknown as SwarmEvent
}
