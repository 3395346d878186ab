// Whether an agent of Claude Code's is over, since when and why. What began again after an end is not over.

import type { IsoTime } from '../../../protocol/swarm.ts'
import { endOf } from './callRow.ts'
import { ONLY_CALLER, type Parentage } from './parentage.ts'
import { earlier, later } from './said.ts'
import { type AgentFacts, MAIN, type Session } from './session.ts'
import { goesOnAfter, LATE_MS, plusMs, turnNow } from './turns.ts'

export interface Ending {
  at: IsoTime
  reason: string
}

export function sessionEnding(session: Session): Ending | null {
  const { facts } = session
  const { end, gone, process } = facts
  if (!end && !gone) return null
  const main = session.agents.get(MAIN)
  const isOver = (at: IsoTime): boolean => {
    if (!main) return true
    if ((main.startAt ?? '') > at || (turnNow(facts, main).promptAt ?? '') > at) return false
    return !goesOnAfter(at, callStartOf(main, session.callsOf(MAIN).lastBegin), main.callAt)
  }
  if (end && isOver(end.at)) return { at: end.at, reason: `session ended: ${end.value}` }
  if (gone && process && gone.value === process.value.pid && isOver(gone.at)) {
    return { at: gone.at, reason: 'process gone' }
  }
  return null
}

export function endingOf(
  session: Session,
  agent: AgentFacts,
  parentage: ReadonlyMap<string, Parentage>,
): Ending | null {
  if (agent.id === MAIN) return sessionEnding(session)
  const { call } = parentage.get(agent.id) ?? { call: null }
  const brokenOffAt = call?.failed ? endOf(call) : null
  const beganAt = later(agent.startAt, callStartOf(agent, session.callsOf(agent.id).lastBegin))
  const ends: Ending[] = []
  const note = (at: IsoTime | null, reason: string) => {
    if (at !== null && !goesOnAfter(at, beganAt, agent.callAt)) ends.push({ at, reason })
  }
  note(agent.stop?.at ?? null, 'subagent finished')
  note(agent.doneAt, 'subagent finished')
  note(brokenOffAt, 'its call was broken off')
  ends.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  return ends[0] ?? sessionEnding(session) ?? leftBehind(session, agent, beganAt, parentage)
}

/** The last beginning of a call of its, as far as it is known. */
export const callStartOf = (agent: AgentFacts, lastBegin: IsoTime | null): IsoTime | null =>
  later(agent.callStartAt, lastBegin)

/**
 * Esc ends a subagent, and no hook tells of it. The session's next stop tells what still runs in the background: one that is
 * not among that, and was heard no more, is over since it was heard last.
 */
function leftBehind(
  session: Session,
  agent: AgentFacts,
  beganAt: IsoTime | null,
  parentage: ReadonlyMap<string, Parentage>,
): Ending | null {
  const { running } = session.facts
  // A teammate is listed by another id, and not while it idles.
  if (!running || agent.id.includes('@')) return null
  const seenAt = later(beganAt, agent.callAt)
  if (seenAt !== null && seenAt > plusMs(running.at, -LATE_MS)) return null
  const listed = new Set(running.value)
  for (let id = agent.id, seen = 0; id !== MAIN; seen++) {
    if (listed.has(id) || seen > parentage.size) return null
    const parent = parentage.get(id)
    if (!parent) return null
    // Perhaps the child of one that still runs, which would not be told of by itself.
    const isUnsure = parent.kind === 'inferred' && parent.evidence !== ONLY_CALLER
    if (isUnsure && listed.size > 0) return null
    id = parent.parentId
  }
  const heardAt = agent.hookedAt ?? (agent.heardAt || null)
  return { at: earlier(heardAt, running.at) ?? running.at, reason: "not running any more at its session's stop" }
}
