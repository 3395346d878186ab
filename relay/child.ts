// The supervised child: one claude-flow for all clients, started at once or when first needed, and started again after a
// jittered pause whenever it ends; one that only ever ends is left alone until somebody asks.

import { basename } from 'node:path'
import { canBeStarted } from '../platform/programs.ts'
import { backoffMs } from '../protocol/backoff.ts'
import { type ErrorBody, errorBody } from '../protocol/errors.ts'
import type { InitializeResult } from '../protocol/mcp.ts'
import { publicWords } from '../protocol/redact.ts'
import type { ChildStatus } from '../protocol/relayWire.ts'
import { type ChildCommand, type ChildEnd, ChildRun, type SpawnChild, spawnChild } from './childProcess.ts'
import type { RelayLimits } from './limits.ts'
import type { Message } from './mux.ts'

export interface ChildEvents {
  /** The process runs; it is to be initialised now. */
  onStarting(): void
  onLine(line: Buffer): void
  /** It sends a line that is too long, which begins so; it is ended for it. */
  onTooLong(head: Buffer, maxBytes: number): void
  /** It ended (or there is none): whatever was asked gets this. `null`: it is only not started yet. */
  onGone(error: ErrorBody | null): void
  onStatus(status: ChildStatus): void
}

export interface ChildOptions {
  /** `null`: none was found. */
  command: ChildCommand | null
  cwd: string
  env: NodeJS.ProcessEnv
  limits: Pick<
    RelayLimits,
    'maxLineBytes' | 'childStartTimeoutMs' | 'childBackoff' | 'childStableAfterMs' | 'maxChildFailures' | 'childRetryMs'
  >
  events: ChildEvents
  spawn?: SpawnChild
  random?: () => number
}

type Phase =
  /** Started when somebody needs it, but not before `notBeforeMs`. */
  | { state: 'on-demand'; notBeforeMs: number }
  | { state: 'starting'; run: ChildRun; timer: NodeJS.Timeout }
  | { state: 'up'; run: ChildRun; sinceMs: number }
  /** As `up`, but it answers nothing. */
  | { state: 'silent'; run: ChildRun; sinceMs: number }
  | { state: 'waiting'; timer: NodeJS.Timeout }
  /** No such command: looked for again when somebody needs it, but not before `notBeforeMs`. */
  | { state: 'missing'; notBeforeMs: number }
  | { state: 'stopped' }

/** Our secrets and settings are none of the child's business: agents read hostile text. */
export const childEnv = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^SWARMSCOPE_/i.test(name)))

/** Of the last words, so many lines go with the error to those who waited. */
const LAST_WORDS = 3
const LAST_WORDS_LENGTH = 200

export class ChildSupervisor {
  readonly #options: ChildOptions
  #phase: Phase = { state: 'stopped' }
  #serverInfo: ChildStatus['serverInfo'] = null
  #lastError: ErrorBody | null = null
  /** In a row; forgotten after a stable run. */
  #failures = 0
  /** It was there once: if it is gone now, that may be for a moment only (an update). */
  #hasRun = false
  /** Being ended; it may have to be killed after all. */
  #ending: ChildRun | null = null
  #starts = 0
  #lastStderr: readonly string[] = []
  /** Why it is being ended by us. */
  #verdict: ErrorBody | null = null

  constructor(options: ChildOptions) {
    this.#options = options
  }

  get status(): ChildStatus {
    return {
      state: this.#phase.state,
      serverInfo: this.#serverInfo,
      restarts: Math.max(0, this.#starts - 1),
      lastError: this.#lastError && withoutSuccess(this.#lastError),
    }
  }

  get pid(): number | null {
    return this.#run?.pid ?? null
  }

  get uptimeSeconds(): number | null {
    const phase = this.#phase
    return 'sinceMs' in phase ? Math.floor((performance.now() - phase.sinceMs) / 1000) : null
  }

  /** Last lines on stderr, of this run or (when it said nothing yet) of the one before. */
  get stderr(): readonly string[] {
    const now = this.#run?.stderr ?? []
    return now.length > 0 ? now : this.#lastStderr
  }

  get #run(): ChildRun | null {
    return 'run' in this.#phase ? this.#phase.run : null
  }

  /** `lazy`: only when somebody needs it. */
  start(when: 'eager' | 'lazy' = 'eager'): void {
    const { command, cwd, env } = this.#options
    if (!command) {
      this.#missing()
    } else if (when === 'eager') {
      this.#spawn(command)
    } else if (canBeStarted(command.file, cwd, env.PATH ?? '')) {
      this.#onDemand(null, performance.now())
    } else {
      this.#missing() // nobody shall learn only when it is needed that it is not there
    }
  }

  /** Somebody needs it: starts it if it waits for that. */
  demand(): void {
    const { command, cwd, env, limits } = this.#options
    const phase = this.#phase
    const nowMs = performance.now()
    if (!command || !('notBeforeMs' in phase) || nowMs < phase.notBeforeMs) return
    if (phase.state === 'missing' && !canBeStarted(command.file, cwd, env.PATH ?? '')) {
      phase.notBeforeMs = nowMs + limits.childRetryMs // looking costs some system calls: not for each request
      return
    }
    this.#spawn(command)
  }

  send(line: Message): boolean {
    return this.#run?.send(line) ?? false
  }

