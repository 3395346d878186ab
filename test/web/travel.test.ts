// The playhead, against a history and a clock of ours.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entity } from '../../protocol/swarm.ts'
import { SwarmModel } from '../../web/store/swarmModel.ts'
import { PRESENT_MS, SCRUB_MS, TICK_MS, TimeTravel } from '../../web/store/timeTravel.ts'
import { playheadMs, shownMs, type Travel } from '../../web/store/travel.ts'
import type { Asked, AskedState, EventPage } from '../../web/stream/historyClient.ts'
import type { PastState, StateWish } from '../../web/stream/pastState.ts'
import { agentEvent } from '../helpers/eventLogContract.ts'
import { agentOf } from '../helpers/webWorld.ts'

const NOW_MS = Date.parse('2026-11-24T12:00:00Z')
const MINUTE_MS = 60_000
const gone = { error: 'There is nothing here', code: 'NOT_FOUND', details: { suggestion: 'The history begins later' } }

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS })
})
afterEach(() => {
  vi.useRealTimers()
})

const settle = () => vi.advanceTimersByTimeAsync(0)

/** A past in which one event happens each second; answers are given by hand unless `isQuick`. */
function harness({ isQuick = true } = {}) {
  const model = new SwarmModel(() => undefined)
  model.load({ epoch: 'e', seq: 1, put: [agentOf('live')] })
  const states: ({ atMs: number; answer: (asked: AskedState) => void } & StateWish)[] = []
  const pages: { cursor: string; answer: (asked: Asked<EventPage>) => void }[] = []
  const seen: Travel[] = []
  const stateAt = (atMs: number): Asked<PastState> => {
    const seq = Math.floor(atMs / 1_000)
    const { rev: _, ...entity } = agentOf('then', { name: `at ${seq}` })
    const entities = [{ entity: { rev: seq, ...entity } as Entity, version: [0, 0] as const }]
    const checkpoint = { seq, tombstoneFloor: 0, entities, ended: [], incarnations: [], knownUntil: null }
    return { type: 'ok', value: { atMs, checkpoint, told: new Map() } }
  }
  const page = (cursor: string, count = 20): Asked<EventPage> => {
    const after = Number.parseInt(cursor, 10)
    const until = Math.floor(Date.now() / 1_000)
    const events = Array.from({ length: Math.max(0, Math.min(count, until - after)) }, (_, n) => ({
      seq: after + 1 + n,
      atMs: (after + 1 + n) * 1_000,
      event: agentEvent('test/then', { name: `at ${after + 1 + n}` }),
    }))
    const isLast = after + count >= until
    return { type: 'ok', value: { events, cursor: isLast ? null : `${after + count}.0` } }
  }
  const travel = new TimeTravel({
    history: {
      overview: () => Promise.reject(new Error('not asked here')),
      stateAt: (atMs, wish) =>
        isQuick ? Promise.resolve(stateAt(atMs)) : new Promise((answer) => states.push({ atMs, answer, ...wish })),
      eventsAfter: (cursor) =>
        isQuick ? Promise.resolve(page(cursor)) : new Promise((answer) => pages.push({ cursor, answer })),
    },
    nowMs: () => Date.now(),
    setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
    clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
    publish: (state) => seen.push(state),
    show: (store) => model.showPast(store),
    move: (store, { put, del }) => model.movePast(store, put, del),
    showLive: () => model.showLive(),
  })
  const names = () => [...model.agents.values()].map(({ name }) => name)
  return { model, travel, states, pages, seen, names, stateAt, page }
}

