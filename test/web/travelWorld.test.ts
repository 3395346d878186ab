// The page's past against the server's own: the real log's file, asked through the real router by the page's client.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express from 'express'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { errorBody } from '../../protocol/errors.ts'
import type { SwarmEvent } from '../../protocol/events.ts'
import { applyBatch, emptyState } from '../../protocol/fold.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { answerErrors } from '../../server/api/errors.ts'
import { answerHistory } from '../../server/history/answerHistory.ts'
import type { AskHistory } from '../../server/history/history.ts'
import { HistoryFile } from '../../server/history/historyFile.ts'
import { historyRouter } from '../../server/history/historyRouter.ts'
import { SqliteLog } from '../../server/log/sqliteLog.ts'
import { MAX_QUEUED_EVENTS, TravelWorld } from '../../web/store/travelWorld.ts'
import {
  type Asked,
  type AskedState,
  type EventPage,
  type HistoryClient,
  historyClient,
} from '../../web/stream/historyClient.ts'
import { agentEnds, agentEvent } from '../helpers/eventLogContract.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { silentLog } from '../helpers/silentLog.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import { testGuard } from '../helpers/testGuard.ts'
import { VIEWER } from '../helpers/testServer.ts'
import { agentOf } from '../helpers/webWorld.ts'
import { canonicalHash, seededRandom, TIME } from '../protocol/samples.ts'

const START_MS = Date.parse(TIME)

let folder: ReturnType<typeof temporaryFolder>
const ends: (() => unknown)[] = []
beforeEach(() => {
  folder = temporaryFolder('travel')
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  folder.remove()
})

const at = (ms: number, event: SwarmEvent): SwarmEvent => ({ ...event, receivedAt: new Date(ms).toISOString() })
const hashOf = (entities: Iterable<Entity>) => canonicalHash([...entities].map(({ rev: _, ...entity }) => entity))

function value<T>(asked: Asked<T> | { type: 'dropped' }): T {
  if (asked.type !== 'ok') throw new Error(asked.type === 'failed' ? asked.error.code : asked.type)
  return asked.value
}

async function openLog() {
  const path = join(folder.path, 'events.db')
  const log = await SqliteLog.open({ path, bootId: 'boot', thread: new InThread() })
  ends.push(() => log.close())
  return { log, path }
}

async function serve(path: string | null): Promise<HistoryClient> {
  const file = path === null ? null : new HistoryFile(path)
  ends.push(() => file?.close())
  const ask: AskHistory = async (call) => answerHistory(file as HistoryFile, call) as never
  const app = express()
  const view = { noHistory: null, isDemo: false }
  app.use('/api/v1/history', historyRouter({ guard: testGuard(), askHistory: file ? ask : null, view }))
  app.use(answerErrors(silentLog))
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => server.close())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return historyClient((asked, init) => fetch(new URL(asked, base), { ...init, headers: VIEWER }))
}

