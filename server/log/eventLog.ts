// The event log: what every state is folded from. Engines differ in what survives; all obey this interface (SPEC.md, L).

import type { Batch, SwarmEvent } from '../../protocol/events.ts'
import type { Checkpoint } from '../../protocol/fold.ts'

/** What a source must remember itself, by key; `null`: no longer. Nobody else is ever told of it. */
export type Notes = ReadonlyMap<string, string | null>

export interface EventLog {
  /** Changes whenever a resume across the change would be wrong; while a log is open only by its falling back to memory. */
  readonly epoch: string
  /**
   * One call is one atomic batch; resolves to its sequence number once it is committed. No events, no batch. Notes are
   * committed with it, also without one.
   */
  append(events: readonly SwarmEvent[], notes?: Notes): Promise<number>
  /** The notes that are kept, of keys that begin so. A log in memory has none: who wrote them still knows. */
  notes(prefix: string): Promise<ReadonlyMap<string, string>>
  /** The state that the log's batches fold to, from which `subscribe` goes on; `null`: fold from 0. */
  checkpoint(): Promise<Checkpoint | null>
  /** Batches in (from, to]; throws `RangeError` when the log no longer reaches back to `from`. */
  read(from: number, to: number): AsyncIterable<Batch>
  /** Every batch after `from`, in order, committed ones only; returns how to stop it. Throws `RangeError` as `read` does. */
  subscribe(from: number, onBatch: (batch: Batch) => void): () => void
  close(): Promise<void>
}
