// Claude Code as a source of the real world (SPEC.md, K): what is committed, what survives, what time and others change.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { budgetOf, totalsOf } from '../../protocol/derive.ts'
import type { Batch, SwarmEvent } from '../../protocol/events.ts'
import type { Agent } from '../../protocol/swarm.ts'
import { activityOf } from '../../server/api/activity.ts'
import { activityQuery } from '../../server/api/schemas/reads.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { SqliteLog } from '../../server/log/sqliteLog.ts'
import { ClaudeCodeSource } from '../../server/sources/claudeCode/claudeCodeSource.ts'
import { goneSumOf, OWN } from '../../server/sources/claudeCode/goneSessions.ts'
import type { Processes } from '../../server/sources/claudeCode/processWatch.ts'
import type { ApiRequestRecord, ClaudeCodeRecord, HookRecord } from '../../server/sources/claudeCode/records.ts'
import { NO_USAGE } from '../../server/sources/claudeCode/usage.ts'
import { World } from '../../server/world.ts'
import {
  FIRST,
  recorded,
  recordedHooks,
  recordedTelemetry,
  SECOND,
  SESSION,
  START_MS,
} from '../helpers/claudeCodeRecordings.ts'
import { agentEnds, agentEvent } from '../helpers/eventLogContract.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { silentLog } from '../helpers/silentLog.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import { canonicalHash, TIME } from '../protocol/samples.ts'

const MAIN_ID = `claude-code/${SESSION}`
const MINUTE = 60_000
/** After the last record, so that none is ahead of our clock. */
const NOW = START_MS + 2_000

let nowMs = NOW
const alive = new Map<number, string>()
const processes: Processes = {
  startOf: (pid) => alive.get(pid) ?? null,
  isAlive: (pid) => alive.has(pid),
}
const FAKED = ['setTimeout', 'clearTimeout', 'Date'] as const
const ends: (() => unknown)[] = []
beforeEach(() => {
  // With a clock that stands still no piece of work takes its time, so what falls due is done when the timers return.
  vi.useFakeTimers({ toFake: [...FAKED, 'performance'], now: NOW })
  nowMs = NOW
  alive.clear()
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  vi.useRealTimers()
})

function sourceOf(world: World): ClaudeCodeSource {
  const source = new ClaudeCodeSource({ world, log: silentLog, now: () => nowMs, host: 'laptop', processes })
  ends.push(() => source.close())
  source.start()
  return source
}
function newSource() {
  const world = new World('real', new MemoryLog())
  return { world, source: sourceOf(world) }
}
const accept = (source: ClaudeCodeSource, ...records: ClaudeCodeRecord[]) =>
  source.accept(records, new Date(nowMs).toISOString())
const agentsOf = (world: World): Agent[] => [...world.store.all('agent').values()]
const agentOf = (world: World, id = MAIN_ID) => world.store.get('agent', id)
const linksOf = (world: World, kind: string) =>
  [...world.store.all('link').values()].filter((link) => link.kind === kind)
const hashOf = (world: World) =>
  canonicalHash(
    [...world.store.values()].filter(({ entity }) => entity !== 'source').map(({ rev: _, ...rest }) => rest),
  )

