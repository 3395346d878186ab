// Server and relay as processes: who starts whom, and that nobody is left behind.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ROOT, type Running, startServerProcess, temporaryFolder, writeRecordedProject } from '../helpers/swarmscope.ts'
import { NEVER_HEARD } from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'

const FAKE_CLAUDE_FLOW = `node ${ROOT}test/helpers/fakeMcpChild.mjs`

let project: string
let dataDir: string
const cleanUps: (() => unknown)[] = []

beforeEach(() => {
  const [first, second] = [temporaryFolder('project'), temporaryFolder('data')]
  project = first.path
  dataDir = second.path
  cleanUps.push(first.remove, second.remove)
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function start(args: readonly string[] = [], relayPort = 0): Promise<Running> {
  const running = await startServerProcess({
    args: [
      ...['--project', project, '--data-dir', dataDir, '--port', '0', '--relay-port', String(relayPort)],
      ...['--claude-flow', FAKE_CLAUDE_FLOW],
      ...args,
    ],
  })
  cleanUps.push(() => running.process.exitCode ?? running.stop())
  return running
}

const token = () => readFileSync(join(dataDir, 'operator.token'), 'utf8').trim()

async function api(running: Running, path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(new URL(path, running.url), { headers: { Authorization: `Bearer ${token()}` } })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const health = async (running: Running) =>
  (await api(running, '/api/v1/bots/health')).body as {
    status: string
    mode: string
    sources: { url: string; state: string }[]
  }

/** Processes that are descendants of `pid`, oldest first. */
function descendants(pid: number): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
  const pairs = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
  const children = (parent: number): number[] =>
    pairs.flatMap(([child, ppid]) => (ppid === parent && child ? [child, ...children(child)] : []))
  return children(pid)
}

/** A zombie is gone: it only waits for whoever inherited it to take notice. */
function isAlive(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z')
  } catch {
    return false // no such process
  }
}

describe.skipIf(process.platform === 'win32')('server and relay', () => {
  test('one command shows the agents of the files, live', async () => {
    writeRecordedProject(project)
    const running = await start()
    await until(async () => (await health(running)).mode === 'live')
    const { body } = await api(running, '/api/v1/bots/agents')
    expect(body).toMatchObject({ success: true, mode: 'live', count: 8 })
    expect(await health(running)).toMatchObject({ status: 'healthy' })
    expect(JSON.stringify((await api(running, '/api/v1/bots/data')).body)).not.toContain('hiveToken')
  })

  test('SIGTERM ends everything in order with exit code 0, no process is left', async () => {
    const running = await start()
    const pids = descendants(running.process.pid ?? 0)
    expect(pids.length).toBeGreaterThanOrEqual(2) // the relay and its claude-flow
    expect(await running.stop()).toBe(0)
    await until(() => pids.every((pid) => !isAlive(pid)), 1_500)
  })

  test('Ctrl-C that comes twice, as under npm, ends in order too', async () => {
    const running = await start()
    const pids = descendants(running.process.pid ?? 0)
    running.process.kill('SIGINT')
    running.process.kill('SIGINT')
    expect(await running.exited).toBe(0)
    await until(() => pids.every((pid) => !isAlive(pid)), 1_500)
  })

  test.each([
    ['without a Host', 'GET /api/v1/bots/health HTTP/1.1\r\n\r\n', 421, 'WRONG_HOST'],
    ['that is no HTTP', 'good morning\r\n\r\n', 400, 'BAD_REQUEST'],
  ])('a request %s is refused in the one shape', async (_name, request, status, code) => {
    const running = await start()
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(running.url).port), '127.0.0.1', () => socket.write(request))
      let text = ''
      socket.setEncoding('utf8').on('data', (part: string) => {
        text += part
        if (text.includes('"code"')) resolve(text)
      })
      socket.on('error', reject)
      cleanUps.push(() => socket.destroy())
    })
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toContain(`"code":"${code}"`)
    expect(answer).not.toContain('<html')
  })

  test('kill -9 of the server ends the relay and its child within a second, and the ports are free at once', async () => {
    writeRecordedProject(project)
    const running = await start()
    await until(async () => (await health(running)).mode === 'live')
    const pids = descendants(running.process.pid ?? 0)
    const relayPort = Number(new URL((await health(running)).sources[0]?.url ?? '').port)
    const port = new URL(running.url).port
    await running.kill()
    const gone = until(() => !pids.some(isAlive), 1_000)
    const [again] = await Promise.all([start(['--port', port], relayPort), gone])
    await until(async () => (await health(again)).mode === 'live')
  })

  test('a relay that dies is started again, and the agents stay meanwhile', async () => {
    writeRecordedProject(project)
    const running = await start()
    await until(async () => (await health(running)).mode === 'live')
    const [relayPid] = descendants(running.process.pid ?? 0)
    process.kill(relayPid ?? 0, 'SIGKILL')
    await until(async () => (await health(running)).mode === 'stale')
    expect((await api(running, '/api/v1/bots/agents')).body).toMatchObject({ mode: 'stale', count: 8 })
    await until(async () => (await health(running)).mode === 'live')
  })

  test.each(['--port', '--relay-port'])('a busy port is an error that names it and %s, exit code 1', async (option) => {
    const other = createServer().listen(0, '127.0.0.1')
    cleanUps.push(() => other.close())
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    const failure = await start([option, String(port)]).then(
      () => null,
      (error: Error) => error.message,
    )
    expect(failure).toContain('ended with 1')
    expect(failure).toContain(`Port ${port}`)
    expect(failure).toContain(`${option} N`)
  })

  test('neither claude-flow nor files: mock, and the banner says what to install', async () => {
    const running = await start(['--claude-flow', join(project, 'no-such-command')])
    await until(async () => (await health(running)).mode === 'mock')
    expect(await health(running)).toMatchObject({
      status: 'degraded',
      sources: [{ kind: 'claude-flow', state: 'unavailable', lastError: { code: 'CHILD_NOT_FOUND' } }, ...NEVER_HEARD],
    })
  })

  test('without claude-flow the files are shown all the same, live', async () => {
    writeRecordedProject(project)
    const running = await start(['--claude-flow', join(project, 'no-such-command')])
    await until(async () => (await health(running)).mode === 'live')
    expect(await health(running)).toMatchObject({
      sources: [{ state: 'live', lastError: { code: 'CHILD_NOT_FOUND' } }, ...NEVER_HEARD],
    })
  })
})
