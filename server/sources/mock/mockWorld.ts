// The built-in mock world: agents that live, work, spawn and end. Pure: the same seed gives the same events at the same
// steps. Everything in it is marked `mock`, and nothing of it ever reaches the real world's log.

import { EVENT_VERSION, type SwarmEvent } from '../../../protocol/events.ts'
import type { Agent, AgentStatus, IsoTime, Link, Swarm, Unnumbered } from '../../../protocol/swarm.ts'
import { mockLink, PassingLinks } from './mockLinks.ts'
import { type MockTool, pickTask, pickTool, QUEENS_TASK, ROLES, SHARED_FILE, toolText } from './mockWork.ts'
import { mulberry32, type Random } from './random.ts'

export const MOCK_SOURCE_ID = 'mock'
export const MOCK_STEP_MS = 500

/** Of the agents, how many change in a step: a tenth each second. */
const CHANGING_SHARE = 0.05
/** Of the tools that an agent opens, how many fail. */
const FAILING_SHARE = 0.04
/** How many steps an ended agent stays before another takes its place. */
const OFFLINE_STEPS = 16
/** One lead for about so many workers. */
const TEAM_SIZE = 9
/** So long it is only likely who spawned an agent. */
const INFERRED_STEPS = 14
const MESSAGE_KEPT_STEPS = 20

/** What a newcomer should see the look of comes round in this many steps, … */
const ROUND_STEPS = 180
/** … each at its step of the round and for so long: seldom enough that it stands out, soon enough to be met. */
const ASK = { atStep: 8, steps: 60 }
const FAIL = { atStep: 22, steps: 44 }
const CONFLICT = { atStep: 36, steps: 70 }
/** One of each, and one more for so many agents. */
const AGENTS_PER_TROUBLE = 150
const MESSAGE_EVERY_STEPS = 5

const NEXT: Readonly<Record<AgentStatus, readonly AgentStatus[]>> = {
  initializing: ['active'],
  idle: ['active', 'active', 'idle'],
  active: ['busy', 'busy', 'busy', 'active', 'idle', 'terminating'],
  busy: ['active', 'active', 'busy', 'active'],
  error: ['active'],
  terminating: ['offline'],
  offline: ['offline'],
  unknown: ['active'],
}

const SAID_ONCE = ['type', 'model']
const SAID_EACH_TIME = ['status', 'activity', 'attention', 'tools', 'lastTool']
const SAID_OF_USE = ['tokens', 'costUsd']

const saidAt = (at: IsoTime, fields: readonly string[]): Agent['sources'] =>
  Object.fromEntries(fields.map((field) => [field, { source: MOCK_SOURCE_ID, at }]))

interface Mock {
  agent: Unnumbered<Agent>
  link: Unnumbered<Link> | null
  /** Its link is only likely until then. */
  confirmedAtStep: number | null
  endedAtStep: number | null
  /** It waits for a person or has failed, and nothing else happens to it until then. */
  heldUntilStep: number
}

