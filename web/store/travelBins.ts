// How much happened when: the history's counts, and at their live end what has arrived since. Pure.

import type { Bucket, Overview } from '../stream/historyClient.ts'

export interface Bin {
  fromMs: number
  events: number
  failed: number
  waiting: number
}

/** As fine as the server counts. */
const FINE_MS = 10_000

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How far back a timeline reaches, and how wide one bar is: some hundred bars each. */
export const SPANS = [
  { spanMs: 15 * MINUTE_MS, binMs: FINE_MS, title: '15 min' },
  { spanMs: HOUR_MS, binMs: 30_000, title: '1 hour' },
  { spanMs: 6 * HOUR_MS, binMs: 3 * MINUTE_MS, title: '6 hours' },
  { spanMs: DAY_MS, binMs: 10 * MINUTE_MS, title: '1 day' },
  { spanMs: 7 * DAY_MS, binMs: HOUR_MS, title: '7 days' },
] as const
export type Span = (typeof SPANS)[number]

/** The narrowest that holds a stretch of time; the widest there is for a longer one. */
export function spanFor(ms: number): Span {
  return SPANS.find(({ spanMs }) => spanMs >= ms) ?? SPANS[SPANS.length - 1] ?? SPANS[0]
}

/** As coarse as anything of that age is ever shown: days of it stay some hundred buckets. A minute fits in all wider bars. */
const WIDTHS = [
  { untilMs: 15 * MINUTE_MS, widthMs: FINE_MS },
  { untilMs: HOUR_MS, widthMs: 30_000 },
  { untilMs: 6 * HOUR_MS, widthMs: MINUTE_MS },
  { untilMs: DAY_MS, widthMs: 10 * MINUTE_MS },
  { untilMs: 7 * DAY_MS, widthMs: HOUR_MS },
] as const
const TIDY_EACH_MS = 5 * MINUTE_MS

export class TravelBins {
  readonly #buckets = new Map<number, Bucket>()
  #bucketMs: number = FINE_MS
  #tidiedMs = Number.NEGATIVE_INFINITY

  /** The server's counts take the place of all but the last: those of now may be ahead of what is written. */
  load({ buckets, bucketMs }: Overview, askedAtMs: number): void {
    const mine = [...this.#buckets.values()].filter(({ atMs }) => atMs + bucketMs > askedAtMs)
    this.#buckets.clear()
    this.#bucketMs = bucketMs
    for (const bucket of buckets) this.#buckets.set(bucket.atMs, { ...bucket })
    for (const { atMs, events, failed, waiting } of mine) {
      const bucket = this.#at(atMs)
      bucket.events = Math.max(bucket.events, events)
      bucket.failed = Math.max(bucket.failed, failed)
      bucket.waiting = Math.max(bucket.waiting, waiting)
    }
  }

  /** Something arrived. */
  note(atMs: number, counts: Counts): void {
    add(this.#at(atMs), counts)
    if (atMs - this.#tidiedMs >= TIDY_EACH_MS) this.#tidy(atMs)
  }

  get size(): number {
    return this.#buckets.size
  }

  /** What is older is put together as widely as it is shown, and let go of when it no longer is. */
  #tidy(nowMs: number): void {
    this.#tidiedMs = nowMs
    const all = [...this.#buckets.values()]
    this.#buckets.clear()
    for (const bucket of all) {
      const width = WIDTHS.find(({ untilMs }) => nowMs - bucket.atMs < untilMs)
      if (width) add(this.#at(bucket.atMs, Math.max(width.widthMs, this.#bucketMs)), bucket)
    }
  }

  clear(): void {
    this.#buckets.clear()
  }

  /** Bars of `binMs` that cover the time, the last one with `toMs` in it. */
  bins(fromMs: number, toMs: number, binMs: number): Bin[] {
    const first = Math.floor(fromMs / binMs)
    const last = Math.floor(toMs / binMs)
    const bins: Bin[] = []
    for (let index = first; index <= last; index++)
      bins.push({ fromMs: index * binMs, events: 0, failed: 0, waiting: 0 })
    for (const { atMs, events, failed, waiting } of this.#buckets.values()) {
      const bin = bins[Math.floor(atMs / binMs) - first]
      if (!bin) continue
      add(bin, { events, failed, waiting })
    }
    return bins
  }

  #at(atMs: number, widthMs = this.#bucketMs): Bucket {
    const start = Math.floor(atMs / widthMs) * widthMs
    const known = this.#buckets.get(start)
    if (known) return known
    const bucket = { atMs: start, events: 0, failed: 0, waiting: 0 }
    this.#buckets.set(start, bucket)
    return bucket
  }
}

type Counts = Pick<Bucket, 'events' | 'failed' | 'waiting'>

function add(sum: Counts, { events, failed, waiting }: Counts): void {
  sum.events += events
  sum.failed += failed
  sum.waiting += waiting
}
