// /api/v1/stream: one viewer's WebSocket. Guarded before the upgrade; after it the viewer says hello and is pumped.

import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import { z } from 'zod'
import type { Logger } from '../../platform/log.ts'
import { VERSION } from '../../platform/version.ts'
import { type ErrorCode, SwarmscopeError } from '../../protocol/errors.ts'
import { commonVersion } from '../../protocol/relayWire.ts'
import {
  CLOSE,
  type Doors,
  type PageCommands,
  PING_INTERVAL_MS,
  PONG_TIMEOUT_MS,
  type Role,
  type ServerMessage,
  VIEWER_PROTOCOL,
  VIEWER_SUBPROTOCOL,
} from '../../protocol/viewerWire.ts'
import type { Guard } from '../guard/guard.ts'
import { refuseUpgrade } from '../guard/refuseUpgrade.ts'
import type { Hub, Seat, Sink } from './hub.ts'
import type { CloseReason } from './viewerCounts.ts'

export const STREAM_PATH = '/api/v1/stream'
/** Browsers only say hello, pong and retry. */
const MAX_PAYLOAD_BYTES = 64 * 1024
const HELLO_TIMEOUT_MS = 10_000
/** More than any honest page sends in the time of one ping. */
const MAX_MESSAGES_PER_PING = 200
/** How long a viewer may take over its part of the closing handshake; one that reads nothing never does it. */
const CLOSE_PATIENCE_MS = 1_000
/**
 * A ping waits behind what the system holds for a slow line, some MB of a large snapshot: whoever was sent so much since it
 * was last heard is given the time to read it. A line that is dead takes no more, and is closed for that by the hub.
 */
const SLOW_LINE_BYTES = 512 * 1024
const SLOW_LINE_MS = 120_000

/** How each reason is told. */
const CLOSES = {
  no_hello: [CLOSE.TIMED_OUT, 'no hello'],
  no_pong: [CLOSE.TIMED_OUT, 'no answer'],
  flood: [CLOSE.TOO_MANY_MESSAGES, 'too many messages'],
  bad_message: [CLOSE.BAD_MESSAGE, 'not understood'],
  version_mismatch: [CLOSE.VERSION_MISMATCH, `server ${VERSION} speaks another protocol: reload`],
  too_slow: [CLOSE.TOO_SLOW, 'no progress'],
  stopping: [CLOSE.GOING_AWAY, 'server is stopping'],
} as const satisfies Partial<Record<CloseReason, readonly [number, string]>>

const version = z.number().int().positive()
const viewerMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    protocol: z.object({ min: version, max: version }),
    version: z.string().max(100),
    resume: z.object({ epoch: z.string().max(100), seq: z.number().int().nonnegative() }).nullable(),
  }),
  z.object({ type: z.literal('retry') }),
  z.object({ type: z.literal('pong') }),
])

export interface StreamOptions {
  server: Server
  hub: Hub
  guard: Guard
  log: Logger
  /** What an operator is told to type. */
  commands?: PageCommands | undefined
  /** How browsers elsewhere get here. */
  doors: () => Doors
  /** An upgrade was refused. */
  onRefused: (code: ErrorCode) => void
}

/** Serves the stream on the server's upgrades; returns how to close it and all its sockets. */
export function serveStream({ server, hub, guard, log, doors, commands, onRefused }: StreamOptions): () => void {
  const refuse = (socket: Duplex, error: unknown) => {
    const code = refuseUpgrade(socket, error)
    if (code !== null) onRefused(code)
  }
  const seats = new WeakMap<WebSocket, Seat>()
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_PAYLOAD_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(VIEWER_SUBPROTOCOL) ? VIEWER_SUBPROTOCOL : false),
  })

  // Not a WebSocket handshake at all; ws itself would answer it with HTML.
  sockets.on('wsClientError', (_error, socket) => {
    refuse(socket, new SwarmscopeError('BAD_REQUEST', { detail: 'This address takes WebSockets only' }))
  })

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (error) => log.debug({ err: error }, 'a viewer broke off during the upgrade'))
    if (socket.destroyed) return // it would never tell its end, and keep its seat for ever
    let role: Role
    let seat: Seat | null
    try {
      guard.checkAccess(request)
      if ((request.url ?? '').split('?')[0] !== STREAM_PATH) throw new SwarmscopeError('NOT_FOUND')
      role = guard.requireForUpgrade(request)
      seat = hub.takeSeat()
      if (!seat) throw new SwarmscopeError(hub.isFull ? 'TOO_MANY_VIEWERS' : 'STOPPING')
    } catch (error) {
      refuse(socket, error)
      return
    }
    // Also if the handshake comes to nothing.
    socket.on('close', seat.leave)
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      log.debug({ role }, 'a viewer came')
      seats.set(webSocket, seat)
      seat.opened('stream')
      welcome(webSocket, {
        raw: socket,
        role,
        seat,
        hub,
        doors,
        log,
        commands: role === 'operator' ? commands : undefined,
      })
    })
  }
  server.on('upgrade', onUpgrade)
  return () => {
    server.off('upgrade', onUpgrade)
    // Those who have not said hello; the hub says goodbye to the others.
    for (const client of sockets.clients) {
      const seat = seats.get(client)
      if (seat) closeFor('stopping', client, seat)
    }
    sockets.close()
  }
}

