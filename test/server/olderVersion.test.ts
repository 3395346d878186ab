// A log's file and a recording as version 1 wrote them (test/fixtures/event-log-v1), understood by whatever is now: the
// entities of the samples say what that is.

import { chmodSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import Libsql from 'libsql'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type * as Events from '../../protocol/events.ts'
import { applyBatch, emptyState } from '../../protocol/fold.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { upcast, upcastEntity } from '../../protocol/upcast.ts'
import { HistoryFile } from '../../server/history/historyFile.ts'
import { readRecording } from '../../server/history/recording.ts'
import { SqliteLog } from '../../server/log/sqliteLog.ts'
import { World } from '../../server/world.ts'
import { agentEvent } from '../helpers/eventLogContract.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { ROOT, temporaryFolder } from '../helpers/swarmscope.ts'
import { canonicalHash, sampleAgent, sampleLink, sampleSwarm, sampleTask } from '../protocol/samples.ts'

/** One more version than there is, so that there is always an older one; agents have learned something in it. */
vi.mock('../../protocol/events.ts', async (original) => {
  const real = await original<typeof Events>()
  const latest: number = real.EVENT_VERSION
  return {
    ...real,
    EVENT_VERSION: latest + 1,
    UPCASTS: {
      ...real.UPCASTS,
      [latest]: (entity: Events.KeptEntity) => (entity.entity === 'agent' ? { ...entity, mood: null } : entity),
    } satisfies Events.Upcasts,
  }
})
const { EVENT_VERSION } = await import('../../protocol/events.ts')

const FIXTURES = join(ROOT, 'test/fixtures/event-log-v1')
const START_MS = Date.parse('2026-11-23T21:07:25.000Z')
const fields = (entity: object) => Object.keys(entity).sort()
const NOW: Record<string, string[]> = {
  agent: fields({ ...sampleAgent('x'), mood: null }),
  task: fields(sampleTask('x')),
  swarm: fields(sampleSwarm('x')),
  link: fields(sampleLink('x')),
}

let folder: ReturnType<typeof temporaryFolder>
const ends: (() => unknown)[] = []
beforeEach(() => {
  folder = temporaryFolder('older')
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  folder.remove()
})

const pathOf = () => join(folder.path, 'events.db')

async function openOlder() {
  copyFileSync(join(FIXTURES, 'events.db'), pathOf())
  chmodSync(pathOf(), 0o600)
  return open()
}
async function open() {
  const thread = new InThread()
  const log = await SqliteLog.open({ path: pathOf(), bootId: 'boot', thread })
  ends.push(() => log.close())
  return { log, thread }
}
function history() {
  const file = new HistoryFile(pathOf())
  ends.push(() => file.close())
  return file
}

/** Every entity has what one of its kind has now, no more and no less. */
function expectOfNow(entities: Iterable<{ entity: string; rev?: number }>): void {
  for (const { rev: _, ...entity } of entities) {
    if (entity.entity !== 'source') expect(fields(entity)).toEqual(NOW[entity.entity])
  }
}

const namesOf = (world: World) => [...world.store.all('agent').values()].map(({ id, name }) => `${id} ${name}`).sort()
const NAMES = ['a1 first', 'a2 renamed', 'a3 third']

describe('[L10] a file that an older version wrote', () => {
  test('gives its state as it would be now, and keeps it so', async () => {
    const { log } = await openOlder()
    const world = await World.open('real', log)
    expect(namesOf(world)).toEqual(NAMES)
    expectOfNow(world.store.values())
    const hash = canonicalHash(world.store.values())
    await world.close()
    const again = await World.open('real', (await open()).log)
    expect(canonicalHash(again.store.values())).toBe(hash)
  })

  test('folds its events to that very state, and goes on from it', async () => {
    const { log } = await openOlder()
    const world = await World.open('real', log)
    const folded = emptyState(log.epoch)
    for await (const batch of log.read(0, log.seq)) applyBatch(folded, batch)
    expect(canonicalHash(folded.store.values())).toBe(canonicalHash(world.store.values()))
    await world.append([{ ...agentEvent('a1', { name: 'now' }), version: [2, 1] }])
    expect(namesOf(world)).toEqual(['a1 now', ...NAMES.slice(1)])
  })

  test('is told as it would be now by its history: states from keyframes and from events, events, recordings', async () => {
    const { log, thread } = await openOlder()
    const past = history()
    for (const [afterMs, agents] of [
      [5_000, ['a1', 'a2', 'gone']],
      [15_000, ['a1', 'a2']],
      [25_000, ['a1', 'a2', 'a3']],
    ] as const) {
      const { entities } = past.stateAt(START_MS + afterMs)
      const parsed = Object.values(entities)
        .flat()
        .map((json) => JSON.parse(json) as { entity: string; id: string })
      expectOfNow(parsed)
      expect(parsed.filter(({ entity }) => entity === 'agent').map(({ id }) => id)).toEqual(agents)
    }
    // A keyframe of today over a state of then.
    await thread.held.keyframe()
    await log.append([{ ...agentEvent('a9'), receivedAt: new Date(START_MS + 30_000).toISOString() }])
    expectOfNow(past.stateAt(START_MS + 25_000).entities.agent.map((json) => JSON.parse(json)))
    const { lines } = past.events({
      fromMs: null,
      toMs: START_MS + 25_000,
      kind: null,
      agent: null,
      after: null,
      limit: 99,
    })
    const events = `${past.beginning(START_MS + 12_000).lines}${lines}`
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { v: number; entity?: { entity: string } })
    // Six that were there and one that had ended.
    expect(events).toHaveLength(7 + 10)
    for (const { v, entity } of events) {
      expect(v).toBe(EVENT_VERSION)
      if (entity) expectOfNow([entity])
    }
  })

  test('takes another epoch, once: nobody resumes from entities of another shape', async () => {
    copyFileSync(join(FIXTURES, 'events.db'), pathOf())
    vi.resetModules()
    vi.doUnmock('../../protocol/events.ts')
    const older = await import('../../server/log/sqliteLog.ts')
    const { InThread: OlderThread } = await import('../helpers/logFileInThread.ts')
    const openAsOlder = () => older.SqliteLog.open({ path: pathOf(), bootId: 'boot', thread: new OlderThread() })
    const before = await openAsOlder()
    await before.close()
    const sameStill = await openAsOlder()
    await sameStill.close()
    expect(sameStill.epoch).toBe(before.epoch)
    const { log } = await open()
    await log.close()
    expect(log.epoch).not.toBe(before.epoch)
    const again = await open()
    expect(again.log.epoch).toBe(log.epoch)
    await again.log.close()
    await expect(openAsOlder()).rejects.toMatchObject({ code: 'LOG_NEWER' })
  })

  test('a recording plays as it would be now', async () => {
    const state = emptyState('any')
    for await (const batch of readRecording(join(FIXTURES, 'recording.ndjson'))) applyBatch(state, batch)
    expect(state.store.size).toBe(7)
    // A recording keeps the fields that its schema has, and that has no mood.
    const withMood = (entity: Entity) => (entity.entity === 'agent' ? { ...entity, mood: null } : entity)
    expectOfNow([...state.store.values()].map(withMood))
  })

  test('events of a newer version are refused, the file is left as it is', async () => {
    await (await openOlder()).log.close()
    const database = new Libsql(pathOf())
    database.exec(`UPDATE meta SET value = ${EVENT_VERSION + 1} WHERE key = 'event_version'`)
    const before = database.prepare('SELECT key, value FROM meta').all([])
    database.close()
    await expect(open()).rejects.toMatchObject({ code: 'LOG_NEWER' })
    await expect(open()).rejects.toThrow(`version ${EVENT_VERSION + 1}, this Swarmscope knows up to ${EVENT_VERSION}`)
    const again = new Libsql(pathOf())
    expect(again.prepare('SELECT key, value FROM meta').all([])).toEqual(before)
    again.close()
  })
})

test('[L10] what is of today passes as the very object, a version that nobody knows is refused', () => {
  const event = { ...agentEvent('a'), v: EVENT_VERSION }
  expect(upcast(event as never)).toBe(event)
  const entity = { ...sampleAgent('a') }
  expect(upcastEntity(entity, EVENT_VERSION)).toBe(entity)
  for (const v of [EVENT_VERSION + 1, 0, -1, 0.5, Number.NaN, undefined, '1x']) {
    expect(() => upcastEntity(entity, v)).toThrow(RangeError)
    expect(() => upcast({ ...event, v })).toThrow(RangeError)
  }
})
