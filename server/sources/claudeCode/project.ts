// The facts of a session → its agents and links, as they are at a moment. Pure.

import type {
  Agent,
  EndedTool,
  IsoTime,
  Link,
  OpenTool,
  Provenance,
  ToolCounts,
  Unnumbered,
} from '../../../protocol/swarm.ts'
import { MAX_OPEN_TOOLS } from '../../../protocol/swarm.ts'
import { roleOf } from '../claudeFlow/spelling.ts'
import type { AgentCalls } from './agentCalls.ts'
import { attentionOf } from './attention.ts'
import { type CallRow, durationOf } from './callRow.ts'
import { callStartOf, type Ending, endingOf } from './ending.ts'
import { nameOf } from './machine.ts'
import { type Parentage, parentageOf } from './parentage.ts'
import { later } from './said.ts'
import { type AgentFacts, MAIN, type Session } from './session.ts'
import { goesOnAfter, LATE_MS, plusMs, type TurnNow, turnNow } from './turns.ts'
import { addUsage, isNoUsage, NO_USAGE, type UsageSum, usageOf } from './usage.ts'

const ORIGIN = 'claude-code'
/** How long a call of another agent is drawn as traffic. */
export const MESSAGE_KEPT_MS = 2 * 60_000
/** What ended stays in the picture for so long. */
export const ENDED_KEPT_MS = 15 * 60_000
/** A session whose end nobody saw. */
export const SILENT_KEPT_MS = 12 * 60 * 60_000
/** A session's id is long: this much of it tells two apart in a list. */
const SHORT_ID = 8

export interface Place {
  /** Of our own machine: sessions of others have sources of their own. */
  host: string
  nowMs: number
}

export interface Picture {
  /** By `AgentFacts.id`. */
  agents: Map<string, Unnumbered<Agent>>
  links: Unnumbered<Link>[]
  parentage: Map<string, Parentage>
  /** Agents that claude-flow was told of by the session's own tool calls. */
  registrations: Registration[]
  /** When the links will be different by time alone, in ms since 1970. */
  linksDueMs: number
}

/** What is another one than in the picture before. */
export interface Repainted {
  agents: string[]
  links: boolean
}

export interface Registration {
  /** Id of the agent that registered it, and its source. */
  by: string
  sourceId: string
  project: string | null
  nativeId: string
  createdAt: IsoTime | null
  at: IsoTime
}

function sourceIdOf({ facts }: Session, ownHost: string): string {
  const name = nameOf(facts, ownHost)
  return name === null || name === ownHost ? ORIGIN : `${ORIGIN}:${name}`
}

const agentIdOf = (session: Session, ownHost: string, id: string): string => {
  const main = `${sourceIdOf(session, ownHost)}/${session.facts.id}`
  return id === MAIN ? main : `${main}/${id}`
}

/** Puts anew into the picture what may be another one; all of it, if there is none. */
export function repaint(session: Session, former: Picture | undefined, { host, nowMs }: Place): [Picture, Repainted] {
  const idOf = (id: string) => agentIdOf(session, host, id)
  const context: Context = { session, host, sourceId: sourceIdOf(session, host), idOf }
  const isAnew = !former || session.isDirty
  const links = isAnew || session.areLinksDirty || former.linksDueMs <= nowMs
  const parentage = links ? parentageOf(session) : former.parentage
  const dirty = isAnew ? new Set([...session.agents.keys(), ...(former?.agents.keys() ?? [])]) : session.dirtyAgents
  if (links && former && !isAnew) {
    for (const [id, parent] of parentage) {
      const isOther = parent.call !== null && session.changedLinking.has(parent.call)
      if (isOther || !isSame(parent, former.parentage.get(id))) dirty.add(id)
    }
    // Whose child one is decides whether it still runs below one that does.
    if (session.facts.running && dirty.size > 0) for (const id of parentage.keys()) dirty.add(id)
  }
  const agents = former?.agents ?? new Map<string, Unnumbered<Agent>>()
  for (const id of dirty) {
    const agent = session.agents.get(id)
    if (agent) agents.set(id, projectAgent(context, agent, session.callsOf(id), parentage))
    else agents.delete(id)
  }
  const repainted = { agents: [...dirty], links }
  session.isDirty = false
  session.areLinksDirty = false
  if (links) session.changedLinking.clear()
  session.dirtyAgents.clear()
  if (!links) return [{ ...former, agents }, repainted]
  const parents = [...parentage].map(([id, { kind, evidence, parentId }]) =>
    linkOf(context, kind, parentId, id, evidence, session.agents.get(id)?.firstStartAt ?? null),
  )
  const messages = projectMessages(context, parentage, nowMs)
  const registrations = registrationsOf(context)
  return [
    { agents, links: [...parents, ...messages.links], parentage, registrations, linksDueMs: messages.dueMs },
    repainted,
  ]
}

