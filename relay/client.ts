// A client as the relay knows it, whichever door it came through.

import type { Message } from './mux.ts'
import type { ClientId } from './pending.ts'

/** The way to one client. A WebSocket's is a `SendQueue`; an HTTP session's leads to the right one of its streams. */
export interface ClientQueue {
  /** A whole JSON-RPC message. */
  send(message: string | Buffer): void
  /** For a sender that itself waits for `onceDrained` between its messages. */
  sendPaced(message: string): void
  /** Runs `action` when everything sent before has left: at once if it has. */
  onceDrained(action: () => void): void
}

export interface RelayClient {
  readonly id: ClientId
  readonly queue: ClientQueue
  /** Ends it for what it did; `code` is a WebSocket's close code. */
  drop(code: number, reason: string): void
}

export interface ClientEvents {
  onOpen(client: RelayClient): void
  onMessage(client: RelayClient, message: Message): void
  onClose(client: RelayClient): void
}
