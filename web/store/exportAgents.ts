// What is shown, as a file: the agents whole, as the API gives them, and beside them what was asked for and when.

import { parseFilter } from './agentFilter.ts'
import { writeSort } from './agentOrder.ts'
import { rowsOf } from './agentRows.ts'
import { useLooking } from './looking.ts'
import { model } from './session.ts'
import { modeOnScreen } from './shown.ts'
import { shownMs, useTravel } from './travel.ts'

export interface AgentsExport {
  exportedAt: string
  /** So that nobody takes made-up agents for real ones, nor old ones for current. */
  mode: string
  /** The moment of the past that is shown; `null`: it is now. */
  at: string | null
  query: string
  sort: string
  epoch: string
  seq: number
  count: number
  agents: unknown[]
}

export function agentsExport(nowMs: number): AgentsExport {
  const { filter, isTree, sort } = useLooking.getState()
  const pastMs = shownMs(useTravel.getState())
  const rows = rowsOf({
    agents: model.agents,
    links: model.links,
    filter: parseFilter(filter),
    isTree,
    sort,
    // What is folded away is meant too.
    collapsed: new Set(),
  })
  const agents = rows.flatMap((row) => (row.type === 'agent' && !row.tree?.isPassed ? [row.agent] : []))
  return {
    exportedAt: new Date(nowMs).toISOString(),
    mode: modeOnScreen(),
    at: pastMs === null ? null : new Date(pastMs).toISOString(),
    query: filter.trim(),
    sort: sort ? writeSort(sort) : 'urgency',
    epoch: model.epoch,
    seq: model.seq,
    count: agents.length,
    agents,
  }
}
