// Who an operator can have claude-flow do something with: one of its own agents, while it is there to obey.

import { isLive } from '../../protocol/derive.ts'
import type { Agent } from '../../protocol/swarm.ts'
import { isLineDown, type Line } from './line.ts'

/** Of now; whether the past is shown is the caller's to ask. */
export function isCommandable(agent: Agent, line: Line, nowMs: number): boolean {
  if (line.role !== 'operator' || isLineDown(line, nowMs) || line.status?.mode !== 'live') return false
  if (agent.origin !== 'claude-flow' || agent.mock) return false
  // The mode is live while any source is, so that Claude Code's line would stand in for a claude-flow that is lost.
  const source = line.status.sources.find(({ id }) => id === agent.sourceId)
  // Its files may be read where there is no program to take commands.
  return source !== undefined && isLive(source) && source.lastError?.code !== 'CHILD_NOT_FOUND'
}
