// The relay's plain HTTP: health, and the one error shape for everything else. Never HTML, never a stack.

import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ErrorCode, type ErrorContext, errorBody, errorStatus } from '../protocol/errors.ts'
import type { Guard } from './guard.ts'

/** Half-sent requests must not stay: Node's own default is 60 s. */
const REQUEST_TIMEOUT_MS = 10_000
const CHECK_INTERVAL_MS = 1_000

export interface HttpOptions {
  /** `null` until the port is known, which is part of what is allowed. */
  guard: () => Guard | null
  /** `detailed`: for those who have the token. */
  health: (detailed: boolean) => object
  isReady: () => boolean
  /** What comes to /mcp, after Host and Origin. */
  mcp: (request: IncomingMessage, response: ServerResponse) => void
}

type Head = Readonly<Record<string, string>>

export const SAFE_HEADERS: Head = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'",
}

export function createHttpServer(options: HttpOptions): Server {
  const server = createServer(
    {
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      requireHostHeader: false, // the guard refuses it, in our own words
    },
    (request, response) => answer(options, request, response),
  )
  server.on('clientError', (_error: Error, socket: Duplex) => refuseUpgrade(socket, 'BAD_REQUEST'))
  return server
}

/** The path alone; what stands behind `?` is nothing to us. */
export const pathOf = ({ url = '/' }: IncomingMessage): string => url.split('?', 1)[0] ?? '/'

function answer(options: HttpOptions, request: IncomingMessage, response: ServerResponse): void {
  const { guard, health, isReady, mcp } = options
  const path = pathOf(request)
  const isProbe = path === '/livez' || path === '/readyz'
  const gate = guard()
  // Probes come by address, without a token, and learn one bit.
  const refusal = isProbe ? null : gate ? gate.refusal(request) : 'INTERNAL'
  if (refusal) {
    sendError(response, refusal)
  } else if (path === '/ws') {
    sendError(response, 'BAD_REQUEST', { detail: 'Connect with a WebSocket here' }, { Upgrade: 'websocket' })
  } else if (path === '/mcp') {
    mcp(request, response)
  } else if (!isProbe && path !== '/health') {
    sendError(response, 'NOT_FOUND', { detail: 'The relay has /ws, /mcp and /health' })
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    sendError(response, 'METHOD_NOT_ALLOWED', {}, { Allow: 'GET, HEAD' })
  } else if (path === '/health') {
    sendJson(response, isReady() ? 200 : 503, health(gate?.hasToken(request) ?? false))
  } else {
    response.writeHead(path === '/livez' || isReady() ? 200 : 503, { ...SAFE_HEADERS, 'Content-Length': '0' })
    response.end()
  }
}

export function sendError(
  response: ServerResponse,
  code: ErrorCode,
  context: ErrorContext = {},
  head: Head = {},
): void {
  sendJson(response, errorStatus(code), errorBody(code, context), head)
}

function sendJson(response: ServerResponse, status: number, body: object, head: Head = {}): void {
  response.writeHead(status, { ...SAFE_HEADERS, ...jsonHead(JSON.stringify(body)), ...head })
  response.end(JSON.stringify(body))
}

const jsonHead = (text: string): Head => ({
  'Content-Type': 'application/json; charset=utf-8',
  'Content-Length': String(Buffer.byteLength(text)),
})

/** Answers over HTTP where a socket was asked for, and ends it. */
export function refuseUpgrade(socket: Duplex, code: ErrorCode, context: ErrorContext = {}, head: Head = {}): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const status = errorStatus(code)
  const body = JSON.stringify(errorBody(code, context))
  const lines = Object.entries({ Connection: 'close', ...SAFE_HEADERS, ...jsonHead(body), ...head })
  const headText = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n${headText}\r\n${body}`)
}
