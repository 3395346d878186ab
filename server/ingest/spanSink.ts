// Where spans of other agents go.

import type { GenAiSpan } from '../sources/otlp/genAiSpan.ts'

export interface SpanSink {
  /** Resolves when what the spans say is committed; rejects if it could not be (then the sender should try again). */
  accept(spans: readonly GenAiSpan[], receivedAt: string): Promise<void>
}
