// What is known of one session of Claude Code: facts, each of which only ever grows in one direction (the latest, the
// earliest, a set by key), so that records in any order, and said twice, leave the same. What they amount to is put
// together from them (project.ts), and never stands in here.

import type { IsoTime, TokenCounts } from '../../../protocol/swarm.ts'
import { AgentCalls } from './agentCalls.ts'
import { beganAt, type CallRow, durationOf, endOf, isLinking, isOpen, newCall } from './callRow.ts'
import type { Machine } from './machine.ts'
import type { WrittenFile } from './records.ts'
import { Rows } from './rows.ts'
import { later, latest, type Said } from './said.ts'
import type { Turn } from './turns.ts'
import { addUsage, NO_USAGE, type UsageSum } from './usage.ts'

/** Calls, requests and data points that are remembered one by one; OTLP sends again within minutes, hooks not at all. */
export const MAX_CALLS = 512
export const MAX_REQUESTS = 2_048
const MAX_POINTS = 512
/** Files that an agent wrote last. */
const MAX_WRITES = 64
const MAX_ASKS = 8
/** Subagents that left the picture and are remembered. */
const MAX_RETIRED = 1_000

/** The main agent of a session, beside the ids of its subagents. */
export const MAIN = ''

export interface AgentFacts {
  id: string
  type: Said<string> | null
  model: Said<string> | null
  /** Of anything of its. */
  heardAt: IsoTime
  /** Of a hook of its own: without hooks nobody knows whether it works. */
  hookedAt: IsoTime | null
  /** `SessionStart` resp. `SubagentStart`: the first and the last. */
  firstStartAt: IsoTime | null
  startAt: IsoTime | null
  /** Of those without an id: others are turns of the session. */
  promptAt: IsoTime | null
  /** `Stop`, `StopFailure` (without a prompt's id) resp. `SubagentStop`; with the reason, if it failed. */
  stop: Said<string | null> | null
  /** A subagent's caller has its result. */
  doneAt: IsoTime | null
  /** The last beginning of a call that is not remembered by itself, and the last beginning or end of any. */
  callStartAt: IsoTime | null
  callAt: IsoTime | null
  /** What a person is asked, by kind. */
  asks: Record<string, IsoTime>
  /** Refusals of calls that were not named, by tool. */
  denials: Record<string, IsoTime>
  elicitedAt: IsoTime | null
  failure: Said<string> | null
  /** The span that the first of its requests hangs below. */
  underSpan: Said<string> | null
  parentId: Said<string> | null
  /** Another object when anything of it is another. */
  writes: Readonly<Record<string, Said<string>>>
  settledTools: { count: number; errors: number; durationMs: number }
  settledUsage: UsageSum
}

export interface RequestRow {
  at: IsoTime
  /** From the log event alone. */
  tokens: TokenCounts | null
  nanoUsd: number | null
  /** From the span; `null`: not told yet. */
  agent: string | null
}

export interface PointRow {
  at: IsoTime
  field: keyof TokenCounts | 'costUsd'
  /** Cost in billionths of a dollar. */
  value: number
}

export interface UsageSoFar extends UsageSum {
  /** Of the last request that counted. */
  at: IsoTime | null
}

export interface SessionFacts extends Machine {
  id: string
  firstAt: IsoTime
  heardAt: IsoTime
  project: Said<string> | null
  process: Said<{ pid: number; start: string | null }> | null
  gone: Said<number> | null
  end: Said<string> | null
  /** `PermissionRequest` was seen: then notifications of it say nothing new. */
  asksTold: boolean
  /** The same of `Elicitation`. */
  questionsTold: boolean
  /** By prompt: what came in with its id. */
  turns: Record<string, Turn>
  /** Subagents that still ran in the background at the last stop that told. */
  running: Said<readonly string[]> | null
  /** Subagents that left the picture: what is not later than this is not theirs any more. */
  retired: Record<string, IsoTime>
  /** Of what settled: belongs to no agent that is known. */
  settledUsage: UsageSum
  settledMetrics: UsageSum
  metricsAt: IsoTime | null
  /** It had left the picture then, and is back: what is not later was counted, or is not told any more. */
  goneAt: IsoTime | null
}

export class Session {
  readonly facts: SessionFacts
  readonly agents = new Map<string, AgentFacts>()
  readonly calls: Rows<CallRow>
  readonly requests: Rows<RequestRow>
  readonly points: Rows<PointRow>
  /** Whose facts changed since they were kept last. */
  readonly changedAgents = new Set<string>()
  /** … and who wrote a file: what they wrote is most of what is known of them. */
  readonly changedWrites = new Set<string>()
  /** Whose picture may be another one; all of them, and the links between them. */
  readonly dirtyAgents = new Set<string>()
  isDirty = true
  areLinksDirty = true
  /** Calls by the agent that made them, and those by which agents reach each other. */
  readonly #callsOf = new Map<string, AgentCalls>()
  readonly #indexedAt = new Map<string, string>()
  readonly linking = new Map<string, CallRow>()
  /** Of those: what changed since the links were put together. */
  readonly changedLinking = new Set<CallRow>()
  #usage: Map<string | null, UsageSoFar> | null = null

