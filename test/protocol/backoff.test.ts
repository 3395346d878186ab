import { describe, expect, it } from 'vitest'
import * as backoff from '../../protocol/backoff.ts'
import { type BackoffPolicy, backoffMs, STABLE_AFTER_MS, VIEWER_BACKOFF } from '../../protocol/backoff.ts'
import { type ConnectionState, INITIAL, next } from '../../protocol/connection.ts'
import { sampleError, seededRandom } from './samples.ts'

const POLICIES = Object.entries({
  VIEWER_BACKOFF: backoff.VIEWER_BACKOFF,
  HIDDEN_VIEWER_BACKOFF: backoff.HIDDEN_VIEWER_BACKOFF,
  PRESENT_RELAY_BACKOFF: backoff.PRESENT_RELAY_BACKOFF,
  ABSENT_RELAY_BACKOFF: backoff.ABSENT_RELAY_BACKOFF,
  CHILD_BACKOFF: backoff.CHILD_BACKOFF,
})

/** Kolmogorov–Smirnov distance of `sample` from the uniform distribution on [0, max]. */
function distanceFromUniform(sample: readonly number[], max: number): number {
  const sorted = [...sample].sort((a, b) => a - b)
  return Math.max(
    ...sorted.map((value, index) => {
      const expected = value / max
      return Math.max(Math.abs((index + 1) / sorted.length - expected), Math.abs(index / sorted.length - expected))
    }),
  )
}

const DRAWS = 10_000
/** Critical distance at p = 0.01, and what rounding to whole milliseconds adds. */
const critical = (max: number) => 1.628 / Math.sqrt(DRAWS) + 0.5 / max

const draw = (policy: BackoffPolicy, attempt: number, random: () => number) =>
  Array.from({ length: DRAWS }, () => backoffMs(policy, attempt, random()))

describe.each(POLICIES)('%s', (_, policy) => {
  it('[C3] pauses are spread evenly between nothing and the ceiling of the attempt (Kolmogorov–Smirnov, seed 7)', () => {
    const random = seededRandom(7)
    for (const attempt of [0, 1, 3, 5, 8]) {
      const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** attempt)
      expect(distanceFromUniform(draw(policy, attempt, random), ceiling), `attempt ${attempt}`).toBeLessThan(
        critical(ceiling),
      )
    }
  })

  it('[C3] no pause is longer than its cap, after however many failures', () => {
    for (const attempt of [10, 31, 100, 5_000, Number.MAX_SAFE_INTEGER]) {
      expect(backoffMs(policy, attempt, 1 - Number.EPSILON)).toBe(policy.capMs)
      expect(backoffMs(policy, attempt, 0)).toBe(0)
    }
  })

  it('[C3] the ceiling doubles until it is the cap', () => {
    const ceilings = Array.from({ length: 12 }, (_, attempt) => backoffMs(policy, attempt, 1 - Number.EPSILON))
    expect(ceilings[0]).toBe(policy.baseMs)
    for (const [index, ceiling] of ceilings.slice(1).entries()) {
      expect(ceiling).toBe(Math.min(policy.capMs, 2 * ceilings[index]!))
    }
    expect(ceilings.at(-1)).toBe(policy.capMs)
  })
})

it('a pause without jitter, or with half of it, does not pass for an even spread', () => {
  const random = seededRandom(7)
  const without = Array.from({ length: DRAWS }, () => VIEWER_BACKOFF.capMs)
  const half = Array.from({ length: DRAWS }, () => VIEWER_BACKOFF.capMs * (0.5 + random() / 2))
  expect(distanceFromUniform(without, VIEWER_BACKOFF.capMs)).toBeGreaterThan(critical(VIEWER_BACKOFF.capMs))
  expect(distanceFromUniform(half, VIEWER_BACKOFF.capMs)).toBeGreaterThan(critical(VIEWER_BACKOFF.capMs))
})

/** A restart at once, as fast as it can be, in the usual time, and outages of other lengths. */
describe.each([0, 100, 250, 500, 800, 1_000, 1_300, 1_650, 2_000, 3_000, 10_000])(
  '1,000 viewers whose server is away for %i ms',
  (outageMs) => {
    const seed = 42
    const arrivals = Array.from({ length: 1_000 }, (_, viewer) => comesBackAt(seededRandom(seed * 1_000 + viewer)))

    function comesBackAt(random: () => number): { at: number; attempts: number } {
      const failed = (state: ConnectionState, at: number) =>
        next(state, { type: 'failed', at, error: sampleError(), final: false, random: random() }, VIEWER_BACKOFF)
      let state = next(INITIAL, { type: 'start', at: -60_000 }, VIEWER_BACKOFF)
      state = next(state, { type: 'opened', at: -60_000 }, VIEWER_BACKOFF)
      state = next(state, { type: 'ready', at: -60_000 }, VIEWER_BACKOFF)
      state = failed(state, 0)
      for (let attempts = 1; ; attempts++) {
        if (state.state !== 'waiting') throw new Error(state.state)
        if (state.retryAt >= outageMs) return { at: state.retryAt - outageMs, attempts }
        const at = state.retryAt
        state = failed(next(state, { type: 'timer', at }, VIEWER_BACKOFF), at)
      }
    }

    it(`[C3] come back without a herd: no tenth of a second has more than 15 % of them (seed ${seed})`, () => {
      const bins = new Map<number, number>()
      for (const { at } of arrivals) bins.set(Math.floor(at / 100), (bins.get(Math.floor(at / 100)) ?? 0) + 1)
      expect(Math.max(...bins.values())).toBeLessThanOrEqual(150)
    })

    it('[C3] are all back within the cap, after about an attempt a second', () => {
      expect(Math.max(...arrivals.map(({ at }) => at))).toBeLessThanOrEqual(VIEWER_BACKOFF.capMs)
      const attempts = arrivals.map((arrival) => arrival.attempts).sort((a, b) => a - b)
      expect(attempts[500]).toBeLessThanOrEqual(2 + outageMs / 900)
    })
  },
)

it('[C4] stable means ten seconds', () => {
  expect(STABLE_AFTER_MS).toBe(10_000)
})
