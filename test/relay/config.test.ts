import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, readCommand, resolveCommand } from '../../relay/config.ts'
import { relayProgram } from '../../relay/options.ts'
import { readSourceId } from '../../relay/sourceId.ts'
import { put, temporaryFolder } from '../helpers/relayFiles.ts'

function read(argv: string[], env: NodeJS.ProcessEnv = {}, cwd = '/') {
  const command = readCommand(argv, { env, cwd })
  if (command.name !== 'serve') throw new Error(`not to serve: ${command.name}`)
  return command.config
}

function program(root: string, file: string): string {
  put(root, file, '#!/bin/sh\n')
  chmodSync(join(root, file), 0o755)
  return join(root, file)
}

describe('the command line', () => {
  test('has defaults for everything', () => {
    expect(read([], {}, '/nowhere')).toEqual({
      host: '127.0.0.1',
      port: 3000,
      portOption: '--port',
      project: '/nowhere',
      dataDir: undefined,
      logFile: undefined,
      tokenFile: undefined,
      asksForToken: true,
      tls: undefined,
      command: null,
      childStart: undefined,
      tools: { allow: [], deny: [], readOnly: false },
      limits: {},
      allowHosts: [],
      publicUrls: [],
      endWithStdin: false,
    })
  })

  test('takes every option, names and URLs repeatedly', () => {
    const argv =
      '--host 0.0.0.0 --port 0 --project p --log-file l --data-dir d --claude-flow cf --allow-host a --allow-host b ' +
      '--public-url https://x.example --insecure-no-tls --end-with-stdin --port-option --relay-port --token-file t ' +
      '--tls-cert c.pem --tls-key /k.pem --child lazy --allow-tools agent_* --allow-tools x --deny-tools *_terminate ' +
      '--read-only --ping-interval 2.5 --pong-timeout 1 --request-timeout 30 --max-request-timeout 40 ' +
      '--max-clients 7 --rate-limit 10/20 --max-message-bytes 4096'
    expect(read(argv.split(' '), {}, '/base')).toEqual({
      host: '0.0.0.0',
      port: 0,
      portOption: '--relay-port',
      project: '/base/p',
      dataDir: '/base/d',
      logFile: '/base/l',
      tokenFile: '/base/t',
      asksForToken: true,
      tls: { cert: '/base/c.pem', key: '/k.pem' },
      command: { file: 'cf', args: [] },
      childStart: 'lazy',
      tools: { allow: ['agent_*', 'x'], deny: ['*_terminate'], readOnly: true },
      limits: {
        pingIntervalMs: 2_500,
        pongTimeoutMs: 1_000,
        requestTimeoutMs: 30_000,
        maxRequestTimeoutMs: 40_000,
        maxClients: 7,
        rateLimit: { perSecond: 10, burst: 20 },
        maxMessageBytes: 4_096,
      },
      allowHosts: ['a', 'b'],
      publicUrls: ['https://x.example'],
      endWithStdin: true,
    })
  })

  test('under npm the project is where npm was called', () => {
    expect(read([], { INIT_CWD: '/called/here' }, '/package').project).toBe('/called/here')
  })

  test.each([
    [['--host', '0.0.0.0'], /--insecure-no-tls/],
    [['--host', '::', '--allow-host', 'x'], /--insecure-no-tls/],
    [['--host', '192.168.1.5', '--public-url', 'https://x.example'], /--insecure-no-tls/],
    [['--claude-flow', ' '], /holds no command/],
    [['--tls-cert', 'c.pem'], /go together/],
    [['--tls-key', 'k.pem'], /go together/],
    [['--no-auth', '--host', '0.0.0.0', '--insecure-no-tls'], /loopback only/],
    [['--no-auth', '--host', '0.0.0.0', '--tls-cert', 'c', '--tls-key', 'k'], /loopback only/],
    [['--no-auth', '--allow-host', 'x'], /neither/],
    [['--no-auth', '--public-url', 'https://x.example'], /neither/],
    [['--no-auth', '--token-file', 't'], /contradict/],
    [['--request-timeout', '60', '--max-request-timeout', '59'], /longer than/],
  ])('%j is refused in words', (argv, message) => {
    expect(() => read(argv)).toThrow(ConfigError)
    expect(() => read(argv)).toThrow(message)
  })

  test.each([['127.0.0.1'], ['localhost'], ['::1'], ['127.8.8.8']])('%s needs nothing more', (host) => {
    expect(read(['--host', host])).toMatchObject({ host, limits: {} })
    expect(read(['--host', host, '--no-auth']).asksForToken).toBe(false)
  })

  test('another address needs TLS, or the word that there is none, and has a rate limit', () => {
    const tls = ['--tls-cert', 'c', '--tls-key', 'k']
    expect(read(['--host', '0.0.0.0', ...tls])).toMatchObject({
      tls: { cert: '/c', key: '/k' },
      limits: { rateLimit: { perSecond: 200, burst: 1_000 } },
    })
    expect(read(['--host', '0.0.0.0', ...tls, '--rate-limit', 'off']).limits).toEqual({ rateLimit: null })
    expect(read(['--host', '0.0.0.0', '--insecure-no-tls', '--rate-limit', '3']).limits).toEqual({
      rateLimit: { perSecond: 3, burst: 15 },
    })
  })

  test('one time-out alone moves the other only as far as it must', () => {
    expect(read(['--request-timeout', '5000']).limits).toEqual({
      requestTimeoutMs: 5_000_000,
      maxRequestTimeoutMs: 5_000_000,
    })
    expect(read(['--request-timeout', '5']).limits).toEqual({ requestTimeoutMs: 5_000, maxRequestTimeoutMs: 3_600_000 })
    expect(read(['--max-request-timeout', '5']).limits).toEqual({ requestTimeoutMs: 5_000, maxRequestTimeoutMs: 5_000 })
  })
})

