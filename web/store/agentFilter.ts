// The search box's language: words, and `key:value` for what has a name. All must hold.

import type { Agent } from '../../protocol/swarm.ts'
import { LOOK_TITLES, lookOf } from '../theme/status.ts'
import { groupOf } from './agentGroups.ts'

export type AgentFilter = (agent: Agent) => boolean

type Field = (agent: Agent, value: string) => boolean

const has = (text: string | null, value: string): boolean => text?.toLowerCase().includes(value) ?? false

const FIELDS: Readonly<Record<string, Field>> = {
  status: (agent, value) => {
    const look = lookOf(agent)
    if (value === 'working' || value === 'marked-active') return groupOf(agent) === value
    return look === value || LOOK_TITLES[look].replaceAll(' ', '-') === value || agent.status === value
  },
  type: (agent, value) => has(agent.type, value) || has(agent.rawType, value),
  kind: (agent, value) => agent.kind === value,
  origin: (agent, value) => agent.origin === value,
  swarm: (agent, value) => has(agent.swarmId, value),
  project: (agent, value) => has(agent.project, value),
  model: (agent, value) => has(agent.model, value),
}

export function parseFilter(text: string): AgentFilter | null {
  const tests = text
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(testOf)
  return tests.length === 0 ? null : (agent) => tests.every((test) => test(agent))
}

function testOf(word: string): AgentFilter {
  const colon = word.indexOf(':')
  const field = Object.hasOwn(FIELDS, word.slice(0, colon)) ? FIELDS[word.slice(0, colon)] : undefined
  const value = word.slice(colon + 1)
  if (field) return value === '' ? () => true : (agent) => field(agent, value)
  return (agent) =>
    has(agent.name, word) ||
    has(agent.type, word) ||
    has(agent.activity, word) ||
    has(agent.currentTask, word) ||
    has(agent.nativeId, word)
}
