import { copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express from 'express'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SwarmscopeError } from '../../protocol/errors.ts'
import type { Batch, SwarmEvent } from '../../protocol/events.ts'
import { applyBatch, emptyState } from '../../protocol/fold.ts'
import type { Agent } from '../../protocol/swarm.ts'
import { answerErrors } from '../../server/api/errors.ts'
import { answerHistory } from '../../server/history/answerHistory.ts'
import { boundedLines } from '../../server/history/boundedLines.ts'
import type { AskHistory } from '../../server/history/history.ts'
import { HistoryFile } from '../../server/history/historyFile.ts'
import { historyRouter } from '../../server/history/historyRouter.ts'
import { readRecording } from '../../server/history/recording.ts'
import { backUp } from '../../server/log/backup.ts'
import { Bodies } from '../../server/log/bodies.ts'
import { Database } from '../../server/log/database.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { SqliteLog } from '../../server/log/sqliteLog.ts'
import { ReplaySource } from '../../server/sources/replay/replaySource.ts'
import { View } from '../../server/view.ts'
import { World } from '../../server/world.ts'
import { agentEnds, agentEvent } from '../helpers/eventLogContract.ts'
import { LiteralSource } from '../helpers/literalSource.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { silentLog } from '../helpers/silentLog.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import { testGuard } from '../helpers/testGuard.ts'
import { OPERATOR, VIEWER } from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'
import { canonicalHash, sampleLink, sampleSourceStatus, seededRandom, TIME } from '../protocol/samples.ts'

const START_MS = Date.parse(TIME)
const HOUR_MS = 3_600_000
/** When it is for whoever asks. */
const NOW_MS = START_MS + 48 * HOUR_MS

let folder: ReturnType<typeof temporaryFolder>
const ends: (() => unknown)[] = []
beforeEach(() => {
  folder = temporaryFolder('history')
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  folder.remove()
})

const at = (ms: number, event: SwarmEvent): SwarmEvent => ({ ...event, receivedAt: new Date(ms).toISOString() })

async function openLog(name = 'events.db') {
  const thread = new InThread()
  const path = join(folder.path, name)
  const log = await SqliteLog.open({ path, bootId: 'boot', thread })
  ends.push(() => log.close())
  const file = () => {
    const opened = new HistoryFile(path)
    ends.push(() => opened.close())
    return opened
  }
  return { log, thread, path, file }
}

const statesHash = (jsons: Iterable<string>) =>
  canonicalHash([...jsons].map((json) => JSON.parse(json) as { entity: string; id: string }))

describe('[H1] the state of the past', () => {
  test('at any time is the fold of what had come in until then, with keyframes and thinned ones too', async () => {
    const { log, thread, file } = await openLog()
    const random = seededRandom(7)
    const folded = emptyState('any')
    const states: { ms: number; hash: string }[] = []
    for (let n = 1; n <= 700; n++) {
      // Some 5 hours, so that keyframes become sparse.
      const ms = START_MS + n * 25_000
      const id = `agent-${Math.floor(random() * 30)}`
      const events = [
        random() < 0.2 ? agentEnds(id) : agentEvent(id, { name: `at ${n}` }),
        agentEvent(`other-${n % 9}`),
      ]
      await log.append(events.map((event) => at(ms, event)))
      applyBatch(folded, { seq: n, events })
      const unnumbered = [...folded.store.values()].map(({ rev: _, ...entity }) => entity)
      if (n % 23 === 0) states.push({ ms, hash: canonicalHash(unnumbered) })
      await thread.held.keyframe()
    }
    const history = file()
    for (const { ms, hash } of states) {
      const { entities, atMs } = history.stateAt(ms + 10_000)
      expect(statesHash(Object.values(entities).flat())).toBe(hash)
      expect(atMs).toBe(ms)
    }
    expect(() => history.stateAt(START_MS)).toThrow(RangeError)
  })

  test('reaches back as far as it says, when the beginning is gone', async () => {
    const { log, thread, file } = await openLog()
    for (let n = 1; n <= 1_500; n++) {
      const appended = log.append([at(START_MS + n * 10_000, agentEvent(`agent-${n % 5}`))])
      if (n % 100 === 0) {
        await appended
        await thread.held.keyframe()
      }
    }
    const nowMs = START_MS + 15_000_000
    while (thread.held.tidy(nowMs + 7 * 24 * HOUR_MS - 2 * HOUR_MS));
    expect(thread.held.firstSeq).toBe(780)
    const history = file()
    const { stateFrom, first } = history.overview(null, null, 10)
    expect(first).toBe(START_MS + 7_800_000)
    expect(history.stateAt(stateFrom ?? 0).entities.agent).toHaveLength(5)
    expect(() => history.stateAt((stateFrom ?? 0) - 1)).toThrow(RangeError)
  })
})

