// What can be wrong with a log's file, in the catalogue's codes, and how it travels out of a worker.

import { type ErrorCode, SwarmscopeError } from '../../protocol/errors.ts'

export type LogErrorCode = Extract<ErrorCode, 'LOG_UNAVAILABLE' | 'LOG_IN_USE' | 'LOG_NEWER' | 'INTERNAL'>

/** An error as it is posted between threads. */
export interface PostedError {
  code: LogErrorCode
  detail: string
  fix: string
  /** For our own log only: may name paths. */
  cause: string
}

/** What is wrong, and what mends it. */
type Trouble = readonly [detail: string, fix: string]
const DAMAGED: Trouble = [
  'Its file is damaged',
  'move events.db (with events.db-wal and events.db-shm) out of the data folder, or put a backup in its place',
]
const NOT_WRITABLE: Trouble = ['Its file may not be written', 'let this user write in the data folder']
const TROUBLES: Record<string, Trouble> = {
  SQLITE_FULL: ['Its disk is full', 'make room in the data folder'],
  SQLITE_CORRUPT: DAMAGED,
  SQLITE_NOTADB: DAMAGED,
  SQLITE_READONLY: NOT_WRITABLE,
  SQLITE_PERM: NOT_WRITABLE,
  SQLITE_CANTOPEN: ['Its file cannot be opened', 'let this user read and write in the data folder'],
  SQLITE_BUSY: ['Another program holds its file', 'end that program'],
}
const IO: Trouble = ['Its disk refuses to read or write', "check the data folder's disk"]
const OTHER: Trouble = ['Its file cannot be used', 'look into server.log for the reason']

export function logUnavailable(cause: unknown): SwarmscopeError {
  if (cause instanceof SwarmscopeError) return cause
  const code = String((cause as { code?: unknown } | null)?.code ?? '')
  const [detail, fix] = TROUBLES[code] ?? (code.startsWith('SQLITE_IOERR') ? IO : OTHER)
  return new SwarmscopeError('LOG_UNAVAILABLE', { detail, fix }, { cause })
}

export function postedError(error: unknown): PostedError {
  const { code, context, cause } = error instanceof RangeError ? rangeError(error) : logUnavailable(error)
  return {
    code: code as LogErrorCode,
    detail: context.detail ?? '',
    fix: context.fix ?? '',
    cause: cause instanceof Error ? `${(cause as { code?: string }).code ?? cause.name}: ${cause.message}` : '',
  }
}

/** Not the file's fault, but the asker's. */
const rangeError = (error: RangeError) => new SwarmscopeError('INTERNAL', { detail: error.message })

export function thrownError({ code, detail, fix, cause }: PostedError): Error {
  if (code === 'INTERNAL') return new RangeError(detail)
  return new SwarmscopeError(code, { ...(detail && { detail }), ...(fix && { fix }) }, { cause: new Error(cause) })
}
