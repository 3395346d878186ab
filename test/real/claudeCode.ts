// The real Claude Code, where scripts/testReal.mjs installed it: offline, in a home of its own, with a scripted model.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ROOT } from '../helpers/swarmscope.ts'

const PACKAGES = join(ROOT, '.cache/real/claude-code-2.1.197/node_modules/@anthropic-ai')
const TIMEOUT_MS = 60_000

export interface ClaudeCodeOptions {
  args: readonly string[]
  /** Its own settings and servers are kept here. */
  home: string
  /** The project folder. */
  cwd: string
  modelUrl: string
  env?: NodeJS.ProcessEnv
  /** Its stdin stays open, to be spoken to. */
  keepsStdin?: boolean
}

export interface RunningClaudeCode {
  process: ChildProcessWithoutNullStreams
  pid: number
  /** Resolves when it has ended, however. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>
}

/** Of its program `claude`. */
export function claudeCodeFolder(): string {
  const folder = join(PACKAGES, `claude-code-${process.platform}-${process.arch}`)
  if (!existsSync(join(folder, 'claude'))) {
    throw new Error(`Claude Code is not installed at ${folder}: use npm run test:real`)
  }
  return folder
}

/** What it, and our commands that ask it, are to find: nothing of this machine's own. */
export const claudeCodeEnv = ({ home, modelUrl }: Pick<ClaudeCodeOptions, 'home' | 'modelUrl'>): NodeJS.ProcessEnv => ({
  HOME: home,
  PATH: `${claudeCodeFolder()}${delimiter}${process.env.PATH}`,
  ANTHROPIC_BASE_URL: modelUrl,
  ANTHROPIC_API_KEY: 'sk-fake',
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
})

export function startClaudeCode({
  args,
  cwd,
  env = {},
  keepsStdin = false,
  ...options
}: ClaudeCodeOptions): RunningClaudeCode {
  const child = spawn(join(claudeCodeFolder(), 'claude'), args, {
    cwd,
    env: { ...env, ...claudeCodeEnv(options) },
    stdio: 'pipe',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  if (!keepsStdin) child.stdin.end()
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  const ended = new Promise<Awaited<RunningClaudeCode['ended']>>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, ...said }))
  })
  return { process: child, pid: child.pid ?? 0, ended }
}

/** Resolves to what it wrote; rejects if it ends with an error, or not at all. */
export async function runClaudeCode(options: ClaudeCodeOptions): Promise<string> {
  const { code, signal, stdout, stderr } = await startClaudeCode(options).ended
  const output = stdout + stderr
  if (code !== 0) throw new Error(`Claude Code ended with ${signal ?? code}: ${output.slice(-2_000)}`)
  return output
}
