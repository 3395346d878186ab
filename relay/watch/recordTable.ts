// What was read of one file so far, so that a reading can be told as what is different from the one before.

import { randomUUID } from 'node:crypto'
import { type FoundRecord, recordId } from '../../protocol/claudeFlow.ts'
import type { Change, RecordRef } from './reading.ts'

interface Row {
  ref: RecordRef
  /** The record's data as JSON: an entry may change where nothing that is read of it does. */
  text: string
}

export class RecordTable {
  readonly #rows = new Map<string, Row>()
  #id: string | null = null

  /** Of the last reading. */
  get id(): string | null {
    return this.#id
  }

  get size(): number {
    return this.#rows.size
  }

  *refs(): Iterable<RecordRef> {
    for (const { ref } of this.#rows.values()) yield ref
  }

  clear(): void {
    this.#rows.clear()
    this.#id = null
  }

  replace(found: readonly FoundRecord[]): Change {
    this.clear()
    const records = [...byKey(found).values()]
    for (const record of records) this.#set(record, JSON.stringify(record.data))
    this.#id = randomUUID()
    return { type: 'whole', records }
  }

  /** What `gone` names and `found` does, too, is not gone. */
  patch(gone: Iterable<RecordRef>, found: readonly FoundRecord[]): Change {
    const left = new Map<string, RecordRef>()
    for (const ref of gone) if (this.#rows.has(keyOf(ref))) left.set(keyOf(ref), ref)
    const put: FoundRecord[] = []
    for (const [key, record] of byKey(found)) {
      const text = JSON.stringify(record.data)
      left.delete(key)
      if (this.#rows.get(key)?.text === text) continue
      this.#set(record, text)
      put.push(record)
    }
    for (const key of left.keys()) this.#rows.delete(key)
    this.#id = randomUUID()
    return { type: 'delta', put, gone: [...left.values()] }
  }

  #set({ kind, nativeId, generation }: FoundRecord, text: string): void {
    this.#rows.set(keyOf({ kind, nativeId, generation }), { ref: { kind, nativeId, generation }, text })
  }
}

const keyOf = ({ kind, nativeId }: RecordRef): string => recordId(kind, nativeId)
/** Of two records with one id the later one counts. */
const byKey = (found: readonly FoundRecord[]) => new Map(found.map((record) => [keyOf(record), record]))