/** What `work` returns when the log is tidied as soon as it has read the first batch. */
function whileTidied<T>(tidyAll: () => void, work: () => T): T {
  const unpack = Bodies.prototype.unpack
  const spy = vi.spyOn(Bodies.prototype, 'unpack').mockImplementation(function (this: Bodies, body) {
    spy.mockRestore()
    tidyAll()
    return unpack.call(this, body)
  })
  try {
    return work()
  } finally {
    spy.mockRestore()
  }
}

describe('a log that is tidied while its past is read', () => {
  async function long() {
    const { log, thread, file } = await openLog()
    for (let n = 1; n < 600; n++) void log.append([at(START_MS + n * 1_000, agentEvent(`agent-${n}`))])
    await log.append([at(START_MS + 600_000, agentEvent('agent-600'))])
    const tidyAll = () => {
      while (thread.held.tidy(START_MS + 7 * 24 * HOUR_MS + 550_000));
      expect(thread.held.firstSeq).toBe(550)
    }
    return { thread, history: file(), tidyAll }
  }

  test('[H1] tells a state that is whole', async () => {
    const { history, tidyAll } = await long()
    const { entities } = whileTidied(tidyAll, () => history.stateAt(START_MS + HOUR_MS))
    expect(entities.agent).toHaveLength(600)
    expect(() => history.stateAt(START_MS + HOUR_MS)).toThrow(RangeError)
  })

  test('[H3] gives a page that is whole, and refuses to go on where events are gone', async () => {
    const { history, tidyAll } = await long()
    const query = { fromMs: null, toMs: null, kind: null, agent: null, limit: 300 }
    const page = whileTidied(tidyAll, () => history.events({ ...query, after: null }))
    expect(linesOf(page.lines).map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1))
    for (const after of [page.next, '548.9999999', '549.0']) {
      expect(() => history.events({ ...query, after })).toThrow(RangeError)
    }
    for (const after of ['549.9999999', null]) {
      expect(linesOf(history.events({ ...query, after }).lines)).toHaveLength(51)
    }
  })

  test('[H4] is recorded from where its state can be told, and has no recording of what was before', async () => {
    const { thread, history, tidyAll } = await long()
    tidyAll()
    const get = await serve(history)
    expect((await get('/recording')).status).toBe(404)
    await thread.held.keyframe()
    for (const query of ['', `?from=${START_MS}`]) {
      const { status, text } = await get(`/recording${query}`)
      expect(status).toBe(200)
      const [head, ...rest] = linesOf(text)
      const events = rest.slice(0, -1) // the last is the foot
      expect(head?.from).toBe(new Date(history.overview(null, null, 1).stateFrom ?? 0).toISOString())
      expect(events).toHaveLength(600)
    }
    expect((await get(`/recording?to=${START_MS + 560_000}`)).status).toBe(404)
  })
})

