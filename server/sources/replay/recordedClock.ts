// What time it is in a recording that is played: all that follows from time (who is stuck, how old something is) is reckoned
// with it, for the wall clock has nothing to do with what was recorded.

export interface RecordedMoment {
  atMs: number
  /** How fast it goes on, in terms of the wall clock; 0: it stands. */
  pace: number
}

export class RecordedClock {
  readonly #now: () => number
  readonly #listeners = new Set<() => void>()
  #base: { readMs: number; atMs: number; pace: number } | null = null
  #boundMs = Number.NEGATIVE_INFINITY

  /** `now` must not jump with the wall clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** `null`: it has not begun. */
  get moment(): RecordedMoment | null {
    if (this.#base === null) return null
    const { readMs, atMs, pace } = this.#base
    return { atMs: Math.min(this.#boundMs, atMs + (this.#now() - readMs) * pace), pace }
  }

  begin(atMs: number, pace: number): void {
    this.#base = { readMs: this.#now(), atMs, pace }
    this.#boundMs = atMs
    this.#tell()
  }

  /** What comes next is of then: until it is shown, it is no later. */
  waitFor(nextMs: number): void {
    this.#boundMs = Math.max(this.#boundMs, nextMs)
  }

  /** Nothing comes any more. */
  stop(): void {
    const { moment } = this
    if (moment === null || moment.pace === 0) return
    this.#base = { readMs: this.#now(), atMs: moment.atMs, pace: 0 }
    this.#tell()
  }

  /** It began, or stopped. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
