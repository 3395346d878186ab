// A backup that was put in the place of a killed server's file stands beside that file's WAL. SQLite would apply it, and
// ruin the backup.

import { closeSync, openSync, readSync, rmSync } from 'node:fs'

const MAGIC = 'SQLite format 3\0'
/** The header's write and read version: 1 is a file without a WAL, 2 one with. */
const VERSIONS_AT = 18
const WITHOUT_WAL = 1

/**
 * Removes a WAL that is none of this file's: a log's own file says in its header that it has one before the WAL's first
 * byte is written, and a backup says that it has none. To be called by the file's owner, before it is opened.
 */
export function removeStrayWal(path: string): void {
  const header = headerOf(path)
  if (header?.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) return
  if (header[VERSIONS_AT] !== WITHOUT_WAL || header[VERSIONS_AT + 1] !== WITHOUT_WAL) return
  for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
}

function headerOf(path: string): Buffer | null {
  const header = Buffer.alloc(VERSIONS_AT + 2)
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return null // whoever opens it next says what is wrong
  }
  try {
    return readSync(file, header) === header.length ? header : null
  } finally {
    closeSync(file)
  }
}