describe('[H2] the overview', () => {
  test('counts every event once, by type, in buckets over the range', async () => {
    const { log, file } = await openLog()
    for (let n = 0; n < 100; n++) {
      const appended = log.append([
        at(START_MS + n * 7_000, n % 4 === 3 ? agentEnds(`a${n - 1}`) : agentEvent(`a${n}`)),
      ])
      if (n % 30 === 0) await appended
    }
    await log.append([at(START_MS + 700_000, agentEvent('last'))])
    const overview = file().overview(null, null, 10)
    expect(overview.buckets.length).toBeLessThanOrEqual(11)
    const sum = (type: string) => overview.buckets.reduce((all, { counts }) => all + (counts[type] ?? 0), 0)
    expect([sum('agent.upserted'), sum('agent.retired')]).toEqual([76, 25])
    expect(overview).toMatchObject({ first: START_MS, last: START_MS + 700_000, from: START_MS })
    expect(file().overview(START_MS + 350_000, null, 1_000).bucketMs).toBe(10_000)
  })

  test('[H7] tells when an agent began to fail or to wait, once each, however often that is said again', async () => {
    const { log, file } = await openLog()
    const says = (ms: number, version: number, fields: Partial<Agent>) => {
      const event = { ...agentEvent('a', fields), version: [1_000, version] } as SwarmEvent
      return log.append([at(START_MS + ms, event)])
    }
    const attention = { reason: 'permission: Bash', since: TIME }
    await says(0, 1, { name: '"status":"error"', activity: '"attention":{' })
    await says(10_000, 2, { status: 'error' })
    await says(20_000, 3, { status: 'error', activity: 'still' })
    await says(30_000, 4, { status: 'error', attention })
    await says(40_000, 6, { status: 'active' })
    await says(50_000, 5, { status: 'error' }) // was overtaken
    // Within one commit: fails, recovers, fails.
    await Promise.all([
      says(60_000, 7, { status: 'error' }),
      says(61_000, 8, { status: 'active' }),
      says(62_000, 9, { status: 'error' }),
    ])
    const { buckets } = file().overview(null, null, 1_000)
    const of = (turn: 'failed' | 'waiting') => buckets.filter((b) => b[turn] > 0).map((b) => [b.at - START_MS, b[turn]])
    // Buckets begin at whole tens of seconds, the log 5 s after one.
    expect(of('failed')).toEqual([
      [5_000, 1],
      [55_000, 2],
    ])
    expect(of('waiting')).toEqual([[25_000, 1]])
    expect(buckets.every(({ counts }) => Object.keys(counts).every((type) => type === 'agent.upserted'))).toBe(true)
  })

  test('of an empty log has no times', async () => {
    const { file } = await openLog()
    expect(file().overview(null, null, 10)).toMatchObject({ first: null, last: null, stateFrom: null, buckets: [] })
  })
})

async function serve(file: HistoryFile | null, noHistory: SwarmscopeError | null = null, isDemo = false) {
  const ask: AskHistory = async (call) => answerHistory(file as HistoryFile, call) as never
  const app = express()
  app.use(
    '/api/v1/history',
    historyRouter({
      guard: testGuard(),
      askHistory: file ? ask : null,
      view: { noHistory, isDemo },
      now: () => NOW_MS,
    }),
  )
  app.use(answerErrors(silentLog))
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => server.close())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return async (path: string, headers: Record<string, string> = VIEWER) => {
    const response = await fetch(new URL(`/api/v1/history${path}`, base), { headers })
    const text = await response.text()
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text,
      next: /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1],
    }
  }
}
const linesOf = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('[H10] each entity of a state stands on a line of its own, with versions and without, and all of it is JSON', async () => {
  const { log, file } = await openLog()
  await log.append([1, 2].map((n) => at(START_MS, agentEvent(`a${n}`, { name: 'two\nlines' }))))
  const get = await serve(file())
  for (const more of ['', '&versions=true']) {
    const { text } = await get(`/state?at=${new Date(START_MS).toISOString()}${more}`)
    const { agents, links } = JSON.parse(text) as { agents: unknown[]; links: unknown[] }
    const lines = text.split('\n').filter((line) => line.startsWith('{"entity"'))
    expect(lines.map((line) => JSON.parse(line.replace(/,$/, '')))).toEqual(agents)
    expect([agents.length, links]).toEqual([2, []])
  }
})

