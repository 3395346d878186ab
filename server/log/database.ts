// libsql with its traps avoided: parameters always go as one array (a lone blob crashes the process), and what may only
// be read is opened by URI (its `readonly` is ignored).

import { existsSync } from 'node:fs'
import { sep } from 'node:path'
import Libsql from 'libsql'

export type Value = string | number | Uint8Array | null
type Row = readonly unknown[]

export class Statement {
  readonly #statement: Libsql.Statement<[readonly Value[]]>

  constructor(statement: Libsql.Statement<[readonly Value[]]>) {
    this.#statement = statement.reader ? statement.raw() : statement
  }

  /** Returns how many rows were changed. */
  run(...values: readonly Value[]): number {
    return this.#statement.run(values).changes
  }

  rows(...values: readonly Value[]): Row[] {
    return this.#statement.all(values) as Row[]
  }

  row(...values: readonly Value[]): Row | undefined {
    return this.rows(...values)[0]
  }

  number(...values: readonly Value[]): number | null {
    const value = this.row(...values)?.[0]
    return typeof value === 'number' ? value : null
  }
}

export class Database {
  readonly #database: Libsql.Database

  constructor(path: string, { readOnly = false, busyTimeoutMs = 0 } = {}) {
    // It would be made.
    if (readOnly && !existsSync(path)) throw Object.assign(new Error('no such file'), { code: 'SQLITE_CANTOPEN' })
    const target = readOnly ? `file:${path.split(sep).map(encodeURIComponent).join('/')}?mode=ro` : path
    try {
      this.#database = new Libsql(target, { timeout: busyTimeoutMs })
    } catch (cause) {
      throw Object.assign(new Error('the database cannot be opened', { cause }), { code: 'SQLITE_CANTOPEN' })
    }
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  prepare(sql: string): Statement {
    return new Statement(this.#database.prepare(sql) as Libsql.Statement<[readonly Value[]]>)
  }

  /** The first value that the pragma answers. */
  pragma(pragma: string): unknown {
    return this.prepare(`PRAGMA ${pragma}`).row()?.[0]
  }

  pragmaNumber(pragma: string): number {
    return Number(this.pragma(pragma))
  }

  /** All or nothing. Throws what `work` or the commit throws. */
  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      // A full disk has rolled back by itself.
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  close(): void {
    if (this.#database.open) this.#database.close()
  }
}
