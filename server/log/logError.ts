// What can be wrong with a log's file, in the catalogue's codes, and how it travels out of a worker.

import { type ErrorCode, SwarmscopeError } from '../../protocol/errors.ts'

export type LogErrorCode = Extract<ErrorCode, 'LOG_UNAVAILABLE' | 'LOG_IN_USE' | 'LOG_NEWER' | 'INTERNAL'>

/** An error as it is posted between threads. */
export interface PostedError {
  code: LogErrorCode
  detail: string
  /** For our own log only: may name paths. */
  cause: string
}

const DETAILS: Record<string, string> = {
  SQLITE_FULL: 'Its disk is full',
  SQLITE_CORRUPT: 'Its file is damaged',
  SQLITE_NOTADB: 'Its file is damaged',
  SQLITE_READONLY: 'Its file may not be written',
  SQLITE_CANTOPEN: 'Its file cannot be opened',
  SQLITE_PERM: 'Its file may not be written',
  SQLITE_BUSY: 'Another program holds its file',
}

export function logUnavailable(cause: unknown): SwarmscopeError {
  if (cause instanceof SwarmscopeError) return cause
  const code = String((cause as { code?: unknown } | null)?.code ?? '')
  const detail =
    DETAILS[code] ?? (code.startsWith('SQLITE_IOERR') ? 'Its disk refuses to read or write' : 'Its file cannot be used')
  return new SwarmscopeError('LOG_UNAVAILABLE', { detail }, { cause })
}

export function postedError(error: unknown): PostedError {
  const { code, context, cause } = error instanceof RangeError ? rangeError(error) : logUnavailable(error)
  return {
    code: code as LogErrorCode,
    detail: context.detail ?? '',
    cause: cause instanceof Error ? `${(cause as { code?: string }).code ?? cause.name}: ${cause.message}` : '',
  }
}

/** Not the file's fault, but the asker's. */
const rangeError = (error: RangeError) => new SwarmscopeError('INTERNAL', { detail: error.message })

export function thrownError({ code, detail, cause }: PostedError): Error {
  if (code === 'INTERNAL') return new RangeError(detail)
  return new SwarmscopeError(code, detail ? { detail } : {}, { cause: new Error(cause) })
}
