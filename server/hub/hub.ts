// Everybody who watches: each viewer is somewhere (epoch, seq) and gets what changed since, one message at a time, the
// next when the last one has left. So a slow viewer costs itself, and coalescing needs no code of its own.

import { VIEWER_BACKOFF } from '../../protocol/backoff.ts'
import type { View } from '../view.ts'
import type { World } from '../world.ts'
import { type Delivery, type Encoded, Encoder } from './encoder.ts'
import { StatusEncoder } from './statusEncoder.ts'
import { type CloseReason, type Door, ViewerCounts } from './viewerCounts.ts'

/** At most 30 frames a second under load; the first change after a pause goes out at once. */
const FRAME_INTERVAL_MS = 33
/**
 * What a viewer's message has beyond 16 KiB counts: of that, all who follow are sent 128 MB a second together, a gigabit line.
 * What would be more is coalesced more: of 10,000 agents that change all the time, 100 viewers are told every five seconds.
 */
const SMALL_MESSAGE_BYTES = 16 * 1024
const FOLLOWERS_BYTES_PER_MS = 128 * 1024
/** Status changes come in bursts (one attempt is three states). */
const STATUS_INTERVAL_MS = 100
/** That others came or went is worth less: a thousand viewers who come back tell each other once a second. */
const VIEWER_COUNT_INTERVAL_MS = 1_000
/** A viewer that takes nothing for so long is closed: it holds encoded buffers. */
export const NO_PROGRESS_MS = 10_000
export const MAX_VIEWERS = 2_000

/** Where messages go: a WebSocket, an SSE answer, or a test's list. */
export interface Sink {
  /** Calls `sent` when the message has left (or failed: then the sink closes by itself). */
  send(message: Encoded, sent: () => void): void
  /** Too slow. */
  drop(): void
  /** The server stops: says goodbye, with the pause after which this viewer should come back, and closes. */
  end(retryAfterMs: number): void
}

/** A place among the viewers, from before the upgrade on: who never says hello counts too. */
export interface Seat {
  /** The connection stands, by whichever door. To be called once. */
  opened(door: Door): void
  /** At `position` (`null`: nowhere yet). To be called once. */
  watch(sink: Sink, position: Position | null): void
  /** The server is about to end the connection: why. The first reason counts. */
  closing(reason: CloseReason): void
  /** May be called twice. */
  leave(): void
}

export interface Position {
  epoch: string
  seq: number
}

interface Viewer {
  seat: Seat
  sink: Sink
  position: Position | null
  /** What it is in the middle of, and how far. */
  delivery: Delivery | null
  nextIndex: number
  statusDue: boolean
  /** The status that it knows, without its clock. */
  toldStatus: string | null
  sending: boolean
  /** It has been up to date once: from now on the age of what it gets is ours, not that of its absence. */
  isFollowing: boolean
  /** Whether it named a place to go on from; `null` once it has been counted how it began. */
  startDue: 'new' | 'resume' | null
  stuckTimer: NodeJS.Timeout | undefined
}

export class Hub {
  readonly #view: View
  readonly #viewers = new Set<Viewer>()
  readonly #encoders = new WeakMap<World, Encoder>()
  readonly #status: StatusEncoder
  #seats = 0
  #world: World
  #stopWorld: () => void
  readonly #stopView: () => void
  #frameTimer: NodeJS.Timeout | undefined
  #lastFlushMs = Number.NEGATIVE_INFINITY
  /** Of large messages to followers, since the last flush. */
  #bytesSinceFlush = 0
  #statusTimer: NodeJS.Timeout | undefined
  #statusAtMs = 0
  #closed = false
  readonly #onFrameSent: (sourceAtMs: number) => void
  readonly counts = new ViewerCounts()