interface Welcome {
  /** What is below the WebSocket. */
  raw: Duplex
  role: Role
  seat: Seat
  hub: Hub
  doors: () => Doors
  log: Logger
  commands: PageCommands | undefined
}

function welcome(socket: WebSocket, { raw, role, seat, hub, doors, log, commands }: Welcome): void {
  let saidHello = false
  let messages = 0
  let heard = true
  let heardAtMs = performance.now()
  let unheardBytes = 0
  const helloTimer = setTimeout(() => closeFor('no_hello', socket, seat), HELLO_TIMEOUT_MS)
  let pongTimer: NodeJS.Timeout | undefined
  const heartbeat = setInterval(() => {
    heard = false
    messages = 0
    send(socket, { type: 'ping' })
    pongTimer = setTimeout(() => {
      const isReading = unheardBytes >= SLOW_LINE_BYTES && performance.now() - heardAtMs < SLOW_LINE_MS
      if (!heard && !isReading) closeFor('no_pong', socket, seat)
    }, PONG_TIMEOUT_MS)
  }, PING_INTERVAL_MS)

  socket.on('error', (error) => {
    log.debug({ err: error }, 'viewer socket')
    // By the library itself, with 1009, or what the protocol of WebSockets has for nonsense.
    const code = 'code' in error ? String(error.code) : ''
    if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') seat.closing('too_large')
    else if (code.startsWith('WS_ERR_')) seat.closing('bad_message')
  })
  socket.on('close', () => {
    clearTimeout(helloTimer)
    clearInterval(heartbeat)
    clearTimeout(pongTimer)
    seat.leave()
  })
  socket.on('message', (data) => {
    // What was on its way when we closed is heard no more.
    if (socket.readyState !== WebSocket.OPEN) return
    heard = true
    heardAtMs = performance.now()
    unheardBytes = 0
    if (++messages > MAX_MESSAGES_PER_PING) {
      closeFor('flood', socket, seat)
      return
    }
    const message = parse(data.toString())
    if (!message) {
      closeFor('bad_message', socket, seat)
    } else if (message.type === 'hello') {
      if (saidHello) return // once is enough
      saidHello = true
      clearTimeout(helloTimer)
      const protocol = commonVersion(message.protocol, VIEWER_PROTOCOL)
      if (protocol === null) {
        closeFor('version_mismatch', socket, seat)
        return
      }
      // Hello and status in one system call: when a herd comes back, those are most of the work.
      raw.cork()
      send(socket, { type: 'hello', protocol, version: VERSION, role, doors: doors(), commands })
      const sink = sinkOf(socket, seat, (bytes) => {
        unheardBytes += bytes
      })
      seat.watch(sink, message.resume)
      raw.uncork()
    } else if (message.type === 'retry') {
      if (role === 'operator') hub.retry()
    }
  })
}

function parse(text: string) {
  try {
    return viewerMessage.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null // no JSON: answered by the close code
  }
}

/** The close frame may stand behind what the viewer does not read, or never be answered: then the socket is cut. */
function closeFor(reason: keyof typeof CLOSES, socket: WebSocket, seat: Seat): void {
  if (socket.readyState !== WebSocket.OPEN) return
  seat.closing(reason)
  const [code, text] = CLOSES[reason]
  socket.close(code, text)
  const timer = setTimeout(() => socket.terminate(), CLOSE_PATIENCE_MS)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}

const send = (socket: WebSocket, message: ServerMessage): void => {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
}

function sinkOf(socket: WebSocket, seat: Seat, onSend: (bytes: number) => void): Sink {
  return {
    send({ json }, sent) {
      onSend(json.length)
      // `binary: false`: the buffer holds text. The callback comes when the socket has taken it.
      socket.send(json, { binary: false }, (error) => {
        if (!error) sent()
      })
    },
    drop() {
      closeFor('too_slow', socket, seat)
    },
    end(retryAfterMs) {
      send(socket, { type: 'goodbye', retryAfterMs })
      closeFor('stopping', socket, seat)
    },
  }
}
