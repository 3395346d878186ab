// Who called a subagent. Hooks do not say: its caller's result does, and spans do. Until one of them came it is inferred.

import type { IsoTime } from '../../../protocol/swarm.ts'
import { type CallRow, callsAgent, endOf } from './callRow.ts'
import { type AgentFacts, MAIN, type Session } from './session.ts'

export interface Parentage {
  parentId: string
  kind: 'spawned' | 'inferred'
  evidence: string
  /** The very call, if it is known for certain. */
  call: CallRow | null
}

/** As good as told. */
export const ONLY_CALLER = 'the only one that was calling a subagent when this one began'

/** Of all subagents of a session. */
export function parentageOf(session: Session): Map<string, Parentage> {
  const byChild = new Map<string, CallRow>()
  const bySpan = new Map<string, CallRow>()
  // In an order that does not depend on which came in first; one that is called again was called first by the first.
  const calls = [...session.linking]
    .filter(([, call]) => callsAgent(call))
    .sort(([aId, a], [bId, b]) => (`${beginOf(a)} ${aId}` < `${beginOf(b)} ${bId}` ? -1 : 1))
    .map(([, call]) => call)
  for (const call of calls) {
    if (call.childId !== null && !byChild.has(call.childId)) byChild.set(call.childId, call)
    if (call.execSpan !== null && !bySpan.has(call.execSpan)) bySpan.set(call.execSpan, call)
  }
  const found = new Map<string, Parentage>()
  const tied = new Map<CallRow, string>()
  for (const agent of session.agents.values()) {
    if (agent.id === MAIN) continue
    const byResult = byChild.get(agent.id)
    const bySpans = agent.underSpan ? bySpan.get(agent.underSpan.value) : undefined
    const call = byResult ?? (bySpans && bySpans.agent !== agent.id ? bySpans : undefined)
    if (call) tied.set(call, agent.id)
    const parentId = call?.agent ?? agent.parentId?.value
    if (parentId === undefined || parentId === null || !session.agents.has(parentId)) continue
    const evidence =
      call?.agent == null
        ? 'its spans name its parent'
        : call === byResult
          ? "its caller's result names it"
          : "its spans hang below its caller's call"
    found.set(agent.id, { parentId, kind: 'spawned', evidence, call: call ?? null })
  }
  const untied = calls.filter((call) => !tied.has(call))
  for (const agent of session.agents.values()) {
    if (agent.id !== MAIN && !found.has(agent.id)) found.set(agent.id, inferred(session, agent, untied))
  }
  const circled = [...found.keys()].filter((id) => isCircle(id, found))
  for (const id of circled) found.set(id, { ...circle, call: found.get(id)?.call ?? null })
  return found
}

const circle: Omit<Parentage, 'call'> = {
  parentId: MAIN,
  kind: 'inferred',
  evidence: 'what names its caller leads in a circle',
}

function inferred(session: Session, agent: AgentFacts, calls: readonly CallRow[]): Parentage {
  const callers = new Set<string>()
  for (const call of calls) {
    if (call.agent === null || call.agent === agent.id || !session.agents.has(call.agent)) continue
    if (wasOpenAt(call, agent.firstStartAt)) callers.add(call.agent)
  }
  const [caller] = callers
  const base = { kind: 'inferred' as const, call: null }
  if (caller !== undefined && callers.size === 1) {
    return { ...base, parentId: caller, evidence: ONLY_CALLER }
  }
  const evidence =
    callers.size > 1
      ? `began in this session while ${callers.size} agents were calling subagents`
      : 'began in this session; who called it is not told'
  return { ...base, parentId: MAIN, evidence }
}

function wasOpenAt(call: CallRow, at: IsoTime | null): boolean {
  if (at === null || call.startAt === null || call.startAt > at) return false
  const endAt = endOf(call)
  return endAt === null || endAt >= at
}

const beginOf = (call: CallRow): IsoTime => call.startAt ?? call.at

function isCircle(id: string, found: ReadonlyMap<string, Parentage>): boolean {
  const seen = new Set<string>()
  for (let at: string | undefined = id; at !== undefined && at !== MAIN; at = found.get(at)?.parentId) {
    if (seen.has(at)) return true
    seen.add(at)
  }
  return false
}
