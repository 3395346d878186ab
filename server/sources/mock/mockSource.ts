// Runs the mock world by the clock.

import type { Logger } from '../../../platform/log.ts'
import type { SourceStatus } from '../../../protocol/swarm.ts'
import type { World } from '../../world.ts'
import { alwaysLive, type Source } from '../source.ts'
import { MOCK_SOURCE_ID, MOCK_STEP_MS, MockWorld } from './mockWorld.ts'

export interface MockSourceOptions {
  world: World
  seed: number
  agents: number
  log: Logger
}

export class MockSource implements Source {
  readonly status: SourceStatus
  readonly #options: MockSourceOptions
  #mock: MockWorld | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(options: MockSourceOptions) {
    this.#options = options
    this.status = alwaysLive(MOCK_SOURCE_ID, 'mock')
  }

  /** It is always live. */
  onStatus(): () => void {
    return () => undefined
  }

  /** Resolves when the world is as it begins. `start` goes on from there. */
  begin(): Promise<void> {
    return this.#step()
  }

  /** Goes on, also after a pause. */
  start(): void {
    if (this.#timer) return
    if (!this.#mock) void this.#step()
    this.#timer = setInterval(() => void this.#step(), MOCK_STEP_MS)
  }

  pause(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Never rejects. */
  async #step(): Promise<void> {
    const { world, seed, agents, log } = this.#options
    this.#mock ??= new MockWorld(seed, agents, Date.now())
    try {
      await world.append(this.#mock.step())
    } catch (error) {
      log.error({ err: error }, 'the mock log refused')
    }
  }

  /** There is no connection to try. */
  retry(): void {
    return
  }

  close(): Promise<void> {
    this.pause()
    return Promise.resolve()
  }
}
