// The durable log with its file in this thread; sqliteLog.integration.test.ts has it in its worker.

import { createHash } from 'node:crypto'
import { closeSync, copyFileSync, existsSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import Libsql from 'libsql'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SwarmscopeError } from '../../protocol/errors.ts'
import type { Batch, SwarmEvent } from '../../protocol/events.ts'
import { applyBatch, emptyState, type SwarmState, stateOf } from '../../protocol/fold.ts'
import { refKey } from '../../protocol/frames.ts'
import { HistoryFile } from '../../server/history/historyFile.ts'
import type { EventLog } from '../../server/log/eventLog.ts'
import { FallbackLog } from '../../server/log/fallbackLog.ts'
import { KeptLog } from '../../server/log/keptLog.ts'
import { logUnavailable, postedError, thrownError } from '../../server/log/logError.ts'
import type { LogFileOptions } from '../../server/log/logFile.ts'
import { MIGRATIONS } from '../../server/log/schema.ts'
import { SqliteLog, type SqliteLogOptions } from '../../server/log/sqliteLog.ts'
import { World } from '../../server/world.ts'
import { agentEnds, agentEvent, allBatches, eventLogContract } from '../helpers/eventLogContract.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { keptLog, silentLog } from '../helpers/silentLog.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import { canonicalHash, seededRandom, TIME } from '../protocol/samples.ts'

let folder: ReturnType<typeof temporaryFolder>
const opened: SqliteLog[] = []
beforeEach(() => {
  folder = temporaryFolder('log')
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((log) => log.close().catch(() => undefined)))
  folder.remove()
})

const pathOf = (name = 'events.db') => join(folder.path, name)
let files = 0

async function open(
  given: Partial<LogFileOptions> & { thread?: InThread } & Pick<
      SqliteLogOptions,
      'writeTimeoutMs' | 'onClockBehind'
    > = {},
) {
  const thread = given.thread ?? new InThread()
  const log = await SqliteLog.open({ path: pathOf(), bootId: 'boot-1', ...given, thread })
  opened.push(log)
  return { log, thread }
}

/** What a killed process leaves. */
const kill = ({ thread }: { thread: InThread }) => thread.abandon()

eventLogContract('the log in SQLite', async () => (await open({ path: pathOf(`contract-${++files}.db`) })).log)

const at = (ms: number, event: SwarmEvent): SwarmEvent => ({ ...event, receivedAt: new Date(ms).toISOString() })
const numbers = (log: SqliteLog, from: number, to: number) =>
  allBatches(log.read(from, to)).then((batches) => batches.map(({ seq }) => seq))

describe('a start', () => {
  test('[L6] finds state, batches and epoch as a stop in order left them, and counts on', async () => {
    const first = await open()
    const world = new World('real', first.log)
    await world.append([agentEvent('a'), agentEvent('b', { status: 'busy' })])
    await world.append([agentEnds('a')])
    const before = canonicalHash(world.store.values())
    await world.close()
    const { log } = await open()
    const after = await World.open('real', log)
    expect(log.epoch).toBe(first.log.epoch)
    expect(after.store.seq).toBe(2)
    expect(canonicalHash(after.store.values())).toBe(before)
    expect(await numbers(log, 0, 2)).toEqual([1, 2])
    expect(await after.append([agentEvent('c')])).toBe(3)
    expect(after.store.all('agent').size).toBe(2)
  })

  test('[L6] tells who was there before what ended meanwhile, by a frame', async () => {
    const first = await open()
    const world = new World('real', first.log)
    await world.append([agentEvent('a'), agentEvent('b')])
    await world.append([agentEnds('a')])
    await world.close()
    const { store } = await World.open('real', (await open()).log)
    expect(store.changesSince(first.log.epoch, 1)).toEqual({
      type: 'frame',
      frame: { epoch: first.log.epoch, from: 1, to: 2, put: [], del: [{ entity: 'agent', id: 'a' }] },
    })
  })

  test('[L2] remembers versions: what was overtaken before the stop is overtaken after it', async () => {
    const first = await open()
    const [late, ended] = [agentEvent('a', { name: 'old' }), agentEvent('b')]
    await first.log.append([agentEvent('a', { name: 'new' }), agentEnds('b')])
    await first.log.close()
    const world = await World.open('real', (await open()).log)
    await world.append([late, ended])
    expect(world.store.get('agent', 'a')?.name).toBe('new')
    expect(world.store.get('agent', 'b')).toBeUndefined()
    expect(world.incarnationOf('source')).toBe(1)
  })

  test('[L6] after a kill has the same epoch, if the system ran on: nothing that was told is lost', async () => {
    const first = await open()
    await first.log.append([agentEvent('a')])
    kill(first)
    const { log } = await open()
    expect(log.epoch).toBe(first.log.epoch)
    expect(await numbers(log, 0, 9)).toEqual([1])
  })

  test.each([
    ['went down', 'boot-2'],
    ['cannot be told from another run', null],
  ])('[L6] after a kill has another epoch, if the system %s', async (_name, bootId) => {
    const first = await open()
    await first.log.append([agentEvent('a')])
    kill(first)
    const second = await open({ bootId })
    expect(second.log.epoch).not.toBe(first.log.epoch)
    await second.log.close()
    expect((await open({ bootId: 'boot-3' })).log.epoch).toBe(second.log.epoch)
  })

  test('[L6] after a stop in order has the same epoch, also in another run of the system', async () => {
    const first = await open()
    await first.log.close()
    expect((await open({ bootId: 'boot-2' })).log.epoch).toBe(first.log.epoch)
  })

  test('[L6] two that begin from the same lost state have two epochs', async () => {
    const first = await open()
    kill(first)
    const copy = pathOf('copy.db')
    copyFileSync(pathOf(), copy)
    copyFileSync(`${pathOf()}-wal`, `${copy}-wal`)
    const [a, b] = [await open({ bootId: 'x' }), await open({ path: copy, bootId: 'x' })]
    expect(a.log.epoch).not.toBe(b.log.epoch)
  })
})

