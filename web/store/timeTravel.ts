// Time travel: where the reader is in time, and the world that is shown for it. One seek is under way at a time, and the
// latest wish wins: while he drags, a moment is shown now and then, and those between are dropped as early as can be. No
// DOM: time, history and what is shown come in by `edge`.

import type { RevisionedStore } from '../../protocol/frames.ts'
import type { Entity, SourceError } from '../../protocol/swarm.ts'
import type { Asked, AskedState, EventPage, HistoryClient } from '../stream/historyClient.ts'
import type { Told } from '../stream/pastState.ts'
import { playheadMs, type Speed, type Travel } from './travel.ts'
import { type PastChange, TravelWorld } from './travelWorld.ts'

export interface TravelEdge {
  history: HistoryClient
  /** The server's clock. */
  nowMs(): number
  setTimer(callback: () => void, delayMs: number): unknown
  clearTimer(timer: unknown): void
  /** Before the world of that moment is shown or moved: whoever is told of the world may ask what time it is in it. */
  publish(travel: Travel): void
  show(store: RevisionedStore<Entity>): void
  move(store: RevisionedStore<Entity>, change: PastChange): void
  showLive(): void
}

/** Ten steps a second look smooth, and leave the page its time. */
export const TICK_MS = 100
/** A page that slept does not leap over what it should have shown. */
const MAX_TICK_MS = 1_000
/** So close to now, the present itself is meant. */
export const PRESENT_MS = 1_500
/** While dragging, a moment that is not meant any more is shown all the same if nothing was for so long. */
export const SCRUB_MS = 300
/** After a fetch that failed, while playing. */
const RETRY_MS = 2_000

export class TimeTravel {
  readonly #edge: TravelEdge
  #travel: Travel = { state: 'live', error: null }
  #world: TravelWorld | null = null
  #speed: Speed = 1
  /** Rises when what is under way is no longer wanted. */
  #trip = 0
  #isSeeking = false
  #drop = new AbortController()
  /** When another moment was shown last, or the first of several was asked for. */
  #scrubbedMs = 0
  /** What the last seek told: most of it holds at other moments, too. */
  #told: Told | undefined
  #isFetching = false
  /** … and only waits to be tried again. */
  #hasFetchFailed = false
  /** Asked to play while the moment to play from is still being fetched. */
  #playsOn = false
  #timer: unknown = null
  #tickedMs = 0

  constructor(edge: TravelEdge) {
    this.#edge = edge
  }

  get travel(): Travel {
    return this.#travel
  }

  get speed(): Speed {
    return this.#speed
  }

