import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BackoffPolicy, backoffMs, MAX_RETRY_AFTER_MS, STABLE_AFTER_MS } from '../../protocol/backoff.ts'
import {
  attemptOf,
  type ConnectionEvent,
  type ConnectionState,
  errorOf,
  INITIAL,
  next,
} from '../../protocol/connection.ts'
import { sampleError } from './samples.ts'

const POLICY: BackoffPolicy = { baseMs: 100, capMs: 2_000 }
const ERROR = sampleError()

/** An event without its time: the test's clock gives it. */
type Untimed = ConnectionEvent extends infer E ? (E extends ConnectionEvent ? Omit<E, 'at'> : never) : never

const lost: Untimed = { type: 'failed', error: ERROR, final: false, random: 0.5 }
const refused: Untimed = { type: 'failed', error: sampleError('RELAY_UNAUTHORIZED'), final: true, random: 0.5 }
const START: Untimed = { type: 'start' }
const OPENED: Untimed = { type: 'opened' }
const READY: Untimed = { type: 'ready' }
const TIMER: Untimed = { type: 'timer' }
const RETRY: Untimed = { type: 'retry' }
const STOP: Untimed = { type: 'stop' }

const at = (event: Untimed, time: number) => ({ ...event, at: time }) as ConnectionEvent

/** Events one after the other, a second apart. */
function following(...events: Untimed[]): ConnectionState {
  return events.reduce<ConnectionState>((state, event, index) => next(state, at(event, index * 1_000), POLICY), INITIAL)
}

describe('the way up', () => {
  it('goes from idle over connecting and handshaking to live', () => {
    expect(following(START)).toEqual({ state: 'connecting', since: 0, failures: 0, lastError: null })
    expect(following(START, OPENED)).toEqual({ state: 'handshaking', since: 1_000, failures: 0, lastError: null })
    expect(following(START, OPENED, READY)).toEqual({ state: 'live', since: 2_000, failures: 0 })
  })

  it('[C2] any failure on the way, and a loss later, is followed by a pause', () => {
    for (const way of [[START], [START, OPENED], [START, OPENED, READY]]) {
      const since = way.length * 1_000
      expect(following(...way, lost)).toEqual({
        state: 'waiting',
        since,
        failures: 1,
        lastError: ERROR,
        retryAt: since + 50,
      })
    }
  })

  it('[C2] the next attempt still says what went wrong, until it is live', () => {
    const connecting = following(START, lost, TIMER)
    expect(connecting).toEqual({ state: 'connecting', since: 2_000, failures: 1, lastError: ERROR })
    expect(errorOf(following(START, lost, TIMER, OPENED))).toEqual(ERROR)
    expect(errorOf(following(START, lost, TIMER, OPENED, READY))).toBeNull()
  })
})

describe('[C10] a peer that says when to come back', () => {
  const pauseAfter = (retryAfterMs: number, random = 0.5) => {
    const state = following(START, OPENED, READY, { ...lost, random, retryAfterMs } as Untimed)
    return state.state === 'waiting' ? [state.retryAt - state.since, state.failures] : []
  }

  it('is obeyed, with the jitter on top, for it may have said the same to all', () => {
    expect(pauseAfter(700)).toEqual([700 + 50, 1])
    expect(pauseAfter(700, 0)).toEqual([700, 1])
    expect(pauseAfter(0)).toEqual([50, 1])
  })

  it('is not believed beyond a minute', () => {
    expect(pauseAfter(10 ** 9, 0)).toEqual([MAX_RETRY_AFTER_MS, 1])
  })
})

describe('failures', () => {
  const upFor = (ms: number) => {
    const live = following(START, lost, TIMER, lost, TIMER, OPENED, READY)
    return next(live, at(lost, live.since + ms), POLICY)
  }

  it('[C4] opening alone does not make them forgotten', () => {
    expect(following(START, lost, TIMER, OPENED, lost)).toMatchObject({ failures: 2 })
    expect(upFor(0)).toMatchObject({ failures: 3 })
    expect(upFor(STABLE_AFTER_MS - 1)).toMatchObject({ failures: 3 })
  })

  it('[C4] ten seconds of life do', () => {
    expect(upFor(STABLE_AFTER_MS)).toMatchObject({ failures: 1 })
  })

  it('[C4] a peer that accepts and drops is asked ever more seldom', () => {
    let state = next(INITIAL, at(START, 0), POLICY)
    let attempts = 0
    for (let now = 0; now < 60_000; attempts++) {
      state = next(next(state, at(OPENED, now), POLICY), at(READY, now), POLICY)
      state = next(state, at({ ...lost, random: 1 - Number.EPSILON } as Untimed, now + 50), POLICY)
      if (state.state !== 'waiting') throw new Error(state.state)
      now = state.retryAt
      state = next(state, at(TIMER, now), POLICY)
    }
    expect(attempts).toBeLessThan(60_000 / POLICY.capMs + 8)
  })

  it('[C9] are told only while there is no connection', () => {
    expect(attemptOf(following(START))).toBe(0)
    expect(attemptOf(following(START, lost))).toBe(1)
    expect(attemptOf(following(START, lost, TIMER))).toBe(1)
    expect(attemptOf(following(START, lost, TIMER, OPENED, READY))).toBe(0)
    expect(attemptOf(following(START, STOP))).toBe(0)
  })
})

