// The one primitive: entities with revisions, and `changesSince`. Relay → server and server → viewer carry the same
// snapshots and frames, so both ends use this container. First connect, resume and slow reader are one question:
// "what changed since s?" (SPEC.md, rules F1–F9).

/** Anything that lives in a `RevisionedStore`. */
export interface Revisioned {
  entity: string
  id: string
  rev: number
}

export interface EntityRef {
  entity: string
  id: string
}

/** Every entity touched in (from, to], whole, as it is at `to`. */
export interface Frame<E extends Revisioned> {
  epoch: string
  from: number
  to: number
  put: E[]
  del: EntityRef[]
}

export interface Snapshot<E extends Revisioned> {
  epoch: string
  seq: number
  put: E[]
}

export type Changes<E extends Revisioned> =
  | { type: 'none' }
  | { type: 'frame'; frame: Frame<E> }
  | { type: 'snapshot'; snapshot: Snapshot<E> }

/** What a reader does with a frame: `stale` is a repeat and harmless; `gap` means "ask again from where you are". */
export type ApplyResult = 'applied' | 'stale' | 'gap'

/** What is left of an entity that ended. */
export interface Tombstone extends EntityRef {
  rev: number
}

/** How many ended entities are remembered before a resume from further back needs a snapshot. */
export const MAX_TOMBSTONES = 10_000

export const refKey = (ref: EntityRef): string => `${ref.entity}\n${ref.id}`

/**
 * Entities by kind and id, with the revision that last touched each. It owns and mutates its maps; the entities
 * themselves are replaced, never mutated, so `===` tells whether one changed.
 */
export class RevisionedStore<E extends Revisioned> {
  #epoch: string
  #seq = 0
  #tombstoneFloor = 0
  readonly #byKind = new Map<string, Map<string, E>>()
  readonly #tombstones = new Map<string, Tombstone>()
  readonly #maxTombstones: number

  constructor(epoch: string, maxTombstones = MAX_TOMBSTONES) {
    this.#epoch = epoch
    this.#maxTombstones = maxTombstones
  }

  get epoch(): string {
    return this.#epoch
  }

  /** The sequence number of the last batch that this store contains. */
  get seq(): number {
    return this.#seq
  }

  /** A reader below this cannot be told what ended, and gets a snapshot. */
  get tombstoneFloor(): number {
    return this.#tombstoneFloor
  }

