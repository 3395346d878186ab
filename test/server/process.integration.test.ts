// The built server as a process: what it says on stdout and stderr, what it leaves on disk, and how it ends.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ROOT, temporaryFolder } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'

/** A copy, with a page beside it that is none: this is about the server alone, and others build meanwhile. */
const BUILT = join(ROOT, `dist/process-test-${process.pid}`)
const MAIN = join(BUILT, 'node/server/main.js')

beforeAll(() => {
  execFileSync(process.execPath, ['scripts/build.mjs', 'node'], { cwd: ROOT, stdio: 'pipe' })
  cpSync(join(ROOT, 'dist/node'), join(BUILT, 'node'), { recursive: true })
  mkdirSync(join(BUILT, 'web'))
  writeFileSync(join(BUILT, 'web/index.html'), '<!doctype html><title>Swarmscope</title>')
}, 60_000)
afterAll(() => rmSync(BUILT, { recursive: true, force: true }))

interface Started {
  child: ChildProcess
  stdout: () => string
  stderr: () => string
  /** Exit code, or the signal. */
  ended: Promise<number | string | null>
}

let data: ReturnType<typeof temporaryFolder>
const children: ChildProcess[] = []
beforeEach(() => {
  data = temporaryFolder('process')
})
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
  }
  data.remove()
})

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(SWARMSCOPE_|CLAUDE_FLOW_|INIT_CWD$|npm_)/.test(name)),
  )
  const child = spawn(process.execPath, [MAIN, '--data-dir', data.path, ...args], {
    env: { ...clean, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code))
  })
  return { child, stdout: () => said.stdout, stderr: () => said.stderr, ended }
}

const READY = /^Swarmscope is ready: (http:\/\/127\.0\.0\.1:(\d+))\/#token=([\w-]{32})\n$/
async function startReady(args: readonly string[], env?: NodeJS.ProcessEnv) {
  const started = start(args, env)
  await until(() => started.stdout().includes('\n') || started.child.exitCode !== null)
  const [, url = '', port = '', token = ''] = READY.exec(started.stdout()) ?? []
  if (!url) throw new Error(`not ready: ${started.stdout()}${started.stderr()}`)
  return { ...started, url, port: Number(port), token }
}
const projectDir = () => join(data.path, 'projects', readdirSync(join(data.path, 'projects'))[0] ?? '')
/** Of a demo. */
const runFile = () => join(projectDir(), 'run-demo.json')

