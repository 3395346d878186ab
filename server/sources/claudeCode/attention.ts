// Whether an agent waits for a person. Claude Code says when it asks, not when it is answered: that is seen by what goes on.

import type { Attention, IsoTime } from '../../../protocol/swarm.ts'
import { type CallRow, isOpen } from './callRow.ts'
import { type AgentFacts, later, type SessionFacts } from './session.ts'

/** Tools that are themselves a question. */
const ASKING_TOOLS: Readonly<Record<string, string>> = {
  AskUserQuestion: 'question',
  ExitPlanMode: 'plan to approve',
}
/** A call's own hook may come in a moment after the one that asks for it. */
const SLACK_MS = 1_000

/** `open`: its open calls; `calls`: all of its calls. */
export function attentionOf(
  { asksTold }: SessionFacts,
  agent: AgentFacts,
  calls: ReadonlyMap<string, CallRow>,
  open: readonly [string, CallRow][],
): Attention | null {
  const pending: Attention[] = []
  for (const [, { name, startAt }] of open) {
    const reason = name !== null && Object.hasOwn(ASKING_TOOLS, name) ? ASKING_TOOLS[name] : undefined
    if (reason !== undefined && startAt !== null) pending.push({ reason, since: startAt })
  }
  for (const [reason, since] of Object.entries(agent.asks)) {
    if (isPending(reason, since, asksTold, agent, calls)) pending.push({ reason, since })
  }
  pending.sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : a.reason < b.reason ? -1 : 1))
  return pending[0] ?? null
}

function isPending(
  reason: string,
  since: IsoTime,
  asksTold: boolean,
  agent: AgentFacts,
  calls: ReadonlyMap<string, CallRow>,
): boolean {
  const { promptAt, stop, deniedAt, elicitedAt, callAt, callStartAt } = agent
  const isAnsweredBy = (...moments: (IsoTime | null)[]): boolean => moments.some((at) => at !== null && at >= since)
  if (isAnsweredBy(promptAt, stop?.at ?? null)) return false
  const [kind, tool] = reason.split(': ')
  if (kind === 'permission') {
    if (isAnsweredBy(deniedAt)) return false
    // Told by `PermissionRequest` already.
    if (tool === undefined) return !asksTold && !isAnsweredBy(callAt)
    if (Object.hasOwn(ASKING_TOOLS, tool)) return false
    const latestStart = new Date(Date.parse(since) + SLACK_MS).toISOString()
    const asked = [...calls.values()].filter(
      ({ name, startAt }) => name === tool && startAt !== null && startAt <= latestStart,
    )
    // A call is decided on once. One that was allowed before, beside it, was not asked for.
    if (asked.some((call) => isOpen(call) && call.allowedAt === null)) return true
    return asked.length === 0 && !isAnsweredBy(callAt)
  }
  return !isAnsweredBy(kind === 'question' ? later(elicitedAt, callAt) : callStartAt)
}
