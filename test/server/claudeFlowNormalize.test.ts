import { beforeEach, describe, expect, test } from 'vitest'
import { type FoundRecord, readAgentList2, readAgentList3, readAgents3 } from '../../protocol/claudeFlow.ts'
import type { SwarmEvent } from '../../protocol/events.ts'
import { applyBatch, emptyState } from '../../protocol/fold.ts'
import type { Agent, Link, Swarm, Task } from '../../protocol/swarm.ts'
import { Incarnations } from '../../server/sources/claudeFlow/incarnations.ts'
import { RecordMirror } from '../../server/sources/claudeFlow/recordMirror.ts'
import { type Member, topologyLinks } from '../../server/sources/claudeFlow/topology.ts'
import { cpuMs } from '../helpers/cpuMs.ts'
import { recordedAnswers, records2, records3, runningStores3, type Stores3, stores3 } from '../helpers/recordings.ts'
import { RelayStore } from '../helpers/relayStore.ts'

const NOW = '2026-11-23T23:00:00.000Z'
const IDENTITY = { sourceId: 'S', project: 'shop', host: 'laptop' }

/** A mirror fed by a relay's store, and what a log folds from its events. */
class Feed {
  readonly mirror = new RecordMirror(IDENTITY)
  relay = new RelayStore()
  readonly state = emptyState('log')
  readonly events: SwarmEvent[] = []
  #seq = 0

  snapshot(): SwarmEvent[] {
    let events: SwarmEvent[] | null = null
    for (const chunk of this.relay.chunks()) events = this.mirror.takeChunk(wire(chunk), NOW)
    return this.fold(events ?? [])
  }

  /** Sets the relay's records; the first time they come as a snapshot, then as frames. */
  show(found: readonly FoundRecord[], { at, witnessed = true }: { at?: string; witnessed?: boolean } = {}) {
    const frame = this.relay.set(found, at)
    if (this.mirror.position.epoch === null) return this.snapshot()
    if (!frame) return []
    const events = this.mirror.takeFrame(wire(frame), NOW, witnessed)
    if (typeof events === 'string') throw new Error(events)
    return this.fold(events)
  }

