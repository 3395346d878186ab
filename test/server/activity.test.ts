import { describe, expect, it } from 'vitest'
import { EVENT_VERSION, type SwarmEvent } from '../../protocol/events.ts'
import { activityOf } from '../../server/api/activity.ts'
import { activityQuery } from '../../server/api/schemas/reads.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { World } from '../../server/world.ts'
import { sampleAgent } from '../protocol/samples.ts'

const TIME = '2026-01-01T00:00:00.000Z'
const query = (given: Record<string, string> = {}) => activityQuery.parse(given)

function seen(n: number, id = `a${n}`): SwarmEvent {
  const base = { v: EVENT_VERSION, key: `k${n}`, sourceId: 's', version: [1, n] as const, at: TIME, receivedAt: TIME }
  return { ...base, type: 'agent.upserted', entity: sampleAgent(id, { status: n % 2 ? 'busy' : 'idle' }) }
}

async function worldOf(batches: number, maxEvents?: number): Promise<World> {
  const world = new World('real', new MemoryLog(maxEvents))
  for (let n = 1; n <= batches; n++) await world.append([seen(n)])
  return world
}

describe('activity', () => {
  it('of a log that no longer reaches back goes to its very beginning, and says that this is not all', async () => {
    // After 2 × 300 events the log forgets all but 300, wherever the steps back are cut.
    for (const batches of [601, 700, 899]) {
      const world = await worldOf(batches, 300)
      const { items, next, complete } = await activityOf(world, query({ limit: '1000' }))
      expect([next, complete]).toEqual([null, false])
      expect(items[0]?.seq).toBe(batches)
      const last = items.at(-1)?.seq ?? 0
      expect(items).toHaveLength(batches - last + 1)
      await expect(async () => {
        for await (const _ of world.read(last - 2, last)) break
      }).rejects.toThrow(RangeError)
      await world.close()
    }
  })

  it('since a time that is spelled to the second holds all of that second', async () => {
    const world = new World('real', new MemoryLog())
    for (const [n, ms] of [999, 1_000, 1_001, 1_999].entries()) {
      await world.append([{ ...seen(n), receivedAt: new Date(Date.parse(TIME) + ms).toISOString() }])
    }
    for (const since of ['2026-01-01T00:00:01Z', '2026-01-01T01:00:01+01:00', '1767225601000']) {
      const { items } = await activityOf(world, query({ since }))
      expect(items.map(({ id }) => id)).toEqual(['a3', 'a2', 'a1'])
    }
    await world.close()
  })

  it('stops after a bounded search, and goes on from there', async () => {
    const world = new World('real', new MemoryLog(200_000))
    await world.append([seen(1, 'wanted')])
    for (let n = 0; n < 12; n++)
      await world.append(Array.from({ length: 1_000 }, (_, k) => seen(2 + n * 1_000 + k, `x${k}`)))
    const first = await activityOf(world, query({ id: 'wanted' }))
    expect(first).toMatchObject({ items: [], complete: false, next: expect.any(String) })
    const second = await activityOf(world, query({ id: 'wanted', cursor: first.next ?? '' }))
    expect(second).toMatchObject({ items: [{ id: 'wanted' }], complete: true, next: null })
    await world.close()
  })

  describe('of a log of large batches', () => {
    const LARGE = Array.from({ length: 10_000 }, (_, k) => seen(k, `x${k}`))
    /** `large` batches of 10,000 agents each, with `small` ones of one agent after them. */
    function largeWorld(small = 0, large = 64) {
      const epoch = 'large'
      const read = { batches: 0, largeBatches: 0, underWay: 0, mostUnderWay: 0 }
      const world = {
        store: { epoch, seq: large + small },
        async *read(from: number, to: number) {
          read.mostUnderWay = Math.max(read.mostUnderWay, ++read.underWay)
          try {
            for (let seq = from + 1; seq <= to; seq++) {
              await Promise.resolve()
              read.batches++
              if (seq <= large) read.largeBatches++
              yield { seq, events: seq <= large ? LARGE : [seen(seq, 'small')] }
            }
          } finally {
            read.underWay--
          }
        },
      } as unknown as World
      return { world, read }
    }

    it('one batch is read for one item', async () => {
      const { world, read } = largeWorld()
      const { items, next } = await activityOf(world, query({ limit: '1' }))
      expect(items).toMatchObject([{ seq: 64, id: 'x9999' }])
      expect(next).toBe('large.64.9999')
      expect(read.batches).toBe(1)
    })

    it('one batch is read by a search that finds nothing, which says that it did not reach the beginning', async () => {
      const { world, read } = largeWorld()
      const answer = await activityOf(world, query({ id: 'nobody' }))
      expect(answer).toEqual({ items: [], next: 'large.64.0', complete: false })
      expect(read.batches).toBe(1)
      expect(await activityOf(world, query({ id: 'nobody', cursor: 'large.64.0' }))).toMatchObject({ complete: false })
    })

    it('a step that runs from small ones into large ones holds no more than one of these', async () => {
      // Steps of 1, 2, 4, 8, then one that reaches 11 batches back beyond the small ones.
      const { world, read } = largeWorld(20)
      const answer = await activityOf(world, query({ id: 'nobody' }))
      expect(answer.complete).toBe(false)
      // Each step that turns out too large is let go at the first of them, and half as many small ones remain before it.
      expect(read.largeBatches).toBeLessThanOrEqual(5)
    })

    it('going on from each cursor passes every batch, and ends at the beginning', async () => {
      const { world } = largeWorld(20, 6)
      let cursor: string | null = null
      const places: (string | null)[] = []
      do {
        const given: Record<string, string> = cursor === null ? {} : { cursor }
        const answer: Awaited<ReturnType<typeof activityOf>> = await activityOf(
          world,
          query({ id: 'nobody', ...given }),
        )
        cursor = answer.next
        places.push(cursor)
        expect(answer.complete).toBe(cursor === null)
      } while (cursor !== null && places.length < 20)
      expect(cursor).toBeNull()
      expect(places).toHaveLength(6)
    })

    it('one search runs at a time; who finds too many waiting is RATE_LIMITED, and the others are answered', async () => {
      const { world, read } = largeWorld()
      const answers = await Promise.allSettled(
        Array.from({ length: 20 }, () => activityOf(world, query({ limit: '1' }))),
      )
      expect(read.mostUnderWay).toBe(1)
      const refused = answers.filter((answer) => answer.status === 'rejected')
      expect(refused.map(({ reason }) => reason.code)).toEqual(['RATE_LIMITED', 'RATE_LIMITED', 'RATE_LIMITED'])
      expect((await activityOf(world, query({ limit: '1' }))).items).toHaveLength(1)
    })
  })

  it('of a log that cannot be read is LOG_UNAVAILABLE', async () => {
    const world = await worldOf(1)
    const broken = {
      store: world.store,
      // biome-ignore lint/correctness/useYield: it fails before there is anything.
      async *read() {
        throw new Error('disk I/O error at /home/dev/data/events.db')
      },
    }
    await expect(activityOf(broken, query())).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
    const error = await activityOf(broken, query()).catch((reason: { body: object }) => reason)
    expect(JSON.stringify((error as { body: object }).body)).not.toContain('/home')
    await world.close()
  })

  it('takes no cursor of another log', async () => {
    const [one, other] = [await worldOf(5), await worldOf(5)]
    const { next } = await activityOf(one, query({ limit: '2' }))
    await expect(activityOf(other, query({ cursor: next ?? '' }))).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })
})