describe('[H3] events', () => {
  async function served() {
    const opened = await openLog()
    await opened.log.append([1, 2, 3].map((n) => at(START_MS, agentEvent(`a${n}`))))
    await opened.log.append([at(START_MS + 1_000, agentEnds('a1')), at(START_MS + 1_000, agentEvent('a2'))])
    const link = { ...agentEvent('x'), type: 'link.upserted', entity: sampleLink('l', { source: 'a3', target: 'a2' }) }
    await opened.log.append([at(START_MS + 2_000, link as SwarmEvent)])
    return serve(opened.file())
  }

  test('come page by page, each once, whatever the size of a page and of a batch', async () => {
    const get = await served()
    for (const limit of [1, 2, 3, 4, 100]) {
      const seen: unknown[] = []
      let path: string | undefined = `/events?limit=${limit}`
      while (path) {
        const { status, text, next } = await get(path)
        expect(status).toBe(200)
        expect(linesOf(text).length).toBeLessThanOrEqual(limit)
        seen.push(...linesOf(text).map(({ seq, type, id }) => `${seq} ${type} ${id}`))
        path = next?.slice('/api/v1/history'.length)
      }
      expect(seen).toEqual([
        '1 agent.upserted a1',
        '1 agent.upserted a2',
        '1 agent.upserted a3',
        '2 agent.retired a1',
        '2 agent.upserted a2',
        '3 link.upserted l',
      ])
    }
  })

  test.each([
    ['kind=agent.retired', ['a1']],
    ['kind=link', ['l']],
    ['agent=a3', ['a3', 'l']],
    ['agent=a2&kind=agent', ['a2', 'a2']],
    [`from=${START_MS + 500}`, ['a1', 'a2', 'l']],
    [`to=${START_MS + 1_500}&from=${START_MS + 500}`, ['a1', 'a2']],
    [`to=${new Date(START_MS - 1).toISOString()}`, []],
    [`from=${START_MS + 99_000}`, []],
    ['agent=nobody', []],
  ])('%s', async (query, ids) => {
    expect(linesOf((await (await served())(`/events?${query}`)).text).map(({ id }) => id)).toEqual(ids)
  })

  test.each([
    '/events?limit=0',
    '/events?cursor=x',
    '/events?unknown=1',
    '/events?kind=agents',
    '/events?from=1795468145000&to=1795468045000',
    '/recording?from=2026-11-24T00:00:00%2B01:00&to=2026-11-23T22:59:59Z',
    '/?from=1795468145000&to=1795468045000',
    '/state',
    '/state?at=yesterday',
    '/?from=x',
    '/?buckets=99999',
  ])('%s is a bad request', async (path) => {
    const { status, text } = await (await served())(path)
    expect(status).toBe(400)
    expect(JSON.parse(text)).toMatchObject({ success: false, code: 'BAD_REQUEST' })
  })

  test('[H5] viewers and operators may read, others may not', async () => {
    const get = await served()
    for (const path of ['', '/events', `/state?at=${START_MS}`, '/recording']) {
      expect((await get(path)).status).toBe(200)
      expect((await get(path, OPERATOR)).status).toBe(200)
      expect((await get(path, {})).status).toBe(401)
    }
    expect(JSON.parse((await get(`/state?at=${START_MS + 1_000}`)).text)).toMatchObject({
      mode: 'replay',
      seq: 2,
      agents: [{ id: 'a2' }, { id: 'a3' }],
      links: [],
    })
    expect((await get(`/state?at=${START_MS - 1}`)).status).toBe(404)
  })

  test('[H1] a time to come is not found; clocks that differ by less than a minute do no harm', async () => {
    const get = await served()
    const state = async (at: number | string) => {
      const { status, text } = await get(`/state?at=${at}`)
      return { status, ...(JSON.parse(text) as Record<string, unknown>) }
    }
    const now = new Date(NOW_MS).toISOString()
    for (const ahead of [0, 1, 60_000]) {
      expect(await state(NOW_MS + ahead)).toMatchObject({ status: 200, at: now, seq: 3 })
    }
    expect(await state(NOW_MS - 1)).toMatchObject({ status: 200, at: new Date(NOW_MS - 1).toISOString() })
    const suggestion = expect.stringContaining(`That time is to come: it is ${now}`)
    for (const at of [NOW_MS + 60_001, '2999-01-01T00:00:00Z', '99999999999999']) {
      expect(await state(at)).toMatchObject({ status: 404, code: 'NOT_FOUND', details: { suggestion } })
      expect((await get(`/recording?from=${at}`)).status).toBe(404)
    }
    expect((await get(`/events?to=${NOW_MS + HOUR_MS}`)).status).toBe(200)
  })

  test('[H5] a log that cannot be kept, and a world that is not, have none', async () => {
    const suggestion = 'Its disk is full: make room'
    const { file } = await openLog()
    const get = await serve(file(), new SwarmscopeError('LOG_UNAVAILABLE', { suggestion }))
    expect(JSON.parse((await get('')).text)).toMatchObject({ code: 'LOG_UNAVAILABLE', details: { suggestion } })
    expect((await (await serve(null))('')).status).toBe(404)
  })

  test('[H5] of a demo says mode `mock`: nothing of it ever was', async () => {
    const { log, file } = await openLog()
    await log.append([at(START_MS, agentEvent('a'))])
    const get = await serve(file(), null, true)
    for (const path of ['', `/state?at=${START_MS}`])
      expect(JSON.parse((await get(path)).text)).toMatchObject({ success: true, mode: 'mock' })
  })
})

