// What is asked of a headset that cannot keep up, and when it is given back (X19).

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Effort, Pace } from '../../web/xr/pace.ts'

const QUEST = [72, 80, 90, 120]

/** So many seconds of frames, each `periods` long, told in whole milliseconds; the efforts that were asked for in them. */
function run(pace: Pace, seconds: number, periods: number, tellsRate = true): Effort[] {
  const asked: Effort[] = []
  for (let ms = 0; ms < seconds * 1_000; ) {
    const rate = pace.effort.rate ?? 90
    const atMs = ms + (periods * 1_000) / rate
    const intervalMs = Math.floor(atMs) - Math.floor(ms)
    if (pace.frame(intervalMs, true, tellsRate ? rate : undefined)) asked.push(pace.effort)
    ms = atMs
  }
  return asked
}

describe('a headset', () => {
  test('is asked for 90 frames, all pixels and a fine edge at first, and for ever while they come in time', () => {
    const pace = new Pace(QUEST)
    expect(pace.effort).toEqual({ scale: 1, foveation: 0, rate: 90 })
    expect(run(pace, 60, 1)).toEqual([])
  })

  test('that does not tell its rate is known by its fastest frame, be the first ones slow', () => {
    const pace = new Pace([])
    run(pace, 0.1, 3, false)
    expect(run(pace, 60, 1, false)).toEqual([])
    expect(run(pace, 1, 2, false)).toEqual([{ scale: 0.85, foveation: 0, rate: null }])
  })

  test('whose frames come late is asked for fewer pixels first, then a coarser edge, then 72 frames', () => {
    const pace = new Pace(QUEST)
    expect(run(pace, 20, 2)).toEqual([
      { scale: 0.85, foveation: 0, rate: 90 },
      { scale: 0.85, foveation: 0.33, rate: 90 },
      { scale: 0.7, foveation: 0.33, rate: 90 },
      { scale: 0.7, foveation: 0.33, rate: 72 },
    ])
  })

  test('is asked for less after 30 late frames of 120, not after 29', () => {
    const late = (count: number) => {
      const pace = new Pace(QUEST)
      for (let frame = 0; frame < 15; frame++) pace.frame(11, true, 90)
      let isAsked = false
      for (let frame = 0; frame < 600; frame++) {
        isAsked ||= pace.frame(frame % 120 < count ? 22.2 : 11, true, 90)
      }
      return isAsked
    }
    expect(late(29)).toBe(false)
    expect(late(30)).toBe(true)
  })

  test('gets one step back after 10 s in time, and later each time that was too early', () => {
    const pace = new Pace(QUEST)
    run(pace, 20, 2)
    // The late ones have to be out of sight first.
    expect(run(pace, 12, 1)).toEqual([{ scale: 0.7, foveation: 0.33, rate: 90 }])
    expect(run(pace, 3, 2)).toEqual([{ scale: 0.7, foveation: 0.33, rate: 72 }])
    expect(run(pace, 19, 1)).toEqual([])
    expect(run(pace, 4, 1)).toEqual([{ scale: 0.7, foveation: 0.33, rate: 90 }])
    // From there on it keeps up.
    run(pace, 120, 1)
    expect(pace.effort).toEqual({ scale: 1, foveation: 0, rate: 90 })
  })

  test('that slept, or showed something else, has not been late', () => {
    const pace = new Pace(QUEST)
    for (let frame = 0; frame < 1_000; frame++) {
      expect(pace.frame(frame % 20 === 0 ? 5_000 : 11, true, 90)).toBe(false)
      expect(pace.frame(0, true, 90)).toBe(false)
    }
  })

  test('that has 72 alone, or does not tell its rates, is asked for pixels and edge only', () => {
    expect(new Pace([72]).effort.rate).toBe(72)
    const silent = new Pace([])
    expect(silent.effort.rate).toBe(null)
    for (let frame = 0; frame < 60; frame++) silent.frame(10, true, undefined)
    const asked: Effort[] = []
    for (let frame = 0; frame < 2_000; frame++) if (silent.frame(20, true, undefined)) asked.push(silent.effort)
    expect(asked.map(({ rate }) => rate)).toEqual([null, null, null])
  })

  test('whatever comes, text stays legible and the rate is 90 or 72', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 5, 11.1, 16.7, 33, 900, 4_000), { maxLength: 600 }), (intervals) => {
        const pace = new Pace(QUEST)
        for (const intervalMs of intervals) pace.frame(intervalMs, true, pace.effort.rate ?? undefined)
        expect(pace.effort.foveation).toBeLessThanOrEqual(0.33)
        expect(pace.effort.scale).toBeGreaterThanOrEqual(0.7)
        expect([90, 72]).toContain(pace.effort.rate)
      }),
    )
  })
})
