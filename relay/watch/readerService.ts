// The reading thread's side: answers requests by reading, large answers in parts.

import type { FoundRecord } from '../../protocol/claudeFlow.ts'
import { type FromReader, PART_RECORDS, type ReadFailure, type ToReader } from './readerMessages.ts'
import { type Reading, recordsOf, withRecords } from './reading.ts'
import { openStores, type Store } from './stores.ts'

export class ReaderService {
  readonly #stores: ReadonlyMap<string, Store>
  readonly #send: (message: FromReader) => void
  /** What is left to tell of a large reading. */
  readonly #unsent = new Map<number, { reading: Reading; records: FoundRecord[]; next: number }>()

  constructor(root: string, send: (message: FromReader) => void) {
    this.#stores = openStores(root)
    this.#send = send
  }

  receive(message: ToReader): void {
    switch (message.type) {
      case 'read':
        void this.#read(message.request, message.file, message.since)
        break
      case 'more':
        this.#tellNext(message.request)
        break
      case 'forget':
        this.#stores.get(message.file)?.forget()
        break
      default:
        message satisfies never
    }
  }

  async #read(request: number, file: string, since: string | null): Promise<void> {
    try {
      const store = this.#stores.get(file)
      if (!store) throw new Error(`nobody reads ${file}`)
      const reading = await store.read(since)
      this.#unsent.set(request, { reading, records: recordsOf(reading), next: 0 })
      this.#tellNext(request)
    } catch (error) {
      this.#send({ type: 'failed', request, error: failureOf(error) })
    }
  }

  #tellNext(request: number): void {
    const unsent = this.#unsent.get(request)
    if (!unsent) return
    const { reading, records } = unsent
    const part = records.slice(unsent.next, unsent.next + PART_RECORDS)
    unsent.next += part.length
    if (unsent.next < records.length) {
      this.#send({ type: 'part', request, records: part })
      return
    }
    this.#unsent.delete(request)
    this.#send({ type: 'reading', request, reading: withRecords(reading, part) })
  }
}

function failureOf(error: unknown): ReadFailure {
  const { name, message, code } = error as NodeJS.ErrnoException
  return { name, message, code: code ?? null }
}
