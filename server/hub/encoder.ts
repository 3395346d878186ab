// Encodes each frame and snapshot once for all viewers at the same position.

import type { SwarmStore } from '../../protocol/fold.ts'
import { chunkSnapshot } from '../../protocol/frames.ts'

/** A second under load: what changed meanwhile is a fraction of the whole. */
const MAX_SNAPSHOT_AGE_BATCHES = 30

/** A larger frame goes as a snapshot in chunks: on a slow line one message must leave within `NO_PROGRESS_MS`. */
const MAX_FRAME_BYTES = 1024 * 1024

/** A message ready to be sent: its JSON, and where a viewer stands once it has it (`null`: in the middle of a snapshot). */
export interface Encoded {
  type: 'snapshot' | 'frame'
  json: Buffer
  position: { epoch: string; seq: number } | null
}

export class Encoder {
  readonly #store: SwarmStore
  #framesTo = -1
  #frames = new Map<number, readonly Encoded[]>()
  #snapshot: { seq: number; chunks: Encoded[] } | null = null

  constructor(store: SwarmStore) {
    this.#store = store
  }

  get epoch(): string {
    return this.#store.epoch
  }

  /** What brings a viewer from (`epoch`, `seq`) to now; empty if it is there. */
  since(epoch: string | null, seq: number): readonly Encoded[] {
    const store = this.#store
    if (epoch !== store.epoch || seq > store.seq || seq < store.tombstoneFloor) {
      return this.#snapshotChunks(MAX_SNAPSHOT_AGE_BATCHES)
    }
    if (seq === store.seq) return []
    if (this.#framesTo !== store.seq) {
      this.#framesTo = store.seq
      this.#frames = new Map()
    }
    let messages = this.#frames.get(seq)
    if (!messages) {
      messages = this.#frame(seq)
      this.#frames.set(seq, messages)
    }
    return messages
  }

  #frame(seq: number): readonly Encoded[] {
    const store = this.#store
    const changes = store.changesSince(store.epoch, seq)
    if (changes.type !== 'frame') return this.#snapshotChunks(0)
    const json = encode({ type: 'frame', ...changes.frame })
    // Not an earlier snapshot: its reader may be further already.
    if (json.length > MAX_FRAME_BYTES) return this.#snapshotChunks(0)
    return [{ type: 'frame', json, position: { epoch: store.epoch, seq: store.seq } }]
  }

  /**
   * An earlier snapshot serves as long as a frame can bring its reader up to date: a herd of newcomers costs one encoding, not one each.
   */
  #snapshotChunks(maxAgeBatches: number): readonly Encoded[] {
    const store = this.#store
    const reusable = this.#snapshot && this.#snapshot.seq >= store.tombstoneFloor
    if (!this.#snapshot || !reusable || store.seq - this.#snapshot.seq > maxAgeBatches) {
      const seq = store.seq
      const chunks: Encoded[] = []
      for (const chunk of chunkSnapshot(store.snapshot())) {
        const position = chunk.last ? { epoch: store.epoch, seq } : null
        chunks.push({ type: 'snapshot', json: encode({ type: 'snapshot', ...chunk }), position })
      }
      this.#snapshot = { seq, chunks }
    }
    return this.#snapshot.chunks
  }
}

const encode = (message: object): Buffer => Buffer.from(JSON.stringify(message))
