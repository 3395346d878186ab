// What happened, the latest first, read back from the world's log. The log is bounded, and so is the search: the answer
// says where it ended.

import type { z } from 'zod'
import { SwarmscopeError } from '../../protocol/errors.ts'
import type { Batch, SwarmEvent } from '../../protocol/events.ts'
import type { World } from '../world.ts'
import type { activityItem, activityQuery } from './schemas/reads.ts'

type Query = z.output<typeof activityQuery>
type Item = z.output<typeof activityItem>

/** Batches read at once, going back: one at first, for each may hold a whole swarm, and more while they are small. */
const MAX_STEP = 64
const SMALL_STEP_EVENTS = 500
/** Then the search ends and says so; the asker may go on from there. */
const MAX_EVENTS_EXAMINED = 10_000
/** One at a time reads a log; so many may wait for it. */
const MAX_WAITING = 16
/** How much further is looked, once the page is full, for what its last ones were before. */
const MAX_EVENTS_FOR_BEFORE = 5_000

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

const searches = new WeakMap<object, { last: Promise<unknown>; waiting: number }>()

/** Rejects with `RATE_LIMITED` when too many wait already, with `LOG_UNAVAILABLE`, or for a cursor that is none. */
export async function activityOf(world: Pick<World, 'read' | 'store'>, query: Query): Promise<Activity> {
  const line = searches.get(world) ?? { last: Promise.resolve(), waiting: 0 }
  searches.set(world, line)
  if (line.waiting >= MAX_WAITING) throw new SwarmscopeError('RATE_LIMITED')
  line.waiting++
  const mine = line.last.then(() => search(world, query)).finally(() => line.waiting--)
  line.last = mine.catch(() => undefined) // who asked hears of it; the next one need not
  return mine
}

async function search(world: Pick<World, 'read' | 'store'>, query: Query): Promise<Activity> {
  const { epoch, seq: newest } = world.store
  const start = query.cursor === undefined ? null : readPlace(query.cursor, epoch)
  const items: Item[] = []
  /** Told, but what was before is still to be met. */
  const open = new Map<string, Item>()
  let end: Pick<Activity, 'next' | 'complete'> | null = null
  let to = Math.min(start?.seq ?? newest, newest)
  let budget = MAX_EVENTS_EXAMINED
  let step = 1
  while (to > 0 && budget > 0 && !(end && open.size === 0)) {
    const read = await readBack(world, Math.max(0, to - step), to)
    // Others get their turn: unpacking a batch may take long.
    await new Promise((resolve) => setImmediate(resolve))
    if (read === null) return { items, ...(end ?? { next: null, complete: false }) }
    let reached = read.from
    const events = read.batches.reduce((sum, batch) => sum + batch.events.length, 0)
    step = events < SMALL_STEP_EVENTS ? Math.min(MAX_STEP, step * 2) : 1
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
}

/** `null`: the log no longer reaches back so far. */
async function readBack(world: Pick<World, 'read'>, from: number, to: number): Promise<Read | null> {
  const batches: Batch[] = []
  try {
    for await (const batch of world.read(from, to)) batches.push(batch)
    return { from, batches }
  } catch (error) {
    if (!(error instanceof RangeError)) throw new SwarmscopeError('LOG_UNAVAILABLE', {}, { cause: error })
    // Its beginning lies somewhere in this step: halve until it is found.
    const middle = Math.ceil((from + to) / 2)
    return middle >= to ? null : readBack(world, middle, to)
  }
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
    return { ...base, kind, what: 'retired', id: event.id, name: null, status: null, currentTask: null, mock: false }
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
    mock: 'mock' in entity && entity.mock,
  }
}

const writePlace = (epoch: string, place: Place | undefined): string | null =>
  place ? `${epoch}.${place.seq}.${place.index}` : null

function readPlace(cursor: string, epoch: string): Place {
  const [, of, seq, index] = /^(.+)\.(\d{1,15})\.(\d{1,9})$/.exec(cursor) ?? []
  if (of !== epoch) throw new SwarmscopeError('BAD_REQUEST', { detail: 'cursor: not of this log; begin without one' })
  return { seq: Number(seq), index: Number(index) }
}
