import { readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  ConfigError,
  createCommand,
  localPortOf,
  logFileOf,
  type Options,
  readConfig,
  runFileOf,
} from '../../server/config.ts'
import { certificate } from '../helpers/certificate.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder('config')
})
afterEach(() => {
  vi.restoreAllMocks()
  folder.remove()
})

const read = (args: string[] = [], env: NodeJS.ProcessEnv = {}) => readConfig(['--data-dir', folder.path, ...args], env)
const problem = (args: string[], env: NodeJS.ProcessEnv = {}): string => {
  try {
    read(args, env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
  }
  throw new Error('it was taken')
}

describe('the command line', () => {
  test('has its defaults', () => {
    expect(read()).toMatchObject({
      project: process.cwd(),
      host: '127.0.0.1',
      port: 8080,
      open: false,
      allowHosts: [],
      publicUrls: [],
      dataDir: folder.path,
      world: { type: 'local', relayPort: 3000, claudeFlow: undefined },
    })
  })

  test('names everything', () => {
    const config = read([
      ...['--project', '/srv/shop', '--host', '::1', '--port', '81', '--relay-port', '82', '--seed', '7', '--open'],
      ...['--claude-flow', 'npx ruflo mcp start', '--allow-host', 'swarm.lan', '--allow-host', 'tv.lan'],
      ...['--public-url', 'https://a.example', '--public-url', 'http://b.example:81/'],
    ])
    expect(config).toMatchObject({
      project: '/srv/shop',
      host: '::1',
      port: 81,
      seed: 7,
      open: true,
      allowHosts: ['swarm.lan', 'tv.lan'],
      publicUrls: ['https://a.example', 'http://b.example:81/'],
      world: { type: 'local', relayPort: 82, claudeFlow: 'npx ruflo mcp start' },
    })
  })

  test('contents are shown, and a budget watched, only if asked for', () => {
    expect(read()).toMatchObject({ showContent: false, budgetUsd: null })
    expect(read(['--show-content', '--budget-usd', '12.5'])).toMatchObject({ showContent: true, budgetUsd: 12.5 })
  })

  test('under npm the current folder is where npm was called, for every path', () => {
    const config = readConfig(['--data-dir', 'data'], { INIT_CWD: folder.path })
    expect(config.project).toBe(folder.path)
    expect(config.dataDir).toBe(join(folder.path, 'data'))
    expect(read(['--project', 'shop'], { INIT_CWD: '/srv' }).project).toBe(resolve('/srv/shop'))
  })

  test('an address in brackets is the address', () => {
    expect(read(['--host', '[::1]']).host).toBe('::1')
  })

  test.each([
    [['--demo'], 12],
    [['--demo', '40'], 40],
    [['--demo', '--seed', '3'], 12],
  ])('%j is a demo of %i agents, whatever relay is set', (args, agents) => {
    expect(read(args, { CLAUDE_FLOW_HOST: 'powerdev' }).world).toEqual({ type: 'demo', agents })
  })

  test('--help explains each option and each variable', () => {
    let help = ''
    const command = createCommand().configureOutput({ writeOut: (text) => (help += text) })
    command.exitOverride()
    expect(() => command.parse(['--help'], { from: 'user' })).toThrow()
    for (const word of [
      ...['--project', '--host', '--port', '--relay-port', '--claude-flow', '--demo', '--seed', '--open', '--data-dir'],
      ...[
        '--allow-host',
        '--public-url',
        'CLAUDE_FLOW_HOST',
        'CLAUDE_FLOW_PORT',
        'CLAUDE_FLOW_COMMAND',
        'CLAUDE_FLOW_URL',
      ],
      'CLAUDE_FLOW_CA',
      ...['SWARMSCOPE_TOKEN', 'SWARMSCOPE_VIEWER_TOKEN', 'SWARMSCOPE_INGEST_TOKEN', 'SWARMSCOPE_RELAY_TOKEN'],
    ]) {
      expect(help).toContain(word)
    }
  })

  test.each([
    [['--port', '80a'], 'A port is a whole number from 0 to 65535'],
    [['--port', '65536'], 'A port is a whole number'],
    [['--port', '-1'], 'A port is a whole number'],
    [['--relay-port', '1e3'], 'A port is a whole number'],
    [['--demo', '0'], 'demo agents is a whole number from 1 to'],
    [['--demo', '99999999'], 'demo agents is a whole number'],
    [['--seed', '4294967296'], 'A seed is a whole number'],
    [['--prot', '1'], "unknown option '--prot'"],
    [['somewhere'], 'too many arguments'],
  ])('%j ends with exit code 1 and says what is wrong', (args, message) => {
    let said = ''
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += String(text)
      return true
    })
    const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exit ${code}`)
    })
    expect(() => read(args)).toThrow('exit 1')
    expect(exit).toHaveBeenCalledWith(1)
    expect(said).toContain(message)
  })
})

describe('a relay elsewhere', () => {
  test.each([
    [{ CLAUDE_FLOW_HOST: 'powerdev' }, 'powerdev', 3000],
    [{ CLAUDE_FLOW_HOST: 'powerdev', CLAUDE_FLOW_PORT: '3333' }, 'powerdev', 3333],
    [{ CLAUDE_FLOW_PORT: '3333' }, '127.0.0.1', 3333],
    [{ CLAUDE_FLOW_HOST: ' 10.0.0.5 ' }, '10.0.0.5', 3000],
    [{ CLAUDE_FLOW_HOST: 'fe80::1' }, 'fe80::1', 3000],
    [{ CLAUDE_FLOW_HOST: '[::1]' }, '[::1]', 3000],
  ])('%j is connected to', (env, host, port) => {
    expect(read([], env).world).toEqual({ type: 'remote', host, port })
  })

  test.each([
    [['--no-claude-flow'], {}, 'no-claude-flow'],
    [[], { CLAUDE_FLOW_OFF: '1' }, 'no-claude-flow'],
    [[], { CLAUDE_FLOW_OFF: 'true', CLAUDE_FLOW_HOST: 'powerdev' }, 'no-claude-flow'],
    [['--no-claude-flow'], { CLAUDE_FLOW_URL: 'ws://powerdev:3000' }, 'no-claude-flow'],
    [['--claude-flow', 'npx ruflo mcp start'], { CLAUDE_FLOW_OFF: '1' }, 'local'],
    [['--no-claude-flow', '--demo'], {}, 'demo'],
    [[], { CLAUDE_FLOW_OFF: '0' }, 'local'],
    [[], { CLAUDE_FLOW_OFF: '' }, 'local'],
  ])('%j with %j is %s: what is typed comes before what is exported', (args, env, type) => {
    expect(read(args, env).world.type).toBe(type)
  })

  test('a switch that is neither on nor off is told', () => {
    expect(problem([], { CLAUDE_FLOW_OFF: 'maybe' })).toBe('CLAUDE_FLOW_OFF is 1 or 0: maybe')
  })

  test.each([{}, { CLAUDE_FLOW_HOST: '', CLAUDE_FLOW_PORT: ' ' }])('%j is none', (env) => {
    expect(read([], env).world.type).toBe('local')
  })

  test.each([
    [{ CLAUDE_FLOW_HOST: 'ws://powerdev' }, 'without scheme and port'],
    [{ CLAUDE_FLOW_HOST: 'powerdev:3000' }, 'without scheme and port'],
    [{ CLAUDE_FLOW_HOST: 'power dev' }, 'without scheme and port'],
    [{ CLAUDE_FLOW_HOST: 'a/b' }, 'without scheme and port'],
    [{ CLAUDE_FLOW_HOST: 'powerdev', CLAUDE_FLOW_PORT: '0' }, 'CLAUDE_FLOW_PORT is a port from 1 to 65535: 0'],
    [{ CLAUDE_FLOW_PORT: 'abc' }, 'CLAUDE_FLOW_PORT is a port from 1 to 65535: abc'],
    [{ CLAUDE_FLOW_PORT: '70000' }, 'CLAUDE_FLOW_PORT is a port'],
  ])('%j says what is wrong', (env, message) => {
    expect(problem([], env)).toContain(message)
  })

  test.each([
    ['ws://powerdev:3000', { host: 'powerdev', port: 3000 }],
    ['ws://powerdev:3000/ws', { host: 'powerdev', port: 3000 }],
    ['wss://powerdev:3443/', { host: 'powerdev', port: 3443, tls: {} }],
    ['wss://relay.example/swarm/ws', { host: 'relay.example', port: 443, path: '/swarm/ws', tls: {} }],
    ['ws://relay.example', { host: 'relay.example', port: 80 }],
    [' WSS://[::1]:3000 ', { host: '[::1]', port: 3000, tls: {} }],
  ])('CLAUDE_FLOW_URL=%s comes before host and port', (url, address) => {
    const { world } = read([], { CLAUDE_FLOW_URL: url, CLAUDE_FLOW_HOST: 'elsewhere', CLAUDE_FLOW_PORT: '1' })
    expect(world).toEqual({ type: 'remote', ...address })
  })

  test.each([
    ['http://powerdev:3000', 'it begins with ws:// or wss://'],
    ['powerdev:3000', 'it begins with ws:// or wss://'],
    ['powerdev', 'it is not a URL'],
    ['wss://', 'it is not a URL'],
    ['wss://me:secret@powerdev:3000', 'SWARMSCOPE_RELAY_TOKEN'],
    ['wss://powerdev:3000/?token=secret', 'nothing behind the path'],
    ['wss://powerdev:99999', 'it is not a URL'],
  ])('CLAUDE_FLOW_URL=%s is refused, and its secrets are not repeated', (url, message) => {
    const said = problem([], { CLAUDE_FLOW_URL: url })
    expect(said).toMatch(/^CLAUDE_FLOW_URL: /)
    expect(said).toContain(message)
    expect(said).not.toContain('secret')
  })

  test('CLAUDE_FLOW_CA is read at the start, relative to where we were called', async () => {
    const { cert } = await certificate({ names: ['powerdev'] })
    writeFileSync(join(folder.path, 'relay.pem'), cert)
    const env = { CLAUDE_FLOW_URL: 'wss://powerdev:3000', CLAUDE_FLOW_CA: 'relay.pem', INIT_CWD: folder.path }
    expect(read([], env).world).toEqual({ type: 'remote', host: 'powerdev', port: 3000, tls: { ca: cert } })
  })

  test.each([
    [{ CLAUDE_FLOW_URL: 'wss://powerdev', CLAUDE_FLOW_CA: '/nowhere/relay.pem' }, '/nowhere/relay.pem cannot be read'],
    [{ CLAUDE_FLOW_URL: 'wss://powerdev', CLAUDE_FLOW_CA: 'package.json' }, 'package.json cannot be read'],
    [{ CLAUDE_FLOW_URL: 'ws://powerdev', CLAUDE_FLOW_CA: 'relay.pem' }, 'CLAUDE_FLOW_URL begins with wss://'],
    [{ CLAUDE_FLOW_HOST: 'powerdev', CLAUDE_FLOW_CA: 'relay.pem' }, 'set CLAUDE_FLOW_URL=wss://HOST:PORT'],
    [{ CLAUDE_FLOW_CA: 'relay.pem' }, 'set CLAUDE_FLOW_URL=wss://HOST:PORT'],
  ])('%j says what is wrong with the certificate', (env, message) => {
    expect(problem([], env)).toContain(message)
  })

  test('has a folder of its own, and so has each project', () => {
    const dirs = [
      read().projectDir,
      read(['--project', '/srv/shop']).projectDir,
      read([], { CLAUDE_FLOW_HOST: 'powerdev' }).projectDir,
      read([], { CLAUDE_FLOW_HOST: 'powerdev', CLAUDE_FLOW_PORT: '3001' }).projectDir,
      read([], { CLAUDE_FLOW_URL: 'wss://powerdev:3000' }).projectDir,
    ]
    expect(new Set(dirs).size).toBe(5)
    expect(read([], { CLAUDE_FLOW_URL: 'ws://powerdev:3000' }).projectDir).toBe(dirs[2])
    const config = read()
    expect(logFileOf(config)).toBe(join(config.projectDir, 'server.log'))
    expect(runFileOf(config)).toBe(join(config.projectDir, 'run.json'))
  })
})

describe("claude-flow's command", () => {
  test.each([
    [[], { CLAUDE_FLOW_COMMAND: 'npx ruflo mcp start' }, 'npx ruflo mcp start'],
    [['--claude-flow', 'mine'], { CLAUDE_FLOW_COMMAND: 'npx ruflo mcp start' }, 'mine'],
    [[], { CLAUDE_FLOW_COMMAND: ' ' }, undefined],
  ])('%j with %j is %j', (args, env, claudeFlow) => {
    expect(read(args, env).world).toMatchObject({ claudeFlow })
  })
})

describe('who else may come', () => {
  test.each(['0.0.0.0', '::', '192.168.1.5', 'powerdev'])(
    '--host %s needs --public-url, then TLS or an open eye',
    (host) => {
      expect(problem(['--host', host])).toContain('add --public-url URL')
      expect(problem(['--host', host, '--public-url', 'https://swarm.example'])).toContain('--insecure-no-tls')
      const config = read(['--host', host, '--public-url', 'https://swarm.example', '--insecure-no-tls'])
      expect(config.host).toBe(host)
    },
  )

  test('A9 with TLS no name has to be said, and all of this machine is listened on', () => {
    expect(read(['--tls', 'self-signed'])).toMatchObject({
      host: '0.0.0.0',
      tls: { type: 'self-signed' },
      plainPort: null,
    })
    expect(read(['--tls', 'self-signed', '--host', '127.0.0.1']).host).toBe('127.0.0.1')
    const files = { INIT_CWD: '/srv' }
    expect(read(['--tls-cert', 'c.pem', '--tls-key', '/k.pem', '--host', '192.168.1.5'], files)).toMatchObject({
      host: '192.168.1.5',
      tls: { type: 'files', cert: '/srv/c.pem', key: '/k.pem' },
    })
    expect(read()).toMatchObject({ host: '127.0.0.1', tls: null })
  })

  test.each([
    [['--tls-cert', 'c.pem'], '--tls-cert needs --tls-key too'],
    [['--tls-key', 'k.pem'], '--tls-key needs --tls-cert too'],
    [['--tls', 'self-signed', '--tls-cert', 'c.pem', '--tls-key', 'k.pem'], 'leave out --tls-cert and --tls-key'],
    [['--plain-port', '8081'], '--plain-port is the second port beside TLS'],
    [['--tls', 'self-signed', '--port', '65535'], '--plain-port N'],
    [['--tls', 'self-signed', '--plain-port', '8080'], '--plain-port is another one than --port'],
  ])('%j is refused', (args, message) => {
    expect(problem(args)).toContain(message)
  })

  test.each([
    [['--tls', 'self-signed'], 8081],
    [['--tls-cert', 'c', '--tls-key', 'k', '--port', '9000'], 9001],
    [['--tls', 'self-signed', '--plain-port', '7000'], 7000],
    [['--tls', 'self-signed', '--port', '0'], 0],
    [[], 8080],
  ])('with %j programs on this machine speak plain HTTP to port %i', (args, port) => {
    expect(localPortOf(createCommand().parse(args, { from: 'user' }).opts<Options>())).toBe(port)
  })

  test.each([
    [[], null],
    [['--qr'], 'viewer'],
    [['--qr', 'operator'], 'operator'],
  ])('A10 %j shows the QR code of %s', (args, qr) => {
    expect(read(args).qr).toBe(qr)
  })

  test('what is refused leaves nothing behind', () => {
    problem(['--host', '0.0.0.0'])
    expect(readdirSync(folder.path)).toEqual([])
  })

  test.each(['127.0.0.1', '127.0.0.2', 'localhost', '::1'])('--host %s needs neither', (host) => {
    expect(read(['--host', host]).host).toBe(host)
  })

  test.each([
    'swarm.example',
    'ftp://swarm.example',
    'https://swarm.example/path',
    'https://user:pw@swarm.example',
    'https://',
    'https://a b',
  ])('--public-url %s is refused', (url) => {
    expect(problem(['--public-url', url])).toContain('--public-url takes https://name[:port]')
  })

  test.each(['http://swarm.lan', 'swarm.lan:80', 'swarm/lan', 'a b', ''])('--allow-host %j is refused', (name) => {
    expect(problem(['--allow-host', name])).toContain('--allow-host takes a host name')
  })
})

describe('tokens', () => {
  test('are made at the first start, that for hooks too, and are the same at the next', () => {
    const { tokens } = read()
    expect(new Set(Object.values(tokens)).size).toBe(4)
    expect(readdirSync(folder.path).sort()).toEqual([
      'ingest.token',
      'operator.token',
      'projects',
      'relay.token',
      'viewer.token',
    ])
    expect(read().tokens).toEqual(tokens)
  })

  test('come from the environment where they are set', () => {
    const { tokens } = read([], { SWARMSCOPE_TOKEN: 'operator-from-env', SWARMSCOPE_RELAY_TOKEN: 'relay-from-env' })
    expect(tokens).toMatchObject({ operator: 'operator-from-env', relay: 'relay-from-env' })
    expect(readdirSync(folder.path)).not.toContain('operator.token')
  })
})