  /** It answered `initialize`. */
  ready({ serverInfo: { name, version } }: InitializeResult): void {
    if (this.#phase.state !== 'starting') return
    clearTimeout(this.#phase.timer)
    this.#serverInfo = { name, version }
    this.#lastError = null
    this.#hasRun = true
    this.#set({ state: 'up', run: this.#phase.run, sinceMs: performance.now() })
  }

  /** It was asked whether it lives, and says nothing; or it speaks again. */
  silent(isSilent: boolean): void {
    const phase = this.#phase
    if (isSilent && phase.state === 'up') {
      this.#lastError = errorBody('CHILD_SILENT')
      this.#set({ ...phase, state: 'silent' })
    } else if (!isSilent && phase.state === 'silent') {
      this.#lastError = null
      this.#set({ ...phase, state: 'up' })
    }
  }

  /** What it did makes it useless: end it, and start another. */
  fail(error: ErrorBody): void {
    this.#verdict = error
    this.#run?.kill('it is of no use')
  }

  async end(): Promise<void> {
    const phase = this.#phase
    if (phase.state === 'stopped') return
    if ('timer' in phase) clearTimeout(phase.timer)
    this.#ending = 'run' in phase ? phase.run : null
    this.#set({ state: 'stopped' })
    await this.#ending?.end()
  }

  /** For the last moment of the process, when nothing can be awaited any more. */
  killNow(): void {
    const run = this.#run ?? this.#ending
    run?.kill('the relay is ending')
  }

  #spawn(command: ChildCommand): void {
    const { cwd, env, limits, events, spawn = spawnChild } = this.#options
    this.#starts++
    this.#verdict = null
    // Each callback first asks whether its run is still the one that counts: a late one must not touch its successor.
    const run: ChildRun = new ChildRun({
      command,
      cwd,
      env: childEnv(env),
      maxLineBytes: limits.maxLineBytes,
      spawn,
      onLine: (line) => {
        if (this.#run === run) events.onLine(line)
      },
      onTooLong: (head) => {
        if (this.#run === run) events.onTooLong(head, limits.maxLineBytes)
      },
      onEnd: (end) => this.#ended(run, end),
    })
    const timer = setTimeout(
      () => run.kill(`it did not answer initialize within ${limits.childStartTimeoutMs / 1000} s`),
      limits.childStartTimeoutMs,
    )
    this.#set({ state: 'starting', run, timer })
    events.onStarting()
  }

  #ended(run: ChildRun, { detail, notFound }: ChildEnd): void {
    if (run.stderr.length > 0) this.#lastStderr = [...run.stderr]
    const phase = this.#phase
    if (!('run' in phase) || phase.run !== run) return // we are ending
    if (phase.state === 'starting') clearTimeout(phase.timer)
    if (notFound && !this.#hasRun) {
      this.#missing()
      return
    }
    const { limits, random = Math.random, command } = this.#options
    const wasStable = 'sinceMs' in phase && performance.now() - phase.sinceMs >= limits.childStableAfterMs
    if (wasStable) this.#failures = 0
    const failures = ++this.#failures
    if (failures >= limits.maxChildFailures) {
      const many = `${detail}; it ended ${failures} times in a row, so it is started only when it is needed`
      this.#onDemand(crashed(many, run.stderr), performance.now() + limits.childRetryMs)
      return
    }
    const timer = setTimeout(
      () => {
        if (command) this.#spawn(command)
      },
      backoffMs(limits.childBackoff, failures - 1, random()),
    )
    this.#gone(this.#verdict ?? crashed(detail, run.stderr), { state: 'waiting', timer })
  }

  /** Its name alone: the path to it is nobody's business. */
  #missing(): void {
    const { command, limits } = this.#options
    const context = command ? { detail: `The command "${basename(command.file)}" was not found` } : {}
    this.#gone(errorBody('CHILD_NOT_FOUND', context), {
      state: 'missing',
      notBeforeMs: performance.now() + limits.childRetryMs,
    })
  }

  #onDemand(error: ErrorBody | null, notBeforeMs: number): void {
    this.#gone(error, { state: 'on-demand', notBeforeMs })
  }

  #gone(error: ErrorBody | null, phase: Phase): void {
    this.#lastError = error
    this.#phase = phase
    // The errors first: who waits for an answer is told before the rest of the world.
    this.#options.events.onGone(error)
    this.#options.events.onStatus(this.status)
  }

  #set(phase: Phase): void {
    this.#phase = phase
    this.#options.events.onStatus(this.status)
  }
}

function withoutSuccess({ error, code, details }: ErrorBody): NonNullable<ChildStatus['lastError']> {
  return { error, code, details }
}

/** Its last words are the best clue there is: without the lines of a stack, and without paths. */
function crashed(detail: string, stderr: readonly string[]): ErrorBody {
  const words = stderr
    .filter((line) => line.trim() !== '' && !/^\s*(?:at |node:internal|Node\.js v)/.test(line))
    .slice(-LAST_WORDS)
    .map((line) => publicWords(line.trim(), LAST_WORDS_LENGTH))
  return errorBody('CHILD_CRASHED', {
    detail: words.length === 0 ? detail : `${detail}; its last words: ${words.join(' | ')}`,
  })
}
