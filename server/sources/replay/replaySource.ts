// A recorded session, played again by the clock into a world of its own.

import type { Logger } from '../../../platform/log.ts'
import type { SourceStatus } from '../../../protocol/swarm.ts'
import { readRecording } from '../../history/recording.ts'
import type { World } from '../../world.ts'
import { alwaysLive, type Source } from '../source.ts'

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
  readonly status: SourceStatus
  readonly #options: ReplaySourceOptions
  readonly #ended = new AbortController()
  #playing: Promise<void> | null = null

  constructor(options: ReplaySourceOptions) {
    this.#options = options
    this.status = alwaysLive('replay', 'replay')
  }

  /** It is always there. */
  onStatus(): () => void {
    return () => undefined
  }

  start(): void {
    const { log } = this.#options
    this.#playing ??= this.#play().then(
      () => log.info('the recording is at its end'),
      (error: unknown) => {
        if (!this.#ended.signal.aborted) log.error({ err: error }, 'the recording cannot be played any further')
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
      }
      await this.#until(beganMs + (atMs - firstMs) / speed)
      if (this.#ended.signal.aborted) return
      await world.append(events)
    }
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
