// The agents that spans tell of. Bounded: the traces that were silent longest are settled (their agents keep what they
// have, their spans are forgotten, and late ones are not believed any more), and of too many agents the oldest ended leave.

import { createHash } from 'node:crypto'
import type { Turn } from '../../../platform/turn.ts'
import type { Agent, Link, Unnumbered } from '../../../protocol/swarm.ts'
import { agentOf, linkOf } from './entities.ts'
import type { GenAiSpan } from './genAiSpan.ts'
import { mergeShares, type Share, SpanTree } from './spanTree.ts'

export interface GenAiBounds {
  maxAgents: number
  /** What an agent has in each is put together whenever one of them changes. */
  maxTracesPerAgent: number
  maxSpans: number
  maxSpansPerTrace: number
  /** Of traces in which no agent was seen (yet). */
  maxPlainSpans: number
  maxSettledTraces: number
}

export const GENAI_BOUNDS: GenAiBounds = {
  maxAgents: 5_000,
  maxTracesPerAgent: 1_000,
  maxSpans: 50_000,
  maxSpansPerTrace: 5_000,
  maxPlainSpans: 10_000,
  maxSettledTraces: 20_000,
}
/** Ended agents are shown for so long, and those that were never told to end, but are silent. */
export const ENDED_STAY_MS = 60 * 60_000
const SILENT_STAY_MS = 12 * 60 * 60_000

export type OtlpEntity = Unnumbered<Agent> | Unnumbered<Link>
export type FormerAgent = Unnumbered<Agent>

export interface Added {
  /** By `entity/id`: what is so now; `null`: it is no more. */
  changed: Map<string, OtlpEntity | null>
  /** Spans that had come before. */
  repeated: number
  /** Of settled traces. */
  late: number
  /** Beyond a trace's bound. */
  dropped: number
  /** Of agents that were made, and of which nothing tells them from others. */
  notShown: number
}

interface KnownAgent {
  id: string
  byTrace: Map<string, Share>
  /** What it had in settled traces. */
  settled: Share | null
}

export class GenAiModel {
  readonly #sourceId: string
  readonly #host: string
  readonly #bounds: GenAiBounds
  /** The one that was silent longest first. */
  readonly #traces = new Map<string, SpanTree>()
  readonly #plainTraces = new Map<string, SpanTree>()
  readonly #settledTraces = new Set<string>()
  /** Whose shares each trace has. */
  readonly #keysOfTrace = new Map<string, ReadonlySet<string>>()
  readonly #agents = new Map<string, KnownAgent>()
  /** What a former run told, by id, and until when. */
  readonly #former = new Map<string, { agent: FormerAgent; untilMs: number }>()
  #spans = 0
  #plainSpans = 0

  /** `host`: the name of this machine. */
  constructor(sourceId: string, host: string, bounds: GenAiBounds = GENAI_BOUNDS) {
    this.#sourceId = sourceId
    this.#host = host
    this.#bounds = bounds
  }

