import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { describe, expect, test } from 'vitest'
import { type FoundRecord, readAgents3 } from '../../protocol/claudeFlow.ts'
import { signatureOf, statOf } from '../../relay/watch/fileStats.ts'
import { FolderWatch, type WatchFolder } from '../../relay/watch/folders.ts'
import { JsonStore } from '../../relay/watch/jsonStore.ts'
import { ProjectWatch } from '../../relay/watch/projectWatch.ts'
import type { Change, Reading } from '../../relay/watch/reading.ts'
import { StateFile } from '../../relay/watch/stateFile.ts'
import { AGENTS, agentsStore, cleanup, put, putRecorded3, recorded2, temporaryFolder } from '../helpers/relayFiles.ts'
import { until } from '../helpers/until.ts'

/** Fast enough that what only this safety net sees is seen soon; slow enough that what inotify sees is seen by it. */
const NET_MS = 60
const NEVER_MS = 1_000_000

/** As whoever follows the changes does it: a new one at the end. */
function applied(before: readonly FoundRecord[], change: Change): FoundRecord[] {
  if (change.type === 'whole') return change.records
  const records = new Map(before.map((record) => [record.nativeId, record]))
  for (const { nativeId } of change.gone) expect(records.delete(nativeId)).toBe(true)
  for (const record of change.put) records.set(record.nativeId, record)
  return [...records.values()]
}

class Bench {
  readonly root: string
  readonly watch: ProjectWatch
  readonly records = new Map<string, readonly FoundRecord[]>()
  readonly at = new Map<string, string>()
  readonly logged: { level: number; file: string }[] = []
  calls = 0
  presences = 0

  constructor(root: string, intervalMs = NEVER_MS, watchFolder?: WatchFolder) {
    this.root = root
    const log = pino({ level: 'debug' }, { write: (line: string) => this.logged.push(JSON.parse(line)) })
    this.watch = new ProjectWatch({
      root,
      intervalMs,
      badAfterMs: 300,
      log,
      onChange: (file, change, at) => {
        this.calls++
        this.records.set(file, applied(this.records.get(file) ?? [], change))
        this.at.set(file, at)
      },
      onPresence: () => this.presences++,
      ...(watchFolder ? { watchFolder } : {}),
    })
    cleanup(() => this.watch.close())
  }

  static async open(root: string, intervalMs?: number): Promise<Bench> {
    const bench = new Bench(root, intervalMs)
    await bench.watch.ready
    return bench
  }

  ids(file = AGENTS): string[] {
    return (this.records.get(file) ?? []).map(({ nativeId }) => nativeId)
  }

  has = (...ids: string[]): boolean => JSON.stringify(this.ids()) === JSON.stringify(ids)
}