  /** Shows this moment, by the server's clock; one of now or later is the present. */
  goTo(atMs: number): void {
    if (atMs >= this.#edge.nowMs() - PRESENT_MS) {
      this.backToLive()
      return
    }
    this.#stopTicking()
    this.#playsOn = false
    const world = this.#world
    // A little ahead it is known already.
    if (world && !this.#isSeeking && atMs >= world.atMs && atMs <= world.knownUntilMs) {
      this.#step(world, atMs, (shownMs) => ({ state: 'paused', shownMs, wantedMs: null, error: null }))
      return
    }
    if (world) this.#set({ state: 'paused', shownMs: world.atMs, wantedMs: atMs, error: null })
    else this.#set({ state: 'leaving', wantedMs: atMs })
    if (!this.#isSeeking) {
      this.#scrubbedMs = this.#edge.nowMs()
      this.#seek(atMs)
    } else if (this.#edge.nowMs() - this.#scrubbedMs < SCRUB_MS) this.#drop.abort()
  }

  play(): void {
    if (this.#isSeeking) this.#playsOn = true
    if (this.#travel.state !== 'paused' || this.#isSeeking || !this.#world) return
    this.#set({ state: 'playing', shownMs: this.#world.atMs, speed: this.#speed, isWaiting: false })
    this.#tickedMs = this.#edge.nowMs()
    this.#tick()
  }

  pause(): void {
    if (this.#travel.state !== 'playing') return
    this.#stopTicking()
    this.#set({ state: 'paused', shownMs: this.#travel.shownMs, wantedMs: null, error: null })
  }

  setSpeed(speed: Speed): void {
    this.#speed = speed
    if (this.#travel.state === 'playing') this.#set({ ...this.#travel, speed })
  }

  backToLive(error: SourceError | null = null): void {
    this.#trip++
    this.#drop.abort()
    this.#told = undefined
    this.#isSeeking = false
    this.#isFetching = false
    this.#playsOn = false
    this.#stopTicking()
    const wasShown = this.#world !== null
    this.#world = null
    this.#set({ state: 'live', error })
    if (wasShown) this.#edge.showLive()
  }

  /** The server can be reached again: what was refused for that reason may be asked for anew, and is not said any more. */
  lineIsBack(): void {
    const { state } = this.#travel
    if ((state === 'live' || state === 'paused') && this.#travel.error && this.#travel.error.code !== 'NOT_FOUND')
      this.#set({ ...this.#travel, error: null })
    this.#isFetching = this.#isFetching && !this.#hasFetchFailed
  }

  #seek(atMs: number): void {
    const trip = this.#trip
    this.#isSeeking = true
    this.#drop = new AbortController()
    this.#edge.history.stateAt(atMs, { signal: this.#drop.signal, told: this.#told }).then(
      (answer) => {
        if (trip !== this.#trip) return
        this.#isSeeking = false
        this.#arrive(answer, atMs)
      },
      () => undefined, // the client answers with an error, it does not reject
    )
  }

  #arrive(answer: AskedState, askedMs: number): void {
    const wantedMs = playheadMs(this.#travel)
    if (answer.type === 'dropped') {
      if (wantedMs !== null) this.#seek(wantedMs)
      return
    }
    // Meanwhile the reader dragged on.
    const isFurther = wantedMs !== null && wantedMs !== askedMs
    const error = answer.type === 'failed' && !isFurther ? answer.error : null
    const arrived = answer.type === 'ok' ? new TravelWorld(answer.value) : null
    if (arrived) {
      this.#world = arrived
      this.#isFetching = false
      this.#scrubbedMs = this.#edge.nowMs()
    }
    if (answer.type === 'ok') this.#told = answer.value.told
    const world = this.#world
    if (world) this.#set({ state: 'paused', shownMs: world.atMs, wantedMs: isFurther ? wantedMs : null, error })
    else if (!isFurther) this.#set({ state: 'live', error })
    if (arrived) this.#edge.show(arrived.store)
    if (isFurther) {
      this.#seek(wantedMs)
      return
    }
    if (this.#playsOn && error === null) this.play()
    this.#playsOn = false
  }

  #tick(): void {
    const world = this.#world
    if (this.#travel.state !== 'playing' || !world) return
    const nowMs = this.#edge.nowMs()
    const passedMs = Math.min(MAX_TICK_MS, Math.max(0, nowMs - this.#tickedMs))
    this.#tickedMs = nowMs
    const wantedMs = world.atMs + passedMs * this.#speed
    this.#step(world, wantedMs, (shownMs) => ({
      state: 'playing',
      shownMs,
      speed: this.#speed,
      isWaiting: shownMs < wantedMs - 1,
    }))
    if (world.atMs >= nowMs - PRESENT_MS) {
      this.backToLive()
      return
    }
    this.#fetchAhead(world)
    this.#timer = this.#edge.setTimer(() => this.#tick(), TICK_MS)
  }

  #step(world: TravelWorld, atMs: number, travelAt: (shownMs: number) => Travel): void {
    const change = world.advance(atMs)
    this.#set(travelAt(world.atMs))
    if (change.put.length > 0 || change.del.length > 0) this.#edge.move(world.store, change)
  }

  #fetchAhead(world: TravelWorld): void {
    if (this.#isFetching || !world.wantsMore(this.#speed)) return
    this.#isFetching = true
    this.#hasFetchFailed = false
    const askedAtMs = this.#edge.nowMs()
    this.#edge.history.eventsAfter(world.cursor).then(
      (answer) => {
        if (this.#world === world) this.#addPage(world, answer, askedAtMs)
      },
      () => undefined, // as above
    )
  }

  #addPage(world: TravelWorld, answer: Asked<EventPage>, askedAtMs: number): void {
    if (answer.type === 'ok') {
      this.#isFetching = false
      world.add(answer.value, askedAtMs)
      return
    }
    // What was tidied away will not come back; anything else may.
    if (answer.error.code === 'NOT_FOUND' && this.#travel.state === 'playing') {
      this.#stopTicking()
      this.#isFetching = false
      this.#set({ state: 'paused', shownMs: world.atMs, wantedMs: null, error: answer.error })
      return
    }
    this.#hasFetchFailed = true
    this.#edge.setTimer(() => {
      if (this.#world === world && this.#hasFetchFailed) this.#isFetching = false
    }, RETRY_MS)
  }

  #stopTicking(): void {
    this.#edge.clearTimer(this.#timer)
    this.#timer = null
  }

  #set(travel: Travel): void {
    this.#travel = travel
    this.#edge.publish(travel)
  }
}
