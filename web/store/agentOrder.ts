// The table's orders. What nobody reported comes last, whichever way it is sorted.

import type { Agent } from '../../protocol/swarm.ts'
import { LOOKS, lookOf } from '../theme/status.ts'
import { stateSince, tokenSum } from './agentFigures.ts'
import { byName, GROUPS, groupOf, lookedAtOnce, nameKey } from './agentGroups.ts'

export const SORT_COLUMNS = ['status', 'name', 'type', 'task', 'tokens', 'cost', 'since', 'project', 'host'] as const
export type SortColumn = (typeof SORT_COLUMNS)[number]

export interface Sort {
  column: SortColumn
  isDescending: boolean
}

type Value = number | string | null

const lower = (text: string | null): string | null => text?.toLowerCase() ?? null

const VALUES: Readonly<Record<SortColumn, (agent: Agent) => Value>> = {
  // Urgency: who needs me, what failed, what works, the rest.
  status: (agent) => 10 * GROUPS.indexOf(groupOf(agent)) + LOOKS.indexOf(lookOf(agent)),
  name: nameKey,
  type: (agent) => lower(agent.type),
  task: (agent) => lower(taskText(agent)),
  tokens: tokenSum,
  cost: (agent) => agent.costUsd,
  // The longest in its state first means the earliest moment first.
  since: (agent) => {
    const sinceMs = Date.parse(stateSince(agent) ?? '')
    return Number.isNaN(sinceMs) ? null : -sinceMs
  },
  project: (agent) => lower(agent.project ?? agent.sourceId),
  host: (agent) => lower(agent.host),
}

/** What it waits for, does, or has been given. */
export const taskText = (agent: Agent): string | null =>
  agent.attention?.reason ?? agent.activity ?? agent.currentTask ?? null

export function compareBy({ column, isDescending }: Sort): (a: Agent, b: Agent) => number {
  const figureOf = lookedAtOnce(VALUES[column])
  const sign = isDescending ? -1 : 1
  return (a, b) => {
    const valueA = figureOf(a)
    const valueB = figureOf(b)
    if (valueA === null || valueB === null) {
      return Number(valueA === null) - Number(valueB === null) || byName(a, b)
    }
    return valueA < valueB ? -sign : valueA > valueB ? sign : byName(a, b)
  }
}

/** Reads well at the first press: text from A, figures from the largest. */
export const firstDirection = (column: SortColumn): boolean =>
  column === 'tokens' || column === 'cost' || column === 'since'

/** `-cost` in addresses. */
export const writeSort = ({ column, isDescending }: Sort): string => (isDescending ? '-' : '') + column

export function readSort(text: string): Sort | null {
  const name = text.replace(/^-/, '')
  const column = SORT_COLUMNS.find((one) => one === name)
  return column ? { column, isDescending: text.startsWith('-') } : null
}
