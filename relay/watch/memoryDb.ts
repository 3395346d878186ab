// `.swarm/memory.db` of claude-flow 2.x, opened for reading only, for as long as a query takes. 3.x's `init` writes a
// file of this name, too, with a table of another shape: only 2.x's counts.

import { existsSync } from 'node:fs'
import { sep } from 'node:path'
import { type FoundRecord, readRow2 } from '../../protocol/claudeFlow.ts'
import { changedMsOf, isFresh, statOf } from './fileStats.ts'
import type { Change, Reading } from './reading.ts'
import { RecordTable } from './recordTable.ts'

export const WAL_SUFFIX = '-wal'

const NAMESPACES = ['agents', 'tasks', 'swarms'] as const
const SHAPE = ['key', 'value', 'namespace'] as const

interface Row {
  key: string
  namespace: string
  value: string
}

export class MemoryDb {
  readonly #path: string
  readonly #table = new RecordTable()
  /** Namespace and key → what stands there, and what it was read as. */
  #rows = new Map<string, { value: string; record: FoundRecord | null }>()

  constructor(path: string) {
    this.#path = path
  }

  async read(since: string | null): Promise<Reading> {
    const seen = await lookAtDatabase(this.#path)
    if (!seen) throw new Error('it is gone')
    const rows = await readRows(this.#path)
    const change = this.#changeTo(rows ?? [], since)
    return {
      id: this.#table.id as string,
      signature: seen.isFresh ? null : seen.signature,
      change,
      at: seen.at,
      generation: rows ? 2 : null,
      counts: this.#table.size > 0,
    }
  }

  forget(): void {
    this.#table.clear()
    this.#rows.clear()
  }

  #changeTo(rows: readonly Row[], since: string | null): Change {
    const before = this.#rows
    this.#rows = new Map(
      rows.map(({ namespace, key, value }) => {
        const place = `${namespace}\n${key}`
        const known = before.get(place)
        return [place, known?.value === value ? known : { value, record: readRow2(namespace, value) }]
      }),
    )
    const found = [...this.#rows.values()].map(({ record }) => record).filter((record) => record !== null)
    return since !== null && since === this.#table.id
      ? this.#table.patch(this.#table.refs(), found)
      : this.#table.replace(found)
  }
}

/** `null`: there is no such file. */
export async function lookAtDatabase(
  path: string,
): Promise<{ signature: string; isFresh: boolean; at: string } | null> {
  const [main, wal] = await Promise.all([statOf(path), statOf(path + WAL_SUFFIX)])
  if (!main) return null
  // Reading leaves an empty -wal behind: that is no change.
  const parts = wal && wal.size > 0n ? [main, wal] : [main]
  return {
    // Not their ctime: SQLite, run as root, sets the owner of the -wal anew each time that it opens it.
    signature: parts.map(({ ino, size, mtimeNs }) => `${ino}:${size}:${mtimeNs}`).join('+'),
    isFresh: parts.some(isFresh),
    at: new Date(Math.max(...parts.map(changedMsOf))).toISOString(),
  }
}

/**
 * `null`: its table is not 2.x's. libsql ignores `readonly` and creates what does not exist: the file is looked for
 * first, and opened by URI.
 */
async function readRows(path: string): Promise<Row[] | null> {
  const { default: Database } = await import('libsql') // 20 MB that only a 2.x project needs
  if (!existsSync(path)) throw new Error('it is gone')
  const database = new Database(`file:${path.split(sep).map(encodeURIComponent).join('/')}?mode=ro`)
  try {
    const columns = database.prepare("SELECT name FROM pragma_table_info('memory_entries')").all().map(nameOf)
    if (!SHAPE.every((name) => columns.includes(name))) return null
    const places = NAMESPACES.map(() => '?').join(', ')
    return database
      .prepare(`SELECT key, namespace, value FROM memory_entries WHERE namespace IN (${places})`)
      .all(...NAMESPACES)
      .filter(isRow)
  } finally {
    database.close()
  }
}

const nameOf = (row: unknown): unknown => (row as { name: unknown }).name

function isRow(row: unknown): row is Row {
  const { key, namespace, value } = row as Record<string, unknown>
  return typeof key === 'string' && typeof namespace === 'string' && typeof value === 'string'
}
