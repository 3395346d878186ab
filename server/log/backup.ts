// A copy of a log's file, whole and consistent, beside a server that writes it or without one.

import { chmodSync, existsSync } from 'node:fs'
import { Database } from './database.ts'

/** Throws with a sentence for people. */
export function backUp(path: string, target: string): void {
  if (!existsSync(path)) throw new Error('there is no event log yet: nothing was started for this project and data dir')
  if (existsSync(target)) throw new Error(`${target} exists already: choose another file`)
  const database = new Database(path, { readOnly: true, busyTimeoutMs: 10_000 })
  try {
    database.exec(`VACUUM INTO '${target.replaceAll("'", "''")}'`)
  } finally {
    database.close()
  }
  chmodSync(target, 0o600) // as the log itself
  const copy = new Database(target)
  try {
    // Whoever goes on from here is on a line of its own (SPEC.md, L6).
    copy.exec("UPDATE meta SET value = 0 WHERE key = 'clean'; UPDATE meta SET value = 'backup' WHERE key = 'boot_id'")
  } finally {
    copy.close()
  }
}
