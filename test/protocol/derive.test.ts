import { describe, expect, it } from 'vitest'
import {
  budgetOf,
  CONNECTING_MAX_MS,
  degradedSources,
  isLive,
  LONG_TOOL_MS,
  type ModeInput,
  modeOf,
  QUIET_AFTER_MS,
  quietSinceMs,
  STUCK_AFTER_MS,
  spentOf,
  staleSinceMs,
  stuckCount,
  stuckReason,
  totalsOf,
} from '../../protocol/derive.ts'
import { emptyState } from '../../protocol/fold.ts'
import {
  AGENT_STATUSES,
  type Agent,
  type Entity,
  SOURCE_STATES,
  type SourceState,
  type Unnumbered,
} from '../../protocol/swarm.ts'
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

describe('where nobody is connected to', () => {
  const silent = [source('never', { kind: 'claude-code' }), source('never', { kind: 'otlp' })]
  const notFound = source('never', { kind: 'claude-flow', lastError: sampleError('CHILD_NOT_FOUND') })

  it('[M8] the view is live from the first moment on: that nothing was sent yet is no invention', () => {
    expect(modeOf(input({ sources: silent }))).toBe('live')
    expect(modeOf(input({ sources: silent, ...LATER }))).toBe('live')
    expect(degradedSources(silent)).toEqual([])
  })

  it('[M9] a claude-flow that never was is not missed beside others, and is no view of its own', () => {
    expect(modeOf(input({ sources: [notFound, ...silent] }))).toBe('mock')
    const heard = [notFound, source('receiving', { kind: 'claude-code' })]
    expect(modeOf(input({ sources: heard }))).toBe('live')
    expect(degradedSources(heard)).toEqual([])
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

  it('[M6] a source that sends by itself is live while it is quiet, and not missed if it never sent', () => {
    const pushed = [source('receiving', { id: 'r' }), source('quiet', { id: 'q' }), source('never', { id: 'n' })]
    expect(pushed.map(isLive)).toEqual([true, true, false])
    expect(degradedSources(pushed)).toEqual([])
    expect(modeOf(input({ sources: [source('waiting'), source('quiet')], ...LATER }))).toBe('live')
    expect(modeOf(input({ sources: [source('connecting'), source('never')] }))).toBe('connecting')
    expect(modeOf(input({ sources: [source('never'), source('waiting', { lastError: sampleError() })] }))).toBe('mock')
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
      conflicts: 0,
      tokens: null,
      costUsd: null,
      goneCostUsd: null,
      goneTokens: null,
    })
  })

  it('[K22] what was told becomes no less because who told it leaves', () => {
    const used = { input: 100, output: 5, cacheRead: null, cacheWrite: 7 }
    const there = totalsOf(storeOf(sampleAgent('a', { tokens: used, costUsd: 2 }), sampleAgent('b', { costUsd: 1 })))
    const gone = { goneCostUsd: 2, goneTokens: used }
    const place = {
      entity: 'source',
      id: 's',
      kind: 'claude-code',
      state: 'receiving',
      url: null,
      project: null,
    } as const
    const left = totalsOf(storeOf(sampleAgent('b', { costUsd: 1 }), { ...place, host: null, since: TIME, ...gone }))
    expect(spentOf(there)).toEqual({ tokens: used, costUsd: 3 })
    expect(left).toMatchObject({ tokens: null, costUsd: 1, ...gone })
    expect(spentOf(left)).toEqual(spentOf(there))
    expect(spentOf(totalsOf(storeOf()))).toEqual({ tokens: null, costUsd: null })
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

describe('quiet and stuck', () => {
  const NOW = Date.parse(TIME)
  const ago = (ms: number) => new Date(NOW - ms).toISOString()
  const MINUTE = 60_000
  const worker = (id: string, heardMs: number, given: Partial<Agent> = {}) =>
    sampleAgent(id, { kind: 'observed', status: 'active', lastActiveAt: ago(heardMs), ...given })
  const tool = (openForMs: number) => ({ id: 't', name: 'Bash', detail: null, since: ago(openForMs) })
  function storeOf(...agents: Unnumbered<Agent>[]) {
    const { store } = emptyState('e1')
    for (const agent of agents) store.put({ ...agent, rev: 1 })
    return store
  }
  const stuck = (agent: Unnumbered<Agent>, ...others: Unnumbered<Agent>[]) =>
    stuckReason(agent, storeOf(agent, ...others), NOW)

  it('[K12] an agent at work of which nothing was heard for a minute is quiet; an idle or a registered one never', () => {
    expect(quietSinceMs(worker('a', QUIET_AFTER_MS), NOW)).toBe(NOW - QUIET_AFTER_MS)
    expect(quietSinceMs(worker('a', QUIET_AFTER_MS - 1), NOW)).toBeNull()
    for (const status of ['idle', 'offline', 'unknown', 'error'] as const) {
      expect(quietSinceMs(worker('a', 60 * MINUTE, { status }), NOW)).toBeNull()
    }
    expect(quietSinceMs(worker('a', 60 * MINUTE, { kind: 'registered' }), NOW)).toBeNull()
    expect(quietSinceMs(worker('a', 0, { lastActiveAt: null }), NOW)).toBeNull()
  })

  it('[K12] five minutes of silence at work are stuck, with the reason in words', () => {
    expect(stuck(worker('a', STUCK_AFTER_MS - 1))).toBeNull()
    expect(stuck(worker('a', 7.5 * MINUTE))).toEqual({
      reason: 'nothing heard for 7 min while at work',
      sinceMs: NOW - 7.5 * MINUTE,
    })
  })

  it('[K12] not while somebody is asked, a tool runs, or a child works or asks', () => {
    const silent = (given: Partial<Agent> = {}) => worker('a', 30 * MINUTE, given)
    expect(stuck(silent({ attention: { reason: 'permission: Bash', since: ago(30 * MINUTE) } }))).toBeNull()
    expect(stuck(silent({ openTools: [tool(30 * MINUTE)] }))).toBeNull()
    expect(stuck(silent(), worker('a/b', MINUTE, { parentId: 'a' }))).toBeNull()
    const asking = { parentId: 'a', attention: { reason: 'question', since: ago(1) } }
    expect(stuck(silent(), worker('a/b', 20 * MINUTE, asking))).toBeNull()
    // Children that ended, are silent themselves, or are another's, explain nothing.
    expect(stuck(silent(), worker('a/b', MINUTE, { parentId: 'a', status: 'offline' }))).not.toBeNull()
    expect(stuck(silent(), worker('a/b', 20 * MINUTE, { parentId: 'a' }))).not.toBeNull()
    expect(stuck(silent(), worker('c/b', MINUTE, { parentId: 'c' }))).not.toBeNull()
  })

  it('[K12] a child explains its parent’s silence for as long as it is not stuck itself, at any depth', () => {
    const waiting = (id: string, given: Partial<Agent> = {}) =>
      worker(id, 65 * MINUTE, { openTools: [{ ...tool(65 * MINUTE), name: 'Agent' }], ...given })
    const running = { parentId: 'a', openTools: [tool(20 * MINUTE)] }
    expect(stuck(waiting('a'), worker('a/b', 20 * MINUTE, running))).toBeNull()
    expect(stuck(waiting('a'), waiting('b', { parentId: 'a' }), worker('c', MINUTE, { parentId: 'b' }))).toBeNull()
    expect(stuck(waiting('a'), waiting('b', { parentId: 'a' }), worker('c', 20 * MINUTE, { parentId: 'b' }))).toEqual({
      reason: 'Agent has run for 65 min',
      sinceMs: NOW - 65 * MINUTE,
    })
  })

  it('[K12] parents that lead in a circle, or very far, explain nothing and end', () => {
    const silent = (id: string, parentId: string) => worker(id, 30 * MINUTE, { parentId })
    expect(stuck(silent('a', 'b'), silent('b', 'a'))).not.toBeNull()
    expect(stuck(silent('a', 'b'), silent('b', 'a'), worker('c', MINUTE, { parentId: 'b' }))).toBeNull()
    const chain = Array.from({ length: 20_000 }, (_, n) => silent(`n${n}`, `n${n - 1}`))
    expect(stuckCount(storeOf(...chain), NOW)).toBe(20_000)
  })

  it('[K12] a tool call that runs for an hour explains nothing any more', () => {
    const since = LONG_TOOL_MS + 2 * MINUTE
    expect(stuck(worker('a', since, { openTools: [tool(since)] }))).toEqual({
      reason: 'Bash has run for 62 min',
      sinceMs: NOW - since,
    })
  })

  it('counts the stuck, and sees at once when a child begins to work', () => {
    const store = storeOf(worker('a', 30 * MINUTE), worker('b', 30 * MINUTE), worker('c', 0))
    expect(stuckCount(store, NOW)).toBe(2)
    store.put({ ...worker('a/1', 0, { parentId: 'a' }), rev: 2 })
    store.advance(2)
    expect(stuckCount(store, NOW)).toBe(1)
  })

  it('totals add what belongs to no known agent, and count conflicts', () => {
    const tokens = { input: 5, output: 1, cacheRead: null, cacheWrite: null }
    const store = storeOf(
      sampleAgent('a', { tokens, costUsd: 0.5, unattributed: { tokens, costUsd: 0.25 } }),
      sampleAgent('b', { unattributed: { tokens: null, costUsd: null } }),
    )
    store.put({ ...sampleLink('l', { kind: 'conflict' }), rev: 1 })
    expect(totalsOf(store)).toMatchObject({
      tokens: { input: 10, output: 2, cacheRead: null, cacheWrite: null },
      costUsd: 0.75,
      conflicts: 1,
    })
  })
})

describe('the budget', () => {
  it.each([
    [null, 5, null],
    [10, null, { limitUsd: 10, spentUsd: null, level: 'ok' }],
    [10, 7.99, { limitUsd: 10, spentUsd: 7.99, level: 'ok' }],
    [10, 8, { limitUsd: 10, spentUsd: 8, level: 'warning' }],
    [10, 10, { limitUsd: 10, spentUsd: 10, level: 'warning' }],
    [10, 10.01, { limitUsd: 10, spentUsd: 10.01, level: 'exceeded' }],
  ])('of %s with %s spent is %o', (limitUsd, spentUsd, budget) => {
    expect(budgetOf(limitUsd, { costUsd: spentUsd, goneCostUsd: null })).toEqual(budget)
  })

  it('[K22] what agents cost that left is spent, too', () => {
    expect(budgetOf(10, { costUsd: null, goneCostUsd: 9 })).toEqual({ limitUsd: 10, spentUsd: 9, level: 'warning' })
    expect(budgetOf(10, { costUsd: 2, goneCostUsd: 9 })?.level).toBe('exceeded')
  })
})
