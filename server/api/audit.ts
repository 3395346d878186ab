// The audit: one line for each attempt at a command, however it ended and wherever it was refused (SPEC.md, B5). Whoever
// may not command at all must not be able to fill the log with it either.

import type { Request, RequestHandler } from 'express'
import type { Logger } from '../../platform/log.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import { redact } from '../../protocol/redact.ts'
import type { Role } from '../../protocol/viewerWire.ts'
import type { Guard } from '../guard/guard.ts'
import { OPERATIONS } from './operations.ts'

/** Of what a command was about, in the log. */
const MAX_SUBJECT_LENGTH = 200
const WINDOW_MS = 10_000
/** Lines of refused attempts in each window, for each name: what reached claude-flow is always written. */
const MAX_REFUSALS = 50

type Name = Role | 'anonymous'

interface Attempt {
  command: string
  /** The `:id` of the path. */
  id: string | null
  startedMs: number
  /** It came so far that claude-flow may have been asked. */
  ran: boolean
}

export interface AuditOptions {
  guard: Pick<Guard, 'knownRole'>
  log: Logger
  /** Must not jump with the wall clock. */
  now?: () => number
}

const commands = OPERATIONS.filter(({ tag }) => tag === 'commands').map(({ method, path, id }) => ({
  method: method.toUpperCase(),
  // As express matches: in any case, with or without a slash at the end.
  pattern: new RegExp(`^${path.replace('/v1/', '(?:/v1)?/').replace('{id}', '([^/]+)')}/?$`, 'i'),
  name: id.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
}))

export class Audit {
  readonly #options: Required<AuditOptions>
  readonly #log: Logger
  readonly #attempts = new WeakMap<Request, Attempt>()
  #refusals = new Map<Name, number>()
  #omitted = new Map<string, number>()
  #windowEndsMs = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: AuditOptions) {
    this.#options = { now: () => performance.now(), ...options }
    // An audit that a level could hide would be none.
    this.#log = options.log.child({ audit: true }, { level: 'info' })
  }

  /** Stands before whatever may refuse. */
  watch(): RequestHandler {
    return (request, _response, next) => {
      const [path = ''] = request.originalUrl.split('?', 1)
      for (const { method, pattern, name } of commands) {
        const match = method === request.method ? pattern.exec(path) : null
        if (!match) continue
        const id = match[1] === undefined ? null : decoded(match[1])
        this.#attempts.set(request, { command: name, id, startedMs: this.#options.now(), ran: false })
        break
      }
      next()
    }
  }

  /** From here on its line is written whatever else there is to write. */
  runs(request: Request): void {
    const attempt = this.#attempts.get(request)
    if (attempt) attempt.ran = true
  }

  done(request: Request, answer: object, replayed: boolean): void {
    this.#end(request, 'done', answer, replayed)
  }

  /** Of any request: what was no attempt, or has its line, leaves none. */
  failed(request: Request, code: ErrorCode, replayed = false): void {
    this.#end(request, code, {}, replayed)
  }

  /** What was left out is still told. */
  close(): void {
    this.#tellOmitted()
  }

  /**
   * Of the arguments nothing but the id in the path, of the answer nothing but ids: descriptions and prompts may hold
   * secrets.
   */
  #end(request: Request, outcome: ErrorCode | 'done', answer: object, replayed: boolean): void {
    const attempt = this.#attempts.get(request)
    if (!attempt) return
    this.#attempts.delete(request)
    const { guard, now } = this.#options
    const by = guard.knownRole(request) ?? 'anonymous'
    if (!attempt.ran && !this.#mayWrite(by, outcome)) return
    const subject = Object.entries({ ...(attempt.id === null ? {} : { id: attempt.id }), ...answer })
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      .map(([name, value]) => [name, redact(value, MAX_SUBJECT_LENGTH)])
    const { command, startedMs } = attempt
    this.#log.info(
      {
        command,
        by,
        from: request.socket.remoteAddress,
        outcome,
        subject: Object.fromEntries(subject),
        replayed,
        durationMs: Math.round(now() - startedMs),
      },
      `command ${command}: ${outcome}`,
    )
  }

  #mayWrite(by: Name, outcome: string): boolean {
    const nowMs = this.#options.now()
    if (nowMs >= this.#windowEndsMs) {
      this.#tellOmitted()
      this.#windowEndsMs = nowMs + WINDOW_MS
      this.#refusals.clear()
    }
    const refusals = (this.#refusals.get(by) ?? 0) + 1
    this.#refusals.set(by, refusals)
    if (refusals <= MAX_REFUSALS) return true
    const what = `${by} ${outcome}`
    this.#omitted.set(what, (this.#omitted.get(what) ?? 0) + 1)
    this.#timer ??= setTimeout(() => this.#tellOmitted(), this.#windowEndsMs - nowMs).unref()
    return false
  }

  #tellOmitted(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#omitted.size === 0) return
    const omitted = Object.fromEntries(this.#omitted)
    this.#omitted = new Map()
    const count = Object.values(omitted).reduce((sum, each) => sum + each, 0)
    this.#log.warn(
      { omitted },
      `the audit left out ${count} refused ${count === 1 ? 'command' : 'commands'}: more than ${MAX_REFUSALS} in 10 s`,
    )
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // refused for that, by the router
  }
}
