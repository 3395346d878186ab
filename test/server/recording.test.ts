import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SwarmEvent } from '../../protocol/events.ts'
import type { Entity, Unnumbered } from '../../protocol/swarm.ts'
import { answerHistory } from '../../server/history/answerHistory.ts'
import { HeldState } from '../../server/history/heldState.ts'
import type { AskHistory } from '../../server/history/history.ts'
import { HistoryFile } from '../../server/history/historyFile.ts'
import { historyRouter } from '../../server/history/historyRouter.ts'
import { assertRecording, RECORDING_FOOT, readRecording, recordingHead } from '../../server/history/recording.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { SqliteLog } from '../../server/log/sqliteLog.ts'
import { RecordedClock } from '../../server/sources/replay/recordedClock.ts'
import { ReplaySource } from '../../server/sources/replay/replaySource.ts'
import { World } from '../../server/world.ts'
import { agentEnds, agentEvent } from '../helpers/eventLogContract.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { silentLog } from '../helpers/silentLog.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import { testGuard } from '../helpers/testGuard.ts'
import { HELLO, StreamClient, startTestServer, VIEWER } from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'
import { sampleAgent, sampleLink, sampleSwarm, sampleTask, TIME } from '../protocol/samples.ts'

const START_MS = Date.parse(TIME)
const HEAD = recordingHead(START_MS, START_MS + 60_000)

let folder: ReturnType<typeof temporaryFolder>
const ends: (() => unknown)[] = []
beforeEach(() => {
  folder = temporaryFolder('recording')
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  folder.remove()
})

const line = (seq: number, event: object): string => `${JSON.stringify({ seq, ...event })}\n`
const timed = (event: SwarmEvent, afterMs = 0): SwarmEvent => ({
  ...event,
  receivedAt: new Date(START_MS + afterMs).toISOString(),
})
const GOOD = line(1, timed(agentEvent('a'))) + line(2, timed(agentEnds('a'), 10))

function fileOf(text: string | Buffer): string {
  const path = join(folder.path, 'session.ndjson')
  writeFileSync(path, text)
  return path
}
async function readAll(path: string) {
  const batches: { seq: number; atMs: number; events: readonly SwarmEvent[] }[] = []
  for await (const batch of readRecording(path)) batches.push(batch)
  return batches
}

describe('[H6] a file that is no recording is refused before anything of it is shown', () => {
  test.each([
    ['nothing', '', 'RECORDING_UNREADABLE', 'It is empty'],
    ['other JSON', '{"hello": 1}\n', 'RECORDING_UNREADABLE', 'does not begin as a recording'],
    ['text', 'not JSON\n', 'RECORDING_UNREADABLE', 'does not begin as a recording'],
    ['one endless line', 'x'.repeat(5 * 1024 * 1024), 'RECORDING_UNREADABLE', 'Line 1 is too long'],
    ['a newer format', HEAD.replace('"version":2', '"version":3'), 'RECORDING_NEWER', 'Update'],
    ['a newer event', HEAD + line(1, { ...timed(agentEvent('a')), v: 99 }), 'RECORDING_NEWER', 'Update'],
    ['an event of no version', HEAD + line(1, { ...agentEvent('a'), v: 0 }), 'RECORDING_UNREADABLE', 'Line 2'],
    ['a head alone', HEAD, 'RECORDING_UNREADABLE', 'cut short after line 1'],
    ['half an event', HEAD + GOOD.slice(0, 50), 'RECORDING_UNREADABLE', 'Line 2 is no JSON'],
    ['more behind the end', HEAD + GOOD + RECORDING_FOOT + GOOD, 'RECORDING_UNREADABLE', 'Line 5 stands behind'],
    [
      'batches out of order',
      HEAD + line(2, agentEvent('a')) + line(1, agentEvent('b')),
      'RECORDING_UNREADABLE',
      'Line 3',
    ],
    ['an array', `${HEAD}[]\n`, 'RECORDING_UNREADABLE', 'Line 2 is no event'],
    ['nested beyond all measure', `${HEAD}${'['.repeat(1e6)}\n`, 'RECORDING_UNREADABLE', 'Line 2'],
  ])('%s', async (_, text, code, words) => {
    const path = fileOf(text)
    const refusal = await assertRecording(path).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code, message: expect.stringContaining(words) })
    await expect(readAll(path)).rejects.toMatchObject({ code })
  })

  test.each([
    ['a directory', (path: string) => mkdirSync(path), 'is no file'],
    ['nothing at all', () => undefined, 'no such file'],
    ['a FIFO, which nobody would ever write to', (path: string) => execFileSync('mkfifo', [path]), 'is no file'],
  ])('%s', async (_, make, words) => {
    const path = join(folder.path, 'odd')
    make(path)
    await expect(assertRecording(path)).rejects.toMatchObject({
      code: 'RECORDING_UNREADABLE',
      message: expect.stringContaining(words),
    })
  })
})

