import { describe, expect, it } from 'vitest'
import {
  CONNECTING_MAX_MS,
  degradedSources,
  isLive,
  type ModeInput,
  modeOf,
  staleSinceMs,
  totalsOf,
} from '../../protocol/derive.ts'
import { emptyState } from '../../protocol/fold.ts'
import { AGENT_STATUSES, type Entity, SOURCE_STATES, type SourceState, type Unnumbered } from '../../protocol/swarm.ts'
import { sampleAgent, sampleError, sampleLink, sampleSourceStatus, sampleSwarm, sampleTask, TIME } from './samples.ts'

const source = (state: SourceState, given: Parameters<typeof sampleSourceStatus>[0] = {}) =>
  sampleSourceStatus({ state, ...given })

/** At start, nothing known, one source; 10 ms have passed. */
const input = (given: Partial<ModeInput> = {}): ModeInput => ({
  demo: false,
  sources: [source('connecting')],
  realWorldEmpty: true,
  everLive: false,
  startedAtMs: 1_000_000,
  nowMs: 1_000_010,
  ...given,
})
const LATER = { nowMs: 1_000_000 + 60_000 }

describe('modeOf', () => {
  it('[M1] the demo is mock, whatever the sources do', () => {
    for (const state of SOURCE_STATES) {
      expect(modeOf(input({ demo: true, sources: [source(state)], everLive: true, realWorldEmpty: false }))).toBe(
        'mock',
      )
    }
    expect(modeOf(input({ demo: true, sources: [] }))).toBe('mock')
  })

  it.each(['live', 'limited'] as const)('[M2] one %s source makes the view live, from the first moment on', (state) => {
    expect(modeOf(input({ sources: [source('waiting'), source(state), source('closed')] }))).toBe('live')
    expect(modeOf(input({ sources: [source(state)], ...LATER }))).toBe('live')
  })

  it.each(SOURCE_STATES.filter((state) => !isLive({ state })))(
    '[M3] without one (%s), what was known stays, stale',
    (state) => {
      expect(modeOf(input({ sources: [source(state)], realWorldEmpty: false, everLive: true, ...LATER }))).toBe('stale')
      expect(modeOf(input({ sources: [source(state)], realWorldEmpty: false, ...LATER }))).toBe('stale')
    },
  )

  it('[M3] a swarm that was seen and is empty by now is stale, not mock', () => {
    expect(
      modeOf(input({ sources: [source('waiting', { lastError: sampleError() })], everLive: true, ...LATER })),
    ).toBe('stale')
  })

  it.each(['idle', 'connecting', 'handshaking'] as const)(
    '[M4] while the first attempt runs (%s), nothing is shown',
    (state) => {
      expect(modeOf(input({ sources: [source(state)] }))).toBe('connecting')
    },
  )

  it('[M4] for a second at most', () => {
    const at = (ms: number) => modeOf(input({ nowMs: 1_000_000 + ms }))
    expect(at(CONNECTING_MAX_MS - 1)).toBe('connecting')
    expect(at(CONNECTING_MAX_MS)).toBe('mock')
    expect(CONNECTING_MAX_MS).toBe(1_000)
  })

  it.each([
    ['a failure', source('waiting', { lastError: sampleError(), attempt: 1 })],
    ['the attempt after a failure', source('connecting', { lastError: sampleError(), attempt: 1 })],
    ['a relay with nothing behind it', source('unavailable', { lastError: sampleError('CHILD_NOT_FOUND') })],
    ['a refusal', source('closed', { lastError: sampleError('RELAY_UNAUTHORIZED') })],
  ])('[M5] %s ends the wait at once: mock', (_, answer) => {
    expect(modeOf(input({ sources: [answer] }))).toBe('mock')
  })

  it('[M5] mock means an empty real world and no source that was ever live', () => {
    for (const state of SOURCE_STATES) {
      for (const realWorldEmpty of [true, false]) {
        for (const everLive of [true, false]) {
          const mode = modeOf(input({ sources: [source(state)], realWorldEmpty, everLive, ...LATER }))
          if (mode === 'mock') expect({ realWorldEmpty, everLive }).toEqual({ realWorldEmpty: true, everLive: false })
        }
      }
    }
  })
})

