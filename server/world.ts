// A world: one event log and the state folded from it. `real`, `mock` and `replay` never mix; a view shows one of them.

import type { Batch, SwarmEvent } from '../protocol/events.ts'
import { applyBatch, type Checkpoint, emptyState, type SwarmState, type SwarmStore, stateOf } from '../protocol/fold.ts'
import type { Entity, IsoTime, Unnumbered } from '../protocol/swarm.ts'
import type { EventLog, Notes } from './log/eventLog.ts'

export class World {
  readonly name: 'real' | 'mock' | 'replay'
  readonly #log: EventLog
  readonly #state: SwarmState
  /** Until when what the log held at the start is known to have been so; `null`: it held nothing. */
  readonly knownUntil: IsoTime | null
  readonly #listeners = new Set<() => void>()

  /** A world with what its log holds already: read, not folded again. */
  static async open(name: World['name'], log: EventLog): Promise<World> {
    return new World(name, log, await log.checkpoint())
  }

  constructor(name: World['name'], log: EventLog, checkpoint: Checkpoint | null = null) {
    this.name = name
    this.#log = log
    this.knownUntil = checkpoint?.knownUntil ?? null
    this.#state = checkpoint ? stateOf(log.epoch, checkpoint) : emptyState(log.epoch)
    log.subscribe(checkpoint?.seq ?? 0, (batch) => {
      const touched = applyBatch(this.#state, batch)
      // The log fell back to memory: the same entities, and nobody may resume from the one log onto the other.
      const moved = this.#state.store.epoch !== log.epoch
      if (moved) this.#state.store.moveTo(log.epoch)
      if (touched.length === 0 && !moved) return
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

  /** Some source has been live here, in this run or a former one: it went by its own name. */
  get hasHeardSource(): boolean {
    for (const { project, state } of this.store.all('source').values())
      if (project !== null && state !== 'never') return true
    return false
  }

  /** The highest incarnation that a source has spoken in, in former runs too; 0 if it never spoke. */
  incarnationOf(sourceId: string): number {
    return this.#state.incarnations.get(sourceId) ?? 0
  }

  /** What is known from a source, as it stated it, by `entity/id`; not what is known about the source. */
  statedBy(sourceId: string): Map<string, Unnumbered<Entity>> {
    const stated = new Map<string, Unnumbered<Entity>>()
    for (const { rev: _, ...entity } of this.store.values()) {
      if (entity.entity === 'source' || entity.sourceId !== sourceId) continue
      stated.set(`${entity.entity}/${entity.id}`, entity)
    }
    return stated
  }

  append(events: readonly SwarmEvent[], notes?: Notes): Promise<number> {
    return this.#log.append(events, notes)
  }

  /** What a source of a former run remembered (`append`), of keys that begin so. */
  notes(prefix: string): Promise<ReadonlyMap<string, string>> {
    return this.#log.notes(prefix)
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
