// Who speaks plain HTTP to the port that speaks TLS (`http://` typed by hand) is answered, instead of cut off: the first byte
// tells the two apart.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { type ErrorCode, SwarmscopeError } from '../../protocol/errors.ts'

/** First byte of a TLS connection: a handshake record. */
const TLS_HANDSHAKE = 0x16
/** For the first byte, and for everything of a plain connection. */
const PATIENCE_MS = 10_000

export interface PlainHttpOptions {
  /** Whether this `Host` is ours. */
  isOurs: (host: string) => boolean
  /** Where programs on this machine may speak plain HTTP. */
  plainUrl: () => string
  onRefused: (code: ErrorCode) => void
}

/** Returns how to cut everybody off, those in the middle of a handshake too, whom the server itself does not know. */
export function answerPlainHttp(server: TlsServer, options: PlainHttpOptions): () => void {
  const startTls = server.listeners('connection')
  server.removeAllListeners('connection')
  const plain = createServer({ requireHostHeader: false }, (request, response) => redirect(request, response, options))
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS)
    sockets.add(socket)
    socket.on('error', () => socket.destroy()) // before anybody else listens, it would end the process
    socket.on('close', () => {
      clearTimeout(timer)
      sockets.delete(socket)
    })
    socket.once('readable', () => {
      const first: Buffer | null = socket.read(1)
      if (first === null) return // closed without a word
      socket.unshift(first)
      if (first[0] === TLS_HANDSHAKE) {
        clearTimeout(timer) // from now on `handshakeTimeout`
        for (const listener of startTls) listener.call(server, socket)
      } else {
        plain.emit('connection', socket)
      }
    })
  })
  return () => {
    for (const socket of sockets) socket.destroy()
  }
}

/** A page that was asked for comes by https; a program, whose token may have gone in the clear already, is told. */
function redirect(request: IncomingMessage, response: ServerResponse, options: PlainHttpOptions): void {
  const { method = '', url = '/', headers } = request
  const isPage = (method === 'GET' || method === 'HEAD') && headers.authorization === undefined
  response.setHeader('Connection', 'close').setHeader('Cache-Control', 'no-store')
  const { host } = headers
  if (host !== undefined && options.isOurs(host) && isPage && headers.upgrade === undefined) {
    // Not for ever: the next server on this port may have no TLS.
    response.writeHead(307, { Location: `https://${host}${url.startsWith('/') ? url : '/'}` }).end()
    return
  }
  const error = new SwarmscopeError('BAD_REQUEST', {
    detail: `This port speaks TLS only: write https:// (wss://) instead of http://; on its own machine also ${options.plainUrl()}`,
  })
  options.onRefused(error.code)
  response
    .writeHead(error.status, { 'Content-Type': 'application/json; charset=utf-8' })
    .end(JSON.stringify(error.body))
}
