import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig, resolveCommand } from '../../relay/config.ts'
import { readSourceId } from '../../relay/sourceId.ts'
import { put, temporaryFolder } from '../helpers/relayFiles.ts'

const read = (argv: string[], env: NodeJS.ProcessEnv = {}, cwd = '/') => readConfig(argv, { env, cwd })

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
      command: null,
      allowHosts: [],
      publicUrls: [],
      endWithStdin: false,
    })
  })

  test('takes every option, names and URLs repeatedly', () => {
    const argv =
      '--host 0.0.0.0 --port 0 --project p --log-file l --data-dir d --claude-flow cf --allow-host a --allow-host b ' +
      '--public-url https://x.example --insecure-no-tls --end-with-stdin --port-option --relay-port'
    expect(read(argv.split(' '), {}, '/base')).toEqual({
      host: '0.0.0.0',
      port: 0,
      portOption: '--relay-port',
      project: '/base/p',
      dataDir: '/base/d',
      logFile: '/base/l',
      command: { file: 'cf', args: [] },
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
  ])('%j is refused in words', (argv, message) => {
    expect(() => read(argv)).toThrow(ConfigError)
    expect(() => read(argv)).toThrow(message)
  })

  test.each([['127.0.0.1'], ['localhost'], ['::1'], ['127.8.8.8']])('%s needs nothing more', (host) => {
    expect(read(['--host', host]).host).toBe(host)
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