describe('the world of the past', () => {
  it('[H8] played on from any moment is at each later one what the server says it was, overtaken and late events included', async () => {
    const { log, path } = await openLog()
    const random = seededRandom(3)
    const folded = emptyState('any')
    const states: { ms: number; hash: string }[] = []
    const overtaken: SwarmEvent[] = []
    for (let n = 1; n <= 300; n++) {
      // Several batches may share a moment.
      const ms = START_MS + Math.floor(n / 2) * 1_000
      const id = `agent-${Math.floor(random() * 12)}`
      const events = [random() < 0.25 ? agentEnds(id) : agentEvent(id, { name: `at ${n}` }), agentEvent(`b-${n % 5}`)]
      // Kept back, and said after a later word on the same agent: the fold must not believe it.
      if (random() < 0.2) overtaken.push(agentEvent(id, { name: 'overtaken' }))
      const late = overtaken.length > 6 ? overtaken.shift() : undefined
      if (late) events.push(late)
      await log.append(events.map((event) => at(ms, event)))
      applyBatch(folded, { seq: n, events })
      if (n % 2 === 1) states.push({ ms, hash: hashOf(folded.store.values()) })
    }
    const client = await serve(path)
    const nowMs = START_MS + 1e6
    for (let from = 0; from < states.length; from += 13) {
      const begin = states[from]
      if (!begin) throw new Error('no such state')
      const world = new TravelWorld(value(await client.stateAt(begin.ms)))
      expect(hashOf(world.store.values())).toBe(begin.hash)
      for (let index = from + 1; index < states.length; index += 1 + Math.floor(random() * 9)) {
        const { ms, hash } = states[index] ?? begin
        while (world.knownUntilMs < ms) world.add(value(await client.eventsAfter(world.cursor)), nowMs)
        world.advance(ms)
        expect(world.atMs).toBe(ms)
        expect(hashOf(world.store.values())).toBe(hash)
      }
    }
  })

  it('says what changed, whole, and what ended; nothing twice', async () => {
    const { log, path } = await openLog()
    await log.append([at(START_MS, agentEvent('a')), at(START_MS, agentEvent('b'))])
    await log.append([at(START_MS + 1_000, agentEvent('a', { name: 'first' }))])
    await log.append([at(START_MS + 2_000, agentEvent('a', { name: 'second' })), at(START_MS + 2_000, agentEnds('b'))])
    const client = await serve(path)
    const world = new TravelWorld(value(await client.stateAt(START_MS + 500)))
    expect(world.store.epoch).toMatch(/^past:/)
    world.add(value(await client.eventsAfter(world.cursor)), START_MS + 60_000)
    const { put, del } = world.advance(START_MS + 5_000)
    expect(put.map((entity) => 'name' in entity && entity.name)).toEqual(['second'])
    expect(del).toEqual([{ entity: 'agent', id: 'b' }])
    expect(world.advance(START_MS + 6_000)).toEqual({ put: [], del: [] })
    // Up to a second before it was asked, nothing more had happened.
    expect(world.knownUntilMs).toBe(START_MS + 59_000)
    expect(world.advance(START_MS + 1e6)).toEqual({ put: [], del: [] })
    expect(world.atMs).toBe(START_MS + 59_000)
  })

  it('[H9] shows no batch half, however large it is', async () => {
    const { log, path } = await openLog()
    await log.append([at(START_MS, agentEvent('a'))])
    const many = MAX_QUEUED_EVENTS + 1_500
    await log.append(Array.from({ length: many }, (_, n) => at(START_MS + 1_000, agentEvent(`many-${n}`))))
    await log.append([at(START_MS + 2_000, agentEvent('z'))])
    const client = await serve(path)
    const world = new TravelWorld(value(await client.stateAt(START_MS)))
    let pages = 0
    while (world.knownUntilMs < START_MS + 3_000) {
      expect(world.wantsMore(1)).toBe(true)
      const page: EventPage = value(await client.eventsAfter(world.cursor))
      world.add(page, START_MS + 10_000)
      pages++
      world.advance(START_MS + 2_500)
      expect([1, many + 1, many + 2]).toContain(world.store.all('agent').size)
    }
    expect(pages).toBeGreaterThan(4)
    expect(world.store.all('agent').size).toBe(many + 2)
  })

  it('fetches no more than it may hold', () => {
    const world = new TravelWorld({
      atMs: START_MS,
      checkpoint: { seq: 1, tombstoneFloor: 0, entities: [], ended: [], incarnations: [], knownUntil: null },
    })
    expect(world.wantsMore(1)).toBe(true)
    const events = Array.from({ length: MAX_QUEUED_EVENTS }, (_, n) => ({
      seq: 2 + n,
      atMs: START_MS + 1_000 + n,
      event: agentEvent(`a${n}`),
    }))
    world.add({ events, cursor: '30000.0' }, START_MS + 60_000)
    expect(world.wantsMore(60)).toBe(false)
    world.advance(START_MS + 10_000)
    expect(world.wantsMore(60)).toBe(true)
    expect(world.wantsMore(1)).toBe(false)
  })
})

