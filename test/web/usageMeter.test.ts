import { describe, expect, it } from 'vitest'
import type { Agent } from '../../protocol/swarm.ts'
import { measurePast } from '../../web/store/measurePast.ts'
import { UsageMeter } from '../../web/store/usageMeter.ts'
import type { HistoryClient } from '../../web/stream/historyClient.ts'
import { agentEvent } from '../helpers/eventLogContract.ts'
import { agentOf } from '../helpers/webWorld.ts'

const START_MS = Date.parse('2026-11-24T12:00:00Z')
const MINUTE_MS = 60_000
const at = (ms: number) => new Date(START_MS + ms).toISOString()

const using = (name: string, input: number, fields: Partial<Agent> = {}): Agent =>
  agentOf(name, {
    tokens: { input, output: 0, cacheRead: 9_999, cacheWrite: null },
    costUsd: input / 1_000,
    sources: { tokens: { source: 'OTLP', at: null } },
    ...fields,
  })
const end = (name: string) => ({ entity: 'agent', id: `test/${name}` })

describe('the meter', () => {
  it('measures what was used since it looks, per minute, and says for how long and who reported it', () => {
    const meter = new UsageMeter(START_MS, [using('a', 50_000)])
    meter.see([using('a', 51_000)], [], START_MS + 30_000)
    meter.see([using('a', 54_000)], [], START_MS + 90_000)
    expect(meter.rate(START_MS + 2 * MINUTE_MS)).toEqual({
      tokensPerMinute: 2_000,
      usdPerMinute: 2,
      windowMs: 2 * MINUTE_MS,
    })
    expect(meter.sources).toEqual(['OTLP'])
    // Only the last five minutes count.
    expect(meter.rate(START_MS + 20 * MINUTE_MS)).toMatchObject({ tokensPerMinute: 0, windowMs: 5 * MINUTE_MS })
  })

  it('guesses nothing: no rate from a moment, no use from what was used before', () => {
    const meter = new UsageMeter(START_MS, [])
    meter.see([using('old', 900_000, { createdAt: at(-MINUTE_MS) })], [], START_MS + 1_000)
    meter.see([using('unknown', 900_000)], [], START_MS + 1_000)
    expect(meter.rate(START_MS + 5_000)).toBeNull()
    expect(meter.rate(START_MS + MINUTE_MS)?.tokensPerMinute).toBe(0)
    // Who began since has used all of it since.
    meter.see([using('new', 600, { createdAt: at(2_000) })], [], START_MS + 3_000)
    expect(meter.rate(START_MS + MINUTE_MS)?.tokensPerMinute).toBe(600)
  })

  it('takes a count that begins anew, and an agent that ends, for no use and no refund', () => {
    const meter = new UsageMeter(START_MS, [using('a', 50_000), using('b', 70_000)])
    meter.see([using('a', 100)], [end('b')], START_MS + 10_000)
    meter.see([using('a', 400)], [], START_MS + 20_000)
    expect(meter.rate(START_MS + MINUTE_MS)?.tokensPerMinute).toBe(300)
  })

  it('counts what moves from a session to its agents once', () => {
    const session = { sessionId: 's' }
    const unattributed = (input: number) => ({
      tokens: { input, output: 0, cacheRead: null, cacheWrite: null },
      costUsd: null,
    })
    const main = (own: number, loose: number) => using('main', own, { ...session, unattributed: unattributed(loose) })
    const meter = new UsageMeter(START_MS, [main(1_000, 0)])
    meter.see([main(1_000, 500)], [], START_MS + 10_000)
    // Now it is known whose it was.
    meter.see([main(1_000, 0), using('sub', 500, session)], [], START_MS + 20_000)
    expect(meter.rate(START_MS + MINUTE_MS)?.tokensPerMinute).toBe(500)
  })

  it('gives a series that says where it was not measured', () => {
    const meter = new UsageMeter(START_MS, [using('a', 0)])
    meter.see([using('a', 500)], [], START_MS + 40_000)
    const series = meter.series(START_MS + 95_000, 3 * MINUTE_MS, 30_000)
    expect(series.map(({ use }) => use?.tokens ?? null)).toEqual([null, null, null, 0, 1_000, 0])
  })

  it('goes on from what was measured of the time before it', () => {
    const earlier = new UsageMeter(START_MS - 10 * MINUTE_MS, [using('a', 0)])
    earlier.see([using('a', 3_000)], [], START_MS - MINUTE_MS)
    const meter = new UsageMeter(START_MS, [using('a', 3_000)])
    meter.prepend(earlier)
    meter.see([using('a', 5_000)], [], START_MS + 30_000)
    expect(meter.rate(START_MS + MINUTE_MS)).toMatchObject({ tokensPerMinute: 1_000, windowMs: 5 * MINUTE_MS })
  })
})

describe('a stretch of the past', () => {
  const clientOf = (events: { atMs: number; agent: Agent }[], pageSize: number): HistoryClient => ({
    overview: () => Promise.reject(new Error('not asked here')),
    stateAt: async (atMs) => ({
      type: 'ok',
      value: {
        atMs,
        checkpoint: {
          seq: 1,
          tombstoneFloor: 0,
          entities: [{ entity: using('a', 1_000), version: [0, 0] }],
          ended: [],
          incarnations: [],
          knownUntil: null,
        },
        told: new Map(),
      },
    }),
    eventsAfter: async (cursor) => {
      const from = Number.parseInt(cursor, 10) - 1
      const page = events.slice(from, from + pageSize)
      return {
        type: 'ok',
        value: {
          events: page.map(({ atMs, agent: { rev: _, ...agent } }, index) => ({
            seq: from + index + 2,
            atMs,
            event: agentEvent(agent.id, agent),
          })),
          cursor: from + pageSize < events.length ? `${from + pageSize + 1}.9999999` : null,
        },
      }
    },
  })

  it.each([1_000, 7])('is measured as it was reported then, whatever the pages (%i events each)', async (pageSize) => {
    const events = Array.from({ length: 120 }, (_, n) => ({
      atMs: START_MS + n * 5_000,
      agent: using('a', 1_000 + (n + 1) * 100),
    }))
    const meter = await measurePast(clientOf(events, pageSize), START_MS - 1, START_MS + 10 * MINUTE_MS)
    // 12 reports of 100 a minute.
    expect(meter?.rate(START_MS + 10 * MINUTE_MS)?.tokensPerMinute).toBeCloseTo(1_200, -2)
    const sum = meter?.buckets.reduce((all, { tokens }) => all + tokens, 0)
    expect(sum).toBe(12_000)
  })

  it('is not measured where the history does not tell it, or nobody wants it any more', async () => {
    const error = { error: 'x', code: 'NOT_FOUND', details: { suggestion: '' } }
    const client = clientOf([], 10)
    expect(await measurePast({ ...client, stateAt: async () => ({ type: 'failed', error }) }, 0, 1)).toBeNull()
    expect(await measurePast(client, START_MS, START_MS + 1, () => false)).toBeNull()
  })
})