describe('[H4] a recording', () => {
  async function recorded(query = '') {
    const { log, file } = await openLog()
    for (let n = 0; n < 40; n++) {
      await log.append([
        at(START_MS + n * 1_000, agentEvent(`a${n % 6}`, { name: `${n}` })),
        at(START_MS + n * 1_000, agentEvent('b')),
      ])
    }
    await log.append([at(START_MS + 40_000, agentEnds('b'))])
    const path = join(folder.path, 'session.ndjson')
    writeFileSync(path, (await (await serve(file()))(`/recording${query}`)).text)
    return { path, last: file().stateAt(START_MS + HOUR_MS) }
  }
  const play = async (path: string) => {
    const world = new World('replay', new MemoryLog())
    const source = new ReplaySource({ path, speed: 10_000, world, log: silentLog })
    ends.push(() => source.close())
    source.start()
    return { world, source }
  }
  const withoutRev = (world: World) => canonicalHash([...world.store.values()].map(({ rev: _, ...entity }) => entity))

  test.each(['', `?from=${START_MS + 20_500}`])(
    '%s played again comes to the same state, as it came',
    async (query) => {
      const { path, last } = await recorded(query)
      const { world } = await play(path)
      await until(() => world.store.get('agent', 'b') === undefined && world.store.all('agent').size === 6)
      expect(withoutRev(world)).toBe(statesHash(Object.values(last.entities).flat()))
      expect(world.store.seq).toBe(query === '' ? 41 : 21)
    },
  )

  test('keeps the batches whole and in their times', async () => {
    const { path } = await recorded()
    const batches: (Batch & { atMs: number })[] = []
    for await (const batch of readRecording(path)) batches.push(batch)
    expect(batches).toHaveLength(41)
    expect(batches.map(({ events }) => events.length)).toEqual([...Array(40).fill(2), 1])
    expect(batches.at(-1)?.atMs).toBe(START_MS + 40_000)
  })

  test('is answered as NDJSON', async () => {
    const { log, file } = await openLog()
    await log.append([agentEvent('a')])
    expect((await (await serve(file()))('/recording')).type).toMatch(/^application\/x-ndjson/)
  })

  test('of a log whose beginning is gone comes to the same state', async () => {
    const { log, thread, file } = await openLog()
    for (let n = 0; n < 50; n++) await log.append([at(START_MS + n, agentEvent(`old-${n}`))])
    // The first batch that is kept is one from before the keyframe: no state can be told at its time.
    for (const n of [0, 1]) await log.append([at(START_MS + HOUR_MS + n, agentEvent(`middle-${n}`))])
    await thread.held.keyframe()
    const endMs = START_MS + 2 * HOUR_MS
    await log.append([at(endMs, agentEvent('new')), at(endMs, agentEnds('old-0'))])
    while (thread.held.tidy(START_MS + 7 * 24 * HOUR_MS + HOUR_MS / 2));
    expect(thread.held.firstSeq).toBe(51)
    const path = join(folder.path, 'pruned.ndjson')
    writeFileSync(path, (await (await serve(file()))('/recording')).text)
    const world = new World('replay', new MemoryLog())
    for await (const { events } of readRecording(path)) await world.append(events)
    expect(world.store.all('agent').size).toBe(52)
    expect(withoutRev(world)).toBe(statesHash(Object.values(file().stateAt(endMs).entities).flat()))
  })

  test('closing ends it in the middle', async () => {
    const { path } = await recorded()
    const world = new World('replay', new MemoryLog())
    const source = new ReplaySource({ path, speed: 0.1, world, log: silentLog })
    source.start()
    await until(() => world.store.seq === 1)
    await source.close()
    expect(world.store.seq).toBe(1)
  })

  test('[M1] its world is shown in mode replay, whatever else there is', async () => {
    const { path } = await recorded()
    const { world, source } = await play(path)
    const real = new World('real', new MemoryLog())
    await real.append([agentEvent('real')])
    const view = new View({ demo: false, replay: world, real, sources: [source], mock: () => real })
    ends.push(() => view.close())
    expect(view.mode).toBe('replay')
    expect(view.world).toBe(world)
    expect(new LiteralSource(sampleSourceStatus()).status.kind).toBe('claude-flow')
  })
})