describe('[H6] every field of every entity is looked at', () => {
  const upserted = (entity: Unnumbered<Entity>) => ({
    ...timed(agentEvent('x')),
    type: `${entity.entity}.upserted`,
    entity,
  })
  const entities = [sampleAgent('a'), sampleTask('t'), sampleSwarm('s'), sampleLink('l')]

  test('what is lawful passes as it is', async () => {
    const path = fileOf(HEAD + entities.map((entity) => line(1, upserted(entity))).join('') + RECORDING_FOOT)
    const [batch] = await readAll(path)
    expect(batch?.events.map((event) => 'entity' in event && event.entity)).toEqual(entities)
  })

  test.each(entities.map((entity) => [entity.entity, entity] as const))(
    'a field of %s that has the wrong type, or is not there, is told by line and name',
    async (kind, entity) => {
      const stated: object = entity
      for (const field of Object.keys(stated)) {
        const wrong = field === 'entity' ? 'else' : { toString: 'x' }
        for (const changed of [
          { ...stated, [field]: wrong },
          { ...stated, [field]: undefined },
        ]) {
          const path = fileOf(HEAD + line(1, { ...upserted(entity), entity: changed }))
          // Field by field, and the message holds nothing of what stood there.
          await expect(readAll(path), `${kind}.${field}`).rejects.toThrow(
            /^The recording cannot be played: Line 2 is no event \(entity\.?\w*\): get/,
          )
        }
      }
    },
  )

  test.each(['key', 'sourceId', 'version', 'receivedAt', 'type', 'at'])('an event needs its %s', async (field) => {
    const { [field as 'key']: _, ...without } = timed(agentEvent('a'))
    await expect(readAll(fileOf(HEAD + line(1, without)))).rejects.toThrow('Line 2 is no event')
  })

  test('numbers beyond all measure are none', async () => {
    const text = line(1, agentEvent('a', { health: 123_454_321 })).replace('123454321', '1e999')
    await expect(readAll(fileOf(HEAD + text))).rejects.toThrow('entity.health')
  })

  test('[F9] `__proto__` and `constructor` as ids and fields do no harm, and pollute nothing', async () => {
    const hostile = ['__proto__', 'constructor', 'toString', 'a\nb', '']
    const bait = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}'
    const text = hostile
      .map((id, index) => line(index + 1, timed(agentEvent(id))))
      .join('')
      .replaceAll('"sources":{}', `${bait},"sources":{"__proto__":{"source":"x","at":null,"polluted":1}}`)
    expect(text).toContain('__proto__":{"source"')
    const { world } = await play(fileOf(HEAD + text + RECORDING_FOOT), 5)
    expect([...world.store.all('agent').keys()]).toEqual(hostile)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    for (const agent of world.store.all('agent').values()) {
      expect(Object.getPrototypeOf(agent)).toBe(Object.prototype)
      expect(Object.getPrototypeOf(agent.sources)).toBe(Object.prototype)
      expect(JSON.stringify(agent)).not.toContain('polluted')
    }
  })
})

async function play(path: string, toSeq: number) {
  const world = new World('replay', new MemoryLog())
  const source = new ReplaySource({ path, speed: 10_000, world, log: silentLog })
  ends.push(() => source.close())
  source.start()
  await until(() => world.store.seq === toSeq)
  return { world, source }
}

