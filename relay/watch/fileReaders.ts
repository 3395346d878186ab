// Who reads a state file: this thread a small one, the reading thread a large one and the database.

import { join } from 'node:path'
import { signatureOf, statOf } from './fileStats.ts'
import { type JsonFormat, JsonStore } from './jsonStore.ts'
import { lookAtDatabase } from './memoryDb.ts'
import type { Reader } from './reader.ts'
import type { Reading, StateReader } from './reading.ts'
import { DATABASE } from './stores.ts'

/**
 * Up to this size a first reading holds up the main thread for some 30 ms, a later one for 1 ms: a swarm of 1,000
 * agents. A thread would cost each relay its memory for nothing.
 */
export const LARGE_BYTES = 1024 * 1024

export class JsonFileReader implements StateReader {
  readonly #path: string
  readonly #file: string
  readonly #small: JsonStore
  readonly #reader: Reader
  /** At the last look. */
  #bytes = 0n

  constructor(root: string, file: string, format: JsonFormat, reader: Reader) {
    this.#path = join(root, file)
    this.#file = file
    this.#small = new JsonStore(this.#path, format, LARGE_BYTES)
    this.#reader = reader
  }

  async signature(): Promise<string | null> {
    const found = await statOf(this.#path)
    if (found) this.#bytes = found.size
    return found && signatureOf(found)
  }

  /**
   * Whoever reads it now does not know the other's last reading, and so gives it whole. The other forgets only then: a
   * large file that is just being written is small for a moment.
   */
  async read(since: string | null): Promise<Reading> {
    if (this.#bytes > LARGE_BYTES) {
      const reading = await this.#reader.read(this.#file, since)
      this.#small.forget()
      return reading
    }
    const reading = await this.#small.read(since)
    this.#reader.forget(this.#file)
    return reading
  }

  forget(): void {
    this.#small.forget()
    this.#reader.forget(this.#file)
  }
}

/** libsql is synchronous, and 20 MB: it is never loaded into this thread. */
export class DatabaseFileReader implements StateReader {
  readonly #path: string
  readonly #reader: Reader
  readonly #onShape: (isOf2: boolean) => void

  /** `onShape`: whether claude-flow 2.x keeps its state in this file, told with each reading. */
  constructor(root: string, reader: Reader, onShape: (isOf2: boolean) => void) {
    this.#path = join(root, DATABASE)
    this.#reader = reader
    this.#onShape = onShape
  }

  async signature(): Promise<string | null> {
    return (await lookAtDatabase(this.#path))?.signature ?? null
  }

  async read(since: string | null): Promise<Reading> {
    const reading = await this.#reader.read(DATABASE, since)
    this.#onShape(reading.generation !== null)
    // 3.x's: there is nothing in it to remember.
    if (reading.generation === null) this.forget()
    return reading
  }

  forget(): void {
    this.#reader.forget(DATABASE)
  }
}
