// Worlds for looking at the page without a server: deterministic by seed, of any size.

import type { Agent, AgentStatus, Entity, Link, LinkKind, Provenance, Swarm, Task } from '../../protocol/swarm.ts'
import { mulberry32 } from '../../server/sources/mock/random.ts'
import { sampleAgent, sampleSwarm } from '../protocol/samples.ts'

const TYPES = ['coder', 'coder', 'coder', 'tester', 'reviewer', 'researcher', 'analyst', 'architect', 'documenter']
const WORK: Record<string, string[]> = {
  coder: ['Edit src/login/form.tsx', 'Bash npm test', 'Write session.ts'],
  tester: ['Write login.spec.ts', 'Bash npm test'],
  reviewer: ['Read the change'],
  researcher: ['Read OAuth docs', 'Read rfc6749.txt'],
}

export const randomFrom = (seed: number): (() => number) => mulberry32(seed).next

/** A whole agent; what `fields` does not say was not reported. */
export const agentOf = (name: string, fields: Partial<Agent> = {}): Agent => ({
  rev: 1,
  ...sampleAgent(`test/${name}`, {
    nativeId: name,
    sourceId: 'test',
    origin: 'claude-code',
    kind: 'observed',
    name,
    rawType: null,
    status: 'active',
    rawStatus: null,
    updatedAt: new Date().toISOString(),
    ...fields,
  }),
})

export const linkOf = (kind: LinkKind, source: string, target: string, fields: Partial<Link> = {}): Link => ({
  entity: 'link',
  id: `test/${kind}/${source}/${target}`,
  rev: 1,
  kind,
  sourceId: 'test',
  source,
  target,
  evidence: 'said by a test',
  since: null,
  mock: false,
  ...fields,
})

export const taskOf = (name: string, assignedTo: string[], fields: Partial<Task> = {}): Task => ({
  entity: 'task',
  id: `test/${name}`,
  rev: 1,
  nativeId: name,
  sourceId: 'test',
  origin: 'claude-flow',
  mock: false,
  type: 'feature',
  description: name,
  priority: null,
  status: 'in_progress',
  rawStatus: null,
  progress: 0.4,
  assignedTo,
  swarmId: null,
  createdAt: null,
  startedAt: null,
  completedAt: null,
  updatedAt: new Date().toISOString(),
  ...fields,
})

export const swarmOf = (nativeId: string, fields: Partial<Swarm> = {}): Swarm => ({
  rev: 1,
  ...sampleSwarm(`test/${nativeId}`, { nativeId, sourceId: 'test', ...fields }),
})

type Row = [string, string, AgentStatus, string | null, string | null, number | null, number | null]

/** Fourteen agents as a developer has them on a good day. */
export function smallWorld({ mock = false } = {}): Entity[] {
  const now = Date.now()
  const ago = (seconds: number) => new Date(now - seconds * 1_000).toISOString()
  const said = (source: string, seconds: number): Provenance => ({ source, at: ago(seconds) })
  const sources = {
    activity: said('hook', 2),
    status: said('hook', 2),
    type: said('claude-flow', 40),
    model: said('span', 6),
    tokens: said('OTLP', 6),
    costUsd: said('OTLP', 6),
    tools: said('hook', 2),
    lastActiveAt: said('hook', 2),
    createdAt: said('claude-flow', 900),
  }
  const rows: Row[] = [
    ['queen', 'coordinator', 'active', null, 'Plan the login feature', 212_000, 0.74],
    ['planner', 'architect', 'idle', 'queen', null, null, null],
    ['reader', 'reviewer', 'busy', 'queen', 'Bash git push', 61_000, 0.2],
    ['writer', 'documenter', 'idle', 'queen', null, null, null],
    ['scout', 'researcher', 'active', 'queen', 'Read OAuth docs', 88_000, 0.29],
    ['scout/1', 'researcher', 'active', 'scout', 'Read rfc6749.txt', 22_000, 0.08],
    ['analyst', 'analyst', 'error', 'scout', 'Tool failed: timeout', 44_000, 0.15],
    ['builder-1', 'coder', 'busy', 'queen', 'Bash npm test', 140_000, 0.47],
    ['checker', 'tester', 'active', 'builder-1', 'Write login.spec.ts', 96_000, 0.33],
    ['helper', 'general-purpose', 'initializing', 'builder-1', null, null, null],
    ['builder-2', 'coder', 'busy', 'queen', 'Edit src/login/form.tsx', 182_340, 0.61],
    ['builder-2/1', 'coder', 'active', 'builder-2', 'Read form.css', 18_000, 0.04],
    ['tuner', 'optimizer', 'busy', 'builder-2', 'Grep useMemo', 31_000, 0.09],
    ['old-hand', 'coder', 'offline', 'scout', null, 12_000, 0.03],
  ]
  const agents = rows.map(([name, type, status, parent, activity, tokens, costUsd], index) =>
    agentOf(name, {
      type,
      status,
      rawStatus: status,
      activity,
      mock,
      sourceId: mock ? 'mock' : 'test',
      origin: mock ? 'mock' : 'claude-code',
      parentId: parent && `test/${parent}`,
      tokens:
        tokens === null ? null : { input: tokens, output: Math.round(tokens / 20), cacheRead: null, cacheWrite: null },
      costUsd,
      model: 'opus',
      tools: tokens === null ? null : { count: 42, errors: status === 'error' ? 1 : 0, durationMs: 61_000 },
      attention: name === 'reader' ? { reason: 'Wants to run git push', since: ago(12) } : null,
      kind: ['planner', 'writer'].includes(name) ? 'registered' : 'observed',
      statusSince: ago(7 + index * 11),
      lastActiveAt: ago(2 + index),
      createdAt: ago(900),
      capabilities: ['code', 'review'],
      sources,
    }),
  )
  const links = agents
    .filter((agent) => agent.parentId)
    .map((agent) => linkOf(agent.name === 'analyst' ? 'inferred' : 'spawned', agent.parentId!, agent.id))
  links.push(linkOf('topology', 'test/planner', 'test/writer'), linkOf('conflict', 'test/builder-1', 'test/tuner'))
  const task = taskOf('Add a login page', ['test/builder-1', 'test/checker'])
  links.push(linkOf('assigned', task.id, 'test/builder-1'), linkOf('assigned', task.id, 'test/checker'))
  return [...agents, ...links, task]
}

