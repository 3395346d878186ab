// One process owns a log's file: it holds an exclusive SQLite lock on a file beside it (not on the log itself, which
// readers must be able to open). The system gives it back however the process ends.

import { SwarmscopeError } from '../../protocol/errors.ts'
import { Database } from './database.ts'

/** Throws `LOG_IN_USE`; returns how to give the lock back. */
export function lockFile(path: string): () => void {
  const database = new Database(`${path}.lock`)
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if ((error as { code?: string }).code === 'SQLITE_BUSY')
      throw new SwarmscopeError('LOG_IN_USE', {}, { cause: error })
    throw error
  }
  return () => database.close()
}
