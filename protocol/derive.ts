// Facts that follow from the state and the time, computed by one function each and never stored: the page, the API and
// (later) alerts must not disagree.

import type { SwarmStore } from './fold.ts'
import {
  AGENT_STATUSES,
  type Agent,
  type AgentKind,
  type AgentStatus,
  type Mode,
  type SourceStatus,
  type TokenCounts,
  type Unnumbered,
  type Usage,
} from './swarm.ts'

/** How long a view may say `connecting` before it shows something else. */
export const CONNECTING_MAX_MS = 1_000

/** An observed agent that is at work and of which nothing was heard for so long is quiet. */
export const QUIET_AFTER_MS = 60_000
/** … and for so long, with nothing that explains it, stuck. */
export const STUCK_AFTER_MS = 5 * 60_000
/** A tool call that has run for longer explains nothing any more. */
export const LONG_TOOL_MS = 60 * 60_000

/** Of a source that sends by itself silence is no failure. */
const LIVE_STATES: ReadonlySet<SourceStatus['state']> = new Set(['live', 'limited', 'receiving', 'quiet'])
const FIRST_TRY_STATES: ReadonlySet<SourceStatus['state']> = new Set(['idle', 'connecting', 'handshaking'])

export const isLive = (source: Pick<SourceStatus, 'state'>): boolean => LIVE_STATES.has(source.state)

export interface ModeInput {
  /** The user asked for the demo world. */
  demo: boolean
  /** The user asked for a recording. */
  replay?: boolean
  sources: readonly SourceStatus[]
  /** Nothing is known of the real world. */
  realWorldEmpty: boolean
  /** Some source has been live since this log began. */
  everLive: boolean
  startedAtMs: number
  nowMs: number
}

/** Which world to show: SPEC.md, M1–M6 and M8. */
export function modeOf(input: ModeInput): Mode {
  if (input.demo) return 'mock'
  if (input.replay) return 'replay'
  if (input.sources.some(isLive)) return 'live'
  if (input.everLive || !input.realWorldEmpty) return 'stale'
  // Nobody is connected to, so nobody can be missed: that nothing was sent yet is the truth.
  if (input.sources.length > 0 && input.sources.every(({ state, kind }) => state === 'never' && kind !== 'claude-flow'))
    return 'live'
  const noAnswerYet = input.sources.every(
    (source) => (!isExpected(source) || FIRST_TRY_STATES.has(source.state)) && source.lastError === null,
  )
  if (noAnswerYet && input.nowMs - input.startedAtMs < CONNECTING_MAX_MS) return 'connecting'
  return 'mock'
}

/** One that never was is not used at all: neither live nor ailing. */
const isExpected = ({ state }: Pick<SourceStatus, 'state'>): boolean => state !== 'never'

/** Sources that should be live and are not. */
export const degradedSources = (sources: readonly SourceStatus[]): string[] =>
  sources.filter((source) => isExpected(source) && !isLive(source)).map((source) => source.id)

/** Since when an agent's source has not been live, in ms since 1970; `null` while what it says is current. */
export function staleSinceMs(agent: Pick<Agent, 'sourceId'>, sources: readonly SourceStatus[]): number | null {
  const source = sources.find((candidate) => candidate.id === agent.sourceId)
  if (!source || isLive(source)) return null
  return Date.parse(source.since)
}

const AT_WORK: ReadonlySet<AgentStatus> = new Set(['initializing', 'active', 'busy'])

/** Was seen to work, and is said to be at it: its silence means something. */
export const isAtWork = ({ kind, status, lastActiveAt }: Pick<Agent, 'kind' | 'status' | 'lastActiveAt'>): boolean =>
  kind === 'observed' && lastActiveAt !== null && AT_WORK.has(status)

