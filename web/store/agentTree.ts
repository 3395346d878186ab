// The agents as a tree by who spawned whom, flattened to rows. Right for whatever comes in: parents that are not there,
// and agents that name each other as parents.

import type { Agent, Link } from '../../protocol/swarm.ts'
import type { AgentFilter } from './agentFilter.ts'
import { type AgentListRow, GROUPS, type Group, groupOf, urgencyOrder } from './agentGroups.ts'

/** Deeper nesting is shown at this depth: the names must have room. */
export const MAX_DEPTH = 12

export interface TreeInput {
  agents: ReadonlyMap<string, Agent>
  /** The same agents in the order in which siblings stand; by urgency and name, if not given. */
  inOrder?: readonly Agent[]
  links: Iterable<Link>
  filter: AgentFilter | null
  /** Ids of those whose children are not shown. */
  collapsed: ReadonlySet<string>
  /** Siblings stand by the urgency of each with all below it; within that as in `inOrder`. Else as in `inOrder` alone. */
  familiesRise?: boolean
}

/** Who matches, and who stands above one that does. */
export function treeRows({
  agents,
  inOrder = [...agents.values()].sort(urgencyOrder()),
  familiesRise = true,
  links,
  filter,
  collapsed,
}: TreeInput): AgentListRow[] {
  const parents = parentsOf(agents, links)
  const shown = new Set<string>()
  const matching = new Set<string>()
  for (const agent of agents.values()) {
    if (filter && !filter(agent)) continue
    matching.add(agent.id)
    for (let id: string | undefined = agent.id; id !== undefined && !shown.has(id); id = parents.get(id)) shown.add(id)
  }
  const children = new Map<string | null, Agent[]>()
  for (const agent of inOrder) {
    if (!shown.has(agent.id)) continue
    const parent = parents.get(agent.id) ?? null
    const siblings = children.get(parent)
    if (siblings) siblings.push(agent)
    else children.set(parent, [agent])
  }
  if (familiesRise) {
    const places = urgencies(shown, agents, parents)
    const placeOf = ({ id }: Agent): number => places.get(id) ?? GROUPS.length
    for (const siblings of children.values()) siblings.sort((a, b) => placeOf(a) - placeOf(b))
  }
  const rows: AgentListRow[] = []
  // A stack, for a chain of ten thousand must not overflow the call stack.
  const stack = placed(children.get(null) ?? [], 0)
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { agent, depth, position, siblings } = next
    const below = children.get(agent.id) ?? []
    const isExpanded = below.length > 0 && !collapsed.has(agent.id)
    const isPassed = !matching.has(agent.id)
    const tree = { depth, childCount: below.length, isExpanded, isPassed, position, siblings }
    rows.push({ type: 'agent', group: groupOf(agent), agent, tree })
    if (isExpanded) stack.push(...placed(below, depth + 1))
  }
  return rows
}

interface Placed {
  agent: Agent
  depth: number
  position: number
  siblings: number
}

/** The first comes off a stack first. */
const placed = (agents: readonly Agent[], depth: number): Placed[] =>
  agents.map((agent, index) => ({ agent, depth, position: index + 1, siblings: agents.length })).reverse()

/** What somebody must see is not to be looked for at the end of another family. */
const RISING: ReadonlySet<Group> = new Set(['needs-you', 'failed', 'stuck'])

/** Of each its place among the groups, or that of the most urgent below it. */
function urgencies(
  shown: ReadonlySet<string>,
  agents: ReadonlyMap<string, Agent>,
  parents: ReadonlyMap<string, string>,
): Map<string, number> {
  const found = new Map<string, number>()
  const placeOf = (id: string): number => found.get(id) ?? GROUPS.length
  for (const id of shown) {
    const agent = agents.get(id)
    if (!agent) continue
    const group = groupOf(agent)
    const place = GROUPS.indexOf(group)
    found.set(id, Math.min(place, placeOf(id)))
    // There are few groups, so that nobody is passed often.
    for (let above = parents.get(id); RISING.has(group) && above !== undefined && placeOf(above) > place; ) {
      found.set(above, place)
      above = parents.get(above)
    }
  }
  return found
}

/** Who stands above an agent, the nearest first. */
export function ancestorsOf(id: string, { agents, links }: Pick<TreeInput, 'agents' | 'links'>): string[] {
  const parents = parentsOf(agents, links)
  const found: string[] = []
  for (let above = parents.get(id); above !== undefined; above = parents.get(above)) found.push(above)
  return found
}

/** Each agent's parent, as reported or else by a link; no parent that is not there, and no circle. */
function parentsOf(agents: ReadonlyMap<string, Agent>, links: Iterable<Link>): Map<string, string> {
  const parents = new Map<string, string>()
  for (const { id, parentId } of agents.values()) {
    if (parentId !== null && parentId !== id && agents.has(parentId)) parents.set(id, parentId)
  }
  for (const { kind, source, target } of links) {
    const isSpawn = kind === 'spawned' || kind === 'inferred'
    if (isSpawn && source !== target && !parents.has(target) && agents.has(source) && agents.has(target)) {
      parents.set(target, source)
    }
  }
  const isRooted = new Set<string>()
  for (const start of parents.keys()) {
    const path = new Set<string>()
    for (let id: string | undefined = start; id !== undefined && !isRooted.has(id); id = parents.get(id)) {
      if (path.has(id)) {
        parents.delete(id) // the circle is opened here
        break
      }
      path.add(id)
    }
    for (const id of path) isRooted.add(id)
  }
  return parents
}