describe('the files of 3.x', () => {
  test('are read as they are at the start', async () => {
    const root = temporaryFolder()
    putRecorded3(root)
    const bench = await Bench.open(root)
    expect(bench.ids()).toEqual(['queen', 'scout', 'builder-1', 'builder-2', 'checker', 'reader', 'planner', 'analyst'])
    expect(bench.ids('.claude-flow/tasks/store.json')).toEqual(['task-1795468045251-vix8yt'])
    expect(bench.ids('.claude-flow/swarm/swarm-state.json')).toEqual(['swarm-1795468045125-qsutfn'])
    expect(bench.ids('.claude-flow/hive-mind/state.json')).toEqual(['hive'])
    expect(bench.watch.found).toHaveLength(4)
    expect(bench.watch.hasDatabase2).toBe(false)
  })

  test('[R7] hold a hive token, which is not read', async () => {
    const root = temporaryFolder()
    const { hiveToken } = putRecorded3(root)
    const bench = await Bench.open(root)
    expect(readFileSync(join(root, '.claude-flow/hive-mind/state.json'), 'utf8')).toContain(hiveToken)
    expect(JSON.stringify([...bench.records])).not.toContain(hiveToken)
    expect(JSON.stringify([...bench.records])).not.toContain('hiveToken')
  })

  test('are read again when they are written in place, with the file’s time', async () => {
    const root = temporaryFolder()
    put(root, AGENTS, agentsStore('a'))
    const bench = await Bench.open(root)
    expect(bench.has('a')).toBe(true)
    put(root, AGENTS, agentsStore('a', 'b'))
    await until(() => bench.has('a', 'b'))
    const time = new Date('2026-03-04T05:06:07.000Z')
    utimesSync(join(root, AGENTS), time, time)
    await until(() => bench.at.get(AGENTS) === time.toISOString())
  })

  test('are read when they are replaced by rename', async () => {
    const root = temporaryFolder()
    put(root, AGENTS, agentsStore('a'))
    const bench = await Bench.open(root)
    for (const id of ['b', 'c', 'd']) {
      put(root, '.claude-flow/agents/draft', agentsStore(id))
      renameSync(join(root, '.claude-flow/agents/draft'), join(root, AGENTS))
      await until(() => bench.has(id))
    }
  })

  test('are found when they, and the folders on the way, appear later', async () => {
    const root = temporaryFolder()
    const bench = await Bench.open(root)
    expect(bench.watch.found).toEqual([])
    put(root, AGENTS, agentsStore('a'))
    await until(() => bench.has('a'))
    expect(bench.watch.found).toEqual([AGENTS])
    expect(bench.presences).toBe(1)
    put(root, AGENTS, agentsStore('a', 'b'))
    await until(() => bench.has('a', 'b'))
  })

  test('are found, at the latest by the next look, when the project’s folder itself appears later', async () => {
    const root = join(temporaryFolder(), 'later')
    const bench = await Bench.open(root, NET_MS)
    put(root, AGENTS, agentsStore('a'))
    await until(() => bench.has('a'))
    put(root, AGENTS, agentsStore('b'))
    await until(() => bench.has('b'))
  })

  test('[R9] are gone when they are deleted, and when their folder is; and come back', async () => {
    const root = temporaryFolder()
    put(root, AGENTS, agentsStore('a'))
    const bench = await Bench.open(root)
    rmSync(join(root, AGENTS))
    await until(() => bench.has())
    expect(bench.watch.found).toEqual([])
    put(root, AGENTS, agentsStore('b'))
    await until(() => bench.has('b'))
    for (let round = 0; round < 5; round++) {
      rmSync(join(root, '.claude-flow'), { recursive: true })
      await until(() => bench.has())
      put(root, AGENTS, agentsStore(`c${round}`))
      await until(() => bench.has(`c${round}`))
    }
  })

  test('stay shown while they are only replaced by delete and create', async () => {
    const root = temporaryFolder()
    put(root, AGENTS, agentsStore('a'))
    const bench = await Bench.open(root)
    rmSync(join(root, AGENTS))
    put(root, AGENTS, agentsStore('a', 'b'))
    let sawNone = false
    await until(() => {
      sawNone ||= bench.has()
      return bench.has('a', 'b')
    })
    expect(sawNone).toBe(false)
  })

  test('[R9] that are half-written keep their last good state until they are whole', async () => {
    const root = temporaryFolder()
    put(root, AGENTS, agentsStore('a'))
    const bench = await Bench.open(root)
    const whole = JSON.stringify(agentsStore('a', 'b'), null, 2)
    for (const length of [0, 1, whole.length - 1]) {
      const { calls } = bench
      put(root, AGENTS, whole.slice(0, length))
      await bench.watch.ready
      expect(bench.has('a')).toBe(true)
      expect(bench.calls).toBe(calls)
    }
    appendFileSync(join(root, AGENTS), whole.slice(-1))
    await until(() => bench.has('a', 'b'))
    expect(bench.logged).toEqual([])
  })

  test('are seen without inotify, by the look each interval: new, changed, and deleted ones', async () => {
    const root = temporaryFolder()
    const bench = new Bench(root, NET_MS, () => {
      throw new Error('ENOSPC')
    })
    await bench.watch.ready
    put(root, AGENTS, agentsStore('a'))
    await until(() => bench.has('a'))
    // Of the same size, within one tick of the file system's clock.
    put(root, AGENTS, agentsStore('b'))
    await until(() => bench.has('b'))
    rmSync(join(root, AGENTS))
    await until(() => bench.has())
  })

  test('are not looked at any more once the watch is closed', async () => {
    const touched: (string | null)[] = []
    const root = temporaryFolder()
    const folders = new FolderWatch({ root, files: [AGENTS], intervalMs: 5, onTouched: (file) => touched.push(file) })
    await until(() => touched.length > 3)
    folders.close()
    folders.close()
    const { length } = touched
    put(root, AGENTS, agentsStore('b'))
    await until(() => touched.length === length)
  })

  test('the last state of a burst of writes is never lost', async () => {
    const root = temporaryFolder()
    const bench = await Bench.open(root)
    for (let round = 0; round < 20; round++) {
      const before = bench.calls
      for (let write = 0; write <= 30; write++) put(root, AGENTS, agentsStore(`r${round}-${write}`))
      await until(() => bench.has(`r${round}-30`))
      expect(bench.calls - before).toBeLessThan(31)
    }
  })
})

