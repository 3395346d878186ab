// One moment of the past, and what is known of how it went on: the same fold as the server's, in a world of its own (its own
// epoch), so that nothing of it can get into the live one. Pure: whoever has it fetches and tells the time.

import type { SwarmEvent } from '../../protocol/events.ts'
import {
  applyBatch,
  type Checkpoint,
  emptyState,
  restoreEntities,
  restoreVersions,
  type SwarmState,
  type SwarmStore,
} from '../../protocol/fold.ts'
import { type EntityRef, refKey } from '../../protocol/frames.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { cursorAfterBatch, type EventPage } from '../stream/historyClient.ts'
import type { PastState } from '../stream/pastState.ts'

interface PastBatch {
  seq: number
  atMs: number
  events: SwarmEvent[]
}

export interface PastChange {
  put: Entity[]
  del: EntityRef[]
}

/** Enough for a minute of a very busy swarm; beyond it, fetching waits until it is played. */
export const MAX_QUEUED_EVENTS = 20_000
/** How much of the time that passes for the reader is fetched ahead. */
const AHEAD_MS = 8_000
/** What came in just before an answer may not have been written yet. */
const SETTLED_MS = 1_000

let worlds = 0

export class TravelWorld {
  readonly #state: SwarmState
  /** Of which the versions are not restored yet: of most moments it is never asked how they went on. */
  #checkpoint: Checkpoint | null
  #atMs: number
  #queue: PastBatch[] = []
  #queuedEvents = 0
  #cursor: string
  #knownUntilMs: number

  constructor({ atMs, checkpoint }: Pick<PastState, 'atMs' | 'checkpoint'>) {
    this.#state = emptyState(`past:${++worlds}`)
    restoreEntities(this.#state, checkpoint)
    this.#checkpoint = checkpoint
    this.#atMs = atMs
    this.#cursor = cursorAfterBatch(checkpoint.seq)
    this.#knownUntilMs = atMs
  }

  get store(): SwarmStore {
    return this.#state.store
  }

  /** The moment that the store is at. */
  get atMs(): number {
    return this.#atMs
  }

  /** Up to here nothing is missing. */
  get knownUntilMs(): number {
    return this.#knownUntilMs
  }

  /** Where the next page begins. */
  get cursor(): string {
    return this.#cursor
  }

  /** Whether to fetch, to play on at this speed without waiting. */
  wantsMore(speed: number): boolean {
    const aheadMs = this.#knownUntilMs - this.#atMs
    // One batch may be larger than the bound: then there is nothing else to play until it is whole.
    return aheadMs <= 0 || (aheadMs < speed * AHEAD_MS && this.#queuedEvents < MAX_QUEUED_EVENTS)
  }

  /** `askedAtMs`: the server's time when the page was asked for. */
  add(page: EventPage, askedAtMs: number): void {
    let last = this.#queue.at(-1)
    for (const { seq, atMs, event } of page.events) {
      if (last?.seq === seq) last.events.push(event)
      else {
        last = { seq, atMs, events: [event] }
        this.#queue.push(last)
      }
    }
    this.#queuedEvents += page.events.length
    if (page.cursor === null) {
      if (last && last.seq > this.#state.store.seq) this.#cursor = cursorAfterBatch(last.seq)
      this.#knownUntilMs = Math.max(this.#knownUntilMs, askedAtMs - SETTLED_MS)
      return
    }
    this.#cursor = page.cursor
    // The last batch may go on in the next page: a batch is one step, never shown half.
    const whole = this.#queue.at(-2)
    if (whole) this.#knownUntilMs = Math.max(this.#knownUntilMs, Math.min(whole.atMs, (last?.atMs ?? whole.atMs) - 1))
  }

  /** Applies all up to `atMs`, or up to what is known; says what changed by it. */
  advance(atMs: number): PastChange {
    const untilMs = Math.max(this.#atMs, Math.min(atMs, this.#knownUntilMs))
    const touched = new Map<string, EntityRef>()
    let count = 0
    for (const batch of this.#queue) {
      if (batch.atMs > untilMs) break
      if (this.#checkpoint) restoreVersions(this.#state, this.#checkpoint)
      this.#checkpoint = null
      count++
      this.#queuedEvents -= batch.events.length
      for (const ref of applyBatch(this.#state, batch)) touched.set(refKey(ref), ref)
    }
    this.#queue = this.#queue.slice(count)
    this.#atMs = untilMs
    const change: PastChange = { put: [], del: [] }
    for (const ref of touched.values()) {
      const entity = this.#state.store.get(ref.entity as Entity['entity'], ref.id)
      if (entity) change.put.push(entity)
      else change.del.push(ref)
    }
    return change
  }
}