  get size(): number {
    let size = 0
    for (const entities of this.#byKind.values()) size += entities.size
    return size
  }

  get<K extends E['entity']>(kind: K, id: string): Extract<E, { entity: K }> | undefined {
    return this.#byKind.get(kind)?.get(id) as Extract<E, { entity: K }> | undefined
  }

  /** The live map of one kind, to be read only. */
  all<K extends E['entity']>(kind: K): ReadonlyMap<string, Extract<E, { entity: K }>> {
    return this.#kind(kind) as unknown as ReadonlyMap<string, Extract<E, { entity: K }>>
  }

  *values(): IterableIterator<E> {
    for (const entities of this.#byKind.values()) yield* entities.values()
  }

  put(entity: E): void {
    this.#kind(entity.entity).set(entity.id, entity)
    this.#tombstones.delete(refKey(entity))
  }

  /** Ends an entity at `rev`; nothing happens if there is none. */
  delete(ref: EntityRef, rev: number): boolean {
    if (!this.#byKind.get(ref.entity)?.delete(ref.id)) return false
    this.#bury(ref, rev)
    return true
  }

  /** Says that everything up to `seq` is contained. */
  advance(seq: number): void {
    if (seq < this.#seq) throw new RangeError(`sequence went back from ${this.#seq} to ${seq}`)
    this.#seq = seq
  }

  snapshot(): Snapshot<E> {
    return { epoch: this.#epoch, seq: this.#seq, put: [...this.values()] }
  }

  /** What a reader at (`epoch`, `since`) needs to be where this store is. */
  changesSince(epoch: string | null, since: number): Changes<E> {
    if (epoch !== this.#epoch || since > this.#seq || since < this.#tombstoneFloor) {
      return { type: 'snapshot', snapshot: this.snapshot() }
    }
    if (since === this.#seq) return { type: 'none' }
    const put: E[] = []
    // Not over values(): a generator makes it several times slower, and this runs for every frame.
    for (const entities of this.#byKind.values()) {
      for (const entity of entities.values()) if (entity.rev > since) put.push(entity)
    }
    const del: EntityRef[] = []
    for (const { entity, id, rev } of this.#tombstones.values()) if (rev > since) del.push({ entity, id })
    return { type: 'frame', frame: { epoch: this.#epoch, from: since, to: this.#seq, put, del } }
  }

  /** Replaces everything by what the snapshot says. */
  load(snapshot: Snapshot<E>): void {
    this.#byKind.clear()
    this.#tombstones.clear()
    this.#epoch = snapshot.epoch
    this.#seq = snapshot.seq
    this.#tombstoneFloor = snapshot.seq
    for (const entity of snapshot.put) this.#kind(entity.entity).set(entity.id, entity)
  }

  /** Everything as another store of this epoch had it, what ended included (`tombstones`: the oldest end first). */
  restore(kept: { seq: number; tombstoneFloor: number; put: readonly E[]; tombstones: readonly Tombstone[] }): void {
    this.load({ epoch: this.#epoch, seq: kept.seq, put: [...kept.put] })
    this.#tombstoneFloor = kept.tombstoneFloor
    for (const { entity, id, rev } of kept.tombstones) this.#bury({ entity, id }, rev)
  }

  /** The same entities in another log: whoever follows the old one gets a snapshot. */
  moveTo(epoch: string): void {
    this.#epoch = epoch
  }

  /** A frame may begin before where this reader is: its entities are whole, so what is known already is only said again. */
  apply(frame: Frame<E>): ApplyResult {
    if (frame.epoch !== this.#epoch || frame.from > this.#seq) return 'gap'
    if (frame.to <= this.#seq) return 'stale'
    for (const entity of frame.put) this.put(entity)
    for (const ref of frame.del) {
      this.#byKind.get(ref.entity)?.delete(ref.id)
      // Also if it was never here (begun and ended within the frame): another reader may stand in the middle.
      this.#bury(ref, frame.to)
    }
    this.#seq = frame.to
    return 'applied'
  }

  #bury(ref: EntityRef, rev: number): void {
    const key = refKey(ref)
    this.#tombstones.delete(key) // re-inserted, so that the map stays ordered by rev
    this.#tombstones.set(key, { entity: ref.entity, id: ref.id, rev })
    if (this.#tombstones.size <= this.#maxTombstones) return
    for (const [oldestKey, oldest] of this.#tombstones) {
      this.#tombstones.delete(oldestKey)
      this.#tombstoneFloor = Math.max(this.#tombstoneFloor, oldest.rev)
      return
    }
  }

  #kind(kind: string): Map<string, E> {
    let entities = this.#byKind.get(kind)
    if (!entities) {
      entities = new Map()
      this.#byKind.set(kind, entities)
    }
    return entities
  }
}

/** One piece of a snapshot on the wire; the reader swaps its state when the last one is in. */
export interface SnapshotChunk<E extends Revisioned> {
  epoch: string
  seq: number
  index: number
  last: boolean
  put: E[]
}

/** 256 KiB: the next chunk is sent when the socket has drained, so that a snapshot never stands whole in its buffer. */
export const SNAPSHOT_CHUNK_BYTES = 256 * 1024

/**
 * Cuts a snapshot into chunks of about `maxBytes` of JSON (UTF-16 length stands for bytes; an entity is never split).
 * An empty snapshot is one empty chunk. `lengthOf`: for whoever keeps the entities' JSON.
 */
export function* chunkSnapshot<E extends Revisioned>(
  snapshot: Snapshot<E>,
  maxBytes = SNAPSHOT_CHUNK_BYTES,
  lengthOf = (entity: E): number => JSON.stringify(entity).length,
): IterableIterator<SnapshotChunk<E>> {
  let put: E[] = []
  let bytes = 0
  let index = 0
  for (const entity of snapshot.put) {
    const size = lengthOf(entity)
    if (put.length > 0 && bytes + size > maxBytes) {
      yield { epoch: snapshot.epoch, seq: snapshot.seq, index: index++, last: false, put }
      put = []
      bytes = 0
    }
    put.push(entity)
    bytes += size
  }
  yield { epoch: snapshot.epoch, seq: snapshot.seq, index, last: true, put }
}

/** Collects chunks; gives the snapshot with the last one, `'broken'` when they do not belong together. */
export class SnapshotAssembly<E extends Revisioned> {
  #parts: SnapshotChunk<E>[] = []

  add(chunk: SnapshotChunk<E>): Snapshot<E> | 'incomplete' | 'broken' {
    if (chunk.index === 0) this.#parts = []
    const first = this.#parts[0] ?? chunk
    if (chunk.index !== this.#parts.length || chunk.epoch !== first.epoch || chunk.seq !== first.seq) {
      this.#parts = []
      return 'broken'
    }
    this.#parts.push(chunk)
    if (!chunk.last) return 'incomplete'
    const put = this.#parts.flatMap((part) => part.put)
    this.#parts = []
    return { epoch: chunk.epoch, seq: chunk.seq, put }
  }
}
