// The built-in mock world: agents that live, work, spawn and end. Pure: the same seed gives the same events at the same
// steps. Everything in it is marked `mock`, and nothing of it ever reaches the real world's log.

import { EVENT_VERSION, type SwarmEvent } from '../../../protocol/events.ts'
import type { Agent, AgentStatus, IsoTime, Link, Swarm, Unnumbered } from '../../../protocol/swarm.ts'
import { mulberry32, type Random } from './random.ts'

export const MOCK_SOURCE_ID = 'mock'
export const MOCK_STEP_MS = 500

/** Of the agents, how many change in a step: a tenth each second. */
const CHANGING_SHARE = 0.05
/** Of the tools that an agent opens, how many fail. */
const FAILING_SHARE = 0.03
/** How many steps an ended agent stays before another takes its place. */
const OFFLINE_STEPS = 16
/** One lead for about so many workers. */
const TEAM_SIZE = 9

const ROLES = [
  'coder',
  'coder',
  'coder',
  'tester',
  'reviewer',
  'researcher',
  'analyst',
  'architect',
  'documenter',
] as const
const WORK: Readonly<Record<string, readonly string[]>> = {
  coordinator: ['Plan the next step', 'Hand out work', 'Read the reports'],
  coder: ['Edit src/login/form.tsx', 'Bash npm test', 'Write session.ts', 'Edit src/api/routes.ts'],
  tester: ['Write login.spec.ts', 'Bash npm test', 'Read the coverage report'],
  reviewer: ['Read the change', 'Comment on form.tsx'],
  researcher: ['Read OAuth docs', 'Search for prior art', 'Read rfc6749.txt'],
  analyst: ['Profile the login', 'Read the flame graph'],
  architect: ['Draw the modules', 'Read ARCHITECTURE.md'],
  documenter: ['Write README.md', 'Read CHANGELOG.md'],
}
const NEXT: Readonly<Record<AgentStatus, readonly AgentStatus[]>> = {
  initializing: ['active'],
  idle: ['active', 'active', 'idle'],
  active: ['busy', 'busy', 'busy', 'active', 'idle', 'terminating'],
  busy: ['active', 'active', 'busy', 'active'],
  error: ['active', 'active', 'terminating'],
  terminating: ['offline'],
  offline: ['offline'],
  unknown: ['active'],
}

const SAID_ONCE = ['type', 'model']
const SAID_EACH_TIME = ['status', 'activity', 'tools']
const SAID_OF_USE = ['tokens', 'costUsd']

const saidAt = (at: IsoTime, fields: readonly string[]): Agent['sources'] =>
  Object.fromEntries(fields.map((field) => [field, { source: MOCK_SOURCE_ID, at }]))

interface Mock {
  agent: Unnumbered<Agent>
  link: Unnumbered<Link> | null
  endedAtStep: number | null
}

export class MockWorld {
  readonly #random: Random
  readonly #startMs: number
  readonly #mocks: Mock[] = []
  readonly #swarmId = `${MOCK_SOURCE_ID}/swarm-demo`
  readonly #pending: SwarmEvent[] = []
  readonly #nextNumber = new Map<string, number>()
  #step = 0

  /** `count` agents, the queen included. */
  constructor(seed: number, count: number, startMs: number) {
    this.#random = mulberry32(seed)
    this.#startMs = startMs
    for (let index = 0; index < count; index++) {
      const mock = this.#spawn(index === 0 ? 'coordinator' : this.#random.pick(ROLES), this.#parentFor(index), false)
      this.#mocks.push(mock)
      this.#putSpawned(mock)
    }
    this.#put(this.#swarm())
  }

