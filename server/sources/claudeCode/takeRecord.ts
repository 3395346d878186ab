// One record → the facts of its session. Nothing here looks at what is known already but to keep the later, the earlier or
// the certain: that is what makes the order of records not matter.

import type { IsoTime, TokenCounts } from '../../../protocol/swarm.ts'
import { betterHost } from './machine.ts'
import type {
  ApiRequestRecord,
  ClaudeCodeRecord,
  HookRecord,
  HookTool,
  LlmSpanRecord,
  ToolSpanRecord,
  UsageMetricRecord,
} from './records.ts'
import { earlier, earliest, later, latest } from './said.ts'
import { type AgentFacts, MAIN, noteLast, noteWrite, type Session } from './session.ts'
import { noteTurn, type Turn } from './turns.ts'
import { nanoOf } from './usage.ts'

/** What became of it, for the counts. */
export type Taken = 'taken' | 'late'

export function takeRecord(session: Session, record: ClaudeCodeRecord): Taken {
  const { facts } = session
  const { host, isHere, firstAt } = facts
  facts.firstAt = earlier(firstAt, record.at) ?? record.at
  if (facts.firstAt !== firstAt) session.dirtyAgents.add(MAIN)
  if (record.type !== 'process-gone') facts.heardAt = later(facts.heardAt, record.at) ?? record.at
  facts.host = betterHost(host, record.host)
  facts.isHere ||= record.isHere
  if (facts.host !== host || facts.isHere !== isHere) session.isDirty = true
  switch (record.type) {
    case 'hook':
      return takeHook(session, record)
    case 'api-request':
      return takeRequest(session, record)
    case 'llm-span':
      return takeLlmSpan(session, record)
    case 'tool-span':
      return takeToolSpan(session, record)
    case 'tool-result': {
      const call = session.call(record.toolUseId, record.at)
      if (!call) return 'late'
      call.name = certain(call.name, record.toolName)
      call.toldEndAt = earlier(call.toldEndAt, record.at)
      call.failed ||= record.success === false
      call.durations[1] = greater(call.durations[1], record.durationMs)
      session.callChanged(record.toolUseId, call)
      return 'taken'
    }
    case 'tool-decision': {
      const call = session.call(record.toolUseId, record.at)
      if (!call) return 'late'
      if (record.accepted) call.allowedAt = later(call.allowedAt, record.at)
      else {
        // One that is refused never runs, and tells nothing more of itself.
        call.toldEndAt = earlier(call.toldEndAt, record.at)
        call.failed = true
      }
      session.callChanged(record.toolUseId, call)
      return 'taken'
    }
    case 'usage-metric':
      return takeMetric(session, record)
    case 'subagent-completed':
      session.agent(MAIN, record.at)
      return 'taken'
    case 'process-gone':
      facts.gone = latest(facts.gone, { at: record.at, value: record.pid })
      session.isDirty = true
      return 'taken'
    default:
      return record satisfies never
  }
}

const CALL_EVENTS: ReadonlySet<HookRecord['event']> = new Set([
  'PreToolUse',
  'PostToolUse',
  'PostToolUseFailure',
  'PermissionDenied',
])

