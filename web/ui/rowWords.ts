// What a row says below the name: why somebody should look, else what the agent does, or is.

import type { Agent } from '../../protocol/swarm.ts'
import { stateMs } from '../store/agentFigures.ts'
import { taskText } from '../store/agentOrder.ts'
import type { Concern } from '../store/concerns.ts'
import { type Look, lookOf, statusText } from '../theme/status.ts'

export interface RowWords {
  text: string
  tone: 'needs-you' | 'failed' | 'stuck' | 'quiet' | null
  /** Since when it is so, in ms since 1970, where that is worth a word. */
  sinceMs: number | null
}

export function rowWords(agent: Agent, concern: Concern | undefined): RowWords {
  const { attention, lastFailure } = agent
  if (attention) return { text: attention.reason, tone: 'needs-you', sinceMs: Date.parse(attention.since) }
  if (lookOf(agent) === 'failed') {
    const text = lastFailure?.what ?? plainWords(agent)
    return { text, tone: 'failed', sinceMs: lastFailure ? Date.parse(lastFailure.at) : null }
  }
  // The reason tells the time itself.
  if (concern?.stuck) return { text: `stuck: ${concern.stuck.reason}`, tone: 'stuck', sinceMs: null }
  const text = plainWords(agent)
  const quietSinceMs = concern?.quietSinceMs ?? null
  return quietSinceMs === null ? { text, tone: null, sinceMs: null } : { text, tone: 'quiet', sinceMs: quietSinceMs }
}

function plainWords(agent: Agent): string {
  const said = taskText(agent)
  if (said) return said
  const state = statusText(agent)
  const what = agent.kind === 'registered' ? `${agent.type} · registered` : agent.type
  return state === 'idle' || state === 'active' ? what : `${what} · ${state}`
}

/** How its mark is drawn: silence that nothing explains has one of its own. */
export type Mark = Look | 'stuck'

export const markOf = (agent: Agent, concern: Concern | undefined): Mark => (concern?.stuck ? 'stuck' : lookOf(agent))

/** The state in a word, as a person would sort it. */
export const stateWord = (agent: Agent, concern: Concern | undefined): string =>
  concern?.stuck ? 'stuck' : statusText(agent)

/** How long it is so; `null`: nobody said since when. `nowMs`: the server's clock. */
export const stateWordMs = (agent: Agent, concern: Concern | undefined, nowMs: number): number | null =>
  concern?.stuck ? nowMs - concern.stuck.sinceMs : stateMs(agent, nowMs)
