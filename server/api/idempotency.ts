// Answers of commands by their idempotency key: who does not know whether a command arrived sends it again, and it is
// done once. Kept in memory: a restart forgets them, as it forgets whose answer was on its way.

import { SwarmscopeError } from '../../protocol/errors.ts'

/** Longer than anybody goes on repeating a command. */
const LIFETIME_MS = 3_600_000
const MAX_KEYS = 1_000

/** A failure of which it is not known that it did nothing is an outcome too. */
export type Outcome = { type: 'done'; body: object } | { type: 'failed'; error: SwarmscopeError }

interface Remembered {
  /** What the key was used for, with all its arguments, as a hash. */
  request: string
  atMs: number
  outcome: Promise<Outcome>
  settled: boolean
}

export class Idempotency {
  readonly #now: () => number
  readonly #maxKeys: number
  /** The oldest stand first. */
  readonly #remembered = new Map<string, Remembered>()

  /** `now` must not jump with the wall clock. */
  constructor(now: () => number = () => performance.now(), maxKeys = MAX_KEYS) {
    this.#now = now
    this.#maxKeys = maxKeys
  }

  get size(): number {
    return this.#remembered.size
  }

  /**
   * Runs a command, or gives the outcome of the run that had this key: also of one that is still under way. A rejection
   * means that nothing was done, and is forgotten: the same key may try again. Throws `IDEMPOTENCY_CONFLICT` for a key
   * of another request.
   */
  async once(
    key: string,
    request: string,
    run: () => Promise<Outcome>,
  ): Promise<{ outcome: Outcome; replayed: boolean }> {
    this.#forget()
    const known = this.#remembered.get(key)
    if (known) {
      if (known.request !== request) throw new SwarmscopeError('IDEMPOTENCY_CONFLICT')
      return { outcome: await known.outcome, replayed: true }
    }
    // All of them are under way: something hangs, and forgetting one would let it be done twice.
    if (this.#remembered.size >= this.#maxKeys) throw new SwarmscopeError('RATE_LIMITED')
    const entry: Remembered = { request, atMs: this.#now(), outcome: run(), settled: false }
    this.#remembered.set(key, entry)
    try {
      const outcome = await entry.outcome
      entry.settled = true
      return { outcome, replayed: false }
    } catch (error) {
      this.#remembered.delete(key)
      throw error
    }
  }

  #forget(): void {
    const now = this.#now()
    for (const [key, { settled, atMs }] of this.#remembered) {
      const isFull = this.#remembered.size >= this.#maxKeys
      if (!isFull && now - atMs < LIFETIME_MS) return
      if (settled) this.#remembered.delete(key)
    }
  }
}
