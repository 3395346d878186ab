import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { doctorText } from '../../server/cli/doctor.ts'
import { planConnect } from '../../server/connect/connect.ts'
import { ingestUrlOf } from '../../server/connect/ingestUrl.ts'
import { checkClaudeCode, checkClaudeFlow, checkNode } from '../../server/doctor/programChecks.ts'
import { checkArrivals, checkClock, checkDoors, checkServer } from '../../server/doctor/serverChecks.ts'
import { checkHooks, checkTelemetry, checkTokens } from '../../server/doctor/settingsChecks.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'

const URL_HERE = 'http://localhost:8080'
const TOKEN = 'ingest-secret'

let root: string
let project: string
let bin: string
const cleanUps: (() => void)[] = []

beforeEach(() => {
  const folder = temporaryFolder('doctor')
  root = folder.path
  project = join(root, 'project')
  bin = join(root, 'bin')
  for (const path of [project, bin, join(root, 'data'), join(root, 'user'), join(root, 'managed')]) mkdirSync(path)
  cleanUps.push(folder.remove)
})
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp()
})

function program(folder: string, name: string, script = 'exit 0'): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

describe('programs', () => {
  test.each([
    ['20.18.9', 'broken'],
    ['20.19.0', 'ok'],
    ['22.0.0', 'ok'],
  ])('Node %s is %s', (version, state) => {
    expect(checkNode(version).state).toBe(state)
  })

  test("claude-flow is the project's own or one on the PATH, with its package's version, and is not run for it", () => {
    const local = { type: 'local', relayPort: 3000, claudeFlow: undefined } as const
    const check = (world: Parameters<typeof checkClaudeFlow>[0]['world'], more = {}) =>
      checkClaudeFlow({ world, project, path: bin, ...more })
    // Nobody asked for it, so that it is missing breaks nothing.
    expect(check(local)).toMatchObject({ state: 'warning', fix: expect.stringContaining('npm install') })
    expect(check(local, { hasClaudeCode: true })).toMatchObject({
      state: 'skipped',
      found: expect.stringContaining('not needed'),
    })
    expect(check({ type: 'no-claude-flow' })).toMatchObject({ state: 'skipped', fix: null })
    expect(check(local, { isOff: true })).toMatchObject({ state: 'skipped', fix: null })
    const ran = join(root, 'ran')
    program(join(project, 'node_modules/.bin'), 'claude-flow', `touch ${ran}`)
    writeFileSync(join(project, 'package.json'), '{"name": "claude-flow", "version": "3.43.0"}')
    expect(check(local)).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('claude-flow 3.43.0'),
    })
    expect(() => chmodSync(ran, 0o600)).toThrow('ENOENT')
    expect(check({ ...local, claudeFlow: 'no-such-program mcp' }).state).toBe('broken')
    // What a whole command starts only the server knows, and only while it runs.
    const command = { ...local, claudeFlow: 'claude mcp' }
    program(bin, 'claude')
    expect(check(command).found).toBe('started by claude mcp')
    expect(check(command, { running: { name: 'ruflo', version: '3.43.0' } })).toMatchObject({
      state: 'ok',
      found: 'started by claude mcp; ruflo 3.43.0 runs',
    })
    expect(check({ type: 'demo', agents: 1 }).state).toBe('skipped')
  })

  test('Claude Code tells its version; an older one than is known, or none, is a warning', async () => {
    expect((await checkClaudeCode(bin)).state).toBe('warning')
    program(bin, 'claude', 'echo "2.1.197 (Claude Code)"')
    expect(await checkClaudeCode(bin)).toMatchObject({ state: 'ok', found: '2.1.197' })
    program(bin, 'claude', 'echo "2.0.300 (Claude Code)"')
    expect((await checkClaudeCode(bin)).state).toBe('warning')
    program(bin, 'claude', 'exit 1')
    expect((await checkClaudeCode(bin)).state).toBe('broken')
  })
})

test('a token that others can read is told', () => {
  expect(checkTokens(join(root, 'data'), {}).state).toBe('skipped')
  const file = join(root, 'data/ingest.token')
  writeFileSync(file, TOKEN, { mode: 0o600 })
  expect(checkTokens(join(root, 'data'), {}).state).toBe('ok')
  chmodSync(file, 0o644)
  expect(checkTokens(join(root, 'data'), {})).toMatchObject({ state: 'broken', fix: `chmod 600 ${file}` })
})

