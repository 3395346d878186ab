// One file of claude-flow's: looked at whenever it may have changed, read when it did. Files are written in place, so
// half ones are met: the last good state stays, and it is read again shortly.

import type { Change, Reading, StateReader } from './reading.ts'

export interface StateFileEvents {
  onChange(change: Change, at: string): void
  /** It cannot be read, and stays so. */
  onBad(error: unknown): void
  /** It can be read again, after `onBad`. */
  onGood(): void
}

/** A burst of writes is read at most this often. */
const MIN_PAUSE_MS = 10
/** A file that is gone for this long was not just being replaced. */
const GONE_AFTER_MS = 50
const FIRST_RETRY_MS = 10
const MAX_RETRY_MS = 1_000

export class StateFile {
  readonly #reader: StateReader
  readonly #events: StateFileEvents
  readonly #badAfterMs: number
  #signature: string | null = null
  /** The id of the last reading that was taken. */
  #since: string | null = null
  #present = false
  #counts = false
  #retryMs = FIRST_RETRY_MS
  #badSinceMs: number | null = null
  #warned = false
  #dirty = false
  #running: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** `badAfterMs`: a file that is bad for longer is not just being written. */
  constructor(reader: StateReader, events: StateFileEvents, badAfterMs: number) {
    this.#reader = reader
    this.#events = events
    this.#badAfterMs = badAfterMs
  }

  get isPresent(): boolean {
    return this.#present
  }

  /** It was read, and is state of claude-flow's. */
  get counts(): boolean {
    return this.#counts
  }

  /** Looks whether it changed; resolves when that is known and, if it did, read. */
  look(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#dirty = true
    this.#running ??= this.#run().finally(() => {
      this.#running = null
      // A look that was asked for in the very last moment is not lost.
      if (this.#dirty && !this.#closed) void this.look()
    })
    return this.#running
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#dirty && !this.#closed) {
      this.#dirty = false
      const startedMs = performance.now()
      const didRead = await this.#lookOnce()
      // Reading must not take more than half of the time, however large the file.
      const tookMs = performance.now() - startedMs
      if (didRead && !this.#closed) await pause(Math.max(MIN_PAUSE_MS, tookMs))
    }
  }

  async #lookOnce(): Promise<boolean> {
    clearTimeout(this.#timer)
    try {
      const signature = await this.#reader.signature()
      if (signature === null) {
        await this.#missing()
        return false
      }
      this.#present = true
      if (signature === this.#signature) return false
      const reading = await this.#reader.read(this.#since)
      if (this.#closed) return false
      this.#take(reading)
    } catch (error) {
      if (!this.#closed) this.#bad(error)
    }
    return true
  }

  #take({ id, signature, change, at, counts }: Reading): void {
    this.#since = id
    this.#signature = signature
    this.#counts = counts
    this.#badSinceMs = null
    this.#retryMs = FIRST_RETRY_MS
    if (this.#warned) {
      this.#warned = false
      this.#events.onGood()
    }
    this.#events.onChange(change, at)
  }

  async #missing(): Promise<void> {
    if (!this.#present) return
    await pause(GONE_AFTER_MS)
    if (this.#closed || (await this.#reader.signature()) !== null) {
      this.#dirty = true
      return
    }
    this.#present = false
    this.#counts = false
    this.#signature = null
    this.#since = null
    this.#reader.forget()
    this.#badSinceMs = null
    this.#retryMs = FIRST_RETRY_MS
    this.#events.onChange({ type: 'whole', records: [] }, new Date().toISOString())
  }

  #bad(error: unknown): void {
    const nowMs = performance.now()
    this.#badSinceMs ??= nowMs
    if (!this.#warned && nowMs - this.#badSinceMs >= this.#badAfterMs) {
      this.#warned = true
      this.#events.onBad(error)
    }
    this.#timer = setTimeout(() => void this.look(), this.#retryMs)
    this.#timer.unref()
    this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2)
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
