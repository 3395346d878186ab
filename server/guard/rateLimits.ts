// How often one client may ask the API: per token and address, and for those without a valid token per address.

import type { Request, RequestHandler } from 'express'
import { ipKeyGenerator, rateLimit } from 'express-rate-limit'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { BoundedStore } from './boundedStore.ts'
import type { Guard } from './guard.ts'

export const RATE_WINDOW_MS = 10_000
const MAX_KEYS = 10_000
/** One person (or provider's customer) has a whole /64 of IPv6 addresses. */
const IPV6_PREFIX = 64

/** Requests in each window, by what they are. */
export const RATE_LIMITS = {
  /** Answers everybody, costs next to nothing, and is what watches us. */
  health: 2_000,
  /** Guesses, or a page whose token is out of date. */
  anonymous: 200,
  /** A hundred a second is more than anybody needs who could read the stream instead. */
  read: 1_000,
  /** Each makes claude-flow write. */
  command: 100,
  /** All pages behind one address come back at once after a restart: as many as there are viewers. */
  ticket: 2_000,
  /** Hooks and telemetry: bursts of 10,000 a second must pass, whatever becomes of what they bring. */
  ingest: 150_000,
} as const
export type RatePolicy = keyof typeof RATE_LIMITS
/** What express serves. */
type ApiPolicy = Exclude<RatePolicy, 'ingest'>

export interface RateLimitsOptions {
  guard: Guard
  limits?: Readonly<Record<RatePolicy, number>>
  onLimited?: (policy: RatePolicy) => void
}

/** Passes what is within its limit; else an error for the API's error handler, `Retry-After` set. */
export function rateLimits({ guard, limits = RATE_LIMITS, onLimited }: RateLimitsOptions): RequestHandler {
  const limiterFor = (policy: ApiPolicy): RequestHandler =>
    rateLimit({
      windowMs: RATE_WINDOW_MS,
      limit: limits[policy],
      store: new BoundedStore({ windowMs: RATE_WINDOW_MS, maxKeys: MAX_KEYS }),
      keyGenerator: (request) => keyOf(request, guard),
      standardHeaders: false,
      legacyHeaders: false,
      handler: (request, response, next) => {
        const { resetTime } = (request as Request & { rateLimit?: { resetTime?: Date } }).rateLimit ?? {}
        const waitMs = (resetTime?.getTime() ?? Date.now() + RATE_WINDOW_MS) - Date.now()
        response.set('Retry-After', String(Math.max(1, Math.ceil(waitMs / 1000))))
        onLimited?.(policy)
        next(new SwarmscopeError('RATE_LIMITED'))
      },
    })
  const limiters: Record<ApiPolicy, RequestHandler> = {
    health: limiterFor('health'),
    anonymous: limiterFor('anonymous'),
    read: limiterFor('read'),
    command: limiterFor('command'),
    ticket: limiterFor('ticket'),
  }
  return (request, response, next) => limiters[policyOf(request, guard)](request, response, next)
}

function policyOf(request: Request, guard: Guard): ApiPolicy {
  const { path, method } = request
  if (path.endsWith('/bots/health')) return 'health'
  if (guard.knownRole(request) === null) return 'anonymous'
  if (path === '/v1/ticket') return 'ticket'
  return method === 'GET' || method === 'HEAD' ? 'read' : 'command'
}

const keyOf = (request: Request, guard: Guard): string => `${guard.knownRole(request) ?? ''} ${addressKey(request.ip)}`

const addressKey = (address: string | undefined): string => ipKeyGenerator(address ?? '', IPV6_PREFIX)

/** The same for what is served without express. */
export class AddressLimit {
  readonly #limit: number
  readonly #windows = new BoundedStore({ windowMs: RATE_WINDOW_MS, maxKeys: MAX_KEYS })
  #address: string | undefined
  #key: string | null = null

  /** Requests of one address in each window. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Throws `RATE_LIMITED` beyond the limit. */
  take(address: string | undefined): void {
    // Thousands of hooks in a row come from the same one.
    if (this.#key === null || address !== this.#address) this.#key = addressKey(address)
    this.#address = address
    const { totalHits, resetTime } = this.#windows.increment(this.#key)
    if (totalHits <= this.#limit) return
    throw new SwarmscopeError('RATE_LIMITED', { retryAfterMs: Math.max(1, (resetTime?.getTime() ?? 0) - Date.now()) })
  }
}
