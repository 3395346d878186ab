// What reading a file gives: everything in it, or what is different from an earlier reading.

import type { FoundRecord, Generation } from '../../protocol/claudeFlow.ts'

/** One record, without what it holds. */
export type RecordRef = Pick<FoundRecord, 'kind' | 'nativeId' | 'generation'>

export type Change =
  /** Exactly these are there now. */
  | { type: 'whole'; records: FoundRecord[] }
  /** Against the reading that was asked from: these are new or different, those ended, the rest is as it was. */
  | { type: 'delta'; put: FoundRecord[]; gone: RecordRef[] }

export interface Reading {
  /** Names it, for asking what changed since. Unique, whoever read. */
  id: string
  /** What the file was like when it was read: equal again means nothing new. `null`: that cannot be said yet. */
  signature: string | null
  change: Change
  /** ISO time of its last change. */
  at: string
  /** Whose state it is; `null`: something else under the same name. */
  generation: Generation | null
  /** There is state of claude-flow's in it. */
  counts: boolean
}

export interface StateReader {
  /** `null`: there is no such file. Rejects only when it cannot even be looked at. */
  signature(): Promise<string | null>
  /** Rejects when what it holds cannot be read (now). `since`: the id of the reading that the caller has, if any. */
  read(since: string | null): Promise<Reading>
  /** What was kept for later readings is not needed any more: the file is gone. */
  forget(): void
}

/** Those that a reading says to be there. */
export const recordsOf = ({ change }: Reading): FoundRecord[] => (change.type === 'whole' ? change.records : change.put)

/** The reading with other records in place of its own. */
export function withRecords(reading: Reading, records: FoundRecord[]): Reading {
  const { change } = reading
  return { ...reading, change: change.type === 'whole' ? { ...change, records } : { ...change, put: records } }
}
