// The relay's store of records as a relay keeps it: what was found is compared by record, numbered and timed.

import { isDeepStrictEqual } from 'node:util'
import { type ClaudeFlowRecord, type FoundRecord, recordId } from '../../protocol/claudeFlow.ts'
import { chunkSnapshot, type Frame, RevisionedStore, type SnapshotChunk } from '../../protocol/frames.ts'

export class RelayStore {
  readonly store: RevisionedStore<ClaudeFlowRecord>
  #seconds = 0

  constructor(epoch = 'relay-epoch') {
    this.store = new RevisionedStore<ClaudeFlowRecord>(epoch)
  }

  /** The time of the last change; one second passes with each. */
  get at(): string {
    return new Date(Date.UTC(2026, 10, 23, 22, 0, this.#seconds)).toISOString()
  }

  /** Now exactly these are there. Returns the frame that tells it (`null`: nothing changed). */
  set(found: readonly FoundRecord[], at?: string): Frame<ClaudeFlowRecord> | null {
    this.#seconds++
    const from = this.store.seq
    const rev = from + 1
    const wanted = new Set<string>()
    let changed = false
    for (const record of found) {
      const id = recordId(record.kind, record.nativeId)
      wanted.add(id)
      const known = this.store.get('record', id)
      if (known && isDeepStrictEqual(known.data, record.data)) continue
      this.store.put({ ...record, entity: 'record', id, rev, at: at ?? this.at } as ClaudeFlowRecord)
      changed = true
    }
    for (const id of [...this.store.all('record').keys()]) {
      if (!wanted.has(id)) changed = this.store.delete({ entity: 'record', id }, rev) || changed
    }
    if (!changed) return null
    this.store.advance(rev)
    return this.frame(from)
  }

  frame(from: number): Frame<ClaudeFlowRecord> {
    const changes = this.store.changesSince(this.store.epoch, from)
    if (changes.type !== 'frame') throw new Error(`no frame from ${from}: ${changes.type}`)
    return changes.frame
  }

  chunks(maxBytes?: number): SnapshotChunk<ClaudeFlowRecord>[] {
    return [...chunkSnapshot(this.store.snapshot(), maxBytes)]
  }
}
