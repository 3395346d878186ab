// Answers of commands by their idempotency key: who does not know whether a command arrived sends it again, and it is
// done once. A journal keeps them over the end of the process, however it ended.

import { SwarmscopeError } from '../../protocol/errors.ts'
import type { CommandJournal } from './commandJournal.ts'

/** Longer than anybody goes on repeating a command. */
const LIFETIME_MS = 24 * 3_600_000
const MAX_KEYS = 10_000
/** Of bodies, as JSON: an answer about 100 agents is 20 KB. */
const MAX_BYTES = 16 * 1024 * 1024

/** A failure of which it is not known that it did nothing is an outcome too. */
export type Outcome = { type: 'done'; body: object } | { type: 'failed'; error: SwarmscopeError }

interface Remembered {
  /** What the key was used for, with all its arguments, as a hash. */
  request: string
  atMs: number
  outcome: Promise<Outcome>
  settled: boolean
  bytes: number
}

export interface IdempotencyOptions {
  /** Must not jump with the wall clock. */
  now?: () => number
  maxKeys?: number
  /** Not given: they are forgotten with the process. */
  journal?: CommandJournal | null
}

export class Idempotency {
  readonly #now: () => number
  readonly #maxKeys: number
  readonly #journal: CommandJournal | null
  /** The oldest stand first. */
  readonly #remembered = new Map<string, Remembered>()
  #bytes = 0

  constructor({ now = () => performance.now(), maxKeys = MAX_KEYS, journal = null }: IdempotencyOptions = {}) {
    this.#now = now
    this.#maxKeys = maxKeys
    this.#journal = journal
    for (const { key, request, ageMs, outcome, bytes } of journal?.restored ?? []) {
      this.#bytes += bytes
      const atMs = now() - ageMs
      this.#remembered.set(key, { request, atMs, outcome: Promise.resolve(outcome), settled: true, bytes })
    }
    this.#forget()
  }

  get size(): number {
    return this.#remembered.size
  }

  /**
   * Runs a command, or gives the outcome of the run that had this key: also of one that is still under way, and of one
   * of a former process. `run` calls `begin` and waits for it just before something may be done. A rejection means that
   * nothing was done, and is forgotten: the same key may try again. Throws `IDEMPOTENCY_CONFLICT` for a key of another
   * request.
   */
  async once(
    key: string,
    request: string,
    run: (begin: () => Promise<void>) => Promise<Outcome>,
  ): Promise<{ outcome: Outcome; replayed: boolean }> {
    this.#forget()
    const known = this.#remembered.get(key)
    if (known) {
      if (known.request !== request) throw new SwarmscopeError('IDEMPOTENCY_CONFLICT')
      return { outcome: await known.outcome, replayed: true }
    }
    // All of them are under way: something hangs, and forgetting one would let it be done twice.
    if (this.#remembered.size >= this.#maxKeys) throw new SwarmscopeError('RATE_LIMITED')
    const entry: Remembered = {
      request,
      atMs: this.#now(),
      outcome: this.#kept(key, request, run),
      settled: false,
      bytes: 0,
    }
    this.#remembered.set(key, entry)
    try {
      const outcome = await entry.outcome
      entry.settled = true
      entry.bytes = outcome.type === 'done' ? JSON.stringify(outcome.body).length : 0
      this.#bytes += entry.bytes
      return { outcome, replayed: false }
    } catch (error) {
      this.#remembered.delete(key)
      throw error
    }
  }

  /** Nobody is told of an outcome before it is kept. */
  async #kept(key: string, request: string, run: (begin: () => Promise<void>) => Promise<Outcome>): Promise<Outcome> {
    const journal = this.#journal
    let begun = false
    try {
      const outcome = await run(async () => {
        begun = true
        await journal?.begun(key, request)
      })
      await journal?.ended(key, request, outcome)
      return outcome
    } catch (error) {
      if (begun) await journal?.undone(key)
      throw error
    }
  }

  #forget(): void {
    const now = this.#now()
    for (const [key, { settled, atMs, bytes }] of this.#remembered) {
      const isFull = this.#remembered.size >= this.#maxKeys || this.#bytes > MAX_BYTES
      if (!isFull && now - atMs < LIFETIME_MS) return
      if (!settled) continue
      this.#remembered.delete(key)
      this.#bytes -= bytes
    }
  }
}
