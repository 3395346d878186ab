// What time it is in what is shown, and what follows from it: concerns, queries, the line's own clock.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { STUCK_AFTER_MS } from '../../protocol/derive.ts'
import { RevisionedStore } from '../../protocol/frames.ts'
import type { Agent, Entity } from '../../protocol/swarm.ts'
import type { StatusMessage } from '../../protocol/viewerWire.ts'
import { asksForAges, parseFilter } from '../../web/store/agentFilter.ts'
import { type Concerns, useConcerns } from '../../web/store/concerns.ts'
import { FILTER_BEAT_MS, useFilterBeat, watchFilterBeat } from '../../web/store/filterBeat.ts'
import { clocksTold, isLineDown, LINE_GRACE_MS, modeShown, useLine } from '../../web/store/line.ts'
import { useLooking } from '../../web/store/looking.ts'
import { liveMomentMs, momentMs, momentPace } from '../../web/store/moment.ts'
import { model } from '../../web/store/session.ts'
import { useTravel } from '../../web/store/travel.ts'
import { watchConcerns } from '../../web/store/watchConcerns.ts'
import { steadyNowMs } from '../../web/stream/steadyClock.ts'
import { bannerLines } from '../../web/ui/bannerLines.ts'
import { stepsOf } from '../../web/ui/TokenSparkline.tsx'
import { agentOf } from '../helpers/webWorld.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const MINUTE_MS = 60_000
const page = { hidden: false, addEventListener: () => undefined, removeEventListener: () => undefined }

