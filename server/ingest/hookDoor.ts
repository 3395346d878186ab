// POST …/claude-code/hooks: answered when the body is in, before anything is made of it, and always alike: `{}` is no
// decision, so nothing here can block or change what the user's Claude Code does.

import type { IncomingMessage } from 'node:http'
import { LoopTurns } from '../../platform/loopTurns.ts'
import { SwarmscopeError } from '../../protocol/errors.ts'
import type { Asked } from './asked.ts'
import { type ByteBudget, readBody } from './body.ts'
import type { IngestCounts } from './counts.ts'
import type { HookIntake } from './hookIntake.ts'
import { senderOf } from './sender.ts'

/** A picture that was read stands whole in its hook; what is larger yet is none of Claude Code's. */
const MAX_BODY_BYTES = 8 * 1024 * 1024
const ANSWER = '{}'
const ANSWER_HEADERS = { 'Content-Type': 'application/json', 'Content-Length': ANSWER.length }

export interface HookDoorOptions {
  /** `null`: hooks are answered, and thrown away. */
  intake: Pick<HookIntake, 'push'> | null
  budget: ByteBudget
  counts: IngestCounts
}

export class HookDoor {
  readonly #options: HookDoorOptions
  readonly #turns = new LoopTurns()

  constructor(options: HookDoorOptions) {
    this.#options = options
  }

  answer({ request, response, refuse }: Asked): void {
    const { intake, budget, counts } = this.#options
    const { isHere, address } = senderOf(request)
    readBody(request, { maxBytes: MAX_BODY_BYTES, budget }, (body) => {
      if (body === 'cut') return
      const readableSinceMs = this.#turns.readableSinceMs()
      if (body === 'too-large') {
        refuse(new SwarmscopeError('TOO_LARGE', { detail: `A hook has ${MAX_BODY_BYTES / 1024 / 1024} MiB at most` }))
        return
      }
      if (body === 'busy') {
        refuse(new SwarmscopeError('RATE_LIMITED', { retryAfterMs: 1_000 }))
        return
      }
      response.writeHead(200, ANSWER_HEADERS)
      response.end(ANSWER)
      counts.answers.observe((performance.now() - readableSinceMs) / 1_000)
      counts.hook('hooks')
      if (!intake) {
        counts.hook('hooksUnwanted')
        return
      }
      const name = headerOf(request, 'x-swarmscope-host', HOST_NAME)
      const pid = headerOf(request, 'x-swarmscope-pid', PID)
      const machine = { host: name ?? address, isHere: isHere && name === null }
      intake.push({ bytes: body, receivedAtMs: Date.now(), machine, pid: pid === null ? null : Number(pid) })
    })
  }
}

const HOST_NAME = /^[\w.-]{1,253}$/
const PID = /^[1-9]\d{0,9}$/

function headerOf(request: IncomingMessage, name: string, form: RegExp): string | null {
  const value = request.headers[name]
  return typeof value === 'string' && form.test(value) ? value : null
}
