// A batch as text: two lines for each event, its head and its entity (empty for an end). So whoever looks for the last
// word on an entity parses small heads alone, and an entity passes from disk to a reader as the text that it is.

import { EVENT_VERSION, type KeptEntity, type SwarmEvent, type Version } from '../../protocol/events.ts'
import type { EntityKind } from '../../protocol/swarm.ts'
import { upcast, upcastEntity } from '../../protocol/upcast.ts'

/** What stands in an event's first line. */
export interface EventHead {
  v: number
  type: SwarmEvent['type']
  key: string
  sourceId: string
  version: Version
  at: string | null
  receivedAt: string
  id: string
}

export function batchText(events: readonly SwarmEvent[]): string {
  let text = ''
  for (const event of events) {
    const { v, type, key, sourceId, version, at, receivedAt } = event
    const entity = 'entity' in event ? event.entity : null
    const head = {
      v,
      type,
      key,
      sourceId,
      version,
      at,
      receivedAt,
      id: entity ? entity.id : (event as { id: string }).id,
    }
    text += `${JSON.stringify(head)}\n${entity ? JSON.stringify(entity) : ''}\n`
  }
  return text
}

/** Calls `visit` for each event, in order. */
export function eachEvent(text: string, visit: (head: EventHead, entity: string, headText: string) => void): void {
  let at = 0
  while (at < text.length) {
    const headEnd = text.indexOf('\n', at)
    const end = text.indexOf('\n', headEnd + 1)
    if (headEnd < 0 || end < 0) throw new SyntaxError('a batch is cut short')
    const headText = text.slice(at, headEnd)
    visit(JSON.parse(headText) as EventHead, text.slice(headEnd + 1, end), headText)
    at = end + 1
  }
}

export function eventsOf(text: string): SwarmEvent[] {
  const events: SwarmEvent[] = []
  eachEvent(text, (head, entity) => events.push(eventOf(head, entity)))
  return events
}

export function eventOf({ id, ...head }: EventHead, entity: string): SwarmEvent {
  return upcast(entity === '' ? { ...head, id } : { ...head, entity: JSON.parse(entity) as unknown })
}

/** An entity's text as version `v` wrote it → as it is written now; parsed only if that is another one. */
export const upcastJson = (json: string, v: number): string =>
  v === EVENT_VERSION ? json : JSON.stringify(upcastEntity(JSON.parse(json) as KeptEntity, v))

/** Names an entity in the file. Ids are quoted as in JSON: there are ones that hold line breaks or half characters. */
export const refOf = (kind: string, id: string): string => `${kind} ${JSON.stringify(id)}`

export function parseRef(ref: string): { entity: EntityKind; id: string } {
  const space = ref.indexOf(' ')
  return { entity: ref.slice(0, space) as EntityKind, id: JSON.parse(ref.slice(space + 1)) as string }
}

export const kindOf = (type: string): EntityKind => type.slice(0, type.indexOf('.')) as EntityKind

const MARK_BYTES = 3

/** Three bytes that stand for an agent's id: a batch without them has nothing of that agent (one with them may have). */
export const markOf = (agentId: string): Uint8Array => marksOfIds(new Set([agentId]))

/** The marks of every agent that the events concern. */
export function marksOf(events: readonly SwarmEvent[]): Uint8Array {
  const ids = new Set<string>()
  for (const event of events) for (const id of agentsIn(event)) ids.add(id)
  return marksOfIds(ids)
}

/** FNV-1a, its lower 24 bits. */
function marksOfIds(ids: ReadonlySet<string>): Uint8Array {
  const marks = new Uint8Array(ids.size * MARK_BYTES)
  let at = 0
  for (const id of ids) {
    let hash = 0x811c9dc5
    for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
    marks[at++] = hash >>> 16
    marks[at++] = hash >>> 8
    marks[at++] = hash
  }
  return marks
}

/** The agents that an event concerns: its own, or those that its link or task names. */
export function agentsIn(event: SwarmEvent): readonly string[] {
  switch (event.type) {
    case 'agent.upserted':
      return [event.entity.id]
    case 'link.upserted':
      return [event.entity.source, event.entity.target]
    case 'task.upserted':
      return event.entity.assignedTo
    case 'agent.retired':
      return [event.id]
    default:
      return []
  }
}