/** When an agent at work was last heard of, in ms since 1970, if that is a while ago; else `null`. */
export function quietSinceMs(
  agent: Pick<Agent, 'kind' | 'status' | 'lastActiveAt'>,
  nowMs: number,
  afterMs = QUIET_AFTER_MS,
): number | null {
  if (agent.lastActiveAt === null || !isAtWork(agent)) return null
  const heardMs = Date.parse(agent.lastActiveAt)
  return nowMs - heardMs >= afterMs ? heardMs : null
}

export interface Stuck {
  reason: string
  sinceMs: number
}

/** Generations below an agent whose work explains its silence. */
const MAX_GENERATIONS = 64

/**
 * Whether an agent at work seems to be stuck, and why; `null` while something explains its silence: somebody is asked, a
 * tool runs, or a child is at work that is not stuck itself.
 */
export function stuckReason(agent: Unnumbered<Agent>, store: SwarmStore, nowMs: number): Stuck | null {
  return stuckBelow(agent, store, nowMs, new Set())
}

/** `above`: agents that wait for this one. Sources may name parents in a circle. */
function stuckBelow(agent: Unnumbered<Agent>, store: SwarmStore, nowMs: number, above: Set<string>): Stuck | null {
  const sinceMs = quietSinceMs(agent, nowMs, STUCK_AFTER_MS)
  if (sinceMs === null || agent.attention !== null) return null
  const oldest = agent.openTools?.[0]
  const toolMs = oldest ? nowMs - Date.parse(oldest.since) : 0
  if (oldest && toolMs < LONG_TOOL_MS) return null
  above.add(agent.id)
  const explains = (child: Agent) =>
    child.attention !== null ||
    (AT_WORK.has(child.status) && !above.has(child.id) && stuckBelow(child, store, nowMs, above) === null)
  if (above.size <= MAX_GENERATIONS && childrenOf(store, agent.id).some(explains)) return null
  above.delete(agent.id)
  const reason = oldest
    ? `${oldest.name} has run for ${inMinutes(toolMs)}`
    : `nothing heard for ${inMinutes(nowMs - sinceMs)} while at work`
  return { reason, sinceMs: oldest ? Date.parse(oldest.since) : sinceMs }
}

export function stuckCount(store: SwarmStore, nowMs: number): number {
  let count = 0
  for (const agent of store.all('agent').values()) if (stuckReason(agent, store, nowMs)) count++
  return count
}

const inMinutes = (ms: number): string => `${Math.floor(ms / 60_000)} min`

interface Families {
  epoch: string
  seq: number
  children: Map<string, Agent[]>
}

/** Asked for each of many agents in turn: put together once for each state of the store. */
const families = new WeakMap<SwarmStore, Families>()

function childrenOf(store: SwarmStore, id: string): readonly Agent[] {
  let known = families.get(store)
  if (known?.epoch !== store.epoch || known.seq !== store.seq) {
    const children = new Map<string, Agent[]>()
    for (const agent of store.all('agent').values()) {
      if (agent.parentId === null) continue
      const siblings = children.get(agent.parentId)
      if (siblings) siblings.push(agent)
      else children.set(agent.parentId, [agent])
    }
    known = { epoch: store.epoch, seq: store.seq, children }
    families.set(store, known)
  }
  return known.children.get(id) ?? []
}

export interface Totals {
  agents: number
  registered: number
  observed: number
  byStatus: Record<AgentStatus, number>
  /** The kinds are never one: what stands in a roster need not work. */
  byKind: Record<AgentKind, { total: number; byStatus: Record<AgentStatus, number> }>
  needAttention: number
  tasks: Record<'total' | TaskCount, number>
  swarms: number
  links: number
  /** Pairs of agents that write the same file. */
  conflicts: number
  /** Sums over the agents that report them, and what belongs to no known agent; `null` if there is none. */
  tokens: TokenCounts | null
  costUsd: number | null
  /** What agents cost and used that left the picture: in no other sum. */
  goneCostUsd: number | null
  goneTokens: TokenCounts | null
}

type TaskCount = 'pending' | 'inProgress' | 'completed' | 'failed' | 'cancelled' | 'unknown'

const noneByStatus = () =>
  Object.fromEntries(AGENT_STATUSES.map((status) => [status, 0])) as Record<AgentStatus, number>

