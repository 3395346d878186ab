// What the model understands of a span of other agents. The doors parse and bound it.

import type { TokenCounts } from '../../../protocol/swarm.ts'

export interface GenAiSpan {
  /** `agent`: an agent ran. `create`: one was made. `other`: nothing by itself, it only keeps the tree together. */
  kind: 'agent' | 'create' | 'tool' | 'inference' | 'other'
  traceId: string
  /** With the trace's its key: the same again is the same span again. */
  spanId: string
  parentSpanId: string | null
  /** The parent is another program's, and need not come. */
  isParentRemote: boolean
  service: string | null
  /** Which run of that program (`service.instance.id`). */
  instance: string | null
  host: string | null
  /** It came from this very machine, and names none. */
  isHere: boolean
  agentId: string | null
  agentName: string | null
  /** What called the model, in the program's own words. It is no agent by that. */
  functionName: string | null
  conversationId: string | null
  toolName: string | null
  model: string | null
  tokens: TokenCounts | null
  startMs: number
  endMs: number
  failed: boolean
  errorType: string | null
}