describe('[H4] a recording that is too large in one place', () => {
  const HEAD = `{"swarmscope":"recording","version":1,"from":"${TIME}","to":"${TIME}"}\n`
  const line = (seq: number, name: string) =>
    `${JSON.stringify({ seq, ...agentEvent('a', { name }), receivedAt: TIME })}\n`
  const sizesOf = async (path: string) => {
    const sizes: number[] = []
    for await (const { events } of readRecording(path)) sizes.push(events.length)
    return sizes
  }

  test('a line without an end is refused once it is too long, and not read any further', async () => {
    let chunks = 0
    async function* endless() {
      for (;;) {
        chunks++
        yield Buffer.alloc(65_536, 'x')
      }
    }
    const reading = boundedLines(endless(), 1024 * 1024, (number) => new Error(`line ${number}`)).next()
    await expect(reading).rejects.toThrow('line 1')
    expect(chunks).toBe(17)
  })

  test('so is one in a file, by its number', async () => {
    const path = join(folder.path, 'long.ndjson')
    writeFileSync(path, Buffer.concat([Buffer.from(HEAD), Buffer.alloc(5 * 1024 * 1024, 'x')]))
    await expect(sizesOf(path)).rejects.toThrow('Line 2 is too long')
  })

  test('lines may come in any pieces, end in either way, and hold any character', async () => {
    const text = Buffer.from('one\r\n\nzwölf \u2028 🐝\nlast')
    for (let size = 1; size <= text.length; size++) {
      async function* pieces() {
        for (let from = 0; from < text.length; from += size) yield text.subarray(from, from + size)
      }
      const lines: string[] = []
      for await (const line of boundedLines(pieces(), 100, () => new Error('too long'))) lines.push(line)
      expect(lines).toEqual(['one', '', 'zwölf \u2028 🐝', 'last'])
    }
  })

  test('a state to begin with comes in parts, a batch of so many events is refused', async () => {
    const path = join(folder.path, 'many.ndjson')
    writeFileSync(path, HEAD + line(1, 'x').repeat(100_001))
    expect(await sizesOf(path)).toEqual([100_000, 1])
    writeFileSync(path, HEAD + line(1, 'x') + line(2, 'x').repeat(100_001))
    await expect(sizesOf(path)).rejects.toThrow('too many for a batch')
  }, 60_000)
})

