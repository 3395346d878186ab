import { describe, expect, it } from 'vitest'
import { SPANS, spanFor, TravelBins } from '../../web/store/travelBins.ts'

const bucket = (atMs: number, events: number, failed = 0, waiting = 0) => ({ atMs, events, failed, waiting })
const overview = (buckets: ReturnType<typeof bucket>[], bucketMs = 10_000) => ({
  firstMs: 0,
  lastMs: 0,
  stateFromMs: 0,
  bucketMs,
  buckets,
})
const sum = (bins: TravelBins, key: 'events' | 'failed' | 'waiting', toMs = 600_000) =>
  bins.bins(0, toMs, 30_000).reduce((all, bin) => all + bin[key], 0)

describe('the timeline’s bins', () => {
  it('cover the time with bars of one width, each event in one of them', () => {
    const bins = new TravelBins()
    bins.load(overview([bucket(0, 3), bucket(20_000, 2, 1), bucket(30_000, 5, 0, 2), bucket(600_000, 7)]), 601_000)
    const drawn = bins.bins(5_000, 95_000, 30_000)
    expect(drawn.map(({ fromMs, events }) => [fromMs, events])).toEqual([
      [0, 5],
      [30_000, 5],
      [60_000, 0],
      [90_000, 0],
    ])
    expect(drawn[0]?.failed).toBe(1)
    expect(drawn[1]?.waiting).toBe(2)
  })

  it('of days are some hundred buckets, and every event is in the bar of its time at each span', () => {
    const bins = new TravelBins()
    const dayMs = 86_400_000
    const first = 1_700_000 * 10_000
    const until = first + 9 * dayMs
    for (let atMs = first; atMs < until; atMs += 10_000) bins.note(atMs, { events: 1, failed: 0, waiting: 0 })
    expect(bins.size).toBeLessThan(900)
    for (const { spanMs, binMs } of SPANS) {
      const drawn = bins.bins(until - spanMs, until - 1, binMs).slice(1, -1)
      expect(drawn.map(({ events }) => events).filter((events) => events !== binMs / 10_000)).toEqual([])
    }
  })

  it('grow at their live end with what arrives, before and between the server’s answers', () => {
    const bins = new TravelBins()
    bins.note(101_000, { events: 4, failed: 1, waiting: 0 })
    expect(sum(bins, 'events')).toBe(4)
    // The answer was made while the last bucket was still growing: it may hold less than was seen, or more.
    bins.load(overview([bucket(90_000, 9), bucket(100_000, 2)]), 104_000)
    expect([sum(bins, 'events'), sum(bins, 'failed')]).toEqual([13, 1])
    bins.note(105_000, { events: 1, failed: 0, waiting: 1 })
    expect([sum(bins, 'events'), sum(bins, 'waiting')]).toEqual([14, 1])
    // Later the server knows all of it: its word alone counts.
    bins.load(overview([bucket(90_000, 9), bucket(100_000, 6, 1, 1)]), 130_000)
    expect([sum(bins, 'events'), sum(bins, 'failed'), sum(bins, 'waiting')]).toEqual([15, 1, 1])
  })

  it('of another world are gone', () => {
    const bins = new TravelBins()
    bins.note(1_000, { events: 4, failed: 0, waiting: 0 })
    bins.clear()
    expect(sum(bins, 'events')).toBe(0)
  })

  it('are some hundred in every span, and a span is found for any stretch of time', () => {
    for (const { spanMs, binMs } of SPANS) {
      expect(spanMs / binMs).toBeGreaterThanOrEqual(90)
      expect(spanMs / binMs).toBeLessThanOrEqual(170)
    }
    expect(spanFor(0)).toBe(SPANS[0])
    expect(spanFor(SPANS[0].spanMs + 1)).toBe(SPANS[1])
    expect(spanFor(1e12)).toBe(SPANS.at(-1))
  })
})
