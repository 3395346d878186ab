// Claude Code with somebody who answers what it asks for, as an editor does: requests and answers are lines on its stdio.

import { createInterface } from 'node:readline'
import type { RunningClaudeCode } from './claudeCode.ts'

/** For `startClaudeCode`, with `keepsStdin`. */
export const DIALOG_ARGS = ['--input-format', 'stream-json', '--permission-prompt-tool', 'stdio'] as const

export interface Ask {
  requestId: string
  tool: string
  input: object
}

interface Line {
  type: string
  request_id?: string
  request?: { subtype: string; tool_name: string; input: object }
}

export class ClaudeCodeDialog {
  readonly #running: RunningClaudeCode
  readonly #asks: Ask[] = []
  #asked: () => void = () => undefined

  constructor(running: RunningClaudeCode) {
    this.#running = running
    createInterface({ input: running.process.stdout }).on('line', (text) => {
      const { type, request_id: requestId, request } = JSON.parse(text) as Line
      if (type !== 'control_request' || requestId === undefined || request?.subtype !== 'can_use_tool') return
      this.#asks.push({ requestId, tool: request.tool_name, input: request.input })
      this.#asked()
    })
    this.#send({ type: 'control_request', request_id: 'hello', request: { subtype: 'initialize', hooks: {} } })
  }

  prompt(content: string): void {
    this.#send({ type: 'user', message: { role: 'user', content }, parent_tool_use_id: null, session_id: '' })
  }

  /** What it asks for next; or has asked for, if that was not taken yet. Rejects if it ends instead. */
  async ask(): Promise<Ask> {
    for (;;) {
      const ask = this.#asks.shift()
      if (ask) return ask
      const asked = new Promise<'asked'>((resolve) => {
        this.#asked = () => resolve('asked')
      })
      const next = await Promise.race([asked, this.#running.ended])
      if (next !== 'asked') throw new Error(`Claude Code ended before it asked: ${next.stdout.slice(-2_000)}`)
    }
  }

  allow({ requestId, input }: Ask): void {
    this.#answer(requestId, { behavior: 'allow', updatedInput: input })
  }

  deny({ requestId }: Ask): void {
    this.#answer(requestId, { behavior: 'deny', message: 'Not so.' })
  }

  #answer(requestId: string, response: object): void {
    this.#send({ type: 'control_response', response: { subtype: 'success', request_id: requestId, response } })
  }

  #send(line: object): void {
    this.#running.process.stdin.write(`${JSON.stringify(line)}\n`)
  }
}
