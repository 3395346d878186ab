// What is written to a stream within one turn of the event loop leaves together: one system call for a stream, instead
// of one for each message.

import type { Writable } from 'node:stream'

/** So much leaves at once: more gains nothing, and while it is held back, nobody can tell a fast reader from a slow one. */
const MAX_HELD_BYTES = 64 * 1024

export class WriteBatch {
  readonly #corked = new Set<Writable>()
  #isScheduled = false

  /** To be called before a write: from now on it is held back until this turn of the event loop ends. */
  hold(stream: Writable): void {
    if (this.#corked.has(stream)) return
    stream.cork()
    this.#corked.add(stream)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#releaseAll())
  }

  /** To be called after a write: what has become much is let go. */
  relieve(stream: Writable): void {
    if (stream.writableLength > MAX_HELD_BYTES && this.#corked.delete(stream)) stream.uncork()
  }

  #releaseAll(): void {
    this.#isScheduled = false
    const streams = [...this.#corked]
    this.#corked.clear()
    for (const stream of streams) stream.uncork()
  }
}
