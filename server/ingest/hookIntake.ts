// From hooks' bytes to the model. They were answered already, so nothing here is in anybody's way: a few are read in each
// turn of the event loop, and one batch at a time is on its way into the log, which makes the next one as large as need be.

import type { Logger } from '../../platform/log.ts'
import { readHook } from '../sources/claudeCode/readHook.ts'
import type { ClaudeCodeRecord } from '../sources/claudeCode/records.ts'
import type { HookCount } from './counts.ts'
import { HookQueue, type HookQueueOptions, type WaitingHook } from './hookQueue.ts'
import { shortenStrings } from './shortenStrings.ts'

/** Where records go; resolves when they are committed. */
export interface RecordSink {
  accept(records: readonly ClaudeCodeRecord[], receivedAt: string): Promise<void>
}

export interface HookIntakeOptions {
  sink: RecordSink
  showContent: boolean
  count: (what: HookCount, more?: number) => void
  log: Logger
  bounds?: HookQueueOptions
}

/** Two seconds of the largest burst. Bodies have some hundred bytes as a rule, and 64 KB when a file is in them. */
const BOUNDS: HookQueueOptions = { maxHooks: 20_000, maxBytes: 32 * 1024 * 1024 }
/** Answers to the next ones, and the live stream, have their turn between. */
const TURN_MS = 0.5
const MAX_BATCH = 500
/**
 * Two batches do not begin closer to each other: each costs a commit, and what a few ms bring together is told once. The
 * first after a pause goes at once, and viewers get a frame each 33 ms at most.
 */
const BATCH_INTERVAL_MS = 16
/** … nor waits for more, if so much waits already. */
const FULL_BATCH_BYTES = 2 * 1024 * 1024
/** Beyond it there is something in a body of which nothing is wanted. */
const LONG_BODY_BYTES = 16 * 1024
const LONG_STRING_BYTES = 4 * 1024
/** After that a body has very many small things in it: no hook of Claude Code's is so. */
const MAX_READ_BYTES = 512 * 1024
/** Of `npm start -- doctor`. */
const PROBE_EVENT = 'SwarmscopeDoctor'

export class HookIntake {
  readonly #options: HookIntakeOptions
  readonly #queue: HookQueue
  #working = false
  #closed = false
  #toldFailures = 0
  #waitTimer: NodeJS.Timeout | undefined
  #batchBeganMs = Number.NEGATIVE_INFINITY
  readonly #idle = new Set<() => void>()

  constructor(options: HookIntakeOptions) {
    this.#options = options
    this.#queue = new HookQueue(options.bounds ?? BOUNDS)
  }

  get waiting(): { hooks: number; bytes: number } {
    return { hooks: this.#queue.size, bytes: this.#queue.bytes }
  }

  push(hook: WaitingHook): void {
    if (this.#closed) {
      this.#options.count('hooksUnwanted')
      return
    }
    const { activity, lifecycle } = this.#queue.dropped
    this.#queue.push(hook)
    const { dropped } = this.#queue
    if (dropped.activity > activity) this.#options.count('hooksDroppedActivity', dropped.activity - activity)
    if (dropped.lifecycle > lifecycle) this.#options.count('hooksDroppedLifecycle', dropped.lifecycle - lifecycle)
    if (this.#working && !(this.#waitTimer && this.#isFull)) return
    this.#working = true
    this.#begin()
  }

  /** Takes nothing more; resolves when what was taken is in the log. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#working) await new Promise<void>((resolve) => this.#idle.add(resolve))
  }

  /** A batch: at once, if it is the first for a while, or would be full. */
  #begin(): void {
    const waitMs = this.#batchBeganMs + BATCH_INTERVAL_MS - performance.now()
    clearTimeout(this.#waitTimer)
    this.#waitTimer = undefined
    if (waitMs > 0 && !this.#isFull && !this.#closed) {
      this.#waitTimer = setTimeout(() => this.#begin(), Math.ceil(waitMs))
      return
    }
    this.#batchBeganMs = performance.now()
    setImmediate(() => this.#turn([]))
  }

  get #isFull(): boolean {
    return this.#queue.size >= MAX_BATCH || this.#queue.bytes >= FULL_BATCH_BYTES
  }

  #turn(records: ClaudeCodeRecord[]): void {
    const endMs = performance.now() + TURN_MS
    while (records.length < MAX_BATCH && performance.now() < endMs) {
      const hook = this.#queue.shift()
      if (!hook) break
      const record = this.#read(hook)
      if (record) records.push(record)
    }
    const isFull = records.length >= MAX_BATCH || this.#queue.size === 0
    if (!isFull) {
      setImmediate(() => this.#turn(records))
      return
    }
    // In a turn of its own: what is made of them takes its time too.
    setImmediate(() => this.#hand(records))
  }

  #next(): void {
    if (this.#queue.size > 0) {
      this.#begin()
      return
    }
    this.#working = false
    for (const resolve of this.#idle) resolve()
  }

  #hand(records: readonly ClaudeCodeRecord[]): void {
    if (records.length === 0) {
      this.#next()
      return
    }
    this.#options.sink.accept(records, new Date().toISOString()).then(
      () => this.#next(),
      (error: unknown) => {
        this.#options.count('hooksFailed', records.length)
        this.#tellFailure(error)
        this.#next()
      },
    )
  }

  #read({ bytes, receivedAtMs, machine, pid }: WaitingHook): ClaudeCodeRecord | null {
    const { count, showContent } = this.#options
    const body = parse(bytes)
    if (body === null) {
      count('hooksMalformed')
      return null
    }
    if (Object.hasOwn(body, 'hook_event_name') && body.hook_event_name === PROBE_EVENT) {
      count('hooksIgnored')
      return null
    }
    const said = { at: new Date(receivedAtMs).toISOString(), showContent, machine, parentPid: pid }
    const record = readHook(body, said)
    if (record === null) count('hooksMalformed')
    return record
  }

  /** What fails once fails for each batch: the first is worth a line, and then each tenfold. */
  #tellFailure(error: unknown): void {
    this.#toldFailures++
    if (!/^10*$/.test(String(this.#toldFailures))) return
    this.#options.log.error({ err: error, failures: this.#toldFailures }, 'hooks could not be taken in')
  }
}

function parse(bytes: Buffer): Record<string, unknown> | null {
  const json = bytes.length > LONG_BODY_BYTES ? shortenStrings(bytes, LONG_STRING_BYTES, MAX_READ_BYTES) : bytes
  if (json === null) return null
  try {
    const body: unknown = JSON.parse(json.toString('utf8'))
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : null
  } catch {
    return null // counted by who asked
  }
}
