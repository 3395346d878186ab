// The list's order: who needs me, what failed, what seems stuck, what works now, what is merely said to, the rest.

import type { Agent } from '../../protocol/swarm.ts'
import { isBusyLook, lookOf } from '../theme/status.ts'
import type { AgentFilter } from './agentFilter.ts'
import { isStuck } from './concerns.ts'

export const GROUPS = ['needs-you', 'failed', 'stuck', 'working', 'marked-active', 'rest'] as const
export type Group = (typeof GROUPS)[number]

export const GROUP_TITLES: Readonly<Record<Group, string>> = {
  'needs-you': 'Needs you',
  failed: 'Failed',
  stuck: 'Seems stuck',
  working: 'Working',
  'marked-active': 'Marked active, not seen to work',
  rest: 'Idle and done',
}

/** Where a row stands in the tree of who spawned whom. */
export interface TreePlace {
  depth: number
  childCount: number
  isExpanded: boolean
  /** Shown only because somebody below it matches. */
  isPassed: boolean
  /** Among its siblings, from 1. */
  position: number
  siblings: number
}

export type AgentListRow = { type: 'agent'; group: Group; agent: Agent; tree: TreePlace | null }
export type GroupListRow = { type: 'group'; group: Group; count: number }
export type ListRow = GroupListRow | AgentListRow

/** claude-flow marks agents active that nobody saw work: registered is not working. */
export function groupOf(agent: Agent): Group {
  const look = lookOf(agent)
  if (look === 'needs-you' || look === 'failed') return look
  if (!isBusyLook(look)) return 'rest'
  if (agent.kind === 'registered') return 'marked-active'
  return isStuck(agent.id) ? 'stuck' : 'working'
}

/** The list's rows, group headings among them. Empty groups have none. */
export const listRows = (agents: Iterable<Agent>, filter: AgentFilter | null): ListRow[] =>
  groupedRows([...agents].sort(urgencyOrder()), filter)

/** The same of agents that are in the order of urgency already. */
export function groupedRows(inOrder: Iterable<Agent>, filter: AgentFilter | null): ListRow[] {
  const rows: ListRow[] = []
  let heading: GroupListRow | undefined
  for (const agent of inOrder) {
    if (filter && !filter(agent)) continue
    const group = groupOf(agent)
    if (heading === undefined || heading.group !== group) {
      heading = { type: 'group', group, count: 0 }
      rows.push(heading)
    }
    heading.count++
    rows.push({ type: 'agent', group, agent, tree: null })
  }
  return rows
}

/** An agent is replaced when it changes, so that its key need never be forgotten. */
const nameKeys = new WeakMap<Agent, string>()

/** Of an agent that was replaced, most often with its name: the key is the longest part of putting it in its place. */
export function inheritNameKey(from: Agent, to: Agent): void {
  const key = nameKeys.get(from)
  if (key !== undefined && from.name === to.name && from.id === to.id) nameKeys.set(to, key)
}

/** `coder-2` before `coder-10`. Keys compare ten times faster than a collator: the list has 10,000. */
export function nameKey(agent: Agent): string {
  let key = nameKeys.get(agent)
  if (key === undefined) {
    const name = agent.name.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(8, '0'))
    key = `${name}\n${agent.id}`
    nameKeys.set(agent, key)
  }
  return key
}

const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Offline last, then by name. */
export const byName = (a: Agent, b: Agent): number =>
  Number(lookOf(a) === 'offline') - Number(lookOf(b) === 'offline') || compareKeys(nameKey(a), nameKey(b))

/** For one sorting: each agent is looked at once, not at each of its comparisons. */
export function lookedAtOnce<T extends NonNullable<unknown> | null>(look: (agent: Agent) => T): (agent: Agent) => T {
  const seen = new Map<Agent, T>()
  return (agent) => {
    let found = seen.get(agent)
    if (found === undefined) {
      found = look(agent)
      seen.set(agent, found)
    }
    return found
  }
}

/** By group, and in it as `byName`. */
export function urgencyOrder(): (a: Agent, b: Agent) => number {
  const standingOf = lookedAtOnce((agent) => ({
    rank: 2 * GROUPS.indexOf(groupOf(agent)) + Number(lookOf(agent) === 'offline'),
    key: nameKey(agent),
  }))
  return (a, b) => {
    const standingA = standingOf(a)
    const standingB = standingOf(b)
    return standingA.rank - standingB.rank || compareKeys(standingA.key, standingB.key)
  }
}

export interface Counts {
  agents: number
  working: number
  markedActive: number
  needsYou: number
  failed: number
  stuck: number
  idle: number
  offline: number
  registered: number
  observed: number
}

export function countAgents(agents: Iterable<Agent>): Counts {
  const counts: Counts = {
    agents: 0,
    working: 0,
    markedActive: 0,
    needsYou: 0,
    failed: 0,
    stuck: 0,
    idle: 0,
    offline: 0,
    registered: 0,
    observed: 0,
  }
  for (const agent of agents) {
    counts.agents++
    if (agent.kind === 'registered') counts.registered++
    else counts.observed++
    const group = groupOf(agent)
    if (group === 'needs-you') counts.needsYou++
    else if (group === 'failed') counts.failed++
    else if (group === 'stuck') counts.stuck++
    else if (group === 'working') counts.working++
    else if (group === 'marked-active') counts.markedActive++
    else if (lookOf(agent) === 'idle') counts.idle++
    else counts.offline++
  }
  return counts
}