describe('a folder of another kind than expected', () => {
  test('a file where a folder should be, and a folder where a file should be, do no harm', async () => {
    const root = temporaryFolder()
    writeFileSync(join(root, '.claude-flow'), 'a file')
    mkdirSync(join(root, '.swarm/memory.db'), { recursive: true })
    const bench = await Bench.open(root)
    expect(bench.watch.found).toEqual([])
    rmSync(join(root, '.claude-flow'))
    put(root, AGENTS, agentsStore('a'))
    await until(() => bench.has('a'))
  })
})

describe('one file', () => {
  const reading = (signature: string | null): Reading => ({
    id: 'r',
    signature,
    change: { type: 'whole', records: [] },
    at: '',
    generation: 3,
    counts: true,
  })
  class Script {
    readonly events: string[] = []
    signatureNow: string | null = 's1'
    reads = 0
    bad: Error | null = null
    readonly file = new StateFile(
      {
        signature: async () => this.signatureNow,
        read: async () => {
          this.reads++
          if (this.bad) throw this.bad
          return reading(this.signatureNow)
        },
        forget: () => undefined,
      },
      {
        onChange: (_change, at) => this.events.push(at === '' ? 'records' : 'gone'),
        onBad: () => this.events.push('bad'),
        onGood: () => this.events.push('good'),
      },
      50,
    )
  }

  test('is not read again while it looks the same', async () => {
    const script = new Script()
    await script.file.look()
    await script.file.look()
    expect(script.reads).toBe(1)
    script.signatureNow = 's2'
    await script.file.look()
    expect(script.reads).toBe(2)
  })

  test('that stays bad is told once, and told again to be good', async () => {
    const script = new Script()
    cleanup(() => script.file.close())
    script.bad = new Error('bad')
    void script.file.look()
    await until(() => script.events.includes('bad'))
    const { reads } = script
    await until(() => script.reads > reads + 1)
    script.bad = null
    await until(() => script.events.includes('records'))
    expect(script.events).toEqual(['bad', 'good', 'records'])
  })

  test('a look during a read leads to another read', async () => {
    const script = new Script()
    const first = script.file.look()
    script.signatureNow = 's2'
    void script.file.look()
    await first
    script.signatureNow = 's3'
    await script.file.look()
    expect(script.reads).toBeGreaterThanOrEqual(2)
    expect(script.events.at(-1)).toBe('records')
  })

  test('that is away for a moment is not gone; one that stays away is', async () => {
    const script = new Script()
    await script.file.look()
    script.signatureNow = null
    const look = script.file.look()
    await new Promise((resolve) => setImmediate(resolve)) // it was seen to be away
    script.signatureNow = 's2'
    await look
    expect(script.events).toEqual(['records', 'records'])
    script.signatureNow = null
    await script.file.look()
    await script.file.look()
    expect(script.events).toEqual(['records', 'records', 'gone'])
  })

  test('that was just written says of itself that the next write may look the same', async () => {
    const root = temporaryFolder()
    put(root, AGENTS, agentsStore('a'))
    const store = new JsonStore(join(root, AGENTS), { kind: 'agent', list: 'agents', parse: readAgents3 })
    utimesSync(join(root, AGENTS), new Date(), new Date())
    expect((await store.read(null)).signature).toBeNull()
    utimesSync(join(root, AGENTS), 1_000, 1_000)
    const found = await statOf(join(root, AGENTS))
    expect((await store.read(null)).signature).toBe(found && signatureOf(found))
  })

  test('that is closed says nothing any more', async () => {
    const script = new Script()
    const look = script.file.look()
    await script.file.close()
    await look
    await script.file.look()
    expect(script.events).toEqual([])
  })
})

