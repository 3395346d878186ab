// `status`: which server it finds, what it says of it, and the exit code.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EXIT, statusOf, statusText } from '../../server/cli/status.ts'
import { createCommand, type Options, type Place, placeOf, runFileOf } from '../../server/config.ts'
import { FakeRelay, UP } from '../helpers/fakeRelay.ts'
import { records3, runningStores3 } from '../helpers/recordings.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import { startTestServer, TOKENS } from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'

let data: ReturnType<typeof temporaryFolder>
const ends: (() => unknown)[] = []
beforeEach(() => {
  data = temporaryFolder('status')
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  data.remove()
})

const placeFor = (project: string): Place => {
  const command = createCommand().parse(['--data-dir', data.path, '--project', project], { from: 'user' })
  return placeOf(command.opts<Options>(), {})
}
function put(place: Place, url: string, pid = process.pid): void {
  mkdirSync(dirname(runFileOf(place)), { recursive: true })
  writeFileSync(runFileOf(place), JSON.stringify({ pid, url }))
}
const ENV = { SWARMSCOPE_TOKEN: TOKENS.operator }

async function running() {
  const relay = new FakeRelay()
  relay.records.set(records3(runningStores3()))
  await relay.start()
  const server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: relay.port })
  ends.push(
    () => relay.stop(),
    () => server.stop(),
  )
  const place = placeFor('/srv/shop')
  put(place, server.url)
  const is = (exitCode: number) => until(async () => (await statusOf(place, ENV)).exitCode === exitCode)
  await is(EXIT.healthy)
  return { relay, server, place, is, say: async () => statusText(await statusOf(place, ENV), Date.now()) }
}

describe('of a server that runs', () => {
  test('healthy is 0 and three lines', async () => {
    const { server, relay, say } = await running()
    const lines = (await say()).split('\n')
    expect(lines[0]).toMatch(
      new RegExp(
        `^Swarmscope is healthy: ${server.url} \\(version \\d+\\.\\d+\\.\\d+, process ${process.pid}, up .*\\)$`,
      ),
    )
    expect(lines[1]).toBe('Shows 8 agents, live, to 0 viewers')
    expect(lines[2]).toMatch(new RegExp(`^claude-flow at ws://127\\.0\\.0\\.1:${relay.port}/ws: live for \\d+ s$`))
    expect(lines.slice(3)).toEqual([''])
  })

  test('degraded is 1, with what is wrong and what to do; the token of the data dir lets it quote', async () => {
    const { relay, say, is } = await running()
    const lastError = { error: 'claude-flow stopped', code: 'CHILD_CRASHED', details: { suggestion: 'it said: boom' } }
    relay.tellState({ ...UP, child: { ...UP.child, state: 'waiting', lastError } })
    await is(EXIT.degraded)
    expect(await say()).toContain('Swarmscope is degraded')
    expect(await say()).toContain('  claude-flow stopped (CHILD_CRASHED)\n  it said: boom\n')
  })

  test('a relay that is gone is 1, and says since when and that it is tried again', async () => {
    const { relay, say, is } = await running()
    await relay.stop()
    await is(EXIT.degraded)
    await until(async () => /: waiting for \d+ s, \d+ attempts? failed, tried again in \d s/.test(await say()))
    expect(await say()).toContain('(CONNECTION_')
  })

  test('draining is 2', async () => {
    const { server, say, is } = await running()
    const drained = server.drain()
    await is(EXIT.down)
    expect(await say()).toContain('Swarmscope is draining')
    await drained
  })
})

describe('of none', () => {
  test('nothing was ever started: 2, and nothing is made', async () => {
    const START = `npm start -- --project /srv/shop --data-dir ${data.path}`
    const report = await statusOf(placeFor('/srv/shop'), {})
    expect(report).toEqual({
      ...{ running: false, exitCode: 2, pid: null, url: null },
      ...{ reason: 'no server runs for /srv/shop', suggestion: `Start it: ${START}` },
    })
    expect(statusText(report, 0)).toBe(`Swarmscope is down: no server runs for /srv/shop\nStart it: ${START}\n`)
    expect(readdirSync(data.path)).toEqual([])
  })

  test('one that was killed left its run.json: 2, and says so', async () => {
    const place = placeFor('/srv/shop')
    put(place, 'http://127.0.0.1:1', 2 ** 22 + 1) // above any pid of Linux
    expect(await statusOf(place, {})).toMatchObject({ exitCode: 2, reason: expect.stringContaining('ended without') })
  })

  test('a number that another program has now: nothing listens', async () => {
    const place = placeFor('/srv/shop')
    put(place, 'http://127.0.0.1:1')
    expect(await statusOf(place, {})).toMatchObject({ exitCode: 2, reason: 'nothing listens at http://127.0.0.1:1' })
  })

  test('one that hangs: 2 within 4 s', async () => {
    const silent: Server = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    ends.push(() => silent.close())
    const place = placeFor('/srv/shop')
    put(place, `http://127.0.0.1:${(silent.address() as { port: number }).port}`)
    const beganMs = performance.now()
    expect(await statusOf(place, {})).toMatchObject({ exitCode: 2, reason: expect.stringContaining('does not answer') })
    expect(performance.now() - beganMs).toBeLessThan(4_000)
  })

  test('another program that answers there is none of ours: 2', async () => {
    const other = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    ends.push(() => other.close())
    const place = placeFor('/srv/shop')
    put(place, `http://127.0.0.1:${(other.address() as { port: number }).port}`)
    expect((await statusOf(place, {})).exitCode).toBe(2)
  })

  test('the only other one of the data dir is told of; of several, where they are', async () => {
    const { server } = await running()
    const report = await statusOf(placeFor('/srv/other'), ENV)
    expect(report).toMatchObject({ running: true, exitCode: 0, url: server.url })
    put(placeFor('/srv/third'), 'http://127.0.0.1:1')
    const unsure = await statusOf(placeFor('/srv/other'), ENV)
    expect(unsure).toMatchObject({ exitCode: 2, suggestion: expect.stringContaining('--project DIR') })
    expect(JSON.stringify(unsure)).toContain(server.url)
  })
})
