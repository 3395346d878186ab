// What happened, the latest first, read back from the world's log. The log is bounded, and so is the search: the answer
// says where it ended.

import { setImmediate } from 'node:timers/promises'
import type { z } from 'zod'
import { SwarmscopeError } from '../../protocol/errors.ts'
import type { Batch, SwarmEvent } from '../../protocol/events.ts'
import type { Agent, IsoTime, Unnumbered } from '../../protocol/swarm.ts'
import type { World } from '../world.ts'
import type { activityItem, activityQuery } from './schemas/reads.ts'

type Query = z.output<typeof activityQuery>
type Item = z.output<typeof activityItem>

/** Batches read at once, going back: one at first, more while they turn out to be small. */
const MAX_STEP = 64
/** A batch may be one agent or ten thousand: this many events or more in one step, and the next is one batch again. */
const LARGE_STEP_EVENTS = 500
/** More is not held at once, but for a single batch that is larger itself. */
const MAX_STEP_EVENTS = 2_000
/** Then the search ends, with the batch that it is in, and says so; the asker may go on from there. */
const MAX_EVENTS_EXAMINED = 10_000
/** How much further is looked, once the page is full, for what its last ones were before. */
const MAX_EVENTS_FOR_BEFORE = 5_000
/** Searches that wait for the one under way: a few askers must not hold the server, nor its memory. */
const MAX_WAITING = 16

interface Place {
  seq: number
  /** Of the events of `seq` those below this index are still to come. */
  index: number
}

export interface Activity {
  items: Item[]
  next: string | null
  complete: boolean
}

let underWay: Promise<unknown> = Promise.resolve()
let waiting = 0

/** One search at a time; `RATE_LIMITED` if too many wait already. */
export async function activityOf(world: Pick<World, 'read' | 'store'>, query: Query): Promise<Activity> {
  if (waiting > MAX_WAITING) throw new SwarmscopeError('RATE_LIMITED')
  waiting++
  const mine = underWay.then(() => search(world, query)).finally(() => waiting--)
  // Whoever comes next waits for the end of this one, however it ends: its failure is its asker's alone.
  underWay = mine.catch(() => undefined)
  return mine
}

async function search(world: Pick<World, 'read' | 'store'>, query: Query): Promise<Activity> {
  const { epoch, seq: newest } = world.store
  const start = query.cursor === undefined ? null : readPlace(query.cursor, epoch)
  const items: Item[] = []
  /** Told, but what was before is still to be met. */
  const open = new Map<string, Item>()
  let end: Pick<Activity, 'next' | 'complete'> | null = null
  // Of a batch that was passed wholly there is nothing to read again: a large one would use up the search.
  const startSeq = start && start.index === 0 ? start.seq - 1 : start?.seq
  let to = Math.min(startSeq ?? newest, newest)
  let budget = MAX_EVENTS_EXAMINED
  let step = 1
  while (to > 0 && budget > 0 && !(end && open.size === 0)) {
    const read = await readBack(world, Math.max(0, to - step), to)
    if (read === null) return { items, ...(end ?? { next: null, complete: false }) }
    let reached = read.from
    for (const { seq, events } of read.batches.reverse()) {
      if (budget <= 0) break
      budget -= events.length
      reached = seq - 1
      for (let index = events.length - 1; index >= 0; index--) {
        const event = events[index]
        if (!event || (start?.seq === seq && index >= start.index)) continue
        const told = itemOf(event, seq, index)
        const key = `${told.kind}/${told.id}`
        const later = open.get(key)
        if (later) later.before = told.status
        open.delete(key)
        if (end) continue
        if (query.since !== undefined && event.receivedAt < query.since) end = { next: null, complete: true }
        else if (!matches(told, query)) continue
        else if (items.length === query.limit) {
          end = { next: writePlace(epoch, items.at(-1)), complete: true }
          budget = Math.min(budget, MAX_EVENTS_FOR_BEFORE)
        } else {
          items.push(told)
          open.set(key, told)
        }
      }
    }
    to = budget > 0 ? read.from : reached
    step = read.events < LARGE_STEP_EVENTS ? Math.min(2 * read.span, MAX_STEP) : 1
    // Others have their turn between the steps.
    await setImmediate()
  }
  if (end) return { items, ...end }
  return to > 0
    ? { items, next: writePlace(epoch, { seq: to + 1, index: 0 }), complete: false }
    : { items, next: null, complete: true }
}

