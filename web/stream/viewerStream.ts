// Keeps the page's line to the server: executes protocol/connection.ts, asks for a ticket, resumes where the page is, answers
// pings, notices silence, and asks again once when frames are missing. No DOM: sockets, time and chance come in by `edge`.

import { HIDDEN_VIEWER_BACKOFF, VIEWER_BACKOFF } from '../../protocol/backoff.ts'
import { type ConnectionEvent, type ConnectionState, INITIAL, next } from '../../protocol/connection.ts'
import { type ApplyResult, type Frame, type Snapshot, SnapshotAssembly } from '../../protocol/frames.ts'
import type { Entity, SourceError } from '../../protocol/swarm.ts'
import {
  CLOSE,
  mayRetryAfter,
  PING_INTERVAL_MS,
  PONG_TIMEOUT_MS,
  parseServerMessage,
  type ServerMessage,
  type StatusMessage,
  TICKET_PREFIX,
  VIEWER_PROTOCOL,
  VIEWER_SUBPROTOCOL,
  type ViewerMessage,
} from '../../protocol/viewerWire.ts'
import { closeError, framesMissing, lineLost, lineSilent, serverStops } from './lineErrors.ts'
import type { TicketResult } from './ticket.ts'

/** What is used of a WebSocket. */
export interface StreamSocket {
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number }) => void) | null
  send(text: string): void
  close(): void
}

export interface StreamEdge {
  requestTicket(token: string, signal: AbortSignal): Promise<TicketResult>
  openSocket(protocols: string[]): StreamSocket
  nowMs(): number
  random(): number
  setTimer(callback: () => void, delayMs: number): unknown
  clearTimer(timer: unknown): void
  isHidden(): boolean
}

export interface StreamSink {
  /** Where the page is; `null`: nowhere yet. */
  position(): { epoch: string; seq: number } | null
  load(snapshot: Snapshot<Entity>): void
  apply(frame: Frame<Entity>): ApplyResult
  status(message: StatusMessage): void
  hello(message: Extract<ServerMessage, { type: 'hello' }>): void
  connection(state: ConnectionState): void
  /** So many things of a message cannot be shown by this page: they were left out. */
  unreadable(count: number): void
  /** The token is not, or no longer, good. */
  refused(error: SourceError): void
}

export const SILENCE_MS = PING_INTERVAL_MS + PONG_TIMEOUT_MS
/** From asking for a ticket to the server's hello. */
export const HANDSHAKE_MS = 10_000

export class ViewerStream {
  readonly #edge: StreamEdge
  readonly #sink: StreamSink
  readonly #version: string
  #token: string
  #state: ConnectionState = INITIAL
  #socket: StreamSocket | null = null
  #aborter = new AbortController()
  #retryTimer: unknown = null
  #silenceTimer: unknown = null
  #assembly = new SnapshotAssembly<Entity>()

  constructor(edge: StreamEdge, sink: StreamSink, options: { token: string; version: string }) {
    this.#edge = edge
    this.#sink = sink
    this.#token = options.token
    this.#version = options.version
  }

  get state(): ConnectionState {
    return this.#state
  }

  start(): void {
    this.#step({ type: 'start', at: this.#edge.nowMs() })
  }

