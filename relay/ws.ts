// The WebSocket door: who may pass is decided before the upgrade; behind it each client has its queue, its pulse and
// its bounds.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Logger } from '../platform/log.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import { CLOSE } from '../protocol/viewerWire.ts'
import type { ClientEvents, RelayClient } from './client.ts'
import type { Guard } from './guard.ts'
import { type HttpServer, pathOf, refuseUpgrade, TOKEN_HINT } from './http.ts'
import type { RelayLimits } from './limits.ts'
import { SendQueue } from './sendQueue.ts'
import { WriteBatch } from './writeBatch.ts'

type WsLimits = Pick<
  RelayLimits,
  'dropPatienceMs' | 'maxMessageBytes' | 'maxQueuedBytes' | 'noProgressMs' | 'pingIntervalMs' | 'pongTimeoutMs'
>

export interface WsOptions {
  server: HttpServer
  guard: () => Guard | null
  limits: WsLimits
  /** False: as many clients as may be are there. */
  hasRoom: () => boolean
  events: ClientEvents
  log: Logger
  onRefused: (code: ErrorCode) => void
  /** A client is closed with this code, for what it did or did not do. */
  onDropped: (code: number) => void
}

type Refusal = Parameters<typeof refuseUpgrade> extends [Duplex, ...infer Rest] ? Rest : never

const SUBPROTOCOL = 'mcp'
/** How long a client may take over its part of the closing handshake before the socket is cut. */
const CLOSE_PATIENCE_MS = 200
/** The sweep looks this often within the shortest time it has to keep. */
const SWEEPS_PER_LIMIT = 8

interface Connection extends RelayClient {
  queue: SendQueue
  socket: WebSocket
  /** When something was last heard of it; `pingedAtMs` later means that an answer is due. */
  heardAtMs: number
  pingedAtMs: number | null
  /** Being closed for what it did, or did not do: nothing of it counts any more. */
  isDropped: boolean
}

export class WsDoor {
  readonly #options: WsOptions
  readonly #wss: WebSocketServer
  readonly #connections = new Set<Connection>()
  readonly #batch = new WriteBatch()
  readonly #sweeper: NodeJS.Timeout
  readonly #sweepMs: number
  #lastId = 0
  #closing = false