describe('[L12] a clock that was set back', () => {
  const timesOf = async (log: EventLog, from: number, to: number) =>
    (await allBatches(log.read(from, to))).flatMap(({ events }) =>
      events.map(({ receivedAt }) => Date.parse(receivedAt)),
    )
  const NOON_MS = Date.parse(TIME)

  test('during a restart does not take the log back: its times, and a state by time, stay in order', async () => {
    const first = await open()
    await first.log.append([at(NOON_MS, agentEvent('a'))])
    kill(first)
    const second = await open()
    await second.log.append([at(NOON_MS - 3_600_000, agentEvent('b'))])
    await second.log.close()
    const { log } = await open()
    await log.append([at(NOON_MS - 60_000, agentEvent('c'))])
    await log.append([at(NOON_MS + 1, agentEvent('d'))])
    expect(await timesOf(log, 0, 9)).toEqual([NOON_MS, NOON_MS, NOON_MS, NOON_MS + 1])
    const history = new HistoryFile(pathOf())
    const idsAt = (ms: number) => history.stateAt(ms).entities.agent.map((json) => JSON.parse(json).id)
    expect(idsAt(NOON_MS)).toEqual(['a', 'b', 'c'])
    expect(() => idsAt(NOON_MS - 1)).toThrow(RangeError)
    expect(
      history.events({ fromMs: NOON_MS + 1, toMs: null, kind: null, agent: null, after: null, limit: 9 }).lines,
    ).toContain('"id":"d"')
    history.close()
  })

  test('far back is told, once until the clock has caught up; a second is not', async () => {
    const told: number[] = []
    const before = await open()
    await before.log.append([at(NOON_MS, agentEvent('a'))])
    kill(before)
    const { log } = await open({ onClockBehind: (behindMs) => told.push(behindMs) })
    for (const ms of [-1_000, -60_000, -90_000, -50_000, 1, -59_998, -3_599_999]) {
      await log.append([at(NOON_MS + ms, agentEvent('b'))])
    }
    expect(told).toEqual([60_000, 3_600_000])
  })

  test('far back stands in the log of the server', async () => {
    const { log, lines } = keptLog()
    const thread = new InThread()
    const real = await KeptLog.open({ path: pathOf(), log, thread })
    await real.eventLog.append([at(NOON_MS, agentEvent('a'))])
    await real.eventLog.append([at(NOON_MS - 3_600_000, agentEvent('b'))])
    expect(lines()).toEqual([expect.objectContaining({ level: 40, behindMinutes: 60 })])
    await real.eventLog.close()
  })

  test('when the log falls back to memory does not take that back either', async () => {
    const { log, thread } = await open()
    const fallback = new FallbackLog(log, () => undefined)
    await fallback.append([at(NOON_MS, agentEvent('a'))])
    thread.failure = new Error('no')
    await fallback.append([at(NOON_MS - 1_000, agentEvent('b'))])
    expect(fallback.isDurable).toBe(false)
    expect(await timesOf(fallback, 1, 2)).toEqual([NOON_MS])
  })
})

