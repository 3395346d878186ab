// A page of a list: what matches, in a stable order, from where the page before ended. The place is a key, not a number,
// so that what comes and goes meanwhile makes nobody be told twice or left out.

import { z } from 'zod'
import { SwarmscopeError } from '../../protocol/errors.ts'

type Sortable = string | number | null

export interface Listing<E> {
  matches: (entity: E) => boolean
  /** A field of `E`; `-` before it: downwards. */
  sort: string
  limit: number
  cursor: string | undefined
}

export interface Page<E> {
  items: E[]
  total: number
  next: string | null
}

const place = z.tuple([z.string(), z.union([z.string(), z.number(), z.null()]), z.string()])

/** Throws `BAD_REQUEST` for a cursor that is none of this order's. */
export function pageOf<E extends { id: string }>(
  all: Iterable<E>,
  { matches, sort, limit, cursor }: Listing<E>,
): Page<E> {
  const downwards = sort.startsWith('-')
  const field = downwards ? sort.slice(1) : sort
  const fieldOf = (entity: E): Sortable => (entity as unknown as Record<string, Sortable>)[field] ?? null
  const after = cursor === undefined ? null : readCursor(cursor, sort)

  const found: E[] = []
  for (const entity of all) if (matches(entity)) found.push(entity)
  found.sort((a, b) => compare(fieldOf(a), fieldOf(b), downwards) || compare(a.id, b.id, false))
  const isAfter = (entity: E) => {
    if (!after) return true
    const order = compare(fieldOf(entity), after.value, downwards) || compare(entity.id, after.id, false)
    return order > 0
  }
  const from = after ? found.findIndex(isAfter) : 0
  const items = from === -1 ? [] : found.slice(from, from + limit)
  const last = items.at(-1)
  const isLast = last === undefined || last === found.at(-1)
  return { items, total: found.length, next: isLast ? null : writeCursor(sort, fieldOf(last), last.id) }
}

/** By code unit, so that the order is the same everywhere; what is not known comes last, upwards and downwards. */
function compare(a: Sortable, b: Sortable, downwards: boolean): number {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return a < b === downwards ? 1 : -1
}

const writeCursor = (sort: string, value: Sortable, id: string): string =>
  Buffer.from(JSON.stringify([sort, value, id])).toString('base64url')

function readCursor(cursor: string, sort: string): { value: Sortable; id: string } {
  const parsed = place.safeParse(jsonOf(Buffer.from(cursor, 'base64url').toString()))
  if (!parsed.success || parsed.data[0] !== sort) {
    throw new SwarmscopeError('BAD_REQUEST', { detail: 'cursor: not of this list in this order; begin without one' })
  }
  const [, value, id] = parsed.data
  return { value, id }
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