  constructor(options: WsOptions) {
    this.#options = options
    const { limits } = options
    this.#wss = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Compression costs memory per client and opens the door to bombs; on loopback it gains nothing.
      perMessageDeflate: false,
      maxPayload: limits.maxMessageBytes,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    })
    this.#wss.on('wsClientError', (_error, socket) => this.#refuse(socket, 'BAD_REQUEST'))
    options.server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    const shortestMs = Math.min(limits.noProgressMs, limits.pingIntervalMs, limits.pongTimeoutMs)
    this.#sweepMs = Math.max(5, shortestMs / SWEEPS_PER_LIMIT)
    this.#sweeper = setInterval(() => this.#sweep(), this.#sweepMs)
    this.#sweeper.unref()
  }

  get count(): number {
    return this.#connections.size
  }

  /** Nobody is let in any more; who is in stays. */
  letNobodyIn(): void {
    this.#closing = true
  }

  /** Says goodbye to all and cuts what does not answer in a moment; nobody is let in any more. */
  async close(patienceMs = CLOSE_PATIENCE_MS): Promise<void> {
    this.#closing = true
    clearInterval(this.#sweeper)
    const gone = [...this.#connections].map(
      ({ socket }) =>
        new Promise<void>((resolve) => {
          socket.once('close', () => resolve())
          socket.close(CLOSE.GOING_AWAY, 'the relay is ending')
        }),
    )
    const cut = setTimeout(() => {
      for (const { socket } of this.#connections) socket.terminate()
    }, patienceMs)
    await Promise.all(gone)
    clearTimeout(cut)
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // First: an error on a socket without a listener ends the process.
    socket.on('error', () => socket.destroy())
    const gate = this.#options.guard()
    const refusal = gate ? gate.refusal(request) : 'INTERNAL'
    if (!gate || refusal) {
      this.#options.log.warn({ code: refusal, host: request.headers.host, origin: request.headers.origin }, 'refused')
      this.#refuse(socket, refusal ?? 'INTERNAL')
    } else if (pathOf(request) !== '/ws') {
      this.#refuse(socket, 'NOT_FOUND', { detail: 'The WebSocket is at /ws' })
    } else if (!gate.hasToken(request)) {
      this.#options.log.warn({ code: 'UNAUTHORIZED' }, 'refused')
      this.#refuse(socket, 'UNAUTHORIZED', { detail: TOKEN_HINT }, { 'WWW-Authenticate': 'Bearer' })
    } else if (this.#closing) {
      this.#refuse(socket, 'STOPPING')
    } else if (!this.#options.hasRoom()) {
      this.#refuse(socket, 'TOO_MANY_VIEWERS', {}, { 'Retry-After': '5' })
    } else {
      this.#wss.handleUpgrade(request, socket, head, (client) => this.#open(client, socket))
    }
  }

  #refuse(socket: Duplex, ...refusal: Refusal): void {
    this.#options.onRefused(refusal[0])
    refuseUpgrade(socket, ...refusal)
  }

  #open(socket: WebSocket, stream: Duplex): void {
    const { limits, events, log } = this.#options
    const id = ++this.#lastId
    const queue = new SendQueue({
      socket: {
        send: (data, options, done) => {
          this.#batch.hold(stream)
          socket.send(data, options, done)
          this.#batch.relieve(stream)
        },
      },
      maxQueuedBytes: limits.maxQueuedBytes,
      onOverflow: () => this.#drop(connection, CLOSE.TOO_SLOW, 'too slow: too much is waiting'),
    })
    const connection: Connection = {
      id,
      queue,
      socket,
      heardAtMs: performance.now(),
      pingedAtMs: null,
      isDropped: false,
      drop: (code, reason) => this.#drop(connection, code, reason),
    }
    // ws closes the socket by itself with the right code (1009, 1007, 1002 …); only the process must survive it.
    socket.on('error', (error) =>
      log.debug({ client: id, code: (error as NodeJS.ErrnoException).code }, 'socket error'),
    )
    socket.on('message', (data: Buffer) => {
      connection.heardAtMs = performance.now()
      if (!connection.isDropped) events.onMessage(connection, data)
    })
    const heard = () => {
      connection.heardAtMs = performance.now()
    }
    socket.on('pong', heard)
    socket.on('ping', heard)
    socket.on('close', () => {
      this.#connections.delete(connection)
      queue.close()
      events.onClose(connection)
    })
    this.#connections.add(connection)
    events.onOpen(connection)
  }

  /** One look at all clients: who takes nothing, who is silent, who is to be pinged. */
  #sweep(): void {
    const { noProgressMs, pingIntervalMs, pongTimeoutMs } = this.#options.limits
    const nowMs = performance.now()
    // What would be due before the next look is due now: the limits hold, instead of being passed by a sweep.
    const soonMs = nowMs + this.#sweepMs
    for (const connection of this.#connections) {
      const { queue, heardAtMs, pingedAtMs, socket } = connection
      if (connection.isDropped) continue
      if (queue.stalledForMs >= noProgressMs) {
        this.#drop(connection, CLOSE.TIMED_OUT, 'too slow: no progress')
      } else if (pingedAtMs !== null && heardAtMs < pingedAtMs) {
        if (soonMs - pingedAtMs > pongTimeoutMs) this.#drop(connection, CLOSE.TIMED_OUT, 'no answer to ping')
      } else if (soonMs - heardAtMs > pingIntervalMs) {
        connection.pingedAtMs = nowMs
        socket.ping()
      }
    }
  }

  #drop(connection: Connection, code: number, reason: string): void {
    this.#options.log.warn({ client: connection.id, reason }, 'client closed')
    if (connection.isDropped) return
    this.#options.onDropped(code)
    connection.isDropped = true
    connection.queue.close()
    connection.socket.close(code, reason)
    // A client that does not read does not close either.
    setTimeout(() => connection.socket.terminate(), this.#options.limits.dropPatienceMs).unref()
  }
}