describe('degraded and stale', () => {
  const sources = [
    source('live', { id: 'a' }),
    source('waiting', { id: 'b', since: TIME }),
    source('limited', { id: 'c' }),
    source('closed', { id: 'd' }),
  ]

  it('[M6] the sources that should be live and are not are named', () => {
    expect(degradedSources(sources)).toEqual(['b', 'd'])
    expect(degradedSources([])).toEqual([])
  })

  it('[M6] an agent is as old as its own source', () => {
    expect(staleSinceMs(sampleAgent('x', { sourceId: 'a' }), sources)).toBeNull()
    expect(staleSinceMs(sampleAgent('x', { sourceId: 'b' }), sources)).toBe(Date.parse(TIME))
    expect(staleSinceMs(sampleAgent('x', { sourceId: 'c' }), sources)).toBeNull()
  })
})

describe('totalsOf', () => {
  function storeOf(...entities: Unnumbered<Entity>[]) {
    const { store } = emptyState('e1')
    for (const entity of entities) store.put({ ...entity, rev: 1 } as Entity)
    return store
  }

  it('counts nothing as nothing, and what nobody reported as null', () => {
    const none = Object.fromEntries(AGENT_STATUSES.map((status) => [status, 0]))
    expect(totalsOf(storeOf())).toEqual({
      agents: 0,
      registered: 0,
      observed: 0,
      byStatus: none,
      byKind: { registered: { total: 0, byStatus: none }, observed: { total: 0, byStatus: none } },
      needAttention: 0,
      tasks: { total: 0, pending: 0, inProgress: 0, completed: 0, failed: 0, cancelled: 0, unknown: 0 },
      swarms: 0,
      links: 0,
      tokens: null,
      costUsd: null,
    })
  })

  it('counts kinds, states and attention', () => {
    const totals = totalsOf(
      storeOf(
        sampleAgent('a', { status: 'busy' }),
        sampleAgent('b', { status: 'busy', kind: 'observed', attention: { reason: 'waits for a yes', since: TIME } }),
        sampleAgent('c', { status: 'error' }),
        sampleSwarm('s'),
        sampleLink('l'),
        sampleTask('t1'),
        sampleTask('t2', { status: 'in_progress' }),
        sampleTask('t3', { status: 'completed' }),
        sampleTask('t4', { status: 'failed' }),
        sampleTask('t5', { status: 'cancelled' }),
      ),
    )
    expect(totals).toMatchObject({
      agents: 3,
      registered: 2,
      observed: 1,
      needAttention: 1,
      tasks: { total: 5, pending: 1, inProgress: 1, completed: 1, failed: 1, cancelled: 1, unknown: 0 },
      byKind: {
        registered: { total: 2, byStatus: { busy: 1, error: 1 } },
        observed: { total: 1, byStatus: { busy: 1, error: 0 } },
      },
      swarms: 1,
      links: 1,
    })
    expect(totals.byStatus).toMatchObject({ busy: 2, error: 1, idle: 0 })
  })

  it('sums the figures that were reported, and takes none for nothing', () => {
    const tokens = { input: 10, output: null, cacheRead: null, cacheWrite: 0 }
    const totals = totalsOf(
      storeOf(
        sampleAgent('a', { tokens, costUsd: 0.5 }),
        sampleAgent('b'),
        sampleAgent('c', { tokens: { ...tokens, output: 7 }, costUsd: 0.25 }),
      ),
    )
    expect(totals.tokens).toEqual({ input: 20, output: 7, cacheRead: null, cacheWrite: 0 })
    expect(totals.costUsd).toBe(0.75)
  })

  it('tells a reported zero from nothing', () => {
    expect(totalsOf(storeOf(sampleAgent('a', { costUsd: 0 }))).costUsd).toBe(0)
  })
})
