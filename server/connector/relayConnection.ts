// The reconnecting socket to one relay. What to do next is decided by protocol/connection.ts; this executes it.

import { WebSocket } from 'ws'
import { isLoopback } from '../../platform/listen.ts'
import type { Logger } from '../../platform/log.ts'
import { type BackoffPolicy, LOOPBACK_RELAY_BACKOFF, REMOTE_RELAY_BACKOFF } from '../../protocol/backoff.ts'
import { type ConnectionEvent, type ConnectionState, INITIAL, next } from '../../protocol/connection.ts'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { isFinal, type RelayAddress, refusal, socketFailure } from './failure.ts'
import { Rpc } from './rpc.ts'

/** The relay's largest lawful message is a snapshot chunk; one entity may stretch it. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024
const OPEN_TIMEOUT_MS = 5_000
const PING_INTERVAL_MS = 25_000
const PONG_TIMEOUT_MS = 8_000

export interface RelayConnectionOptions {
  address: RelayAddress
  token: string
  log: Logger
  /** Agrees on versions and subscribes; the connection is live when it resolves. */
  handshake: (rpc: Rpc) => Promise<void>
  onNotification: (method: string, params: unknown) => void
  onState: (state: ConnectionState) => void
  backoff?: BackoffPolicy
}

export class RelayConnection {
  readonly url: string
  readonly #options: RelayConnectionOptions
  readonly #backoff: BackoffPolicy
  #state: ConnectionState = INITIAL
  #socket: WebSocket | null = null
  #rpc: Rpc | null = null
  #retryTimer: NodeJS.Timeout | undefined
  #heartbeat: NodeJS.Timeout | undefined

  constructor(options: RelayConnectionOptions) {
    const { host, port } = options.address
    this.url = `ws://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}/ws`
    this.#options = options
    this.#backoff = options.backoff ?? (isLoopback(host) ? LOOPBACK_RELAY_BACKOFF : REMOTE_RELAY_BACKOFF)
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** The open and agreed connection, or `null`. */
  get rpc(): Rpc | null {
    return this.#state.state === 'live' ? this.#rpc : null
  }

  start(): void {
    this.#on({ type: 'start', at: Date.now() })
  }

  retry(): void {
    this.#on({ type: 'retry', at: Date.now() })
  }

  stop(): void {
    this.#on({ type: 'stop', at: Date.now() })
  }

  /** The other side broke the protocol: drop it and try again. */
  fail(error: SwarmscopeError): void {
    this.#failed(error)
  }

  #on(event: ConnectionEvent): void {
    const before = this.#state
    const after = next(before, event, this.#backoff)
    if (after === before) return
    this.#state = after
    clearTimeout(this.#retryTimer)
    switch (after.state) {
      case 'connecting':
        this.#open()
        break
      case 'waiting':
        this.#drop()
        this.#retryTimer = setTimeout(
          // The wall clock may have been set back meanwhile; the timer itself is what counts.
          () => this.#on({ type: 'timer', at: Math.max(Date.now(), after.retryAt) }),
          after.retryAt - after.since,
        )
        break
      case 'closed':
        this.#drop()
        break
      case 'idle':
      case 'handshaking':
      case 'live':
        break
      default:
        after satisfies never
    }
    this.#options.onState(after)
  }

  #failed(error: SwarmscopeError): void {
    const { success: _, ...body } = error.body
    this.#rpc?.failAll(error)
    this.#on({ type: 'failed', at: Date.now(), error: body, final: isFinal(error), random: Math.random() })
  }

  #open(): void {
    const { address, token } = this.#options
    const socket = new WebSocket(this.url, ['mcp'], {
      headers: { Authorization: `Bearer ${token}` },
      handshakeTimeout: OPEN_TIMEOUT_MS,
      maxPayload: MAX_PAYLOAD_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
    })
    this.#socket = socket
    const rpc = new Rpc(
      (text) => socket.send(text),
      (method, params) => {
        if (this.#socket === socket) this.#options.onNotification(method, params)
      },
    )
    this.#rpc = rpc
    // Each callback first asks whether its socket is still the one that counts.
    const whileCurrent =
      <A extends unknown[]>(callback: (...args: A) => void) =>
      (...args: A) => {
        if (this.#socket === socket) callback(...args)
      }
    socket.on(
      'error',
      whileCurrent((error: Error) => this.#failed(socketFailure(error, address))),
    )
    socket.on(
      'unexpected-response',
      whileCurrent((request: { destroy(): void }, response: Parameters<typeof refusal>[0]) => {
        request.destroy()
        this.#failed(refusal(response, address))
      }),
    )
    socket.on(
      'open',
      whileCurrent(() => this.#opened(rpc)),
    )
    socket.on(
      'message',
      whileCurrent((data: Buffer) => {
        if (!rpc.receive(data.toString())) this.#failed(new SwarmscopeError('PROTOCOL_MISMATCH', { ...address }))
      }),
    )
    socket.on(
      'close',
      whileCurrent(() => this.#failed(new SwarmscopeError('CONNECTION_LOST', { ...address }))),
    )
    this.#keepAlive(socket)
  }

  #opened(rpc: Rpc): void {
    this.#on({ type: 'opened', at: Date.now() })
    this.#options.handshake(rpc).then(
      () => {
        if (this.#rpc === rpc) this.#on({ type: 'ready', at: Date.now() })
      },
      (error: unknown) => {
        if (this.#rpc !== rpc) return
        this.#options.log.debug({ err: error }, 'handshake with the relay failed')
        this.#failed(
          error instanceof SwarmscopeError
            ? error
            : new SwarmscopeError('PROTOCOL_MISMATCH', { ...this.#options.address }, { cause: error }),
        )
      },
    )
  }

  /** A half-open socket gives no event: ping, and drop it when no pong comes in time. */
  #keepAlive(socket: WebSocket): void {
    clearInterval(this.#heartbeat)
    let pongTimer: NodeJS.Timeout | undefined
    this.#heartbeat = setInterval(() => {
      if (socket.readyState !== WebSocket.OPEN) return
      socket.ping()
      clearTimeout(pongTimer)
      pongTimer = setTimeout(() => {
        if (this.#socket === socket) {
          this.#failed(new SwarmscopeError('CONNECTION_TIMEOUT', { ...this.#options.address }))
        }
      }, PONG_TIMEOUT_MS)
    }, PING_INTERVAL_MS)
    socket.on('pong', () => clearTimeout(pongTimer))
    socket.on('close', () => clearTimeout(pongTimer))
  }

  #drop(): void {
    clearInterval(this.#heartbeat)
    const socket = this.#socket
    this.#rpc?.failAll(new SwarmscopeError('CONNECTION_LOST', { ...this.#options.address }))
    this.#socket = null
    this.#rpc = null
    // `error` keeps its listener: closing a socket that is still connecting emits one.
    socket?.terminate()
  }
}
