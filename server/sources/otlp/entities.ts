// What is known of an agent from its spans → our entities. Spans come when they end, so nothing here says `busy`: an agent
// whose last step ended works on as far as anybody knows, and the page shows how long ago that was.

import type { Agent, AgentStatus, IsoTime, Link, Unnumbered } from '../../../protocol/swarm.ts'
import { addTokens, type LastSpan, type Share } from './spanTree.ts'

export interface AgentInput {
  id: string
  sourceId: string
  /** The name of this machine. */
  ownHost: string
  parentId: string | null
  share: Share
  /** As a former run stated it: all of it is older than the share. */
  former: Unnumbered<Agent> | null
}

const STATUSES: Record<LastSpan['type'], AgentStatus> = {
  ran: 'offline',
  made: 'idle',
  worked: 'active',
  rested: 'idle',
}

export function agentOf({ id, sourceId, ownHost, parentId, share, former }: AgentInput): Unnumbered<Agent> {
  const { last, lastTool } = share
  const isOver = last.type === 'ran'
  const at = iso(last.endMs)
  const status = isOver && last.failed ? 'error' : STATUSES[last.type]
  const tools = toolsOf(share, former)
  const tokens = addTokens(former?.tokens ?? null, share.tokens)
  const by = { source: sourceId, at }
  return {
    entity: 'agent',
    id,
    nativeId: share.nativeId,
    sourceId,
    origin: 'otlp',
    kind: 'observed',
    name: share.name ?? former?.name ?? share.nativeId,
    type: share.type,
    rawType: null,
    status,
    rawStatus: null,
    mock: false,
    swarmId: null,
    parentId: parentId ?? former?.parentId ?? null,
    model: share.model ?? former?.model ?? null,
    health: null,
    currentTask: null,
    tasksActive: null,
    tasksCompleted: null,
    tokens,
    costUsd: null,
    cpuUsage: null,
    memoryBytes: null,
    capabilities: null,
    activity: last.type === 'worked' ? `${last.toolName ?? 'model call'} ${last.failed ? 'failed' : 'done'}` : null,
    attention: null,
    project: share.service ?? former?.project ?? null,
    host: share.host ?? (share.isHere ? ownHost : (former?.host ?? null)),
    tools,
    // Since when it works is not told.
    statusSince: last.type === 'worked' ? null : at,
    createdAt: earlier(iso(share.beganMs), former?.createdAt ?? null),
    lastActiveAt: at,
    updatedAt: at,
    sources: { status: by, ...(tokens ? { tokens: by } : {}), ...(tools ? { tools: by } : {}) },
    openTools: null,
    lastTool: lastTool
      ? {
          id: lastTool.spanId,
          name: lastTool.toolName ?? 'tool',
          detail: null,
          at: iso(lastTool.endMs),
          durationMs: Math.round(lastTool.endMs - lastTool.startMs),
          ok: !lastTool.failed,
        }
      : (former?.lastTool ?? null),
    lastFailure: last.failed ? { what: failureOf(last), at } : null,
    unattributed: null,
    crossCheck: null,
    endedReason: !isOver ? null : last.failed ? failureOf(last) : 'finished',
    sessionId: share.conversationId ?? former?.sessionId ?? null,
  }
}

/** To the agent whose work it was part of; `null`: it hangs below none. */
export const linkOf = (agent: Unnumbered<Agent>, { beganMs }: Share): Unnumbered<Link> | null =>
  agent.parentId === null
    ? null
    : {
        entity: 'link',
        id: `${agent.id}/parent`,
        kind: 'spawned',
        sourceId: agent.sourceId,
        source: agent.parentId,
        target: agent.id,
        evidence: "its span is within the other one's",
        since: iso(beganMs),
        mock: false,
      }

function toolsOf({ tools, toolErrors, toolMs }: Share, former: Unnumbered<Agent> | null): Agent['tools'] {
  const before = former?.tools ?? null
  if (tools === 0) return before
  return {
    count: tools + (before?.count ?? 0),
    errors: toolErrors + (before?.errors ?? 0),
    durationMs: Math.round(toolMs) + (before?.durationMs ?? 0),
  }
}

const failureOf = ({ toolName, errorType, type }: LastSpan): string =>
  `${type === 'ran' ? 'failed' : `${toolName ?? 'model call'} failed`}${errorType ? `: ${errorType.slice(0, 100)}` : ''}`

const earlier = (a: IsoTime, b: IsoTime | null): IsoTime => (b !== null && b < a ? b : a)

const iso = (ms: number): IsoTime => new Date(ms).toISOString()
