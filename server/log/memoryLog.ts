// The event log in memory: for mock and replay worlds, and until there is a durable engine.

import { createHash, randomUUID } from 'node:crypto'
import type { Batch, SwarmEvent } from '../../protocol/events.ts'
import { FOLD_VERSION } from '../../protocol/fold.ts'
import type { EventLog } from './eventLog.ts'

/** Events, not batches: a batch may be one agent or ten thousand. Who falls further behind gets a snapshot anyway. */
const MAX_EVENTS = 10_000

export class MemoryLog implements EventLog {
  readonly epoch = createHash('sha256').update(`${randomUUID()}/${FOLD_VERSION}`).digest('hex').slice(0, 20)
  #seq = 0
  #batches: Batch[] = []
  #events = 0
  readonly #subscribers = new Set<(batch: Batch) => void>()
  readonly #maxEvents: number
  /** Committed, but not told yet: a subscriber may append while it is told. */
  readonly #untold: Batch[] = []
  #telling = false
  #closed = false

  constructor(maxEvents = MAX_EVENTS) {
    this.#maxEvents = maxEvents
  }

  async append(events: readonly SwarmEvent[]): Promise<number> {
    if (this.#closed) throw new Error('the event log is closed')
    if (events.length === 0) return this.#seq
    const batch: Batch = { seq: ++this.#seq, events }
    this.#batches.push(batch)
    this.#events += events.length
    // Cut seldom and much: shifting the array at each append would cost its whole length each time.
    if (this.#events > 2 * this.#maxEvents) this.#forget()
    this.#untold.push(batch)
    this.#tell()
    return batch.seq
  }

  async *read(from: number, to: number): AsyncIterable<Batch> {
    yield* this.#between(from, to)
  }

  subscribe(from: number, onBatch: (batch: Batch) => void): () => void {
    // What is committed but not told yet comes to everybody in its turn.
    const told = (this.#untold[0]?.seq ?? this.#seq + 1) - 1
    for (const batch of this.#between(from, told)) onBatch(batch)
    const subscriber = (batch: Batch) => {
      if (batch.seq > from) onBatch(batch)
    }
    this.#subscribers.add(subscriber)
    return () => this.#subscribers.delete(subscriber)
  }

  close(): Promise<void> {
    this.#closed = true
    this.#subscribers.clear()
    return Promise.resolve()
  }

  #tell(): void {
    if (this.#telling) return
    this.#telling = true
    const failures: unknown[] = []
    for (let batch = this.#untold.shift(); batch; batch = this.#untold.shift()) {
      // A copy: who subscribes meanwhile was given this batch already.
      for (const onBatch of [...this.#subscribers]) {
        try {
          if (this.#subscribers.has(onBatch)) onBatch(batch)
        } catch (error) {
          failures.push(error) // one that fails must not keep the batch from the others
        }
      }
    }
    this.#telling = false
    if (failures.length > 0) throw failures[0]
  }

  #forget(): void {
    let keptFrom = this.#batches.length
    let events = 0
    while (keptFrom > 0) {
      const more = this.#batches[keptFrom - 1]?.events.length ?? 0
      if (events + more > this.#maxEvents) break
      events += more
      keptFrom--
    }
    this.#batches = this.#batches.slice(keptFrom)
    this.#events = events
  }

  #between(from: number, to: number): Batch[] {
    const first = this.#batches[0]?.seq ?? this.#seq + 1
    if (from + 1 < first) throw new RangeError(`the log begins at ${first}, ${from + 1} was asked for`)
    return this.#batches.slice(from + 1 - first, Math.max(0, to + 1 - first))
  }
}
