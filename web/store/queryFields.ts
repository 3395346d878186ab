// What the query language has names for: one entry per field, which parsing, matching, completing and the help share.

import { AGENT_STATUSES, type Agent } from '../../protocol/swarm.ts'
import { LOOK_TITLES, LOOKS, lookOf } from '../theme/status.ts'
import { quietMs, stateMs, tokenSum } from './agentFigures.ts'
import { groupOf } from './agentGroups.ts'
import { concernOf } from './concerns.ts'

export type Unit = 'count' | 'usd' | 'duration' | 'share' | 'bytes'

interface FieldBase {
  /** In a few words, for completion and help. */
  title: string
  example: string
}

/** One of a fixed set of words. */
export interface WordField extends FieldBase {
  type: 'word'
  words: readonly string[]
  is(agent: Agent, word: string): boolean
}

/** Any text: what is asked for is contained in it. */
export interface TextField extends FieldBase {
  type: 'text'
  texts(agent: Agent): readonly (string | null)[]
}

/** A figure, to be compared; `null`: not reported. */
export interface NumberField extends FieldBase {
  type: 'number'
  unit: Unit
  of(agent: Agent, nowMs: number): number | null
}

export type QueryField = WordField | TextField | NumberField

const titleWord = (look: (typeof LOOKS)[number]) => LOOK_TITLES[look].replaceAll(' ', '-')
const STATUS_WORDS = [
  ...new Set([
    'needs-you',
    'failed',
    'stuck',
    'working',
    'marked-active',
    ...LOOKS.map(titleWord),
    ...LOOKS,
    ...AGENT_STATUSES,
  ]),
]
const KINDS = ['registered', 'observed'] as const
const ORIGINS = ['claude-flow', 'claude-code', 'otlp', 'mock'] as const

const text = (title: string, example: string, texts: TextField['texts']): TextField => ({
  type: 'text',
  title,
  example,
  texts,
})
const number = (title: string, example: string, unit: Unit, of: NumberField['of']): NumberField => ({
  type: 'number',
  title,
  example,
  unit,
  of,
})

/** The order is that of completion. */
export const QUERY_FIELDS: Readonly<Record<string, QueryField>> = {
  status: {
    type: 'word',
    title: 'state',
    example: 'status:failed',
    words: STATUS_WORDS,
    is: (agent, word) => {
      const look = lookOf(agent)
      if (word === 'stuck' || word === 'working' || word === 'marked-active') return groupOf(agent) === word
      return look === word || titleWord(look) === word || agent.status === word
    },
  },
  needs: {
    type: 'word',
    title: 'who is waited for',
    example: 'needs:me',
    words: ['me'],
    is: (agent) => agent.attention !== null,
  },
  is: {
    type: 'word',
    title: 'what seems wrong',
    example: 'is:stuck',
    words: ['stuck', 'quiet', 'conflict'],
    is: ({ id }, word) => {
      const concern = concernOf(id)
      if (!concern) return false
      if (word === 'conflict') return concern.conflicts.length > 0
      return word === 'stuck' ? concern.stuck !== null : concern.quietSinceMs !== null
    },
  },
  type: text('role', 'type:coder', (agent) => [agent.type, agent.rawType]),
  name: text('name', 'name:builder', (agent) => [agent.name]),
  origin: {
    type: 'word',
    title: 'who reports it',
    example: 'origin:claude-code',
    words: ORIGINS,
    is: (agent, word) => agent.origin === word,
  },
  source: text('source', 'source:powerdev', (agent) => [agent.sourceId]),
  kind: {
    type: 'word',
    title: 'in a roster, or seen to work',
    example: 'kind:observed',
    words: KINDS,
    is: (agent, word) => agent.kind === word,
  },
  project: text('project', 'project:checkout-api', (agent) => [agent.project]),
  host: text('machine', 'host:powerdev', (agent) => [agent.host]),
  model: text('model', 'model:opus', (agent) => [agent.model]),
  swarm: text('swarm', 'swarm:demo', (agent) => [agent.swarmId]),
  task: text('what it works on', 'task:login', (agent) => [agent.currentTask, agent.activity]),
  id: text('id', 'id:agent-1', (agent) => [agent.id]),
  tokens: number('tokens, in and out', 'tokens>10k', 'count', tokenSum),
  cost: number('cost in dollars', 'cost>1', 'usd', (agent) => agent.costUsd),
  age: number('time in this state', 'age>5m', 'duration', stateMs),
  quiet: number('time since it was last active', 'quiet>10m', 'duration', quietMs),
  tools: number('tool calls', 'tools>100', 'count', (agent) => agent.tools?.count ?? null),
  errors: number('failed tool calls', 'errors>0', 'count', (agent) => agent.tools?.errors ?? null),
  tasks: number('open tasks', 'tasks>0', 'count', (agent) => agent.tasksActive),
  health: number('health', 'health<50%', 'share', (agent) => agent.health),
  cpu: number('CPU, of one core', 'cpu>50%', 'share', (agent) => agent.cpuUsage),
  memory: number('memory', 'memory>1G', 'bytes', (agent) => agent.memoryBytes),
}

export const fieldOf = (name: string): QueryField | undefined =>
  Object.hasOwn(QUERY_FIELDS, name) ? QUERY_FIELDS[name] : undefined
