// One JSON file of claude-flow 3.x: read whole, and told as what is different from the reading before.

import { type FileHandle, open } from 'node:fs/promises'
import { type FoundRecord, MAX_ID_LENGTH, type RecordKind } from '../../protocol/claudeFlow.ts'
import { changedMsOf, isFresh, signatureOf } from './fileStats.ts'
import { type Cut, type CutStep, cutEntries, type Entry } from './jsonEntries.ts'
import type { Change, Reading } from './reading.ts'
import { RecordTable } from './recordTable.ts'

/** Far beyond any real swarm (10,000 agents are 4–10 MB); beyond it something else stands there. */
const MAX_BYTES = 128 * 1024 * 1024

/** Where the records are in the file. */
export interface JsonFormat {
  kind: RecordKind
  /** The member of the file's object that holds them, by native id; `null`: the whole file is one. */
  list: string | null
  /** Reads a file of that form. */
  parse: (store: unknown) => FoundRecord[]
}

export class JsonStore {
  readonly #path: string
  readonly #format: JsonFormat
  readonly #maxBytes: number
  readonly #table = new RecordTable()
  /** As at the table's last reading. */
  #cut: Cut | null = null
  /** Of its entries; `null`: one is there twice, and what it leaves behind when one goes would have to be known. */
  #ids: Set<string> | null = null

  /** A file that is larger than `maxBytes` is not read. */
  constructor(path: string, format: JsonFormat, maxBytes = MAX_BYTES) {
    this.#path = path
    this.#format = format
    this.#maxBytes = maxBytes
  }

  async read(since: string | null): Promise<Reading> {
    let file: FileHandle | null = null
    try {
      file = await open(this.#path, 'r')
      // Taken before the content: a write in between makes the next look see a difference.
      const stats = await file.stat({ bigint: true })
      if (stats.size > this.#maxBytes) throw new Error(`it has ${stats.size} bytes`)
      const bytes = await readBytes(file, Number(stats.size))
      const change = this.#changeTo(bytes, since)
      const at = new Date(changedMsOf(stats)).toISOString()
      const signature = isFresh(stats) ? null : signatureOf(stats)
      return { id: this.#table.id as string, signature, change, at, generation: 3, counts: true }
    } finally {
      await file?.close()
    }
  }

  forget(): void {
    this.#table.clear()
    this.#cut = null
  }

  /** Throws without having changed anything. */
  #changeTo(bytes: Buffer, since: string | null): Change {
    const { list } = this.#format
    const before = since !== null && since === this.#table.id ? this.#cut : null
    if (before && list !== null && this.#ids) {
      const change = this.#step(before, this.#ids, cutEntries(bytes, list, before))
      if (change) return change
    }
    const cut = list === null ? cutWhole(bytes) : cutEntries(bytes, list, null).cut
    const records = this.#parse(cut.entries.map((entry) => [entry.key, textOf(cut, entry)]))
    this.#cut = cut
    const ids = new Set(cut.entries.map(({ key }) => nativeIdOf(key)))
    this.#ids = ids.size === cut.entries.length ? ids : null
    return before ? this.#table.patch(this.#table.refs(), records) : this.#table.replace(records)
  }

  /** Parses only entries that are different. `null`: some id is there twice now, so all must be looked at. */
  #step(before: Cut, ids: Set<string>, { cut, from, to, newTo }: CutStep): Change | null {
    const old = new Map(before.entries.slice(from, to).map((entry) => [nativeIdOf(entry.key), entry]))
    const added = new Map(cut.entries.slice(from, newTo).map((entry) => [nativeIdOf(entry.key), entry]))
    if (added.size !== newTo - from) return null
    const changed: [key: string, text: string][] = []
    for (const [id, entry] of added) {
      const known = old.get(id)
      if (!known && ids.has(id)) return null
      if (!known || !isSame(before, known, cut, entry)) changed.push([entry.key, textOf(cut, entry)])
      else old.delete(id)
    }
    const found = this.#parse(changed)
    const { kind } = this.#format
    const change = this.#table.patch(
      [...old.keys()].map((nativeId) => ({ kind, nativeId, generation: 3 })),
      found,
    )
    for (const id of old.keys()) ids.delete(id)
    for (const id of added.keys()) ids.add(id)
    this.#cut = cut
    return change
  }

  #parse(entries: readonly (readonly [key: string, text: string])[]): FoundRecord[] {
    const { list, parse } = this.#format
    if (list === null) return entries.flatMap(([, text]) => parse(JSON.parse(text)))
    // As own properties, whatever they are called (`__proto__`).
    return parse({ [list]: Object.fromEntries(entries.map(([key, text]) => [key, JSON.parse(text)])) })
  }
}

/** As `protocol/claudeFlow.ts` does it. */
const nativeIdOf = (key: string): string => key.slice(0, MAX_ID_LENGTH)
const cutWhole = (bytes: Buffer): Cut => ({ bytes, entries: [{ key: '', start: 0, end: bytes.length }] })
const textOf = ({ bytes }: Cut, { start, end }: Entry): string => bytes.toString('utf8', start, end)
const isSame = (a: Cut, { start, end }: Entry, b: Cut, other: Entry): boolean =>
  a.bytes.compare(b.bytes, other.start, other.end, start, end) === 0

/** What is there: less than `size`, if it was cut short meanwhile. */
async function readBytes(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size)
  let length = 0
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return bytes.subarray(0, length)
}
