// The event log in memory: for mock and replay worlds, and for the real one when its file cannot be kept.

import { createHash, randomUUID } from 'node:crypto'
import type { Batch, SwarmEvent } from '../../protocol/events.ts'
import { type Checkpoint, FOLD_VERSION } from '../../protocol/fold.ts'
import type { EventLog } from './eventLog.ts'
import { LogClock } from './logClock.ts'
import { Subscribers } from './subscribers.ts'

/** Events, not batches: a batch may be one agent or ten thousand. Who falls further behind gets a snapshot anyway. */
const MAX_EVENTS = 10_000

export class MemoryLog implements EventLog {
  readonly epoch = createHash('sha256').update(`${randomUUID()}/${FOLD_VERSION}`).digest('hex').slice(0, 20)
  #seq = 0
  #batches: Batch[] = []
  #events = 0
  readonly #maxEvents: number
  readonly #clock: LogClock
  readonly #subscribers = new Subscribers()
  #closed = false

  /** `after`, `afterMs`: counts on from there, and then. */
  constructor(maxEvents = MAX_EVENTS, after = 0, afterMs = 0) {
    this.#clock = new LogClock(afterMs)
    this.#maxEvents = maxEvents
    this.#seq = after
  }

  checkpoint(): Promise<Checkpoint | null> {
    return Promise.resolve(null)
  }

  notes(): Promise<ReadonlyMap<string, string>> {
    return Promise.resolve(new Map())
  }

  async append(events: readonly SwarmEvent[]): Promise<number> {
    if (this.#closed) throw new Error('the event log is closed')
    if (events.length === 0) return this.#seq
    const batch: Batch = { seq: ++this.#seq, events: this.#clock.stamp(events) }
    this.#batches.push(batch)
    this.#events += events.length
    // Cut seldom and much: shifting the array at each append would cost its whole length each time.
    if (this.#events > 2 * this.#maxEvents) this.#forget()
    this.#subscribers.tell(batch)
    return batch.seq
  }

  async *read(from: number, to: number): AsyncIterable<Batch> {
    yield* this.#between(from, to)
  }

  subscribe(from: number, onBatch: (batch: Batch) => void): () => void {
    // What is committed but not told yet comes to everybody in its turn.
    for (const batch of this.#between(from, this.#subscribers.toldTo(this.#seq))) onBatch(batch)
    return this.#subscribers.add((batch) => {
      if (batch.seq > from) onBatch(batch)
    })
  }

  close(): Promise<void> {
    this.#closed = true
    this.#subscribers.clear()
    return Promise.resolve()
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