describe('commits', () => {
  test('[L3] are grouped: what comes while one is under way goes together in the next', async () => {
    const { log, thread } = await open()
    const appends = Array.from({ length: 6 }, (_, n) => log.append([agentEvent(`a${n}`)]))
    expect(await Promise.all(appends)).toEqual([1, 2, 3, 4, 5, 6])
    expect(thread.groups).toEqual([1, 5])
  })

  test('[L3] a batch of 10,000 agents is encoded in many turns of the event loop, and stays one batch', async () => {
    const { log, thread } = await open()
    const world = await World.open('real', log)
    const sizes: number[] = []
    world.onChange(() => sizes.push(world.store.size))
    let turns = 0
    let isOver = false
    const turn = () => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    const before = world.append([agentEvent('before')])
    const large = world.append(Array.from({ length: 10_000 }, (_, n) => agentEvent(`a${n}`)))
    const after = world.append([agentEvent('after')])
    let turnsToWrite = 0
    const { write } = thread
    thread.write = (batches, notes) => {
      if (batches.some(({ events }) => events === 10_000)) turnsToWrite = turns
      return write.call(thread, batches, notes)
    }
    expect(await Promise.all([before, large, after])).toEqual([1, 2, 3])
    isOver = true
    // 8 MB, a quarter of one at a time.
    expect(turnsToWrite).toBeGreaterThan(20)
    expect(sizes).toEqual([1, 10_001, 10_002])
    turns = 0
    isOver = false
    setImmediate(turn)
    const [read] = await allBatches(log.read(1, 2))
    isOver = true
    expect(read?.events).toHaveLength(10_000)
    expect(turns).toBeGreaterThan(20)
  })

  test('[L7] nobody hears of a batch before it is on file', async () => {
    const { log, thread } = await open()
    const seen: Batch[] = []
    log.subscribe(0, (batch) => seen.push(batch))
    let openGate: () => void = () => undefined
    thread.gate = new Promise((resolve) => {
      openGate = resolve
    })
    const appended = log.append([agentEvent('a')])
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen).toEqual([])
    openGate()
    await appended
    expect(seen).toHaveLength(1)
    expect(thread.held.read(0, 1, 10)).toHaveLength(1)
  })

  test('[L2] several words on one entity in one commit leave the latest version, with the number of its batch', async () => {
    const { log, thread } = await open()
    const [early, later, latest] = [agentEvent('x', { name: '1' }), agentEvent('x', { name: '2' }), agentEvent('x')]
    await Promise.all([[agentEvent('first')], [early], [latest], [later]].map((events) => log.append(events)))
    expect(thread.groups).toEqual([1, 3])
    const kept = (await log.checkpoint())?.entities.find(({ entity }) => entity.id === 'x')
    expect(kept).toMatchObject({ entity: { name: 'x', rev: 3 }, version: latest.version })
  })

  test('[L1] whatever comes in whatever order and however often, what is on file is the fold', async () => {
    const event = fc.record({
      id: fc.constantFrom('a', 'b', 'c', '\ud800', '\n'),
      incarnation: fc.integer({ min: 1, max: 2 }),
      revision: fc.integer({ min: 1, max: 5 }),
      ends: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(event, { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
        async (history) => {
          const { log } = await open({ path: pathOf(`property-${++files}.db`) })
          const folded = emptyState(log.epoch)
          const halfway: { seq: number; state: SwarmState }[] = []
          log.subscribe(0, (batch) => void applyBatch(folded, batch))
          const viewer = emptyState(log.epoch)
          for (const [index, batch] of history.entries()) {
            const events = batch.map(({ id, incarnation, revision, ends }): SwarmEvent => {
              // Never two different things in one version (SPEC.md, L2).
              const said = `${incarnation}.${revision}`
              const base = ends && revision % 2 === 0 ? agentEnds(id) : agentEvent(id, { name: said })
              const kind = revision % 2 === 0 ? agentEnds(id) : base
              return { ...kind, version: [incarnation, revision] } as SwarmEvent
            })
            const appended = log.append(events)
            if (index % 3 === 0) await appended
            if (index === 2) {
              await appended
              viewer.store.load(folded.store.snapshot())
              halfway.push({ seq: folded.store.seq, state: viewer })
            }
          }
          await log.append([agentEvent('last')])
          const checkpoint = await log.checkpoint()
          if (!checkpoint) throw new Error('no checkpoint')
          const started = stateOf(log.epoch, checkpoint)
          expect(canonicalHash(started.store.values())).toBe(canonicalHash(folded.store.values()))
          expect(started.versions.alive).toEqual(folded.versions.alive)
          expect([...started.versions.ended]).toEqual([...folded.versions.ended])
          expect(started.incarnations).toEqual(folded.incarnations)
          // A viewer that was there in the middle comes to the same by what the started one tells.
          for (const { seq, state } of halfway) {
            const changes = started.store.changesSince(log.epoch, seq)
            if (changes.type !== 'frame') throw new Error(changes.type)
            expect(state.store.apply(changes.frame)).toBe('applied')
            expect(canonicalHash(state.store.values())).toBe(canonicalHash(folded.store.values()))
          }
          await log.close()
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('bounds', () => {
  const HOUR_MS = 3_600_000
  const START_MS = Date.parse(TIME)

  test('[L8] what is older than the bound goes step by step; the state stays whole, readers are told', async () => {
    const { log, thread } = await open({ maxAgeMs: HOUR_MS })
    for (let n = 0; n < 1_200; n++) void log.append([at(START_MS + n * 6_000, agentEvent(`agent-${n % 7}`))])
    await log.append([at(START_MS + 2 * HOUR_MS, agentEvent('agent-0'))])
    let steps = 0
    while (thread.held.tidy(START_MS + 2 * HOUR_MS)) steps++
    expect(steps).toBeGreaterThan(1)
    expect(thread.held.firstSeq).toBe(601)
    await log.append([agentEvent('agent-1')])
    expect(() => log.subscribe(0, () => undefined)).toThrow(RangeError)
    await expect(allBatches(log.read(10, 20))).rejects.toThrow(RangeError)
    expect((await log.checkpoint())?.entities).toHaveLength(7)
  })

  test('[L8] by size, keyframes included, and the file gives room back when the bound is lowered', async () => {
    const random = (length: number) => Array.from({ length }, () => Math.random().toString(36)).join('')
    const first = await open()
    for (let n = 0; n < 2_000; n++) {
      log(first, agentEvent(`agent-${n % 20}`, { currentTask: random(150) }))
      if (n % 100 === 0) await first.log.append([agentEvent('x')])
      if (n % 500 === 0) await first.thread.held.keyframe()
    }
    await first.log.append([agentEvent('x')])
    await first.log.close()
    expect(statSync(pathOf()).size).toBeGreaterThan(2_500_000)
    const { log: second, thread } = await open({ maxBytes: 1_000_000 })
    while (thread.held.tidy(Date.now()));
    await second.close()
    expect(statSync(pathOf()).size).toBeLessThan(1_000_000)
    const world = await World.open('real', (await open({ maxBytes: 1_000_000 })).log)
    expect(world.store.all('agent').size).toBe(21)
  })

  test('[L8] a bound of 16 MB keeps history: the WAL does not take all of it', async () => {
    const { log, thread } = await open({ maxBytes: 16 * 1024 * 1024 })
    let written = 0
    let walBytes = 0
    while (written < 24 * 1024 * 1024) {
      const before = statSync(`${pathOf()}-wal`).size
      const task = Array.from({ length: 150 }, () => Math.random().toString(36)).join('')
      await log.append(Array.from({ length: 20 }, (_, n) => agentEvent(`agent-${n}`, { currentTask: task })))
      while (thread.held.tidy(Date.parse(TIME)));
      walBytes = statSync(`${pathOf()}-wal`).size
      // At least what its 20 entities take.
      written += Math.max(walBytes - before, 20 * task.length)
    }
    expect(walBytes).toBeLessThan(6 * 1024 * 1024)
    expect(thread.held.firstSeq).toBe(1)
  })

  const log = ({ log }: { log: SqliteLog }, event: SwarmEvent) => void log.append([event])

  test('[L4] ended ones are forgotten beyond 20,000; who would have to be told of them gets a snapshot', async () => {
    const { log } = await open()
    for (let from = 0; from < 22_500; from += 500) {
      await log.append(Array.from({ length: 500 }, (_, n) => agentEvent(`agent-${from + n}`)))
      await log.append(Array.from({ length: 500 }, (_, n) => agentEnds(`agent-${from + n}`)))
    }
    const checkpoint = await log.checkpoint()
    expect(checkpoint?.ended).toHaveLength(20_000)
    expect(checkpoint?.tombstoneFloor).toBe(10)
    const { store } = stateOf(log.epoch, checkpoint as NonNullable<typeof checkpoint>)
    expect(store.tombstoneFloor).toBe(50)
    expect(store.changesSince(log.epoch, 49).type).toBe('snapshot')
    expect(store.changesSince(log.epoch, 50).type).toBe('frame')
    await log.close()
    const rows = new Libsql(pathOf()).prepare('SELECT count(*) AS ended FROM entities WHERE json IS NULL').all([])
    expect(rows).toMatchObject([{ ended: 20_000 }])
  })

  test('[L10, L4] a file of format 1, with more ends than are remembered, keeps the last and what its sources spoke in', async () => {
    const first = await open({ migrations: MIGRATIONS.slice(0, 1) }).catch((error: Error) => error)
    expect(first).toMatchObject({ code: 'SQLITE_ERROR' }) // its tables alone
    const database = new Libsql(pathOf())
    database.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20500)
      INSERT INTO entities SELECT 'agent "a' || i || '"', i / 10, CASE WHEN i < 100 THEN 7 ELSE 1 END, i, 'source', 1, NULL FROM n`)
    database.close()
    const { log } = await open()
    const checkpoint = await log.checkpoint()
    expect(checkpoint?.ended.map(({ id }) => id)).toEqual(Array.from({ length: 20_000 }, (_, n) => `a${n + 501}`))
    expect(checkpoint).toMatchObject({ tombstoneFloor: 50, incarnations: [['source', 7]] })
  })

  test('[L1, L4] late arrivals over a long history: live, restarted, and past states are the same', async () => {
    const random = seededRandom(11)
    let opened = await open()
    let world = await World.open('real', opened.log)
    const folded = emptyState('any')
    const ended: string[] = []
    const checks: { ms: number; hash: string }[] = []
    const ending: string[] = []
    const end = (id: string, events: SwarmEvent[]) => {
      events.push(agentEnds(id))
      ended.push(id)
    }
    let begun = 0
    let groups = 0
    let revived = 0
    let seq = 0
    const isNow = (event: SwarmEvent) =>
      'entity' in event && folded.versions.alive.get(refKey(event.entity)) === event.version
    while (ended.length < 30_000) {
      const group: Promise<number>[] = []
      // Several batches in one transaction, some of them larger than half of what is remembered.
      for (let batches = 1 + Math.floor(random() * 4); batches > 0; batches--) {
        const events: SwarmEvent[] = []
        const count = random() < 0.08 ? 6_000 : 200
        const ms = START_MS + ++seq * 1_000
        for (let n = 0; n < count; n++) {
          const id = `a${begun++}`
          const late = agentEvent(id, { name: 'late' })
          if (random() < 0.7) events.push(agentEvent(id))
          // Some end in a later batch, the last first.
          if (random() < 0.2) ending.push(id)
          else if (random() < 0.9) end(id, events)
          // Sent before, come after: of one that ended just now, long ago, or around the bound.
          const back = random() < 0.5 ? 20_000 + Math.floor((random() - 0.5) * 400) : Math.floor(random() * 30_000)
          const again = ended.at(-1 - back)
          if (again !== undefined && random() < 0.2) events.push({ ...agentEvent(again), version: [1, 1] })
          if (random() < 0.01) events.push(late)
        }
        if (random() < 0.5) for (const id of ending.splice(0).reverse()) end(id, events)
        const batch = events.map((event) => at(ms, event))
        group.push(world.append(batch))
        applyBatch(folded, { seq, events: batch })
        revived += batch.filter((event) => event.version[1] === 1 && isNow(event)).length
      }
      await Promise.all(group)
      expect(opened.thread.groups.at(-1)).toBeGreaterThan(0)
      groups++
      if (groups % 6 === 0) {
        expect(await hashesOf(opened.log)).toEqual(hashesOfState(folded))
        expect(canonicalHash(world.store.values())).toBe(canonicalHash(folded.store.values()))
        if (random() < 0.5) kill(opened)
        else await world.close()
        opened = await open()
        world = await World.open('real', opened.log)
      }
      if (groups % 4 === 0) await opened.thread.held.keyframe()
      if (groups % 5 === 0) {
        const unnumbered = [...folded.store.values()].map(({ rev: _, ...entity }) => entity)
        checks.push({ ms: START_MS + seq * 1_000, hash: canonicalHash(unnumbered) })
      }
    }
    expect(checks.length).toBeGreaterThan(2)
    expect(revived).toBeGreaterThan(100)
    expect(await hashesOf(opened.log)).toEqual(hashesOfState(folded))
    const history = new HistoryFile(pathOf())
    for (const { ms, hash } of checks) {
      const jsons = Object.values(history.stateAt(ms).entities).flat()
      expect(canonicalHash(jsons.map((json) => JSON.parse(json)))).toBe(hash)
    }
    history.close()
  }, 60_000)

  const hashOf = (what: unknown) => createHash('sha256').update(JSON.stringify(what)).digest('hex')
  const hashesOfState = ({ store, versions, incarnations }: SwarmState) => [
    canonicalHash(store.values()),
    hashOf([...versions.alive].sort().map(([key, version]) => [key, ...version])),
    hashOf([...versions.ended].map(([key, { version, rev }]) => [key, ...version, rev])),
    hashOf([...incarnations]),
  ]
  const hashesOf = async (log: SqliteLog) => {
    const checkpoint = await log.checkpoint()
    if (!checkpoint) throw new Error('no checkpoint')
    return hashesOfState(stateOf(log.epoch, checkpoint))
  }
})

test('[L11] a batch that was under way when the log broke for another reason is not lost', async () => {
  const { log, thread } = await open()
  const fallback = new FallbackLog(log, () => undefined)
  const world = await World.open('real', fallback)
  let fail: (error: Error) => void = () => undefined
  thread.write = () => new Promise((_, reject) => (fail = reject))
  const first = world.append([agentEvent('a')])
  const second = world.append([agentEvent('b')])
  thread.onBroken(new Error('tidying failed'))
  fail(new Error('the thread is gone'))
  await Promise.all([first, second])
  expect([...world.store.all('agent').keys()].sort()).toEqual(['a', 'b'])
  await fallback.close()
})

describe('a file', () => {
  test('[L9] has one owner: a second server says so', async () => {
    const first = await open()
    await expect(open()).rejects.toMatchObject({ code: 'LOG_IN_USE' })
    await first.log.append([agentEvent('a')])
    await first.log.close()
    await (await open()).log.append([agentEvent('b')])
  })

  test('[L10] of an earlier version is taken along; one of a newer version is refused, untouched', async () => {
    const first = await open()
    await first.log.append([agentEvent('a')])
    await first.log.close()
    const newer = [...MIGRATIONS, (database: { exec(sql: string): void }) => database.exec('CREATE TABLE more (x)')]
    const second = await open({ migrations: newer })
    expect(await numbers(second.log, 0, 1)).toEqual([1])
    expect(second.log.epoch).toBe(first.log.epoch)
    await second.log.close()
    await expect(open()).rejects.toMatchObject({ code: 'LOG_NEWER' })
    await expect(open()).rejects.toThrow(`version ${newer.length}, this Swarmscope knows up to ${MIGRATIONS.length}`)
    await (await open({ migrations: newer })).log.close()
  })

  test('[L10] a migration that fails leaves the file as it was', async () => {
    await (await open()).log.close()
    const broken = [
      ...MIGRATIONS,
      (database: { exec(sql: string): void }) => {
        database.exec('DROP TABLE batches')
        throw new Error('no')
      },
    ]
    await expect(open({ migrations: broken })).rejects.toThrow('no')
    expect(await (await open()).log.append([agentEvent('a')])).toBe(1)
  })

  test("somebody else's database is left alone", async () => {
    const other = new Libsql(pathOf())
    other.exec('CREATE TABLE theirs (x)')
    other.close()
    await expect(open()).rejects.toMatchObject({ code: 'SQLITE_NOTADB' })
    const again = new Libsql(pathOf())
    expect(again.prepare('SELECT name FROM sqlite_master').all([])).toHaveLength(1)
    again.close()
  })
})

describe('[L11] a file that cannot be kept', () => {
  const withFallback = async (given: Parameters<typeof open>[0] = {}) => {
    const { log: durable, thread } = await open(given)
    const errors: Error[] = []
    const log = new FallbackLog(durable, (error) => errors.push(error))
    return { durable, thread, errors, log, world: await World.open('real', log) }
  }

  test('full: the world goes on in memory with all it knew, under another epoch, and says why', async () => {
    const { durable, thread, errors, log, world } = await withFallback()
    await world.append([agentEvent('a')])
    const changes: string[] = []
    world.onChange(() => changes.push(world.store.epoch))
    thread.failure = logUnavailable(Object.assign(new Error('full'), { code: 'SQLITE_FULL' }))
    const seqs = await Promise.all([agentEvent('b'), agentEvent('c'), agentEvent('d')].map((e) => world.append([e])))
    expect(seqs).toEqual([2, 3, 4])
    expect([...world.store.all('agent').keys()]).toEqual(['a', 'b', 'c', 'd'])
    expect(world.store.epoch).toBe(log.epoch)
    expect(log.epoch).not.toBe(durable.epoch)
    expect(world.store.changesSince(durable.epoch, 1).type).toBe('snapshot')
    expect(changes).toHaveLength(3)
    expect(errors).toMatchObject([{ code: 'LOG_UNAVAILABLE', context: { detail: 'Its disk is full' } }])
    await world.close()
    // What was kept before is there after a restart, under its own epoch.
    const again = await World.open('real', (await open()).log)
    expect(again.store.epoch).toBe(durable.epoch)
    expect([...again.store.all('agent').keys()]).toEqual(['a'])
  })

  test.each([
    ['SQLITE_FULL', 'Its disk is full', 'make room'],
    ['SQLITE_CORRUPT', 'Its file is damaged', 'put a backup in its place'],
    ['SQLITE_NOTADB', 'Its file is damaged', 'put a backup in its place'],
    ['SQLITE_READONLY', 'Its file may not be written', 'let this user write'],
    ['SQLITE_CANTOPEN', 'Its file cannot be opened', 'let this user read and write'],
    ['SQLITE_BUSY', 'Another program holds its file', 'end that program'],
    ['SQLITE_IOERR_FSYNC', 'Its disk refuses', 'check the data folder'],
    ['ERR_OTHER', 'Its file cannot be used', 'look into server.log'],
  ])('%s: says what is wrong, and what mends just that, also out of the worker', (code, wrong, fix) => {
    const error = thrownError(postedError(Object.assign(new Error('/a/path'), { code }))) as SwarmscopeError
    expect(error.body.details.suggestion).toMatch(
      new RegExp(`^${wrong}.*: the live view goes on .*; .*${fix}.*restart the server$`),
    )
    expect(error.body.details.suggestion.includes('make room')).toBe(code === 'SQLITE_FULL')
    expect(JSON.stringify(error.body)).not.toContain('/a/path')
  })

  test('one that hangs is given up after a time-out, not waited for', async () => {
    const { thread, errors, world } = await withFallback({ writeTimeoutMs: 20 })
    thread.gate = new Promise(() => undefined)
    expect(await world.append([agentEvent('a')])).toBe(1)
    expect(errors).toHaveLength(1)
    expect(world.store.all('agent').size).toBe(1)
  })

  test.each([
    ['tidying fails', () => undefined],
    ['its thread dies', (fail: (error: Error) => void) => fail(new Error('its thread ended'))],
  ])('%s while a write is under way: what is written and what waits go on in memory, in order', async (_, end) => {
    const { thread, errors, log, world } = await withFallback()
    await world.append([agentEvent('a')])
    let fail: (error: Error) => void = () => undefined
    let settle: () => void = () => undefined
    thread.gate = new Promise((resolve, reject) => {
      settle = resolve
      fail = reject
    })
    const appends = ['b', 'c'].map((id) => world.append([agentEvent(id)]))
    thread.onBroken(logUnavailable(new Error('no')))
    end(fail)
    expect(await Promise.all(appends)).toEqual([2, 3])
    settle()
    const batches = await allBatches(log.read(1, 3))
    expect(batches.map(({ events }) => events[0]?.type === 'agent.upserted' && events[0].entity.id)).toEqual(['b', 'c'])
    expect([...world.store.all('agent').keys()]).toEqual(['a', 'b', 'c'])
    expect(errors).toHaveLength(1)
    await world.close()
  })

  test('who stops its subscription hears nothing from the memory either', async () => {
    const { thread, log } = await withFallback()
    const seen: Batch[] = []
    const stop = log.subscribe(0, (batch) => seen.push(batch))
    thread.failure = new Error('no')
    await log.append([agentEvent('a')])
    stop()
    await log.append([agentEvent('b')])
    expect(seen.map(({ seq }) => seq)).toEqual([1])
  })

  test.each([
    ['its beginning', 0, 100],
    ['its middle', 4_096, 60_000],
  ])('damaged in %s: opening or reading it says so, nothing crashes', async (_name, from, length) => {
    const first = await open()
    for (let n = 0; n < 200; n++) void first.log.append([agentEvent(`agent-${n}`)])
    await first.log.append([agentEvent('last')])
    await first.log.close()
    const handle = openSync(pathOf(), 'r+')
    writeSync(handle, Buffer.alloc(length, 0xa5), 0, length, from)
    closeSync(handle)
    await expect(open().then(({ log }) => log.checkpoint())).rejects.toMatchObject({
      code: expect.stringMatching(/^SQLITE_(CORRUPT|NOTADB)$/),
    })
    expect(existsSync(pathOf())).toBe(true)
  })

  test('whose page of entities is damaged: the server goes on in memory and says so', async () => {
    const first = await open()
    for (let n = 0; n < 200; n++) void first.log.append([agentEvent(`agent-${n}`)])
    await first.log.append([agentEvent('last')])
    await first.log.close()
    damageEntities(pathOf())
    const real = await KeptLog.open({ path: pathOf(), thread: new InThread(), log: silentLog })
    expect(real.error).toMatchObject({ code: 'LOG_UNAVAILABLE' })
    expect(real.path).toBeNull()
    const world = await World.open('real', real.eventLog)
    expect(await world.append([agentEvent('a')])).toBe(1)
    expect([...world.store.all('agent').keys()]).toEqual(['a'])
    await world.close()
  })

  test('that opens, and whose state cannot be read then: the world begins in memory', async () => {
    const { log, thread } = await open()
    thread.checkpoint = () => Promise.reject(Object.assign(new Error('no'), { code: 'SQLITE_CORRUPT' }))
    const fallen = new FallbackLog(log, () => undefined)
    const world = await World.open('real', fallen)
    expect(fallen.isDurable).toBe(false)
    expect(await world.append([agentEvent('a')])).toBe(1)
  })
})

function damageEntities(path: string): void {
  const database = new Libsql(path)
  const { rootpage } = database.prepare("SELECT rootpage FROM sqlite_master WHERE name = 'entities'").get([]) as {
    rootpage: number
  }
  database.close()
  const handle = openSync(path, 'r+')
  writeSync(handle, Buffer.alloc(4_096, 0xa5), 0, 4_096, (rootpage - 1) * 4_096)
  closeSync(handle)
}

describe('[L13] notes', () => {
  const notes = (...entries: [string, string | null][]) => new Map(entries)

  test('are there after a kill, with their batch or alone, and make no batch of their own', async () => {
    const first = await open()
    const heard: number[] = []
    first.log.subscribe(0, ({ seq }) => heard.push(seq))
    await first.log.append([agentEvent('a')], notes(['x/1', 'one'], ['x/2', 'two']))
    expect(await first.log.append([], notes(['x/2', null], ['x/3', 'three'], ['y', 'other']))).toBe(1)
    await first.log.append([agentEvent('b')])
    expect(heard).toEqual([1, 2])
    kill(first)
    const { log } = await open()
    expect(await log.notes('x/')).toEqual(notes(['x/1', 'one'], ['x/3', 'three']))
    expect(await log.notes('')).toEqual(notes(['x/1', 'one'], ['x/3', 'three'], ['y', 'other']))
    expect(log.seq).toBe(2)
    expect(await numbers(log, 0, 2)).toEqual([1, 2])
  })

  test('the last one given is kept, however they are grouped; keys are opaque', async () => {
    const { log, thread } = await open()
    let release: () => void = () => undefined
    thread.gate = new Promise((resolve) => {
      release = resolve
    })
    const all = [1, 2, 3].map((n) =>
      log.append(n === 2 ? [agentEvent(`a${n}`)] : [], notes(['%_k', `${n}`], ['__proto__', `${n}`])),
    )
    release()
    await Promise.all(all)
    expect([...(await log.notes('%_'))]).toEqual([['%_k', '3']])
    expect([...(await log.notes('__proto'))]).toEqual([['__proto__', '3']])
  })

  test('a commit that fails keeps neither events nor notes; memory goes on without', async () => {
    const { log, thread } = await open()
    const fallback = new FallbackLog(log, () => undefined)
    await fallback.append([agentEvent('a')], notes(['k', 'before']))
    thread.failure = new Error('the disk is full')
    expect(await fallback.append([agentEvent('b')], notes(['k', 'after']))).toBe(2)
    expect(await fallback.notes('')).toEqual(new Map())
    const { log: again } = await open()
    expect(await again.notes('')).toEqual(notes(['k', 'before']))
  })
})