const ends: (() => void)[] = []
beforeEach(() => {
  vi.useFakeTimers({ now: NOW })
  vi.stubGlobal('document', page)
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => setTimeout(callback, 16))
  page.hidden = false
})
afterEach(() => {
  for (const end of ends.splice(0)) end()
  useTravel.setState({ state: 'live', error: null }, true)
  model.showLive()
  useLine.setState(useLine.getInitialState(), true)
  useLooking.setState({ filter: '' })
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const at = (ms: number) => new Date(ms).toISOString()
const worker = (heardMs: number, fields: Partial<Agent> = {}) =>
  agentOf('worker', {
    kind: 'observed',
    status: 'active',
    lastActiveAt: at(heardMs),
    statusSince: at(heardMs),
    ...fields,
  })
const storeOf = (...put: Entity[]) => {
  const store = new RevisionedStore<Entity>('then')
  store.load({ epoch: 'then', seq: 1, put })
  return store
}
const status = (recorded: { at: string; pace: number } | null = null): StatusMessage => ({
  type: 'status',
  mode: 'live',
  degraded: [],
  sources: [],
  viewers: 1,
  at: at(Date.now()),
  recorded,
})
/** As TimeTravel does it: first the moment, then its world. */
function leapTo(atMs: number, ...put: Entity[]): void {
  useTravel.setState({ state: 'paused', shownMs: atMs, wantedMs: null, error: null }, true)
  model.showPast(storeOf(...put))
}

describe('the moment that is shown [M7]', () => {
  it('is now by the server’s clock, that of a recording at its pace, or one of the past', () => {
    useLine.setState({ clockOffsetMs: 5_000 })
    expect([momentMs(), momentPace()]).toEqual([NOW + 5_000, 1])
    useLine.setState(clocksTold(status({ at: at(NOW - 90 * MINUTE_MS), pace: 10 })))
    vi.advanceTimersByTime(3_000)
    expect([Math.round(momentMs()), momentPace()]).toEqual([NOW - 90 * MINUTE_MS + 30_000, 10])
    leapTo(NOW - MINUTE_MS)
    expect([momentMs(), momentPace()]).toEqual([NOW - MINUTE_MS, 0])
    expect(Math.round(liveMomentMs())).toBe(NOW - 90 * MINUTE_MS + 30_000)
  })

  it('is what ages in a query are told of', () => {
    const filter = parseFilter('age>10m')
    const agent = worker(NOW - 15 * MINUTE_MS)
    expect(filter?.(agent)).toBe(true)
    leapTo(NOW - 10 * MINUTE_MS, agent)
    expect(filter?.(agent)).toBe(false)
    expect(['age>10m', '-quiet<5', 'age:any', 'tokens>9', 'age:', 'x'].map(asksForAges)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })

  it('lets nothing of later into a chart of tokens', () => {
    const points = [
      { atMs: 1_000, tokens: 10 },
      { atMs: 14_000, tokens: 20 },
      { atMs: 18_000, tokens: 90 },
    ]
    expect(stepsOf(points, 20_000, 10_000, 15_000).at(-1)?.value).toBe(20)
    expect(stepsOf(points, 20_000, 10_000, Number.POSITIVE_INFINITY).at(-1)?.value).toBe(90)
  })
})

describe('who is stuck [K12, M7]', () => {
  function watched() {
    const seen: Concerns['stuck'][] = []
    ends.push(
      useConcerns.subscribe(({ stuck }) => seen.push(stuck)),
      watchConcerns(),
    )
    return seen
  }

  it('is so at the moment that is shown, through each leap and back, and nobody for an instant', async () => {
    const thenMs = NOW - 60 * MINUTE_MS
    model.load({ epoch: 'live', seq: 1, put: [worker(NOW - 2_000)] })
    const seen = watched()
    leapTo(thenMs, worker(thenMs - 3_000))
    await vi.advanceTimersByTimeAsync(5_000)
    leapTo(thenMs - MINUTE_MS, worker(thenMs - MINUTE_MS - 3_000))
    await vi.advanceTimersByTimeAsync(5_000)
    useTravel.setState({ state: 'live', error: null }, true)
    model.showLive()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(seen.filter((stuck) => stuck > 0)).toEqual([])
  })

  it('is told at once where the moment alone is another', async () => {
    const store = storeOf(worker(NOW - 30 * MINUTE_MS))
    useTravel.setState({ state: 'paused', shownMs: NOW - 29 * MINUTE_MS, wantedMs: null, error: null }, true)
    model.showPast(store)
    const seen = watched()
    useTravel.setState({ state: 'paused', shownMs: NOW - 20 * MINUTE_MS, wantedMs: null, error: null }, true)
    await Promise.resolve()
    expect(seen.at(-1)).toBe(1)
  })

  it('in a recording is so by its time, and becomes so at its pace', async () => {
    const thenMs = NOW - 600 * MINUTE_MS
    useLine.setState(clocksTold(status({ at: at(thenMs), pace: 60 })))
    const seen = watched()
    model.load({ epoch: 'recorded', seq: 1, put: [worker(thenMs - 2_000)] })
    expect(useConcerns.getState().stuck).toBe(0)
    await vi.advanceTimersByTimeAsync(STUCK_AFTER_MS / 60 - 1_000)
    expect(seen.filter((stuck) => stuck > 0)).toEqual([])
    await vi.advanceTimersByTimeAsync(3_000)
    expect(seen.at(-1)).toBe(1)
  })
})

describe('a query that asks for ages', () => {
  it('is asked again by a slow beat, only while it is there and the page is seen, and at once at another moment', () => {
    ends.push(watchFilterBeat())
    const beats = () => useFilterBeat.getState().beat
    const began = beats()
    vi.advanceTimersByTime(20_000)
    useLooking.setState({ filter: 'type:coder' })
    vi.advanceTimersByTime(20_000)
    expect(beats()).toBe(began)
    useLooking.setState({ filter: 'type:coder age>1m' })
    vi.advanceTimersByTime(3 * FILTER_BEAT_MS)
    expect(beats()).toBe(began + 3)
    leapTo(NOW - MINUTE_MS)
    expect(beats()).toBe(began + 4)
    vi.advanceTimersByTime(20_000)
    expect(beats()).toBe(began + 4)
    useTravel.setState({ state: 'live', error: null }, true)
    page.hidden = true
    vi.advanceTimersByTime(20_000)
    expect(beats()).toBeLessThanOrEqual(began + 6)
  })
})

describe('the line’s clock', () => {
  it('is not the one that is set: a lost line stays lost, and its countdown goes on', () => {
    const steadyMs = steadyNowMs()
    const lastError = { error: 'Lost', code: 'SERVER_UNREACHABLE', details: { suggestion: 'Start it' } }
    const waiting = { state: 'waiting', since: steadyMs, failures: 1, lastError, retryAt: steadyMs + 9_000 } as const
    useLine.setState({ connection: waiting, downSinceMs: steadyMs, status: status() })
    for (const setByMs of [-MINUTE_MS, 60 * MINUTE_MS]) {
      vi.setSystemTime(NOW + setByMs)
      const laterMs = steadyMs + LINE_GRACE_MS
      const line = useLine.getState()
      expect([isLineDown(line, laterMs), modeShown(line, laterMs)]).toEqual([true, 'stale'])
      expect(bannerLines(line, laterMs)[0]?.retryAtMs).toBe(steadyMs + 9_000)
    }
    expect(Math.abs(steadyNowMs() - steadyMs)).toBeLessThan(MINUTE_MS)
  })

  it('tells when a source is tried again by the server’s clock, whatever ours says', () => {
    const told = clocksTold({ ...status(), at: at(NOW) }, NOW + 9 * MINUTE_MS, 777_000)
    expect(told).toEqual({ clockOffsetMs: -9 * MINUTE_MS, steadyOffsetMs: NOW - 777_000, recorded: null })
  })
})
