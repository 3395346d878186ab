// Whoever follows a log from its head: each batch goes to all of them, in order, also while they are being told.

import type { Batch } from '../../protocol/events.ts'

export class Subscribers {
  readonly #subscribers = new Set<(batch: Batch) => void>()
  /** Committed, but not told yet: a subscriber may append while it is told. */
  readonly #untold: Batch[] = []
  #telling = false

  /** What has been told to everybody, given what is committed. */
  toldTo(committed: number): number {
    return (this.#untold[0]?.seq ?? committed + 1) - 1
  }

  add(onBatch: (batch: Batch) => void): () => void {
    this.#subscribers.add(onBatch)
    return () => this.#subscribers.delete(onBatch)
  }

  /** Throws what a subscriber threw, after all were told. */
  tell(batch: Batch): void {
    this.#untold.push(batch)
    if (this.#telling) return
    this.#telling = true
    const failures: unknown[] = []
    for (let next = this.#untold.shift(); next; next = this.#untold.shift()) {
      // A copy: who subscribes meanwhile was given this batch already.
      for (const onBatch of [...this.#subscribers]) {
        try {
          if (this.#subscribers.has(onBatch)) onBatch(next)
        } catch (error) {
          failures.push(error) // one that fails must not keep the batch from the others
        }
      }
    }
    this.#telling = false
    if (failures.length > 0) throw failures[0]
  }

  clear(): void {
    this.#subscribers.clear()
  }
}
