// The relay's records as this server has them: snapshot chunks and frames in, entities out as events.

import { type ClaudeFlowRecord, type FoundRecord, recordId } from '../../../protocol/claudeFlow.ts'
import type { SwarmEvent } from '../../../protocol/events.ts'
import { type ApplyResult, RevisionedStore, SnapshotAssembly } from '../../../protocol/frames.ts'
import { recordChunk, recordFrame } from '../../../protocol/relayWire.ts'
import type { IsoTime } from '../../../protocol/swarm.ts'
import { changesBetween } from './changes.ts'
import { type NormalEntity, Normalizer, type SourceIdentity } from './normalize.ts'

export class RecordMirror {
  readonly identity: SourceIdentity
  readonly #normalizer: Normalizer
  readonly #store = new RevisionedStore<ClaudeFlowRecord>('')
  #assembly = new SnapshotAssembly<ClaudeFlowRecord>()
  #entities: ReadonlyMap<string, NormalEntity>
  /** Counts the relay's epochs: what a later one says is newer, whatever its revision. */
  #incarnation: number
  /** Nothing of the relay's store is known yet. */
  #blank = true

  /**
   * `incarnation`: where another mirror left off, in this run or a former one. `former`: what the source stated last,
   * as far as it is still known, by `entity/id`; what it does not state again has ended.
   */
  constructor(
    identity: SourceIdentity,
    incarnation = 0,
    former: ReadonlyMap<string, NormalEntity> = new Map<string, NormalEntity>(),
  ) {
    this.identity = identity
    this.#incarnation = incarnation
    this.#entities = former
    this.#normalizer = new Normalizer(identity, former)
  }

  get incarnation(): number {
    return this.#incarnation
  }

  /** Where to resume. */
  get position(): { epoch: string | null; rev: number } {
    return this.#blank ? { epoch: null, rev: 0 } : { epoch: this.#store.epoch, rev: this.#store.seq }
  }

  /** Parses one chunk; `null` while the snapshot is not whole. Throws `ZodError` or, for chunks out of order, `Error`. */
  takeChunk(params: unknown, now: IsoTime): SwarmEvent[] | null {
    const chunk = recordChunk.parse(params)
    const result = this.#assembly.add(chunk)
    if (result === 'broken') throw new Error('snapshot chunks out of order')
    if (result === 'incomplete') return null
    if (this.#blank || result.epoch !== this.#store.epoch) this.#incarnation++
    this.#blank = false
    this.#store.load(result)
    return this.#events(false, now)
  }

  /**
   * Parses one frame; `gap`: subscribe again. `witnessed`: it came as it happened, not to catch up. Throws `ZodError`.
   */
  takeFrame(params: unknown, now: IsoTime, witnessed: boolean): SwarmEvent[] | Exclude<ApplyResult, 'applied'> {
    const result = this.#store.apply(recordFrame.parse(params))
    return result === 'applied' ? this.#events(witnessed, now) : result
  }

  /** Replaces everything by what was read some other way than by frames. */
  takeRecords(found: readonly FoundRecord[], now: IsoTime): SwarmEvent[] {
    const rev = this.#store.seq + 1
    if (this.#blank) this.#incarnation++
    this.#blank = false
    const put = found.map(
      (record) =>
        ({ entity: 'record', id: recordId(record.kind, record.nativeId), rev, at: now, ...record }) as ClaudeFlowRecord,
    )
    this.#store.load({ epoch: 'read', seq: rev, put })
    return this.#events(false, now)
  }

  #events(witnessed: boolean, receivedAt: IsoTime): SwarmEvent[] {
    const before = this.#entities
    this.#entities = this.#normalizer.entities(this.#store, witnessed)
    return changesBetween(before, this.#entities, {
      sourceId: this.identity.sourceId,
      sourceEpoch: this.#store.epoch,
      version: [this.#incarnation, this.#store.seq],
      receivedAt,
    })
  }
}
