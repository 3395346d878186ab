// The clients of the multiplexer: how each called itself, and how much it may send.

import type { Json } from './jsonRpc.ts'
import { isObject } from './jsonRpc.ts'
import type { ClientId } from './pending.ts'
import { type Rate, TokenBucket } from './tokenBucket.ts'

/** The names of clients stand in frames and logs. */
const MAX_NAME_LENGTH = 64

interface Client {
  name: string | null
  /** What it may send, and how many refusals it may collect; `null`: no limit. */
  buckets: { messages: TokenBucket; refusals: TokenBucket } | null
}

export type RateVerdict =
  | { isWithin: true }
  /** `isStubborn`: it was told often enough. */
  | { isWithin: false; retryAfterMs: number; isStubborn: boolean }

const WITHIN: RateVerdict = { isWithin: true }

export class MuxClients {
  readonly #rate: Rate | null
  readonly #clients = new Map<ClientId, Client>()

  constructor(rate: Rate | null) {
    this.#rate = rate
  }

  add(id: ClientId, nowMs: number): void {
    const rate = this.#rate
    const buckets = rate && { messages: new TokenBucket(rate, nowMs), refusals: new TokenBucket(rate, nowMs) }
    this.#clients.set(id, { name: null, buckets })
  }

  delete(id: ClientId): void {
    this.#clients.delete(id)
  }

  has(id: ClientId): boolean {
    return this.#clients.has(id)
  }

  ids(): IterableIterator<ClientId> {
    return this.#clients.keys()
  }

  nameOf(id: ClientId): string | null {
    return this.#clients.get(id)?.name ?? null
  }

  /** From the parameters of `initialize`. */
  noteName(id: ClientId, { clientInfo }: Json): void {
    const client = this.#clients.get(id)
    if (client && isObject(clientInfo) && typeof clientInfo.name === 'string') {
      client.name = clientInfo.name.slice(0, MAX_NAME_LENGTH)
    }
  }

  /** Counts one message of the client's. */
  take(id: ClientId, nowMs: number): RateVerdict {
    const buckets = this.#clients.get(id)?.buckets
    const retryAfterMs = buckets?.messages.take(nowMs) ?? 0
    if (!buckets || retryAfterMs === 0) return WITHIN
    return { isWithin: false, retryAfterMs, isStubborn: buckets.refusals.take(nowMs) > 0 }
  }
}
