// What the server knows of any place that agents are reported from.

import type { SourceStatus } from '../../protocol/swarm.ts'

export interface Source {
  readonly status: SourceStatus
  /** Called after each change of `status`. */
  onStatus(listener: () => void): () => void
  start(): void
  /** Try the connection now instead of when its pause ends. */
  retry(): void
  close(): Promise<void>
}

/** Of a source of our own making: there is no connection that could be lost. */
export const alwaysLive = (id: string, kind: SourceStatus['kind']): SourceStatus => ({
  id,
  kind,
  state: 'live',
  url: null,
  since: new Date().toISOString(),
  attempt: 0,
  retryAt: null,
  lastError: null,
  counts: null,
})
