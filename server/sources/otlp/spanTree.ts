// One trace: its spans as a tree, and whose each of them is. All is computed from the set of spans that are known, so the
// order in which they came, and how often, makes no difference.

import type { TokenCounts } from '../../../protocol/swarm.ts'
import type { GenAiSpan } from './genAiSpan.ts'

/** What one trace says of one agent. */
export interface Share {
  /** The agent's, the same in all traces. */
  key: string
  nativeId: string
  type: OwnerType
  name: string | null
  service: string | null
  host: string | null
  isHere: boolean
  conversationId: string | null
  /** Key of the agent whose work it hangs below, as the latest of its spans has it. */
  parentKey: string | null
  model: string | null
  tokens: TokenCounts | null
  tools: number
  toolErrors: number
  toolMs: number
  beganMs: number
  /** What ended last, and the last tool call. */
  last: LastSpan
  lastTool: LastSpan | null
}

/** What an agent is by: spans that say so; else what worked without saying for which agent, a conversation or a program. */
export type OwnerType = 'agent' | 'conversation' | 'program'

export interface LastSpan {
  /**
   * `ran`: the agent itself ended. `made`: it was created. `worked`: something that it did. `rested`: the same, and all that it
   * was part of in its program is over.
   */
  type: 'ran' | 'made' | 'worked' | 'rested'
  startMs: number
  endMs: number
  spanId: string
  failed: boolean
  errorType: string | null
  /** `null`: no tool. */
  toolName: string | null
}

interface Owner {
  key: string
  nativeId: string
  type: OwnerType
  /** If no span tells one. */
  name: string | null
}

/** Ancestors that are known, the nearest first; and the first that is not. */
interface Path {
  known: readonly GenAiSpan[]
  missing: string | null
  /** What is missing is of another program. */
  isRemote: boolean
}

/** Longer chains are no agents', and a circle has no end. */
const MAX_DEPTH = 100
/** Between two looks at the clock; with the deepest of chains it is a fraction of a millisecond. */
const SPANS_AT_ONCE = 32

export class SpanTree {
  readonly traceId: string
  readonly #spans = new Map<string, GenAiSpan>()
  #genAi = 0

  constructor(traceId: string) {
    this.traceId = traceId
  }

  get size(): number {
    return this.#spans.size
  }

  /** Whether anything in it is an agent's. */
  get isGenAi(): boolean {
    return this.#genAi > 0
  }

  has(spanId: string): boolean {
    return this.#spans.has(spanId)
  }

  add(span: GenAiSpan): void {
    this.#spans.set(span.spanId, span)
    if (span.kind !== 'other') this.#genAi++
  }

  /**
   * By the agents' keys. `isTold`: spans of an agent that were told in a former run, and count no more. Of thousands of spans
   * it is long work: it may be interrupted wherever it yields, as long as nothing is added meanwhile.
   */
  *shares(isTold: (key: string, span: GenAiSpan) => boolean): Generator<void, Map<string, Share>> {
    const shares = new Map<string, Share>()
    const conversation = this.#onlyConversation()
    const counted = yield* this.#spansWithCountedTokens()
    const named = yield* this.#namedMissing()
    const isNamed = (path: Path): path is Path & { missing: string } =>
      path.missing !== null && named.has(path.missing) && !path.known.some(({ kind }) => kind === 'agent')
    // In one order, whatever the order of arrival: for equal times the span's id decides.
    const spans = [...this.#spans.values()].sort((a, b) => a.endMs - b.endMs || (a.spanId < b.spanId ? -1 : 1))
    let done = 0
    for (const span of spans) {
      if (++done % SPANS_AT_ONCE === 0) yield
      if (span.kind === 'other') continue
      const path = this.#pathUp(span)
      const owner =
        this.#ownerOf(span, path, conversation) ??
        (isNamed(path) ? this.#bySpan(path.missing) : outsideOfRuns(span, conversation))
      if (!owner || isTold(owner.key, span)) continue
      const above = this.#ownerAbove(owner, path, conversation)
      const share = shares.get(owner.key) ?? emptyShare(owner, span)
      shares.set(owner.key, share)
      note(share, lastOf(span, isOver(path)), span, above)
      share.conversationId = span.conversationId ?? share.conversationId ?? conversation
      if (counted.has(span.spanId)) share.tokens = addTokens(share.tokens, span.tokens)
    }
    return shares
  }

  #pathUp(span: GenAiSpan): Path {
    const known: GenAiSpan[] = []
    let parentId = span.parentSpanId
    let isRemote = span.isParentRemote
    while (parentId !== null && known.length < MAX_DEPTH) {
      const parent = this.#spans.get(parentId)
      if (!parent) return { known, missing: parentId, isRemote }
      known.push(parent)
      parentId = parent.parentSpanId
      isRemote = parent.isParentRemote
    }
    return { known, missing: null, isRemote: false }
  }

  #ownerOf(span: GenAiSpan, path: Path, conversation: string | null): Owner | null {
    // One that was made and has no id cannot be told from those that run later.
    if (span.kind === 'create' && span.agentId === null) return null
    if (span.kind === 'agent' || span.kind === 'create') return this.#identity(span, span.spanId, conversation)
    const runner = path.known.find(({ kind }) => kind === 'agent')
    // It says itself whose it is, and that is another one than runs above: an agent without a span of its own.
    if (span.agentId !== null && span.agentId !== runner?.agentId)
      return this.#identity(span, span.spanId, conversation)
    return runner ? this.#identity(runner, runner.spanId, conversation) : null
  }

