import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { compareVersions, type SwarmEvent, type Version } from '../../protocol/events.ts'
import { applyBatch, emptyState, type SwarmState } from '../../protocol/fold.ts'
import { AGENT_STATUSES } from '../../protocol/swarm.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { MockSource } from '../../server/sources/mock/mockSource.ts'
import { MOCK_SOURCE_ID, MOCK_STEP_MS, MockWorld } from '../../server/sources/mock/mockWorld.ts'
import { mulberry32 } from '../../server/sources/mock/random.ts'
import { World } from '../../server/world.ts'
import { cpuMs } from '../helpers/cpuMs.ts'
import { silentLog } from '../helpers/silentLog.ts'

const START_MS = Date.UTC(2026, 10, 23)

function run(seed: number, agents: number, steps: number, onStep: (state: SwarmState, events: SwarmEvent[]) => void) {
  const mock = new MockWorld(seed, agents, START_MS)
  const state = emptyState('mock')
  for (let step = 1; step <= steps; step++) {
    const events = mock.step()
    applyBatch(state, { seq: step, events })
    onStep(state, events)
  }
  return state
}

function eventsOf(seed: number, agents: number, steps: number): SwarmEvent[] {
  const all: SwarmEvent[] = []
  run(seed, agents, steps, (_, events) => all.push(...events))
  return all
}

describe('the mock world', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(eventsOf(7, 20, 300)).toEqual(eventsOf(7, 20, 300))
    expect(eventsOf(8, 20, 300)).not.toEqual(eventsOf(7, 20, 300))
  })

  test.each([1, 2, 3, 9, 12, 60])('has exactly %i agents at every step, the queen first among them', (count) => {
    run(1, count, 600, ({ store }) => {
      expect(store.all('agent').size).toBe(count)
      expect(store.get('agent', `${MOCK_SOURCE_ID}/queen`)).toMatchObject({ parentId: null, type: 'coordinator' })
    })
  })

  test('says of everything in it that it is made up', () => {
    for (const event of eventsOf(1, 15, 400)) {
      expect(event.sourceId).toBe(MOCK_SOURCE_ID)
      if (!('entity' in event)) continue
      expect(event.entity).toMatchObject({ mock: true })
      if (event.entity.entity === 'agent') expect(event.entity.origin).toBe('mock')
    }
  })

  test('says of each state and figure when it was last told: never older than the change itself', () => {
    run(1, 15, 400, ({ store }) => {
      for (const { sources, status, statusSince, updatedAt } of store.all('agent').values()) {
        expect(Object.keys(sources)).toEqual(
          expect.arrayContaining(['status', 'activity', 'tokens', 'costUsd', 'model']),
        )
        expect(Date.parse(sources.status?.at ?? ''), status).toBeGreaterThanOrEqual(Date.parse(statusSince ?? ''))
        expect(sources.status?.at).toBe(sources.activity?.at)
        expect(Date.parse(sources.tokens?.at ?? '')).toBeLessThanOrEqual(Date.parse(updatedAt))
      }
    })
  })

  test('has agents that come, work and go', () => {
    const ids = new Set<string>()
    const statuses = new Set<string>()
    let ended = 0
    const events = eventsOf(1, 12, 1_000)
    for (const event of events) {
      if (event.type === 'agent.upserted') {
        ids.add(event.entity.id)
        statuses.add(event.entity.status)
      }
      if (event.type === 'agent.retired') ended++
    }
    expect(ended).toBeGreaterThan(5)
    expect(ids.size).toBe(12 + ended)
    expect([...statuses].sort()).toEqual(AGENT_STATUSES.filter((status) => status !== 'unknown').sort())
  })

  test('never ends its queen', () => {
    const queen = eventsOf(3, 12, 2_000).filter((event) => 'entity' in event && event.entity.id === 'mock/queen')
    for (const event of queen) {
      expect(event.type).toBe('agent.upserted')
      if (event.type === 'agent.upserted') expect(event.entity.status).not.toMatch(/terminating|offline|error/)
    }
  })

  test('links whom it has: every link, parent and member exists at every step', () => {
    run(2, 40, 1_500, ({ store }) => {
      const agents = store.all('agent')
      let parents = 0
      for (const { source, target, kind } of store.all('link').values()) {
        if (!agents.has(source) || !agents.has(target)) throw new Error(`a link ends in nobody: ${source} > ${target}`)
        if (kind === 'spawned' || kind === 'inferred') parents++
      }
      expect(parents).toBe(39)
      for (const { parentId } of agents.values()) {
        if (parentId !== null && !agents.has(parentId)) throw new Error(`${parentId} is nobody`)
      }
      for (const swarm of store.all('swarm').values()) {
        expect([...swarm.agentIds].sort()).toEqual([...agents.keys()].sort())
      }
    })
  })

  test.each([5, 12, 40])(
    'with %i agents shows a newcomer within half a minute who waits, what failed, who messages; and the trouble passes',
    (count) => {
      const seen = new Map<string, number>()
      const passed = new Set<string>()
      const isNow = new Set<string>()
      run(9, count, 180, ({ store }) => {
        isNow.clear()
        for (const { attention, lastFailure, status } of store.all('agent').values()) {
          if (attention) isNow.add(attention.reason)
          if (status === 'error') isNow.add(lastFailure?.what ?? 'of no reason')
        }
        for (const { kind, evidence, mock } of store.all('link').values()) {
          if (kind === 'conflict' || kind === 'message') isNow.add(`${kind}: ${evidence} ${mock}`)
        }
        for (const what of isNow) if (!seen.has(what)) seen.set(what, store.seq)
        for (const what of seen.keys()) if (!isNow.has(what)) passed.add(what)
      })
      const wanted = [
        'permission: Bash',
        'stop failed: overloaded',
        'message: called it by SendMessage (made up) true',
        'conflict: both wrote form.tsx (made up) true',
      ]
      expect([...seen.keys()].sort()).toEqual(wanted.sort())
      // With many there is always a message under way.
      expect([...passed, wanted.find((what) => what.startsWith('message'))].sort()).toEqual(
        expect.arrayContaining(wanted),
      )
      expect(Math.max(...seen.values()) * MOCK_STEP_MS).toBeLessThanOrEqual(30_000)
    },
  )

  test('nothing else happens to who waits for a person, and it is never the queen', () => {
    const waiting = new Map<string, string>()
    run(11, 12, 600, ({ store }) => {
      for (const agent of store.all('agent').values()) {
        const since = waiting.get(agent.id)
        if (!agent.attention) {
          waiting.delete(agent.id)
          continue
        }
        expect(agent).toMatchObject({ status: 'busy', openTools: [{ name: 'Bash' }] })
        expect(agent.parentId).not.toBeNull()
        if (since !== undefined) expect(agent.updatedAt).toBe(since)
        waiting.set(agent.id, agent.updatedAt)
      }
    })
  })

  test('who is spawned anew is only likely of its parent at first, and has no task until it is certain', () => {
    const certainAfter: number[] = []
    const likelySince = new Map<string, number>()
    run(12, 12, 1_500, ({ store }) => {
      for (const { kind, target } of store.all('link').values()) {
        const since = likelySince.get(target)
        if (kind === 'inferred') {
          expect(store.get('agent', target)?.currentTask).toBeNull()
          likelySince.set(target, since ?? store.seq)
        } else if (kind === 'spawned' && since !== undefined) {
          likelySince.delete(target)
          certainAfter.push(store.seq - since)
          expect(store.get('agent', target)?.currentTask).toEqual(expect.any(String))
        }
      }
    })
    expect(certainAfter.length).toBeGreaterThan(5)
    expect(new Set(certainAfter)).toEqual(new Set([14]))
  })

  test('holds only lawful numbers and times', () => {
    for (const event of eventsOf(5, 30, 500)) {
      const text = JSON.stringify(event, (_, value: unknown) => {
        if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`not a number in ${event.key}`)
        return value
      })
      expect(text).not.toContain('Invalid')
      if (event.type !== 'agent.upserted') continue
      const { tokens, costUsd, createdAt, updatedAt, statusSince } = event.entity
      expect(Math.min(tokens?.input ?? 0, tokens?.output ?? 0, costUsd ?? 0)).toBeGreaterThanOrEqual(0)
      expect(createdAt! <= updatedAt && statusSince! <= updatedAt).toBe(true)
    }
  })

  test('[L2] says each thing of an entity in a later version than the one before', () => {
    const last = new Map<string, Version>()
    const keys = new Set<string>()
    for (const event of eventsOf(4, 25, 1_000)) {
      const id =
        'entity' in event ? `${event.entity.entity}/${event.entity.id}` : `${event.type.split('.')[0]}/${event.id}`
      const known = last.get(id)
      if (known && compareVersions(event.version, known) <= 0) throw new Error(`${id} goes back to ${event.version}`)
      last.set(id, event.version)
      keys.add(event.key)
    }
    expect(keys.size).toBe(eventsOf(4, 25, 1_000).length)
  })

  test('with 1,000 agents makes 1,000 steps in a few seconds at most', () => {
    const mock = new MockWorld(1, 1_000, START_MS)
    let events = 0
    const spentMs = cpuMs(() => {
      for (let step = 0; step < 1_000; step++) events += mock.step().length
    })
    expect(events).toBeGreaterThan(50_000)
    expect(spentMs).toBeLessThan(4_000)
  })
})

