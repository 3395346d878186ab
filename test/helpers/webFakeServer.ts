// Stands in for the server, for looking at the built page in any state: the page with its CSP, tickets, and a stream that
// says what it is told to.

import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { type WebSocket, WebSocketServer } from 'ws'
import { errorBody } from '../../protocol/errors.ts'
import type { EntityRef } from '../../protocol/frames.ts'
import type { Entity, SourceStatus } from '../../protocol/swarm.ts'
import { PING_INTERVAL_MS, type StatusMessage, type ViewerMessage } from '../../protocol/viewerWire.ts'

const TYPES: Record<string, string> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.html': 'text/html',
}
const CSP = (nonce: string) =>
  `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'nonce-${nonce}'; worker-src 'self'; ` +
  `font-src 'self'; manifest-src 'self'; connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'`

export const liveSource = (fields: Partial<SourceStatus> = {}): SourceStatus => ({
  id: 'test',
  kind: 'claude-flow',
  state: 'live',
  url: 'ws://127.0.0.1:3000/ws',
  since: new Date().toISOString(),
  attempt: 0,
  retryAt: null,
  lastError: null,
  counts: null,
  ...fields,
})

const { success: _, ...noHistory } = errorBody('NOT_FOUND', { detail: 'This world keeps no history' })
/** With it in a status the page asks for no history. */
export const NO_HISTORY = noHistory

export interface FakeOptions {
  webDir: string
  entities?: Entity[]
  status?: Partial<StatusMessage>
  token?: string
  port?: number
}

export type FakeServer = Awaited<ReturnType<typeof startFakeServer>>

export async function startFakeServer({ webDir, entities = [], status = {}, token = 'fake', port = 0 }: FakeOptions) {
  const world = { epoch: `fake-${Date.now()}`, seq: 1, entities }
  let current: Omit<StatusMessage, 'type' | 'at'> = {
    mode: 'live',
    degraded: [],
    sources: [liveSource()],
    noHistory: NO_HISTORY,
    viewers: 1,
    ...status,
  }
  const sockets = new Set<WebSocket>()
  const received: ViewerMessage[] = []
  const send = (socket: WebSocket, message: unknown) => socket.send(JSON.stringify(message))
  const statusMessage = () => ({ type: 'status', at: new Date().toISOString(), ...current })

  const http = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname
    if (path === '/api/v1/ticket') {
      const isGood = request.headers.authorization === `Bearer ${token}`
      response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify(
          isGood
            ? { success: true, ticket: 'ticket', expiresInSeconds: 30 }
            : {
                success: false,
                error: 'A valid token is needed',
                code: 'UNAUTHORIZED',
                details: { suggestion: 'Open the link' },
              },
        ),
      )
      return
    }
    const file = join(webDir, normalize(path === '/' ? '/index.html' : path))
    if (!file.startsWith(webDir) || !existsSync(file)) {
      response.writeHead(404).end()
      return
    }
    const nonce = Math.random().toString(36).slice(2)
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': CSP(nonce),
    })
    const body = readFileSync(file)
    response.end(path === '/' ? body.toString().replaceAll('__CSP_NONCE__', nonce) : body)
  })

  const ws = new WebSocketServer({ server: http, path: '/api/v1/stream', handleProtocols: () => 'swarmscope.v1' })
  ws.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as ViewerMessage
      received.push(message)
      if (message.type !== 'hello') return
      send(socket, { type: 'hello', protocol: 1, version: '0.1.0', role: 'operator' })
      send(socket, statusMessage())
      if (message.resume?.epoch === world.epoch && message.resume.seq === world.seq) return
      if (current.mode !== 'connecting')
        send(socket, {
          type: 'snapshot',
          epoch: world.epoch,
          seq: world.seq,
          index: 0,
          last: true,
          put: world.entities,
        })
    })
  })
  // Who says nothing for half a minute is thought gone.
  const pings = setInterval(() => {
    for (const socket of sockets) send(socket, { type: 'ping' })
  }, PING_INTERVAL_MS)
  pings.unref()
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return {
    origin,
    url: `${origin}/#token=${token}`,
    received,
    setStatus(next: Partial<StatusMessage>): void {
      current = { ...current, ...next }
      for (const socket of sockets) send(socket, statusMessage())
    },
    frame(put: Entity[], del: EntityRef[] = []): void {
      const from = world.seq
      world.seq++
      const numbered = put.map((entity) => ({ ...entity, rev: world.seq }))
      for (const socket of sockets)
        send(socket, { type: 'frame', epoch: world.epoch, from, to: world.seq, put: numbered, del })
    },
    /** Whatever it is, to everybody. */
    raw(message: unknown): void {
      for (const socket of sockets) {
        socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message))
      }
    },
    get epoch(): string {
      return world.epoch
    },
    get seq(): number {
      return world.seq
    },
    drop(): void {
      for (const socket of sockets) socket.terminate()
    },
    async close(): Promise<void> {
      clearInterval(pings)
      for (const socket of sockets) socket.terminate()
      ws.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
