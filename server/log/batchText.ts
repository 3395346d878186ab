// A batch as text: two lines for each event, its head and its entity (empty for an end). So whoever looks for the last
// word on an entity parses small heads alone, and an entity passes from disk to a reader as the text that it is.

import { type Batch, EVENT_VERSION, type KeptEntity, type SwarmEvent, type Version } from '../../protocol/events.ts'
import type { EntityKind } from '../../protocol/swarm.ts'
import { upcast, upcastEntity } from '../../protocol/upcast.ts'
import { isInPlight } from './turns.ts'

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

/**
 * A batch being turned into text and marks, and its entities into numbered ones as the fold holds them, piece by piece:
 * 10,000 agents are 8 MB.
 */
export class BatchEncoding {
  /** Whole events each, one after the other. */
  readonly texts: string[] = []
  /** What was encoded so far, for whoever folds it. */
  readonly numbered: SwarmEvent[] = []
  /** Places of the events whose agent failed or waits, as of now: only there the file looks at what stood before. */
  readonly plights: number[] = []
  readonly #seq: number
  readonly #events: readonly SwarmEvent[]
  readonly #marks = new MarkSet()
  #next = 0

  constructor({ seq, events }: Batch) {
    this.#seq = seq
    this.#events = events
  }

  get isDone(): boolean {
    return this.#next >= this.#events.length
  }

  /** Who is concerned by what was encoded so far. */
  get marks(): Uint8Array {
    return this.#marks.bytes
  }

  /** The next piece, of about so many characters; returns how many there are in it. */
  step(maxChars: number): number {
    let chars = 0
    const lines: string[] = []
    for (; chars < maxChars && this.#next < this.#events.length; this.#next++) {
      const event = this.#events[this.#next] as SwarmEvent
      if (event.type === 'agent.upserted' && isInPlight(event.entity)) this.plights.push(this.#next)
      for (const id of agentsIn(event)) this.#marks.add(id)
      const lineOfEntity = 'entity' in event ? JSON.stringify(event.entity) : ''
      const lineOfHead = headText(event)
      lines.push(lineOfHead, lineOfEntity)
      this.numbered.push('entity' in event ? numberedEvent(event, this.#seq) : event)
      chars += lineOfHead.length + lineOfEntity.length + 2
    }
    if (lines.length > 0) this.texts.push(`${lines.join('\n')}\n`)
    return chars
  }
}

function numberedEvent(event: Extract<SwarmEvent, { entity: unknown }>, rev: number): SwarmEvent {
  const entity = { rev, ...event.entity }
  return { ...event, entity } as SwarmEvent
}

/** As `JSON.stringify` of an `EventHead` would have it, in less time: this is done for every event. */
function headText(event: SwarmEvent): string {
  const { v, type, key, sourceId, version, at, receivedAt } = event
  const id = 'entity' in event ? event.entity.id : event.id
  const quotedAt = at === null ? 'null' : JSON.stringify(at)
  return `{"v":${v},"type":"${type}","key":${JSON.stringify(key)},"sourceId":${JSON.stringify(sourceId)},"version":[${version[0]},${version[1]}],"at":${quotedAt},"receivedAt":${JSON.stringify(receivedAt)},"id":${JSON.stringify(id)}}`
}

/** Calls `visit` for each event, in order, until some `maxChars` are read; returns where the next event begins. */
export function eachEvent(
  text: string,
  visit: (head: EventHead, entity: string, headText: string) => void,
  from = 0,
  maxChars = Number.POSITIVE_INFINITY,
): number {
  let at = from
  while (at < text.length && at - from < maxChars) {
    const headEnd = text.indexOf('\n', at)
    const end = text.indexOf('\n', headEnd + 1)
    if (headEnd < 0 || end < 0) throw new SyntaxError('a batch is cut short')
    const headText = text.slice(at, headEnd)
    visit(JSON.parse(headText) as EventHead, text.slice(headEnd + 1, end), headText)
    at = end + 1
  }
  return at
}

/** Lets others have their turn after each piece of about so many characters. */
export async function eventsOf(text: string, maxCharsAtOnce: number): Promise<SwarmEvent[]> {
  const events: SwarmEvent[] = []
  const take = (head: EventHead, entity: string) => void events.push(eventOf(head, entity))
  for (let at = eachEvent(text, take, 0, maxCharsAtOnce); at < text.length; ) {
    await new Promise((resolve) => setImmediate(resolve))
    at = eachEvent(text, take, at, maxCharsAtOnce)
  }
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
export function markOf(agentId: string): Uint8Array {
  const marks = new MarkSet()
  marks.add(agentId)
  return marks.bytes
}

/** The marks of several agents, in a row: FNV-1a, its lower 24 bits. */
class MarkSet {
  readonly #ids = new Set<string>()
  readonly #bytes: number[] = []

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }

  add(id: string): void {
    if (this.#ids.has(id)) return
    this.#ids.add(id)
    let hash = 0x811c9dc5
    for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
    for (let byte = MARK_BYTES - 1; byte >= 0; byte--) this.#bytes.push((hash >>> (8 * byte)) & 0xff)
  }
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
