// Claude Code as a source: nobody connects to it, it sends. The doors hand in records; they are in the event log when
// `accept` resolves.

import type { Logger } from '../../../platform/log.ts'
import type { IsoTime, SourceStatus } from '../../../protocol/swarm.ts'
import type { World } from '../../world.ts'
import type { Source } from '../source.ts'
import type { ClaudeCodeRecord } from './records.ts'

export const CLAUDE_CODE_SOURCE_ID = 'claude-code'

export interface ClaudeCodeSourceOptions {
  world: World
  log: Logger
}

export class ClaudeCodeSource implements Source {
  readonly #listeners = new Set<() => void>()
  #status: SourceStatus

  constructor(_options: ClaudeCodeSourceOptions) {
    this.#status = {
      id: CLAUDE_CODE_SOURCE_ID,
      kind: 'claude-code',
      state: 'never',
      url: null,
      since: new Date().toISOString(),
      attempt: 0,
      retryAt: null,
      lastError: null,
      counts: {},
    }
  }

  get status(): SourceStatus {
    return this.#status
  }

  onStatus(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What it sends comes by itself. */
  start(): void {
    // nothing to begin
  }

  retry(): void {
    // nobody connects to it
  }

  /** Resolves when what the records say is committed; rejects if it could not be (then the sender should try again). */
  accept(_records: readonly ClaudeCodeRecord[], _receivedAt: IsoTime): Promise<void> {
    return Promise.reject(new Error('Claude Code is not taken in yet'))
  }

  /** Counts what a door took or refused, by the reason, beside what the source counts itself. */
  count(what: string, more = 1): void {
    const counts = this.#status.counts ?? {}
    this.#status = { ...this.#status, counts: { ...counts, [what]: (counts[what] ?? 0) + more } }
    for (const listener of [...this.#listeners]) listener()
  }

  close(): Promise<void> {
    this.#listeners.clear()
    return Promise.resolve()
  }
}