export function totalsOf(store: SwarmStore): Totals {
  const byStatus = noneByStatus()
  const byKind: Totals['byKind'] = {
    registered: { total: 0, byStatus: noneByStatus() },
    observed: { total: 0, byStatus: noneByStatus() },
  }
  let needAttention = 0
  let tokens: TokenCounts | null = null
  let costUsd: number | null = null
  const agents = store.all('agent')
  for (const agent of agents.values()) {
    byStatus[agent.status]++
    const ofKind = byKind[agent.kind]
    ofKind.total++
    ofKind.byStatus[agent.status]++
    if (agent.attention) needAttention++
    if (agent.tokens) tokens = addTokens(tokens, agent.tokens)
    costUsd = addCost(costUsd, agent.costUsd)
    const { unattributed } = agent
    if (unattributed?.tokens) tokens = addTokens(tokens, unattributed.tokens)
    costUsd = addCost(costUsd, unattributed?.costUsd ?? null)
  }
  let goneCostUsd: number | null = null
  let goneTokens: TokenCounts | null = null
  for (const source of store.all('source').values()) {
    goneCostUsd = addCost(goneCostUsd, source.goneCostUsd ?? null)
    if (source.goneTokens) goneTokens = addTokens(goneTokens, source.goneTokens)
  }
  let conflicts = 0
  const links = store.all('link')
  for (const { kind } of links.values()) if (kind === 'conflict') conflicts++
  const tasks: Totals['tasks'] = {
    total: 0,
    pending: 0,
    inProgress: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
    unknown: 0,
  }
  for (const task of store.all('task').values()) {
    tasks.total++
    tasks[task.status === 'in_progress' ? 'inProgress' : task.status]++
  }
  return {
    agents: agents.size,
    registered: byKind.registered.total,
    observed: byKind.observed.total,
    byStatus,
    byKind,
    needAttention,
    tasks,
    swarms: store.all('swarm').size,
    links: links.size,
    conflicts,
    tokens,
    costUsd,
    goneCostUsd,
    goneTokens,
  }
}

/** What was told so far, by agents that are shown and by those that left: it never becomes less because one leaves. */
export const spentOf = ({
  costUsd,
  tokens,
  goneCostUsd,
  goneTokens,
}: Pick<Totals, 'costUsd' | 'tokens' | 'goneCostUsd' | 'goneTokens'>): Usage => ({
  costUsd: addCost(costUsd, goneCostUsd),
  tokens: goneTokens ? addTokens(tokens, goneTokens) : tokens,
})

const addCost = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b)

function addTokens(sum: TokenCounts | null, more: TokenCounts): TokenCounts {
  const add = (a: number | null | undefined, b: number | null) => (b === null ? (a ?? null) : (a ?? 0) + b)
  return {
    input: add(sum?.input, more.input),
    output: add(sum?.output, more.output),
    cacheRead: add(sum?.cacheRead, more.cacheRead),
    cacheWrite: add(sum?.cacheWrite, more.cacheWrite),
  }
}

/** From what share of the budget on there is a warning. */
export const BUDGET_WARNING_SHARE = 0.8

export interface Budget {
  limitUsd: number
  /** `null`: nobody reported any cost. */
  spentUsd: number | null
  level: 'ok' | 'warning' | 'exceeded'
}

/** What agents have cost, those that are shown and those that left, against what they may; `null`: nobody set a limit. */
export function budgetOf(
  limitUsd: number | null,
  { costUsd, goneCostUsd }: Pick<Totals, 'costUsd' | 'goneCostUsd'>,
): Budget | null {
  if (limitUsd === null) return null
  const spentUsd = addCost(costUsd, goneCostUsd)
  const spent = spentUsd ?? 0
  const level = spent > limitUsd ? 'exceeded' : spent >= BUDGET_WARNING_SHARE * limitUsd ? 'warning' : 'ok'
  return { limitUsd, spentUsd, level }
}
