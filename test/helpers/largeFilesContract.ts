// What is promised of large state files and of the database, whoever runs the reading thread: one suite for a thread of
// Node's (what was built) and for the same service behind a message channel (the sources).

import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { describe, expect, test } from 'vitest'
import type { ClaudeFlowRecord } from '../../protocol/claudeFlow.ts'
import { RecordState } from '../../relay/state.ts'
import { LARGE_BYTES } from '../../relay/watch/fileReaders.ts'
import { ProjectWatch } from '../../relay/watch/projectWatch.ts'
import type { FromReader, ToReader } from '../../relay/watch/readerMessages.ts'
import type { StartReaderThread } from '../../relay/watch/readerThread.ts'
import type { Change } from '../../relay/watch/reading.ts'
import { AGENTS, cleanup, put, recorded2, temporaryFolder } from './relayFiles.ts'
import { until } from './until.ts'

const NEVER_MS = 1_000_000
const DATABASE = '.swarm/memory.db'
/** Of one agent; that many agents are large. */
const AGENT_BYTES = 1_000
const MANY = Math.ceil(LARGE_BYTES / AGENT_BYTES) + 100

type Agents = Record<string, { status: string }>

const manyAgents = (count = MANY): Agents =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`agent-${index}`, { status: 'idle' }]))

/** As claude-flow writes it, each agent with much that is not read. */
const storeText = (agents: Agents): string => {
  const notes = 'x'.repeat(AGENT_BYTES)
  const all = Object.entries(agents).map(([agentId, of]) => [
    agentId,
    { agentId, agentType: 'coder', ...of, config: { notes } },
  ])
  return JSON.stringify({ agents: Object.fromEntries(all), version: '3.0.0' }, null, 2)
}

/** Threads that can be killed, with what goes to and fro. */
class Threads {
  readonly sent: ToReader[] = []
  readonly received: FromReader[] = []
  started = 0
  ended = 0
  /** The thread dies of the next message to it for which this holds, without an answer. */
  dieOf: ((message: ToReader) => boolean) | null = null
  /** In the moment of the first. */
  readonly partCame: Promise<void>
  #onPart: () => void = () => undefined
  readonly #start: StartReaderThread

  constructor(start: StartReaderThread) {
    this.#start = start
    this.partCame = new Promise((resolve) => {
      this.#onPart = resolve
    })
  }

  readonly start: StartReaderThread = (root, events) => {
    this.started++
    let isDead = false
    const thread = this.#start(root, {
      onMessage: (message) => {
        if (isDead) return
        this.received.push(message)
        if (message.type === 'part') this.#onPart()
        events.onMessage(message)
      },
      onEnd: (error) => {
        this.ended++
        events.onEnd(error)
      },
    })
    return {
      ...thread,
      post: (message) => {
        this.sent.push(message)
        thread.post(message)
        if (!this.dieOf?.(message)) return
        this.dieOf = null
        isDead = true
        void thread.end()
      },
    }
  }

  count = (type: FromReader['type'] | ToReader['type']): number =>
    [...this.sent, ...this.received].filter((message) => message.type === type).length
}

class Bench {
  readonly root = temporaryFolder()
  readonly state = new RecordState('e')
  readonly threads: Threads
  readonly changes: Change[] = []
  readonly logged: { level: number; file?: string }[] = []
  readonly watch: ProjectWatch

  constructor(start: StartReaderThread, prepare: (root: string) => void) {
    prepare(this.root)
    this.threads = new Threads(start)
    this.watch = new ProjectWatch({
      root: this.root,
      intervalMs: NEVER_MS,
      badAfterMs: 20_000,
      log: pino({ level: 'debug' }, { write: (line: string) => this.logged.push(JSON.parse(line)) }),
      onChange: (file, change, at) => {
        this.changes.push(change)
        this.state.apply(file, change, at)
      },
      onPresence: () => undefined,
      startThread: this.threads.start,
    })
    cleanup(() => this.watch.close())
  }

  write = (agents: Agents): void => put(this.root, AGENTS, storeText(agents))

  /** But for readings that found nothing: a file that was just written is read once more. */
  get lastChange(): Change | undefined {
    return this.changes.findLast((change) => change.type === 'whole' || change.put.length + change.gone.length > 0)
  }

  get records(): ClaudeFlowRecord[] {
    return [...this.state.store.values()]
  }

