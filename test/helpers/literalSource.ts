// A source that says what the test tells it to say.

import type { SourceStatus } from '../../protocol/swarm.ts'
import type { Source } from '../../server/sources/source.ts'
import { sampleSourceStatus } from '../protocol/samples.ts'

export class LiteralSource implements Source {
  status: SourceStatus
  retries = 0
  readonly #listeners = new Set<() => void>()

  constructor(given: Partial<SourceStatus> = {}) {
    this.status = sampleSourceStatus({ state: 'idle', ...given })
  }

  get listeners(): number {
    return this.#listeners.size
  }

  say(given: Partial<SourceStatus>): void {
    this.status = { ...this.status, ...given }
    for (const listener of [...this.#listeners]) listener()
  }

  onStatus(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    this.say({ state: 'connecting' })
  }

  retry(): void {
    this.retries++
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
