// The second door: MCP over Streamable HTTP at /mcp, in both eras of the protocol. Who may pass and how much is decided
// here; the SDK, and what is built on it, is loaded with the first request.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '../../platform/log.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import { CLOSE as CLOSE_CODE } from '../../protocol/viewerWire.ts'
import type { Guard } from '../guard.ts'
import { sendError, TOKEN_HINT } from '../http.ts'
import type { RelayLimits } from '../limits.ts'
import { type Post, readPost } from './body.ts'
import type { Eras } from './eras.ts'
import { Outlet } from './outlet.ts'
import type { SessionEvents } from './session.ts'

export interface McpDoorOptions {
  guard: () => Guard | null
  limits: Pick<
    RelayLimits,
    | 'maxHttpStreams'
    | 'maxMessageBytes'
    | 'maxQueuedBytes'
    | 'noProgressMs'
    | 'rateLimit'
    | 'sessionIdleMs'
    | 'sessionSpareMs'
    | 'sseKeepAliveMs'
  >
  events: SessionEvents
  /** False: as many clients as may be are there. */
  hasRoom: () => boolean
  log: Logger
  onRefused: (code: ErrorCode) => void
  /** A stream is cut with what would be this code on a WebSocket. */
  onDropped: (code: number) => void
}

type Refusal = Parameters<typeof sendError> extends [ServerResponse, ...infer Rest] ? Rest : never

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'DELETE'])
/** How long streams may take to say their last words when the relay ends. */
const CLOSE_PATIENCE_MS = 200
/** The sweep looks this often within the shortest time it has to keep. */
const SWEEPS_PER_LIMIT = 8

export class McpDoor {
  readonly #options: McpDoorOptions
  readonly #outlets = new Set<Outlet>()
  #eras: Eras | null = null
  #loading: Promise<typeof import('./eras.ts')> | null = null
  #sweeper: NodeJS.Timeout | null = null
  #lastId = 0
  #isDraining = false
  #isClosing = false

  constructor(options: McpDoorOptions) {
    this.#options = options
  }

  /** Those who stay: sessions, and streams that listen. */
  get count(): number {
    return this.#eras?.count ?? 0
  }

  /** All places are taken: a session that was idle for a while gives up its own. False: there is none. */
  makeRoom(): boolean {
    return this.#eras?.endLongestIdle(this.#options.limits.sessionSpareMs) ?? false
  }

  /** Host and Origin have been looked at before. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#handle(request, response).catch((err: unknown) => {
      // A sender that went away in the middle of its body is no failure of ours.
      if (request.destroyed && !request.complete) return
      this.#options.log.error({ err }, 'a request at /mcp failed')
      if (response.headersSent) response.destroy()
      else sendError(response, 'INTERNAL')
    })
  }

  /** No new session or stream that listens; those that are there stay. */
  letNobodyIn(): void {
    this.#isDraining = true
  }