  fold(events: SwarmEvent[]): SwarmEvent[] {
    applyBatch(this.state, { seq: ++this.#seq, events })
    this.events.push(...events)
    return events
  }

  agent(nativeId: string): Agent {
    const agent = this.state.store.get('agent', `S/${nativeId}`)
    if (!agent) throw new Error(`no agent ${nativeId}: ${[...this.state.store.all('agent').keys()]}`)
    return agent
  }

  get agents(): Agent[] {
    return [...this.state.store.all('agent').values()]
  }
  get tasks(): Task[] {
    return [...this.state.store.all('task').values()]
  }
  get swarms(): Swarm[] {
    return [...this.state.store.all('swarm').values()]
  }
  links(kind: Link['kind']): Link[] {
    return [...this.state.store.all('link').values()].filter((link) => link.kind === kind)
  }
}

const wire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

let feed: Feed
beforeEach(() => {
  feed = new Feed()
})

/** 3.x's stores with agents and tasks changed at will. */
function edited(edit: (stores: Stores3) => void): FoundRecord[] {
  const stores = runningStores3()
  edit(stores)
  return records3(stores)
}

describe('the files of claude-flow 3.43.0', () => {
  test('agents of a swarm that was shut down are offline, and keep what claude-flow calls them', () => {
    feed.show(records3(stores3()))
    expect(feed.agents).toHaveLength(8)
    expect(feed.agents.map(({ status }) => status)).toEqual(Array(8).fill('offline'))
    expect(feed.agent('builder-2')).toMatchObject({ rawStatus: 'busy', status: 'offline' })
    expect(feed.agent('scout')).toMatchObject({ rawStatus: 'idle', status: 'offline' })
    expect(feed.swarms).toMatchObject([{ status: 'terminated', rawStatus: 'terminated' }])
  })

  test('an agent that was terminated is offline while its swarm runs, and is no member that could be drawn', () => {
    feed.show(records3(runningStores3()))
    expect(feed.agent('reader')).toMatchObject({ status: 'offline', rawStatus: 'terminated' })
    expect(feed.links('topology').some(({ source, target }) => [source, target].includes('S/reader'))).toBe(false)
  })

  test('busy, idle and active keep their meaning', () => {
    feed.show(
      edited(({ agents }) => {
        agents.agents.scout!.status = 'active'
      }),
    )
    expect(feed.agent('builder-2').status).toBe('busy')
    expect(feed.agent('queen').status).toBe('idle')
    expect(feed.agent('scout').status).toBe('active')
  })

  test('an agent is whole: every field of the model is there, and what nobody reported is null', () => {
    feed.show(records3(runningStores3()))
    expect(feed.agent('builder-1')).toEqual({
      entity: 'agent',
      id: 'S/builder-1',
      rev: 1,
      nativeId: 'builder-1',
      sourceId: 'S',
      origin: 'claude-flow',
      kind: 'registered',
      name: 'builder-1',
      type: 'coder',
      rawType: 'coder',
      status: 'idle',
      rawStatus: 'idle',
      mock: false,
      swarmId: 'S/swarm-1795468045125-qsutfn',
      parentId: null,
      model: 'sonnet',
      health: 1,
      currentTask: null,
      tasksActive: 0,
      tasksCompleted: 1,
      tokens: null,
      costUsd: null,
      cpuUsage: null,
      memoryBytes: null,
      capabilities: null,
      activity: null,
      attention: null,
      project: 'shop',
      host: 'laptop',
      tools: null,
      statusSince: null,
      createdAt: '2026-11-23T21:07:25.178Z',
      lastActiveAt: null,
      updatedAt: feed.relay.at,
      sources: expect.any(Object),
      openTools: null,
      lastTool: null,
      lastFailure: null,
      unattributed: null,
      crossCheck: null,
      endedReason: null,
      sessionId: null,
    })
  })

  test('no agent has tokens, cost, CPU or memory, and no field names a source for them', () => {
    feed.show(records3(runningStores3()))
    for (const agent of feed.agents) {
      expect(agent).toMatchObject({ tokens: null, costUsd: null, cpuUsage: null, memoryBytes: null, tools: null })
      expect(Object.keys(agent.sources)).not.toEqual(expect.arrayContaining(['tokens']))
    }
  })

  test('provenance stands beside each field that was reported, and only beside those', () => {
    feed.show(records3(runningStores3()))
    const { sources } = feed.agent('scout')
    expect(sources.status).toEqual({ source: 'claude-flow', at: feed.relay.at })
    expect(Object.keys(sources).sort()).toEqual(
      ['createdAt', 'health', 'model', 'status', 'tasksActive', 'tasksCompleted', 'type'].sort(),
    )
  })

  test('the queen is the one that the hive names, and heads the declared links', () => {
    feed.show(records3(runningStores3()))
    expect(feed.swarms).toMatchObject([{ queenId: 'S/queen', topology: 'hierarchical', strategy: 'specialized' }])
    const links = feed.links('topology')
    expect(links.map(({ source }) => source)).toEqual(Array(6).fill('S/queen'))
    expect(new Set(links.map(({ target }) => target)).size).toBe(6)
    expect(links[0]).toMatchObject({ evidence: 'hierarchical swarm, its hive names the queen', mock: false })
  })

  test('a swarm that is over declares no links any more', () => {
    feed.show(records3(runningStores3()))
    feed.show(records3(stores3()))
    expect(feed.links('topology')).toEqual([])
    expect(feed.agents.every(({ status }) => status === 'offline')).toBe(true)
  })

  test('a completed task is whole, with progress from 0 to 1, and no longer assigned', () => {
    feed.show(records3(runningStores3()))
    expect(feed.tasks).toMatchObject([
      {
        nativeId: 'task-1795468045251-vix8yt',
        status: 'completed',
        progress: 1,
        description: 'Add a login page',
        assignedTo: ['S/builder-1', 'S/checker'],
        completedAt: '2026-11-23T21:07:25.309Z',
      },
    ])
    expect(feed.links('assigned')).toEqual([])
  })

  test.each([
    ['pending', 'pending', 2],
    ['in_progress', 'in_progress', 2],
    ['completed', 'completed', 0],
    ['failed', 'failed', 0],
    ['cancelled', 'cancelled', 0],
    ['who knows', 'unknown', 0],
  ])('a task that is %s counts as %s and gives %i assigned links', (raw, status, count) => {
    feed.show(
      edited(({ tasks }) => {
        for (const task of Object.values(tasks.tasks)) Object.assign(task, { status: raw, progress: 40 })
      }),
    )
    expect(feed.tasks).toMatchObject([{ status, rawStatus: raw, progress: 0.4 }])
    expect(feed.links('assigned')).toHaveLength(count)
  })

  test('an agent at work says how many tasks, and what the youngest of them is', () => {
    feed.show(
      edited(({ tasks }) => {
        for (const task of Object.values(tasks.tasks)) task.status = 'in_progress'
        tasks.tasks.later = {
          status: 'in_progress',
          description: 'Write the tests',
          assignedTo: ['checker', 'checker'],
          startedAt: '2026-11-23T21:08:00.000Z',
        }
      }),
    )
    expect(feed.agent('builder-1')).toMatchObject({ tasksActive: 1, currentTask: 'Add a login page' })
    expect(feed.agent('checker')).toMatchObject({ tasksActive: 2, currentTask: 'Write the tests' })
    expect(feed.agent('scout')).toMatchObject({ tasksActive: 0, currentTask: null })
    expect(
      feed
        .links('assigned')
        .map(({ source, target }) => `${source} > ${target}`)
        .sort(),
    ).toEqual([
      'S/later > S/checker',
      'S/task-1795468045251-vix8yt > S/builder-1',
      'S/task-1795468045251-vix8yt > S/checker',
    ])
  })

  test('an assignment to an agent that is not there gives no link', () => {
    feed.show(
      edited(({ tasks }) => {
        for (const task of Object.values(tasks.tasks)) Object.assign(task, { status: 'pending', assignedTo: ['ghost'] })
      }),
    )
    expect(feed.links('assigned')).toEqual([])
    expect(feed.tasks[0]?.assignedTo).toEqual([])
  })

  test('without any task nothing is known of work: null, not 0', () => {
    feed.show(
      edited(({ tasks }) => {
        tasks.tasks = {}
      }),
    )
    expect(feed.agent('scout').tasksActive).toBeNull()
  })

  test.each([
    [-5, 0],
    [250, 1],
    [0, 0],
    [33, 0.33],
  ])('progress %i is shown as %f', (raw, progress) => {
    feed.show(
      edited(({ tasks }) => {
        for (const task of Object.values(tasks.tasks)) task.progress = raw
      }),
    )
    expect(feed.tasks[0]?.progress).toBe(progress)
  })

  test('a health outside 0–1 is not reported, not clipped', () => {
    feed.show(
      edited(({ agents }) => {
        agents.agents.scout!.health = 17
      }),
    )
    expect(feed.agent('scout').health).toBeNull()
    expect(feed.agent('scout').sources.health).toBeUndefined()
  })

  test("[R7] the hive's token never appears in any event, entity or frame", () => {
    const stores = runningStores3()
    const secret = 'very-secret-hive-token-31415'
    stores.hive.hiveToken = secret
    for (const agent of Object.values(stores.agents.agents))
      Object.assign(agent, { hiveToken: secret, config: { hiveToken: secret } })
    for (const swarm of Object.values(stores.swarms.swarms)) swarm.hiveToken = secret
    for (const task of Object.values(stores.tasks.tasks)) task.hiveToken = secret
    feed.show(records3(stores))
    expect(JSON.stringify(feed.events)).not.toContain(secret)
    expect(JSON.stringify(feed.state.store.snapshot())).not.toContain(secret)
  })

  test('a token smuggled into a frame beside the known fields is not passed on', () => {
    const frame = feed.relay.set(records3(runningStores3()))
    feed.snapshot()
    const more = feed.relay.set(edited(({ agents }) => (agents.agents.scout!.status = 'busy')))
    expect(frame && more).toBeTruthy()
    const smuggled = JSON.parse(JSON.stringify(more)) as { put: { data: Record<string, unknown> }[] }
    for (const record of smuggled.put) Object.assign(record, { hiveToken: 'sesame' }).data.hiveToken = 'sesame'
    const events = feed.mirror.takeFrame(smuggled, NOW, true)
    expect(JSON.stringify(events)).toContain('busy')
    expect(JSON.stringify(events)).not.toContain('sesame')
  })
})

describe("3.x's agent_list, at each moment of the recording", () => {
  const answers = recordedAnswers(3, 'agent_list')
  const shown = (index: number) => {
    const found = readAgentList3(answers[index])
    if (!found) throw new Error('no such answer')
    const mirror = new RecordMirror(IDENTITY)
    return Object.fromEntries(
      mirror
        .takeRecords(found, NOW)
        .flatMap((event) => (event.type === 'agent.upserted' ? [event.entity] : []))
        .map((agent) => [agent.nativeId, agent.status]),
    )
  }

  test('before the first spawn there is nobody', () => {
    expect(shown(0)).toEqual({})
  })
  test('after eight spawns there are eight idle agents', () => {
    expect(Object.values(shown(1))).toEqual(Array(8).fill('idle'))
  })
  test('after a task was assigned its two agents are active', () => {
    expect(shown(2)).toMatchObject({ 'builder-1': 'active', checker: 'active', scout: 'idle' })
  })
  test('after an update one is busy', () => {
    expect(shown(3)).toMatchObject({ 'builder-2': 'busy', checker: 'active' })
  })
  test('after a termination there are seven', () => {
    expect(Object.keys(shown(4))).not.toContain('reader')
    expect(Object.keys(shown(4))).toHaveLength(7)
  })
})

describe('claude-flow 2.7.47', () => {
  test('the database has the agents of all processes, in our spelling of their types', () => {
    feed.show(records2())
    expect(Object.fromEntries(feed.agents.map(({ name, type, rawType }) => [name, [type, rawType]]))).toEqual({
      Queen: ['coordinator', 'task-orchestrator'],
      Scout: ['researcher', 'researcher'],
      'Builder-1': ['coder', 'coder'],
      'Builder-2': ['coder', 'coder'],
      Checker: ['tester', 'tester'],
      Reader: ['reviewer', 'reviewer'],
      Planner: ['architect', 'system-architect'],
      Analyst: ['analyst', 'code-analyzer'],
      Tuner: ['optimizer', 'perf-analyzer'],
      Writer: ['documenter', 'api-docs'],
      'undefined-1795469082541': ['unknown', null],
    })
    expect(feed.agents.every(({ status, rawStatus }) => status === 'active' && rawStatus === 'active')).toBe(true)
  })

  test('agents belong to the swarm that they name, with capabilities and the time of their spawn', () => {
    feed.show(records2())
    const queen = feed.agents.find(({ name }) => name === 'Queen')
    expect(queen).toMatchObject({
      swarmId: 'S/swarm_1795469082033_efedr0ajt',
      capabilities: ['planning', 'coordinator'],
      createdAt: '2026-11-23T21:24:42.038Z',
      health: null,
      tasksCompleted: null,
    })
    expect(feed.swarms).toMatchObject([{ name: 'Swarm-2026-11-23', strategy: 'adaptive', maxAgents: 12 }])
  })

  test("the swarm's only coordinator heads it, for there is no hive", () => {
    feed.show(records2())
    const links = feed.links('topology')
    const queen = feed.agents.find(({ name }) => name === 'Queen')
    expect(links).toHaveLength(10)
    expect(links.every(({ source, evidence }) => source === queen?.id && evidence.includes('one coordinator'))).toBe(
      true,
    )
  })

  test('a pending task that nobody has is shown, without links', () => {
    feed.show(records2())
    expect(feed.tasks).toMatchObject([
      { status: 'pending', assignedTo: [], progress: null, swarmId: 'S/swarm_1795469082033_efedr0ajt' },
    ])
    expect(feed.links('assigned')).toEqual([])
  })

  test('[R10] the three invented agents never become agents, whatever swarm they are said to be of', () => {
    const [invented, ...real] = recordedAnswers(2, 'agent_list').map(readAgentList2)
    expect(invented).toMatchObject({ invented: true, agents: [] })
    expect(real.map((answer) => answer?.agents.length)).toEqual([10, 10, 11])
    const underRealId = { ...(recordedAnswers(2, 'agent_list')[0] as object), swarmId: 'swarm_1795469082033_efedr0ajt' }
    expect(readAgentList2(underRealId)).toMatchObject({ invented: true, agents: [] })
    feed.fold(new RecordMirror(IDENTITY).takeRecords(invented?.agents ?? [], NOW))
    expect(feed.agents).toEqual([])
  })

  test('types that agent_list gives back come in our spelling too', () => {
    const list = readAgentList2(recordedAnswers(2, 'agent_list')[1])
    feed.fold(new RecordMirror(IDENTITY).takeRecords(list?.agents ?? [], NOW))
    expect(feed.agents.find(({ name }) => name === 'Queen')?.type).toBe('coordinator')
    expect(feed.agents.find(({ name }) => name === 'Writer')?.type).toBe('documenter')
  })
})

describe('what changed, and what did not', () => {
  const first = () => records3(runningStores3())

  test('an unchanged look gives no events', () => {
    expect(feed.show(first()).length).toBeGreaterThan(8)
    expect(feed.show(first())).toEqual([])
    expect(feed.snapshot()).toEqual([])
  })

  test('[R9] a snapshot of a new epoch with the same content gives no events', () => {
    const at = '2026-11-23T21:30:00.000Z'
    feed.show(first(), { at })
    feed.show(
      edited(({ agents }) => (agents.agents.scout!.status = 'busy')),
      { at: '2026-11-23T21:31:00.000Z' },
    )
    const before = feed.state.store.seq
    // The relay was started again: another epoch, numbers from the beginning, the same files with the same times.
    const restarted = new RelayStore('another-epoch')
    restarted.store.load({ ...feed.relay.store.snapshot(), epoch: 'another-epoch', seq: 1 })
    feed.relay = restarted
    expect(feed.snapshot()).toEqual([])
    expect(feed.mirror.position).toEqual({ epoch: 'another-epoch', rev: 1 })
    expect(feed.state.store.seq).toBe(before + 1)
  })

  test('[R9] also if an agent had changed by its task, not by its own record', () => {
    feed.show(first(), { at: '2026-11-23T21:30:00.000Z' })
    feed.show(
      edited(({ tasks }) => {
        for (const task of Object.values(tasks.tasks)) task.status = 'in_progress'
      }),
      { at: '2026-11-23T21:31:00.000Z' },
    )
    const restarted = new RelayStore('another-epoch')
    restarted.store.load({ ...feed.relay.store.snapshot(), epoch: 'another-epoch', seq: 1 })
    feed.relay = restarted
    expect(feed.snapshot()).toEqual([])
  })

  test('[L2] after a new epoch later changes count as later, though their numbers are smaller', () => {
    for (let n = 0; n < 5; n++) feed.show(edited(({ agents }) => (agents.agents.scout!.taskCount = n)))
    const restarted = new RelayStore('another-epoch')
    feed.relay = restarted
    restarted.set(first())
    feed.snapshot()
    feed.show(edited(({ agents }) => (agents.agents.scout!.status = 'busy')))
    expect(feed.agent('scout').status).toBe('busy')
  })

  test('one changed agent gives one event', () => {
    feed.show(first())
    const events = feed.show(edited(({ agents }) => (agents.agents.scout!.model = 'opus')))
    expect(events.map(({ type }) => type)).toEqual(['agent.upserted'])
    expect(feed.agent('scout').model).toBe('opus')
  })

  test('an agent that is gone is retired with its links', () => {
    feed.show(first())
    const events = feed.show(edited(({ agents }) => delete agents.agents.scout))
    expect(events.map(({ type }) => type).sort()).toEqual(['agent.retired', 'link.retired', 'swarm.upserted'])
    expect(feed.state.store.get('agent', 'S/scout')).toBeUndefined()
  })

  test('a changed createdAt is another agent: `~2`, and the former is retired', () => {
    feed.show(first())
    const again = edited(({ agents }) => (agents.agents.scout!.createdAt = '2026-11-23T22:30:00.000Z'))
    const events = feed.show(again)
    expect(events.filter(({ type }) => type.startsWith('agent.')).map((event) => [event.type, event.key])).toEqual([
      ['agent.upserted', 'relay-epoch/2/agent/S/scout~2'],
      ['agent.retired', 'relay-epoch/2/agent/S/scout'],
    ])
    expect(feed.agent('scout~2')).toMatchObject({ nativeId: 'scout', createdAt: '2026-11-23T22:30:00.000Z' })
    expect(feed.links('topology').map(({ target }) => target)).toContain('S/scout~2')
    feed.show(edited(({ agents }) => (agents.agents.scout!.createdAt = '2026-11-23T22:31:00.000Z')))
    expect(feed.agents.filter(({ nativeId }) => nativeId === 'scout').map(({ id }) => id)).toEqual(['S/scout~3'])
  })

  test('an agent that goes and comes back the same is the same again', () => {
    feed.show(first())
    feed.show(edited(({ agents }) => delete agents.agents.scout))
    feed.show(first())
    expect(feed.agent('scout').nativeId).toBe('scout')
  })

  test('createdAt that is lost and found again is no new incarnation', () => {
    const incarnations = new Incarnations()
    expect(incarnations.idFor('S', 'a', '2026-01-01T00:00:00.000Z')).toBe('S/a')
    expect(incarnations.idFor('S', 'a', null)).toBe('S/a')
    expect(incarnations.idFor('S', 'a', '2026-01-01T00:00:00.000Z')).toBe('S/a')
    expect(incarnations.idFor('S', 'a', '2026-01-02T00:00:00.000Z')).toBe('S/a~2')
    expect(incarnations.idFor('S', 'b', null)).toBe('S/b')
    expect(incarnations.idFor('S', 'b', '2026-01-01T00:00:00.000Z')).toBe('S/b')
  })

  test('on a first look nobody knows since when a status holds', () => {
    feed.show(first())
    expect(feed.agents.every(({ statusSince }) => statusSince === null)).toBe(true)
  })

  test('a status that changed before our eyes says since when; other changes keep that time', () => {
    feed.show(first())
    feed.show(edited(({ agents }) => (agents.agents.scout!.status = 'busy')))
    const since = feed.relay.at
    expect(feed.agent('scout').statusSince).toBe(since)
    feed.show(edited(({ agents }) => Object.assign(agents.agents.scout!, { status: 'busy', taskCount: 4 })))
    expect(feed.agent('scout')).toMatchObject({ statusSince: since, tasksCompleted: 4, updatedAt: feed.relay.at })
    expect(feed.agent('queen').statusSince).toBeNull()
  })

  test('a status that changed while we were away does not', () => {
    feed.show(first())
    feed.show(
      edited(({ agents }) => (agents.agents.scout!.status = 'busy')),
      { witnessed: false },
    )
    expect(feed.agent('scout')).toMatchObject({ status: 'busy', statusSince: null })
  })

  test("a swarm's end is the time since which its agents are offline, not that of their own last change", () => {
    feed.show(first(), { at: '2026-11-23T21:30:00.000Z' })
    feed.show(records3(stores3()), { at: '2026-11-23T21:45:00.000Z' })
    expect(feed.agent('scout')).toMatchObject({
      status: 'offline',
      statusSince: '2026-11-23T21:45:00.000Z',
      updatedAt: '2026-11-23T21:45:00.000Z',
    })
    expect(feed.agent('scout').sources.status?.at).toBe('2026-11-23T21:45:00.000Z')
    expect(feed.agent('scout').sources.model?.at).toBe('2026-11-23T21:30:00.000Z')
    // It was terminated before, so its status did not change now.
    expect(feed.agent('reader').statusSince).toBeNull()
  })

  test('an agent that changed by its task was updated when the task was', () => {
    feed.show(first(), { at: '2026-11-23T21:30:00.000Z' })
    feed.show(
      edited(({ tasks }) => {
        for (const task of Object.values(tasks.tasks)) task.status = 'in_progress'
      }),
      { at: '2026-11-23T21:50:00.000Z' },
    )
    expect(feed.agent('checker')).toMatchObject({ tasksActive: 1, updatedAt: '2026-11-23T21:50:00.000Z' })
    expect(feed.agent('scout').updatedAt).toBe('2026-11-23T21:30:00.000Z')
  })

  test('[F9] entities that did not change keep their reference', () => {
    feed.show(first())
    const scout = feed.agent('scout')
    feed.show(edited(({ agents }) => (agents.agents.checker!.status = 'busy')))
    expect(feed.agent('scout')).toBe(scout)
  })

  test('the order of the records does not matter', () => {
    feed.show(first())
    const other = new Feed()
    other.show(first().reverse())
    const plain = ({ state }: Feed) => [...state.store.values()].map((entity) => JSON.stringify(entity)).sort()
    expect(plain(other)).toEqual(plain(feed))
  })
})

describe('chunks and frames', () => {
  test('[F8] a snapshot in many chunks is taken with its last', () => {
    feed.relay.set(records3(runningStores3()))
    const chunks = feed.relay.chunks(500)
    expect(chunks.length).toBeGreaterThan(3)
    const results = chunks.map((chunk) => feed.mirror.takeChunk(wire(chunk), NOW))
    expect(results.slice(0, -1).every((result) => result === null)).toBe(true)
    expect(results.at(-1)?.length).toBeGreaterThan(8)
    expect(feed.mirror.position).toEqual({ epoch: 'relay-epoch', rev: 1 })
  })

  test('[F8] chunks out of order are refused, and a new beginning is taken', () => {
    feed.relay.set(records3(runningStores3()))
    const [first, second, third] = feed.relay.chunks(500)
    feed.mirror.takeChunk(wire(first), NOW)
    expect(() => feed.mirror.takeChunk(wire(third), NOW)).toThrow('out of order')
    expect(() => feed.mirror.takeChunk(wire(second), NOW)).toThrow('out of order')
    expect(feed.mirror.position).toEqual({ epoch: null, rev: 0 })
    expect(feed.snapshot().length).toBeGreaterThan(8)
  })

  test('[F3] a frame of another epoch, or from further on, is a gap and changes nothing; a repeat is stale', () => {
    feed.show(records3(runningStores3()))
    const frame = feed.relay.set(edited(({ agents }) => (agents.agents.scout!.status = 'busy')))
    expect(feed.mirror.takeFrame({ ...(wire(frame) as object), epoch: 'x' }, NOW, true)).toBe('gap')
    expect(feed.mirror.takeFrame({ ...(wire(frame) as object), from: 7, to: 9 }, NOW, true)).toBe('gap')
    expect(feed.mirror.position.rev).toBe(1)
    expect(feed.mirror.takeFrame(wire(frame), NOW, true)).toHaveLength(1)
    expect(feed.mirror.takeFrame(wire(frame), NOW, true)).toBe('stale')
  })

  test.each([
    ['null', null],
    ['text', 'x'],
    ['a wrong epoch', { epoch: 5, seq: 1, index: 0, last: true, put: [] }],
    ['a record without kind', { epoch: 'e', seq: 1, index: 0, last: true, put: [{ entity: 'record', id: 'x' }] }],
    ['a negative number', { epoch: 'e', seq: -1, index: 0, last: true, put: [] }],
  ])('%s is no chunk', (_, garbage) => {
    expect(() => feed.mirror.takeChunk(garbage, NOW)).toThrow()
    expect(() => feed.mirror.takeFrame(garbage, NOW, true)).toThrow()
    expect(feed.mirror.position).toEqual({ epoch: null, rev: 0 })
  })

  test('ids that break maps are agents like others', () => {
    const agents = Object.create(null) as Record<string, Record<string, unknown>>
    for (const id of ['__proto__', 'constructor', 'toString', 'a/b', '%2F', '🐝']) {
      agents[id] = { agentType: 'coder', status: 'idle' }
    }
    const text = JSON.stringify({ agents })
    feed.show(readAgents3(JSON.parse(text)))
    expect(feed.agents.map(({ nativeId }) => nativeId).sort()).toEqual(
      ['%2F', '__proto__', 'a/b', 'constructor', 'toString', '🐝'].sort(),
    )
  })

  test('ten thousand agents in a hundred swarms are normalised in well under a second', () => {
    const agents: Record<string, unknown> = {}
    const swarms: Record<string, unknown> = {}
    for (let s = 0; s < 100; s++) {
      const members = Array.from({ length: 100 }, (_, n) => `agent-${s}-${n}`)
      for (const id of members) agents[id] = { agentType: 'coder', status: 'idle' }
      swarms[`swarm-${s}`] = { status: 'running', topology: 'ring', agents: members }
    }
    const stores = { agents: { agents }, tasks: { tasks: {} }, swarms: { swarms }, hive: {} } as Stores3
    feed.show(records3(stores))
    Object.assign(agents['agent-50-50'] as object, { status: 'busy' })
    const frame = wire(feed.relay.set(records3(stores)))
    let events: unknown
    const spentMs = cpuMs(() => {
      events = feed.mirror.takeFrame(frame, NOW, true)
    })
    expect(spentMs).toBeLessThan(1_000)
    expect(events).toHaveLength(1)
  })
})

describe('declared topologies', () => {
  const member = (id: string, given: Partial<Member> = {}): Member => ({ id, role: 'coder', status: 'idle', ...given })
  const pairs = (...given: Parameters<typeof topologyLinks>) =>
    topologyLinks(...given).map(({ source, target }) => `${source}>${target}`)
  const abc = [member('a'), member('b'), member('c')]

  test('a ring is closed, and two make one link', () => {
    expect(pairs('ring', abc, null)).toEqual(['a>b', 'b>c', 'c>a'])
    expect(pairs('ring', abc.slice(0, 2), null)).toEqual(['a>b'])
  })
  test('a mesh links each pair once, and a large one is left out', () => {
    expect(pairs('mesh', abc, null)).toEqual(['a>b', 'a>c', 'b>c'])
    expect(
      pairs(
        'mesh',
        Array.from({ length: 13 }, (_, n) => member(`m${n}`)),
        null,
      ),
    ).toEqual([])
  })
  test('where neither queen nor single coordinator is known nothing is drawn', () => {
    expect(pairs('star', abc, null)).toEqual([])
    const two = [member('a', { role: 'coordinator' }), member('b', { role: 'coordinator' }), member('c')]
    expect(pairs('hierarchical', two, null)).toEqual([])
    expect(pairs('hierarchical', two, 'b')).toEqual(['b>a', 'b>c'])
  })
  test('unknown topologies, single members and ended ones give none', () => {
    expect(pairs('adaptive', abc, 'a')).toEqual([])
    expect(pairs(null, abc, 'a')).toEqual([])
    expect(pairs('ring', [member('a')], null)).toEqual([])
    expect(pairs('ring', [member('a'), member('b', { status: 'offline' })], null)).toEqual([])
  })
})
