// The moments that a timeline points at: an agent began to fail, or to wait for a person. Counted beside the events as they
// are written, for afterwards each state would have to be unpacked to find them.

import type { Agent } from '../../protocol/swarm.ts'

/** Names in the table of counts; no event type has a colon. */
export const TURNS = { failed: 'agent:failed', waiting: 'agent:waiting' } as const
export type Turn = keyof typeof TURNS

type Plight = Partial<Pick<Agent, 'status' | 'attention'>>

const isFailed = ({ status }: Plight): boolean => status === 'error'
const isWaiting = ({ attention }: Plight): boolean => (attention ?? null) !== null

/** Whether it is worth to look at what stood before: of a busy log hardly one event in a hundred is. */
export const isInPlight = (agent: Plight): boolean => isFailed(agent) || isWaiting(agent)

/** From one state of an agent, as JSON (`null`: it was not there), to another. */
export function turnsOf(before: string | null, after: string): Turn[] {
  const was: Plight = before === null ? {} : JSON.parse(before)
  const is: Plight = JSON.parse(after)
  const turns: Turn[] = []
  if (isFailed(is) && !isFailed(was)) turns.push('failed')
  if (isWaiting(is) && !isWaiting(was)) turns.push('waiting')
  return turns
}