  constructor(facts: SessionFacts) {
    this.facts = facts
    this.calls = new Rows<CallRow>({ max: MAX_CALLS, settle: (row, useId) => this.#settleCall(row, useId), isOpen })
    this.requests = new Rows<RequestRow>({ max: MAX_REQUESTS, settle: (row) => this.#settleRequest(row) })
    this.points = new Rows<PointRow>({ max: MAX_POINTS, settle: (row) => this.#settlePoint(row) })
  }

  /** The facts of an agent that something is said of; `null` if that is not later than when it left the picture. */
  agent(id: string, at: IsoTime): AgentFacts | null {
    const known = this.agents.get(id)
    if (known) {
      this.changedAgents.add(id)
      this.dirtyAgents.add(id)
      if (at > known.heardAt) known.heardAt = at
      return known
    }
    const gone = this.facts.retired[retiredKey(id)]
    if (gone !== undefined && at <= gone) return null
    const made = newAgent(id, at)
    this.agents.set(id, made)
    this.changedAgents.add(id)
    this.dirtyAgents.add(id)
    this.areLinksDirty = true
    return made
  }

  call(useId: string, at: IsoTime): CallRow | null {
    return this.calls.at(useId, at, () => newCall(at))
  }

  callsOf(agentId: string): AgentCalls {
    return this.#callsOf.get(agentId) ?? NO_CALLS
  }

  /** After anything of a call was written. */
  callChanged(useId: string, call: CallRow): void {
    const { agent } = call
    const known = this.#indexedAt.get(useId)
    if (known !== undefined && known !== agent) this.#unindex(useId)
    if (agent !== null) {
      let calls = this.#callsOf.get(agent)
      if (!calls) {
        calls = new AgentCalls()
        this.#callsOf.set(agent, calls)
      }
      calls.put(useId, call)
      this.#indexedAt.set(useId, agent)
    }
    if (agent !== null) this.dirtyAgents.add(agent)
    // When its last call began decides whether an end was the end, and that of the session is everybody's.
    if (agent === MAIN && (this.facts.end || this.facts.gone)) this.isDirty = true
    if (!isLinking(call)) return
    this.linking.set(useId, call)
    this.changedLinking.add(call)
    this.areLinksDirty = true
  }

  #unindex(useId: string): void {
    const agent = this.#indexedAt.get(useId)
    if (agent === undefined) return
    this.dirtyAgents.add(agent)
    this.#indexedAt.delete(useId)
    const calls = this.#callsOf.get(agent)
    calls?.delete(useId)
    if (calls?.size === 0) this.#callsOf.delete(agent)
  }

  /** After rows were put back. */
  reindex(): void {
    for (const [useId, call] of this.calls) this.callChanged(useId, call)
  }

  request(key: string, at: IsoTime): RequestRow | null {
    return this.requests.at(key, at, () => ({ at, tokens: null, nanoUsd: null, agent: null }))
  }

  /** What requests used, by agent; `null`: of those whose agent is not told. */
  get usage(): ReadonlyMap<string | null, UsageSoFar> {
    if (this.#usage) return this.#usage
    const usage = new Map<string | null, UsageSoFar>()
    for (const [, row] of this.requests) {
      const known = usage.get(row.agent)
      const at = row.tokens === null ? (known?.at ?? null) : later(known?.at ?? null, row.at)
      usage.set(row.agent, { ...addUsage(known ?? NO_USAGE, row), at })
    }
    this.#usage = usage
    return usage
  }

  usageChanged(agent: string | null = null): void {
    this.#usage = null
    this.dirtyAgents.add(MAIN)
    if (agent !== null) this.dirtyAgents.add(agent)
  }

  /** All of it is to be kept anew. */
  touchAll(): void {
    this.isDirty = true
    for (const { id, writes } of this.agents.values()) {
      this.changedAgents.add(id)
      if (Object.keys(writes).length > 0) this.changedWrites.add(id)
    }
    for (const rows of [this.calls, this.requests, this.points]) rows.touchAll()
  }

  /** All that was used, whoever by. */
  get totalUsage(): UsageSum {
    let sum = this.facts.settledUsage
    for (const { settledUsage } of this.agents.values()) sum = addUsage(sum, settledUsage)
    for (const usage of this.usage.values()) sum = addUsage(sum, usage)
    return { tokens: sum.tokens, nanoUsd: sum.nanoUsd }
  }

  /** The same, as the metrics say. */
  get totalMetrics(): UsageSum {
    let sum = this.facts.settledMetrics
    for (const [, point] of this.points) sum = addUsage(sum, usageOfPoint(point))
    return sum
  }

  /** What is remembered one by one. */
  get rowCount(): number {
    return this.calls.size + this.requests.size + this.points.size
  }

  bound(share = 1): void {
    this.calls.bound(share)
    if (this.requests.bound(share)) this.usageChanged()
    this.points.bound(share)
  }

  /** An agent leaves the picture; what it used stays the session's. */
  retire(agent: AgentFacts, at: IsoTime): void {
    this.agents.delete(agent.id)
    this.changedAgents.add(agent.id)
    this.dirtyAgents.add(agent.id)
    this.dirtyAgents.add(MAIN)
    this.areLinksDirty = true
    this.facts.settledUsage = addUsage(this.facts.settledUsage, agent.settledUsage)
    this.facts.retired[retiredKey(agent.id)] = at
    forgetOldest(this.facts.retired, MAX_RETIRED, (left) => left)
  }

  #settleCall(row: CallRow, useId: string): void {
    this.#unindex(useId)
    if (this.linking.delete(useId)) this.areLinksDirty = true
    const agent = row.agent === null ? undefined : this.agents.get(row.agent)
    if (!agent) return
    this.changedAgents.add(agent.id)
    agent.callStartAt = later(agent.callStartAt, beganAt(row))
    if (endOf(row) === null) return
    const { count, errors, durationMs } = agent.settledTools
    agent.settledTools = {
      count: count + 1,
      errors: errors + Number(row.failed),
      durationMs: durationMs + (durationOf(row) ?? 0),
    }
  }

  #settleRequest(row: RequestRow): void {
    const usage = { tokens: row.tokens, nanoUsd: row.nanoUsd }
    const agent = row.agent === null ? undefined : this.agents.get(row.agent)
    if (agent) {
      agent.settledUsage = addUsage(agent.settledUsage, usage)
      this.changedAgents.add(agent.id)
    } else {
      this.facts.settledUsage = addUsage(this.facts.settledUsage, usage)
    }
  }

  #settlePoint(row: PointRow): void {
    this.facts.settledMetrics = addUsage(this.facts.settledMetrics, usageOfPoint(row))
  }
}

/** An id may be `__proto__`. */
const retiredKey = (id: string): string => `/${id}`

export const newSession = (id: string, at: IsoTime): SessionFacts => ({
  id,
  firstAt: at,
  heardAt: at,
  host: null,
  isHere: false,
  project: null,
  process: null,
  gone: null,
  end: null,
  asksTold: false,
  questionsTold: false,
  turns: {},
  running: null,
  retired: {},
  settledUsage: NO_USAGE,
  settledMetrics: NO_USAGE,
  metricsAt: null,
  goneAt: null,
})

/** One of which nothing is known; also what is missing where a former version kept less. */
export const newAgent = (id: string, at: IsoTime): AgentFacts => ({
  id,
  type: null,
  model: null,
  heardAt: at,
  hookedAt: null,
  firstStartAt: null,
  startAt: null,
  promptAt: null,
  stop: null,
  doneAt: null,
  callStartAt: null,
  callAt: null,
  asks: {},
  denials: {},
  elicitedAt: null,
  failure: null,
  underSpan: null,
  parentId: null,
  writes: {},
  settledTools: { count: 0, errors: 0, durationMs: 0 },
  settledUsage: NO_USAGE,
})

const NO_CALLS = new AgentCalls()

export function usageOfPoint({ field, value }: PointRow): UsageSum {
  if (field === 'costUsd') return { tokens: null, nanoUsd: value }
  const tokens: TokenCounts = { input: null, output: null, cacheRead: null, cacheWrite: null }
  tokens[field] = value
  return { tokens, nanoUsd: null }
}

/** Notes a file that was written; beyond the bound the one that was written longest ago is forgotten. */
export function noteWrite(agent: AgentFacts, { hash, name }: WrittenFile, at: IsoTime): void {
  const known = Object.hasOwn(agent.writes, hash) ? (agent.writes[hash] ?? null) : null
  const writes = { ...agent.writes, [hash]: latest(known, { at, value: name }) }
  forgetOldest(writes, MAX_WRITES, (said) => said.at)
  agent.writes = writes
}

/** What a person is asked, or refused, by kind: the last moment. */
export function noteLast(of: Record<string, IsoTime>, kind: string, at: IsoTime): void {
  of[kind] = later(Object.hasOwn(of, kind) ? (of[kind] ?? null) : null, at) ?? at
  forgetOldest(of, MAX_ASKS, (last) => last)
}

function forgetOldest<T>(of: Record<string, T>, max: number, atOf: (value: T) => IsoTime): void {
  const keys = Object.keys(of)
  if (keys.length <= max) return
  const at = (key: string) => `${atOf(of[key] as T)} ${key}`
  keys.sort((a, b) => (at(a) < at(b) ? -1 : 1))
  for (const key of keys.slice(0, keys.length - max)) delete of[key]
}
