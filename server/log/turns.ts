// The moments that a timeline points at: an agent began to fail, or to wait for a person. Counted beside the events as they
// are written, for afterwards each state would have to be unpacked to find them.

import type { Agent } from '../../protocol/swarm.ts'

/** Names in the table of counts; no event type has a colon. */
export const TURNS = { failed: 'agent:failed', waiting: 'agent:waiting' } as const
export type Turn = keyof typeof TURNS

/** Whether it is worth to look at what stood before: of a busy log hardly one event in a hundred is. */
export const isInPlight = ({ status, attention }: Pick<Agent, 'status' | 'attention'>): boolean =>
  status === 'error' || (attention ?? null) !== null

/** From one state of an agent, as JSON (`null`: it was not there), to another. */
export function turnsOf(before: string | null, after: string): Turn[] {
  const was = before === null ? null : plight(before)
  const is = plight(after)
  const turns: Turn[] = []
  if (is.failed && !was?.failed) turns.push('failed')
  if (is.waiting && !was?.waiting) turns.push('waiting')
  return turns
}

function plight(json: string): Record<Turn, boolean> {
  const { status, attention } = JSON.parse(json) as { status?: unknown; attention?: unknown }
  return { failed: status === 'error', waiting: attention !== null && attention !== undefined }
}
