// The built command, as its users run it; `claude` is a stand-in that keeps servers in a file as the real one does.

import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ROOT, temporaryFolder } from '../helpers/swarmscope.ts'

const CLAUDE = `#!/usr/bin/env node
const fs = require('node:fs')
const file = process.env.CLAUDE_SERVERS
const servers = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {}
const [, verb, ...rest] = process.argv.slice(2)
const name = rest.filter((word, at) => word !== '--scope' && rest[at - 1] !== '--scope')[0]
const end = (text, code = 0) => { console.log(text); process.exit(code) }
if (verb === 'get') servers[name] ? end('Scope: Local config\\nURL: ' + servers[name].url) : end('No MCP server found', 1)
if (verb === 'add-json') { if (servers[name]) end('MCP server ' + name + ' already exists in local config', 1); servers[name] = JSON.parse(rest.at(-1)) }
if (verb === 'remove') { if (!servers[name]) end('No such server', 1); delete servers[name] }
fs.writeFileSync(file, JSON.stringify(servers))
end('done')
`

let root: string
let remove: () => void
let servers: string

beforeEach(() => {
  const folder = temporaryFolder('connect-command')
  root = folder.path
  remove = folder.remove
  servers = join(root, 'servers.json')
  for (const name of ['project', 'bin', 'home']) mkdirSync(join(root, name))
  writeFileSync(join(root, 'bin/claude'), CLAUDE)
  chmodSync(join(root, 'bin/claude'), 0o755)
})
afterEach(() => remove())

const settings = () => join(root, 'project/.claude/settings.local.json')

function commandOf(...args: string[]): [file: string, args: string[], options: { env: NodeJS.ProcessEnv }] {
  const main = join(ROOT, 'dist/node/server/main.js')
  const all = [main, 'connect', '--project', join(root, 'project'), '--data-dir', join(root, 'data'), ...args]
  // Whatever this machine's user ignores everywhere.
  const env = {
    GIT_CONFIG_GLOBAL: '/dev/null',
    PATH: `${join(root, 'bin')}:${process.env.PATH}`,
    HOME: join(root, 'home'),
    CLAUDE_SERVERS: servers,
  }
  return [process.execPath, all, { env }]
}

function connect(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(...commandOf(...args), (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr })
    })
  })
}

test('connect shows what it writes without the token, writes it, and takes it back', async () => {
  const dry = await connect('--dry-run')
  expect(dry).toMatchObject({ code: 0 })
  expect(dry.output).toContain('http://localhost:8080/api/v1/ingest/claude-code/hooks')
  expect(existsSync(settings()) || existsSync(join(root, 'data'))).toBe(false)
  const done = await connect('--port', '9000')
  const token = readFileSync(join(root, 'data/ingest.token'), 'utf8').trim()
  expect(readFileSync(settings(), 'utf8')).toContain(token)
  expect(readFileSync(settings(), 'utf8')).toContain('http://localhost:9000')
  expect(done.output).not.toContain(token)
  expect(done.output).toContain('npm start')
  expect((await connect('--port', '9000')).output).toContain('already')
  await connect('--remove')
  expect(existsSync(settings())).toBe(false)
  expect(await connect('--remove')).toMatchObject({ code: 0 })
})

test('it sums up first what it does, and each command that it tells is the one for this very user', async () => {
  const { output } = await connect('--port', '9000')
  const [head, hooks, variables] = output.split('\n')
  expect(head).toBe(`Makes ${settings()}`)
  expect(hooks).toMatch(/^ {2}\+ 21 hooks: SessionStart, /)
  expect(variables).toMatch(/^ {2}\+ 13 variables: SWARMSCOPE_INGEST_TOKEN, /)
  const place = `--project ${join(root, 'project')} --port 9000 --data-dir ${join(root, 'data')}`
  expect(output).toContain(`To take it back: npm start -- connect ${place} --remove`)
  expect(output).toContain(`Start it: npm start -- ${place}`)
})