  has = (agents: Agents): boolean =>
    this.state.store.size === Object.keys(agents).length &&
    Object.entries(agents).every(([id, { status }]) => {
      const record = this.state.store.get('record', `agent/${id}`)
      return record?.kind === 'agent' && record.data.status === status
    })
}

export function describeLargeFiles(name: string, start: StartReaderThread): void {
  const open = async (prepare: (root: string) => void): Promise<Bench> => {
    const bench = new Bench(start, prepare)
    await bench.watch.ready
    return bench
  }
  const openWith = (agents: Agents): Promise<Bench> => open((root) => put(root, AGENTS, storeText(agents)))

  describe(`large files, read by ${name}`, () => {
    test('are read whole first, in parts, and then only what changed in them is told', async () => {
      const agents = manyAgents(10_000)
      const bench = await openWith(agents)
      expect(bench.has(agents)).toBe(true)
      expect(bench.threads.count('part')).toBe(19)
      expect(bench.state.store.seq).toBe(1)
      const parts = bench.threads.count('part')
      bench.write({ ...agents, 'agent-5000': { status: 'busy' } })
      await until(() => bench.state.store.seq === 2)
      expect(bench.lastChange).toMatchObject({ type: 'delta', put: [{ nativeId: 'agent-5000' }], gone: [] })
      expect(bench.state.store.changesSince('e', 1)).toMatchObject({
        frame: { from: 1, to: 2, put: [{ id: 'agent/agent-5000', data: { status: 'busy' } }], del: [] },
      })
      expect(bench.threads.count('part')).toBe(parts)
      expect(bench.threads.started).toBe(1)
    })

    test('[R9] tell what was taken out of them, at the beginning, in the middle and at the end', async () => {
      const agents = manyAgents()
      const bench = await openWith(agents)
      for (const id of ['agent-0', 'agent-500', 'agent-501', `agent-${MANY - 1}`]) {
        const { seq } = bench.state.store
        delete agents[id]
        bench.write(agents)
        await until(() => bench.state.store.seq > seq)
        expect(bench.state.store.changesSince('e', seq)).toMatchObject({
          frame: { put: [], del: [{ id: `agent/${id}` }] },
        })
        expect(bench.has(agents)).toBe(true)
      }
    })

    test('[R9] in which nothing changed that is told, are no new revision', async () => {
      const agents = manyAgents()
      const bench = await openWith(agents)
      const readings = bench.threads.count('reading')
      put(bench.root, AGENTS, storeText(agents).replaceAll('xxx', 'yyy'))
      await until(() => bench.threads.count('reading') > readings)
      await until(() => bench.changes.at(-1)?.type === 'delta')
      expect(bench.state.store.seq).toBe(1)
    })

    test('[R9] that are half-written keep their last good state until they are whole', async () => {
      const agents = manyAgents()
      const bench = await openWith(agents)
      const whole = storeText({ ...agents, extra: { status: 'busy' } })
      for (const length of [0, 1_000, LARGE_BYTES + 1, whole.length - 1]) {
        const { length: changes } = bench.changes
        const failures = bench.threads.count('failed')
        put(bench.root, AGENTS, whole.slice(0, length))
        // The small one is read by this thread, which leaves the other its memory.
        if (length > LARGE_BYTES) await until(() => bench.threads.count('failed') > failures)
        expect(bench.changes).toHaveLength(changes)
        expect(bench.has(agents)).toBe(true)
      }
      put(bench.root, AGENTS, whole)
      await until(() => bench.has({ ...agents, extra: { status: 'busy' } }))
      // On a busy machine a write is seen twice, and the second reading tells nothing.
      const telling = bench.changes.filter(
        (change) => change.type !== 'delta' || change.put.length > 0 || change.gone.length > 0,
      )
      expect(telling.map(({ type }) => type)).toEqual(['whole', 'delta'])
      expect(bench.state.store.seq).toBe(2)
      expect(bench.threads.count('forget')).toBe(0)
      expect(bench.logged).toEqual([])
    })

    test('may become small, and large again', async () => {
      const agents = manyAgents()
      const bench = await openWith(agents)
      for (let round = 0; round < 3; round++) {
        const few: Agents = { 'agent-1': { status: `small-${round}` }, other: { status: 'idle' } }
        bench.write(few)
        await until(() => bench.has(few))
        expect(bench.threads.count('forget')).toBe(round + 1)
        const many: Agents = { ...agents, 'agent-1': { status: `large-${round}` } }
        bench.write(many)
        await until(() => bench.has(many))
      }
      expect(bench.threads.started).toBe(1)
      rmSync(join(bench.root, AGENTS))
      await until(() => bench.has({}))
    })

    test('may be replaced by rename', async () => {
      const agents = manyAgents()
      const bench = await openWith(agents)
      for (const status of ['busy', 'active']) {
        put(bench.root, '.claude-flow/agents/draft', storeText({ ...agents, 'agent-7': { status } }))
        renameSync(join(bench.root, '.claude-flow/agents/draft'), join(bench.root, AGENTS))
        await until(() => bench.has({ ...agents, 'agent-7': { status } }))
      }
    })

    test('[R9] lose no last state in a burst of 200 writes', async () => {
      const agents = manyAgents()
      const bench = await openWith(agents)
      for (let write = 1; write <= 200; write++) {
        agents[`agent-${write}`] = { status: `s${write}` }
        if (write % 10 === 0) delete agents[`agent-${MANY - write}`]
        bench.write(agents)
        // Now and then the relay comes to look in the middle of it.
        if (write % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      await until(() => bench.has(agents))
      expect(bench.changes.length).toBeLessThan(200)
      expect(bench.changes.slice(1).map(({ type }) => type)).not.toContain('whole')
    })

    test.each([
      ['its first reading', 'read', 0],
      ['a part of its first reading', 'more', 0],
      ['a later reading', 'read', 1],
    ] as const)('[R9] lose nothing when the thread dies over %s', async (_what, type, before) => {
      const agents = manyAgents()
      const bench = new Bench(start, (root) => put(root, AGENTS, storeText(agents)))
      const dies = (message: ToReader) => message.type === type
      if (before === 0) bench.threads.dieOf = dies
      await bench.watch.ready
      await until(() => bench.has(agents))
      if (before > 0) {
        bench.threads.dieOf = dies
        delete agents['agent-3']
        agents['agent-4'] = { status: 'busy' }
        bench.write(agents)
        await until(() => bench.has(agents))
        // The new thread knows nothing of the old one's reading: it told all, and only what changed is a revision.
        expect(bench.lastChange?.type).toBe('whole')
        expect(bench.state.store.changesSince('e', 1)).toMatchObject({
          frame: { put: [{ id: 'agent/agent-4' }], del: [{ id: 'agent/agent-3' }] },
        })
      }
      expect(bench.threads.started).toBe(2)
      expect(bench.logged.map(({ level }) => level)).toEqual([40])
      agents.last = { status: 'idle' }
      bench.write(agents)
      await until(() => bench.has(agents))
      expect(bench.lastChange?.type).toBe('delta')
    })

    test('do not keep the watch from closing in the middle of a reading', async () => {
      const bench = new Bench(start, (root) => put(root, AGENTS, storeText(manyAgents())))
      await bench.threads.partCame
      await bench.watch.close()
      await bench.watch.close()
      expect(bench.changes).toEqual([])
      expect(bench.logged).toEqual([])
      await until(() => bench.threads.ended === 1)
    })
  })

  describe(`the database of 2.x, read by ${name}`, () => {
    test('tells what changed in it, and comes back whole when the thread died', async () => {
      let database: ReturnType<typeof recorded2> | undefined
      const bench = await open((root) => {
        database = recorded2(root)
      })
      const ids = () => bench.records.map(({ nativeId }) => nativeId)
      expect(ids()).toHaveLength(13)
      database?.spawn('x1')
      await until(() => ids().includes('x1'))
      expect(bench.lastChange).toMatchObject({ type: 'delta', put: [{ nativeId: 'x1' }], gone: [] })
      database?.database.exec("DELETE FROM memory_entries WHERE key LIKE '%x1'")
      await until(() => !ids().includes('x1'))
      bench.threads.dieOf = ({ type }) => type === 'read'
      let spawned = 0
      // A reading that is already under way may have the first of them.
      await until(() => {
        if (bench.threads.started === 1) database?.spawn(`y${++spawned}`)
        return bench.threads.started === 2
      })
      await until(() => ids().includes(`y${spawned}`))
      expect(ids()).toHaveLength(13 + spawned)
    })
  })

  test(`small files start no thread (${name})`, async () => {
    const bench = await openWith(manyAgents(3))
    bench.write(manyAgents(4))
    await until(() => bench.has(manyAgents(4)))
    expect(bench.threads.started).toBe(0)
    put(bench.root, DATABASE, 'not a database')
    await until(() => bench.threads.started === 1)
  })
}
