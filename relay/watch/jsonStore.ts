// The JSON files of claude-flow 3.x.

import type { BigIntStats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { FoundRecord } from '../../protocol/claudeFlow.ts'
import type { Reading, StateReader } from './stateFile.ts'

/** Far beyond any real swarm (10,000 agents are some 4 MB); beyond it something else stands there. */
const MAX_BYTES = 128 * 1024 * 1024

export class JsonStore implements StateReader {
  readonly #path: string
  readonly #parse: (store: unknown) => FoundRecord[]

  constructor(path: string, parse: (store: unknown) => FoundRecord[]) {
    this.#path = path
    this.#parse = parse
  }

  async signature(): Promise<string | null> {
    const found = await statOf(this.#path)
    return found && signatureOf(found)
  }

  async read(): Promise<Reading> {
    let file: FileHandle | null = null
    try {
      file = await open(this.#path, 'r')
      // Taken before the content: a write in between makes the next look see a difference.
      const stats = await file.stat({ bigint: true })
      if (stats.size > MAX_BYTES) throw new Error(`it has ${stats.size} bytes`)
      const records = this.#parse(JSON.parse(await file.readFile('utf8')))
      const at = new Date(changedMsOf(stats)).toISOString()
      return { signature: isFresh(stats) ? null : signatureOf(stats), records, at, counts: true }
    } finally {
      await file?.close()
    }
  }
}

/** `null`: there is no such file (a folder on the way to it may be missing, or be a file). */
export async function statOf(path: string): Promise<BigIntStats | null> {
  try {
    return await stat(path, { bigint: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw error
  }
}

/** Two writes within one tick of the file system's clock leave the same times. */
const FRESH_MS = 50

export const signatureOf = ({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  `${ino}:${size}:${mtimeNs}:${ctimeNs}`
export const changedMsOf = ({ mtimeNs }: BigIntStats): number => Number(mtimeNs / 1_000_000n)
/** So fresh that the next write may look the same: its signature settles nothing yet. */
export const isFresh = (stats: BigIntStats): boolean => Math.abs(Date.now() - changedMsOf(stats)) < FRESH_MS
