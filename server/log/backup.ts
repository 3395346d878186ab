// A copy of a log's file, whole and consistent, beside a server that writes it or without one.

import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Database } from './database.ts'

/** Throws with a sentence for people. Nothing stands at `target` before it is whole, nor if it fails. */
export function backUp(path: string, target: string): void {
  if (!existsSync(path)) throw new Error('there is no event log yet: nothing was started for this project and data dir')
  if (existsSync(target)) throw new Error(`${target} exists already: choose another file`)
  const unfinished = `${target}.${randomUUID()}.tmp`
  try {
    // As the log itself, from its first byte on.
    closeSync(openSync(unfinished, 'wx', 0o600))
    copyInto(path, unfinished)
    renameSync(unfinished, target)
  } catch (error) {
    for (const end of ['', '-journal', '-wal', '-shm']) rmSync(`${unfinished}${end}`, { force: true })
    throw new Error(`the event log was not copied: ${reasonOf(error, dirname(target))}`, { cause: error })
  }
}

function reasonOf(error: unknown, folder: string): string {
  const { code, message } = error as Error & { code?: string }
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no folder ${folder}`
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `nothing may be written in ${folder}`
    case 'ENOSPC':
    case 'SQLITE_FULL':
      return `there is no room in ${folder}`
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return 'its file is damaged'
    default:
      return message
  }
}

function copyInto(path: string, target: string): void {
  const database = new Database(path, { readOnly: true, busyTimeoutMs: 10_000 })
  try {
    database.exec(`VACUUM INTO '${target.replaceAll("'", "''")}'`)
  } finally {
    database.close()
  }
  const copy = new Database(target)
  try {
    // Whoever goes on from here is on a line of its own (SPEC.md, L6).
    copy.exec("UPDATE meta SET value = 0 WHERE key = 'clean'; UPDATE meta SET value = 'backup' WHERE key = 'boot_id'")
  } finally {
    copy.close()
  }
}
