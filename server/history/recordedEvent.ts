// An event as a recording has it: whoever wrote the file is not trusted, so all of it is looked at, the entity too.

import { z } from 'zod'
import { EVENT_VERSION, type SwarmEvent } from '../../protocol/events.ts'
import type { EntityKind } from '../../protocol/swarm.ts'
import { agent, link, source, swarm, task } from '../api/schemas/entities.ts'

const count = z.number().int().nonnegative()
const time = z.iso.datetime()

const base = {
  v: z.literal(EVENT_VERSION),
  key: z.string(),
  sourceId: z.string(),
  version: z.tuple([count, count]),
  at: time.nullable(),
  receivedAt: time,
}
const upserted = <K extends EntityKind, S extends z.ZodRawShape>(kind: K, { shape }: z.ZodObject<S>) =>
  z.object({ ...base, type: z.literal(`${kind}.upserted`), entity: z.object({ entity: z.literal(kind), ...shape }) })
const retired = <K extends EntityKind>(kind: K) =>
  z.object({ ...base, type: z.literal(`${kind}.retired`), id: z.string() })

export const recordedEvent = z.discriminatedUnion('type', [
  upserted('agent', agent),
  upserted('task', task),
  upserted('swarm', swarm),
  upserted('link', link),
  upserted('source', source),
  retired('agent'),
  retired('task'),
  retired('swarm'),
  retired('link'),
  retired('source'),
])
/** Holds at compile time: what passes is what the fold takes. */
true satisfies z.output<typeof recordedEvent> extends SwarmEvent ? true : false

/** What can be told of a line before it is known which version wrote the rest. */
export const recordedLine = z.looseObject({ seq: count, v: count })