interface Read {
  /** What was read lies in (from, …]. */
  from: number
  batches: Batch[]
  events: number
  /** How many batches lay in the step: fewer than asked for, if that was too much. */
  span: number
}

/** `null`: the log no longer reaches back so far. */
async function readBack(world: Pick<World, 'read'>, from: number, to: number): Promise<Read | null> {
  const batches: Batch[] = []
  let events = 0
  let isTooMuch = false
  try {
    for await (const batch of world.read(from, to)) {
      batches.push(batch)
      events += batch.events.length
      isTooMuch = events > MAX_STEP_EVENTS && to - from > 1
      if (isTooMuch) break
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw new SwarmscopeError('LOG_UNAVAILABLE', {}, { cause: error })
    // Its beginning lies somewhere in this step: halve until it is found.
    const middle = Math.ceil((from + to) / 2)
    return middle >= to ? null : readBack(world, middle, to)
  }
  if (!isTooMuch) return { from, batches, events, span: to - from }
  // The latest come last when reading: let go of the others, and take the very last alone.
  batches.length = 0
  return readBack(world, to - 1, to)
}

function matches(item: Item, { kind, what, id, sourceId }: Query): boolean {
  return (
    (kind === undefined || kind.includes(item.kind)) &&
    (what === undefined || what.includes(item.what)) &&
    (id === undefined || item.id === id) &&
    (sourceId === undefined || item.sourceId === sourceId)
  )
}

function itemOf(event: SwarmEvent, seq: number, index: number): Item {
  const { at, receivedAt, sourceId } = event
  const base = { seq, index, sourceId, before: null, at, receivedAt }
  if (!('entity' in event)) {
    const kind = event.type.slice(0, -'.retired'.length) as Item['kind']
    return {
      ...base,
      kind,
      what: 'retired',
      id: event.id,
      name: null,
      status: null,
      currentTask: null,
      tool: null,
      mock: false,
    }
  }
  const { entity } = event
  return {
    ...base,
    kind: entity.entity,
    what: 'upserted',
    id: entity.id,
    name: 'name' in entity ? entity.name : null,
    status: 'status' in entity ? entity.status : entity.entity === 'source' ? entity.state : null,
    currentTask: 'currentTask' in entity ? entity.currentTask : null,
    tool: entity.entity === 'agent' ? toolOf(entity, at) : null,
    mock: 'mock' in entity && entity.mock,
  }
}

/** The tool call whose beginning or end is what happened: then its time is the event's (SPEC.md, K8). */
function toolOf({ lastTool, openTools }: Unnumbered<Agent>, at: IsoTime | null): Item['tool'] {
  if (lastTool && lastTool.at === at) {
    const { name, detail, durationMs, ok } = lastTool
    return { name, detail, phase: 'ended', durationMs, ok }
  }
  const opened = openTools?.at(-1)
  if (!opened || opened.since !== at) return null
  return { name: opened.name, detail: opened.detail, phase: 'started', durationMs: null, ok: null }
}

const writePlace = (epoch: string, place: Place | undefined): string | null =>
  place ? `${epoch}.${place.seq}.${place.index}` : null

function readPlace(cursor: string, epoch: string): Place {
  const [, of, seq, index] = /^(.+)\.(\d{1,15})\.(\d{1,9})$/.exec(cursor) ?? []
  if (of !== epoch) throw new SwarmscopeError('BAD_REQUEST', { detail: 'cursor: not of this log; begin without one' })
  return { seq: Number(seq), index: Number(index) }
}
