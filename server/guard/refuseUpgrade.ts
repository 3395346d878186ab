// Says no on the bare socket (to an upgrade, to what is no HTTP), in the one error shape.

import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ErrorCode, SwarmscopeError } from '../../protocol/errors.ts'

/** Returns what it said; `null`: nobody was there to hear it. */
export function refuseUpgrade(socket: Duplex, error: unknown): ErrorCode | null {
  if (!socket.writable) {
    socket.destroy()
    return null
  }
  const known = error instanceof SwarmscopeError ? error : new SwarmscopeError('INTERNAL', {}, { cause: error })
  const body = JSON.stringify(known.body)
  const headers = [
    `HTTP/1.1 ${known.status} ${STATUS_CODES[known.status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
    ...(known.status === 401 ? ['WWW-Authenticate: Bearer error="invalid_token"'] : []),
    ...(known.status === 503 ? ['Retry-After: 5'] : []),
  ]
  // Half-open is allowed here: without this a client that never ends its side would keep the socket for ever.
  socket.once('finish', () => socket.destroy())
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`)
  return known.code
}
