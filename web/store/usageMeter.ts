// How much was used when: the differences of what was reported, over time. Never a guess: what somebody had used before he
// was first seen is a beginning, not a use of this minute. Pure: the time is given.

import type { EntityRef } from '../../protocol/frames.ts'
import type { Agent, Entity } from '../../protocol/swarm.ts'

export interface Use {
  /** Input and output; what was read from or written to a cache is told apart by its source. */
  tokens: number
  costUsd: number
}

export interface UseBucket extends Use {
  atMs: number
}

export interface Rate {
  tokensPerMinute: number
  usdPerMinute: number
  /** Over how long. */
  windowMs: number
}

export const USE_BUCKET_MS = 10_000
/** An hour of them. */
const MAX_BUCKETS = 360
export const RATE_WINDOW_MS = 5 * 60_000
/** From less, a rate would be a guess. */
export const MIN_WINDOW_MS = 30_000

interface Known extends Use {
  group: string
}

/** Main agent and subagents of a session share what the session is told to have used: what moves between them is no use. */
const groupOf = (agent: Agent): string => agent.sessionId ?? agent.id

function spentBy(agent: Agent): Use {
  const { tokens, costUsd, unattributed } = agent
  const sum = (counts: Agent['tokens']) => (counts?.input ?? 0) + (counts?.output ?? 0)
  return {
    tokens: sum(tokens) + sum(unattributed?.tokens ?? null),
    costUsd: (costUsd ?? 0) + (unattributed?.costUsd ?? 0),
  }
}

export class UsageMeter {
  readonly #known = new Map<string, Known>()
  /** How many agents each group has. */
  readonly #groups = new Map<string, number>()
  readonly #sources = new Set<string>()
  #buckets: UseBucket[] = []
  #startMs: number
  readonly #createdAfterMs: number

  /** From `startMs` on, when it was as `entities` say. */
  constructor(startMs: number, entities: Iterable<Entity>) {
    this.#startMs = startMs
    this.#createdAfterMs = startMs
    for (const entity of entities) if (entity.entity === 'agent') this.#know(entity)
  }

  /** Since when it measures. */
  get startMs(): number {
    return this.#startMs
  }

  /** Who reported tokens and cost. */
  get sources(): readonly string[] {
    return [...this.#sources]
  }

  get buckets(): readonly UseBucket[] {
    return this.#buckets
  }

  see(put: readonly Entity[], del: readonly EntityRef[], atMs: number): void {
    const changes = new Map<string, Use>()
    for (const entity of put) {
      if (entity.entity !== 'agent') continue
      const before = this.#known.get(entity.id)
      const isFirstOfGroup = before === undefined && !this.#groups.has(groupOf(entity))
      const { group, tokens, costUsd } = this.#know(entity)
      // Seen for the first time: what it had used before we looked is not of now.
      if (isFirstOfGroup && !this.#beganSince(entity)) continue
      const change = changes.get(group) ?? { tokens: 0, costUsd: 0 }
      change.tokens += tokens - (before?.tokens ?? 0)
      change.costUsd += costUsd - (before?.costUsd ?? 0)
      changes.set(group, change)
    }
    for (const ref of del) if (ref.entity === 'agent') this.#forget(ref.id)
    let tokens = 0
    let costUsd = 0
    // A count that went back was begun anew: that is no use, and no refund.
    for (const change of changes.values()) {
      tokens += Math.max(0, change.tokens)
      costUsd += Math.max(0, change.costUsd)
    }
    if (tokens > 0 || costUsd > 0) this.#add(atMs, tokens, costUsd)
  }

  /** What another meter measured before this one began. */
  prepend(earlier: UsageMeter): void {
    const before = earlier.buckets.filter(({ atMs }) => atMs < this.#startMs)
    for (const source of earlier.sources) this.#sources.add(source)
    this.#buckets = [...before, ...this.#buckets].slice(-MAX_BUCKETS)
    this.#startMs = Math.min(this.#startMs, earlier.startMs)
  }

  /** `null`: not measured long enough. */
  rate(nowMs: number, windowMs = RATE_WINDOW_MS): Rate | null {
    const fromMs = Math.max(this.#startMs, nowMs - windowMs)
    const measuredMs = nowMs - fromMs
    if (measuredMs < MIN_WINDOW_MS) return null
    let tokens = 0
    let costUsd = 0
    for (const bucket of this.#buckets) {
      if (bucket.atMs + USE_BUCKET_MS <= fromMs || bucket.atMs > nowMs) continue
      tokens += bucket.tokens
      costUsd += bucket.costUsd
    }
    const minutes = measuredMs / 60_000
    return { tokensPerMinute: tokens / minutes, usdPerMinute: costUsd / minutes, windowMs: measuredMs }
  }

  /** Per minute, in whole steps (of one that still goes on the rate would be too low); `null` where it was not measured. */
  series(nowMs: number, spanMs: number, stepMs: number): { atMs: number; use: Use | null }[] {
    const last = Math.floor(nowMs / stepMs) - 1
    const first = last - Math.ceil(spanMs / stepMs) + 1
    const steps = Array.from({ length: last - first + 1 }, (_, index) => {
      const atMs = (first + index) * stepMs
      return { atMs, use: atMs + stepMs <= this.#startMs ? null : { tokens: 0, costUsd: 0 } }
    })
    const perMinute = 60_000 / stepMs
    for (const { atMs, tokens, costUsd } of this.#buckets) {
      const step = steps[Math.floor(atMs / stepMs) - first]
      if (!step?.use) continue
      step.use.tokens += tokens * perMinute
      step.use.costUsd += costUsd * perMinute
    }
    return steps
  }

  #beganSince(agent: Agent): boolean {
    const createdMs = agent.createdAt === null ? Number.NaN : Date.parse(agent.createdAt)
    return createdMs >= this.#createdAfterMs
  }

  #know(agent: Agent): Known {
    const known: Known = { group: groupOf(agent), ...spentBy(agent) }
    const before = this.#known.get(agent.id)
    if (before?.group !== known.group) {
      if (before) this.#leave(before.group)
      this.#groups.set(known.group, (this.#groups.get(known.group) ?? 0) + 1)
    }
    this.#known.set(agent.id, known)
    for (const field of ['tokens', 'costUsd'] as const) {
      const source = agent[field] === null ? undefined : agent.sources[field]?.source
      if (source !== undefined) this.#sources.add(source)
    }
    return known
  }

  #forget(id: string): void {
    const known = this.#known.get(id)
    if (!known) return
    this.#known.delete(id)
    this.#leave(known.group)
  }

  #leave(group: string): void {
    const left = (this.#groups.get(group) ?? 1) - 1
    if (left <= 0) this.#groups.delete(group)
    else this.#groups.set(group, left)
  }

  #add(atMs: number, tokens: number, costUsd: number): void {
    const start = Math.floor(atMs / USE_BUCKET_MS) * USE_BUCKET_MS
    const last = this.#buckets.at(-1)
    if (last?.atMs === start) {
      last.tokens += tokens
      last.costUsd += costUsd
      return
    }
    this.#buckets.push({ atMs: start, tokens, costUsd })
    if (this.#buckets.length > MAX_BUCKETS) this.#buckets.shift()
  }
}
