// A recorded session, played again by the clock into a world of its own.

import type { Logger } from '../../../platform/log.ts'
import { SwarmscopeError } from '../../../protocol/errors.ts'
import type { SourceError, SourceStatus } from '../../../protocol/swarm.ts'
import { readRecording } from '../../history/recording.ts'
import type { World } from '../../world.ts'
import { alwaysLive, type Source } from '../source.ts'
import { RecordedClock } from './recordedClock.ts'

/** One timer waits no longer; then another. */
const MAX_TIMER_MS = 2 ** 30

export interface ReplaySourceOptions {
  path: string
  /** 2: twice as fast as it was. */
  speed: number
  world: World
  log: Logger
}

export class ReplaySource implements Source {
  readonly clock = new RecordedClock()
  readonly #options: ReplaySourceOptions
  readonly #ended = new AbortController()
  readonly #listeners = new Set<() => void>()
  #status: SourceStatus = alwaysLive('replay', 'replay')
  #playing: Promise<void> | null = null

  constructor(options: ReplaySourceOptions) {
    this.#options = options
  }

  get status(): SourceStatus {
    return this.#status
  }

  onStatus(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    const { log } = this.#options
    this.#playing ??= this.#play().then(
      () => {
        this.clock.stop()
        log.info('the recording is at its end')
      },
      (error: unknown) => {
        this.clock.stop()
        if (this.#ended.signal.aborted) return
        log.error({ err: error }, 'the recording cannot be played any further')
        this.#fail(error)
      },
    )
  }

  /** There is no connection to try. */
  retry(): void {
    return
  }

  async close(): Promise<void> {
    this.#ended.abort()
    await this.#playing
  }

  async #play(): Promise<void> {
    const { path, speed, world } = this.#options
    let beganMs: number | null = null
    let firstMs = 0
    for await (const { events, atMs } of readRecording(path)) {
      if (beganMs === null) {
        beganMs = performance.now()
        firstMs = atMs
        this.clock.begin(firstMs, speed)
      }
      this.clock.waitFor(atMs)
      await this.#until(beganMs + (atMs - firstMs) / speed)
      if (this.#ended.signal.aborted) return
      await world.append(events)
    }
  }

  /** What was played stays. */
  #fail(error: unknown): void {
    const lastError = stoppedBy(error)
    this.#status = { ...this.#status, state: 'closed', since: new Date().toISOString(), lastError }
    for (const listener of this.#listeners) listener()
  }

  async #until(dueMs: number): Promise<void> {
    const { signal } = this.#ended
    for (let leftMs = dueMs - performance.now(); leftMs > 0 && !signal.aborted; leftMs = dueMs - performance.now()) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, Math.min(leftMs, MAX_TIMER_MS))
        signal.addEventListener('abort', done)
      })
    }
  }
}

function stoppedBy(error: unknown): SourceError {
  const known = error instanceof SwarmscopeError ? error : new SwarmscopeError('INTERNAL', {}, { cause: error })
  const { error: sentence, code, details } = known.body
  return { error: sentence, code, details: { suggestion: `${details.suggestion}. What came before it is shown` } }
}
