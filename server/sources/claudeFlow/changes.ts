// What a source states now, against what it stated before → events. The comparison is by content, so that a source may
// build its entities anew as often as it likes.

import { isDeepStrictEqual } from 'node:util'
import { EVENT_VERSION, type SwarmEvent, type Version } from '../../../protocol/events.ts'
import type { IsoTime } from '../../../protocol/swarm.ts'
import type { NormalEntity } from './normalize.ts'

export interface EventContext {
  sourceId: string
  /** Names the source's own log, so that keys are natural ids. */
  sourceEpoch: string
  version: Version
  receivedAt: IsoTime
}

export function changesBetween(
  before: ReadonlyMap<string, NormalEntity>,
  after: ReadonlyMap<string, NormalEntity>,
  context: EventContext,
): SwarmEvent[] {
  const events: SwarmEvent[] = []
  for (const [key, entity] of after) {
    const known = before.get(key)
    if (known === entity || (known && isDeepStrictEqual(known, entity))) continue
    events.push(upserted(entity, context))
  }
  for (const [key, entity] of before) if (!after.has(key)) events.push(retired(entity, context))
  return events
}

export function upserted(entity: NormalEntity, context: EventContext): SwarmEvent {
  return {
    ...base(entity, context),
    type: `${entity.entity}.upserted`,
    entity,
    at: 'updatedAt' in entity ? entity.updatedAt : context.receivedAt,
  } as SwarmEvent
}

function retired(entity: NormalEntity, context: EventContext): SwarmEvent {
  return { ...base(entity, context), type: `${entity.entity}.retired`, id: entity.id, at: null } as SwarmEvent
}

const base = (entity: NormalEntity, { sourceId, sourceEpoch, version, receivedAt }: EventContext) => ({
  v: EVENT_VERSION,
  key: `${sourceEpoch}/${version[1]}/${entity.entity}/${entity.id}`,
  sourceId,
  version,
  receivedAt,
})