  /** `onFrameSent`: a viewer that follows has taken a frame; when its newest change was seen at its source. */
  constructor(view: View, onFrameSent: (sourceAtMs: number) => void = () => undefined) {
    this.#view = view
    this.#onFrameSent = onFrameSent
    this.#world = view.world
    this.#status = new StatusEncoder({
      view,
      viewers: () => this.viewers,
      maxAgeMs: STATUS_INTERVAL_MS,
      onEncoded: () => this.counts.encoded.add('status'),
    })
    this.#stopWorld = this.#world.onChange(() => this.#scheduleFrames())
    this.#stopView = view.onChange(() => this.#viewChanged())
  }

  /** Who said hello. */
  get viewers(): number {
    return this.#viewers.size
  }

  /** No seat is free. */
  get isFull(): boolean {
    return this.#seats >= MAX_VIEWERS
  }

  /** `null`: all are taken, or the hub is closed. */
  takeSeat(): Seat | null {
    if (this.#closed || this.isFull) return null
    this.#seats++
    let viewer: Viewer | null = null
    let isTaken = true
    let isOpen = false
    let reason: CloseReason = 'left'
    const seat: Seat = {
      opened: (door) => {
        isOpen = true
        this.counts.opened.add(door)
      },
      watch: (sink, position) => {
        // One that said hello while we were closing, or that was gone already: its socket closes by itself.
        if (isTaken && !this.#closed) viewer ??= this.#add(seat, sink, position)
      },
      closing: (why) => {
        if (reason === 'left') reason = why
      },
      leave: () => {
        if (!isTaken) return
        isTaken = false
        this.#seats--
        if (isOpen) this.counts.closed.add(reason)
        if (viewer) this.#remove(viewer)
      },
    }
    return seat
  }

  retry(): void {
    this.#view.retry()
  }

  /** Tells every viewer when to come back, evenly spread over `retryHintMs`, so that they come as no herd. */
  close({ retryHintMs = VIEWER_BACKOFF.capMs }: { retryHintMs?: number } = {}): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#frameTimer)
    clearTimeout(this.#statusTimer)
    this.#stopWorld()
    this.#stopView()
    const viewers = [...this.#viewers]
    this.#viewers.clear()
    for (const [index, viewer] of viewers.entries()) {
      this.#letGo(viewer)
      viewer.seat.closing('stopping')
      viewer.sink.end(Math.round((retryHintMs * (index + Math.random())) / viewers.length))
    }
  }

  #add(seat: Seat, sink: Sink, position: Position | null): Viewer {
    const viewer: Viewer = {
      seat,
      sink,
      position,
      delivery: null,
      nextIndex: 0,
      statusDue: true,
      toldStatus: null,
      sending: false,
      isFollowing: false,
      startDue: position === null ? 'new' : 'resume',
      stuckTimer: undefined,
    }
    this.#viewers.add(viewer)
    this.#pump(viewer)
    this.#scheduleStatus(VIEWER_COUNT_INTERVAL_MS)
    return viewer
  }

  #remove(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer)) return
    this.#letGo(viewer)
    this.#scheduleStatus(VIEWER_COUNT_INTERVAL_MS)
  }

  #letGo(viewer: Viewer): void {
    clearTimeout(viewer.stuckTimer)
    deliver(viewer, null)
  }

  #viewChanged(): void {
    this.#status.expire()
    const { world } = this.#view
    if (world !== this.#world) {
      this.#stopWorld()
      this.#world = world
      this.#stopWorld = world.onChange(() => this.#scheduleFrames())
      for (const viewer of this.#viewers) {
        // The status goes out before the new world's snapshot: the page knows what it is about to be shown.
        viewer.statusDue = true
        viewer.position = null
        viewer.isFollowing = false
        deliver(viewer, null)
      }
      this.#flush()
    }
    this.#scheduleStatus(STATUS_INTERVAL_MS)
  }

  #scheduleFrames(): void {
    if (this.#frameTimer || this.#closed) return
    const waitMs = this.#msToFlush()
    if (waitMs <= 0) {
      this.#flush()
      return
    }
    // What is sent meanwhile may put it off.
    this.#frameTimer = setTimeout(() => {
      this.#frameTimer = undefined
      this.#scheduleFrames()
    }, waitMs)
  }

  #msToFlush(): number {
    const intervalMs = Math.max(FRAME_INTERVAL_MS, this.#bytesSinceFlush / FOLLOWERS_BYTES_PER_MS)
    return Math.ceil(this.#lastFlushMs + intervalMs - performance.now())
  }

  #flush(): void {
    clearTimeout(this.#frameTimer)
    this.#frameTimer = undefined
    this.#lastFlushMs = performance.now()
    this.#bytesSinceFlush = 0
    for (const viewer of this.#viewers) this.#pump(viewer, true)
  }

  #scheduleStatus(withinMs: number): void {
    if (this.#closed) return
    const atMs = performance.now() + withinMs
    if (this.#statusTimer && this.#statusAtMs <= atMs) return
    clearTimeout(this.#statusTimer)
    this.#statusAtMs = atMs
    this.#statusTimer = setTimeout(() => {
      this.#statusTimer = undefined
      this.#status.expire()
      for (const viewer of this.#viewers) {
        viewer.statusDue = true
        this.#pump(viewer)
      }
    }, withinMs)
  }

  /** `isFlush`: of all viewers at once, so that followers begin with the next frame. */
  #pump(viewer: Viewer, isFlush = false): void {
    if (viewer.sending || !this.#viewers.has(viewer)) return
    const message = this.#nextMessage(viewer, isFlush)
    if (!message) {
      viewer.isFollowing = true
      return
    }
    const sourceAtMs = viewer.isFollowing ? (message.sourceAtMs ?? null) : null
    if (viewer.isFollowing) this.#bytesSinceFlush += Math.max(0, message.json.length - SMALL_MESSAGE_BYTES)
    viewer.sending = true
    viewer.stuckTimer = setTimeout(() => {
      this.#remove(viewer)
      viewer.seat.closing('too_slow')
      viewer.sink.drop()
    }, NO_PROGRESS_MS)
    viewer.sink.send(message, () => {
      clearTimeout(viewer.stuckTimer)
      viewer.sending = false
      this.#countSent(message)
      if (sourceAtMs !== null) this.#onFrameSent(sourceAtMs)
      this.#pump(viewer)
    })
  }

  #countSent({ type, position }: Encoded): void {
    this.counts.sent.add(type)
    if (type === 'snapshot' && position) this.counts.snapshots++
  }

  #nextMessage(viewer: Viewer, isFlush: boolean): Encoded | null {
    if (viewer.statusDue) {
      viewer.statusDue = false
      const { message, content } = this.#status.current()
      if (viewer.toldStatus !== content) {
        viewer.toldStatus = content
        return message
      }
    }
    // Twice: the end of one delivery may be where the next one begins.
    const message =
      this.#nextOfDelivery(viewer) ?? (isFlush || this.#isDue(viewer) ? this.#beginDelivery(viewer) : null)
    if (message?.position) viewer.position = message.position
    return message
  }

  /** Followers go on together, so that they need the same frame; who is on the way to where they are waits for nobody. */
  #isDue(viewer: Viewer): boolean {
    if (!viewer.isFollowing || this.#msToFlush() <= 0) return true
    const { epoch, seq } = this.#world.store
    if (viewer.position?.epoch !== epoch || viewer.position.seq !== seq) this.#scheduleFrames()
    return false
  }

  #beginDelivery(viewer: Viewer): Encoded | null {
    const encoder = this.#encoder(this.#world)
    deliver(viewer, encoder.since(viewer.position?.epoch ?? null, viewer.position?.seq ?? 0))
    const message = this.#nextOfDelivery(viewer)
    if (viewer.startDue !== null) {
      const begins = message?.type === 'snapshot' ? 'anew' : 'resumed'
      this.counts.starts.add(viewer.startDue === 'new' ? 'new' : begins)
      viewer.startDue = null
    }
    return message
  }

  #nextOfDelivery(viewer: Viewer): Encoded | null {
    const message = viewer.delivery?.at(viewer.nextIndex++) ?? null
    if (message) return message
    if (viewer.delivery?.isWithdrawn) this.counts.restarts++
    deliver(viewer, null)
    return null
  }

  #encoder(world: World): Encoder {
    let encoder = this.#encoders.get(world)
    if (!encoder) {
      encoder = new Encoder(world.store, (type) => this.counts.encoded.add(type))
      this.#encoders.set(world, encoder)
    }
    return encoder
  }
}

function deliver(viewer: Viewer, delivery: Delivery | null): void {
  if (viewer.delivery) viewer.delivery.holders--
  if (delivery) delivery.holders++
  viewer.delivery = delivery
  viewer.nextIndex = 0
}
