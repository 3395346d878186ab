// Durations in buckets, as Prometheus wants them. Its library's own would hash labels at each observation, and load at the
// start; this is an addition, and is written out at a scrape.

export class Histogram {
  readonly bounds: readonly number[]
  /** Per bucket, the last being beyond all bounds; not cumulative. */
  readonly buckets: number[]
  #sum = 0
  #count = 0

  /** `bounds`: upper ones, ascending. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.buckets = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  get sum(): number {
    return this.#sum
  }

  get count(): number {
    return this.#count
  }

  observe(value: number): void {
    let bucket = 0
    while (value > (this.bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket++
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1
    this.#sum += value
    this.#count++
  }
}
