// All records that the relay knows of, by where they were found; every change of one section is one revision.

import { randomBytes } from 'node:crypto'
import { type ClaudeFlowRecord, type FoundRecord, type Generation, recordId } from '../protocol/claudeFlow.ts'
import { RevisionedStore } from '../protocol/frames.ts'

/** One file, one database, or what a 2.x process told of its memory. */
export type Section = string

export class RecordState {
  readonly store: RevisionedStore<ClaudeFlowRecord>
  readonly #listeners = new Set<() => void>()
  /** Id → the record's data as JSON: what did not change is not said again. */
  readonly #sections = new Map<Section, Map<string, string>>()
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
    const before = this.#sections.get(section) ?? new Map<string, string>()
    const after = new Map<string, string>()
    const rev = this.store.seq + 1
    let changed = false
    for (const record of found) {
      const { generation } = record
      const id = this.#idOf(record)
      const json = JSON.stringify(record.data)
      const owner = this.#owners.get(id)
      const known = owner && this.#sections.get(owner.section)?.get(id)
      // Found in two places (2.x's memory, then its database): the later one has it from now on.
      if (owner && owner.section !== section) this.#sections.get(owner.section)?.delete(id)
      this.#owners.set(id, { section, generation })
      after.set(id, json)
      if (known === json) continue
      this.store.put({ entity: 'record', id, rev, at, ...record } as ClaudeFlowRecord)
      changed = true
    }
    for (const id of before.keys()) {
      if (after.has(id)) continue
      this.store.delete({ entity: 'record', id }, rev)
      this.#owners.delete(id)
      changed = true
    }
    this.#sections.set(section, after)
    if (!changed) return false
    this.store.advance(rev)
    for (const listener of [...this.#listeners]) listener()
    return true
  }

  /** Two generations in one project may use the same native id: the later found one's id then says its generation. */
  #idOf({ kind, nativeId, generation }: FoundRecord): string {
    const id = recordId(kind, nativeId)
    const owner = this.#owners.get(id)
    return owner === undefined || owner.generation === generation ? id : `${id}#${generation}`
  }
}
