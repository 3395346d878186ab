// The real Claude Code, where scripts/testReal.mjs installed it: offline, in a home of its own, with a scripted model.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../helpers/swarmscope.ts'

const FOLDER = join(ROOT, '.cache/real/claude-code-2.1.197/node_modules/@anthropic-ai')
const TIMEOUT_MS = 60_000

export interface ClaudeCodeOptions {
  args: readonly string[]
  /** Its own settings and servers are kept here. */
  home: string
  /** The project folder. */
  cwd: string
  modelUrl: string
  env?: NodeJS.ProcessEnv
}

/** Resolves to what it wrote; rejects if it ends with an error, or not at all. */
export function runClaudeCode({ args, home, cwd, modelUrl, env = {} }: ClaudeCodeOptions): Promise<string> {
  const program = join(FOLDER, `claude-code-${process.platform}-${process.arch}`, 'claude')
  if (!existsSync(program)) throw new Error(`Claude Code is not installed at ${program}: use npm run test:real`)
  const child = spawn(program, args, {
    cwd,
    env: {
      ...env,
      HOME: home,
      PATH: process.env.PATH,
      ANTHROPIC_BASE_URL: modelUrl,
      ANTHROPIC_API_KEY: 'sk-fake',
      DISABLE_AUTOUPDATER: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output)
      else reject(new Error(`Claude Code ended with ${signal ?? code}: ${output.slice(-2_000)}`))
    })
  })
}
