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
} from './swarm.ts'

/** How long a view may say `connecting` before it shows something else. */
export const CONNECTING_MAX_MS = 1_000

const LIVE_STATES: ReadonlySet<SourceStatus['state']> = new Set(['live', 'limited'])
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

/** Which world to show: SPEC.md, M1–M6. */
export function modeOf(input: ModeInput): Mode {
  if (input.demo) return 'mock'
  if (input.replay) return 'replay'
  if (input.sources.some(isLive)) return 'live'
  if (input.everLive || !input.realWorldEmpty) return 'stale'
  const noAnswerYet = input.sources.every((source) => FIRST_TRY_STATES.has(source.state) && source.lastError === null)
  if (noAnswerYet && input.nowMs - input.startedAtMs < CONNECTING_MAX_MS) return 'connecting'
  return 'mock'
}

/** Sources that should be live and are not. */
export const degradedSources = (sources: readonly SourceStatus[]): string[] =>
  sources.filter((source) => !isLive(source)).map((source) => source.id)

/** Since when an agent's source has not been live, in ms since 1970; `null` while what it says is current. */
export function staleSinceMs(agent: Pick<Agent, 'sourceId'>, sources: readonly SourceStatus[]): number | null {
  const source = sources.find((candidate) => candidate.id === agent.sourceId)
  if (!source || isLive(source)) return null
  return Date.parse(source.since)
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
  /** Sums over the agents that report them; `null` if none does. */
  tokens: TokenCounts | null
  costUsd: number | null
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
    if (agent.costUsd !== null) costUsd = (costUsd ?? 0) + agent.costUsd
  }
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
    links: store.all('link').size,
    tokens,
    costUsd,
  }
}

function addTokens(sum: TokenCounts | null, more: TokenCounts): TokenCounts {
  const add = (a: number | null | undefined, b: number | null) => (b === null ? (a ?? null) : (a ?? 0) + b)
  return {
    input: add(sum?.input, more.input),
    output: add(sum?.output, more.output),
    cacheRead: add(sum?.cacheRead, more.cacheRead),
    cacheWrite: add(sum?.cacheWrite, more.cacheWrite),
  }
}
