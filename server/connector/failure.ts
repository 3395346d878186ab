// What went wrong with a socket, in the catalogue's words.

import { type ErrorCode, type ErrorContext, isRetryable, SwarmscopeError } from '../../protocol/errors.ts'
import { hostAndPort, type RelayAddress } from './relayUrl.ts'
import { tlsDetail } from './tlsFailure.ts'

const BY_SYSTEM_CODE: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'CONNECTION_REFUSED',
  ENOTFOUND: 'HOST_NOT_FOUND',
  EAI_AGAIN: 'HOST_NOT_FOUND',
  EAI_NONAME: 'HOST_NOT_FOUND',
  ETIMEDOUT: 'CONNECTION_TIMEOUT',
  EHOSTUNREACH: 'HOST_UNREACHABLE',
  ENETUNREACH: 'HOST_UNREACHABLE',
  EHOSTDOWN: 'HOST_UNREACHABLE',
  ECONNRESET: 'CONNECTION_LOST',
  EPIPE: 'CONNECTION_LOST',
}

/** What an error may say of the relay. */
export function contextOf({ host, port, managed }: RelayAddress): ErrorContext {
  return { host, port, ...(managed === undefined ? {} : { managed }) }
}

/** An `error` of the socket before or after it opened. */
export function socketFailure(error: Error, address: RelayAddress): SwarmscopeError {
  // A name with several addresses fails with one error for each.
  const causes: Error[] = error instanceof AggregateError ? error.errors : [error]
  const tls = causes.map((cause) => tlsDetail(cause, address)).find((detail) => detail !== null)
  if (tls !== undefined)
    return new SwarmscopeError('TLS_FAILED', { ...contextOf(address), detail: tls }, { cause: error })
  const systemCode = causes.map((cause) => (cause as NodeJS.ErrnoException).code).find((code) => code !== undefined)
  const handshakeTimedOut = error.message === 'Opening handshake has timed out'
  // Only a WebSocket that is open breaks ws's own rules (too large, no UTF-8, bad frames).
  const broken = systemCode?.startsWith('WS_ERR_')
  const code = handshakeTimedOut
    ? 'CONNECTION_TIMEOUT'
    : broken
      ? 'PROTOCOL_MISMATCH'
      : (BY_SYSTEM_CODE[systemCode ?? ''] ?? 'NOT_A_RELAY')
  const suggestion = hungUp(error, address)
  return new SwarmscopeError(code, { ...contextOf(address), ...(suggestion ? { suggestion } : {}) }, { cause: error })
}

/** Before a word was said: so does a server with TLS (ours, too) to whom plain HTTP is spoken. */
function hungUp({ message }: Error, address: RelayAddress): string | null {
  if (message !== 'socket hang up' || address.tls || address.managed) return null
  const at = hostAndPort(address)
  return `The relay on ${at} hung up before it said a word: if it speaks TLS, set CLAUDE_FLOW_URL=wss://${at}; else restart it`
}

/** Trying again cannot help until somebody changes something. */
export const isFinal = (error: SwarmscopeError): boolean => !isRetryable(error.code)