describe('the end of trying', () => {
  it('[C5] a final failure closes, and no timer opens again', () => {
    const closed = following(START, refused)
    expect(closed).toEqual({ state: 'closed', since: 1_000, lastError: sampleError('RELAY_UNAUTHORIZED') })
    expect(next(closed, at(TIMER, 99_000), POLICY)).toBe(closed)
  })

  it('[C6] the user may ask for another attempt', () => {
    expect(following(START, refused, RETRY)).toMatchObject({
      state: 'connecting',
      lastError: { code: 'RELAY_UNAUTHORIZED' },
    })
  })

  it('[C6] asking cuts the pause short and keeps the count', () => {
    expect(following(START, lost, TIMER, lost, RETRY)).toMatchObject({ state: 'connecting', failures: 2 })
  })

  it('[C7] stop ends it from everywhere, for good', () => {
    for (const way of [[], [START], [START, OPENED], [START, OPENED, READY], [START, lost], [START, refused]]) {
      const stopped = following(...way, STOP)
      expect(stopped).toEqual({ state: 'closed', since: way.length * 1_000, lastError: null })
      for (const event of [START, OPENED, READY, lost, refused, TIMER, RETRY, STOP]) {
        expect(next(stopped, at(event, 99_000), POLICY)).toBe(stopped)
      }
    }
  })
})

describe('events that mean nothing', () => {
  const STATES = {
    idle: INITIAL,
    connecting: following(START),
    handshaking: following(START, OPENED),
    live: following(START, OPENED, READY),
    waiting: following(START, lost),
    refused: following(START, refused),
  }
  it.each<[keyof typeof STATES, Untimed[]]>([
    ['idle', [OPENED, READY, lost, refused, TIMER, RETRY]],
    ['connecting', [START, READY, TIMER, RETRY]],
    ['handshaking', [START, OPENED, TIMER, RETRY]],
    ['live', [START, OPENED, READY, TIMER, RETRY]],
    ['waiting', [START, OPENED, READY, lost, refused]],
    ['refused', [START, OPENED, READY, lost, refused, TIMER]],
  ])('[C1] leave %s as it is', (name, events) => {
    for (const event of events) expect(next(STATES[name], at(event, 99_000), POLICY), event.type).toBe(STATES[name])
  })

  it('[C8] a timer that fires early changes nothing, on time it does', () => {
    const waiting = following(START, lost)
    if (waiting.state !== 'waiting') throw new Error(waiting.state)
    expect(next(waiting, at(TIMER, waiting.retryAt - 1), POLICY)).toBe(waiting)
    expect(next(waiting, at(TIMER, waiting.retryAt), POLICY).state).toBe('connecting')
  })
})

const anyEvent: fc.Arbitrary<{ event: Untimed; passes: number }> = fc.record({
  event: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(START, OPENED, READY, TIMER) },
    { weight: 1, arbitrary: fc.constantFrom(RETRY) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('failed' as const),
        error: fc.constant(ERROR),
        final: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
        random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom(STOP, START) },
  ),
  passes: fc.oneof(fc.nat({ max: 3_000 }), fc.constantFrom(STABLE_AFTER_MS - 1, STABLE_AFTER_MS, 3_600_000)),
})

const FIELDS: Record<ConnectionState['state'], string[]> = {
  idle: ['since', 'state'],
  connecting: ['failures', 'lastError', 'since', 'state'],
  handshaking: ['failures', 'lastError', 'since', 'state'],
  live: ['failures', 'since', 'state'],
  waiting: ['failures', 'lastError', 'retryAt', 'since', 'state'],
  closed: ['lastError', 'since', 'state'],
}
const WAYS: Record<ConnectionState['state'], ConnectionState['state'][]> = {
  idle: ['connecting', 'closed'],
  connecting: ['handshaking', 'waiting', 'closed'],
  handshaking: ['live', 'waiting', 'closed'],
  live: ['waiting', 'closed'],
  waiting: ['connecting', 'closed'],
  closed: ['connecting', 'closed'],
}

it('[C1–C8] no sequence of events leads to an impossible state', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60, size: 'max' }), (events) => {
      let state: ConnectionState = INITIAL
      let now = 0
      /** The rule of C4, kept apart from the code that is tested. */
      let failures = 0
      for (const { event, passes } of events) {
        now += passes
        const before = state
        state = next(before, at(event, now), POLICY)
        expect(Object.keys(state).sort()).toEqual(FIELDS[state.state])
        if (state === before) continue
        expect(WAYS[before.state]).toContain(state.state)
        expect(state.since).toBe(now)
        if (before.state === 'closed') {
          expect(before.lastError).not.toBeNull()
          expect(['retry', 'stop']).toContain(event.type)
        }
        if (state.state === 'closed') failures = 0
        if (state.state === 'waiting' && event.type === 'failed') {
          const stable = before.state === 'live' && now - before.since >= STABLE_AFTER_MS
          const pause = backoffMs(POLICY, stable ? 0 : failures, event.random)
          failures = stable ? 1 : failures + 1
          expect(state.retryAt).toBe(now + pause)
          expect(pause).toBeLessThanOrEqual(POLICY.capMs)
        }
        if ('failures' in state) expect(state.failures).toBe(failures)
      }
    }),
    { numRuns: 2_000 },
  )
})