function takeHook(session: Session, hook: HookRecord): Taken {
  const { at, event } = hook
  const { facts } = session
  if (hook.project !== null) {
    const known = facts.project?.value
    facts.project = earliest(facts.project, { at, value: hook.project })
    if (facts.project.value !== known) session.isDirty = true
  }
  if (hook.parentPid !== null) {
    facts.process = latest(facts.process, { at, value: { pid: hook.parentPid, start: hook.parentStart } })
    session.isDirty = true
  }
  // What begins, ends or is asked anew of a session may concern all of it; calls are most of what comes, and concern one agent.
  if (hook.agentId === null && (!CALL_EVENTS.has(event) || facts.end || facts.gone)) session.isDirty = true
  // The main agent is there, whoever of its session is heard.
  if (hook.agentId !== null) session.agent(MAIN, '')
  const agent = session.agent(hook.agentId ?? MAIN, at)
  if (!agent) return 'late'
  const turn = hook.promptId === null ? null : turnOf(session, hook.promptId, at)
  if (!isAboutOthers(hook)) agent.hookedAt = later(agent.hookedAt, at)
  if (hook.agentType !== null && hook.agentId !== null) agent.type = latest(agent.type, { at, value: hook.agentType })
  if (hook.tool && hook.tool.useId !== null && CALL_EVENTS.has(event))
    return takeCall(session, agent, hook, hook.tool, hook.tool.useId)
  switch (event) {
    case 'SessionStart':
      if (hook.reason !== 'compact') agent.firstStartAt = earlier(agent.firstStartAt, at)
      // A session starts up once, before all else; what is only made smaller goes on.
      if (hook.reason !== 'compact' && hook.reason !== 'startup') agent.startAt = later(agent.startAt, at)
      if (hook.model !== null) agent.model = latest(agent.model, { at, value: hook.model })
      break
    case 'SubagentStart':
      agent.firstStartAt = earlier(agent.firstStartAt, at)
      agent.startAt = later(agent.startAt, at)
      session.areLinksDirty = true
      break
    case 'UserPromptSubmit':
      if (turn) turn.promptAt = later(turn.promptAt, at)
      else if (hook.promptId === null) agent.promptAt = later(agent.promptAt, at)
      break
    case 'SubagentStop':
      agent.stop = latest(agent.stop, { at, value: null })
      break
    case 'Stop':
      noteStop(agent, hook, turn, null)
      if (hook.agentId === null && hook.running) facts.running = latest(facts.running, { at, value: hook.running })
      break
    case 'StopFailure':
      noteStop(agent, hook, turn, hook.reason ?? 'unknown')
      agent.failure = latest(agent.failure, { at, value: `stop failed: ${hook.reason ?? 'unknown'}` })
      break
    case 'SessionEnd':
      facts.end = latest(facts.end, { at, value: hook.reason ?? 'other' })
      break
    case 'PermissionRequest':
      facts.asksTold = true
      session.dirtyAgents.add(MAIN)
      noteLast(agent.asks, `permission: ${hook.tool?.name ?? 'a tool'}`, at)
      break
    case 'PermissionDenied':
      noteLast(agent.denials, hook.tool?.name ?? '', at)
      break
    case 'Elicitation':
      if (!facts.questionsTold) session.isDirty = true
      facts.questionsTold = true
      noteLast(agent.asks, 'elicitation', at)
      break
    case 'ElicitationResult':
      agent.elicitedAt = later(agent.elicitedAt, at)
      break
    case 'Notification':
      takeNotification(agent, hook)
      break
    case 'PostToolBatch':
      for (const useId of hook.endedUseIds) {
        const call = session.call(useId, at)
        if (!call) continue
        call.agent = certain(call.agent, agent.id)
        call.hooked = true
        call.endAt = earlier(call.endAt, at)
        agent.callAt = later(agent.callAt, at)
        session.callChanged(useId, call)
      }
      break
    default:
      break // a sign of life
  }
  return 'taken'
}

/** What carries the id of a prompt may tell that it was there earlier than it came in. */
function turnOf(session: Session, promptId: string, at: IsoTime): Turn | null {
  const turn = noteTurn(session.facts, promptId, at)
  if (turn?.promptAt && turn.firstAt === at) session.isDirty = true
  return turn
}

function noteStop(agent: AgentFacts, { agentId, promptId, at }: HookRecord, turn: Turn | null, value: string | null) {
  if (agentId !== null || promptId === null) agent.stop = latest(agent.stop, { at, value })
  else if (turn) turn.stop = latest(turn.stop, { at, value })
}

/** Told in the session, not by its main agent. */
const isAboutOthers = ({ event, agentId }: HookRecord): boolean =>
  agentId === null && (event === 'FileChanged' || event === 'ConfigChange' || event === 'other')

/** What a notification asks for. */
const ASKED: Readonly<Record<string, string>> = {
  permission_prompt: 'permission',
  idle_prompt: 'waiting for input',
  agent_needs_input: 'needs input',
  elicitation_dialog: 'question',
  elicitation_url_dialog: 'question',
}

function takeNotification(agent: AgentFacts, { reason, at }: HookRecord): void {
  const asked = reason !== null && Object.hasOwn(ASKED, reason) ? ASKED[reason] : undefined
  if (asked !== undefined) noteLast(agent.asks, asked, at)
  else if (reason === 'elicitation_complete' || reason === 'elicitation_response') {
    agent.elicitedAt = later(agent.elicitedAt, at)
  }
}

function takeCall(session: Session, agent: AgentFacts, hook: HookRecord, tool: HookTool, useId: string): Taken {
  const { at, event } = hook
  const call = session.call(useId, at)
  if (!call) return 'late'
  call.hooked = true
  call.agent = certain(call.agent, agent.id)
  call.name = certain(call.name, tool.name)
  call.detail = certain(call.detail, tool.detail)
  call.description = certain(call.description, tool.description)
  call.to = certain(call.to, tool.to)
  if (tool.file) call.file = call.file && call.file.hash <= tool.file.hash ? call.file : tool.file
  agent.callAt = later(agent.callAt, at)
  if (event === 'PreToolUse') {
    call.startAt = earlier(call.startAt, at)
  } else {
    call.endAt = earlier(call.endAt, at)
    call.durations[0] = greater(call.durations[0], hook.durationMs)
    if (event === 'PostToolUseFailure' || event === 'PermissionDenied') {
      call.failed = true
      const what = `${tool.name} ${event === 'PermissionDenied' ? 'denied' : 'failed'}`
      agent.failure = latest(agent.failure, { at, value: what })
    }
  }
  if (hook.registered) call.registered = hook.registered
  // Until its call has ended well nothing is written: it may be refused, or fail.
  if (tool.file && event === 'PostToolUse') {
    noteWrite(agent, tool.file, at)
    session.changedWrites.add(agent.id)
  }
  if (hook.childId !== null) {
    const child = session.agent(hook.childId, '')
    call.childId = certain(call.childId, hook.childId)
    if (child && hook.childDone) child.doneAt = later(child.doneAt, at)
  }
  session.callChanged(useId, call)
  return 'taken'
}

