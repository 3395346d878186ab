// One run of the child: a process group of its own (claude-flow's launcher starts a grandchild, and both must end),
// lines in and out, its last words on stderr kept, its end told exactly once.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { redact } from '../protocol/redact.ts'
import { Guardian } from './guardian.ts'
import { LineSplitter } from './lines.ts'
import type { Message } from './mux.ts'
import { WriteBatch } from './writeBatch.ts'

export interface ChildCommand {
  file: string
  args: readonly string[]
}

/** What `node:child_process` gives; a test gives its own. */
export type SpawnChild = (command: ChildCommand, options: { cwd: string; env: NodeJS.ProcessEnv }) => ChildProcess

/** A group can be signalled as a whole only on POSIX; elsewhere only the process itself is ended. */
const HAS_GROUPS = process.platform !== 'win32'

export const spawnChild: SpawnChild = ({ file, args }, { cwd, env }) =>
  spawn(file, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], detached: HAS_GROUPS, windowsHide: true })

/** What it wrote last is usually here within a millisecond; a grandchild that holds the pipe must not delay the errors. */
const DRAIN_MS = 50
/** Its output ended but it lives: it can answer nothing any more. */
const MUTE_MS = 1_000
/** It ends when its input does; else it is told to, then made to. Together well under the second that the relay has. */
const TERM_AFTER_MS = 100
const KILL_AFTER_MS = 600
/** Requests that the child does not take; beyond it it hangs. */
const MAX_BACKLOG_BYTES = 16 * 1024 * 1024
const STDERR_LINES = 20
const STDERR_LINE_LENGTH = 500
/** Of a longer line only the beginning is kept. */
const STDERR_LINE_BYTES = 64 * 1024

export interface ChildEnd {
  /** In words fit for everyone, e.g. `exit code 13`. */
  detail: string
  /** The command itself does not exist. */
  notFound: boolean
}

export interface ChildRunOptions {
  command: ChildCommand
  cwd: string
  env: NodeJS.ProcessEnv
  maxLineBytes: number
  spawn: SpawnChild
  onLine: (line: Buffer) => void
  /** A line is too long, and begins so; the run is ended for it. */
  onTooLong: (head: Buffer) => void
  onEnd: (end: ChildEnd) => void
}

export class ChildRun {
  readonly #process: ChildProcess
  readonly #options: ChildRunOptions
  readonly #stderr: string[] = []
  readonly #lines: LineSplitter
  readonly #batch = new WriteBatch()
  readonly #guardian: Guardian | null
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #ended: Promise<void>
  #resolveEnded: () => void = () => undefined
  /** Why we ended it, if we did. */
  #verdict: string | null = null
  #isOver = false

  constructor(options: ChildRunOptions) {
    this.#options = options
    this.#ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.#lines = new LineSplitter(options.maxLineBytes, options.onLine, (head) => {
      options.onTooLong(head)
      this.kill(`it sent a line of more than ${options.maxLineBytes} bytes`)
    })
    this.#process = options.spawn(options.command, { cwd: options.cwd, env: options.env })
    const { pid } = this.#process
    this.#guardian = HAS_GROUPS && pid !== undefined ? new Guardian(pid) : null
    this.#listen()
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Its last lines on stderr, redacted. */
  get stderr(): readonly string[] {
    return this.#stderr
  }

  /** False: the child does not take it (it ended, or it hangs). */
  send(line: Message): boolean {
    const { stdin } = this.#process
    if (this.#isOver || !stdin?.writable || stdin.writableLength > MAX_BACKLOG_BYTES) return false
    this.#batch.hold(stdin)
    stdin.write(line)
    stdin.write('\n')
    this.#batch.relieve(stdin)
    return true
  }

  /** Ends it at once; `reason` is told as the cause. */
  kill(reason: string): void {
    if (this.#isOver) return // its group's number may be another's by now
    this.#verdict ??= reason
    this.#signal('SIGKILL')
  }

  /** Ends it in order; resolves when it is gone (or cannot be ended). */
  async end(): Promise<void> {
    if (this.#isOver) return
    this.#verdict ??= 'the relay is ending'
    this.#process.stdin?.end()
    this.#later(TERM_AFTER_MS, () => this.#signal('SIGTERM'))
    this.#later(KILL_AFTER_MS, () => this.#signal('SIGKILL'))
    await this.#ended
  }

  #listen(): void {
    const { stdin, stdout, stderr } = this.#process
    this.#process.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#process.pid !== undefined) return // a signal that could not be sent
      const { cwd } = this.#options
      // ENOENT is also what a missing working directory gives: that one may still appear.
      if (!existsSync(cwd)) this.#over('the project folder does not exist')
      else this.#over(`it could not be started (${error.code ?? 'unknown'})`, error.code === 'ENOENT')
    })
    this.#process.on('exit', (code, signal) => {
      const detail = this.#verdict ?? (signal ? `signal ${signal}` : `exit code ${code ?? 'unknown'}`)
      this.#process.on('close', () => this.#over(detail))
      this.#later(DRAIN_MS, () => this.#over(detail))
    })
    // EPIPE: it closed its input, so nobody can ask it anything.
    stdin?.on('error', () => this.kill('it closed its input'))
    stdout?.on('data', (chunk: Buffer) => this.#lines.push(chunk))
    stdout?.on('end', () => this.#later(MUTE_MS, () => this.kill('it closed its output')))
    stdout?.on('error', () => this.kill('its output broke'))
    const noteLine = (line: Buffer) => this.#noteStderr(line.toString())
    const stderrLines = new LineSplitter(STDERR_LINE_BYTES, noteLine, noteLine, 'skip')
    stderr?.on('data', (chunk: Buffer) => stderrLines.push(chunk))
    stderr?.on('error', () => this.#noteStderr('(stderr is not readable any further)'))
  }

  #noteStderr(line: string): void {
    this.#stderr.push(redact(line, STDERR_LINE_LENGTH))
    if (this.#stderr.length > STDERR_LINES) this.#stderr.shift()
  }

  #over(detail: string, notFound = false): void {
    if (this.#isOver) return
    this.#lines.end()
    this.#isOver = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#process.stdout?.destroy()
    this.#process.stderr?.destroy()
    // Whoever of its group is left would live on unseen, and hold its files.
    this.#signal('SIGKILL')
    this.#guardian?.dismiss()
    this.#resolveEnded()
    this.#options.onEnd({ detail, notFound })
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#process
    if (pid === undefined) return
    try {
      if (HAS_GROUPS) process.kill(-pid, signal)
      else this.#process.kill(signal)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // ESRCH: it is gone already, as wanted. EPERM: it became somebody else's (setuid), and cannot be ended; the relay goes on.
      if (code !== 'ESRCH' && code !== 'EPERM') throw error
    }
  }

  #later(ms: number, action: () => void): void {
    if (this.#isOver) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      action()
    }, ms)
    this.#timers.add(timer)
  }
}
