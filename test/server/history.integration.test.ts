// The built server as a process: what it keeps, what it tells of it, what a second run and a replay make of it.

import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  editStore,
  ROOT,
  type Running,
  startServerProcess,
  temporaryFolder,
  writeRecordedProject,
} from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'

beforeAll(() => {
  execFileSync(process.execPath, ['scripts/build.mjs', 'node', 'web'], { cwd: ROOT, stdio: 'pipe' })
}, 120_000)

const MAIN = join(ROOT, 'dist/node/server/main.js')
let project: string
let dataDir: string
const ends: (() => unknown)[] = []
beforeEach(() => {
  const [first, second] = [temporaryFolder('project'), temporaryFolder('data')]
  project = first.path
  dataDir = second.path
  ends.push(first.remove, second.remove)
  writeRecordedProject(project)
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const place = () => ['--project', project, '--data-dir', dataDir]

async function start(args: readonly string[] = []): Promise<Running> {
  const running = await startServerProcess({
    args: [
      ...[...place(), '--port', '0', '--relay-port', '0'],
      ...['--claude-flow', `node ${ROOT}test/helpers/fakeMcpChild.mjs`, ...args],
    ],
  })
  ends.push(() => running.process.exitCode ?? running.process.signalCode ?? running.kill())
  return running
}

async function get(running: Running, path: string): Promise<string> {
  const token = readFileSync(join(dataDir, 'operator.token'), 'utf8').trim()
  const response = await fetch(new URL(`/api/v1${path}`, running.url), {
    headers: { Authorization: `Bearer ${token}` },
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return response.text()
}
const json = async (running: Running, path: string) => JSON.parse(await get(running, path)) as Record<string, unknown>
const agentsNow = async (running: Running) => (await json(running, '/bots/agents')).count as number
const live = (running: Running) => until(async () => (await json(running, '/bots/health')).mode === 'live', 10_000)

describe.skipIf(process.platform === 'win32')('the built server keeps what happens', () => {
  test('over kill -9: history, backup and a replay of it all tell the same', async () => {
    const first = await start()
    await live(first)
    expect(await agentsNow(first)).toBe(8)
    editStore(project, 'agents/store.json', ({ agents }) => delete agents?.scout)
    await until(async () => (await agentsNow(first)) === 7, 10_000)
    const between = Date.now()
    await first.kill()

    const second = await start()
    await live(second)
    expect(await agentsNow(second)).toBe(7)
    const { buckets, stateFrom } = (await json(second, '/history')) as {
      buckets: { counts: Record<string, number> }[]
      stateFrom: string
    }
    const retired = buckets.reduce((sum, { counts }) => sum + (counts['agent.retired'] ?? 0), 0)
    expect(retired).toBe(1)
    const before = (await json(second, `/history/state?at=${stateFrom}`)) as { mode: string }
    expect(before.mode).toBe('replay')
    expect((await json(second, `/history/state?at=${between}`)).agents).toHaveLength(7)
    expect((await get(second, '/history/events?kind=agent.retired')).trim().split('\n')).toHaveLength(1)
    const recording = join(project, 'session.ndjson')
    writeFileSync(recording, await get(second, '/history/recording'))

    const copy = join(project, 'copy.db')
    const backup = spawnSync(process.execPath, [MAIN, 'backup', copy, ...place()], { encoding: 'utf8' })
    expect(backup).toMatchObject({ status: 0, stdout: `Backed up to ${copy}\n`, stderr: '' })
    const again = spawnSync(process.execPath, [MAIN, 'backup', copy, ...place()], { encoding: 'utf8' })
    expect(again.status).toBe(1)
    expect(again.stderr).toContain('exists already')

    const other = spawnSync(process.execPath, [MAIN, ...place(), '--port', '0', '--relay-port', '0'], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect(other.status).toBe(1)
    expect(other.stderr).toContain('running already')
    expect(await second.stop()).toBe(0)

    const replay = await start(['--replay', recording, '--speed', '10000'])
    await until(async () => (await agentsNow(replay)) === 7, 10_000)
    expect(await json(replay, '/bots/agents')).toMatchObject({ mode: 'replay' })
    expect(await json(replay, '/bots/health')).toMatchObject({ status: 'healthy', mode: 'replay' })
    await expect(get(replay, '/history')).rejects.toThrow('404')
    expect(await replay.stop()).toBe(0)
  }, 60_000)

  test('[H4] a file that is no recording is refused at the start, in words', async () => {
    const file = join(project, 'not-a-recording.db')
    writeFileSync(file, Buffer.alloc(100_000, 7))
    await expect(start(['--replay', file])).rejects.toThrow('It does not begin as a recording of Swarmscope')
  })

  test('[L11] a damaged file keeps nothing from starting: live, degraded, with the reason', async () => {
    const first = await start()
    await live(first)
    await first.stop()
    const [folder = ''] = execFileSync('ls', [join(dataDir, 'projects')], { encoding: 'utf8' }).split('\n')
    writeFileSync(join(dataDir, 'projects', folder, 'events.db'), 'this is no database '.repeat(500))
    const second = await start()
    await live(second)
    expect(await agentsNow(second)).toBe(8)
    expect(await json(second, '/bots/health')).toMatchObject({
      status: 'degraded',
      code: 'LOG_UNAVAILABLE',
      logError: { code: 'LOG_UNAVAILABLE' },
    })
    await expect(get(second, '/history')).rejects.toThrow('503')
    await second.stop()
  }, 60_000)
})
