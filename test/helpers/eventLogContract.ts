// What every engine of the event log promises (SPEC.md, L). Each engine's own test runs it.

import { afterEach, describe, expect, test } from 'vitest'
import { type Batch, EVENT_VERSION, type SwarmEvent } from '../../protocol/events.ts'
import { applyBatch, emptyState, stateOf } from '../../protocol/fold.ts'
import type { EventLog } from '../../server/log/eventLog.ts'
import { canonicalHash, HOSTILE_IDS, sampleAgent, TIME } from '../protocol/samples.ts'

let revision = 0

/** An event that says something new of an agent. */
export const agentEvent = (id: string, given: Parameters<typeof sampleAgent>[1] = {}): SwarmEvent => ({
  v: EVENT_VERSION,
  type: 'agent.upserted',
  key: `test/${++revision}`,
  sourceId: 'source',
  version: [1, revision],
  at: TIME,
  receivedAt: TIME,
  entity: sampleAgent(id, given),
})

export const agentEnds = (id: string): SwarmEvent => ({
  v: EVENT_VERSION,
  type: 'agent.retired',
  key: `test/${++revision}`,
  sourceId: 'source',
  version: [1, revision],
  at: null,
  receivedAt: TIME,
  id,
})

export async function allBatches(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = []
  for await (const batch of batches) all.push(batch)
  return all
}