describe('the history’s client', () => {
  it('gives the overview as numbers', async () => {
    const { log, path } = await openLog()
    await log.append([at(START_MS, agentEvent('a', { status: 'error' })), at(START_MS, agentEvent('b'))])
    const client = await serve(path)
    const overview = value(await client.overview(null))
    expect(overview).toMatchObject({ firstMs: START_MS, lastMs: START_MS, stateFromMs: START_MS, bucketMs: 10_000 })
    expect(overview.buckets).toEqual([{ atMs: START_MS - 5_000, events: 2, failed: 1, waiting: 0 }])
  })

  it('[H5] does not ask for what the server said beforehand that there is none', async () => {
    const { success: _, ...refusal } = errorBody('NOT_FOUND')
    const ask = vi.fn()
    const client = historyClient(ask, () => refusal)
    for (const asked of [client.overview(null), client.stateAt(START_MS), client.eventsAfter('1.0')])
      expect(await asked).toEqual({ type: 'failed', error: refusal })
    expect(ask).not.toHaveBeenCalled()
  })

  it('tells a refusal in the API’s own words', async () => {
    const client = await serve(null)
    const asked = await client.overview(null)
    expect(asked).toMatchObject({
      type: 'failed',
      error: { code: 'NOT_FOUND', details: { suggestion: 'This world keeps no history' } },
    })
  })

  it.each([
    ['no JSON', '<html>', 'SERVER_UNREACHABLE'],
    ['something else', '[]', 'VERSION_MISMATCH'],
    ['a state without its versions', '{"seq":1,"agents":[]}', 'VERSION_MISMATCH'],
    [
      'an entity of another kind',
      '{"seq":1,"versions":{"agents":[[1,1]]},"agents":[{"entity":"task","id":"x"}]}',
      'VERSION_MISMATCH',
    ],
  ])('takes no harm from %s', async (_, body, code) => {
    const client = historyClient(async () => new Response(body))
    for (const asked of [await client.stateAt(1), await client.overview(1)]) {
      expect(asked).toMatchObject({ type: 'failed' })
    }
    expect(await client.stateAt(1)).toMatchObject({ error: { code } })
    const lines = historyClient(async () => new Response(`${body}\n`))
    expect((await lines.eventsAfter('1.1')).type).toBe('failed')
  })

  it('[H10] takes a state in lines, and what another moment says in the same words as the same object', async () => {
    const { log, path } = await openLog()
    const [told, foreign] = ['in\n"agents":[\n{', 'null']
    await log.append([at(START_MS, agentEvent('a', { name: told })), at(START_MS, agentEvent('b'))])
    await log.append([at(START_MS + 1_000, agentEvent('b', { name: foreign }))])
    const client = await serve(path)
    const first = value(await client.stateAt(START_MS))
    const second = value(await client.stateAt(START_MS + 1_000, { told: first.told }))
    const agentsOf = ({ checkpoint }: typeof first) => checkpoint.entities.map(({ entity }) => entity)
    expect(agentsOf(second)[0]).toBe(agentsOf(first)[0])
    expect(agentsOf(second)).toMatchObject([{ name: told }, { name: foreign }])
    // As if it had been read by itself.
    const alone = value(await client.stateAt(START_MS + 1_000))
    expect(hashOf(agentsOf(second))).toBe(hashOf(agentsOf(alone)))
    expect(second.checkpoint.entities.map(({ version }) => version)).toEqual(
      alone.checkpoint.entities.map(({ version }) => version),
    )
    expect(second.told.size).toBe(2)
  })

  it('[H10] takes a state that another server tells in one line', async () => {
    const { rev: _, ...agent } = agentOf('a')
    const body = { seq: 5, agents: [agent], links: [], tasks: [], swarms: [], sources: [] }
    const versions = { agents: [[1, 2]], links: [], tasks: [], swarms: [], sources: [] }
    const client = historyClient(async () => new Response(JSON.stringify({ ...body, versions, ended: [] })))
    const { checkpoint } = value(await client.stateAt(START_MS))
    expect(checkpoint.entities).toEqual([{ entity: { rev: 5, ...agent }, version: [1, 2] }])
  })

  it('reads nothing of a state that is not wanted any more, and does not ask faster than the server answers', async () => {
    const drop = new AbortController()
    let answer: (response: Response) => void = () => undefined
    let hasCancelled = false
    const client = historyClient((_, { signal }) => {
      signal?.addEventListener('abort', () => {
        hasCancelled = true
      })
      return new Promise((resolve) => {
        answer = resolve
      })
    })
    let asked: AskedState | null = null
    const ended = client.stateAt(1, { signal: drop.signal }).then((state) => {
      asked = state
    })
    drop.abort()
    await new Promise((resolve) => setImmediate(resolve))
    expect([asked, hasCancelled]).toEqual([null, false])
    answer(new Response('{'))
    await ended
    expect([asked, hasCancelled]).toEqual([{ type: 'dropped' }, true])
  })

  it('stops reading a state as soon as it is not wanted any more', async () => {
    const drop = new AbortController()
    const client = historyClient(async (_, { signal }) => {
      const body = new ReadableStream({
        start: (controller) => signal?.addEventListener('abort', () => controller.error(signal.reason)),
      })
      return new Response(body)
    })
    const asked = client.stateAt(1, { signal: drop.signal })
    await new Promise((resolve) => setImmediate(resolve))
    drop.abort()
    expect(await asked).toEqual({ type: 'dropped' })
  })

  it('says so when nobody answers', async () => {
    const client = historyClient(() => Promise.reject(new TypeError('fetch failed')))
    expect(await client.stateAt(1)).toMatchObject({ type: 'failed', error: { code: 'SERVER_UNREACHABLE' } })
  })
})