export class MockWorld {
  readonly #random: Random
  readonly #startMs: number
  readonly #mocks: Mock[] = []
  readonly #swarmId = `${MOCK_SOURCE_ID}/swarm-demo`
  readonly #passing = new PassingLinks()
  readonly #pending: SwarmEvent[] = []
  readonly #nextNumber = new Map<string, number>()
  #toolCount = 0
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
      this.#letGo()
      this.#confirm()
      this.#replaceEnded()
      this.#playRound(this.#step % ROUND_STEPS)
      for (const id of this.#passing.takeDue(this.#step)) this.#retire('link', id)
    }
    return this.#pending.splice(0)
  }

  #change(index: number): void {
    const mock = this.#mocks[index]
    if (!mock || mock.endedAtStep !== null || this.#step < mock.heldUntilStep) return
    const { status } = mock.agent
    const next = this.#random.pick(NEXT[status])
    const isQueen = index === 0
    const isToolOk = isQueen || this.#random.next() >= FAILING_SHARE
    // From idle it begins with a new prompt, which what failed before is no part of.
    this.#goOn(mock, isQueen && next === 'terminating' ? 'busy' : next, { isToolOk, isPrompted: status === 'idle' })
    if (mock.agent.status === 'offline') mock.endedAtStep = this.#step
  }

  /** Closes the tool that is open, opens one if it is `busy` then, and says it all. */
  #goOn(mock: Mock, status: AgentStatus, { isToolOk = true, isPrompted = false, tool, more }: GoOn = {}): void {
    const { agent } = mock
    const now = this.#now()
    const working = status === 'active' || status === 'busy'
    const spent = working ? this.#random.below(4_000) : 0
    const ended = agent.openTools?.at(-1)
    const durationMs = ended ? Math.max(40, Date.parse(now) - Date.parse(ended.since) - this.#random.below(400)) : 0
    const opened = status === 'busy' ? (tool ?? pickTool(this.#random, agent.type)) : null
    const failed = ended && !isToolOk ? { what: `${ended.name} failed`, at: now } : null
    mock.agent = {
      ...agent,
      status,
      rawStatus: status,
      statusSince: status === agent.status ? agent.statusSince : now,
      activity: opened && toolText(opened),
      attention: null,
      tokens: addTokens(agent.tokens, spent),
      costUsd: (agent.costUsd ?? 0) + spent * 3e-6,
      tools: {
        count: (agent.tools?.count ?? 0) + (ended ? 1 : 0),
        errors: (agent.tools?.errors ?? 0) + (failed ? 1 : 0),
        durationMs: (agent.tools?.durationMs ?? 0) + durationMs,
      },
      openTools: opened ? [{ id: `call-${++this.#toolCount}`, ...opened, since: now }] : [],
      lastTool: ended
        ? { id: ended.id, name: ended.name, detail: ended.detail, at: now, durationMs, ok: isToolOk }
        : agent.lastTool,
      lastFailure: failed ?? (isPrompted ? null : agent.lastFailure),
      lastActiveAt: working ? now : agent.lastActiveAt,
      updatedAt: now,
      // What was said anew is as young as that; tokens and cost only when some were spent.
      sources: { ...agent.sources, ...saidAt(now, SAID_EACH_TIME), ...(spent > 0 && saidAt(now, SAID_OF_USE)) },
      ...more,
    }
    this.#put(mock.agent)
  }

  /** The person answered, or prompted it again after the failure. */
  #letGo(): void {
    for (const mock of this.#mocks) {
      if (mock.heldUntilStep === this.#step) this.#goOn(mock, 'active', { isPrompted: mock.agent.status === 'error' })
    }
  }

  /** Its parent's call is over, and said whom it was: so the task is known, too. */
  #confirm(): void {
    for (const mock of this.#mocks) {
      if (mock.confirmedAtStep !== this.#step || !mock.link) continue
      const now = this.#now()
      if (mock.link.kind === 'inferred') this.#retire('link', mock.link.id)
      mock.link = this.#parentLink('spawned', mock.link.source, mock.agent.id, now)
      const currentTask = pickTask(this.#random, mock.agent.type)
      const sources = { ...mock.agent.sources, ...saidAt(now, ['currentTask']) }
      mock.agent = { ...mock.agent, currentTask, updatedAt: now, sources }
      this.#putSpawned(mock)
    }
  }

  /** What a newcomer should see once: who waits for a person, what failed, who writes the same file, and who talks. */
  #playRound(step: number): void {
    if (step % MESSAGE_EVERY_STEPS === 0) this.#forSome((mock) => this.#sendMessage(mock))
    if (step === ASK.atStep) this.#forSome((mock) => this.#ask(mock))
    if (step === FAIL.atStep) this.#forSome((mock) => this.#fail(mock))
    if (step === CONFLICT.atStep) this.#forSome((mock) => this.#writeSameFile(mock))
  }

  /** For one of those that nothing keeps, and for more where there are many. */
  #forSome(happen: (mock: Mock) => void): void {
    const count = Math.ceil(this.#mocks.length / AGENTS_PER_TROUBLE)
    for (let n = 0; n < count; n++) {
      const free = this.#free()
      if (free.length > 0) happen(this.#random.pick(free))
    }
  }

  /** At work, with nothing in the way; never the queen. */
  #free(): Mock[] {
    return this.#mocks.filter(
      ({ agent, endedAtStep, heldUntilStep }, index) =>
        index > 0 && endedAtStep === null && agent.status !== 'terminating' && this.#step >= heldUntilStep,
    )
  }

  #ask(mock: Mock): void {
    const attention = { reason: 'permission: Bash', since: this.#now() }
    this.#goOn(mock, 'busy', { tool: { name: 'Bash', detail: null }, more: { attention } })
    mock.heldUntilStep = this.#step + ASK.steps
  }

  #fail(mock: Mock): void {
    const lastFailure = { what: 'stop failed: overloaded', at: this.#now() }
    this.#goOn(mock, 'error', { more: { lastFailure } })
    mock.heldUntilStep = this.#step + FAIL.steps
  }

  #writeSameFile(mock: Mock): void {
    const others = this.#mocks.filter(
      (other, index) =>
        index > 0 && other !== mock && other.endedAtStep === null && !this.#passing.has('conflict', other.agent.id),
    )
    if (others.length === 0) return
    const ends = [mock.agent.id, this.#random.pick(others).agent.id] as const
    const link = mockLink(MOCK_SOURCE_ID, 'conflict', ends, `both wrote ${SHARED_FILE}`, this.#now())
    this.#passing.add(link, this.#step + CONFLICT.steps)
    this.#put(link)
  }

  #sendMessage({ agent }: Mock): void {
    if (agent.parentId === null) return
    const link = mockLink(
      MOCK_SOURCE_ID,
      'message',
      [agent.parentId, agent.id],
      'called it by SendMessage',
      this.#now(),
    )
    this.#passing.add(link, this.#step + MESSAGE_KEPT_STEPS)
    this.#put(link)
  }

  #replaceEnded(): void {
    let replaced = false
    for (const [index, mock] of this.#mocks.entries()) {
      if (mock.endedAtStep === null || this.#step - mock.endedAtStep < OFFLINE_STEPS) continue
      this.#retire('agent', mock.agent.id)
      for (const id of this.#passing.takeOf(mock.agent.id)) this.#retire('link', id)
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
      mock.link = this.#parentLink('spawned', queen.agent.id, mock.agent.id, now)
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
    const opened = status === 'busy' ? pickTool(this.#random, type) : null
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
      currentTask: parent === null ? QUEENS_TASK : anew ? null : pickTask(this.#random, type),
      tasksActive: null,
      tasksCompleted: null,
      tokens: addTokens(null, working ? this.#random.below(60_000) : 0),
      costUsd: 0,
      cpuUsage: null,
      memoryBytes: null,
      capabilities: [type],
      activity: opened && toolText(opened),
      attention: null,
      project: 'demo',
      host: 'demo',
      tools: { count: 0, errors: 0, durationMs: 0 },
      statusSince: now,
      createdAt: now,
      lastActiveAt: working ? now : null,
      updatedAt: now,
      sources: saidAt(now, [...SAID_ONCE, ...SAID_EACH_TIME, ...SAID_OF_USE]),
      openTools: opened ? [{ id: `call-${++this.#toolCount}`, ...opened, since: now }] : [],
      lastTool: null,
      lastFailure: null,
      unattributed: null,
      crossCheck: null,
      endedReason: null,
      sessionId: null,
    }
    agent.costUsd = (agent.tokens?.input ?? 0) * 3e-6
    const link = parent && this.#parentLink(anew ? 'inferred' : 'spawned', parent.agent.id, id, now)
    const confirmedAtStep = anew ? this.#step + INFERRED_STEPS : null
    return { agent, link, confirmedAtStep, endedAtStep: null, heldUntilStep: 0 }
  }

  #parentLink(kind: 'spawned' | 'inferred', source: string, target: string, since: IsoTime): Unnumbered<Link> {
    const evidence = kind === 'spawned' ? 'its call of Agent named it' : 'began while it called Agent'
    return mockLink(MOCK_SOURCE_ID, kind, [source, target], evidence, since)
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

interface GoOn {
  /** How the tool that was open ended. */
  isToolOk?: boolean
  isPrompted?: boolean
  /** Which one it opens. */
  tool?: MockTool
  more?: Partial<Unnumbered<Agent>>
}

function addTokens(tokens: Agent['tokens'], spent: number): Agent['tokens'] {
  return {
    input: (tokens?.input ?? 0) + spent,
    output: (tokens?.output ?? 0) + Math.round(spent / 12),
    cacheRead: (tokens?.cacheRead ?? 0) + spent * 3,
    cacheWrite: tokens?.cacheWrite ?? 0,
  }
}
