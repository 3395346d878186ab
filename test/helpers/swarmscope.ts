// Starts the built server and relay as their users do: as processes, each with a data dir of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SERVER_MAIN = join(ROOT, 'dist/node/server/main.js')
const RELAY_MAIN = join(ROOT, 'dist/node/relay/main.js')
const RECORDED_PROJECT = join(ROOT, 'test/fixtures/claude-flow-3.43.0-files')
const READY_TIMEOUT_MS = 20_000

export interface Running {
  /** From the ready line. */
  url: string
  process: ChildProcess
  /** What it wrote to stderr so far. */
  stderr: () => string
  /** Resolves to the exit code when it has ended. */
  exited: Promise<number | null>
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
}

export interface StartOptions {
  args?: readonly string[]
  env?: NodeJS.ProcessEnv
  /** Its stderr goes there, by no pipe: however much it logs, it never waits for a reader. */
  stderrFile?: string
}

export const startServerProcess = (options: StartOptions = {}): Promise<Running> =>
  start(SERVER_MAIN, /^Swarmscope is ready: (\S+)$/m, options)

export const startRelayProcess = (options: StartOptions = {}): Promise<Running> =>
  start(RELAY_MAIN, /^Relay is ready: (\S+)$/m, options)

/** A folder that is removed by `remove`. */
export function temporaryFolder(name: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), `swarmscope-${name}-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Puts the recorded state of claude-flow 3.43 into a project, its swarm still running. */
export function writeRecordedProject(project: string): void {
  cpSync(RECORDED_PROJECT, join(project, '.claude-flow'), { recursive: true })
  editStore(project, 'swarm/swarm-state.json', (store) => {
    for (const swarm of Object.values(store.swarms ?? {})) swarm.status = 'running'
  })
}

type Store = Record<string, Record<string, Record<string, unknown>>>

/** Rewrites one of 3.x's state files in place, as claude-flow does. */
export function editStore(project: string, file: string, edit: (store: Store) => void): void {
  const path = join(project, '.claude-flow', file)
  const store = JSON.parse(readFileSync(path, 'utf8')) as Store
  edit(store)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify(store, null, 2))
}

function start(main: string, ready: RegExp, { args = [], env = {}, stderrFile }: StartOptions): Promise<Running> {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(SWARMSCOPE_|CLAUDE_FLOW_|INIT_CWD$|npm_)/.test(name)),
  )
  const file = stderrFile === undefined ? null : openSync(stderrFile, 'w')
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...clean, ...env },
    stdio: ['ignore', 'pipe', file ?? 'pipe'],
  })
  if (file !== null) closeSync(file)
  let stdout = ''
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-100_000)
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`not ready in time: ${stdout}${stderr}`))
    }, READY_TIMEOUT_MS)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`ended with ${code} before it was ready: ${stdout}${stderr}`))
    })
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      const url = ready.exec(stdout)?.[1]
      if (!url) return
      clearTimeout(timer)
      resolve({
        url,
        process: child,
        exited,
        stderr: () => (stderrFile === undefined ? stderr : readFileSync(stderrFile, 'utf8')),
        stop: () => {
          child.kill('SIGTERM')
          return exited
        },
        kill: async () => {
          child.kill('SIGKILL')
          await exited
        },
      })
    })
  })
}