describe.skipIf(process.platform === 'win32')('node dist/node/server/main.js', () => {
  test('--demo says one line, answers, and ends with 0 on SIGTERM, its run-demo.json gone', async () => {
    const temporary = join(data.path, 'tmp')
    mkdirSync(temporary)
    const args = ['--demo', '5', '--port', '0']
    const { child, stdout, stderr, ended, url, token } = await startReady(args, { TMPDIR: temporary })
    expect(JSON.parse(readFileSync(runFile(), 'utf8'))).toEqual({ pid: child.pid, url })
    expect(statSync(runFile()).mode & 0o077).toBe(0)
    const health = await fetch(`${url}/api/v1/bots/health`)
    expect(health.status).toBe(200)
    expect(await health.json()).toMatchObject({ status: 'healthy', mode: 'mock', agents: 5 })
    const headers = { Authorization: `Bearer ${token}` }
    expect((await fetch(`${url}/api/v1/bots/agents`, { headers })).status).toBe(200)
    // What happened in it, in a file of its own.
    const events = await fetch(`${url}/api/v1/history/events?kind=agent`, { headers })
    for (const line of (await events.text()).trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ sourceId: 'mock', entity: { origin: 'mock', mock: true } })
    const [folder = '', ...others] = readdirSync(temporary)
    expect(others).toEqual([])
    expect(statSync(join(temporary, folder)).mode & 0o077).toBe(0)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(stdout()).toMatch(READY)
    expect(existsSync(runFile())).toBe(false)
    expect(readdirSync(temporary)).toEqual([])
    expect(readdirSync(projectDir())).not.toContain('events.db')
    // No token, in no log.
    expect(stderr()).toContain('listening')
    expect(stderr()).not.toContain(token)
    const log = readFileSync(join(projectDir(), 'server-demo.log'), 'utf8')
    expect(log).toContain('listening')
    expect(existsSync(join(projectDir(), 'server.log'))).toBe(false)
    for (const name of ['operator', 'viewer', 'relay', 'ingest']) {
      const secret = readFileSync(join(data.path, `${name}.token`), 'utf8').trim()
      expect(log + stderr()).not.toContain(secret)
    }
  })

  test('SIGINT ends it with 0 too, also with a viewer that reads events', async () => {
    const { child, ended, url, token } = await startReady(['--demo', '--port', '0'])
    const headers = { Authorization: `Bearer ${token}` }
    const events = await fetch(`${url}/api/v1/events`, { headers })
    const drained = events.text().catch(() => 'cut')
    child.kill('SIGINT')
    expect(await ended).toBe(0)
    await drained
  })

  test('a busy port is exit code 1 with port and option on stderr, and nothing on stdout', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const { ended, stdout, stderr } = start(['--demo', '--port', String(port)])
    expect(await ended).toBe(1)
    expect(stdout()).toBe('')
    expect(stderr()).toContain(`Port ${port} on 127.0.0.1 is taken: choose another with --port N`)
    expect(stderr()).not.toContain('Warning')
    await new Promise((resolve) => other.close(resolve))
  })

  test.each([
    [['--port', 'x'], {}, 'A port is a whole number'],
    [['--host', '0.0.0.0'], {}, '--public-url'],
    [['--public-url', 'https://user@host'], {}, '--public-url takes'],
    [[], { CLAUDE_FLOW_HOST: 'ws://powerdev' }, 'CLAUDE_FLOW_HOST is a host name'],
    [['--demo'], { SWARMSCOPE_TOKEN: 'short' }, 'SWARMSCOPE_TOKEN must be'],
    [['--data-dir', '/dev/null/data'], {}, '/dev/null/data'],
  ])('%j with %j is exit code 1 and one clear line, no stack', async (args, env, message) => {
    const { ended, stdout, stderr } = start(args, env)
    expect(await ended).toBe(1)
    expect(stdout()).toBe('')
    expect(stderr()).toContain(message)
    expect(stderr()).not.toMatch(/\n\s+at /)
  })

  test('--help and --version say so on stdout and end with 0', async () => {
    const help = start(['--help'])
    expect(await help.ended).toBe(0)
    expect(help.stdout()).toContain('--relay-port')
    const version = start(['--version'])
    expect(await version.ended).toBe(0)
    expect(version.stdout()).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('a wrong log level does not keep it from starting', async () => {
    const { child, ended } = await startReady(['--demo', '--port', '0'], { SWARMSCOPE_LOG_LEVEL: 'loud' })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  test('with a remote relay that is not there it starts, shows the mock world, and ends', async () => {
    const { child, ended, url } = await startReady(['--port', '0'], {
      CLAUDE_FLOW_HOST: '127.0.0.1',
      CLAUDE_FLOW_PORT: '1',
    })
    await until(async () => {
      const { mode } = (await (await fetch(`${url}/api/v1/bots/health`)).json()) as { mode: string }
      return mode === 'mock'
    }, 3_000)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  test('of two demos of a project the first has log file and run-demo.json, whatever the second does', async () => {
    const first = await startReady(['--demo', '--port', '0'])
    const second = await startReady(['--demo', '--port', '0', '--log-format', 'json'])
    // Another pipe than the one that says it is ready; and the log's file is written behind both.
    await expect.poll(second.stderr, { timeout: 5_000 }).toContain('another demo of this project runs')
    const log = () => readFileSync(join(projectDir(), 'server-demo.log'), 'utf8')
    expect(JSON.parse(readFileSync(runFile(), 'utf8'))).toEqual({ pid: first.child.pid, url: first.url })
    second.child.kill('SIGTERM')
    expect(await second.ended).toBe(0)
    expect(JSON.parse(readFileSync(runFile(), 'utf8'))).toEqual({ pid: first.child.pid, url: first.url })
    await expect.poll(log, { timeout: 5_000 }).toContain(first.url)
    expect(log()).not.toContain(second.url)
    // Killed, it leaves the place to the next.
    first.child.kill('SIGKILL')
    await first.ended
    const third = await startReady(['--demo', '--port', '0'])
    expect(JSON.parse(readFileSync(runFile(), 'utf8'))).toEqual({ pid: third.child.pid, url: third.url })
    await expect.poll(log, { timeout: 5_000 }).toContain(third.url)
    third.child.kill('SIGTERM')
    expect(await third.ended).toBe(0)
  })

  test('the run-demo.json of another demo of the same project is left alone', async () => {
    const { child, ended } = await startReady(['--demo', '--port', '0'])
    const other = JSON.stringify({ pid: 1, url: 'http://127.0.0.1:1' })
    writeFileSync(runFile(), other)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(readFileSync(runFile(), 'utf8')).toBe(other)
  })

  test('a demo beside the real server of the same project leaves its run.json alone', async () => {
    const { child, ended } = await startReady(['--demo', '--port', '0'])
    const real = join(projectDir(), 'run.json')
    expect(existsSync(real)).toBe(false)
    // The real server is stood in for by a process that runs, where nothing listens.
    const of = JSON.stringify({ pid: process.pid, url: 'http://127.0.0.1:1' })
    writeFileSync(real, of)
    const status = start(['status', '--json'])
    await status.ended
    expect(JSON.parse(status.stdout())).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:1' })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(readFileSync(real, 'utf8')).toBe(of)
  })

  test('a restart on the same port at once works, with the same token', async () => {
    const first = await startReady(['--demo', '--port', '0'])
    first.child.kill('SIGKILL')
    await first.ended
    const second = await startReady(['--demo', '--port', String(first.port)])
    expect(second.token).toBe(first.token)
    second.child.kill('SIGTERM')
    expect(await second.ended).toBe(0)
  })

  test('SIGTERM drains: not ready at once, live to the end, and gone with 0 in 10 s', async () => {
    const { child, ended, url } = await startReady(['--demo', '--port', '0'])
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    const beganMs = performance.now()
    child.kill('SIGTERM')
    await until(async () => (await fetch(`${url}/readyz`)).status === 503, 1_000)
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    const health = await fetch(`${url}/api/v1/bots/health`)
    expect([health.status, (await health.json()) as object]).toMatchObject([
      503,
      { status: 'draining', code: 'STOPPING' },
    ])
    expect(await ended).toBe(0)
    expect(performance.now() - beganMs).toBeLessThan(10_000)
  })

  test('SIGINT does not wait', async () => {
    const { child, ended } = await startReady(['--demo', '--port', '0'])
    const beganMs = performance.now()
    child.kill('SIGINT')
    expect(await ended).toBe(0)
    expect(performance.now() - beganMs).toBeLessThan(900)
  })

  test('status and logs find the server that runs, and say when there is none', async () => {
    const none = start(['status'])
    expect(await none.ended).toBe(2)
    expect(none.stdout()).toMatch(/^Swarmscope is down: no server runs for /)
    const { child, ended, url, token } = await startReady(['--demo', '--port', '0'])
    const status = start(['status', '--json'])
    expect(await status.ended).toBe(0)
    expect(JSON.parse(status.stdout())).toMatchObject({ running: true, url, pid: child.pid, health: { mode: 'mock' } })
    const logs = start(['logs', '--lines', '100'])
    expect(await logs.ended).toBe(0)
    expect(logs.stdout()).toContain('"msg":"listening"')
    const following = start(['logs', '-f'])
    await until(() => following.stdout().includes('"msg":"listening"'))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    await until(() => following.stdout().includes('ending: SIGTERM'))
    following.child.kill('SIGINT')
    expect(await following.ended).toBe(0)
    expect(status.stdout() + logs.stdout() + following.stdout()).not.toContain(token)
    expect(await start(['status']).ended).toBe(2)
  })

  test('without claude-flow it starts no relay, is healthy at once, and stops being asked for one', async () => {
    const { child, ended } = await startReady(['--no-claude-flow', '--port', '0'])
    const status = start(['status'])
    expect(await status.ended).toBe(0)
    expect(status.stdout()).toMatch(
      /^Swarmscope is healthy: .*\nShows 0 agents, live, to 0 viewers\nNothing came yet\. To have /,
    )
    expect(status.stdout()).toContain(`npm start -- connect --data-dir ${data.path}`)
    const doctor = start(['doctor', '--json'])
    await doctor.ended
    const checks = JSON.parse(doctor.stdout()) as { name: string; state: string; found: string }[]
    expect(checks.find(({ name }) => name === 'claude-flow')).toMatchObject({ state: 'skipped' })
    expect(checks.some(({ name }) => name === 'Relay')).toBe(false)
    expect(existsSync(join(projectDir(), 'relay.log'))).toBe(false)
    const mcp = start(['connect', '--mcp', '--no-claude-flow'])
    expect([await mcp.ended, mcp.stdout()]).toEqual([1, expect.stringContaining('leave out one of them')])
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    const text = start(['logs', '--pretty'])
    expect(await text.ended).toBe(0)
    expect(text.stdout()).toMatch(/^\[\d{4}-.*\] INFO: listening/m)
  })

  test('a word or an option that there is not is told with the nearest one, and which there are', async () => {
    const word = start(['statsu'])
    expect(await word.ended).toBe(1)
    expect(word.stderr()).toContain("error: unknown command 'statsu'\n(Did you mean status?)")
    expect(word.stderr()).toContain('The commands are status, logs, backup, connect, doctor')
    const option = start(['--prot', '9000'])
    expect(await option.ended).toBe(1)
    expect(option.stderr()).toContain("error: unknown option '--prot'\n(Did you mean --port?)")
    // 1 would say that a server is there.
    const status = start(['status', '--jsn'])
    expect(await status.ended).toBe(2)
    expect(status.stderr()).toContain('Did you mean --json?')
  })

  test.each([
    [[], 1],
    [['status'], 2],
    [['doctor'], 2],
    [['logs'], 1],
    [['backup', 'x.db'], 1],
    [['connect', '--dry-run'], 1],
    [['connect', '--remove'], 1],
  ] as const)(
    'a project folder that is not there is an error of %j, with its code, and makes nothing',
    async (words, code) => {
      const nowhere = join(data.path, 'nowhere')
      const asked = start([...words, '--project', nowhere])
      expect(await asked.ended).toBe(code)
      expect(asked.stderr()).toBe(`error: there is no project folder ${nowhere}: check --project (PROJECT_NOT_FOUND)\n`)
      expect(readdirSync(data.path)).toEqual([])
    },
  )

  test('what it says is text for people, piped too; with --log-format json it is JSON, a line each; the file is JSON always', async () => {
    const text = await startReady(['--demo', '--port', '0'])
    expect(text.stderr()).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: listening \{.*\}$/m)
    text.child.kill('SIGTERM')
    await text.ended
    for (const [args, env] of [
      [['--log-format', 'json'], {}],
      [[], { SWARMSCOPE_LOG_FORMAT: 'json' }],
    ] as const) {
      const json = await startReady(['--demo', '--port', '0', ...args], env)
      json.child.kill('SIGTERM')
      await json.ended
      const said = json.stderr().trim().split('\n')
      expect(said.map((line) => (JSON.parse(line) as { msg: string }).msg)).toContain('listening')
      expect(json.stdout()).toMatch(READY)
    }
    const lines = readFileSync(join(projectDir(), 'server-demo.log'), 'utf8').trim().split('\n')
    expect(lines.filter((line) => (JSON.parse(line) as { msg: string }).msg === 'listening')).toHaveLength(3)
  })

  test('a second start that fails says why on stderr, and nothing in the log of the server that runs', async () => {
    const first = await startReady(['--demo', '--port', '0'])
    const logFile = join(projectDir(), 'server-demo.log')
    const second = start(['--demo', '--port', String(first.port)])
    expect(await second.ended).toBe(1)
    expect(second.stderr()).toContain(`Port ${first.port} on 127.0.0.1 is taken`)
    expect(readFileSync(logFile, 'utf8')).not.toMatch(/"level":60|taken/)
    first.child.kill('SIGTERM')
    await first.ended
    // Where none runs, a start that failed is found there.
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    expect(await start(['--demo', '--port', String(port)]).ended).toBe(1)
    await new Promise((resolve) => other.close(resolve))
    expect(readFileSync(logFile, 'utf8')).toContain(`Port ${port} on 127.0.0.1 is taken`)
  })

  test('one real server keeps another of the same project out, and its log clean', async () => {
    const nowhere = { CLAUDE_FLOW_HOST: '127.0.0.1', CLAUDE_FLOW_PORT: '1' }
    const first = await startReady(['--port', '0'], nowhere)
    const second = start(['--port', '0'], nowhere)
    expect(await second.ended).toBe(1)
    expect(second.stderr()).toContain('Another server keeps this event log')
    expect(second.stderr()).toContain('"code":"LOG_IN_USE"')
    expect(readFileSync(join(projectDir(), 'server.log'), 'utf8')).not.toContain('"level":60')
    expect(JSON.parse(readFileSync(join(projectDir(), 'run.json'), 'utf8'))).toMatchObject({ pid: first.child.pid })
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
  })

  test("a relay's port that is taken is told once", async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const { ended, stdout, stderr } = start(['--port', '0', '--relay-port', String(port)])
    expect(await ended).toBe(1)
    expect(stdout()).toBe('')
    expect(stderr().match(/is taken/g)).toHaveLength(1)
    expect(stderr()).toContain(`Port ${port} on 127.0.0.1 is taken: choose another with --relay-port N`)
    await new Promise((resolve) => other.close(resolve))
  })

  test('a demo is found beside what a killed server left, by status and by logs', async () => {
    const { child, url, ended } = await startReady(['--demo', '3', '--port', '0'])
    const gone = 2 ** 22 + 1 // above any pid of Linux
    writeFileSync(join(projectDir(), 'run.json'), JSON.stringify({ pid: gone, url: 'http://127.0.0.1:1' }))
    const status = start(['status'])
    expect(await status.ended).toBe(0)
    expect(status.stdout()).toContain(`Swarmscope is healthy: ${url}`)
    expect(status.stdout()).toContain(`ended without a word (process ${gone})`)
    const following = start(['logs', '-f'])
    await until(() => following.stdout().includes('"msg":"listening"'))
    following.child.kill('SIGINT')
    expect(await following.ended).toBe(0)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(await start(['status']).ended).toBe(2)
  })

  test.each([
    ['not a recording', 'hello\n', 'RECORDING_UNREADABLE'],
    [
      '{"swarmscope":"recording","version":99,"from":"2026-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z"}',
      '\n',
      'RECORDING_NEWER',
    ],
  ])('[H6] --replay of %s is exit code 1, with its code and what to do', async (head, rest, code) => {
    const file = join(data.path, 'session.ndjson')
    writeFileSync(file, head + rest)
    const { ended, stdout, stderr } = start(['--replay', file, '--port', '0'])
    expect(await ended).toBe(1)
    expect(stdout()).toBe('')
    expect(stderr()).toContain(`"code":"${code}"`)
    expect(stderr()).not.toMatch(/\n\s+at /)
  })

  test('SIGHUP opens the log file anew, for those who move it away', async () => {
    const { child, ended } = await startReady(['--demo', '--port', '0'])
    const file = join(projectDir(), 'server-demo.log')
    await until(() => existsSync(file))
    renameSync(file, `${file}.1`)
    child.kill('SIGHUP')
    await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('SIGHUP'))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(readFileSync(file, 'utf8')).toContain('ending: SIGTERM')
  })

  test('under npm it notices that its parent is gone', async () => {
    // A parent between us and the server, as npm is; it is killed and cannot pass anything on.
    const script = `
      const { spawn } = require('node:child_process')
      const child = spawn(process.execPath, ${JSON.stringify([MAIN, '--data-dir', data.path, '--demo', '--port', '0'])}, {
        stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, npm_lifecycle_event: 'start' } })
      console.error('pid ' + child.pid)
      setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(parent)
    let said = ''
    for (const stream of [parent.stdout, parent.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    }
    await until(() => said.includes('is ready'))
    const pid = Number(/pid (\d+)/.exec(said)?.[1])
    parent.kill('SIGKILL')
    await until(() => {
      try {
        return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z')
      } catch {
        return true // no such process
      }
    }, 4_000)
  })

  test('a signal while the relay is still starting ends it with 0, and the relay with it', async () => {
    // A relay that never gets ready.
    const relayMain = join(BUILT, 'node/relay/main.js')
    const kept = readFileSync(relayMain, 'utf8')
    writeFileSync(
      relayMain,
      "process.stdin.on('end', () => process.exit(0)).resume()\nprocess.stderr.write('RELAY ' + process.pid + '\\n')\n",
    )
    try {
      const { child, ended, stdout, stderr } = start(['--port', '0', '--relay-port', '0'])
      await until(() => stderr().includes('RELAY '))
      child.kill('SIGTERM')
      expect(await ended).toBe(0)
      expect(stdout()).toBe('')
    } finally {
      writeFileSync(relayMain, kept)
    }
  })
})
