// A durable log that goes on in memory when its file cannot be kept: under another epoch, for nothing of what comes now
// will be there after a restart, and nobody may resume onto it.

import type { Batch, SwarmEvent } from '../../protocol/events.ts'
import type { Checkpoint } from '../../protocol/fold.ts'
import type { EventLog, Notes } from './eventLog.ts'
import { MemoryLog } from './memoryLog.ts'
import type { SqliteLog } from './sqliteLog.ts'

interface Subscription {
  position: number
  onBatch: (batch: Batch) => void
  stop: () => void
}

export class FallbackLog implements EventLog {
  readonly #durable: SqliteLog
  readonly #onBroken: (error: Error) => void
  readonly #subscriptions = new Set<Subscription>()
  #memory: MemoryLog | null = null
  #closed = false
  /** Read already: given to the first who asks, if nothing came since. */
  #checkpoint: Checkpoint | null

  /** `onBroken`: called once, after everybody follows the log in memory. */
  constructor(durable: SqliteLog, onBroken: (error: Error) => void, checkpoint: Checkpoint | null = null) {
    this.#durable = durable
    this.#checkpoint = checkpoint
    this.#onBroken = onBroken
    durable.onBroken((error) => this.#fallBack(error))
  }

  get epoch(): string {
    return (this.#memory ?? this.#durable).epoch
  }

  get isDurable(): boolean {
    return this.#memory === null
  }

  notes(prefix: string): Promise<ReadonlyMap<string, string>> {
    return (this.#memory ?? this.#durable).notes(prefix)
  }

  async append(events: readonly SwarmEvent[], notes?: Notes): Promise<number> {
    if (this.#memory) return this.#memory.append(events)
    try {
      return await this.#durable.append(events, notes)
    } catch (error) {
      // Refused because of the file: they come in the order in which they were appended.
      if (this.#memory && !this.#closed) return (this.#memory as MemoryLog).append(events)
      throw error
    }
  }

  async checkpoint(): Promise<Checkpoint | null> {
    const read = this.#checkpoint
    this.#checkpoint = null
    if (read?.seq === this.#durable.seq) return read
    if (this.#memory) return this.#memory.checkpoint()
    try {
      return await this.#durable.checkpoint()
    } catch (error) {
      if (!this.#memory || this.#closed) throw error
      // A state that cannot be read: who begins with nothing begins at 0.
      if (this.#subscriptions.size === 0) this.#memory = new MemoryLog(undefined, 0, this.#durable.lastAtMs)
      return null
    }
  }

  read(from: number, to: number): AsyncIterable<Batch> {
    return (this.#memory ?? this.#durable).read(from, to)
  }

  subscribe(from: number, onBatch: (batch: Batch) => void): () => void {
    const subscription: Subscription = { position: from, onBatch, stop: () => undefined }
    this.#subscriptions.add(subscription)
    this.#follow(this.#memory ?? this.#durable, subscription)
    return () => {
      this.#subscriptions.delete(subscription)
      subscription.stop()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#memory?.close()
    await this.#durable.close()
  }

  #follow(log: EventLog, subscription: Subscription): void {
    subscription.stop = log.subscribe(subscription.position, (batch) => {
      subscription.position = batch.seq
      subscription.onBatch(batch)
    })
  }

  #fallBack(error: Error): void {
    if (this.#memory || this.#closed) return
    const { seq, lastAtMs } = this.#durable
    this.#memory = new MemoryLog(undefined, seq, lastAtMs)
    for (const subscription of this.#subscriptions) {
      subscription.stop()
      // Who was still reading what was before cannot be given the rest.
      subscription.position = seq
      this.#follow(this.#memory, subscription)
    }
    this.#onBroken(error)
  }
}
