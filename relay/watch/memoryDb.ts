// `.swarm/memory.db` of claude-flow 2.x, opened for reading only, for as long as a query takes. 3.x's `init` writes a
// file of this name, too, with a table of another shape: only 2.x's counts.

import { existsSync } from 'node:fs'
import { sep } from 'node:path'
import { type FoundRecord, readRow2 } from '../../protocol/claudeFlow.ts'
import { changedMsOf, isFresh, statOf } from './jsonStore.ts'
import type { Reading, StateReader } from './stateFile.ts'

export const WAL_SUFFIX = '-wal'

const NAMESPACES = ['agents', 'tasks', 'swarms'] as const
const SHAPE = ['key', 'value', 'namespace'] as const

export class MemoryDb implements StateReader {
  readonly #path: string
  readonly #onShape: (isOf2: boolean) => void

  /** `onShape`: whether claude-flow 2.x keeps its state in this file, told with each reading. */
  constructor(path: string, onShape: (isOf2: boolean) => void) {
    this.#path = path
    this.#onShape = onShape
  }

  async signature(): Promise<string | null> {
    return (await this.#look())?.signature ?? null
  }

  async read(): Promise<Reading> {
    const seen = await this.#look()
    if (!seen) throw new Error('it is gone')
    const { isOf2, records } = await readRows(this.#path)
    this.#onShape(isOf2)
    return { signature: seen.fresh ? null : seen.signature, records, at: seen.at, counts: records.length > 0 }
  }

  async #look(): Promise<{ signature: string; fresh: boolean; at: string } | null> {
    const [main, wal] = await Promise.all([statOf(this.#path), statOf(this.#path + WAL_SUFFIX)])
    if (!main) return null
    // Reading leaves an empty -wal behind: that is no change.
    const parts = wal && wal.size > 0n ? [main, wal] : [main]
    return {
      // Not their ctime: SQLite, run as root, sets the owner of the -wal anew each time that it opens it.
      signature: parts.map(({ ino, size, mtimeNs }) => `${ino}:${size}:${mtimeNs}`).join('+'),
      fresh: parts.some(isFresh),
      at: new Date(Math.max(...parts.map(changedMsOf))).toISOString(),
    }
  }
}

/** libsql ignores `readonly` and creates what does not exist: the file is looked for first, and opened by URI. */
async function readRows(path: string): Promise<{ isOf2: boolean; records: FoundRecord[] }> {
  const { default: Database } = await import('libsql') // 20 MB that only a 2.x project needs
  if (!existsSync(path)) throw new Error('it is gone')
  const database = new Database(`file:${path.split(sep).map(encodeURIComponent).join('/')}?mode=ro`)
  try {
    const columns = database.prepare("SELECT name FROM pragma_table_info('memory_entries')").all().map(nameOf)
    if (!SHAPE.every((name) => columns.includes(name))) return { isOf2: false, records: [] }
    const places = NAMESPACES.map(() => '?').join(', ')
    const rows = database
      .prepare(`SELECT namespace, value FROM memory_entries WHERE namespace IN (${places})`)
      .all(...NAMESPACES)
    return { isOf2: true, records: rows.map(readRow).filter((record) => record !== null) }
  } finally {
    database.close()
  }
}

const nameOf = (row: unknown): unknown => (row as { name: unknown }).name

function readRow(row: unknown): FoundRecord | null {
  const { namespace, value } = row as { namespace: unknown; value: unknown }
  return typeof namespace === 'string' && typeof value === 'string' ? readRow2(namespace, value) : null
}
