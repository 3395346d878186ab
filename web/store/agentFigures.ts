// Figures of an agent that the table, the query and the detail must not tell differently. `null`: not reported.

import type { Agent } from '../../protocol/swarm.ts'

/** What went in and came out; cached tokens are another kind and not added. */
export function tokenSum({ tokens }: Pick<Agent, 'tokens'>): number | null {
  if (!tokens || (tokens.input === null && tokens.output === null)) return null
  return (tokens.input ?? 0) + (tokens.output ?? 0)
}

/** Since when its state is the one that is shown: who waits for a person does so since it asked. */
export const stateSince = ({ attention, statusSince }: Pick<Agent, 'attention' | 'statusSince'>): string | null =>
  attention ? attention.since : statusSince

/** How long that is. `nowMs`: the server's clock. */
export const stateMs = (agent: Pick<Agent, 'attention' | 'statusSince'>, nowMs: number): number | null =>
  sinceMs(stateSince(agent), nowMs)

/** How long nothing was seen of it. */
export const quietMs = ({ lastActiveAt }: Pick<Agent, 'lastActiveAt'>, nowMs: number): number | null =>
  sinceMs(lastActiveAt, nowMs)

function sinceMs(time: string | null, nowMs: number): number | null {
  if (time === null) return null
  const ms = nowMs - Date.parse(time)
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}
