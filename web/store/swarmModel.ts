// What is: the page's copy of the swarm. The scene hears of each change at once (and draws it in its next frame); React
// hears once a frame, and only those parts whose entity changed.

import {
  type ApplyResult,
  type EntityRef,
  type Frame,
  RevisionedStore,
  refKey,
  type Snapshot,
} from '../../protocol/frames.ts'
import type { Agent, Entity, EntityKind, Link, Task } from '../../protocol/swarm.ts'

export type EntityOf<K extends EntityKind> = Extract<Entity, { entity: K }>

export interface SwarmChange {
  /** Everything was replaced; `put` is the whole. */
  isReset: boolean
  put: readonly Entity[]
  del: readonly EntityRef[]
}

type Listener = () => void

export class SwarmModel {
  readonly #store = new RevisionedStore<Entity>('')
  readonly #schedule: (flush: Listener) => void
  readonly #changeListeners = new Set<(change: SwarmChange) => void>()
  readonly #listeners = new Set<Listener>()
  readonly #listenersById = new Map<string, Set<Listener>>()
  readonly #touched = new Set<string>()
  #hasData = false
  #isReset = false
  #isScheduled = false
  #version = 0

  /** `schedule`: calls its argument once, soon; in the page with the next frame. */
  constructor(schedule: (flush: Listener) => void) {
    this.#schedule = schedule
  }

  get epoch(): string {
    return this.#store.epoch
  }

  get seq(): number {
    return this.#store.seq
  }

  /** Whether a snapshot has ever come in. */
  get hasData(): boolean {
    return this.#hasData
  }

  /** Rises with what React is told of. */
  get version(): number {
    return this.#version
  }

  get store(): RevisionedStore<Entity> {
    return this.#store
  }

  get agents(): ReadonlyMap<string, Agent> {
    return this.#store.all('agent')
  }

  get links(): ReadonlyMap<string, Link> {
    return this.#store.all('link')
  }

  get tasks(): ReadonlyMap<string, Task> {
    return this.#store.all('task')
  }

  get<K extends EntityKind>(kind: K, id: string): EntityOf<K> | undefined {
    return this.#store.get(kind, id)
  }

  position(): { epoch: string; seq: number } | null {
    return this.#hasData ? { epoch: this.#store.epoch, seq: this.#store.seq } : null
  }

  load(snapshot: Snapshot<Entity>): void {
    this.#store.load(snapshot)
    this.#hasData = true
    this.#isReset = true
    this.#tell({ isReset: true, put: snapshot.put, del: [] })
  }

  apply(frame: Frame<Entity>): ApplyResult {
    // Before the first snapshot there is nothing that a frame could be applied to.
    if (!this.#hasData) return 'gap'
    const result = this.#store.apply(frame)
    if (result !== 'applied') return result
    for (const entity of frame.put) this.#touched.add(refKey(entity))
    for (const ref of frame.del) this.#touched.add(refKey(ref))
    this.#tell({ isReset: false, put: frame.put, del: frame.del })
    return result
  }

  /** Each change, at once. */
  onChange(listener: (change: SwarmChange) => void): () => void {
    this.#changeListeners.add(listener)
    return () => this.#changeListeners.delete(listener)
  }

  /** Anything changed: at most once a frame. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** This one entity changed: at most once a frame. */
  subscribeTo(kind: EntityKind, id: string, listener: Listener): () => void {
    const key = refKey({ entity: kind, id })
    const listeners = this.#listenersById.get(key) ?? new Set()
    this.#listenersById.set(key, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listenersById.delete(key)
    }
  }

  #tell(change: SwarmChange): void {
    for (const listener of this.#changeListeners) listener(change)
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#schedule(() => this.#flush())
  }

  #flush(): void {
    this.#isScheduled = false
    this.#version++
    const keys = this.#isReset ? [...this.#listenersById.keys()] : [...this.#touched]
    this.#isReset = false
    this.#touched.clear()
    for (const key of keys) for (const listener of this.#listenersById.get(key) ?? []) listener()
    for (const listener of this.#listeners) listener()
  }
}

/** Above this the lists take so long to sort that once a frame would be felt. */
const MANY = 2_000
const MANY_INTERVAL_MS = 200

/** With the next frame; less often when there is very much to show. */
export function frameSchedule(sizeOf: () => number): (flush: Listener) => void {
  let lastMs = Number.NEGATIVE_INFINITY
  const run = (flush: Listener) => {
    lastMs = performance.now()
    flush()
  }
  return (flush) => {
    const waitMs = sizeOf() > MANY ? MANY_INTERVAL_MS - (performance.now() - lastMs) : 0
    if (waitMs <= 0) requestAnimationFrame(() => run(flush))
    else setTimeout(() => requestAnimationFrame(() => run(flush)), waitMs)
  }
}