  /**
   * Of an agent that still runs the span is missing, for it comes when it ends; one of its steps may tell its name. As a rule
   * the step hangs right below it, and then the agent is the same one later.
   */
  *#namedMissing(): Generator<void, Set<string>> {
    const named = new Set<string>()
    let done = 0
    for (const span of this.#spans.values()) {
      if (++done % SPANS_AT_ONCE === 0) yield
      if (span.agentName === null || span.kind === 'agent' || span.kind === 'create') continue
      const { missing } = this.#pathUp(span)
      if (missing !== null) named.add(missing)
    }
    return named
  }

  /** By an id of its own an agent is the same in each run of a conversation; without one each run is one by itself. */
  #identity(span: GenAiSpan, spanId: string, conversation: string | null): Owner {
    if (span.agentId === null) return this.#bySpan(spanId)
    const within = span.conversationId ?? conversation ?? this.traceId
    const key = JSON.stringify([span.service, within, span.agentId])
    return { key, nativeId: span.agentId, type: 'agent', name: null }
  }

  #bySpan(spanId: string): Owner {
    return { key: JSON.stringify([this.traceId, spanId]), nativeId: spanId, type: 'agent', name: null }
  }

  #ownerAbove(owner: Owner, { known }: Path, conversation: string | null): string | null {
    for (const span of known) {
      if (span.kind !== 'agent') continue
      const { key } = this.#identity(span, span.spanId, conversation)
      if (key !== owner.key) return key
    }
    return null
  }

  /** Often only one span of a trace tells it. `null`: none does, or it is not one. */
  #onlyConversation(): string | null {
    let only: string | null = null
    for (const { conversationId } of this.#spans.values()) {
      if (conversationId === null) continue
      if (only !== null && only !== conversationId) return null
      only = conversationId
    }
    return only
  }

  /**
   * One source for each number: model calls count, but not one within another (told by two instrumentations); what an agent
   * says in sum counts where nothing below it says anything.
   */
  *#spansWithCountedTokens(): Generator<void, Set<string>> {
    const counted = new Set<string>()
    const toldBelow = new Set<string>()
    const withTokens = [...this.#spans.values()].filter(({ tokens }) => tokens !== null)
    let done = 0
    for (const span of withTokens) {
      if (++done % SPANS_AT_ONCE === 0) yield
      if (span.kind !== 'inference' && span.kind !== 'agent') continue
      const { known } = this.#pathUp(span)
      for (const above of known) toldBelow.add(above.spanId)
      const caller = known.find(({ kind, tokens }) => kind === 'agent' || (kind === 'inference' && tokens !== null))
      if (span.kind === 'inference' && caller?.kind !== 'inference') counted.add(span.spanId)
    }
    for (const span of withTokens) if (span.kind === 'agent' && !toldBelow.has(span.spanId)) counted.add(span.spanId)
    return counted
  }
}

