// The reconnecting socket to one relay. What to do next is decided by protocol/connection.ts; this executes it.

import type { ClientRequest, IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { isLoopback } from '../../platform/listen.ts'
import type { Logger } from '../../platform/log.ts'
import { ABSENT_RELAY_BACKOFF, type BackoffPolicy, PRESENT_RELAY_BACKOFF } from '../../protocol/backoff.ts'
import { type ConnectionEvent, type ConnectionState, INITIAL, next } from '../../protocol/connection.ts'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { contextOf, isFinal, socketFailure } from './failure.ts'
import { LineWatch } from './lineWatch.ts'
import { bodyOf, refusal } from './refusal.ts'
import { type RelayAddress, relayUrl } from './relayUrl.ts'
import { Rpc } from './rpc.ts'

/** The relay's largest lawful message is a snapshot chunk; one entity may stretch it. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024
const OPEN_TIMEOUT_MS = 5_000
/** Not even its machine answers: asking often would be of no use, and may cost name servers and a phone's radio. */
const ABSENT_CODES: ReadonlySet<string> = new Set(['HOST_NOT_FOUND', 'HOST_UNREACHABLE', 'CONNECTION_TIMEOUT'])

export interface RelayConnectionOptions {
  address: RelayAddress
  token: string
  log: Logger
  /** Agrees on versions and subscribes; the connection is live when it resolves. */
  handshake: (rpc: Rpc) => Promise<void>
  onNotification: (method: string, params: unknown) => void
  /** The state changed, or the line fell silent or was heard again. */
  onState: (state: ConnectionState) => void
  backoff?: BackoffPolicy
}

export class RelayConnection {
  readonly url: string
  readonly #options: RelayConnectionOptions
  #state: ConnectionState = INITIAL
  #socket: WebSocket | null = null
  #rpc: Rpc | null = null
  #retryTimer: NodeJS.Timeout | undefined
  #watch: LineWatch | null = null
  #silentSinceMs: number | null = null

  constructor(options: RelayConnectionOptions) {
    this.url = relayUrl(options.address)
    this.#options = options
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** The open and agreed connection, or `null`. */
  get rpc(): Rpc | null {
    return this.#state.state === 'live' ? this.#rpc : null
  }

  /** When (ms since 1970) a line was found to answer nothing; `null` while it answers, or is not open. */
  get silentSinceMs(): number | null {
    return this.#silentSinceMs
  }

  start(): void {
    this.#on({ type: 'start', at: Date.now() })
  }

  retry(): void {
    // A new line may be answered where the old one is not.
    if (this.#silentSinceMs !== null) this.#failed(new SwarmscopeError('CONNECTION_TIMEOUT', this.#context))
    this.#on({ type: 'retry', at: Date.now() })
  }

  stop(): void {
    this.#on({ type: 'stop', at: Date.now() })
  }

  /** The other side broke the protocol: drop it and try again. */
  fail(error: SwarmscopeError): void {
    this.#failed(error)
  }

  get #context() {
    return contextOf(this.#options.address)
  }

  #on(event: ConnectionEvent): void {
    const before = this.#state
    const after = next(before, event, this.#backoffAfter(event))
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

  #backoffAfter(event: ConnectionEvent): BackoffPolicy {
    const { address, backoff } = this.#options
    const isAbsent = event.type === 'failed' && ABSENT_CODES.has(event.error.code) && !isLoopback(address.host)
    return backoff ?? (isAbsent ? ABSENT_RELAY_BACKOFF : PRESENT_RELAY_BACKOFF)
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
      ...(address.tls?.ca === undefined ? {} : { ca: address.tls.ca }),
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
      whileCurrent((request: ClientRequest, response: IncomingMessage) => {
        const failed = whileCurrent((body: string) => {
          request.destroy()
          this.#failed(refusal(response.statusCode, body, address))
        })
        void bodyOf(response).then(failed)
      }),
    )
    socket.on(
      'open',
      whileCurrent(() => {
        this.#watchLine(socket)
        this.#opened(rpc)
      }),
    )
    socket.on(
      'pong',
      whileCurrent(() => this.#watch?.heard()),
    )
    socket.on(
      'message',
      whileCurrent((data: Buffer) => {
        this.#watch?.heard()
        if (!rpc.receive(data.toString())) this.#failed(new SwarmscopeError('PROTOCOL_MISMATCH', this.#context))
      }),
    )
    socket.on(
      'close',
      whileCurrent(() => this.#failed(new SwarmscopeError('CONNECTION_LOST', this.#context))),
    )
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
            : new SwarmscopeError('PROTOCOL_MISMATCH', this.#context, { cause: error }),
        )
      },
    )
  }

  #watchLine(socket: WebSocket): void {
    this.#watch = new LineWatch({
      ping: () => socket.ping(),
      onSilent: (silent) => {
        this.#silentSinceMs = silent ? Date.now() : null
        this.#options.onState(this.#state)
      },
      onDead: () => this.#failed(new SwarmscopeError('CONNECTION_TIMEOUT', this.#context)),
    })
  }

  #drop(): void {
    this.#watch?.stop()
    this.#watch = null
    this.#silentSinceMs = null
    const socket = this.#socket
    // Also when we stop ourselves: all of it was sent, and may have been done. STOPPING would say that nothing was.
    this.#rpc?.failAll(new SwarmscopeError('CONNECTION_LOST', this.#context))
    this.#socket = null
    this.#rpc = null
    // `error` keeps its listener: closing a socket that is still connecting emits one.
    socket?.terminate()
  }
}