/** When an agent leaves the picture by time alone, in ms since 1970. */
export const agentDueMs = ({ status, statusSince }: Unnumbered<Agent>): number =>
  status === 'offline' && statusSince !== null ? Date.parse(statusSince) + ENDED_KEPT_MS : Number.POSITIVE_INFINITY

const isSame = (a: Parentage, b: Parentage | undefined): boolean =>
  a.parentId === b?.parentId && a.kind === b.kind && a.evidence === b.evidence && a.call === b.call

function registrationsOf({ session, sourceId, idOf }: Context): Registration[] {
  const found: Registration[] = []
  const project = session.facts.project?.value ?? null
  for (const [, { registered, agent, endAt, at }] of session.linking) {
    if (!registered || agent === null || !session.agents.has(agent)) continue
    found.push({ ...registered, by: idOf(agent), sourceId, project, at: endAt ?? at })
  }
  return found
}

interface Context {
  session: Session
  host: string
  sourceId: string
  idOf: (id: string) => string
}

function projectAgent(
  { session, host, sourceId, idOf }: Context,
  agent: AgentFacts,
  calls: AgentCalls,
  parentage: ReadonlyMap<string, Parentage>,
): Unnumbered<Agent> {
  const { facts } = session
  const isMain = agent.id === MAIN
  const parent = parentage.get(agent.id) ?? null
  const turn = turnNow(facts, session.agents.get(MAIN))
  const now = isMain ? turn : { promptAt: null, stop: agent.stop }
  const callStartAt = callStartOf(agent, calls.lastBegin)
  const ending = endingOf(session, agent, parentage)
  const work = workOf(agent, calls, now)
  const open = ending ? [] : work.open
  const attention = ending ? null : attentionOf(facts, agent, { now, calls: calls.all, open, callStartAt })
  const { status, since } = statusOf(agent, { ending, open, now, callStartAt })
  const openTools = open.slice(-MAX_OPEN_TOOLS).map(openTool)
  const recent = session.usage.get(agent.id)
  const { tokens, costUsd } = usageOf(addUsage(agent.settledUsage, recent ?? NO_USAGE))
  const usedAt = recent?.at ?? null
  const tools = work.tools.count === 0 && agent.hookedAt === null ? null : work.tools
  const failure = agent.failure && agent.failure.at > (turn.promptAt ?? '') ? agent.failure : null
  const description = parent?.call?.description ?? null
  const type = agent.type?.value ?? null
  const project = facts.project?.value ?? null
  const name = isMain
    ? `${project ?? 'session'} ${facts.id.slice(0, SHORT_ID)}`
    : `${type ?? 'subagent'} ${agent.id.slice(0, SHORT_ID)}`
  const crossCheck = isMain ? crossCheckOf(session) : null
  const unattributed = isMain ? unattributedOf(session) : null
  const said = (value: unknown, source: string, at: IsoTime | null): Provenance | null =>
    value === null ? null : { source, at }
  const sources = Object.fromEntries(
    Object.entries({
      status: agent.hookedAt === null && !ending ? null : said(status, 'hooks', since),
      attention: said(attention, 'hooks', attention?.since ?? null),
      model: said(agent.model, 'hooks and traces', agent.model?.at ?? null),
      parentId: said(parent, parent?.evidence ?? '', agent.firstStartAt),
      currentTask: said(description, "its caller's call", null),
      tokens: said(tokens, 'log api_request', usedAt),
      costUsd: said(costUsd, 'log api_request', usedAt),
      unattributed: said(unattributed, 'log api_request', session.usage.get(null)?.at ?? null),
      crossCheck: said(crossCheck, 'metrics', crossCheck?.at ?? null),
      tools: said(tools, 'hooks and telemetry', agent.callAt),
    }).filter((entry): entry is [string, Provenance] => entry[1] !== null),
  )
  return {
    entity: 'agent',
    id: idOf(agent.id),
    nativeId: isMain ? facts.id : agent.id,
    sourceId,
    origin: ORIGIN,
    kind: 'observed',
    name,
    type: isMain ? 'main' : type === null ? 'subagent' : roleOf(type),
    rawType: isMain ? null : type,
    status,
    rawStatus: null,
    mock: false,
    swarmId: null,
    parentId: parent ? idOf(parent.parentId) : null,
    model: agent.model?.value ?? null,
    health: null,
    currentTask: description,
    tasksActive: null,
    tasksCompleted: null,
    tokens,
    costUsd,
    cpuUsage: null,
    memoryBytes: null,
    capabilities: null,
    activity: activityOf(openTools),
    attention,
    project,
    host: nameOf(facts, host),
    tools,
    statusSince: since,
    createdAt: agent.firstStartAt,
    lastActiveAt: agent.heardAt || null,
    updatedAt: later(agent.heardAt, ending?.at ?? null) || facts.firstAt,
    sources,
    openTools: agent.hookedAt === null ? null : openTools,
    lastTool: work.last,
    lastFailure: failure && { what: failure.value, at: failure.at },
    unattributed,
    crossCheck,
    endedReason: ending?.reason ?? null,
    sessionId: facts.id,
  }
}