/** Time goes on, and whoever set a timer for it has had his turn. */
async function pass(ms: number): Promise<void> {
  nowMs += ms
  await vi.advanceTimersByTimeAsync(ms)
  // What is made in pieces goes on in the next turns of the event loop.
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function eventsOf(world: World): Promise<SwarmEvent[]> {
  const batches: Batch[] = []
  for await (const batch of world.read(0, world.store.seq)) batches.push(batch)
  return batches.flatMap(({ events }) => events)
}

describe('what is accepted', () => {
  test('is committed when it resolves, whole, and folds to the picture', async () => {
    const { world, source } = newSource()
    await accept(source, ...recorded())
    expect(
      agentsOf(world)
        .map(({ nativeId }) => nativeId)
        .sort(),
    ).toEqual([SESSION, FIRST, SECOND].sort())
    expect(linksOf(world, 'spawned')).toHaveLength(2)
    expect(world.store.get('source', 'claude-code')).toMatchObject({ kind: 'claude-code', host: 'laptop' })
  })

  test('one by one or all at once, twice or once, ends in the same world', async () => {
    const { world: atOnce, source } = newSource()
    await accept(source, ...recorded())
    const { world: oneByOne, source: other } = newSource()
    for (const record of recorded()) await accept(other, record)
    expect(hashOf(oneByOne)).toBe(hashOf(atOnce))
    const { seq } = oneByOne.store
    await accept(other, ...recordedTelemetry())
    // Nothing new, nothing said.
    expect(oneByOne.store.seq).toBe(seq)
  })

  test('[K21] each hook posted twice, by http and a moment later by curl, is told once: state, counts, links and activity', async () => {
    const told = async (world: World) => {
      const { items } = await activityOf(world, activityQuery.parse({ limit: '500' }))
      const tools = items.flatMap(({ id, tool }) =>
        tool ? [`${id} ${tool.name} ${tool.phase} ${tool.durationMs}`] : [],
      )
      const agents = agentsOf(world).map(({ id, status, tools, openTools, lastTool, parentId, currentTask }) => ({
        id,
        status,
        tools,
        openTools,
        lastTool,
        parentId,
        currentTask,
      }))
      return {
        tools,
        agents,
        links: [...world.store.all('link').values()].map(({ kind, source, target }) => ({ kind, source, target })),
      }
    }
    const { world: once, source } = newSource()
    for (const hook of recordedHooks()) await accept(source, hook)
    const { world: twice, source: other } = newSource()
    for (const hook of recordedHooks()) {
      await accept(other, hook)
      const at = new Date(Date.parse(hook.at) + 31).toISOString()
      await accept(other, { ...hook, at, parentPid: 4_711 })
    }
    expect((await told(once)).tools.length).toBeGreaterThan(8)
    expect(await told(twice)).toEqual(await told(once))
  })

  test('inferred links are replaced in one batch: a viewer never sees a subagent with two callers, or none', async () => {
    const { world, source } = newSource()
    const seen: string[] = []
    world.onChange(() => {
      const links = [...linksOf(world, 'inferred'), ...linksOf(world, 'spawned')].filter(({ target }) =>
        target.endsWith(FIRST),
      )
      if (agentOf(world, `${MAIN_ID}/${FIRST}`)) seen.push(links.map(({ kind }) => kind).join())
    })
    for (const record of recordedHooks()) await accept(source, record)
    expect([...new Set(seen)]).toEqual(['inferred', 'spawned'])
  })

  test('[K8] each tool call is told as it happened, also when many come at once, and the activity finds it', async () => {
    const { world, source } = newSource()
    await accept(source, ...recordedHooks())
    const { items } = await activityOf(world, activityQuery.parse({ limit: '500' }))
    const tools = items.flatMap(({ tool, id }) =>
      tool ? [`${id.slice(MAIN_ID.length)} ${tool.name} ${tool.phase}`] : [],
    )
    expect(tools.reverse()).toEqual(
      expect.arrayContaining([
        ' Agent started',
        `/${FIRST} Bash started`,
        `/${FIRST} Bash ended`,
        ' Agent ended',
        ' mcp__claude-flow__agent_spawn started',
        ' mcp__claude-flow__agent_spawn ended',
      ]),
    )
    expect(tools.filter((line) => line === ' Agent ended')).toHaveLength(2)
    expect(items.find(({ tool }) => tool?.phase === 'ended' && tool.name === 'Bash')?.tool).toMatchObject({
      ok: true,
      detail: null,
    })
  })

  test('versions never repeat, and rise over a restart', async () => {
    const { world, source } = newSource()
    for (const record of recordedHooks()) await accept(source, record)
    const versions = (await eventsOf(world)).map(({ version }) => version.join('.'))
    expect(new Set(versions).size).toBe(versions.length)
    expect(world.incarnationOf('claude-code')).toBe(1)
    await source.close()
    const again = sourceOf(world)
    await accept(again, { ...recordedHooks()[1]!, sessionId: 'another' })
    expect(world.incarnationOf('claude-code')).toBe(2)
  })

  test('a clock that is far ahead is not believed', async () => {
    const { world, source } = newSource()
    await accept(source, { ...recordedHooks()[1]!, at: '2999-01-01T00:00:00.000Z' })
    expect(agentOf(world)?.lastActiveAt).toBe(new Date(NOW).toISOString())
  })

  test('more than can wait is refused, and nothing else is', async () => {
    const { world, source } = newSource()
    const first = accept(source, recordedHooks()[0]!)
    const refused = source.accept(Array<ClaudeCodeRecord>(50_001).fill(recordedHooks()[1]!), TIME)
    await expect(refused).rejects.toMatchObject({ name: 'ClaudeCodeBusy' })
    await first
    expect(agentsOf(world)).toHaveLength(1)
    await source.close()
    await expect(accept(source, recordedHooks()[1]!)).rejects.toThrow('stops')
  })

  test('what the log refuses is told to the sender; sent again it is there, once', async () => {
    const log = new MemoryLog()
    const world = new World('real', log)
    const source = sourceOf(world)
    await accept(source, recordedHooks()[0]!)
    const append = log.append.bind(log)
    log.append = () => Promise.reject(new Error('the disk is full'))
    await expect(accept(source, ...recorded())).rejects.toThrow('the disk is full')
    expect(agentsOf(world)).toHaveLength(1)
    log.append = append
    await accept(source, ...recordedTelemetry())
    const { world: calm, source: other } = newSource()
    await accept(other, ...recorded())
    expect(hashOf(world)).toBe(hashOf(calm))
  })
})

describe('[K20] what comes in thousands', () => {
  test('is one commit, and others have their turn while it is made', async () => {
    vi.useRealTimers()
    vi.useFakeTimers({ toFake: [...FAKED], now: NOW })
    const { world, source } = newSource()
    const records = Array.from({ length: 1_500 }, (_, n) => ({
      ...recordedHooks()[1]!,
      sessionId: `s-${n}`,
      project: `p-${n % 20}`,
    }))
    const before = world.store.seq
    let turns = 0
    let isDone = false
    const look = () => {
      turns++
      if (!isDone) setImmediate(look)
    }
    setImmediate(look)
    await accept(source, ...records)
    isDone = true
    expect(world.store.seq).toBe(before + 1)
    expect(agentsOf(world)).toHaveLength(1_500)
    // In one piece it is 1.
    expect(turns).toBeGreaterThan(3)
  })

  test('of other senders meanwhile is in the next one, and nothing of it is lost', async () => {
    const { world, source } = newSource()
    const sent = Array.from({ length: 10 }, (_, sender) =>
      Array.from({ length: 40 }, (_, n) => ({ ...recordedHooks()[1]!, sessionId: `s-${sender}-${n}` })),
    )
    await Promise.all(sent.map((records) => accept(source, ...records)))
    expect(agentsOf(world)).toHaveLength(400)
    const { world: calm, source: other } = newSource()
    for (const records of sent) await accept(other, ...records)
    expect(hashOf(world)).toBe(hashOf(calm))
  })
})

describe('status', () => {
  test('never, then receiving, then quiet; counts are told', async () => {
    const { source } = newSource()
    const states: string[] = []
    source.onStatus(() => states.push(source.status.state))
    expect(source.status).toMatchObject({ state: 'never', kind: 'claude-code', lastError: null })
    await accept(source, ...recorded())
    expect(source.status.state).toBe('receiving')
    await pass(1_000)
    expect(source.status.counts).toMatchObject({ taken: recorded().length })
    await pass(MINUTE)
    expect(source.status).toMatchObject({ state: 'quiet', since: new Date(NOW).toISOString() })
    await accept(source, recordedHooks()[0]!)
    expect([...new Set(states)]).toEqual(['receiving', 'quiet'])
  })

  test('a door counts beside it', async () => {
    const { source } = newSource()
    source.count('unreadable')
    source.count('unreadable', 2)
    await pass(1_000)
    expect(source.status.counts).toEqual({ unreadable: 3 })
  })
})

describe('[K17] time', () => {
  test('what ended is retired after a quarter of an hour, by an event', async () => {
    const { world, source } = newSource()
    await accept(source, ...recorded())
    await pass(14 * MINUTE)
    expect(agentsOf(world)).toHaveLength(3)
    expect(linksOf(world, 'message')).toEqual([])
    await pass(2 * MINUTE)
    expect([...world.store.all('agent').values(), ...world.store.all('link').values()]).toEqual([])
    expect((await eventsOf(world)).filter(({ type }) => type === 'agent.retired')).toHaveLength(3)
  })
})

describe('[K6] processes', () => {
  const start = (given: object = {}) => ({ ...recordedHooks()[0]!, parentPid: 77, ...given })

  test('a process that is gone ends its session within seconds', async () => {
    const { world, source } = newSource()
    alive.set(77, 'then')
    await accept(source, start(), recordedHooks()[1]!)
    await pass(20_000)
    expect(agentOf(world)?.status).toBe('active')
    alive.delete(77)
    await pass(5_000)
    expect(agentOf(world)).toMatchObject({ status: 'offline', endedReason: 'process gone' })
  })

  test('whose start was missed is learnt from any other hook, and looked up once', async () => {
    const { world, source } = newSource()
    const looks = vi.spyOn(processes, 'startOf')
    alive.set(77, 'then')
    const [, prompt, call] = recordedHooks()
    await accept(source, { ...prompt!, parentPid: 77 })
    await accept(source, { ...call!, parentPid: 77 })
    expect(looks).toHaveBeenCalledTimes(1)
    looks.mockRestore()
    alive.delete(77)
    await pass(5_000)
    expect(agentOf(world)?.endedReason).toBe('process gone')
  })

  test('another process with its number is another process', async () => {
    const { world, source } = newSource()
    alive.set(77, 'then')
    await accept(source, start())
    alive.set(77, 'later')
    await pass(5_000)
    expect(agentOf(world)?.endedReason).toBe('process gone')
  })

  test('one that cannot be seen from here, or is on another machine, is not missed', async () => {
    const { world, source } = newSource()
    await accept(source, start())
    alive.set(78, 'then')
    await accept(source, start({ sessionId: 'remote', parentPid: 78, host: 'server', isHere: false }))
    await accept(source, start({ sessionId: 'somewhere', parentPid: 78, host: null, isHere: false }))
    alive.clear()
    await pass(MINUTE)
    expect(agentsOf(world).map(({ endedReason }) => endedReason)).toEqual([null, null, null])
  })

  test('nobody looks while there is nobody to look for', async () => {
    const { source } = newSource()
    const looks = vi.spyOn(processes, 'isAlive')
    alive.set(77, 'then')
    await accept(source, start(), ...recordedHooks())
    await pass(MINUTE)
    expect(looks).not.toHaveBeenCalled()
    looks.mockRestore()
  })
})

describe('[K18] registered with claude-flow', () => {
  const flow = (given: object = {}) =>
    agentEvent('flow/from-claude', {
      nativeId: 'from-claude',
      sourceId: 'flow',
      createdAt: '2026-11-23T22:25:09.150Z',
      ...given,
    })
  const flowSource: SwarmEvent = {
    ...agentEvent('x'),
    key: 'flow/source',
    type: 'source.upserted',
    entity: {
      entity: 'source',
      id: 'flow',
      kind: 'claude-flow',
      state: 'live',
      url: null,
      project: 'p',
      host: 'h',
      since: TIME,
    },
  }

  test('linked by the id in the answer, whoever came first; gone with the agent', async () => {
    for (const isFirst of [true, false]) {
      const { world, source } = newSource()
      await world.append([flowSource])
      if (isFirst) await world.append([flow()])
      await accept(source, ...recorded())
      if (!isFirst) await world.append([flow()])
      await pass(1)
      expect(linksOf(world, 'registered-by')).toMatchObject([
        { source: MAIN_ID, target: 'flow/from-claude', evidence: 'its agent_spawn call was answered with this id' },
      ])
      await world.append([agentEnds('flow/from-claude')])
      await pass(1)
      expect(linksOf(world, 'registered-by')).toEqual([])
    }
  })

  test('never by name, nor when somebody registered that id anew', async () => {
    const { world, source } = newSource()
    await world.append([flowSource, flow({ nativeId: 'other', name: 'from-claude' })])
    await accept(source, ...recorded())
    expect(linksOf(world, 'registered-by')).toEqual([])
    await world.append([flow({ createdAt: '2026-11-23T23:00:00.000Z' })])
    await vi.advanceTimersByTimeAsync(1)
    expect(linksOf(world, 'registered-by')).toEqual([])
  })
})

describe('[K10] over a kill', () => {
  let folder: ReturnType<typeof temporaryFolder>
  beforeEach(() => {
    folder = temporaryFolder('claude')
  })
  afterEach(() => folder.remove())

  async function open() {
    const thread = new InThread()
    const log = await SqliteLog.open({ path: `${folder.path}/events.db`, bootId: 'boot', thread })
    const world = await World.open('real', log)
    return { world, thread, source: sourceOf(world) }
  }

  test('killed after any record, the rest ends in the same world; what is sent again does not count twice', async () => {
    const records = recorded()
    const { world: calm, source: whole } = newSource()
    await accept(whole, ...records)
    const expected = hashOf(calm)
    for (const cut of [1, 4, 9, 16, 22, 25, 31, 40, records.length]) {
      folder.remove()
      folder = temporaryFolder('claude')
      const first = await open()
      for (const record of records.slice(0, cut)) await accept(first.source, record)
      const before = hashOf(first.world)
      first.thread.abandon()
      const second = await open()
      // At once as it was, before anything comes.
      expect(hashOf(second.world), `cut ${cut}`).toBe(before)
      await accept(second.source, ...records.slice(Math.max(0, cut - 5)))
      expect(hashOf(second.world), `cut ${cut}`).toBe(expected)
      expect(second.source.status.state).toBe('receiving')
      await second.source.close()
      await second.world.close()
    }
  })

  describe('[K22] what a session cost is never forgotten, nor counted twice', () => {
    const at = (afterMs = 0) => new Date(nowMs + afterMs).toISOString()
    const hook = (event: HookRecord['event'], reason: string | null = null): HookRecord => ({
      ...recordedHooks()[1]!,
      event,
      reason,
      at: at(),
    })
    const request = (requestId: string, costUsd: number, when = at()): ApiRequestRecord => ({
      type: 'api-request',
      sessionId: SESSION,
      host: null,
      isHere: true,
      at: when,
      requestId,
      sequence: null,
      promptId: null,
      model: 'opus',
      tokens: { input: 10, output: 1, cacheRead: 0, cacheWrite: 0 },
      costUsd,
      durationMs: 1,
      querySource: 'main',
    })
    const spent = ({ store }: World) => budgetOf(10, totalsOf(store))
    const warning = { limitUsd: 10, spentUsd: 9, level: 'warning' }
    /** Spends 9 $, and leaves. */
    async function spendAndLeave(source: ClaudeCodeSource) {
      const spend = request('r1', 9)
      await accept(source, hook('UserPromptSubmit'), spend)
      await accept(source, hook('SessionEnd', 'other'))
      nowMs += 16 * MINUTE
      await accept(source, { ...hook('UserPromptSubmit'), sessionId: 'another' })
      return spend
    }

    test('after it left, and over a kill, late telemetry and a resume', async () => {
      const first = await open()
      const spend = await spendAndLeave(first.source)
      expect(agentOf(first.world)).toBeUndefined()
      expect(spent(first.world)).toEqual(warning)
      first.thread.abandon()
      const second = await open()
      await accept(second.source, spend)
      expect(spent(second.world)).toEqual(warning)
      // Resumed it goes on with its sum, and it is in no other.
      nowMs += MINUTE
      await accept(second.source, hook('SessionStart', 'resume'), spend, request('r2', 1))
      expect(agentOf(second.world)?.unattributed).toMatchObject({ tokens: { input: 20 }, costUsd: 10 })
      expect(totalsOf(second.world.store)).toMatchObject({
        costUsd: 10,
        goneCostUsd: 0,
        goneTokens: { input: 0, output: 0 },
      })
      second.thread.abandon()
      const third = await open()
      await accept(third.source, spend, hook('SessionEnd', 'other'))
      nowMs += 16 * MINUTE
      await accept(third.source, spend, { ...hook('UserPromptSubmit'), sessionId: 'third' })
      expect(agentOf(third.world)).toBeUndefined()
      expect(totalsOf(third.world.store)).toMatchObject({
        costUsd: null,
        tokens: null,
        goneCostUsd: 10,
        goneTokens: { input: 20, output: 2, cacheRead: 0, cacheWrite: 0 },
      })
      await third.world.close()
    })

    test('in the very commit in which its agents leave, also when a first one fails', async () => {
      const { world, source, thread } = await open()
      const sums = new Set<number | null | undefined>()
      world.onChange(() => sums.add(spent(world)?.spentUsd))
      await accept(source, hook('UserPromptSubmit'), request('r1', 9))
      await accept(source, hook('SessionEnd', 'other'))
      nowMs += 16 * MINUTE
      const append = world.append.bind(world)
      world.append = () => Promise.reject(new Error('the disk is full'))
      await expect(accept(source, { ...hook('UserPromptSubmit'), sessionId: 'another' })).rejects.toThrow('full')
      world.append = append
      await accept(source, { ...hook('UserPromptSubmit'), sessionId: 'another' })
      expect([...sums]).toEqual([9])
      thread.abandon()
      const second = await open()
      await accept(second.source, { ...hook('UserPromptSubmit'), sessionId: 'third' })
      expect(spent(second.world)).toEqual(warning)
      const notes = await second.world.notes('claude-code/')
      expect([...notes.keys()].filter((key) => key.includes(SESSION))).toEqual([`claude-code/${SESSION}/gone`])
      await second.world.close()
    })

    test('nor what it used, where a former version kept the cost alone', () => {
      const tokens = { input: 10, output: 1, cacheRead: 0, cacheWrite: 0 }
      const one = { at: at(), host: OWN, usage: { tokens, nanoUsd: 9e9 }, metrics: NO_USAGE }
      expect(goneSumOf('12000000000', OWN, [one, { ...one, host: 'server' }])).toEqual({ tokens, nanoUsd: 12e9 })
      expect(goneSumOf('{"tokens":null,"nanoUsd":5}', OWN, [one])).toEqual({ tokens: null, nanoUsd: 5 })
    })

    test('by machine', async () => {
      const { world, source } = newSource()
      await accept(source, { ...hook('UserPromptSubmit'), host: 'server' }, request('r1', 9))
      await accept(source, hook('SessionEnd', 'other'))
      nowMs += 16 * MINUTE
      await accept(source, { ...hook('UserPromptSubmit'), sessionId: 'another' })
      expect(world.store.get('source', 'claude-code:server')).toMatchObject({ host: 'server', goneCostUsd: 9 })
      expect(spent(world)).toEqual(warning)
    })
  })

  test('a start that finds nothing new says nothing', async () => {
    const first = await open()
    await accept(first.source, ...recorded())
    const { seq } = first.world.store
    first.thread.abandon()
    const second = await open()
    expect(second.source.status.state).toBe('quiet')
    await accept(second.source, ...recordedTelemetry())
    expect(second.world.store.seq).toBe(seq)
    await second.world.close()
  })

  test('what ended while nobody ran leaves with the start, its notes too', async () => {
    const first = await open()
    await accept(first.source, ...recorded())
    first.thread.abandon()
    nowMs += 16 * MINUTE
    const second = await open()
    await vi.advanceTimersByTimeAsync(1)
    await accept(second.source, { ...recordedHooks()[1]!, sessionId: 'another', at: new Date(nowMs).toISOString() })
    expect(agentsOf(second.world).map(({ nativeId }) => nativeId)).toEqual(['another'])
    const notes = await second.world.notes('claude-code/')
    expect([...notes.keys()].filter((key) => key.includes(SESSION))).toEqual([`claude-code/${SESSION}/gone`])
    await second.world.close()
  })

  test('notes are small: a record touches its own agent and its page, not the session’s whole past', async () => {
    const { world, source, thread } = await open()
    const written: number[] = []
    const write = thread.held.write.bind(thread.held)
    thread.held.write = (batches, notes = new Map()) => {
      written.push([...notes.values()].reduce((sum, text) => sum + (text?.length ?? 0), 0))
      write(batches, notes)
    }
    const tool = (n: number, event: 'PreToolUse' | 'PostToolUse') => ({
      ...recordedHooks()[event === 'PreToolUse' ? 6 : 8]!,
      tool: { name: 'Bash', useId: `t${n}`, detail: null, file: null, description: null, to: null },
      at: new Date(NOW - 1_000 + n).toISOString(),
    })
    for (let n = 0; n < 120; n++) await accept(source, tool(n, 'PreToolUse'), tool(n, 'PostToolUse'))
    expect(Math.max(...written)).toBeLessThan(4_000)
    await world.close()
  })

  test('who wrote which file is remembered: a conflict stands, is not said again, and another is found', async () => {
    const wrote = (sessionId: string, hash: string) => ({
      ...recordedHooks()[8]!,
      sessionId,
      agentId: null,
      at: new Date(nowMs).toISOString(),
      tool: {
        name: 'Edit',
        useId: `${sessionId}-${hash}`,
        detail: null,
        description: null,
        to: null,
        file: { name: `${hash}.ts`, hash },
      },
    })
    const first = await open()
    await accept(first.source, wrote('one', 'shared'), wrote('two', 'shared'), wrote('two', 'other'))
    const [conflict] = linksOf(first.world, 'conflict')
    expect(conflict).toMatchObject({ source: 'claude-code/one', target: 'claude-code/two' })
    first.thread.abandon()
    const second = await open()
    await accept(second.source, wrote('three', 'other'))
    expect(linksOf(second.world, 'conflict')).toEqual([
      conflict,
      expect.objectContaining({
        evidence: 'both wrote other.ts',
        target: 'claude-code/two',
        source: 'claude-code/three',
      }),
    ])
    await second.world.close()
  })
})