describe('settings', () => {
  const place = () => ({ userDir: join(root, 'user'), managedDir: join(root, 'managed'), env: {} })
  const input = () => ({ project, url: URL_HERE, ingestToken: TOKEN, ...place(), path: bin })

  async function connect(url = URL_HERE, ingestToken = TOKEN) {
    const plan = await planConnect({
      project,
      projectDir: join(root, 'data'),
      target: { url, ingestToken, hostName: 'here' },
      replaceTelemetry: false,
      ...place(),
    })
    if (plan.type === 'write') plan.carryOut()
  }

  test('as connect wrote them they are well', async () => {
    expect([checkHooks(input()).state, checkTelemetry(input()).state]).toEqual(['warning', 'warning'])
    const fix = `npm start -- connect --project ${project} --data-dir /elsewhere`
    expect(checkHooks({ ...input(), given: { dataDir: '/elsewhere' } })).toMatchObject({ fix })
    await connect()
    program(bin, 'curl')
    expect(checkHooks(input())).toMatchObject({ state: 'ok' })
    expect(checkTelemetry(input())).toMatchObject({ state: 'ok' })
  })

  test('without curl nothing is sent', async () => {
    await connect()
    expect(checkHooks(input())).toMatchObject({ state: 'broken', fix: 'Install curl' })
  })

  test.each([
    ['another port', 'http://localhost:9090', TOKEN],
    ['another token', URL_HERE, 'another-secret'],
  ])('%s than the server has is broken', async (_what, url, token) => {
    await connect(url, token)
    expect(checkHooks(input()).state).toBe('broken')
    expect(checkTelemetry(input()).state).not.toBe('ok')
  })

  test.each([
    ['all hooks off', '{"disableAllHooks": true}', 'disableAllHooks'],
    ['no JSON', '{', 'Claude Code cannot read it either'],
  ])("the user's settings can keep hooks from coming: %s", async (_what, text, fix) => {
    await connect()
    writeFileSync(join(root, 'user/settings.json'), text)
    expect(checkHooks(input())).toMatchObject({ state: 'broken', fix: expect.stringContaining(fix) })
  })

  test.each<[string, object, NodeJS.ProcessEnv, string, RegExp]>([
    [
      'one signal elsewhere',
      { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'https://x.example' },
      {},
      'broken',
      /our token is there, too/,
    ],
    ['… in the shell', {}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://x.example' }, 'broken', /in the shell/],
    ['another protocol', { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, {}, 'warning', /PROTOCOL is grpc/],
    ['the other protocol that is spoken here', { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, {}, 'ok', /goes to/],
    ['another exporter', { OTEL_LOGS_EXPORTER: 'console' }, {}, 'warning', /OTEL_LOGS_EXPORTER is console/],
    ['another exporter, too', { OTEL_LOGS_EXPORTER: 'console,otlp' }, {}, 'ok', /goes to/],
    ['switched off', { CLAUDE_CODE_ENABLE_TELEMETRY: '0' }, {}, 'warning', /CLAUDE_CODE_ENABLE_TELEMETRY is 0/],
    ['no traces', { CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: undefined }, {}, 'warning', /without traces/],
    ['no logs', { OTEL_LOGS_EXPORTER: undefined }, {}, 'warning', /without OTEL_LOGS_EXPORTER/],
    ['other intervals', { OTEL_LOGS_EXPORT_INTERVAL: '9000' }, {}, 'ok', /goes to/],
  ])('what connect wrote and somebody changed since is told: %s', async (_what, changes, env, state, found) => {
    await connect()
    const file = join(project, '.claude/settings.local.json')
    const written = JSON.parse(readFileSync(file, 'utf8')) as { env: object }
    writeFileSync(file, JSON.stringify({ ...written, env: { ...written.env, ...changes } }))
    expect(checkTelemetry({ ...input(), env })).toMatchObject({ state, found: expect.stringMatching(found) })
  })

  test.each([
    ["the user's helper for headers", 'user/settings.json', '{"otelHeadersHelper": "x"}', /otelHeadersHelper in/],
    [
      "an organisation's collector",
      'managed/managed-settings.json',
      '{"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://x.example"}}',
      /OTEL_EXPORTER_OTLP_ENDPOINT in .*managed/,
    ],
  ])('what comes before the settings that connect wrote is told: %s', async (_what, path, text, found) => {
    await connect()
    writeFileSync(join(root, path), text)
    expect(checkTelemetry(input())).toMatchObject({ state: 'broken', found: expect.stringMatching(found) })
  })

  test('of telemetry that is all of others, nothing of ours is told', async () => {
    writeFileSync(join(root, 'user/settings.json'), '{"otelHeadersHelper": "x"}')
    await connect()
    const fix = `take otelHeadersHelper out of ${join(root, 'user/settings.json')}`
    expect(checkTelemetry(input())).toMatchObject({ state: 'warning', fix })
  })

  test('hooks that hear only of some tools are told', async () => {
    await connect()
    program(bin, 'curl')
    const file = join(project, '.claude/settings.local.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"PreToolUse": [\n      {', '$&"matcher": "Bash",'))
    expect(checkHooks(input())).toMatchObject({ state: 'warning', found: 'nothing, or not all, of PreToolUse' })
  })

  test('telemetry that goes elsewhere is told', () => {
    writeFileSync(
      join(root, 'user/settings.json'),
      '{"env": {"CLAUDE_CODE_ENABLE_TELEMETRY": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example"}}',
    )
    expect(checkTelemetry(input())).toMatchObject({
      state: 'warning',
      fix: expect.stringContaining('--replace-telemetry'),
    })
  })
})

describe('the server', () => {
  async function listening(
    answer: (path: string, authorization: string | undefined, host: string | undefined) => number,
  ): Promise<number> {
    const server: Server = createServer((request, response) => {
      response.statusCode = answer(request.url ?? '', request.headers.authorization, request.headers.host)
      response.end('{}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanUps.push(() => server.close())
    return (server.address() as AddressInfo).port
  }

  test('doors that answer are well; another token, none, and silence are told apart', async () => {
    const states = async (port: number, token: string | null = TOKEN) =>
      (await checkDoors(`http://127.0.0.1:${port}`, token)).map(({ state, found }) => `${state}: ${found}`)
    const port = await listening((_path, authorization) => (authorization === `Bearer ${TOKEN}` ? 200 : 401))
    expect(await states(port)).toEqual([
      `ok: /api/v1/ingest/claude-code/hooks answers at http://127.0.0.1:${port}`,
      `ok: /v1/logs answers at http://127.0.0.1:${port}`,
    ])
    expect(await states(port, 'wrong')).toEqual(Array(2).fill('broken: the server knows another ingest token'))
    const other = await listening(() => 404)
    expect(await states(other)).toEqual([
      `broken: /api/v1/ingest/claude-code/hooks answers 404 at http://127.0.0.1:${other}`,
      `broken: /v1/logs answers 404 at http://127.0.0.1:${other}`,
    ])
    expect((await states(1)).every((state) => state.startsWith('broken'))).toBe(true)
    expect(await states(port, null)).toEqual(['skipped: there is no ingest token yet'])
  })

  test('doors are tried by the address and the name that Claude Code is given', async () => {
    const names: (string | undefined)[] = []
    const port = await listening((_path, _authorization, host) => {
      names.push(host)
      return 421
    })
    const [check] = await checkDoors(`http://localhost:${port}`, TOKEN)
    expect(names).toEqual([`localhost:${port}`, `localhost:${port}`])
    expect(check).toMatchObject({ state: 'broken', fix: 'Start it so: npm start -- --allow-host localhost' })
    // Nobody listens there, though somebody does at the usual address.
    expect((await checkDoors(`http://127.0.0.2:${port}`, TOKEN)).map(({ state }) => state)).toEqual([
      'broken',
      'broken',
    ])
  })

  test.each([
    ['http://127.0.0.1:8080', 'http://localhost:8080'],
    ['http://0.0.0.0:8080', 'http://localhost:8080'],
    ['http://[::]:8080', 'http://localhost:8080'],
    ['http://127.0.0.2:8080', 'http://127.0.0.2:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['http://127.0.0.1', 'http://localhost:80'],
  ])('Claude Code sends to a server at %s by %s', (url, expected) => {
    expect(ingestUrlOf(url)).toBe(expected)
  })

  test('a port that another program holds is told before a start fails on it', async () => {
    const report = {
      running: false,
      exitCode: 2,
      pid: null,
      url: null,
      reason: 'none',
      suggestion: 'npm start',
    } as const
    const port = await listening(() => 200)
    expect((await checkServer(report, `http://localhost:${port}`)).at(-1)).toMatchObject({
      name: 'Port',
      state: 'broken',
    })
  })

  test('what has arrived is counted, and what was lost', () => {
    const source = {
      kind: 'claude-code',
      state: 'quiet',
      url: null,
      since: '',
      attempt: 0,
      retryAt: null,
      lastError: null,
    }
    const health = (counts: Record<string, number>) => ({
      status: 'healthy',
      code: null,
      mode: 'live',
      version: '1',
      uptimeSeconds: 90,
      viewers: 0,
      agents: 0,
      sources: [{ ...source, counts }],
    })
    expect(checkArrivals(health({})).map(({ state }) => state)).toEqual(['warning', 'warning'])
    // The doctor's own are counted, too.
    expect(checkArrivals(health({ hooks: 5, hooksIgnored: 4, hooksMalformed: 1 }))).toMatchObject([
      { state: 'warning', found: 'no hooks yet in 2 min' },
      { state: 'warning' },
      { state: 'warning', found: 'hooksMalformed: 1' },
    ])
    expect(checkArrivals(health({ hooks: 3, telemetry: 4, hooksDroppedActivity: 2 }))).toMatchObject([
      { state: 'ok', found: '3 hooks in 2 min, quiet now' },
      { state: 'ok', found: '4 records in 2 min, quiet now' },
      { state: 'warning', found: 'hooksDroppedActivity: 2' },
    ])
  })

  test.each([
    [0, 'ok'],
    [1_900, 'ok'],
    [-4_000, 'broken'],
    [60_000, 'broken'],
  ])('a clock that is %i ms off is %s', (offMs, state) => {
    const nowMs = Date.parse('2026-05-01T12:00:00.700Z')
    expect(checkClock('Clock', new Date(nowMs + offMs).toUTCString(), nowMs).state).toBe(state)
  })
})

test('foreign text moves no cursor', () => {
  const text = doctorText([{ name: 'Hooks', state: 'broken', found: 'a\u001b[2Jb', fix: 'do\u202e it' }])
  expect(text).toBe('✘ Hooks  a·[2Jb\n         → do· it\n')
})