interface Doing {
  ending: Ending | null
  open: readonly [string, CallRow][]
  now: TurnNow
  callStartAt: IsoTime | null
}

function statusOf(
  agent: AgentFacts,
  { ending, open, now, callStartAt }: Doing,
): { status: Agent['status']; since: IsoTime | null } {
  if (ending) return { status: 'offline', since: ending.at }
  // Telemetry alone comes late, and does not tell when work ends.
  if (agent.hookedAt === null) return { status: 'unknown', since: null }
  const oldest = open[0]?.[1].startAt
  if (oldest !== undefined) return { status: 'busy', since: oldest }
  const isMain = agent.id === MAIN
  const workAt = later(later(now.promptAt, callStartAt), isMain ? null : agent.startAt)
  const { stop } = now
  const isPrompted = stop !== null && (now.promptAt ?? '') > stop.at
  if (stop && !isPrompted && !goesOnAfter(stop.at, workAt, agent.callAt))
    return { status: stop.value === null ? 'idle' : 'error', since: stop.at }
  const isNew = isMain && agent.startAt !== null && agent.startAt > (workAt ?? '')
  if (isNew || (workAt === null && isMain && agent.callAt === null))
    return { status: 'idle', since: agent.startAt ?? agent.firstStartAt }
  return { status: 'active', since: later(workAt, agent.callAt) }
}

const openTool = ([id, { name, detail, startAt, at }]: [string, CallRow]): OpenTool => ({
  id,
  name: name ?? 'a tool',
  detail,
  since: startAt ?? at,
})

function activityOf(open: readonly OpenTool[]): string | null {
  const newest = open.at(-1)
  return newest ? [newest.name, newest.detail].filter((part) => part !== null).join(' ') : null
}

interface Work {
  tools: ToolCounts
  last: EndedTool | null
  /** Under way, the newest last. */
  open: [string, CallRow][]
}

