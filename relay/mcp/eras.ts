// What is loaded with the first request at /mcp, the SDK above all: which era a request is of, and who serves it.

import { isJsonContentType, isLegacyRequest } from '@modelcontextprotocol/server'
import { sendError } from '../http.ts'
import { type Rate, TokenBucket } from '../tokenBucket.ts'
import { jsonOf, type Post } from './body.ts'
import { Exchange, isListen } from './exchange.ts'
import type { Outlet } from './outlet.ts'
import { Sessions, type SessionsOptions } from './sessions.ts'

export { isJsonContentType }

export interface ErasOptions extends SessionsOptions {
  /** Of one client; `null`: as many messages as it likes. */
  rateLimit: Rate | null
}

export class Eras {
  readonly #options: ErasOptions
  readonly #sessions: Sessions
  /** Requests without a session cannot be told apart: together they have the rate of one client. */
  readonly #bucket: TokenBucket | null
  readonly #exchanges = new Set<Exchange>()
  #listening = 0

  constructor(options: ErasOptions) {
    this.#options = options
    this.#sessions = new Sessions(options)
    this.#bucket = options.rateLimit && new TokenBucket(options.rateLimit, performance.now())
  }

  /** Those who stay: sessions, and streams that listen. */
  get count(): number {
    return this.#sessions.count + this.#listening
  }

  endIdle(idleMs: number): void {
    this.#sessions.endIdle(idleMs)
  }

  endLongestIdle(idleMs: number): boolean {
    return this.#sessions.endLongestIdle(idleMs)
  }

  async handle(request: Request, post: Post | null, outlet: Outlet): Promise<void> {
    const isLegacy = await isLegacyRequest(request, post ? jsonOf(post) : undefined)
    if (isLegacy) await this.#sessions.handle(request, post, outlet)
    else await this.#exchange(request, post, outlet)
  }

  async close(): Promise<void> {
    await Promise.all([this.#sessions.close(), ...[...this.#exchanges].map((exchange) => exchange.close())])
  }

  async #exchange(request: Request, post: Post | null, outlet: Outlet): Promise<void> {
    const { hasRoom, onFull, nextId, events, keepAliveMs, log } = this.#options
    const retryAfterMs = this.#bucket?.take(performance.now()) ?? 0
    if (retryAfterMs > 0) {
      sendError(outlet.response, 'RATE_LIMITED', {}, { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) })
      return
    }
    const listens = isListen(post)
    if (listens && !hasRoom()) {
      onFull(outlet)
      return
    }
    if (outlet.closed.aborted) return
    const exchange = new Exchange({ id: nextId(), outlet, events, keepAliveMs, log })
    this.#exchanges.add(exchange)
    if (listens) this.#listening++
    outlet.closed.addEventListener('abort', () => {
      this.#exchanges.delete(exchange)
      if (listens) this.#listening--
    })
    await exchange.handle(request, post)
  }
}