describe('going back', () => {
  it('shows that moment, and the present until it is there', async () => {
    const { travel, names, states, stateAt } = harness({ isQuick: false })
    travel.goTo(NOW_MS - MINUTE_MS)
    expect([travel.travel.state, shownMs(travel.travel), names()]).toEqual(['leaving', null, ['live']])
    states[0]?.answer(stateAt(NOW_MS - MINUTE_MS))
    await settle()
    expect(travel.travel).toEqual({ state: 'paused', shownMs: NOW_MS - MINUTE_MS, wantedMs: null, error: null })
    expect(names()).toEqual([`at ${(NOW_MS - MINUTE_MS) / 1_000}`])
  })

  it('asks for one moment at a time, drops those that are not meant any more, and shows one now and then', async () => {
    const { travel, states, stateAt } = harness({ isQuick: false })
    const minutes = (ms: number) => (NOW_MS - ms) / MINUTE_MS
    for (let n = 1; n <= 50; n++) travel.goTo(NOW_MS - n * MINUTE_MS)
    expect(states.map(({ atMs, signal }) => [minutes(atMs), signal?.aborted])).toEqual([[1, true]])
    states[0]?.answer({ type: 'dropped' })
    await settle()
    // Nothing of it is shown; what is wanted is on its way.
    expect(travel.travel).toEqual({ state: 'leaving', wantedMs: NOW_MS - 50 * MINUTE_MS })
    expect(states.map(({ atMs }) => minutes(atMs))).toEqual([1, 50])
    // For so long nothing was shown: this one is, though the playhead is elsewhere by then.
    await vi.advanceTimersByTimeAsync(SCRUB_MS)
    travel.goTo(NOW_MS - 60 * MINUTE_MS)
    expect(states[1]?.signal?.aborted).toBe(false)
    states[1]?.answer(stateAt(NOW_MS - 50 * MINUTE_MS))
    await settle()
    expect(travel.travel).toMatchObject({ shownMs: NOW_MS - 50 * MINUTE_MS, wantedMs: NOW_MS - 60 * MINUTE_MS })
    travel.goTo(NOW_MS - 70 * MINUTE_MS)
    expect(states[2]?.signal?.aborted).toBe(true)
    // … and meant again before the server had answered.
    travel.goTo(NOW_MS - 60 * MINUTE_MS)
    states[2]?.answer({ type: 'dropped' })
    await settle()
    expect(states.map(({ atMs }) => minutes(atMs))).toEqual([1, 50, 60, 60])
    states[3]?.answer(stateAt(NOW_MS - 60 * MINUTE_MS))
    await settle()
    expect(travel.travel).toMatchObject({ shownMs: NOW_MS - 60 * MINUTE_MS, wantedMs: null })
  })

  it('tells what the last moment told, for what is the same, until the present is shown', async () => {
    const { travel, states, stateAt } = harness({ isQuick: false })
    const first = stateAt(NOW_MS - MINUTE_MS)
    travel.goTo(NOW_MS - MINUTE_MS)
    states[0]?.answer(first)
    await settle()
    travel.goTo(NOW_MS - 2 * MINUTE_MS)
    expect(states[1]?.told).toBe(first.type === 'ok' && first.value.told)
    travel.backToLive()
    expect(states[1]?.signal?.aborted).toBe(true)
    travel.goTo(NOW_MS - MINUTE_MS)
    expect(states[2]?.told).toBeUndefined()
  })

  it('to now, or to the future, is the present', async () => {
    const { travel, states } = harness({ isQuick: false })
    travel.goTo(NOW_MS - PRESENT_MS)
    travel.goTo(NOW_MS + MINUTE_MS)
    expect(travel.travel).toEqual({ state: 'live', error: null })
    expect(states).toHaveLength(0)
  })

  it('that is not granted stays where it was, and says why', async () => {
    const { travel, names, states } = harness({ isQuick: false })
    travel.goTo(NOW_MS - MINUTE_MS)
    states[0]?.answer({ type: 'failed', error: gone })
    await settle()
    expect(travel.travel).toEqual({ state: 'live', error: gone })
    expect(names()).toEqual(['live'])
  })

  it('within the past that fails keeps the moment that is shown', async () => {
    const { travel, names, states, stateAt } = harness({ isQuick: false })
    travel.goTo(NOW_MS - MINUTE_MS)
    states[0]?.answer(stateAt(NOW_MS - MINUTE_MS))
    await settle()
    travel.goTo(NOW_MS - 9 * MINUTE_MS)
    states[1]?.answer({ type: 'failed', error: gone })
    await settle()
    expect(travel.travel).toEqual({ state: 'paused', shownMs: NOW_MS - MINUTE_MS, wantedMs: null, error: gone })
    expect(names()).toEqual([`at ${(NOW_MS - MINUTE_MS) / 1_000}`])
  })
})

