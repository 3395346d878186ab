// Each hook is sent by a process of its own, and they overtake each other: what comes in late looks as if it had begun late.
// What is known of their true order (a prompt was there before all that carries its id, a call before its own end) is held
// against when they came in.

import type { IsoTime } from '../../../protocol/swarm.ts'
import { later, latest, type Said } from './said.ts'
import type { AgentFacts, SessionFacts } from './session.ts'

/** How late a hook may come in behind one that was sent after it. */
export const LATE_MS = 1_000
/** Prompts that are remembered one by one; they overtake only their neighbours. */
const MAX_TURNS = 8

/** What came in with one prompt's id. */
export interface Turn {
  /** Of anything: the prompt itself was there before. */
  firstAt: IsoTime
  promptAt: IsoTime | null
  stop: Said<string | null> | null
}

/** An id may be `__proto__`. */
const turnKey = (promptId: string): string => `/${promptId}`

/** The turn to write to; whatever carries its id is a sign of it. */
export function noteTurn(facts: SessionFacts, promptId: string, at: IsoTime): Turn | null {
  const key = turnKey(promptId)
  const known = facts.turns[key]
  if (known) {
    if (at < known.firstAt) known.firstAt = at
    return known
  }
  const keys = Object.keys(facts.turns)
  if (keys.length >= MAX_TURNS) {
    const rank = (of: string) => `${facts.turns[of]?.firstAt} ${of}`
    const oldest = keys.reduce((first, next) => (rank(next) < rank(first) ? next : first))
    if (`${at} ${key}` < rank(oldest)) return null
    delete facts.turns[oldest]
  }
  const made: Turn = { firstAt: at, promptAt: null, stop: null }
  facts.turns[key] = made
  return made
}

export interface TurnNow {
  promptAt: IsoTime | null
  stop: Said<string | null> | null
}

/** The last prompt, and the last stop that may be its. */
export function turnNow(facts: SessionFacts, main: AgentFacts | undefined): TurnNow {
  const turns = Object.values(facts.turns)
  let promptAt = main?.promptAt ?? null
  let last: Turn | null = null
  for (const turn of turns) {
    const at = beginOf(turn)
    if (at === null || (promptAt !== null && at < promptAt)) continue
    promptAt = at
    last = turn
  }
  let stop = main?.stop ?? null
  for (const turn of turns) {
    if (!turn.stop) continue
    // A former prompt's stop that came in behind the next prompt stops nothing of that.
    const isOvertaken = turn !== last && turn.promptAt !== null && promptAt !== null && turn.stop.at >= promptAt
    if (!isOvertaken) stop = latest(stop, turn.stop)
  }
  return { promptAt, stop }
}

function beginOf({ firstAt, promptAt }: Turn): IsoTime | null {
  if (promptAt === null) return null
  // What comes in so late is no laggard.
  return promptAt > firstAt && promptAt >= plusMs(firstAt, LATE_MS) ? promptAt : firstAt
}

/** Whether work that came in as begun after an end was, and did not only come in late: by then something of it must have come. */
export function goesOnAfter(endAt: IsoTime, beganAt: IsoTime | null, seenAt: IsoTime | null): boolean {
  if (beganAt === null || beganAt <= endAt) return false
  return (later(beganAt, seenAt) ?? beganAt) >= plusMs(endAt, LATE_MS)
}

export const plusMs = (at: IsoTime, ms: number): IsoTime => new Date(Date.parse(at) + ms).toISOString()
