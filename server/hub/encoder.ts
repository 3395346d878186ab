// Encodes each frame and each chunk of a snapshot once, for all viewers that need it.

import type { SwarmStore } from '../../protocol/fold.ts'
import type { Frame } from '../../protocol/frames.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { SnapshotDelivery } from './snapshotDelivery.ts'
import type { MessageType } from './viewerCounts.ts'

/** A second under load: what changed meanwhile is a fraction of the whole. */
const MAX_SNAPSHOT_AGE_BATCHES = 30

/**
 * Snapshots that slow viewers still hold, at 10,000 agents 6.4 MB each. With so many, newcomers share the youngest; and if
 * somebody who is beyond that one needs another, the oldest makes room: its slow readers begin again (F8).
 */
const MAX_SNAPSHOTS_HELD = 4

/** A larger frame goes as a snapshot in chunks: on a slow line one message must leave within `NO_PROGRESS_MS`. */
const MAX_FRAME_BYTES = 1024 * 1024

/** So many places are told exactly what they miss; more of them (a herd that comes back) share frames that begin earlier. */
const MAX_EXACT_FRAMES = 16

/** A message ready to be sent: its JSON, and where a viewer stands once it has it (`null`: in the middle, or nowhere). */
export interface Encoded {
  type: MessageType
  json: Buffer
  position: { epoch: string; seq: number } | null
  /** When the newest change in a frame was seen at its source, in ms since 1970; `null`: nobody said. */
  sourceAtMs?: number | null
}

/** One way from where a viewer is to where the store was: one frame, or a snapshot's chunks. */
export interface Delivery {
  /** The message at `index`, `null` after the last one. To be asked for in order. */
  at(index: number): Encoded | null
  /** Viewers that are in the middle of it. */
  holders: number
  /** It ended in its middle: what its holders have of it is worth nothing. */
  readonly isWithdrawn: boolean
}

export class Encoder {
  readonly #store: SwarmStore
  #epoch: string
  #framesTo = -1
  #frames = new Map<number, Delivery | 'too large'>()
  /** The youngest first; of the others, those that are held. */
  #snapshots: SnapshotDelivery[] = []
  readonly #onEncoded: (type: MessageType) => void

  /** `onEncoded`: called for each message. */
  constructor(store: SwarmStore, onEncoded: (type: MessageType) => void = () => undefined) {
    this.#store = store
    this.#epoch = store.epoch
    this.#onEncoded = onEncoded
  }

  /** What brings a viewer from (`epoch`, `seq`) to now; `null` if it is there. */
  since(epoch: string | null, seq: number): Delivery | null {
    const store = this.#store
    // The log fell back to memory: what was encoded says the old epoch.
    if (store.epoch !== this.#epoch) {
      this.#epoch = store.epoch
      this.#framesTo = -1
      for (const former of this.#snapshots.splice(0)) former.withdraw()
    }
    if (epoch !== store.epoch || seq > store.seq || seq < store.tombstoneFloor) {
      return this.#snapshot(Number.NEGATIVE_INFINITY, MAX_SNAPSHOT_AGE_BATCHES)
    }
    if (seq === store.seq) return null
    if (this.#framesTo !== store.seq) {
      this.#framesTo = store.seq
      this.#frames = new Map()
    }
    const from = this.#frames.has(seq) || this.#frames.size < MAX_EXACT_FRAMES ? seq : this.#sharedFrom(seq)
    let delivery = this.#frames.get(from)
    if (!delivery) {
      delivery = this.#frame(from)
      this.#frames.set(from, delivery)
    }
    return delivery === 'too large' ? this.#snapshot(seq, 0) : delivery
  }

  /** A frame may begin before where its reader is (F3): the distance is rounded up to a power of two, so that few are made. */
  #sharedFrom(seq: number): number {
    const { seq: to, tombstoneFloor } = this.#store
    return Math.max(tombstoneFloor, to - 2 ** Math.ceil(Math.log2(to - seq)))
  }

  #frame(from: number): Delivery | 'too large' {
    const { epoch, seq } = this.#store
    const changes = this.#store.changesSince(epoch, from)
    if (changes.type !== 'frame') return 'too large'
    const json = frameJson(changes.frame)
    if (!json) return 'too large'
    this.#onEncoded('frame')
    const position = { epoch, seq }
    const message: Encoded = { type: 'frame', json, position, sourceAtMs: newestChangeMs(changes.frame.put) }
    return { at: (index) => (index === 0 ? message : null), holders: 0, isWithdrawn: false }
  }

  /**
   * An earlier snapshot serves as long as a frame can bring its reader up to date: a herd of newcomers costs one encoding,
   * not one each. Never one that is not beyond `after`, where its reader is already.
   */
  #snapshot(after: number, maxAgeBatches: number): SnapshotDelivery {
    const store = this.#store
    const held = this.#snapshots.filter(({ holders }) => holders > 0)
    const [youngest] = this.#snapshots
    if (youngest && youngest.seq > after && youngest.seq >= store.tombstoneFloor) {
      const isYoung = store.seq - youngest.seq <= maxAgeBatches
      if (isYoung || (held.length >= MAX_SNAPSHOTS_HELD && held[0] === youngest)) return youngest
    }
    const fresh = new SnapshotDelivery(store.snapshot(), () => this.#onEncoded('snapshot'))
    for (const oldest of held.splice(MAX_SNAPSHOTS_HELD - 1)) oldest.withdraw()
    this.#snapshots = [fresh, ...held]
    return fresh
  }
}

/** `null`: larger than a frame may be, found before all of it was turned into text. */
function frameJson({ put, ...rest }: Frame<Entity>): Buffer | null {
  const head = JSON.stringify({ type: 'frame', ...rest }).slice(0, -1)
  let chars = head.length
  const texts: string[] = []
  for (const entity of put) {
    const text = JSON.stringify(entity)
    // In bytes it is as much or more.
    chars += text.length + 1
    if (chars > MAX_FRAME_BYTES) return null
    texts.push(text)
  }
  const json = Buffer.from(`${head},"put":[${texts.join(',')}]}`)
  return json.length > MAX_FRAME_BYTES ? null : json
}

function newestChangeMs(put: readonly Entity[]): number | null {
  let newestMs: number | null = null
  for (const entity of put) {
    if (!('updatedAt' in entity) || entity.mock) continue
    const atMs = Date.parse(entity.updatedAt)
    if (newestMs === null || atMs > newestMs) newestMs = atMs
  }
  return newestMs
}