describe('[H6] what shows only later', () => {
  test('closes the source with the error, and what was played stays, in health and status', async () => {
    const path = fileOf(HEAD + line(1, timed(agentEvent('a'))) + line(2, timed(agentEvent('b'))) + GOOD.slice(0, 30))
    const server = await startTestServer({ type: 'replay', file: path, speed: 10_000 })
    ends.push(() => server.stop())
    const health = async () => (await server.ask('/api/v1/bots/health', { headers: VIEWER })).json()
    await until(async () => (await health()).status === 'degraded')
    expect(await health()).toMatchObject({
      mode: 'replay',
      code: 'RECORDING_UNREADABLE',
      degraded: ['replay'],
      // Whether the batch before the damage is whole nobody can tell, and no batch is shown in part.
      agents: 1,
      sources: [
        {
          state: 'closed',
          lastError: {
            code: 'RECORDING_UNREADABLE',
            details: { suggestion: expect.stringMatching(/^Line 4 is no JSON.*What came before it is shown$/) },
          },
        },
      ],
    })
    const agents = await server.ask('/api/v1/bots/agents', { headers: VIEWER })
    expect(agents.json()).toMatchObject({ mode: 'replay', total: 1 })
    expect((await server.ask('/api/v1/bots/health')).text).not.toContain('Line 4')
  })

  test('listeners hear of it once, and a whole one closes nothing', async () => {
    const whole = await play(fileOf(HEAD + GOOD + RECORDING_FOOT), 2)
    await whole.source.close()
    expect(whole.source.status).toMatchObject({ state: 'live', lastError: null })

    const world = new World('replay', new MemoryLog())
    const source = new ReplaySource({ path: fileOf(HEAD + GOOD), speed: 10_000, world, log: silentLog })
    ends.push(() => source.close())
    let heard = 0
    source.onStatus(() => heard++)
    source.start()
    await until(() => source.status.state === 'closed')
    expect(heard).toBe(1)
    expect(source.status.lastError?.details.suggestion).toContain('cut short after line 3')
    expect(world.store.seq).toBe(1)
  })

  test('one that was made without a foot, by the first format, ends where it ends', async () => {
    expect(await readAll(fileOf(HEAD.replace('"version":2', '"version":1') + GOOD))).toHaveLength(2)
  })
})

describe('[M7] what follows from time follows from that of the recording', () => {
  test('[K12] who worked then is not stuck because it was long ago, and is when the recording says so', async () => {
    const active = {
      kind: 'observed',
      status: 'active',
      lastActiveAt: new Date(START_MS - 2_000).toISOString(),
    } as const
    const late = 5 * 60_000
    const text =
      recordingHead(START_MS, START_MS + late) +
      line(1, timed(agentEvent('a', active))) +
      line(2, timed(agentEvent('b', { ...active, lastActiveAt: new Date(START_MS + late).toISOString() }), late)) +
      RECORDING_FOOT
    const server = await startTestServer({ type: 'replay', file: fileOf(text), speed: 1 })
    ends.push(() => server.stop())
    const stuckOf = async (of: typeof server) => {
      const { agents, stuck } = (await of.ask('/api/v1/bots/status', { headers: VIEWER })).json().totals as {
        agents: number
        stuck: number
      }
      return { agents, stuck }
    }
    const viewer = new StreamClient(server.port, { headers: VIEWER })
    ends.push(() => viewer.socket.terminate())
    await viewer.opened
    viewer.send(HELLO)
    const recorded = () =>
      viewer.messages.flatMap((message) => (message.type === 'status' ? [message.recorded] : [])).at(-1)
    await until(() => recorded()?.pace === 1)
    await until(async () => (await stuckOf(server)).agents === 1)
    expect(Date.parse(recorded()?.at ?? '') - START_MS).toBeLessThan(60_000)
    expect(await stuckOf(server)).toEqual({ agents: 1, stuck: 0 })

    // Played to its end, it stays the time of its end.
    const fast = await startTestServer({ type: 'replay', file: fileOf(text), speed: 1_000 })
    ends.push(() => fast.stop())
    await until(async () => (await stuckOf(fast)).agents === 2)
    expect(await stuckOf(fast)).toEqual({ agents: 2, stuck: 1 })
  })

  test('which stands before its first event and after its last, and never runs ahead of what is shown', () => {
    let nowMs = 1_000
    const clock = new RecordedClock(() => nowMs)
    let heard = 0
    clock.onChange(() => heard++)
    expect(clock.moment).toBeNull()
    clock.begin(START_MS, 10)
    clock.waitFor(START_MS + 5_000)
    nowMs += 100
    expect(clock.moment).toEqual({ atMs: START_MS + 1_000, pace: 10 })
    nowMs += 10_000
    expect(clock.moment).toEqual({ atMs: START_MS + 5_000, pace: 10 })
    clock.stop()
    clock.stop()
    nowMs += 10_000
    expect([clock.moment, heard]).toEqual([{ atMs: START_MS + 5_000, pace: 0 }, 2])
  })
})

