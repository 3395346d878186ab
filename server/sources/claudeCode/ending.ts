// Whether an agent of Claude Code's is over, since when and why. What began again after an end is not over.

import type { IsoTime } from '../../../protocol/swarm.ts'
import { type AgentFacts, later, MAIN, type SessionFacts } from './session.ts'

export interface Ending {
  at: IsoTime
  reason: string
}

export function sessionEnding({ end, gone, process }: SessionFacts, main: AgentFacts | undefined): Ending | null {
  const beganAt = main ? lastBeginning(main) : null
  if (end && isAfter(end.at, beganAt)) return { at: end.at, reason: `session ended: ${end.value}` }
  if (gone && process && gone.value === process.value.pid && isAfter(gone.at, beganAt)) {
    return { at: gone.at, reason: 'process gone' }
  }
  return null
}

export function endingOf(facts: SessionFacts, agent: AgentFacts, main: AgentFacts | undefined): Ending | null {
  const ofSession = sessionEnding(facts, main)
  if (agent.id === MAIN) return ofSession
  const beganAt = lastBeginning(agent)
  const ends = [agent.stop?.at ?? null, agent.doneAt].filter((at): at is IsoTime => at !== null && isAfter(at, beganAt))
  const first = ends.sort()[0]
  return first === undefined ? ofSession : { at: first, reason: 'subagent finished' }
}

const lastBeginning = ({ startAt, promptAt, callStartAt }: AgentFacts): IsoTime | null =>
  later(later(startAt, promptAt), callStartAt)

const isAfter = (at: IsoTime, beganAt: IsoTime | null): boolean => beganAt === null || at >= beganAt
