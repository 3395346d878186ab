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
