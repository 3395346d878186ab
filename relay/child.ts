// The supervised child: one claude-flow for all clients, started again after a jittered pause whenever it ends.

import { basename } from 'node:path'
import { backoffMs } from '../protocol/backoff.ts'
import { type ErrorBody, errorBody } from '../protocol/errors.ts'
import type { InitializeResult } from '../protocol/mcp.ts'
import type { ChildStatus } from '../protocol/relayWire.ts'
import { type ChildCommand, type ChildEnd, ChildRun, type SpawnChild, spawnChild } from './childProcess.ts'
import type { RelayLimits } from './limits.ts'

export interface ChildEvents {
  /** The process runs; it is to be initialised now. */
  onStarting(): void
  onLine(line: string): void
  /** It ended (or there is none): whatever was asked gets this. */
  onGone(error: ErrorBody): void
  onStatus(status: ChildStatus): void
}

export interface ChildOptions {
  /** `null`: none was found. */
  command: ChildCommand | null
  cwd: string
  env: NodeJS.ProcessEnv
  limits: Pick<RelayLimits, 'maxLineBytes' | 'childStartTimeoutMs' | 'childBackoff' | 'childStableAfterMs'>
  events: ChildEvents
  spawn?: SpawnChild
  random?: () => number
}

type Phase =
  | { state: 'starting'; run: ChildRun; timer: NodeJS.Timeout }
  | { state: 'up'; run: ChildRun; sinceMs: number }
  | { state: 'waiting'; timer: NodeJS.Timeout }
  | { state: 'missing' }
  | { state: 'stopped' }

/** Our secrets and settings are none of the child's business: agents read hostile text. */
export const childEnv = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^SWARMSCOPE_/i.test(name)))

export class ChildSupervisor {
  readonly #options: ChildOptions
  #phase: Phase = { state: 'stopped' }
  #serverInfo: ChildStatus['serverInfo'] = null
  #lastError: ErrorBody | null = null
  /** In a row; forgotten after a stable run. */
  #failures = 0
  /** Being ended; it may have to be killed after all. */
  #ending: ChildRun | null = null
  #starts = 0
  #lastStderr: readonly string[] = []

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
    return this.#phase.state === 'up' ? Math.floor((performance.now() - this.#phase.sinceMs) / 1000) : null
  }

  /** Last lines on stderr, of this run or (when it said nothing yet) of the one before. */
  get stderr(): readonly string[] {
    const now = this.#run?.stderr ?? []
    return now.length > 0 ? now : this.#lastStderr
  }

  get #run(): ChildRun | null {
    return 'run' in this.#phase ? this.#phase.run : null
  }

  start(): void {
    if (this.#options.command) this.#spawn(this.#options.command)
    else this.#missing()
  }

  send(line: string): boolean {
    return this.#run?.send(line) ?? false
  }

  /** It answered `initialize`. */
  ready({ serverInfo: { name, version } }: InitializeResult): void {
    if (this.#phase.state !== 'starting') return
    clearTimeout(this.#phase.timer)
    this.#serverInfo = { name, version }
    this.#lastError = null
    this.#set({ state: 'up', run: this.#phase.run, sinceMs: performance.now() })
  }

  /** What it did makes it useless: end it, and start another. */
  fail(reason: string): void {
    this.#run?.kill(reason)
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
    if (notFound) {
      this.#missing()
      return
    }
    const { limits, random = Math.random, command } = this.#options
    const wasStable = phase.state === 'up' && performance.now() - phase.sinceMs >= limits.childStableAfterMs
    if (wasStable) this.#failures = 0
    const pauseMs = backoffMs(limits.childBackoff, this.#failures++, random())
    const timer = setTimeout(() => {
      if (command) this.#spawn(command)
    }, pauseMs)
    this.#gone(errorBody('CHILD_CRASHED', { detail }), { state: 'waiting', timer })
  }

  /** Its name alone: the path to it is nobody's business. */
  #missing(): void {
    const { command } = this.#options
    const context = command ? { detail: `The command "${basename(command.file)}" was not found` } : {}
    this.#gone(errorBody('CHILD_NOT_FOUND', context), { state: 'missing' })
  }

  #gone(error: ErrorBody, phase: Phase): void {
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
