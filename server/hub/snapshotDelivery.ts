// A snapshot on its way to many viewers: each chunk is encoded when the first of them needs it, and kept for the others. So
// 10,000 agents (6.4 MB) block nobody for longer than one chunk takes.

import { SNAPSHOT_CHUNK_BYTES, type Snapshot } from '../../protocol/frames.ts'
import type { Entity } from '../../protocol/swarm.ts'
import type { Delivery, Encoded } from './encoder.ts'

/** What stands around a chunk's entities; an epoch has 100 characters at most. */
const ENVELOPE_BYTES = 512

export class SnapshotDelivery implements Delivery {
  readonly seq: number
  holders = 0
  #chunks: Encoded[] = []
  #rest: Iterator<Encoded>
  #isWithdrawn = false
  readonly #onEncoded: () => void

  /** `onEncoded`: called for each chunk. */
  constructor(snapshot: Snapshot<Entity>, onEncoded: () => void) {
    this.seq = snapshot.seq
    this.#rest = encodeChunks(snapshot)
    this.#onEncoded = onEncoded
  }

  get isWithdrawn(): boolean {
    return this.#isWithdrawn
  }

  /** Frees its memory: there is no next chunk, so whoever is in the middle of it begins again with another one. */
  withdraw(): void {
    this.#isWithdrawn = true
    this.#chunks = []
    this.#rest = [].values()
  }

  at(index: number): Encoded | null {
    const known = this.#chunks[index]
    if (known) return known
    const { value, done } = this.#rest.next()
    if (done) return null
    this.#onEncoded()
    this.#chunks.push(value)
    return value
  }
}

/** As `chunkSnapshot`, but in bytes, and with each entity turned into text only once. */
function* encodeChunks({ epoch, seq, put }: Snapshot<Entity>): Generator<Encoded, undefined> {
  let entities: string[] = []
  let bytes = ENVELOPE_BYTES
  let index = 0
  const encode = (last: boolean): Encoded => {
    const head = JSON.stringify({ type: 'snapshot', epoch, seq, index: index++, last, put: [] }).slice(0, -2)
    const json = Buffer.from(`${head}${entities.join(',')}]}`)
    return { type: 'snapshot', json, position: last ? { epoch, seq } : null }
  }
  for (const entity of put) {
    const text = JSON.stringify(entity)
    const size = Buffer.byteLength(text) + 1
    if (entities.length > 0 && bytes + size > SNAPSHOT_CHUNK_BYTES) {
      yield encode(false)
      entities = []
      bytes = ENVELOPE_BYTES
    }
    entities.push(text)
    bytes += size
  }
  yield encode(true)
}
