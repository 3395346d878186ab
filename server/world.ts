// A world: one event log and the state folded from it. `real` and `mock` never mix; a view shows one of them.

import type { Batch, SwarmEvent } from '../protocol/events.ts'
import { applyBatch, emptyState, type SwarmState, type SwarmStore } from '../protocol/fold.ts'
import type { EventLog } from './log/eventLog.ts'

export class World {
  readonly name: 'real' | 'mock'
  readonly #log: EventLog
  readonly #state: SwarmState
  readonly #listeners = new Set<() => void>()

  constructor(name: World['name'], log: EventLog) {
    this.name = name
    this.#log = log
    this.#state = emptyState(log.epoch)
    log.subscribe(0, (batch) => {
      if (applyBatch(this.#state, batch).length === 0) return
      for (const listener of this.#listeners) listener()
    })
  }

  get store(): SwarmStore {
    return this.#state.store
  }

  /** Nothing of a swarm is known (sources alone do not count). */
  get isEmpty(): boolean {
    const { store } = this
    return store.all('agent').size === 0 && store.all('task').size === 0 && store.all('swarm').size === 0
  }

  append(events: readonly SwarmEvent[]): Promise<number> {
    return this.#log.append(events)
  }

  /** What happened in (from, to]; throws `RangeError` when the log no longer reaches back to `from`. */
  read(from: number, to: number): AsyncIterable<Batch> {
    return this.#log.read(from, to)
  }

  /** Called after each change of the state; returns how to stop it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): Promise<void> {
    this.#listeners.clear()
    return this.#log.close()
  }
}
