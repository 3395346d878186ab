// All records that the relay knows of, by where they were found; every change of one section is one revision.

import { randomBytes } from 'node:crypto'
import { type ClaudeFlowRecord, type FoundRecord, type Generation, recordId } from '../protocol/claudeFlow.ts'
import { RevisionedStore } from '../protocol/frames.ts'
import type { Change, RecordRef } from './watch/reading.ts'

/** One file, one database, or what a 2.x process told of its memory. */
export type Section = string

export class RecordState {
  readonly store: RevisionedStore<ClaudeFlowRecord>
  readonly #listeners = new Set<() => void>()
  /** What each holds, by id. A record may be in two of them (2.x's memory, then its database). */
  readonly #sections = new Map<Section, Map<string, FoundRecord>>()
  /** Whose word counts: the section that said it last. */
  readonly #owners = new Map<string, { section: Section; generation: Generation }>()

  /** A new epoch for each start: revisions count from 0 again, and nobody may resume across. */
  constructor(epoch: string = randomBytes(9).toString('base64url')) {
    this.store = new RevisionedStore(epoch)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The section holds exactly these records now; `at`: since when, as far as is known. False: nothing changed. */
  replace(section: Section, found: readonly FoundRecord[], at: string): boolean {
    return this.apply(section, { type: 'whole', records: [...found] }, at)
  }

  /** A delta is against what was applied to the section before. */
  apply(section: Section, change: Change, at: string): boolean {
    const before = this.#sections.get(section) ?? new Map<string, FoundRecord>()
    const after = change.type === 'whole' ? new Map<string, FoundRecord>() : before
    this.#sections.set(section, after)
    const touch = { rev: this.store.seq + 1, at }
    let changed = false
    for (const record of change.type === 'whole' ? change.records : change.put) {
      const id = this.#idOf(record)
      after.set(id, record)
      changed = this.#put(section, id, record, touch) || changed
    }
    const gone = change.type === 'whole' ? before.keys() : change.gone.map((ref) => this.#idOf(ref))
    for (const id of gone) {
      if (change.type === 'whole' ? after.has(id) : !after.delete(id)) continue
      changed = this.#release(section, id, touch) || changed
    }
    if (!changed) return false
    this.store.advance(touch.rev)
    for (const listener of [...this.#listeners]) listener()
    return true
  }

  #put(section: Section, id: string, record: FoundRecord, { rev, at }: { rev: number; at: string }): boolean {
    this.#owners.set(id, { section, generation: record.generation })
    const known = this.store.get('record', id)
    if (known && JSON.stringify(known.data) === JSON.stringify(record.data)) return false
    this.store.put({ entity: 'record', id, rev, at, ...record } as ClaudeFlowRecord)
    return true
  }

  /** The section does not hold it any more: it ends, unless another one does. */
  #release(section: Section, id: string, touch: { rev: number; at: string }): boolean {
    if (this.#owners.get(id)?.section !== section) return false
    for (const [other, records] of this.#sections) {
      const record = records.get(id)
      if (record) return this.#put(other, id, record, touch)
    }
    this.#owners.delete(id)
    return this.store.delete({ entity: 'record', id }, touch.rev)
  }

  /** Two generations in one project may use the same native id: the later found one's id then says its generation. */
  #idOf({ kind, nativeId, generation }: RecordRef): string {
    const id = recordId(kind, nativeId)
    const withGeneration = `${id}#${generation}`
    if (this.#owners.get(withGeneration)?.generation === generation) return withGeneration
    const owner = this.#owners.get(id)
    return owner === undefined || owner.generation === generation ? id : withGeneration
  }
}