describe('[H6] what a recording makes its player hold is bounded', () => {
  test('entities, their text, and sources', () => {
    const event = (id: string, sourceId = 's') => ({ ...agentEvent(id), sourceId })
    const entities = new HeldState()
    let taken = true
    for (let n = 0; n < 200_000; n++) taken &&= entities.take(event(`a${n}`), 10)
    expect(taken).toBe(true)
    expect(entities.take(event('a5'), 10)).toBe(true)
    expect(entities.take(event('more'), 10)).toBe(false)
    expect(entities.take(agentEnds('more'), 10)).toBe(true)

    const bytes = new HeldState()
    for (let n = 0; n < 64; n++) expect(bytes.take(event(`a${n}`), 4 * 1024 * 1024)).toBe(true)
    expect(bytes.take(event('a1'), 4 * 1024 * 1024)).toBe(true)
    expect(bytes.take(event('b'), 1)).toBe(false)

    const sources = new HeldState()
    for (let n = 0; n < 10_000; n++) expect(sources.take(event('a', `s${n}`), 10)).toBe(true)
    expect(sources.take(event('a', 'more'), 10)).toBe(false)
  })

  test('a time is never after the end that the head tells, nor before the last one', async () => {
    const times = [5_000, 1_000, 9e12, 7_000]
    const text = times.map((ms, index) => line(index + 1, timed(agentEvent('a'), ms))).join('')
    const batches = await readAll(fileOf(HEAD + text + RECORDING_FOOT))
    expect(batches.map(({ atMs }) => atMs - START_MS)).toEqual([5_000, 5_000, 60_000, 60_000])
  })
})

describe('[H4, L4] the beginning of a recording', () => {
  test('holds what had ended: a late event begins nothing anew when it is played', async () => {
    const path = join(folder.path, 'events.db')
    const log = await SqliteLog.open({ path, bootId: 'boot', thread: new InThread() })
    ends.push(() => log.close())
    const versioned = (event: SwarmEvent, revision: number, ms: number) => ({
      ...timed(event, ms),
      version: [1, revision] as const,
    })
    await log.append([versioned(agentEvent('s/gone'), 1, 0), versioned(agentEvent('s/here'), 1, 0)])
    await log.append([versioned(agentEnds('s/gone'), 5, 1_000)])
    await log.append([versioned(agentEvent('s/gone', { name: 'late' }), 3, 20_000)])
    const file = new HistoryFile(path)
    ends.push(() => file.close())
    const ask: AskHistory = async (call) => answerHistory(file, call) as never
    const app = express().use(
      '/history',
      historyRouter({ guard: testGuard(), askHistory: ask, view: { noHistory: null, isDemo: false } }),
    )
    const server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ends.push(() => server.close())
    const { port } = server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}/history/recording?from=${START_MS + 10_000}`, {
      headers: VIEWER,
    })
    const text = await answer.text()
    expect(text).toContain('"agent.retired"')
    expect(text.endsWith(RECORDING_FOOT)).toBe(true)
    const { world } = await play(fileOf(text), 2)
    expect([...world.store.all('agent').keys()]).toEqual(['s/here'])
  })
})