describe('the command status', () => {
  const status = (...argv: string[]) => readCommand(['status', ...argv], { env: { INIT_CWD: '/base' }, cwd: '/' })

  test('has defaults for everything, and options of its own', () => {
    const rest = { dataDir: undefined, tokenFile: undefined, tls: undefined, json: false }
    expect(status()).toEqual({ name: 'status', config: { host: '127.0.0.1', port: 3000, ...rest } })
    const argv = '--host powerdev --port 4000 --data-dir d --token-file t --tls-ca ca.pem --json'
    expect(status(...argv.split(' '))).toEqual({
      name: 'status',
      config: {
        host: 'powerdev',
        port: 4000,
        dataDir: '/base/d',
        tokenFile: '/base/t',
        tls: { ca: '/base/ca.pem' },
        json: true,
      },
    })
    expect(status('--tls')).toMatchObject({ config: { tls: { ca: undefined } } })
  })
})

describe('a value out of bounds', () => {
  const refused = (...argv: string[]) => {
    const program = relayProgram()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
    return () => program.parse(argv, { from: 'user' })
  }

  test.each([
    ['--port', '65536'],
    ['--port', '-1'],
    ['--ping-interval', '0'],
    ['--ping-interval', '1e3'],
    ['--pong-timeout', '-2'],
    ['--pong-timeout', 'soon'],
    ['--request-timeout', '86401'],
    ['--max-request-timeout', ''],
    ['--max-clients', '0'],
    ['--max-clients', '2.5'],
    ['--max-message-bytes', '100'],
    ['--max-message-bytes', '99999999'],
    ['--rate-limit', '0'],
    ['--rate-limit', '5/0'],
    ['--rate-limit', '5/'],
    ['--rate-limit', '9999999'],
    ['--rate-limit', 'on'],
    ['--child', 'sometimes'],
    ['--allow-tools', ''],
    ['--deny-tools', 'two words'],
    ['--deny-tools', '(a+)+$'],
    ['--public-url', 'x.example'],
  ])('%s %j is refused by name', (option, value) => {
    expect(refused(option, value)).toThrow(option)
  })
})

describe('the claude-flow command', () => {
  test('that is given is split like a shell’s words and used as it stands', () => {
    const given = `node "/a b/cf.mjs" --x='1 2' "" ; rm -rf $HOME \`id\``
    expect(read(['--claude-flow', given]).command).toEqual({
      file: 'node',
      args: ['/a b/cf.mjs', '--x=1 2', '', ';', 'rm', '-rf', '$HOME', '`id`'],
    })
  })

  test('may come from the environment; the option wins, and an empty variable is none', () => {
    expect(read([], { CLAUDE_FLOW_COMMAND: 'a b' }).command).toEqual({ file: 'a', args: ['b'] })
    expect(read(['--claude-flow', 'c'], { CLAUDE_FLOW_COMMAND: 'a b' }).command).toEqual({ file: 'c', args: [] })
    expect(read([], { CLAUDE_FLOW_COMMAND: '' }).command).toBeNull()
  })

  test('is the project’s own, else claude-flow, else ruflo on PATH', () => {
    const project = temporaryFolder()
    const bin = temporaryFolder()
    const path = `relative:/does/not/exist:${bin}`
    expect(resolveCommand(undefined, project, path)).toBeNull()
    put(bin, 'claude-flow', 'cannot be run')
    const ruflo = program(bin, 'ruflo')
    expect(resolveCommand(undefined, project, path)).toEqual({ file: ruflo, args: ['mcp', 'start'] })
    const onPath = program(bin, 'claude-flow')
    expect(resolveCommand(undefined, project, path)).toEqual({ file: onPath, args: ['mcp', 'start'] })
    const own = program(project, 'node_modules/.bin/claude-flow')
    expect(resolveCommand(undefined, project, path)).toEqual({ file: own, args: ['mcp', 'start'] })
  })
})

describe('the relay’s name', () => {
  test('stays for this machine and project, and is another elsewhere', () => {
    const dataDir = temporaryFolder()
    const here = { dataDir, root: '/project', host: 'laptop' }
    const sourceId = readSourceId(here)
    expect(sourceId).toMatch(/^cf_[a-z2-7]{12}$/)
    expect(readSourceId(here)).toBe(sourceId)
    expect(readSourceId({ ...here, root: '/other' })).not.toBe(sourceId)
    const elsewhere = readSourceId({ ...here, host: 'copy' })
    expect(elsewhere).not.toBe(sourceId)
    expect(readSourceId({ ...here, host: 'copy' })).toBe(elsewhere)
  })

  test('is made anew when what is stored is broken, or of another project', () => {
    const dataDir = temporaryFolder()
    const here = { dataDir, root: '/project', host: 'laptop' }
    const sourceId = readSourceId(here)
    const projects = join(dataDir, 'projects')
    const file = join(projects, readdirSync(projects)[0] ?? '', 'source.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(file, readFileSync(file, 'utf8').replace('/project', '/moved'))
    const second = readSourceId(here)
    writeFileSync(file, '{"sourceId": "cf_')
    const third = readSourceId(here)
    expect(new Set([sourceId, second, third]).size).toBe(3)
  })
})