  /** Another token was given: whatever stood in the way is tried again. */
  setToken(token: string): void {
    this.#token = token
    if (this.#state.state === 'idle') this.start()
    else {
      this.#fail(lineLost(), false)
      this.retryLine()
    }
  }

  /** Tries the page's own line now. */
  retryLine(): void {
    this.#step({ type: 'retry', at: this.#edge.nowMs() })
  }

  /** Asks the server to try its sources now (operators only; others are ignored). */
  retrySources(): void {
    this.#send({ type: 'retry' })
  }

  /** The page is looked at again: a pause that was chosen for a hidden page may be far too long. */
  wake(): void {
    if (this.#state.state === 'waiting') this.retryLine()
  }

  close(): void {
    this.#step({ type: 'stop', at: this.#edge.nowMs() })
  }

  #step(event: ConnectionEvent): void {
    const policy = this.#edge.isHidden() ? HIDDEN_VIEWER_BACKOFF : VIEWER_BACKOFF
    const state = next(this.#state, event, policy)
    if (state === this.#state) return
    this.#state = state
    this.#edge.clearTimer(this.#retryTimer)
    if (state.state === 'waiting' || state.state === 'closed') this.#dropLine()
    this.#sink.connection(state)
    if (state.state === 'waiting') this.#waitUntil(state.retryAt)
    if (state.state === 'connecting') this.#connect()
  }

  #waitUntil(retryAt: number): void {
    // Browsers' timers may fire a little early: then this is set again (C8).
    this.#retryTimer = this.#edge.setTimer(
      () => {
        const at = this.#edge.nowMs()
        if (at < retryAt) this.#waitUntil(retryAt)
        else this.#step({ type: 'timer', at })
      },
      Math.max(0, retryAt - this.#edge.nowMs()),
    )
  }

  #connect(): void {
    const aborter = new AbortController()
    this.#aborter = aborter
    this.#assembly = new SnapshotAssembly<Entity>()
    this.#expectWithin(HANDSHAKE_MS)
    const isWanted = () => this.#aborter === aborter && !aborter.signal.aborted
    this.#edge.requestTicket(this.#token, aborter.signal).then(
      (result) => {
        if (!isWanted()) return
        if (result.type === 'ticket') this.#open(result.ticket)
        else if (result.type === 'failed') this.#fail(result.error, false, result.retryAfterMs)
        else {
          this.#fail(result.error, true)
          this.#sink.refused(result.error)
        }
      },
      () => {
        if (isWanted()) this.#fail(lineLost(), false)
      },
    )
  }

  #open(ticket: string): void {
    const socket = this.#edge.openSocket([VIEWER_SUBPROTOCOL, TICKET_PREFIX + ticket])
    this.#socket = socket
    // An old socket may still call back after another has taken its place.
    const isCurrent = () => this.#socket === socket
    socket.onopen = () => {
      if (!isCurrent()) return
      this.#step({ type: 'opened', at: this.#edge.nowMs() })
      this.#send({
        type: 'hello',
        protocol: VIEWER_PROTOCOL,
        version: this.#version,
        resume: this.#sink.position(),
      })
    }
    socket.onmessage = ({ data }) => {
      if (!isCurrent()) return
      this.#expectWithin(SILENCE_MS)
      const onUnreadable = (count: number) => this.#sink.unreadable(count)
      const message = typeof data === 'string' ? parseServerMessage(data, onUnreadable) : null
      if (message) this.#receive(message)
    }
    socket.onclose = ({ code }) => {
      if (!isCurrent()) return
      this.#fail(closeError(code), !mayRetryAfter(code))
      if (code === CLOSE.UNAUTHORIZED) this.#sink.refused(closeError(code))
    }
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'hello':
        this.#sink.hello(message)
        this.#step({ type: 'ready', at: this.#edge.nowMs() })
        return
      case 'status':
        this.#sink.status(message)
        return
      case 'ping':
        this.#send({ type: 'pong' })
        return
      case 'goodbye':
        this.#fail(serverStops(), false, message.retryAfterMs)
        return
      case 'frame':
        if (this.#sink.apply(message) === 'gap') this.#resync()
        return
      case 'snapshot': {
        const snapshot = this.#assembly.add(message)
        if (snapshot === 'broken') this.#resync()
        else if (snapshot !== 'incomplete') this.#sink.load(snapshot)
        return
      }
      default:
        message satisfies never
    }
  }

  /** Something is missing: connect again and resume. What this socket still brings is not listened to any more. */
  #resync(): void {
    this.#fail(framesMissing(), false)
  }

  #fail(error: SourceError, final: boolean, retryAfterMs = 0): void {
    this.#step({ type: 'failed', at: this.#edge.nowMs(), error, final, random: this.#edge.random(), retryAfterMs })
  }

  #expectWithin(limitMs: number): void {
    this.#edge.clearTimer(this.#silenceTimer)
    this.#silenceTimer = this.#edge.setTimer(() => this.#fail(lineSilent(), false), limitMs)
  }

  #send(message: ViewerMessage): void {
    this.#socket?.send(JSON.stringify(message))
  }

  #dropLine(): void {
    this.#edge.clearTimer(this.#silenceTimer)
    this.#aborter.abort()
    const socket = this.#socket
    this.#socket = null
    socket?.close()
  }
}