test('where git would keep the file a dry run shows what would be written, and then that it would refuse, and why', async () => {
  execFileSync('git', ['init', '-q', join(root, 'project')])
  const dry = await connect('--dry-run')
  expect(dry.code).toBe(1)
  expect(dry.output).toMatch(/^Would make /)
  expect(dry.output).toContain('+++ b/.claude/settings.local.json')
  expect(dry.output).toMatch(
    /Nothing was written \(--dry-run\), and nothing would be: git does not ignore .*\.gitignore\n$/,
  )
  const real = await connect()
  expect([real.code, real.output.split('\n').length]).toEqual([1, 2])
  expect(existsSync(join(root, 'project/.claude'))).toBe(false)
})

test('the address is that of the host which the server will listen on', async () => {
  await connect('--host', '127.0.0.2', '--port', '9000')
  expect(readFileSync(settings(), 'utf8')).toContain('http://127.0.0.2:9000/api')
})

test('connect does all that it was asked for, also if nobody reads on', async () => {
  await new Promise<void>((resolve, reject) => {
    const child = execFile(...commandOf('--mcp'), (error) => (error ? reject(error) : resolve()))
    child.stdout?.destroy()
  })
  expect(existsSync(settings()) && existsSync(servers)).toBe(true)
})

test("--mcp gives claude-flow's relay to Claude Code, and no settings hold the relay's token", async () => {
  const relayPort = ['--relay-port', '3456']
  expect((await connect('--mcp', '--dry-run', ...relayPort)).output).toContain('claude mcp add-json --scope local')
  expect(existsSync(servers)).toBe(false)
  expect(await connect('--mcp', ...relayPort)).toMatchObject({ code: 0 })
  const token = readFileSync(join(root, 'data/relay.token'), 'utf8').trim()
  expect(readFileSync(servers, 'utf8') + readFileSync(settings(), 'utf8')).not.toContain(token)
  const { headersHelper, url } =
    (JSON.parse(readFileSync(servers, 'utf8')) as Record<string, Record<string, string>>)['claude-flow'] ?? {}
  expect(url).toBe('http://localhost:3456/mcp')
  const headers = await new Promise<string>((resolve, reject) =>
    execFile('sh', ['-c', headersHelper ?? ''], (error, stdout) => (error ? reject(error) : resolve(stdout))),
  )
  expect(JSON.parse(headers)).toEqual({ Authorization: `Bearer ${token}` })
  expect((await connect('--mcp', ...relayPort)).code).toBe(0)
  await connect('--mcp', '--remove', ...relayPort)
  expect(readFileSync(servers, 'utf8')).toBe('{}')
})

test('a relay that got another port is given to Claude Code anew, and taken from it whatever its port is then', async () => {
  const url = () => (JSON.parse(readFileSync(servers, 'utf8')) as Record<string, { url: string }>)['claude-flow']?.url
  await connect('--mcp', '--relay-port', '3456')
  expect((await connect('--mcp', '--relay-port', '4567')).code).toBe(0)
  expect(url()).toBe('http://localhost:4567/mcp')
  expect((await connect('--remove')).output).toContain('--remove --mcp')
  expect(url()).toBe('http://localhost:4567/mcp')
  await connect('--remove', '--mcp', '--relay-port', '5678')
  expect(url()).toBeUndefined()
  expect((await connect('--remove')).output).not.toContain('--mcp')
})

test('--mcp leaves a server of the same name alone, and says so', async () => {
  writeFileSync(servers, JSON.stringify({ 'claude-flow': { url: 'http://elsewhere.example/mcp' } }))
  const { code, output } = await connect('--mcp')
  expect(code).toBe(1)
  expect(output).toContain('claude mcp remove --scope local claude-flow')
  await connect('--mcp', '--remove')
  expect(readFileSync(servers, 'utf8')).toContain('elsewhere')
})