/**
 * Whose work a step is around which no run is known: of the agent that it names, else of its conversation, else of the
 * program. Of a run that goes on the span comes when it ends, and then its steps are its own.
 */
function outsideOfRuns(span: GenAiSpan, conversation: string | null): Owner | null {
  if (span.kind !== 'tool' && span.kind !== 'inference') return null
  const { service, instance, host, isHere, agentName, functionName } = span
  const conversationId = span.conversationId ?? conversation
  const program = [service, instance, host, isHere]
  const name = agentName ?? functionName
  const key = JSON.stringify(['without run', program, conversationId, name])
  if (name !== null) return { key, nativeId: name, type: agentName === null ? 'program' : 'agent', name }
  if (conversationId !== null) return { key, nativeId: conversationId, type: 'conversation', name: service }
  return { key, nativeId: instance ?? service ?? 'unnamed program', type: 'program', name: service }
}

/** No run is around it, and nothing of its program that still goes on. */
const isOver = ({ known, missing, isRemote }: Path): boolean =>
  (missing === null || isRemote) && !known.some(({ kind }) => kind === 'agent')

const emptyShare = ({ key, nativeId, type, name }: Owner, span: GenAiSpan): Share => ({
  key,
  nativeId,
  type,
  name,
  service: span.service,
  host: span.host,
  isHere: span.isHere,
  conversationId: null,
  parentKey: null,
  model: null,
  tokens: null,
  tools: 0,
  toolErrors: 0,
  toolMs: 0,
  beganMs: span.startMs,
  last: lastOf(span, false),
  lastTool: null,
})

/** Spans come in the order of their ends. */
function note(share: Share, last: LastSpan, span: GenAiSpan, parentKey: string | null): void {
  share.name = span.agentName ?? share.name
  share.parentKey = parentKey ?? share.parentKey
  share.beganMs = Math.min(share.beganMs, span.startMs)
  if (span.kind === 'inference') share.model = span.model ?? share.model
  else if (span.kind === 'agent') share.model ??= span.model
  if (span.kind === 'tool') {
    share.tools++
    share.toolErrors += Number(span.failed)
    share.toolMs += span.endMs - span.startMs
    share.lastTool = last
  }
  // Of an agent and its last step that end at the same moment the agent is what is over.
  if (span.endMs > share.last.endMs || share.last.type !== 'ran' || span.kind === 'agent') share.last = last
}

const lastOf = (
  { kind, startMs, endMs, spanId, failed, errorType, toolName }: GenAiSpan,
  isOver: boolean,
): LastSpan => ({
  type: kind === 'agent' ? 'ran' : kind === 'create' ? 'made' : isOver ? 'rested' : 'worked',
  startMs,
  endMs,
  spanId,
  failed,
  errorType,
  toolName: kind === 'tool' ? (toolName ?? 'tool') : null,
})

/** Both of one agent; `later` ended later. */
export const mergeShares = (earlier: Share, later: Share): Share => ({
  ...later,
  name: later.name ?? earlier.name,
  conversationId: later.conversationId ?? earlier.conversationId,
  parentKey: later.parentKey ?? earlier.parentKey,
  model: later.model ?? earlier.model,
  tokens: addTokens(earlier.tokens, later.tokens),
  tools: earlier.tools + later.tools,
  toolErrors: earlier.toolErrors + later.toolErrors,
  toolMs: earlier.toolMs + later.toolMs,
  beganMs: Math.min(earlier.beganMs, later.beganMs),
  lastTool: later.lastTool ?? earlier.lastTool,
})

export function addTokens(a: TokenCounts | null, b: TokenCounts | null): TokenCounts | null {
  if (!a || !b) return a ?? b
  return {
    input: sum(a.input, b.input),
    output: sum(a.output, b.output),
    cacheRead: sum(a.cacheRead, b.cacheRead),
    cacheWrite: sum(a.cacheWrite, b.cacheWrite),
  }
}

const sum = (a: number | null, b: number | null): number | null =>
  a === null && b === null ? null : (a ?? 0) + (b ?? 0)