describe('the database of 2.x', () => {
  const DATABASE = '.swarm/memory.db'

  test('is read, and each change in its write-ahead log is seen', async () => {
    const root = temporaryFolder('with space #%ü?')
    const { spawn, close, database } = recorded2(root)
    const bench = await Bench.open(root)
    expect(bench.ids(DATABASE)).toHaveLength(13)
    expect(bench.watch.hasDatabase2).toBe(true)
    expect(bench.watch.found).toEqual([DATABASE])
    for (const id of ['x1', 'x2']) {
      spawn(id)
      await until(() => bench.ids(DATABASE).includes(id))
    }
    database.exec("DELETE FROM memory_entries WHERE key LIKE '%x1'")
    await until(() => !bench.ids(DATABASE).includes('x1'))
    spawn('x3')
    close()
    await until(() => bench.ids(DATABASE).includes('x3'))
  })

  test.each([
    ['is open in claude-flow', false],
    ['was closed by it', true],
  ])('that %s is only read: nothing of it is written, and reading is no change', async (_how, isClosed) => {
    const root = temporaryFolder()
    const { close, spawn } = recorded2(root)
    spawn('x')
    if (isClosed) close()
    const before = readFileSync(join(root, DATABASE))
    const bench = await Bench.open(root, NET_MS)
    const { calls } = bench
    let looks = 0
    const folders = new FolderWatch({ root, files: ['x'], intervalMs: NET_MS, onTouched: () => looks++ })
    cleanup(() => folders.close())
    await until(() => looks >= 4)
    // While it was fresh, it had to be read more than once.
    expect(bench.calls - calls).toBeLessThanOrEqual(5)
    const settled = bench.calls
    await until(() => looks >= 8)
    expect(bench.calls).toBe(settled)
    expect(readFileSync(join(root, DATABASE)).equals(before)).toBe(true)
  })

  test('that 3.x’s init made, with a table of another shape, does not count', async () => {
    const root = temporaryFolder()
    const { database } = recorded2(root)
    database.exec('DROP TABLE memory_entries')
    database.exec('CREATE TABLE memory_entries (id TEXT PRIMARY KEY, key TEXT, namespace TEXT, content TEXT NOT NULL)')
    database.exec("INSERT INTO memory_entries VALUES ('1', 'agent:x', 'agents', '{}')")
    const bench = await Bench.open(root)
    expect(bench.ids(DATABASE)).toEqual([])
    expect(bench.watch.hasDatabase2).toBe(false)
    expect(bench.watch.found).toEqual([])
  })

  test('counts as state only once there is anything in it', async () => {
    const root = temporaryFolder()
    const { database, spawn } = recorded2(root)
    database.exec('DELETE FROM memory_entries')
    const bench = await Bench.open(root)
    expect(bench.watch.hasDatabase2).toBe(true)
    expect(bench.watch.found).toEqual([])
    spawn('first')
    await until(() => bench.watch.found.length === 1)
  })

  test('is not created where there is none, and a broken one is told once', async () => {
    const root = temporaryFolder()
    const none = await Bench.open(root, NET_MS)
    expect(none.calls).toBe(0)
    expect(() => readFileSync(join(root, DATABASE))).toThrow('ENOENT')
    put(root, DATABASE, 'this is no database'.repeat(100))
    await until(() => none.logged.length > 0)
    expect(none.logged).toMatchObject([{ level: 40, file: DATABASE }])
    rmSync(join(root, DATABASE))
    recorded2(root)
    await until(() => none.ids(DATABASE).length === 13)
    expect(none.logged).toMatchObject([{ level: 40 }, { level: 30 }])
  })

  test('that is deleted takes its agents with it', async () => {
    const root = temporaryFolder()
    recorded2(root).close()
    const bench = await Bench.open(root)
    rmSync(join(root, '.swarm'), { recursive: true })
    await until(() => bench.ids(DATABASE).length === 0)
    expect(bench.watch.hasDatabase2).toBe(false)
  })
})

test('both generations in one project are both read', async () => {
  const root = temporaryFolder()
  putRecorded3(root)
  recorded2(root)
  const bench = await Bench.open(root)
  const generations = [...bench.records.values()].flat().map(({ generation }) => generation)
  expect(new Set(generations)).toEqual(new Set([2, 3]))
})
