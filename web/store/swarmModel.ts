// What is shown: the page's copy of the swarm, or a moment of its past in its place. The scene hears of each change at once
// (and draws it in its next frame); React hears once a frame, and only those parts whose entity changed.
//
// The live world is received all the time, whatever is shown: so the way back from the past is at once, and exact.

import {
  type ApplyResult,
  type EntityRef,
  type Frame,
  RevisionedStore,
  refKey,
  type Snapshot,
} from '../../protocol/frames.ts'
import type { Agent, Entity, EntityKind, Link, Task } from '../../protocol/swarm.ts'
import { onNextFrame } from './nextFrame.ts'

export type EntityOf<K extends EntityKind> = Extract<Entity, { entity: K }>

export interface SwarmChange {
  /** Everything was replaced; `put` is the whole. */
  isReset: boolean
  put: readonly Entity[]
  del: readonly EntityRef[]
}

type Listener = () => void

export class SwarmModel {
  readonly #live = new RevisionedStore<Entity>('')
  #shown = this.#live
  readonly #schedule: (flush: Listener) => void
  readonly #changeListeners = new Set<(change: SwarmChange) => void>()
  readonly #liveListeners = new Set<(change: SwarmChange) => void>()
  readonly #listeners = new Set<Listener>()
  readonly #listenersById = new Map<string, Set<Listener>>()
  readonly #touched = new Set<string>()
  #hasData = false
  #isReset = false
  #isScheduled = false
  /** Something changed that React was not told of. */
  #isDue = false
  #version = 0

  /** `schedule`: calls its argument once, soon; in the page with the next frame. */
  constructor(schedule: (flush: Listener) => void) {
    this.#schedule = schedule
  }

  get epoch(): string {
    return this.#shown.epoch
  }

  get seq(): number {
    return this.#shown.seq
  }

  /** Whether there is anything to show: a snapshot has come in, or the past is shown. */
  get hasData(): boolean {
    return this.#hasData || this.isPast
  }

  get isPast(): boolean {
    return this.#shown !== this.#live
  }

  /** Rises with what React is told of. */
  get version(): number {
    return this.#version
  }

  /** What is shown. */
  get store(): RevisionedStore<Entity> {
    return this.#shown
  }

  /** What is now, whether it is shown or not. */
  get live(): RevisionedStore<Entity> {
    return this.#live
  }

  get agents(): ReadonlyMap<string, Agent> {
    return this.#shown.all('agent')
  }

  get links(): ReadonlyMap<string, Link> {
    return this.#shown.all('link')
  }

  get tasks(): ReadonlyMap<string, Task> {
    return this.#shown.all('task')
  }

  get<K extends EntityKind>(kind: K, id: string): EntityOf<K> | undefined {
    return this.#shown.get(kind, id)
  }

  position(): { epoch: string; seq: number } | null {
    return this.#hasData ? { epoch: this.#live.epoch, seq: this.#live.seq } : null
  }

  load(snapshot: Snapshot<Entity>): void {
    this.#live.load(snapshot)
    this.#hasData = true
    this.#tellLive({ isReset: true, put: snapshot.put, del: [] })
  }

  apply(frame: Frame<Entity>): ApplyResult {
    // Before the first snapshot there is nothing that a frame could be applied to.
    if (!this.#hasData) return 'gap'
    const result = this.#live.apply(frame)
    if (result === 'applied') this.#tellLive({ isReset: false, put: frame.put, del: frame.del })
    return result
  }

  /** Shows another world, at once and to all, so that nothing of the one stands beside the other; `movePast` tells its changes. */
  showPast(store: RevisionedStore<Entity>): void {
    this.#shown = store
    this.#tell({ isReset: true, put: [...store.values()], del: [] })
    this.#flush()
  }

  /** The world of the past went on. */
  movePast(store: RevisionedStore<Entity>, put: readonly Entity[], del: readonly EntityRef[]): void {
    if (store === this.#shown && this.isPast) this.#tell({ isReset: false, put, del })
  }

  showLive(): void {
    if (!this.isPast) return
    this.#shown = this.#live
    this.#tell({ isReset: true, put: [...this.#live.values()], del: [] })
    this.#flush()
  }

  /** Each change of what is now, at once, whether it is shown or not. */
  onLiveChange(listener: (change: SwarmChange) => void): () => void {
    this.#liveListeners.add(listener)
    return () => this.#liveListeners.delete(listener)
  }

  /** Each change of what is shown, at once. */
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

  #tellLive(change: SwarmChange): void {
    for (const listener of this.#liveListeners) listener(change)
    if (!this.isPast) this.#tell(change)
  }

  #tell(change: SwarmChange): void {
    if (change.isReset) this.#isReset = true
    else {
      for (const entity of change.put) this.#touch(entity)
      for (const ref of change.del) this.#touch(ref)
    }
    this.#isDue = true
    for (const listener of this.#changeListeners) listener(change)
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#schedule(() => {
      this.#isScheduled = false
      if (this.#isDue) this.#flush()
    })
  }

  /** Only of whom somebody listens to: while the page is hidden nothing is flushed, and ids come and go for days. */
  #touch(ref: EntityRef): void {
    const key = refKey(ref)
    if (this.#listenersById.has(key)) this.#touched.add(key)
  }

  #flush(): void {
    this.#isDue = false
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
    if (waitMs <= 0) onNextFrame(() => run(flush))
    else setTimeout(() => onNextFrame(() => run(flush)), waitMs)
  }
}