describe('a backup', () => {
  test('[L6] made while the log is written is whole, and begins a line of its own, each time', async () => {
    const { log, path } = await openLog()
    await log.append([agentEvent('a')])
    const target = join(folder.path, "it's a copy.db")
    backUp(path, target)
    await log.append([agentEvent('b')])
    expect(() => backUp(path, target)).toThrow('exists already')
    expect(() => backUp(join(folder.path, 'none.db'), `${target}.2`)).toThrow('no event log yet')
    const copy = await openLog("it's a copy.db")
    expect((await copy.log.checkpoint())?.entities.map(({ entity }) => entity.id)).toEqual(['a'])
    expect(copy.log.epoch).not.toBe(log.epoch)
  })

  test('[L6] put in the place of a killed log, whose WAL still stands there, is what it was', async () => {
    const { log, path } = await openLog()
    await log.append([agentEvent('a')])
    const restored = join(folder.path, 'restored.db')
    backUp(path, restored)
    for (let n = 0; n < 200; n++) await log.append([agentEvent(`later-${n}`)])
    copyFileSync(`${path}-wal`, `${restored}-wal`)
    const again = await openLog('restored.db')
    expect((await again.log.checkpoint())?.entities.map(({ entity }) => entity.id)).toEqual(['a'])
    expect(again.log.epoch).not.toBe(log.epoch)
    // Its own WAL is not taken for a stray one when it is killed in its turn.
    await again.log.append([agentEvent('b')])
    for (const end of ['', '-wal']) copyFileSync(`${restored}${end}`, join(folder.path, `killed.db${end}`))
    const killed = await openLog('killed.db')
    expect((await killed.log.checkpoint())?.entities.map(({ entity }) => entity.id)).toEqual(['a', 'b'])
    expect(killed.log.epoch).toBe(again.log.epoch)
  })

  test('is for its owner alone, and nothing unfinished is left, also when it fails', async () => {
    const { log, path } = await openLog()
    await log.append([agentEvent('a')])
    const place = join(folder.path, 'copies')
    mkdirSync(place)
    backUp(path, join(place, 'copy.db'))
    if (process.platform !== 'win32') expect(statSync(join(place, 'copy.db')).mode & 0o777).toBe(0o600)
    // Fails after the copying, for want of what is marked in it.
    const foreign = new Database(join(folder.path, 'foreign.db'))
    foreign.exec('CREATE TABLE theirs (x)')
    foreign.close()
    expect(() => backUp(join(folder.path, 'foreign.db'), join(place, 'other.db'))).toThrow('meta')
    expect(readdirSync(place)).toEqual(['copy.db'])
  })

  test('that cannot be made says why in words', async () => {
    const { log, path } = await openLog()
    await log.append([agentEvent('a')])
    const nowhere = join(folder.path, 'nowhere')
    expect(() => backUp(path, join(nowhere, 'copy.db'))).toThrow(
      `the event log was not copied: there is no folder ${nowhere}`,
    )
    const damaged = join(folder.path, 'damaged.db')
    writeFileSync(damaged, 'no database at all, '.repeat(1_000))
    expect(() => backUp(damaged, join(folder.path, 'copy.db'))).toThrow(
      'the event log was not copied: its file is damaged',
    )
    expect(readdirSync(folder.path).filter((name) => name.startsWith('copy.db'))).toEqual([])
  })
})