  /** What happens in the next step; the first call gives the world as it begins. */
  step(): SwarmEvent[] {
    if (this.#step++ > 0) {
      const changes = Math.max(1, Math.round(this.#mocks.length * CHANGING_SHARE))
      for (let n = 0; n < changes; n++) this.#change(this.#random.below(this.#mocks.length))
      this.#replaceEnded()
    }
    return this.#pending.splice(0)
  }

  #change(index: number): void {
    const mock = this.#mocks[index]
    if (!mock || mock.endedAtStep !== null) return
    const { agent } = mock
    const isQueen = index === 0
    let status = this.#random.pick(NEXT[agent.status])
    if (isQueen && status === 'terminating') status = 'busy'
    // A tool that fails now and then: seldom enough that it stands out.
    if (!isQueen && status === 'busy' && this.#random.next() < FAILING_SHARE) status = 'error'
    const now = this.#now()
    const working = status === 'active' || status === 'busy'
    const asks = !isQueen && status === 'busy' && this.#random.next() < 0.06
    const spent = working ? this.#random.below(4_000) : 0
    mock.agent = {
      ...agent,
      status,
      rawStatus: status,
      statusSince: status === agent.status ? agent.statusSince : now,
      activity: working ? this.#random.pick(WORK[agent.type] ?? ['Work']) : null,
      attention: asks ? { reason: 'Wants to run git push', since: now } : null,
      tokens: addTokens(agent.tokens, spent),
      costUsd: (agent.costUsd ?? 0) + spent * 3e-6,
      tools: {
        count: (agent.tools?.count ?? 0) + (status === 'busy' || status === 'error' ? 1 : 0),
        errors: (agent.tools?.errors ?? 0) + (status === 'error' ? 1 : 0),
        durationMs: (agent.tools?.durationMs ?? 0) + (status === 'busy' ? this.#random.below(900) : 0),
      },
      lastActiveAt: working ? now : agent.lastActiveAt,
      updatedAt: now,
      // What was said anew is as young as that; tokens and cost only when some were spent.
      sources: { ...agent.sources, ...saidAt(now, SAID_EACH_TIME), ...(spent > 0 && saidAt(now, SAID_OF_USE)) },
    }
    if (status === 'offline') mock.endedAtStep = this.#step
    this.#put(mock.agent)
  }

  #replaceEnded(): void {
    let replaced = false
    for (const [index, mock] of this.#mocks.entries()) {
      if (mock.endedAtStep === null || this.#step - mock.endedAtStep < OFFLINE_STEPS) continue
      this.#retire('agent', mock.agent.id)
      if (mock.link) this.#retire('link', mock.link.id)
      const successor = this.#spawn(this.#random.pick(ROLES), this.#parentFor(index), true)
      this.#mocks[index] = successor
      this.#putSpawned(successor)
      this.#handOver(mock.agent.id)
      replaced = true
    }
    if (replaced) this.#put(this.#swarm())
  }

  /** The team of a lead that is gone falls to the queen: no link may end in nobody. */
  #handOver(leadId: string): void {
    const queen = this.#mocks[0]
    if (!queen) return
    for (const mock of this.#mocks) {
      if (mock.agent.parentId !== leadId) continue
      if (mock.link) this.#retire('link', mock.link.id)
      const now = this.#now()
      mock.agent = { ...mock.agent, parentId: queen.agent.id, updatedAt: now }
      mock.link = this.#spawnedLink(queen.agent.id, mock.agent.id, now)
      this.#putSpawned(mock)
    }
  }

  /** The queen has the leads, each lead a team; who comes while the lead is gone is the queen's. */
  #parentFor(index: number): Mock | null {
    const queen = this.#mocks[0] ?? null
    if (index === 0 || index % TEAM_SIZE === 1) return queen
    const lead = this.#mocks[index - ((index - 1) % TEAM_SIZE)]
    return lead && lead.endedAtStep === null ? lead : queen
  }

  #spawn(type: string, parent: Mock | null, anew: boolean): Mock {
    const number = (this.#nextNumber.get(type) ?? 0) + 1
    this.#nextNumber.set(type, number)
    const name = parent === null ? 'queen' : `${type}-${number}`
    const id = `${MOCK_SOURCE_ID}/${name}`
    const now = this.#now()
    const status: AgentStatus = anew ? 'initializing' : this.#random.pick(['active', 'active', 'busy', 'idle'])
    const working = status === 'active' || status === 'busy'
    const agent: Unnumbered<Agent> = {
      entity: 'agent',
      id,
      nativeId: name,
      sourceId: MOCK_SOURCE_ID,
      origin: 'mock',
      kind: 'observed',
      name,
      type,
      rawType: type,
      status,
      rawStatus: status,
      mock: true,
      swarmId: this.#swarmId,
      parentId: parent?.agent.id ?? null,
      model: this.#random.pick(['opus', 'sonnet', 'haiku']),
      health: null,
      currentTask: parent === null ? 'Add a login page' : null,
      tasksActive: null,
      tasksCompleted: null,
      tokens: addTokens(null, working ? this.#random.below(60_000) : 0),
      costUsd: 0,
      cpuUsage: null,
      memoryBytes: null,
      capabilities: [type],
      activity: working ? this.#random.pick(WORK[type] ?? ['Work']) : null,
      attention: null,
      project: 'demo',
      host: 'demo',
      tools: { count: 0, errors: 0, durationMs: 0 },
      statusSince: now,
      createdAt: now,
      lastActiveAt: working ? now : null,
      updatedAt: now,
      sources: saidAt(now, [...SAID_ONCE, ...SAID_EACH_TIME, ...SAID_OF_USE]),
      openTools: null,
      lastTool: null,
      lastFailure: null,
      unattributed: null,
      crossCheck: null,
      endedReason: null,
      sessionId: null,
    }
    agent.costUsd = (agent.tokens?.input ?? 0) * 3e-6
    return { agent, link: parent && this.#spawnedLink(parent.agent.id, id, now), endedAtStep: null }
  }

  #spawnedLink(source: string, target: string, since: IsoTime): Unnumbered<Link> {
    const id = `${source}/spawned/${target}`
    const evidence = 'made up'
    return {
      entity: 'link',
      id,
      kind: 'spawned',
      sourceId: MOCK_SOURCE_ID,
      source,
      target,
      evidence,
      since,
      mock: true,
    }
  }

  #swarm(): Unnumbered<Swarm> {
    const now = this.#now()
    return {
      entity: 'swarm',
      id: this.#swarmId,
      nativeId: 'swarm-demo',
      sourceId: MOCK_SOURCE_ID,
      origin: 'mock',
      mock: true,
      name: 'Demo',
      topology: 'hierarchical',
      strategy: null,
      maxAgents: this.#mocks.length,
      status: 'running',
      rawStatus: 'running',
      agentIds: this.#mocks.map((mock) => mock.agent.id),
      queenId: this.#mocks[0]?.agent.id ?? null,
      createdAt: new Date(this.#startMs).toISOString(),
      updatedAt: now,
    }
  }

  #put(...entities: (Unnumbered<Agent> | Unnumbered<Link> | Unnumbered<Swarm>)[]): void {
    for (const entity of entities) {
      this.#pending.push({ ...this.#base(entity.id), type: `${entity.entity}.upserted`, entity } as SwarmEvent)
    }
  }

  #putSpawned({ agent, link }: Mock): void {
    this.#put(agent, ...(link ? [link] : []))
  }

  #retire(entity: 'agent' | 'link', id: string): void {
    this.#pending.push({ ...this.#base(id), type: `${entity}.retired`, id } as SwarmEvent)
  }

  #base(id: string) {
    const at = this.#now()
    // The position in the step makes two changes of one agent in the same step two versions.
    const version = [this.#step, this.#pending.length] as const
    return {
      v: EVENT_VERSION,
      key: `${MOCK_SOURCE_ID}/${version.join('.')}/${id}`,
      sourceId: MOCK_SOURCE_ID,
      version,
      at,
      receivedAt: at,
    }
  }

  #now(): IsoTime {
    return new Date(this.#startMs + this.#step * MOCK_STEP_MS).toISOString()
  }
}

function addTokens(tokens: Agent['tokens'], spent: number): Agent['tokens'] {
  return {
    input: (tokens?.input ?? 0) + spent,
    output: (tokens?.output ?? 0) + Math.round(spent / 12),
    cacheRead: (tokens?.cacheRead ?? 0) + spent * 3,
    cacheWrite: tokens?.cacheWrite ?? 0,
  }
}