/** `make` gives a new empty log each time. */
export function eventLogContract(name: string, make: () => EventLog | Promise<EventLog>): void {
  describe(`${name} is an event log`, () => {
    const logs: EventLog[] = []
    const open = async () => {
      const log = await make()
      logs.push(log)
      return log
    }
    afterEach(async () => {
      await Promise.all(logs.splice(0).map((log) => log.close()))
    })
    const read = (log: EventLog, from: number, to: number) => allBatches(log.read(from, to))
    const keysOf = (batches: readonly Batch[]) => batches.flatMap(({ events }) => events.map(({ key }) => key))
    const follow = (log: EventLog, from: number) => {
      const seen: Batch[] = []
      return { seen, stop: log.subscribe(from, (batch) => seen.push(batch)) }
    }
    /** Resolves when the subscription has seen the batch. */
    const whenAt = (log: EventLog, seq: number) =>
      new Promise<void>((resolve) => {
        const stop = log.subscribe(0, (batch) => {
          if (batch.seq >= seq) queueMicrotask(() => resolve(stop()))
        })
      })

    test('[L3] sequence numbers begin at 1 and rise by one with each batch', async () => {
      const log = await open()
      expect(await log.append([agentEvent('a'), agentEvent('b')])).toBe(1)
      expect(await log.append([agentEvent('a')])).toBe(2)
      expect((await read(log, 0, 2)).map(({ seq, events }) => [seq, events.length])).toEqual([
        [1, 2],
        [2, 1],
      ])
    })

    test('no events make no batch', async () => {
      const log = await open()
      await log.append([agentEvent('a')])
      expect(await log.append([])).toBe(1)
      expect(await read(log, 0, 10)).toHaveLength(1)
    })

    test('what is read is what was appended, in (from, to]', async () => {
      const log = await open()
      const events = [agentEvent('a'), agentEvent('b'), agentEvent('c')]
      for (const event of events) await log.append([event])
      expect((await read(log, 1, 2)).map(({ events: [only] }) => only)).toEqual([events[1]])
      expect(await read(log, 3, 9)).toEqual([])
      expect(await read(log, 2, 1)).toEqual([])
    })

    test('appends that do not wait for each other keep their order', async () => {
      const log = await open()
      const events = Array.from({ length: 50 }, (_, n) => agentEvent(`agent-${n}`))
      const seqs = await Promise.all(events.map((event) => log.append([event])))
      expect(seqs).toEqual(events.map((_, index) => index + 1))
      expect(keysOf(await read(log, 0, 50))).toEqual(events.map(({ key }) => key))
    })

    test('a subscriber gets what was before, then what comes, each batch once and in order', async () => {
      const log = await open()
      await log.append([agentEvent('a')])
      await log.append([agentEvent('b')])
      const all = follow(log, 0)
      const late = follow(log, 1)
      await log.append([agentEvent('c')])
      await whenAt(log, 3)
      expect(all.seen.map(({ seq }) => seq)).toEqual([1, 2, 3])
      expect(late.seen.map(({ seq }) => seq)).toEqual([2, 3])
    })

    test('a subscriber that is ahead of the log gets nothing twice', async () => {
      const log = await open()
      const { seen } = follow(log, 2)
      for (const id of ['a', 'b', 'c']) await log.append([agentEvent(id)])
      await whenAt(log, 3)
      expect(seen.map(({ seq }) => seq)).toEqual([3])
    })

    test('[L12] times never go back: what comes in while the clock is behind bears the last time', async () => {
      const log = await open()
      const { seen } = follow(log, 0)
      const later = (ms: number) => new Date(Date.parse(TIME) + ms).toISOString()
      const said = (...times: number[]) => times.map((ms, n) => ({ ...agentEvent(`a${n}`), receivedAt: later(ms) }))
      const batches = [said(1_000), said(500, 1_000, 900), said(2_000, 1_500), said(-99_000), said(2_001)]
      for (const events of batches) await log.append(events)
      await whenAt(log, batches.length)
      const times = [[1_000], [1_000, 1_000, 1_000], [2_000, 2_000], [2_000], [2_001]].map((ms) => ms.map(later))
      const told = await read(log, 0, batches.length)
      for (const list of [seen, told]) {
        expect(list.map(({ events }) => events.map(({ receivedAt }) => receivedAt))).toEqual(times)
      }
      // Of what a source gave nothing is changed in its hands.
      expect(batches[3]?.[0]?.receivedAt).toBe(later(-99_000))
    })

    test('who stopped hears no more', async () => {
      const log = await open()
      const { seen, stop } = follow(log, 0)
      await log.append([agentEvent('a')])
      await whenAt(log, 1)
      stop()
      stop()
      await log.append([agentEvent('b')])
      await whenAt(log, 2)
      expect(seen).toHaveLength(1)
    })

    test('a subscriber that appends while it is told does not change the order for anybody', async () => {
      const log = await open()
      const answers: Promise<number>[] = []
      log.subscribe(0, ({ seq }) => {
        if (seq < 4) answers.push(log.append([agentEvent(`answer-${seq}`)]))
      })
      const { seen } = follow(log, 0)
      await log.append([agentEvent('a')])
      await whenAt(log, 4)
      await Promise.all(answers)
      expect(seen.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
    })

    test('who subscribes while others are told gets each batch once', async () => {
      const log = await open()
      let inner: Batch[] | undefined
      log.subscribe(0, () => {
        inner ??= follow(log, 0).seen
      })
      await log.append([agentEvent('a')])
      await log.append([agentEvent('b')])
      await whenAt(log, 2)
      expect(inner?.map(({ seq }) => seq)).toEqual([1, 2])
    })

    test('a subscriber that throws does not keep the batch from the others', async () => {
      const log = await open()
      let calls = 0
      const stop = log.subscribe(0, () => {
        calls++
        throw new Error('broken subscriber')
      })
      const { seen } = follow(log, 0)
      await log.append([agentEvent('a')]).catch(() => undefined)
      await log.append([agentEvent('b')]).catch(() => undefined)
      await whenAt(log, 2).catch(() => undefined)
      stop()
      expect(calls).toBeGreaterThan(0)
      expect(seen.map(({ seq }) => seq)).toEqual([1, 2])
    })

    test('[L1] two that fold the same log have the same state', async () => {
      const log = await open()
      await log.append([agentEvent('a'), agentEvent('b')])
      await log.append([agentEvent('a', { status: 'busy' }), agentEnds('b')])
      const early = emptyState(log.epoch)
      log.subscribe(0, (batch) => void applyBatch(early, batch))
      await log.append([agentEvent('c')])
      await whenAt(log, 3)
      const later = emptyState(log.epoch)
      for (const batch of await read(log, 0, 3)) applyBatch(later, batch)
      expect(canonicalHash(later.store.values())).toBe(canonicalHash(early.store.values()))
      expect(early.store.seq).toBe(3)
    })

    test('[L1] what a checkpoint says, with the batches after it, is the fold of all', async () => {
      const log = await open()
      const folded = emptyState(log.epoch)
      log.subscribe(0, (batch) => void applyBatch(folded, batch))
      await log.append([agentEvent('a'), agentEvent('b'), agentEnds('b')])
      await log.append([agentEvent('a', { status: 'busy' })])
      const checkpoint = await log.checkpoint()
      const started = checkpoint ? stateOf(log.epoch, checkpoint) : emptyState(log.epoch)
      expect(checkpoint?.seq ?? 0).toBeLessThanOrEqual(2)
      await log.append([agentEvent('c')])
      for (const batch of await read(log, checkpoint?.seq ?? 0, 3)) applyBatch(started, batch)
      await whenAt(log, 3)
      expect(canonicalHash(started.store.values())).toBe(canonicalHash(folded.store.values()))
      expect(started.store.seq).toBe(3)
      expect(started.versions).toEqual(folded.versions)
    })

    test.each(HOSTILE_IDS)('an id may be %j', async (id) => {
      const log = await open()
      const events = [agentEvent(id), agentEvent(`${id}.`), agentEnds(id)]
      for (const event of events) await log.append([event])
      expect((await read(log, 0, 3)).flatMap((batch) => batch.events)).toEqual(events)
    })

    test('two logs have two epochs, and an epoch does not change', async () => {
      const [a, b] = [await open(), await open()]
      expect(a.epoch).not.toBe(b.epoch)
      expect(a.epoch).toMatch(/^[A-Za-z0-9_-]{1,100}$/)
      const before = a.epoch
      await a.append([agentEvent('a')])
      expect(a.epoch).toBe(before)
    })

    test('close ends subscriptions, refuses appends, and may be called twice', async () => {
      const log = await open()
      const { seen } = follow(log, 0)
      await log.append([agentEvent('a')])
      await whenAt(log, 1)
      await log.close()
      await log.close()
      await expect(log.append([agentEvent('b')])).rejects.toThrow('closed')
      expect(seen).toHaveLength(1)
    })
  })
}