describe('whoever is told of a world', () => {
  it('can ask which moment it is of: it was told before, at each leap, each step and back', async () => {
    const { travel, model, seen, names } = harness()
    const told: [string[], number | null][] = []
    model.onChange(() => told.push([names(), shownMs(seen.at(-1) ?? travel.travel)]))
    travel.goTo(NOW_MS - 9 * MINUTE_MS)
    await settle()
    travel.play()
    await vi.advanceTimersByTimeAsync(3_000)
    travel.backToLive()
    expect(told.length).toBeGreaterThan(3)
    for (const [shown, atMs] of told.slice(0, -1)) expect(shown).toEqual([`at ${Math.floor((atMs ?? 0) / 1_000)}`])
    expect(told.at(-1)).toEqual([['live'], null])
  })

  it('is told that a refusal is over when the line is back, but not that what was tidied away is there again', async () => {
    const { travel, states } = harness({ isQuick: false })
    for (const [code, left] of [
      ['SERVER_UNREACHABLE', null],
      ['NOT_FOUND', gone],
    ] as const) {
      travel.goTo(NOW_MS - MINUTE_MS)
      states.at(-1)?.answer({ type: 'failed', error: { ...gone, code } })
      await settle()
      expect(travel.travel).toMatchObject({ state: 'live', error: { code } })
      travel.lineIsBack()
      expect(travel.travel).toEqual({ state: 'live', error: left })
    }
  })
})

describe('back to live', () => {
  it('[H9] is at once, and shows what came in meanwhile; what was under way changes nothing any more', async () => {
    const { travel, model, names, states, stateAt } = harness({ isQuick: false })
    travel.goTo(NOW_MS - MINUTE_MS)
    states[0]?.answer(stateAt(NOW_MS - MINUTE_MS))
    await settle()
    model.apply({ epoch: 'e', from: 1, to: 2, put: [agentOf('new')], del: [{ entity: 'agent', id: 'test/live' }] })
    travel.goTo(NOW_MS - 2 * MINUTE_MS)
    travel.backToLive()
    expect([travel.travel.state, names()]).toEqual(['live', ['new']])
    states[1]?.answer(stateAt(NOW_MS - 2 * MINUTE_MS))
    await settle()
    expect([travel.travel.state, names()]).toEqual(['live', ['new']])
  })
})