function workOf(agent: AgentFacts, calls: AgentCalls, now: TurnNow): Work {
  const settled = agent.settledTools
  const { sum } = calls
  const count = settled.count + sum.count
  const durationMs = settled.durationMs + sum.durationMs
  // How long calls took that nobody told the time of is not 0.
  const isTold = count === 0 || settled.durationMs > 0 || sum.timed > 0
  const tools = { count, errors: settled.errors + sum.errors, durationMs: isTold ? durationMs : null }
  const open = [...calls.unended].filter(([, call]) => isUnderWay(agent, call, now))
  open.sort(([aId, a], [bId, b]) => (`${a.startAt} ${aId}` < `${b.startAt} ${bId}` ? -1 : 1))
  return { tools, last: endedTool(calls.last()), open }
}

const endedTool = (last: ReturnType<AgentCalls['last']>): EndedTool | null =>
  last && {
    id: last[0],
    name: last[1].name ?? 'a tool',
    detail: last[1].detail,
    at: last[2],
    durationMs: durationOf(last[1]),
    ok: !last[1].failed,
  }

/** A stop or a new prompt ends what did not end by itself. */
function isUnderWay(agent: AgentFacts, { startAt }: CallRow, { promptAt, stop }: TurnNow): boolean {
  if (startAt === null) return false
  // What began anew is another process or run: what the former one did is over. A subagent's first call may overtake its start.
  const isFormer =
    agent.startAt !== null &&
    startAt < agent.startAt &&
    (agent.id === MAIN || startAt <= plusMs(agent.startAt, -LATE_MS))
  if (isFormer || startAt < (promptAt ?? '')) return false
  if (stop === null || (promptAt ?? '') > stop.at) return true
  return goesOnAfter(stop.at, startAt, agent.callAt)
}

/** What the session used and no agent of it that is there. */
function unattributedOf(session: Session): Agent['unattributed'] {
  let sum: UsageSum = session.facts.settledUsage
  for (const [agent, usage] of session.usage) {
    if (agent === null || !session.agents.has(agent)) sum = addUsage(sum, usage)
  }
  return isNoUsage(sum) ? null : usageOf(sum)
}

function crossCheckOf({ facts, totalMetrics }: Session): Agent['crossCheck'] {
  return facts.metricsAt === null ? null : { ...usageOf(totalMetrics), at: facts.metricsAt }
}

/** One agent's work called another: by `Agent`, or by a message to it. */
function projectMessages(
  context: Context,
  parentage: ReadonlyMap<string, Parentage>,
  nowMs: number,
): { links: Unnumbered<Link>[]; dueMs: number } {
  const childOf = new Map<CallRow, string>()
  for (const [id, { call, kind }] of parentage) if (call && kind === 'spawned') childOf.set(call, id)
  const found = new Map<string, { from: string; to: string; at: IsoTime; tool: string }>()
  let dueMs = Number.POSITIVE_INFINITY
  for (const [, call] of context.session.linking) {
    const to = childOf.get(call) ?? call.childId ?? call.to
    const { agent: from, name } = call
    if (to === null || from === null || name === null || to === from) continue
    if (!context.session.agents.has(to) || !context.session.agents.has(from)) continue
    const at = call.startAt ?? call.at
    const untilMs = Date.parse(at) + MESSAGE_KEPT_MS
    if (untilMs <= nowMs) continue
    dueMs = Math.min(dueMs, untilMs)
    const key = `${from}\n${to}`
    const known = found.get(key)
    if (!known || `${at} ${name}` > `${known.at} ${known.tool}`) found.set(key, { from, to, at, tool: name })
  }
  const links = [...found.values()].map(({ from, to, at, tool }) =>
    linkOf(context, 'message', from, to, `called it by ${tool}`, at),
  )
  return { links, dueMs }
}

function linkOf(
  { sourceId, idOf }: Context,
  kind: Link['kind'],
  from: string,
  to: string,
  evidence: string,
  since: IsoTime | null,
): Unnumbered<Link> {
  const source = idOf(from)
  const target = idOf(to)
  return {
    entity: 'link',
    id: `${source}/${kind}/${target}`,
    kind,
    sourceId,
    source,
    target,
    evidence,
    since,
    mock: false,
  }
}
