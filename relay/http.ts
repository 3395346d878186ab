// The relay's plain HTTP: health, probes, metrics, and the one error shape for everything else. Never HTML, never a stack.

import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions } from 'node:tls'
import { type ErrorCode, type ErrorContext, errorBody, errorStatus } from '../protocol/errors.ts'
import type { Guard } from './guard.ts'

/** The whole request, its body too; Node's own default is 300 s. */
const REQUEST_TIMEOUT_MS = 10_000
const CHECK_INTERVAL_MS = 1_000
const REFUSAL_PATIENCE_MS = 1_000

export interface HttpOptions {
  /** Absent: plain HTTP. */
  tls?: SecureContextOptions | undefined
  /** Who has not shown a token by then is gone, whatever was sent: nothing, half a handshake, half a request. */
  unauthenticatedMs: number
  /** Sockets of all kinds; more are cut at once. */
  maxConnections: number
  /** `null` until the port is known, which is part of what is allowed. */
  guard: () => Guard | null
  /** `detailed`: for those who have the token. */
  health: (detailed: boolean) => object
  isReady: () => boolean
  /** What comes to /mcp, after Host and Origin. */
  mcp: (request: IncomingMessage, response: ServerResponse) => void
  /** In Prometheus' text format, for those who have the token. */
  metrics: () => Promise<string>
  /** With TLS: one whose handshake is done. */
  onSocket: (socket: Socket) => void
  onRefused: (code: ErrorCode) => void
  onInternalError: (error: unknown) => void
}

/** To who came without a token. */
export const TOKEN_HINT = 'Send Authorization: Bearer with SWARMSCOPE_RELAY_TOKEN, or with what is in relay.token'

type Head = Readonly<Record<string, string>>

export const SAFE_HEADERS: Head = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'",
}

/** What speaks HTTP, with TLS or without. */
export type HttpServer = Server | TlsServer

export function createHttpServer(options: HttpOptions): HttpServer {
  const { tls, unauthenticatedMs, maxConnections } = options
  const handshakeTimeout = unauthenticatedMs / 2 // the headers have the other half
  const bounds = {
    headersTimeout: tls ? unauthenticatedMs - handshakeTimeout : unauthenticatedMs,
    requestTimeout: Math.max(REQUEST_TIMEOUT_MS, unauthenticatedMs),
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, unauthenticatedMs / 2),
    requireHostHeader: false, // the guard refuses it, in our own words
  }
  const onRequest = (request: IncomingMessage, response: ServerResponse) => answer(options, request, response)
  const server = tls
    ? createTlsServer({ ...bounds, ...tls, handshakeTimeout }, onRequest)
    : createServer(bounds, onRequest)
  server.maxConnections = maxConnections
  server.on(tls ? 'secureConnection' : 'connection', options.onSocket)
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket: Duplex) => {
    // Only who speaks HTTP understands an answer: one into a TLS handshake that never ends would never leave.
    if (/^(HPE|ERR_HTTP)_/.test(code)) refuseUpgrade(socket, 'BAD_REQUEST')
    else socket.destroy()
    options.onRefused('BAD_REQUEST')
  })
  return server
}

/** The path alone; what stands behind `?` is nothing to us. */
export const pathOf = ({ url = '/' }: IncomingMessage): string => url.split('?', 1)[0] ?? '/'

function answer(options: HttpOptions, request: IncomingMessage, response: ServerResponse): void {
  const { guard, health, isReady, mcp, onRefused } = options
  const refuse = (code: ErrorCode, context?: ErrorContext, head?: Head) => {
    onRefused(code)
    sendError(response, code, context, head)
  }
  const path = pathOf(request)
  const isProbe = path === '/livez' || path === '/readyz'
  const gate = guard()
  // Probes come by address, without a token, and learn one bit.
  const refusal = isProbe ? null : gate ? gate.refusal(request) : 'INTERNAL'
  if (refusal) {
    refuse(refusal)
  } else if (path === '/ws') {
    refuse('BAD_REQUEST', { detail: 'Connect with a WebSocket here' }, { Upgrade: 'websocket' })
  } else if (path === '/mcp') {
    mcp(request, response)
  } else if (!isProbe && path !== '/health' && path !== '/metrics') {
    refuse('NOT_FOUND', { detail: 'The relay has /ws, /mcp, /health and /metrics' })
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuse('METHOD_NOT_ALLOWED', {}, { Allow: 'GET, HEAD' })
  } else if (path === '/health') {
    sendJson(response, isReady() ? 200 : 503, health(gate?.hasToken(request) ?? false))
  } else if (path === '/metrics') {
    if (gate?.hasToken(request)) sendMetrics(options, response)
    else refuse('UNAUTHORIZED', { detail: TOKEN_HINT }, { 'WWW-Authenticate': 'Bearer' })
  } else {
    response.writeHead(path === '/livez' || isReady() ? 200 : 503, { ...SAFE_HEADERS, 'Content-Length': '0' })
    response.end()
  }
}

function sendMetrics({ metrics, onInternalError }: HttpOptions, response: ServerResponse): void {
  const head = { ...SAFE_HEADERS, 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }
  metrics().then(
    (text) => response.writeHead(200, { ...head, 'Content-Length': String(Buffer.byteLength(text)) }).end(text),
    (error: unknown) => {
      onInternalError(error)
      sendError(response, 'INTERNAL')
    },
  )
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
  const text = JSON.stringify(body)
  response.writeHead(status, { ...SAFE_HEADERS, ...jsonHead(text), ...head })
  response.end(text)
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
  // Who does not read is not waited for.
  const timer = setTimeout(() => socket.destroy(), REFUSAL_PATIENCE_MS).unref()
  socket.once('close', () => clearTimeout(timer))
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n${headText}\r\n${body}`)
}
