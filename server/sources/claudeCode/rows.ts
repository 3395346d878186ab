// What is remembered one by one (tool calls, requests, data points), so that nothing counts twice: the latest of them,
// in pages that are kept when one of their rows changed. The oldest settle into sums; what is as old as they are is
// refused from then on, whether it was counted or not.

import type { IsoTime } from '../../../protocol/swarm.ts'

export interface Row {
  /** The latest that was said of it. */
  at: IsoTime
}

/** A page is written whole when one of its rows changes, and that is mostly the latest. */
const ROWS_PER_PAGE = 4

export interface RowsOptions<R extends Row> {
  /** Beyond it (by a quarter, so that it happens seldom) the oldest settle. */
  max: number
  settle: (row: R, key: string) => void
  /** Rows that had rather stay. */
  isOpen?: (row: R) => boolean
}

export class Rows<R extends Row> implements Iterable<[string, R]> {
  readonly #rows = new Map<string, R>()
  readonly #pageOf = new Map<string, number>()
  readonly #keysOf = new Map<number, Set<string>>()
  readonly #options: RowsOptions<R>
  readonly #changedPages = new Set<number>()
  #page = 0
  #horizon: IsoTime = ''

  constructor(options: RowsOptions<R>) {
    this.#options = options
  }

  get size(): number {
    return this.#rows.size
  }

  [Symbol.iterator](): Iterator<[string, R]> {
    return this.#rows[Symbol.iterator]()
  }

  get(key: string): R | undefined {
    return this.#rows.get(key)
  }

  /** The row to write to, made if there is none; `null`: it would be as old as what has settled. */
  at(key: string, at: IsoTime, make: () => R): R | null {
    const known = this.#rows.get(key)
    if (!known && at <= this.#horizon) return null
    const row = known ?? this.#add(key, make())
    if (at > row.at) row.at = at
    this.#changedPages.add(this.#pageOf.get(key) ?? 0)
    return row
  }

  /** Settles the oldest, if there are too many (`share`: of what is allowed otherwise); whether there were. */
  bound(share = 1): boolean {
    const { settle, isOpen = () => false } = this.#options
    const max = Math.ceil(this.#options.max * share)
    if (this.#rows.size <= max * 1.25) return false
    const oldest = [...this.#rows].sort(
      ([aKey, a], [bKey, b]) =>
        Number(isOpen(a)) - Number(isOpen(b)) || (a.at < b.at ? -1 : a.at > b.at ? 1 : aKey < bKey ? -1 : 1),
    )
    for (const [key, row] of oldest.slice(0, this.#rows.size - max)) {
      settle(row, key)
      this.#delete(key)
      if (row.at > this.#horizon) this.#horizon = row.at
    }
    return true
  }

  /** What changed since the last call: pages as text, `null` for one that is no more. */
  takeChanges(): [page: number, text: string | null][] {
    const changes = [...this.#changedPages].map((page): [number, string | null] => {
      const keys = this.#keysOf.get(page)
      if (!keys) return [page, null]
      return [page, JSON.stringify([...keys].map((key) => [key, this.#rows.get(key)]))]
    })
    this.#changedPages.clear()
    return changes
  }

  touchAll(): void {
    for (const page of this.#keysOf.keys()) this.#changedPages.add(page)
  }

  get pages(): number[] {
    return [...this.#keysOf.keys()]
  }

  get horizon(): IsoTime {
    return this.#horizon
  }

  restoreHorizon(horizon: IsoTime): void {
    this.#horizon = horizon
  }

  restorePage(page: number, text: string): void {
    for (const [key, row] of JSON.parse(text) as [string, R][]) {
      this.#rows.set(key, row)
      this.#hold(key, page)
    }
    this.#page = Math.max(this.#page, page)
  }

  #add(key: string, row: R): R {
    if ((this.#keysOf.get(this.#page)?.size ?? 0) >= ROWS_PER_PAGE) this.#page++
    this.#rows.set(key, row)
    this.#hold(key, this.#page)
    return row
  }

  #hold(key: string, page: number): void {
    this.#pageOf.set(key, page)
    const keys = this.#keysOf.get(page)
    if (keys) keys.add(key)
    else this.#keysOf.set(page, new Set([key]))
  }

  #delete(key: string): void {
    const page = this.#pageOf.get(key) ?? 0
    const keys = this.#keysOf.get(page)
    keys?.delete(key)
    if (keys?.size === 0) this.#keysOf.delete(page)
    this.#changedPages.add(page)
    this.#pageOf.delete(key)
    this.#rows.delete(key)
  }
}