describe('its chance', () => {
  test('is uniform enough, within its bounds, and can be repeated', () => {
    const random = mulberry32(42)
    const counts = Array.from({ length: 10 }, () => 0)
    for (let n = 0; n < 20_000; n++) counts[random.below(10)]!++
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(200)
    expect(mulberry32(42).next()).toBe(mulberry32(42).next())
    expect(mulberry32(2 ** 32 - 1).next()).toBeLessThan(1)
  })
})

describe('the mock source', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const start = () => {
    const world = new World('mock', new MemoryLog())
    const source = new MockSource({ world, seed: 1, agents: 5, log: silentLog })
    source.start()
    return { world, source }
  }

  test('shows its agents at once and goes on by the clock', () => {
    const { world, source } = start()
    expect(source.status).toMatchObject({ id: 'mock', kind: 'mock', state: 'live', lastError: null })
    expect(world.store.all('agent').size).toBe(5)
    vi.advanceTimersByTime(10 * MOCK_STEP_MS)
    expect(world.store.seq).toBe(11)
  })

  test('pauses and goes on where it was', () => {
    const { world, source } = start()
    source.pause()
    vi.advanceTimersByTime(100 * MOCK_STEP_MS)
    expect(world.store.seq).toBe(1)
    source.start()
    source.start()
    vi.advanceTimersByTime(MOCK_STEP_MS)
    // One step, after its time: not another one at once.
    expect(world.store.seq).toBe(2)
    expect(world.store.all('agent').size).toBe(5)
  })

  test('close stops it, and may be called twice', async () => {
    const { world, source } = start()
    await source.close()
    await source.close()
    vi.advanceTimersByTime(100 * MOCK_STEP_MS)
    expect(world.store.seq).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})
