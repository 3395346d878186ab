// The real claude-flow: where scripts/testReal.mjs installed it, and as a process of its own, spoken to over stdio.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { toolAnswer } from '../../protocol/claudeFlow.ts'
import { ROOT } from '../helpers/swarmscope.ts'

export type RealVersion = '2.7.47' | '3.43.0'

export function programOf(version: RealVersion): string {
  const folder = join(ROOT, '.cache/real', version, 'node_modules/claude-flow')
  if (!existsSync(folder)) throw new Error(`claude-flow ${version} is not installed: use npm run test:real`)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { bin: Record<string, string> }
  const program = bin['claude-flow']
  if (!program) throw new Error(`claude-flow ${version} has no program`)
  return join(folder, program)
}

/** What `--claude-flow` takes. */
export const commandOf = (version: RealVersion): string => `"${process.execPath}" "${programOf(version)}" mcp start`

interface Answer {
  id?: number
  result?: unknown
  error?: { code: number; message: string }
}

export class ClaudeFlowProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  readonly #ended: Promise<void>
  #lastId = 0
  /** Tool calls so far: each leaves one receipt in 3.x. */
  calls = 0

  private constructor(version: RealVersion, project: string) {
    this.#child = spawn(process.execPath, [programOf(version), 'mcp', 'start'], {
      cwd: project,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#ended = new Promise((resolve) => this.#child.once('exit', () => resolve()))
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer)
    })
  }

  static async start(version: RealVersion, project: string): Promise<ClaudeFlowProcess> {
    const started = new ClaudeFlowProcess(version, project)
    await started.#request('initialize', {
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'swarmscope-test', version: '0' },
    })
    return started
  }

  /** The JSON in the tool's answer. */
  async call(tool: string, args: object): Promise<Record<string, unknown>> {
    this.calls++
    const { result, error } = await this.#request('tools/call', { name: tool, arguments: args })
    if (error) throw new Error(`${tool}: ${error.message}`)
    return toolAnswer(result) as Record<string, unknown>
  }

  async end(): Promise<void> {
    this.#child.stdin.end()
    await this.#ended
  }

  #request(method: string, params: object): Promise<Answer> {
    const id = ++this.#lastId
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    })
  }
}
