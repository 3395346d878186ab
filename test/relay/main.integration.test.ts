// The relay as a process: its one line, its exit codes, and that nobody is left behind. Runs what was built.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeCertificate } from '../helpers/certificateFiles.ts'
import { RelayClient } from '../helpers/relayClient.ts'
import { AGENTS, agentsStore, cleanup, fakeChild, isAlive, put, temporaryFolder } from '../helpers/relayFiles.ts'
import { ROOT } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'

const MAIN = join(ROOT, 'dist/node/relay/main.js')
const READY = /^Relay is ready: (ws:\/\/127\.0\.0\.1:\d+\/ws)\n$/
const { file, args } = fakeChild('--grandchild')
const COMMAND = [file, ...args].map((word) => `"${word}"`).join(' ')

interface Started {
  process: ChildProcess
  dataDir: string
  project: string
  stdout: () => string
  stderr: () => string
  messages: unknown[]
  exited: Promise<number | null>
}

function start(more: string[] = [], { stdin = 'ignore' as 'ignore' | 'pipe', env = {} } = {}): Started {
  const [dataDir, project] = [temporaryFolder('data'), temporaryFolder('project')]
  const options = ['--port', '0', '--data-dir', dataDir, '--project', project, '--claude-flow', COMMAND, ...more]
  const child = spawn(process.execPath, [MAIN, ...options], {
    stdio: [stdin, 'pipe', 'pipe', 'ipc'],
    env: { PATH: process.env.PATH, HOME: dataDir, ...env },
  })
  let stdout = ''
  let stderr = ''
  const messages: unknown[] = []
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  child.on('message', (message) => messages.push(message))
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  cleanup(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return { process: child, dataDir, project, stdout: () => stdout, stderr: () => stderr, messages, exited }
}

async function ready(started: Started): Promise<string> {
  await until(() => started.stdout().includes('\n') || started.process.exitCode !== null)
  const url = READY.exec(started.stdout())?.[1]
  if (!url) throw new Error(`not ready: ${started.stdout()}${started.stderr()}`)
  return url
}

const tokenIn = (dataDir: string): string => readFileSync(join(dataDir, 'relay.token'), 'utf8').trim()

/** The pids of the child and its grandchild. */
async function family(started: Started): Promise<number[]> {
  const client = await RelayClient.connect(await ready(started), tokenIn(started.dataDir))
  const { pid, grandchild } = await client.ask('facts')
  client.socket.terminate()
  return [pid, grandchild]
}

describe.skipIf(process.platform === 'win32')('the relay as a process', () => {
  test('says in one line where it is, tells its starter the same, and keeps its own token', async () => {
    const started = start()
    const url = await ready(started)
    await until(() => started.messages.length > 0)
    expect(started.messages).toEqual([{ type: 'ready', url }])
    expect(started.stdout()).toMatch(READY)
    expect(statSync(join(started.dataDir, 'relay.token')).mode & 0o777).toBe(0o600)
    put(started.project, AGENTS, agentsStore('a'))
    const client = await RelayClient.connect(url, tokenIn(started.dataDir))
    await until(async () => {
      const { result } = await client.request('resources/read', { uri: 'claude-flow://agents' })
      return JSON.parse(result.contents[0].text).agents.length === 1
    })
    client.socket.terminate()
    expect(started.stderr()).not.toContain(tokenIn(started.dataDir))
  })

  test('takes its token from the environment, and does not give it to claude-flow', async () => {
    const token = 'given-by-the-environment'
    const started = start([], { env: { SWARMSCOPE_RELAY_TOKEN: token } })
    const client = await RelayClient.connect(await ready(started), token)
    const { env } = await client.ask('facts')
    client.socket.terminate()
    expect(env.filter((name: string) => name.startsWith('SWARMSCOPE'))).toEqual([])
    expect(existsSync(join(started.dataDir, 'relay.token'))).toBe(false)
  })

  test('takes its token from a file, says when others may read it, and repeats it nowhere', async () => {
    const tokenFile = join(temporaryFolder(), 'token')
    writeFileSync(tokenFile, 'given-by-a-file\n')
    chmodSync(tokenFile, 0o644)
    const started = start(['--token-file', tokenFile], { env: { SWARMSCOPE_RELAY_TOKEN: 'not-this-one' } })
    const client = await RelayClient.connect(await ready(started), 'given-by-a-file')
    client.socket.terminate()
    expect(started.stderr()).toContain(`"file":"${tokenFile}","msg":"others may read the token file: chmod 600 it"`)
    expect(started.stderr()).not.toContain('given-by-a-file')
    expect(existsSync(join(started.dataDir, 'relay.token'))).toBe(false)
  })

  test('--no-auth is said loudly, and lets programs in that send no header', async () => {
    const started = start(['--no-auth'])
    const client = await RelayClient.connect(await ready(started), null)
    expect(await client.ask('echo', { value: 1 })).toBe(1)
    client.socket.terminate()
    expect(started.stderr()).toMatch(/"level":40,.*--no-auth: no token is asked for/)
    expect(existsSync(join(started.dataDir, 'relay.token'))).toBe(false)
  })

  test('with a certificate its one line says wss, and SIGHUP takes the renewed one, or keeps the old one', async () => {
    const folder = temporaryFolder()
    const first = await writeCertificate(folder)
    const { cert, key } = first.files
    const started = start(['--tls-cert', cert, '--tls-key', key])
    await until(() => started.stdout().includes('\n'))
    const url = /^Relay is ready: (wss:\/\/127\.0\.0\.1:\d+\/ws)\n$/.exec(started.stdout())?.[1] ?? ''
    const client = await RelayClient.connect(url, tokenIn(started.dataDir), { ca: first.cert })
    const second = await writeCertificate(folder)
    started.process.kill('SIGHUP')
    await until(() => started.stderr().includes('SIGHUP: the certificate was read again'))
    const later = await RelayClient.connect(url, tokenIn(started.dataDir), { ca: second.cert })
    writeFileSync(key, 'half-writ')
    started.process.kill('SIGHUP')
    await until(() => started.stderr().includes('SIGHUP: the certificate stays the old one'))
    const last = await RelayClient.connect(url, tokenIn(started.dataDir), { ca: second.cert })
    for (const each of [client, later, last]) {
      expect(await each.ask('echo', { value: 1 })).toBe(1)
      each.socket.terminate()
    }
    expect(started.stderr()).not.toContain('half-writ')
  })

  test('an expired certificate is said, and served all the same', async () => {
    const { files } = await writeCertificate(temporaryFolder(), { expired: true })
    const started = start(['--tls-cert', files.cert, '--tls-key', files.key])
    await until(() => started.stdout().includes('wss://'))
    expect(started.stderr()).toContain('has expired')
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it in order, exit code 0, nobody is left', async (signal) => {
    const started = start()
    const pids = await family(started)
    const client = await RelayClient.connect(await ready(started), tokenIn(started.dataDir))
    started.process.kill(signal)
    expect(await started.exited).toBe(0)
    expect((await client.closed).code).toBe(1001)
    await until(() => !pids.some(isAlive))
  })

  test('[X19] SIGTERM lets pending requests be answered, and nobody in; then 1001 and exit code 0', async () => {
    const started = start()
    const url = await ready(started)
    const client = await RelayClient.connect(url, tokenIn(started.dataDir))
    const slow = client.call('slow', { key: 'a' })
    const { pid } = await client.ask('facts') // so the one before is pending
    started.process.kill('SIGTERM')
    const origin = url.replace(/^ws(.*)\/ws$/, 'http$1')
    await until(async () => (await fetch(`${origin}/readyz`)).status === 503)
    expect((await fetch(`${origin}/livez`)).status).toBe(200)
    expect(await (await fetch(`${origin}/health`)).json()).toMatchObject({ status: 'down' })
    await expect(RelayClient.connect(url, tokenIn(started.dataDir))).rejects.toThrow('503')
    expect(client.socket.readyState).toBe(client.socket.OPEN)
    expect((await client.call('echo')).error?.data?.code).toBe('STOPPING')
    process.kill(pid, 'SIGUSR2')
    expect((await slow).result).toBeDefined()
    expect((await client.closed).code).toBe(1001)
    expect(await started.exited).toBe(0)
  })

  test.each([
    ['SIGINT', (started: Started) => started.process.kill('SIGINT')],
    ['the end of its stdin', (started: Started) => started.process.stdin?.end()],
  ])('[X19] %s ends the wait of SIGTERM: who still waits gets an error', async (_name, hurry) => {
    const started = start(['--end-with-stdin'], { stdin: 'pipe' })
    const client = await RelayClient.connect(await ready(started), tokenIn(started.dataDir))
    const hanging = client.call('hang')
    await client.ask('echo', { value: 1 })
    started.process.kill('SIGTERM')
    await until(() => started.stderr().includes('draining'))
    const hurriedMs = performance.now()
    hurry(started)
    expect((await hanging).error?.data?.code).toBe('CHILD_CRASHED')
    expect(await started.exited).toBe(0)
    expect(performance.now() - hurriedMs).toBeLessThan(2_000)
  })

  test('SIGHUP opens the log file anew after it was moved away; without a log file it ends', async () => {
    const log = join(temporaryFolder(), 'relay.log')
    const started = start(['--log-file', log])
    const url = await ready(started)
    await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('claude-flow is up'))
    renameSync(log, `${log}.1`)
    started.process.kill('SIGHUP')
    await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('SIGHUP'))
    const client = await RelayClient.connect(url, tokenIn(started.dataDir))
    expect(await client.ask('echo', { value: 'alive' })).toBe('alive')
    started.process.kill('SIGINT')
    expect(await started.exited).toBe(0)
    // Not a line is missing, to the very last.
    expect(readFileSync(`${log}.1`, 'utf8') + readFileSync(log, 'utf8')).toBe(started.stderr())
    expect(readFileSync(log, 'utf8')).toContain('"msg":"ended"')

    const without = start()
    await ready(without)
    without.process.kill('SIGHUP')
    expect(await without.exited).toBe(0)
  })

  test('ends within a second with its stdin, and its child with it', async () => {
    const started = start(['--end-with-stdin'], { stdin: 'pipe' })
    const pids = await family(started)
    const endedMs = performance.now()
    started.process.stdin?.end()
    expect(await started.exited).toBe(0)
    await until(() => !pids.some(isAlive))
    expect(performance.now() - endedMs).toBeLessThan(1_000)
  })

  test('kill -9 leaves no child: it ends with its input', async () => {
    const started = start()
    const [child = 0] = await family(started)
    started.process.kill('SIGKILL')
    await until(() => !isAlive(child))
  })

  test('a busy port is an error that names it and the option, with exit code 1 and no stack', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    cleanup(() => other.close())
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const started = start(['--port', String(port), '--port-option', '--relay-port'])
    expect(await started.exited).toBe(1)
    expect(started.stdout()).toBe('')
    // The server that starts it says so, in its own words.
    expect(started.stderr()).not.toContain('is taken')
    const message = `Port ${port} on 127.0.0.1 is taken: choose another with --relay-port N`
    expect(started.messages).toEqual([
      { type: 'failed', code: 'PORT_IN_USE', message: expect.stringContaining(message) },
    ])
    const alone = start(['--port', String(port)])
    expect(await alone.exited).toBe(1)
    expect(alone.stderr()).toContain(`Port ${port} on 127.0.0.1 is taken: choose another with --port N`)
    expect(alone.stderr()).not.toContain('    at ')
  })

  test.each([
    [['--host', '0.0.0.0', '--allow-host', 'x'], '--insecure-no-tls'],
    [['--port', '99999'], '0 to 65535'],
    [['--public-url', 'x'], 'https://name'],
    [['--nonsense'], 'unknown option'],
    [['--no-auth', '--host', '0.0.0.0', '--insecure-no-tls'], 'loopback only'],
    [['--tls-cert', '/nowhere/c.pem', '--tls-key', '/nowhere/k.pem'], '/nowhere/c.pem cannot be read (ENOENT)'],
    [['--token-file', '/nowhere/token'], 'token file /nowhere/token cannot be read (ENOENT)'],
    [['--host', '192.0.2.1', '--insecure-no-tls'], 'EADDRNOTAVAIL'],
  ])('%j is refused with exit code 1', async (more, message) => {
    const started = start(more)
    expect(await started.exited).toBe(1)
    expect(started.stderr()).toContain(message)
    expect(started.stderr()).not.toContain('    at ')
  })

  test('--help explains each option, and exits with 0', async () => {
    const started = start(['--help'])
    expect(await started.exited).toBe(0)
    for (const option of [
      '--host',
      '--port',
      '--token-file',
      '--no-auth',
      '--allow-host',
      '--public-url',
      '--tls-cert',
      '--tls-key',
      '--insecure-no-tls',
      '--project',
      '--claude-flow',
      '--child',
      '--allow-tools',
      '--deny-tools',
      '--read-only',
      '--request-timeout',
      '--max-request-timeout',
      '--ping-interval',
      '--pong-timeout',
      '--max-clients',
      '--max-message-bytes',
      '--rate-limit',
      '--data-dir',
      '--log-file',
    ]) {
      expect(started.stdout()).toMatch(new RegExp(`^ {2}${option}`, 'm'))
    }
    expect(started.stdout()).not.toContain('stdin')
  })

  test('status asks the one that runs, by its exit code too, and refuses what it does not know with 2', async () => {
    const log = join(temporaryFolder(), 'relay.log')
    const started = start(['--log-file', log])
    const port = new URL(await ready(started)).port
    const status = (...more: string[]) => {
      const options = { env: { PATH: process.env.PATH, HOME: started.dataDir }, encoding: 'utf8' } as const
      return spawnSync(process.execPath, [MAIN, 'status', '--port', port, ...more], options)
    }
    await until(() => started.stderr().includes('claude-flow is up'))
    const asked = status('--data-dir', started.dataDir)
    expect(asked.stderr).toBe('')
    expect(asked.status).toBe(0)
    expect(asked.stdout).toMatch(new RegExp(`^Relay {8}healthy: .* pid ${started.process.pid}, `))
    expect(asked.stdout).toContain('INFO claude-flow is up')
    expect(asked.stdout).not.toContain(tokenIn(started.dataDir))
    expect(status('--nonsense').status).toBe(2)
    expect(status('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('2 down or not reached') })
    started.process.kill('SIGINT')
    await started.exited
    expect(status().status).toBe(2)
  })

  test('writes its log also where it is told to', async () => {
    const log = join(temporaryFolder(), 'relay.log')
    const started = start(['--log-file', log])
    await ready(started)
    await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('claude-flow is up'))
    expect(readFileSync(log, 'utf8')).not.toContain(tokenIn(started.dataDir))
  })
})
