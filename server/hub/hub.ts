// Everybody who watches: each viewer is somewhere (epoch, seq) and gets what changed since, one message at a time, the
// next when the last one has left. So a slow viewer costs itself, and coalescing needs no code of its own.

import type { StatusMessage } from '../../protocol/viewerWire.ts'
import type { View } from '../view.ts'
import type { World } from '../world.ts'
import { type Encoded, Encoder } from './encoder.ts'

/** At most 30 frames a second under load; the first change after a pause goes out at once. */
const FRAME_INTERVAL_MS = 33
/** Status changes come in bursts (one attempt is three states). */
const STATUS_INTERVAL_MS = 100
/** A viewer that takes nothing for so long is closed: it holds encoded buffers. */
export const NO_PROGRESS_MS = 10_000
export const MAX_VIEWERS = 2_000

/** Where messages go: a WebSocket, an SSE answer, or a test's list. */
export interface Sink {
  /** Calls `sent` when the message has left (or failed: then the sink closes by itself). */
  send(message: Encoded | StatusMessage, sent: () => void): void
  /** Too slow. */
  drop(): void
}

interface Viewer {
  sink: Sink
  position: { epoch: string; seq: number } | null
  /** Chunks of the snapshot that is on its way. */
  queue: readonly Encoded[]
  statusDue: boolean
  sending: boolean
  stuckTimer: NodeJS.Timeout | undefined
}

export class Hub {
  readonly #view: View
  readonly #viewers = new Set<Viewer>()
  readonly #encoders = new WeakMap<World, Encoder>()
  #world: World
  #stopWorld: () => void
  readonly #stopView: () => void
  #frameTimer: NodeJS.Timeout | undefined
  #lastFlushMs = Number.NEGATIVE_INFINITY
  #statusTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(view: View) {
    this.#view = view
    this.#world = view.world
    this.#stopWorld = this.#world.onChange(() => this.#scheduleFrames())
    this.#stopView = view.onChange(() => this.#viewChanged())
  }

  get viewers(): number {
    return this.#viewers.size
  }

  get isFull(): boolean {
    return this.#viewers.size >= MAX_VIEWERS
  }

  get status(): StatusMessage {
    const { mode, degraded, sources } = this.#view
    return { type: 'status', mode, degraded, sources, viewers: this.viewers, at: new Date().toISOString() }
  }

  /** A viewer at `position` (`null`: nowhere yet); returns how to take it out again. */
  add(sink: Sink, position: { epoch: string; seq: number } | null): () => void {
    // A viewer that said hello while we were closing: its socket is closing too.
    if (this.#closed) return () => undefined
    const viewer: Viewer = { sink, position, queue: [], statusDue: true, sending: false, stuckTimer: undefined }
    this.#viewers.add(viewer)
    this.#pump(viewer)
    this.#scheduleStatus()
    return () => this.#remove(viewer)
  }

  retry(): void {
    this.#view.retry()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#frameTimer)
    clearTimeout(this.#statusTimer)
    this.#stopWorld()
    this.#stopView()
    for (const viewer of this.#viewers) clearTimeout(viewer.stuckTimer)
    this.#viewers.clear()
  }

  #remove(viewer: Viewer): void {
    clearTimeout(viewer.stuckTimer)
    if (this.#viewers.delete(viewer)) this.#scheduleStatus()
  }

  #viewChanged(): void {
    const { world } = this.#view
    if (world !== this.#world) {
      this.#stopWorld()
      this.#world = world
      this.#stopWorld = world.onChange(() => this.#scheduleFrames())
      for (const viewer of this.#viewers) {
        // The status goes out before the new world's snapshot: the page knows what it is about to be shown.
        viewer.statusDue = true
        viewer.queue = []
        viewer.position = null
      }
      this.#flush()
    }
    this.#scheduleStatus()
  }

  #scheduleFrames(): void {
    if (this.#frameTimer) return
    const waitMs = this.#lastFlushMs + FRAME_INTERVAL_MS - performance.now()
    if (waitMs <= 0) {
      this.#flush()
      return
    }
    this.#frameTimer = setTimeout(() => this.#flush(), waitMs)
  }

  #flush(): void {
    clearTimeout(this.#frameTimer)
    this.#frameTimer = undefined
    this.#lastFlushMs = performance.now()
    for (const viewer of this.#viewers) this.#pump(viewer)
  }

  #scheduleStatus(): void {
    this.#statusTimer ??= setTimeout(() => {
      this.#statusTimer = undefined
      for (const viewer of this.#viewers) {
        viewer.statusDue = true
        this.#pump(viewer)
      }
    }, STATUS_INTERVAL_MS)
  }

  #pump(viewer: Viewer): void {
    if (viewer.sending || !this.#viewers.has(viewer)) return
    const message = this.#nextMessage(viewer)
    if (!message) return
    viewer.sending = true
    viewer.stuckTimer = setTimeout(() => {
      this.#remove(viewer)
      viewer.sink.drop()
    }, NO_PROGRESS_MS)
    viewer.sink.send(message, () => {
      clearTimeout(viewer.stuckTimer)
      viewer.sending = false
      this.#pump(viewer)
    })
  }

  #nextMessage(viewer: Viewer): Encoded | StatusMessage | null {
    if (viewer.statusDue) {
      viewer.statusDue = false
      return this.status
    }
    const encoder = this.#encoder(this.#world)
    if (viewer.queue.length === 0) {
      viewer.queue = encoder.since(viewer.position?.epoch ?? null, viewer.position?.seq ?? 0)
    }
    const [next, ...rest] = viewer.queue
    if (!next) return null
    viewer.queue = rest
    if (next.position) viewer.position = next.position
    return next
  }

  #encoder(world: World): Encoder {
    let encoder = this.#encoders.get(world)
    if (!encoder) {
      encoder = new Encoder(world.store)
      this.#encoders.set(world, encoder)
    }
    return encoder
  }
}
