// The rows that list and table show, and where keys lead in them.

import type { Agent, Link } from '../../protocol/swarm.ts'
import type { AgentFilter } from './agentFilter.ts'
import { groupedRows, groupOf, type ListRow, urgencyOrder } from './agentGroups.ts'
import { compareBy, type Sort, writeSort } from './agentOrder.ts'
import { treeRows } from './agentTree.ts'
import { stuckIds } from './concerns.ts'
import { LastOrder } from './lastOrder.ts'

export interface RowsInput {
  agents: ReadonlyMap<string, Agent>
  links: ReadonlyMap<string, Link>
  filter: AgentFilter | null
  isTree: boolean
  /** `null`: in the order of urgency, with headings. */
  sort: Sort | null
  collapsed: ReadonlySet<string>
}

/** Only makes it faster: the result does not depend on it. */
const lastOrder = new LastOrder()

export function rowsOf({ agents, links, filter, isTree, sort, collapsed }: RowsInput): ListRow[] {
  const key = sort ? writeSort(sort) : 'urgency'
  const inOrder = lastOrder.sorted(key, agents, sort ? compareBy(sort) : urgencyOrder(), stuckIds())
  if (isTree) return treeRows({ agents, inOrder, familiesRise: !sort, links: links.values(), filter, collapsed })
  if (!sort) return groupedRows(inOrder, filter)
  // However it is sorted: who waits for a person is never to be looked for.
  const waiting: ListRow[] = []
  const others: ListRow[] = []
  for (const agent of inOrder) {
    if (filter && !filter(agent)) continue
    const rows = agent.attention === null ? others : waiting
    rows.push({ type: 'agent', group: groupOf(agent), agent, tree: null })
  }
  return waiting.length === 0 ? others : [...waiting, ...others]
}

/** Where a key leads from a row; `null` for a key that leads nowhere. */
export function nextAgentIndex(rows: readonly ListRow[], from: number, key: string, pageRows: number): number | null {
  switch (key) {
    case 'ArrowDown':
      return stepTo(rows, from, 1, 1)
    case 'ArrowUp':
      return stepTo(rows, from, -1, 1)
    case 'PageDown':
      return stepTo(rows, from, 1, pageRows)
    case 'PageUp':
      return stepTo(rows, from, -1, pageRows)
    case 'Home':
      return stepTo(rows, -1, 1, 1)
    case 'End':
      return stepTo(rows, rows.length, -1, 1)
    default:
      return null
  }
}

/** The agent's row at a place, or else the next one, or else the one before; -1: there is none. */
export function nearestAgentIndex(rows: readonly ListRow[], from: number): number {
  for (let index = Math.max(0, from); index < rows.length; index++) if (rows[index]?.type === 'agent') return index
  for (let index = Math.min(from, rows.length) - 1; index >= 0; index--) if (rows[index]?.type === 'agent') return index
  return -1
}

/** So many agents on, or as many as there are. */
function stepTo(rows: readonly ListRow[], from: number, direction: 1 | -1, count: number): number {
  let found = from
  let left = count
  for (let index = from + direction; index >= 0 && index < rows.length && left > 0; index += direction) {
    if (rows[index]?.type !== 'agent') continue
    found = index
    left--
  }
  return found
}

/** What a sideways key does in the tree: opens or shuts the row, or leads to another. */
export type TreeStep = { type: 'toggle'; id: string } | { type: 'go'; index: number } | null

export function treeStep(rows: readonly ListRow[], from: number, key: 'ArrowLeft' | 'ArrowRight'): TreeStep {
  const row = rows[from]
  if (row?.type !== 'agent' || !row.tree) return null
  const { tree, agent } = row
  if (key === 'ArrowRight') {
    if (tree.childCount === 0) return null
    return tree.isExpanded ? { type: 'go', index: from + 1 } : { type: 'toggle', id: agent.id }
  }
  if (tree.isExpanded) return { type: 'toggle', id: agent.id }
  for (let index = from - 1; index >= 0; index--) {
    const above = rows[index]
    if (above?.type === 'agent' && above.tree && above.tree.depth < tree.depth) return { type: 'go', index }
  }
  return null
}