function statusOf(roll: number): AgentStatus {
  if (roll < 0.22) return 'active'
  if (roll < 0.38) return 'busy'
  if (roll < 0.386) return 'error'
  if (roll < 0.93) return 'idle'
  return roll < 0.96 ? 'initializing' : 'offline'
}

/** A queen, a lead for every twelve, and their teams; half as many links again across. */
export function largeWorld(count: number, { seed = 7, mock = false } = {}): Entity[] {
  const random = randomFrom(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const agents: Agent[] = []
  const links: Link[] = []
  for (let index = 0; index < count; index++) {
    const type = index === 0 ? 'coordinator' : pick(TYPES)
    const lead = index - ((index - 1) % 12)
    const parent = index === 0 ? null : index % 12 === 1 ? agents[0]! : (agents[lead] ?? agents[0]!)
    const status: AgentStatus = index === 0 ? 'active' : statusOf(random())
    const works = status === 'active' || status === 'busy'
    const name = index === 0 ? 'queen' : `${type}-${index}`
    const agent = agentOf(name, {
      type,
      status,
      mock,
      parentId: parent?.id ?? null,
      kind: random() < 0.25 ? 'registered' : 'observed',
      activity: works ? pick(WORK[type] ?? ['Work']) : null,
      attention:
        works && random() < 0.012 ? { reason: 'Wants to run git push', since: new Date().toISOString() } : null,
      tokens: works ? { input: Math.round(random() * 2e5), output: 900, cacheRead: null, cacheWrite: null } : null,
      costUsd: works ? random() : null,
    })
    agents.push(agent)
    if (parent) links.push(linkOf('spawned', parent.id, agent.id))
    if (index > 2 && index % 2 === 0)
      links.push(linkOf('topology', pick(agents.slice(Math.max(0, index - 12))).id, agent.id))
  }
  return [...agents, ...links.filter((link) => link.source !== link.target)]
}

const SWARM_NAMES = ['checkout', 'search index', 'docs', 'mobile app'] as const

/** Several swarms, the first of them the largest, and a session without a swarm. */
export function swarmsWorld(sizes: readonly number[], { seed = 7 } = {}): Entity[] {
  const all: Entity[] = []
  for (const [index, size] of sizes.entries()) {
    const swarmId = index === sizes.length - 1 ? null : `test/swarm-${index}`
    if (swarmId) all.push(swarmOf(`swarm-${index}`, { name: SWARM_NAMES[index] ?? null }))
    const rename = (id: string) => id.replace('test/', `test/${index}.`)
    for (const entity of largeWorld(size, { seed: seed + index })) {
      if (entity.entity === 'agent') {
        const parentId = entity.parentId === null ? null : rename(entity.parentId)
        all.push({ ...entity, id: rename(entity.id), parentId, swarmId })
      } else if (entity.entity === 'link') {
        all.push({
          ...entity,
          id: `${index}.${entity.id}`,
          source: rename(entity.source),
          target: rename(entity.target),
        })
      }
    }
  }
  return all
}