  get size(): { agents: number; spans: number } {
    return { agents: this.#agents.size, spans: this.#spans + this.#plainSpans }
  }

  /**
   * What a former run stated of an agent: new spans are added to it. Its spans are not kept over a restart, so one that ended
   * before what was last told counts as told: exporters send spans in the order of their ends.
   */
  restore(agent: FormerAgent): void {
    this.#former.set(agent.id, { agent, untilMs: Date.parse(agent.lastActiveAt ?? agent.updatedAt) })
  }

  /** In pieces: nobody else may call anything here meanwhile. */
  async add(spans: readonly GenAiSpan[], turn: Turn): Promise<Added> {
    const added: Added = { changed: new Map(), repeated: 0, late: 0, dropped: 0, notShown: 0 }
    const touched = new Set<SpanTree>()
    for (const span of spans) {
      const tree = this.#treeFor(span, added)
      if (!tree) continue
      this.#insert(tree, span)
      touched.add(tree)
      added.notShown += Number(span.kind === 'create' && span.agentId === null)
    }
    const keys = new Set<string>()
    for (const tree of touched) if (tree.isGenAi) for (const key of await this.#share(tree, turn)) keys.add(key)
    this.#settleTraces(keys)
    for (const key of keys) {
      if (turn.isOver) await turn.next()
      this.#state(key, added.changed)
    }
    await this.#leave(added.changed, turn)
    return added
  }

  /** Those that were silent for long leave. */
  async expire(nowMs: number, turn: Turn): Promise<Added['changed']> {
    const changed: Added['changed'] = new Map()
    const shown = new Set<string>()
    for (const [key, known] of this.#agents) {
      if (turn.isOver) await turn.next()
      shown.add(known.id)
      const share = shareOf(known)
      if (share && nowMs >= share.last.endMs + stayMs(share)) this.#remove(key, known, changed)
    }
    for (const [id, { agent, untilMs }] of this.#former) {
      const stays = agent.endedReason === null ? SILENT_STAY_MS : ENDED_STAY_MS
      if (nowMs >= untilMs + stays && !shown.has(id)) {
        this.#former.delete(id)
        retire(id, changed)
      }
    }
    return changed
  }

  #treeFor(span: GenAiSpan, added: Added): SpanTree | null {
    if (this.#settledTraces.has(span.traceId)) {
      added.late += Number(span.kind !== 'other')
      return null
    }
    const tree = this.#traces.get(span.traceId) ?? this.#plainTraces.get(span.traceId) ?? new SpanTree(span.traceId)
    if (tree.has(span.spanId)) {
      added.repeated++
      return null
    }
    if (tree.size >= this.#bounds.maxSpansPerTrace) {
      added.dropped += Number(span.kind !== 'other')
      return null
    }
    return tree
  }

  #insert(tree: SpanTree, span: GenAiSpan): void {
    const { traceId } = tree
    if (this.#traces.delete(traceId)) this.#spans -= tree.size
    if (this.#plainTraces.delete(traceId)) this.#plainSpans -= tree.size
    tree.add(span)
    // To the end: it was heard last.
    if (tree.isGenAi) {
      this.#traces.set(traceId, tree)
      this.#spans += tree.size
    } else {
      this.#plainTraces.set(traceId, tree)
      this.#plainSpans += tree.size
    }
  }

  /** Returns the agents whose share may be another one. */
  async #share(tree: SpanTree, turn: Turn): Promise<Set<string>> {
    const { traceId } = tree
    const isTold = (key: string, span: GenAiSpan) =>
      this.#former.size > 0 && span.endMs <= (this.#former.get(this.#idOf(key))?.untilMs ?? 0)
    const sharing = tree.shares(isTold)
    let step = sharing.next()
    while (!step.done) {
      if (turn.isOver) await turn.next()
      step = sharing.next()
    }
    const shares = step.value
    const keys = new Set([...(this.#keysOfTrace.get(traceId) ?? []), ...shares.keys()])
    for (const key of keys) {
      const share = shares.get(key)
      const known = this.#agents.get(key)
      if (!share) known?.byTrace.delete(traceId)
      else if (known) known.byTrace.set(traceId, share)
      else this.#agents.set(key, { id: this.#idOf(key), byTrace: new Map([[traceId, share]]), settled: null })
    }
    this.#keysOfTrace.set(traceId, new Set(shares.keys()))
    return keys
  }

  #state(key: string, changed: Added['changed']): void {
    const known = this.#agents.get(key)
    if (!known) return
    const share = shareOf(known)
    if (!share) {
      this.#remove(key, known, changed)
      return
    }
    const { id } = known
    const { parentKey } = share
    const parentId = parentKey === null ? null : (this.#agents.get(parentKey)?.id ?? this.#idOf(parentKey))
    const agent = agentOf({
      id,
      sourceId: this.#sourceId,
      ownHost: this.#host,
      parentId,
      share,
      former: this.#former.get(id)?.agent ?? null,
    })
    changed.set(`agent/${id}`, agent)
    const link = linkOf(agent, share)
    changed.set(`link/${id}/parent`, link)
  }

  #remove(key: string, known: KnownAgent, changed: Added['changed']): void {
    this.#agents.delete(key)
    this.#former.delete(known.id)
    for (const traceId of known.byTrace.keys()) this.#settle(traceId)
    retire(known.id, changed)
  }

  /** `keys`: agents that may have got one more. */
  #settleTraces(keys: ReadonlySet<string>): void {
    for (const key of keys) {
      const { byTrace } = this.#agents.get(key) ?? { byTrace: new Map<string, Share>() }
      for (const first of byTrace.keys()) {
        if (byTrace.size <= this.#bounds.maxTracesPerAgent) break
        this.#settle(first)
      }
    }
    for (const [traceId] of this.#traces) {
      if (this.#spans <= this.#bounds.maxSpans) break
      this.#settle(traceId)
    }
    for (const [traceId, tree] of this.#plainTraces) {
      if (this.#plainSpans <= this.#bounds.maxPlainSpans) break
      this.#plainTraces.delete(traceId)
      this.#plainSpans -= tree.size
    }
  }

  /** Its agents keep what they have of it. */
  #settle(traceId: string): void {
    const tree = this.#traces.get(traceId)
    if (!tree) return
    this.#traces.delete(traceId)
    this.#spans -= tree.size
    for (const key of this.#keysOfTrace.get(traceId) ?? []) {
      const known = this.#agents.get(key)
      const share = known?.byTrace.get(traceId)
      if (!known || !share) continue
      known.byTrace.delete(traceId)
      known.settled = known.settled ? merged([known.settled, share]) : share
    }
    this.#keysOfTrace.delete(traceId)
    this.#settledTraces.add(traceId)
    for (const oldest of this.#settledTraces) {
      if (this.#settledTraces.size <= this.#bounds.maxSettledTraces) break
      this.#settledTraces.delete(oldest)
    }
  }

  /** Ended ones first, and of them the oldest. Down to nine tenths, so that it is not done for each one more. */
  async #leave(changed: Added['changed'], turn: Turn): Promise<void> {
    const { maxAgents } = this.#bounds
    if (this.#agents.size <= maxAgents) return
    const all: { key: string; known: KnownAgent; ended: boolean; endMs: number }[] = []
    for (const [key, known] of this.#agents) {
      if (turn.isOver) await turn.next()
      const share = shareOf(known)
      if (share) all.push({ key, known, ended: share.last.type === 'ran', endMs: share.last.endMs })
    }
    all.sort((a, b) => Number(b.ended) - Number(a.ended) || a.endMs - b.endMs)
    for (const { key, known } of all.slice(0, all.length - Math.floor(maxAgents * 0.9))) {
      if (turn.isOver) await turn.next()
      this.#remove(key, known, changed)
    }
  }

  /** Keys are made of what others chose, of any length. */
  #idOf(key: string): string {
    return `${this.#sourceId}/${createHash('sha256').update(key).digest('hex').slice(0, 20)}`
  }
}

function retire(id: string, changed: Added['changed']): void {
  changed.set(`agent/${id}`, null)
  changed.set(`link/${id}/parent`, null)
}

const stayMs = ({ last }: Share): number => (last.type === 'ran' ? ENDED_STAY_MS : SILENT_STAY_MS)

function shareOf({ byTrace, settled }: KnownAgent): Share | null {
  // As most have it.
  if (byTrace.size === 0) return settled
  if (byTrace.size === 1 && settled === null) return byTrace.values().next().value ?? null
  return merged([...(settled ? [settled] : []), ...byTrace.values()])
}

function merged(shares: readonly Share[]): Share | null {
  const inOrder = [...shares].sort((a, b) => a.last.endMs - b.last.endMs || (a.last.spanId < b.last.spanId ? -1 : 1))
  return inOrder.length === 0 ? null : inOrder.reduce(mergeShares)
}
