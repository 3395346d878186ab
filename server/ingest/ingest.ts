// The doors for Claude Code's hooks and for OTLP: bare handlers before express, because of a hook's few milliseconds most
// would be express's own. What holds for every request holds here too: Host and Origin first, then the token, then bounds.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '../../platform/log.ts'
import { type ErrorCode, SwarmscopeError } from '../../protocol/errors.ts'
import { toSwarmscopeError } from '../api/errors.ts'
import type { Guard } from '../guard/guard.ts'
import { AddressLimit, RATE_LIMITS, type RatePolicy } from '../guard/rateLimits.ts'
import type { Asked } from './asked.ts'
import { ByteBudget } from './body.ts'
import { IngestCounts, type Refusal } from './counts.ts'
import { HookDoor } from './hookDoor.ts'
import { HookIntake, type RecordSink } from './hookIntake.ts'
import { OtlpDoor, refuseOtlp } from './otlpDoor.ts'
import { HOOKS_PATH, OTLP_PATHS, type Signal } from './paths.ts'
import type { SpanSink } from './spanSink.ts'

export interface IngestOptions {
  guard: Guard
  /** Where things go; `null`: a demo or a recording is shown, which nothing real may enter. */
  sinks: { claudeCode: RecordSink; otlp: SpanSink } | null
  showContent: boolean
  isDraining: () => boolean
  limits?: Readonly<Pick<Record<RatePolicy, number>, 'anonymous' | 'ingest'>>
  counts?: IngestCounts
  onError?: (code: ErrorCode) => void
  onLimited?: (policy: RatePolicy) => void
  log: Logger
}

/** What all bodies under way may hold: of each kind, so that telemetry that waits for the log refuses no hooks. */
const MAX_BYTES_UNDER_WAY = 64 * 1024 * 1024

type Door = { type: 'hooks' } | { type: 'otlp'; signal: Signal }

const DOORS: ReadonlyMap<string, Door> = new Map<string, Door>([
  [HOOKS_PATH, { type: 'hooks' }],
  ...(Object.entries(OTLP_PATHS) as [Signal, string][]).map(([signal, path]): [string, Door] => [
    path,
    { type: 'otlp', signal },
  ]),
])

export class Ingest {
  readonly counts: IngestCounts
  readonly #options: IngestOptions
  readonly #intake: HookIntake | null
  readonly #hooks: HookDoor
  readonly #otlp: OtlpDoor
  readonly #limits: Record<'anonymous' | 'ingest', AddressLimit>

  constructor(options: IngestOptions) {
    const { sinks, showContent, isDraining, log, limits = RATE_LIMITS, counts = new IngestCounts() } = options
    this.#options = options
    this.counts = counts
    const count = counts.hook.bind(counts)
    this.#intake = sinks ? new HookIntake({ sink: sinks.claudeCode, showContent, count, log }) : null
    this.#hooks = new HookDoor({ intake: this.#intake, budget: new ByteBudget(MAX_BYTES_UNDER_WAY), counts })
    this.#otlp = new OtlpDoor({ sinks, budget: new ByteBudget(MAX_BYTES_UNDER_WAY), counts, isDraining })
    this.#limits = { anonymous: new AddressLimit(limits.anonymous), ingest: new AddressLimit(limits.ingest) }
  }

  /** Whether the request was for a door here; then it is, or will be, answered. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const door = DOORS.get(pathOf(request.url ?? ''))
    if (!door) return false
    response.setHeader('Cache-Control', 'no-store')
    response.setHeader('X-Content-Type-Options', 'nosniff')
    const asked: Asked = { request, response, refuse: (error) => this.#refuse(door, asked, error, true) }
    try {
      this.#checkSender(request)
    } catch (error) {
      this.#refuse(door, asked, error, false)
      return true
    }
    try {
      this.#take('ingest', request)
      if (request.method !== 'POST') {
        response.setHeader('Allow', 'POST')
        throw new SwarmscopeError('METHOD_NOT_ALLOWED', { detail: `Instead of ${request.method} use POST` })
      }
    } catch (error) {
      asked.refuse(error)
      return true
    }
    // Or the connection would be kept for more.
    if (this.#options.isDraining()) response.setHeader('Connection', 'close')
    if (door.type === 'hooks') this.#hooks.answer(asked)
    else this.#otlp.answer(door.signal, asked)
    return true
  }

  /** Resolves when the hooks that were answered are in the log. */
  async close(): Promise<void> {
    this.#otlp.close()
    await this.#intake?.close()
  }

  /** Throws unless it has the token. */
  #checkSender(request: IncomingMessage): void {
    const { guard } = this.#options
    guard.checkAccess(request)
    try {
      guard.requireIngest(request)
    } catch (error) {
      this.#take('anonymous', request)
      throw error
    }
  }

  #take(policy: 'anonymous' | 'ingest', request: IncomingMessage): void {
    try {
      this.#limits[policy].take(request.socket.remoteAddress)
    } catch (error) {
      this.#options.onLimited?.(policy)
      throw error
    }
  }

  /** `isKnown`: it has the token, whatever is said against it. */
  #refuse(door: Door, { request, response }: Asked, error: unknown, isKnown: boolean): void {
    const known = toSwarmscopeError(error)
    const { onError, log } = this.#options
    onError?.(known.code)
    const isLoss = isKnown && (known.status === 413 || known.status === 429)
    this.counts.refused(door.type === 'hooks' ? 'hooks' : 'telemetry', refusalOf(known), isLoss)
    // The sender is told to try again; what was wrong is told nobody but here.
    if (known.code === 'INTERNAL' || known.code === 'LOG_UNAVAILABLE')
      log.error({ err: error }, 'an ingest request failed')
    if (response.headersSent || response.destroyed) return
    if (known.status === 401) response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"')
    const pauseMs = known.context.retryAfterMs ?? (known.status === 503 ? 5_000 : null)
    if (pauseMs !== null) response.setHeader('Retry-After', String(Math.ceil(pauseMs / 1000)))
    // What is left of such a body is not waited for.
    if (known.status === 413) response.setHeader('Connection', 'close')
    if (door.type === 'otlp') {
      refuseOtlp(request, response, known).catch((cause: unknown) => {
        log.error({ err: cause }, 'an OTLP request could not be answered')
        response.destroy()
      })
      return
    }
    const body = JSON.stringify(known.body)
    response.writeHead(known.status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
    })
    response.end(body)
  }
}

/** As express reads it: without the query and a slash at the end. */
function pathOf(url: string): string {
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

function refusalOf({ status }: SwarmscopeError): Refusal {
  if (status === 401) return 'unauthorized'
  if (status === 413) return 'size'
  if (status === 429) return 'rate'
  if (status === 415) return 'type'
  return status === 400 ? 'malformed' : 'other'
}
