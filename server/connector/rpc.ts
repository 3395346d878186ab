// JSON-RPC requests over an open socket: which answer belongs to which request, and what waits no longer.

import { SwarmscopeError } from '../../protocol/errors.ts'
import { type JsonRpcError, jsonRpcMessage } from '../../protocol/mcp.ts'

/** More than a dashboard ever has under way; beyond it something is wrong. */
const MAX_PENDING = 1_000

/** What the other side said no to. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly rpc: JsonRpcError

  constructor(rpc: JsonRpcError) {
    super(rpc.message)
    this.rpc = rpc
  }
}

interface Pending {
  resolve: (result: unknown) => void
  reject: (error: Error) => void
  timer: NodeJS.Timeout
}

export class Rpc {
  readonly #send: (text: string) => void
  readonly #onNotification: (method: string, params: unknown) => void
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  constructor(send: (text: string) => void, onNotification: (method: string, params: unknown) => void) {
    this.#send = send
    this.#onNotification = onNotification
  }

  /** Rejects with `RpcError`, with `timedOut()` after `timeoutMs`, or with what `failAll` was given. */
  request(method: string, params: unknown, timeoutMs: number, timedOut: () => Error): Promise<unknown> {
    if (this.#pending.size >= MAX_PENDING) return Promise.reject(new SwarmscopeError('RATE_LIMITED'))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        reject(timedOut())
      }, timeoutMs)
      this.#pending.set(id, { resolve, reject, timer })
      this.#send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    })
  }

  notify(method: string, params: unknown = {}): void {
    this.#send(JSON.stringify({ jsonrpc: '2.0', method, params }))
  }

  /** Returns false for what is no JSON-RPC. */
  receive(text: string): boolean {
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      return false
    }
    const parsed = jsonRpcMessage.safeParse(json)
    if (!parsed.success) return false
    const message = parsed.data
    if ('method' in message && typeof message.method === 'string') {
      // A relay has no business asking us anything; what it tells is a notification.
      if (message.id === undefined) this.#onNotification(message.method, message.params)
      return true
    }
    const pending = typeof message.id === 'number' ? this.#pending.get(message.id) : undefined
    if (!pending) return true // late: its request timed out
    this.#pending.delete(message.id as number)
    clearTimeout(pending.timer)
    if ('error' in message) pending.reject(new RpcError(message.error as JsonRpcError))
    else pending.resolve((message as { result: unknown }).result)
    return true
  }

  failAll(error: Error): void {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.#pending.clear()
  }
}
