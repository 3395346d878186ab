// Whether an agent waits for a person. Claude Code says when it asks, not when it is answered: that is seen by what goes on.

import type { Attention, IsoTime } from '../../../protocol/swarm.ts'
import { type CallRow, endOf } from './callRow.ts'
import { later } from './said.ts'
import type { AgentFacts, SessionFacts } from './session.ts'
import { LATE_MS, plusMs, type TurnNow } from './turns.ts'

/** Tools that are themselves a question. */
const ASKING_TOOLS: Readonly<Record<string, string>> = {
  AskUserQuestion: 'question',
  ExitPlanMode: 'plan to approve',
}
/** What is noted under another name than it is shown by. */
const SHOWN: Readonly<Record<string, string>> = { elicitation: 'question' }

export interface Working {
  now: TurnNow
  calls: ReadonlyMap<string, CallRow>
  /** Of those: what is under way. */
  open: readonly [string, CallRow][]
  callStartAt: IsoTime | null
}

export function attentionOf(facts: SessionFacts, agent: AgentFacts, working: Working): Attention | null {
  const pending: Attention[] = []
  for (const [, { name, startAt }] of working.open) {
    const reason = name !== null && Object.hasOwn(ASKING_TOOLS, name) ? ASKING_TOOLS[name] : undefined
    if (reason !== undefined && startAt !== null) pending.push({ reason, since: startAt })
  }
  for (const [asked, since] of Object.entries(agent.asks)) {
    if (isPending(asked, since, facts, agent, working)) pending.push({ reason: SHOWN[asked] ?? asked, since })
  }
  pending.sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : a.reason < b.reason ? -1 : 1))
  return pending[0] ?? null
}

function isPending(
  asked: string,
  since: IsoTime,
  { asksTold, questionsTold }: SessionFacts,
  { denials, elicitedAt, callAt }: AgentFacts,
  working: Working,
): boolean {
  const { now, callStartAt } = working
  const isAnsweredBy = (...moments: (IsoTime | null | undefined)[]): boolean =>
    moments.some((at) => at !== null && at !== undefined && at >= since)
  if (isAnsweredBy(now.promptAt, now.stop?.at)) return false
  const [kind, tool] = asked.split(': ')
  if (kind === 'permission') {
    // Told by `PermissionRequest` already.
    if (tool === undefined) return !asksTold && !isAnsweredBy(callAt, ...Object.values(denials))
    if (Object.hasOwn(ASKING_TOOLS, tool)) return false
    if (isAnsweredBy(Object.hasOwn(denials, tool) ? denials[tool] : null)) return false
    const may = askingCalls(since, working, (name) => name === tool)
    // A call is decided on once. One that was allowed before, beside it, was not asked for.
    if (may.some(({ isOpen, call }) => isOpen && call.allowedAt === null)) return true
    return may.length === 0 && !isAnsweredBy(callAt)
  }
  if (kind === 'elicitation') {
    if (isAnsweredBy(elicitedAt)) return false
    // A server asks while it is called: what else goes on answers nothing.
    const may = askingCalls(since, working, (name) => name.startsWith('mcp__'))
    return may.length === 0 || may.some(({ isOpen }) => isOpen)
  }
  if (kind === 'question') return !questionsTold && !isAnsweredBy(later(elicitedAt, callAt))
  return !isAnsweredBy(callStartAt)
}

/** Calls that something may be asked for: begun by then and not over, give or take what hooks come in late. */
function askingCalls(
  since: IsoTime,
  { now, calls, open }: Working,
  isTool: (name: string) => boolean,
): { call: CallRow; isOpen: boolean }[] {
  const begunBy = plusMs(since, LATE_MS)
  const endedBy = plusMs(since, -LATE_MS)
  const under = new Set(open.map(([, call]) => call))
  return [...calls.values()].flatMap((call) => {
    const { name, startAt } = call
    if (name === null || !isTool(name) || startAt === null || startAt > begunBy) return []
    const endedAt = endOf(call)
    const isOpen = under.has(call)
    // What a former prompt left open, or what had ended before, is not what is asked for.
    const isFormer = endedAt === null ? !isOpen && startAt < (now.promptAt ?? '') : endedAt <= endedBy
    return isFormer ? [] : [{ call, isOpen }]
  })
}
