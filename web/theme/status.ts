// How an agent's state looks: one of seven looks, each with a colour of its own and a mark that does not need the colour.

import type { Agent } from '../../protocol/swarm.ts'

/** The order is the palette's index in the scene, and the order of the legend. */
export const LOOKS = ['needs-you', 'failed', 'active', 'tool', 'initializing', 'idle', 'offline'] as const
export type Look = (typeof LOOKS)[number]

export const LOOK_TITLES: Readonly<Record<Look, string>> = {
  'needs-you': 'needs you',
  failed: 'failed',
  active: 'active',
  tool: 'busy',
  initializing: 'starting',
  idle: 'idle',
  offline: 'offline',
}

/** `attention` wins over all: somebody is waited for. */
export function lookOf({ status, attention }: Pick<Agent, 'status' | 'attention'>): Look {
  if (attention) return 'needs-you'
  switch (status) {
    case 'active':
      return 'active'
    case 'busy':
      return 'tool'
    case 'error':
      return 'failed'
    case 'initializing':
      return 'initializing'
    case 'idle':
      return 'idle'
    case 'terminating':
    case 'offline':
    case 'unknown':
      return 'offline'
    default:
      return status satisfies never
  }
}

/** A tool of it failed since its last prompt, and it goes on; who waits for a person has that to say first. */
export function isHindered(agent: Pick<Agent, 'status' | 'attention' | 'lastFailure'>): boolean {
  if (agent.lastFailure === null) return false
  const look = lookOf(agent)
  return look !== 'needs-you' && look !== 'failed' && look !== 'offline'
}

/** Looks like at work; whether it was seen to work is its kind's to say. */
export const isBusyLook = (look: Look): boolean => look === 'active' || look === 'tool' || look === 'initializing'

/** The words for it, with what the source itself said where that is more. */
export function statusText(agent: Pick<Agent, 'status' | 'attention' | 'kind'>): string {
  const look = lookOf(agent)
  if (look === 'offline' && agent.status !== 'offline') return agent.status === 'unknown' ? 'unknown' : 'ending'
  return LOOK_TITLES[look]
}