  /** Ends all, and cuts what does not end in a moment; nobody is let in any more. */
  async close(patienceMs = CLOSE_PATIENCE_MS): Promise<void> {
    this.#isClosing = true
    if (this.#sweeper) clearInterval(this.#sweeper)
    // What the multiplexer answered last is still on its way through promises.
    await new Promise((resolve) => setImmediate(resolve))
    await this.#eras?.close()
    const cut = setTimeout(() => {
      for (const outlet of this.#outlets) outlet.cut('the relay is ending')
    }, patienceMs)
    await Promise.all([...this.#outlets].map(untilClosed))
    clearTimeout(cut)
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { guard, limits, log } = this.#options
    const { method = '' } = request
    if (!guard()?.hasToken(request)) {
      log.warn({ code: 'UNAUTHORIZED' }, 'refused')
      this.#refuse(response, 'UNAUTHORIZED', { detail: TOKEN_HINT }, { 'WWW-Authenticate': 'Bearer' })
      return
    }
    if (!METHODS.has(method)) {
      this.#refuse(response, 'METHOD_NOT_ALLOWED', {}, { Allow: [...METHODS].join(', ') })
      return
    }
    if (this.#isClosing || this.#outlets.size >= limits.maxHttpStreams) {
      this.#sendFull(response)
      return
    }
    const outlet = this.#openOutlet(response)
    const { isJsonContentType } = await this.#load()
    let post: Post | null = null
    if (method === 'POST') {
      if (!isJsonContentType(request.headers['content-type'] ?? null)) {
        this.#refuse(response, 'UNSUPPORTED_MEDIA_TYPE', {}, CLOSE)
        return
      }
      const read = await readPost(request, limits.maxMessageBytes)
      if (read.type === 'too large') {
        this.#refuse(response, 'TOO_LARGE', { detail: `One message is ${limits.maxMessageBytes} bytes at most` }, CLOSE)
        return
      }
      if (read.type === 'refused') {
        await outlet.pipe(Response.json(read.failure, { status: 400 }))
        return
      }
      post = read.post
    }
    await this.#eras?.handle(webRequest(request, outlet.closed), post, outlet)
  }

  #refuse(response: ServerResponse, ...refusal: Refusal): void {
    this.#options.onRefused(refusal[0])
    sendError(response, ...refusal)
  }

  #sendFull(response: ServerResponse): void {
    const code = this.#isDraining || this.#isClosing ? 'STOPPING' : 'TOO_MANY_VIEWERS'
    this.#refuse(response, code, {}, { 'Retry-After': '5', ...CLOSE })
  }

  #openOutlet(response: ServerResponse): Outlet {
    const { limits, log, onDropped } = this.#options
    const outlet: Outlet = new Outlet({
      response,
      maxQueuedBytes: limits.maxQueuedBytes,
      onClose: () => this.#outlets.delete(outlet),
      onCut: (reason) => {
        log.warn({ reason }, 'HTTP stream cut')
        onDropped(CLOSE_CODE.TOO_SLOW)
      },
    })
    this.#outlets.add(outlet)
    return outlet
  }

  async #load(): Promise<typeof import('./eras.ts')> {
    this.#loading ??= import('./eras.ts')
    const loaded = await this.#loading
    this.#eras ??= this.#openEras(loaded)
    return loaded
  }

  #openEras({ Eras }: typeof import('./eras.ts')): Eras {
    const { events, hasRoom, log, limits } = this.#options
    const sweepMs = Math.max(5, Math.min(limits.noProgressMs, limits.sessionIdleMs) / SWEEPS_PER_LIMIT)
    this.#sweeper = setInterval(() => this.#sweep(), sweepMs)
    this.#sweeper.unref()
    return new Eras({
      events,
      hasRoom: () => !this.#isDraining && hasRoom(),
      log,
      rateLimit: limits.rateLimit,
      keepAliveMs: limits.sseKeepAliveMs,
      // Below zero: the WebSocket door counts from one upwards.
      nextId: () => --this.#lastId,
      onFull: ({ response }) => this.#sendFull(response),
    })
  }

  #sweep(): void {
    const { noProgressMs, sessionIdleMs } = this.#options.limits
    for (const outlet of this.#outlets) {
      if (outlet.queue.stalledForMs >= noProgressMs) outlet.cut('too slow: no progress')
    }
    this.#eras?.endIdle(sessionIdleMs)
  }
}

/** The rest of a body that nobody reads must not be taken for the next request. */
const CLOSE = { Connection: 'close' } as const

const untilClosed = ({ closed }: Outlet): Promise<void> =>
  new Promise((resolve) => {
    if (closed.aborted) resolve()
    else closed.addEventListener('abort', () => resolve())
  })

/** Without its body, which is read already. */
function webRequest({ method = 'GET', headers, url = '/' }: IncomingMessage, signal: AbortSignal): Request {
  const copied = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) copied.append(name, one)
  }
  return new Request(new URL(url, 'http://localhost'), { method, headers: copied, signal })
}
