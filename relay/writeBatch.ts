// What is written to a stream within one turn of the event loop leaves together: one system call for a stream, instead
// of one for each message.

import type { Writable } from 'node:stream'

export class WriteBatch {
  readonly #corked = new Set<Writable>()
  #isScheduled = false

  /** What is written to `stream` from now on leaves when this turn of the event loop ends. */
  cork(stream: Writable): void {
    if (this.#corked.has(stream)) return
    stream.cork()
    this.#corked.add(stream)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#isScheduled = false
    const streams = [...this.#corked]
    this.#corked.clear()
    for (const stream of streams) stream.uncork()
  }
}