describe('playing', () => {
  async function at(ms: number, options?: Parameters<typeof harness>[0]) {
    const made = harness(options)
    made.travel.goTo(ms)
    made.states[0]?.answer(made.stateAt(ms))
    await settle()
    return made
  }

  it.each([1, 2, 5, 10, 30, 60] as const)(
    'goes on at %i times the pace of the clock, each change shown',
    async (speed) => {
      const beginMs = NOW_MS - 30 * MINUTE_MS
      const { travel, names, seen } = await at(beginMs)
      travel.setSpeed(speed)
      travel.play()
      await vi.advanceTimersByTimeAsync(10_000 + 2 * TICK_MS)
      const playedMs = (shownMs(travel.travel) ?? 0) - beginMs
      expect(playedMs / speed).toBeGreaterThan(9_800)
      expect(playedMs / speed).toBeLessThanOrEqual(10_000 + 2 * TICK_MS)
      expect(names()).toEqual([`at ${Math.floor((beginMs + playedMs) / 1_000)}`])
      // Never back, never beyond what is known.
      const heads = seen.map((state) => playheadMs(state) ?? 0)
      expect(heads).toEqual([...heads].sort((a, b) => a - b))
    },
  )

  it('fetches ahead, so that it does not wait for each page', async () => {
    const { travel, seen } = await at(NOW_MS - 30 * MINUTE_MS)
    travel.setSpeed(10)
    travel.play()
    await vi.advanceTimersByTimeAsync(1_000)
    seen.length = 0
    await vi.advanceTimersByTimeAsync(20_000)
    expect(seen.length).toBeGreaterThan(150)
    expect(seen.some((state) => state.state === 'playing' && state.isWaiting)).toBe(false)
  })

  it('waits where it knows no more, asks for one page at a time, and goes on with it', async () => {
    const { travel, pages, page } = await at(NOW_MS - 30 * MINUTE_MS, { isQuick: false })
    travel.play()
    await vi.advanceTimersByTimeAsync(3_000)
    expect(pages).toHaveLength(1)
    expect(travel.travel).toMatchObject({ state: 'playing', isWaiting: true, shownMs: NOW_MS - 30 * MINUTE_MS })
    pages[0]?.answer(page(pages[0].cursor))
    await vi.advanceTimersByTimeAsync(2_000)
    expect(travel.travel).toMatchObject({ state: 'playing', isWaiting: false })
    expect(shownMs(travel.travel)).toBeGreaterThan(NOW_MS - 30 * MINUTE_MS + 1_500)
  })

  it('pauses, and goes on from there', async () => {
    const { travel } = await at(NOW_MS - 30 * MINUTE_MS)
    travel.play()
    await vi.advanceTimersByTimeAsync(2_000)
    travel.pause()
    const pausedMs = shownMs(travel.travel)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(travel.travel).toMatchObject({ state: 'paused', shownMs: pausedMs })
    travel.play()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(shownMs(travel.travel)).toBeLessThan((pausedMs ?? 0) + 2_000)
  })

  it('does not leap over what a page that slept should have shown', async () => {
    const { travel } = await at(NOW_MS - 30 * MINUTE_MS)
    travel.play()
    await vi.advanceTimersByTimeAsync(1_000)
    const beforeMs = shownMs(travel.travel) ?? 0
    vi.setSystemTime(Date.now() + 10 * MINUTE_MS)
    await vi.advanceTimersByTimeAsync(TICK_MS)
    expect((shownMs(travel.travel) ?? 0) - beforeMs).toBeLessThanOrEqual(1_000 + TICK_MS)
  })

  it('that catches up with the present is live again', async () => {
    const { travel, names } = await at(NOW_MS - MINUTE_MS)
    travel.setSpeed(60)
    travel.play()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(travel.travel).toEqual({ state: 'live', error: null })
    expect(names()).toEqual(['live'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('asked for while its moment is still being fetched begins when that is there', async () => {
    const { travel, states, stateAt } = harness({ isQuick: false })
    travel.goTo(NOW_MS - MINUTE_MS)
    travel.play()
    expect(travel.travel.state).toBe('leaving')
    states[0]?.answer(stateAt(NOW_MS - MINUTE_MS))
    await settle()
    expect(travel.travel.state).toBe('playing')
    travel.backToLive()
  })

  it('stops with the reason where the log was tidied away, and tries again where the line was down', async () => {
    const { travel, pages, page } = await at(NOW_MS - 30 * MINUTE_MS, { isQuick: false })
    travel.play()
    pages[0]?.answer({ type: 'failed', error: { ...gone, code: 'SERVER_UNREACHABLE' } })
    await vi.advanceTimersByTimeAsync(5_000)
    expect(pages).toHaveLength(2)
    pages[1]?.answer(page(pages[1].cursor))
    await vi.advanceTimersByTimeAsync(30_000)
    pages[2]?.answer({ type: 'failed', error: gone })
    await vi.advanceTimersByTimeAsync(5_000)
    expect(travel.travel).toMatchObject({ state: 'paused', error: gone })
  })
})
