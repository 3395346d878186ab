// All sessions of MCP's revisions up to 2025-11-25, by the unguessable id that their client got with the answer to
// `initialize`.

import { failureOf } from '../../protocol/mcp.ts'
import type { ClientId } from '../pending.ts'
import type { Post } from './body.ts'
import type { Outlet } from './outlet.ts'
import { Session, type SessionOptions } from './session.ts'

export interface SessionsOptions extends Pick<SessionOptions, 'events' | 'keepAliveMs' | 'log'> {
  nextId: () => ClientId
  /** False: as many clients as may be are there. */
  hasRoom: () => boolean
  onFull: (outlet: Outlet) => void
}

/** The SDK's own codes. */
const NO_SESSION_ID = -32_000
const SESSION_NOT_FOUND = -32_001

export class Sessions {
  readonly #options: SessionsOptions
  /** Those whose `initialize` is under way are in here too. */
  readonly #all = new Set<Session>()
  readonly #byId = new Map<string, Session>()

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#all.size
  }

  async handle(request: Request, post: Post | null, outlet: Outlet): Promise<void> {
    const sessionId = request.headers.get('mcp-session-id')
    if (sessionId !== null) {
      const session = this.#byId.get(sessionId)
      if (session) await session.handle(request, post, outlet)
      // The client is to initialise anew: the session ended, or the relay was started again.
      else await refuse(outlet, 404, SESSION_NOT_FOUND, 'Session not found')
    } else if (post?.inbound.type !== 'request' || post.inbound.method !== 'initialize') {
      await refuse(outlet, 400, NO_SESSION_ID, 'Bad Request: Mcp-Session-Id header is required')
    } else if (this.#options.hasRoom()) {
      await this.#open(request, post, outlet)
    } else {
      this.#options.onFull(outlet)
    }
  }

  /** Ends the one that has been without an open stream longest, if that is so long. */
  endLongestIdle(idleMs: number): boolean {
    let longest: Session | null = null
    for (const session of this.#all) if (session.idleForMs >= (longest?.idleForMs ?? idleMs)) longest = session
    if (longest) this.#end(longest)
    return longest !== null
  }

  /** Ends those without an open stream for so long. */
  endIdle(idleMs: number): void {
    for (const session of this.#all) if (session.idleForMs >= idleMs) this.#end(session)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((session) => session.close()))
  }

  async #open(request: Request, post: Post, outlet: Outlet): Promise<void> {
    const { nextId, events, keepAliveMs, log } = this.#options
    let sessionId: string | null = null
    const session: Session = new Session({
      id: nextId(),
      events,
      keepAliveMs,
      log,
      onInitialized: (id) => {
        sessionId = id
        this.#byId.set(id, session)
      },
      onEnd: () => {
        this.#all.delete(session)
        if (sessionId !== null) this.#byId.delete(sessionId)
      },
    })
    this.#all.add(session)
    await session.start()
    if (!(await session.handle(request, post, outlet))) await session.close()
  }

  #end(session: Session): void {
    session.close().catch((err: unknown) => this.#options.log.error({ err, client: session.id }, 'session'))
  }
}

const refuse = (outlet: Outlet, status: number, code: number, message: string): Promise<void> =>
  outlet.pipe(Response.json(failureOf(null, code, message), { status }))