function takeRequest(session: Session, record: ApiRequestRecord): Taken {
  session.agent(MAIN, record.at)
  const key = record.requestId === null ? `?${record.sequence ?? ''} ${record.at}` : record.requestId
  const row = session.request(key, record.at)
  if (!row) return 'late'
  // Of two that contradict each other always the same one counts, of each figure: one that is told, and the greater.
  row.tokens = greaterOf(row.tokens, record.tokens)
  row.nanoUsd = greater(row.nanoUsd, nanoOf(record.costUsd))
  session.usageChanged(row.agent)
  return 'taken'
}

function takeLlmSpan(session: Session, span: LlmSpanRecord): Taken {
  const { at } = span
  session.agent(MAIN, '')
  const agent = session.agent(span.agentId ?? MAIN, at)
  if (agent && span.model !== null) agent.model = latest(agent.model, { at, value: span.model })
  if (agent && span.parentAgentId !== null && span.agentId !== null) {
    agent.parentId = earliest(agent.parentId, { at, value: span.parentAgentId })
    session.areLinksDirty = true
  }
  if (agent && span.agentId !== null && span.parentSpanId !== null) {
    const known = agent.underSpan?.value
    agent.underSpan = earliest(agent.underSpan, { at: span.startAt, value: span.parentSpanId })
    if (agent.underSpan.value !== known) session.areLinksDirty = true
  }
  if (span.requestId === null) return 'taken'
  const row = session.request(span.requestId, at)
  if (!row) return 'late'
  const former = row.agent
  row.agent = certain(row.agent, span.agentId ?? MAIN)
  session.usageChanged(row.agent)
  if (former !== null) session.dirtyAgents.add(former)
  return agent ? 'taken' : 'late'
}

function takeToolSpan(session: Session, span: ToolSpanRecord): Taken {
  session.agent(MAIN, '')
  if (span.toolUseId === null) return 'taken'
  const call = session.call(span.toolUseId, span.at)
  if (!call) return 'late'
  if (span.toolName !== null) call.name = certain(call.name, span.toolName)
  if (span.span === 'execution') call.execSpan = certain(call.execSpan, span.spanId)
  else {
    call.agent = certain(call.agent, span.agentId ?? MAIN)
    const agent = session.agent(span.agentId ?? MAIN, span.at)
    if (agent && span.agentId !== null && span.parentAgentId !== null) {
      agent.parentId = earliest(agent.parentId, { at: span.at, value: span.parentAgentId })
      session.areLinksDirty = true
    }
  }
  call.failed ||= span.success === false
  call.toldEndAt = earlier(call.toldEndAt, span.at)
  call.durations[2] = greater(call.durations[2], Math.max(0, Date.parse(span.at) - Date.parse(span.startAt)))
  session.callChanged(span.toolUseId, call)
  return 'taken'
}

function takeMetric(session: Session, point: UsageMetricRecord): Taken {
  session.agent(MAIN, point.at)
  const { facts } = session
  const value = point.field === 'costUsd' ? (nanoOf(point.value) ?? 0) : point.value
  // A sum that grows is one row for as long as it grows (a new start is a new one), a step is one for each.
  const key = `${point.field} ${point.series} ${point.startAt ?? ''} ${point.temporality === 'delta' ? point.at : ''}`
  const row = session.points.at(key, point.at, () => ({ at: point.at, field: point.field, value }))
  if (!row) return 'late'
  if (value > row.value) row.value = value
  facts.metricsAt = later(facts.metricsAt, point.at)
  return 'taken'
}

/** Said differently by two it would be a lie of one of them: always the same one is believed. */
function certain<T extends string>(known: T | null, said: T | null): T | null {
  return known === null || (said !== null && said < known) ? said : known
}

function greaterOf(known: TokenCounts | null, said: TokenCounts): TokenCounts {
  if (known === null) return said
  return {
    input: greater(known.input, said.input),
    output: greater(known.output, said.output),
    cacheRead: greater(known.cacheRead, said.cacheRead),
    cacheWrite: greater(known.cacheWrite, said.cacheWrite),
  }
}

const greater = (a: number | null, b: number | null): number | null => (a === null || (b !== null && b > a) ? b : a)
