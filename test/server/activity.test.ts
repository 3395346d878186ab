import { describe, expect, it } from 'vitest'
import type { SwarmEvent } from '../../protocol/events.ts'
import { activityOf } from '../../server/api/activity.ts'
import { activityQuery } from '../../server/api/schemas/reads.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { World } from '../../server/world.ts'
import { sampleAgent } from '../protocol/samples.ts'

const TIME = '2026-01-01T00:00:00.000Z'
const query = (given: Record<string, string> = {}) => activityQuery.parse(given)

function seen(n: number, id = `a${n}`): SwarmEvent {
  const base = { v: 1 as const, key: `k${n}`, sourceId: 's', version: [1, n] as const, at: TIME, receivedAt: TIME }
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

  it('reads large batches one by one, small ones many at once, and one search after another', async () => {
    const world = new World('real', new MemoryLog(200_000))
    let revision = 0
    for (let n = 0; n < 20; n++) await world.append([seen(++revision, `small-${n}`)])
    for (let n = 0; n < 20; n++)
      await world.append(Array.from({ length: 1_000 }, (_, k) => seen(++revision, `x${n}-${k}`)))
    const steps: number[] = []
    let underWay = 0
    const watched = {
      store: world.store,
      async *read(from: number, to: number) {
        expect(++underWay).toBe(1)
        steps.push(to - from)
        for await (const batch of world.read(from, to)) yield batch
        underWay--
      },
    }
    await Promise.all([activityOf(watched, query({ id: 'none' })), activityOf(watched, query({ id: 'none' }))])
    expect(steps).toEqual(Array.from({ length: 20 }, () => 1))
    await activityOf(watched, query({ id: 'none', cursor: `${world.store.epoch}.20.0` }))
    expect(steps.slice(20)).toEqual([1, 2, 4, 8, 5])
    const many = Array.from({ length: 20 }, () => activityOf(watched, query({ limit: '1' })))
    const outcomes = await Promise.allSettled(many)
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(4)
    await world.close()
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
