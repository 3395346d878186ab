import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { planConnect, planRemove } from '../../server/connect/connect.ts'
import { join as joinSettings, without } from '../../server/connect/settingsText.ts'
import { HOOKED_EVENTS, isOurs, type Target, wantedSettings } from '../../server/connect/wantedSettings.ts'
import { ROOT, temporaryFolder } from '../helpers/swarmscope.ts'

const TARGET: Target = { url: 'http://localhost:8080', ingestToken: 'ingest-secret', hostName: 'my-laptop' }
const CLAUDE_FLOW_INIT = readFileSync(join(ROOT, 'test/fixtures/claude-flow-3.43.0-init/settings.json'), 'utf8')

let root: string
let project: string
let file: string
let options: Parameters<typeof planConnect>[0]
let remove: () => void

beforeEach(() => {
  const folder = temporaryFolder('connect')
  root = folder.path
  remove = folder.remove
  project = join(root, 'project')
  file = join(project, '.claude/settings.local.json')
  for (const name of ['project', 'data', 'user']) mkdirSync(join(root, name))
  options = {
    project,
    projectDir: join(root, 'data'),
    target: TARGET,
    replaceTelemetry: false,
    userDir: join(root, 'user'),
  }
})
afterEach(() => remove())

const write = (text: string, path = file) => {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
}
const read = () => readFileSync(file, 'utf8')
const readJson = () => JSON.parse(read()) as { hooks: Record<string, unknown[]>; env: Record<string, string> }

async function connect(more: Partial<typeof options> = {}) {
  const plan = await planConnect({ ...options, ...more })
  if (plan.type === 'write') plan.carryOut()
  return plan
}
function disconnect() {
  const plan = planRemove(options)
  if (plan.type === 'write') plan.carryOut()
  return plan
}

const commandOf = (groups: unknown): string =>
  (groups as { hooks: { command: string }[] }[])[0]?.hooks[0]?.command ?? ''

describe('connect', () => {
  test('writes a hook for each event and the variables of telemetry, for its owner alone', async () => {
    await connect()
    const { hooks, env } = readJson()
    expect(Object.keys(hooks)).toEqual(HOOKED_EVENTS)
    expect(hooks).not.toHaveProperty('WorktreeCreate')
    // Nobody waits for us, but where a session begins and where it ends.
    const waitedFor = Object.entries(hooks).filter(([, groups]) => !JSON.stringify(groups).includes('"async":true'))
    expect(waitedFor.map(([event]) => event)).toEqual(['SessionStart', 'SessionEnd'])
    expect(commandOf(hooks.PreToolUse)).not.toContain('ingest-secret')
    expect(env).toMatchObject({
      SWARMSCOPE_INGEST_TOKEN: 'ingest-secret',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:8080',
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer ingest-secret',
    })
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test("puts its hooks beside claude-flow's, whose bytes stay", async () => {
    write(CLAUDE_FLOW_INIT)
    await connect()
    const before = JSON.parse(CLAUDE_FLOW_INIT) as ReturnType<typeof readJson>
    const { hooks } = readJson()
    for (const [event, groups] of Object.entries(before.hooks)) {
      expect(hooks[event]?.slice(0, groups.length)).toEqual(groups)
      expect(hooks[event]?.filter(isOurs).length).toBe(HOOKED_EVENTS.includes(event as never) ? 1 : 0)
    }
    for (const line of CLAUDE_FLOW_INIT.split('\n').filter((line) => line.includes('"command"'))) {
      expect(read()).toContain(line)
    }
  })

  test('again changes nothing; with another port or token it changes its own', async () => {
    write(CLAUDE_FLOW_INIT)
    await connect()
    const once = read()
    const plan = await connect()
    expect(plan).toMatchObject({ before: once, after: once })
    await connect({ target: { ...TARGET, url: 'http://localhost:9090', ingestToken: 'another-secret' } })
    expect(read()).not.toContain('8080')
    expect(read()).not.toContain('ingest-secret')
    expect(readJson().hooks.PreToolUse?.filter(isOurs)).toHaveLength(1)
    disconnect()
    expect(read()).toBe(CLAUDE_FLOW_INIT)
  })

  test('a plan alone writes nothing', async () => {
    await planConnect(options)
    expect(existsSync(file)).toBe(false)
    expect(existsSync(join(root, 'data/claude-settings.backup.json'))).toBe(false)
  })

  test.each([
    ['no JSON', '{"hooks": {', /no JSON/],
    ['comments', '{} // mine', /no JSON/],
    ['a list', '[]', /not as Claude Code keeps it/],
    ['hooks that are no lists', '{"hooks": {"Stop": {}}}', /hooks.Stop/],
  ])('leaves a file as it is that Claude Code could not read either: %s', async (_what, text, why) => {
    write(text)
    await expect(connect()).rejects.toThrow(why)
    expect(read()).toBe(text)
  })
})

describe('the command of a hook', () => {
  const received: { headers: IncomingHttpHeaders; body: string }[] = []
  const servers: Server[] = []
  afterEach(() => {
    received.length = 0
    for (const server of servers.splice(0)) server.close().closeAllConnections()
  })
  const listening = async (answer: (response: ServerResponse) => void): Promise<string> => {
    const server = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      request.on('end', () => {
        received.push({ headers: request.headers, body })
        answer(response)
      })
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://localhost:${(server.address() as AddressInfo).port}`
  }
  const run = async (url: string, env: NodeJS.ProcessEnv = {}) => {
    const { hooks } = wantedSettings({ ...TARGET, url })
    const child = execFile('/bin/sh', ['-c', commandOf([hooks.PreToolUse])], {
      env: { ...process.env, SWARMSCOPE_INGEST_TOKEN: 'ingest-secret', ...env },
    })
    // Without curl nobody reads it.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end('{"hook_event_name":"PreToolUse"}')
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: string) => {
        said += text
      })
    }
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })))
  }
  const SILENT = { code: 0, said: '' }

  test("sends what is on its stdin, with the token, the machine's name and the process that runs it", async () => {
    // Whatever proxy the user has: this is for this machine.
    const proxy = { http_proxy: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' }
    expect(await run(await listening((response) => response.end('{}')), proxy)).toEqual(SILENT)
    expect(received).toMatchObject([
      {
        body: '{"hook_event_name":"PreToolUse"}',
        headers: {
          authorization: 'Bearer ingest-secret',
          'content-type': 'application/json',
          'x-swarmscope-host': 'my-laptop',
          'x-swarmscope-pid': String(process.pid),
        },
      },
    ])
  })

  test('is silent and no failure where nobody listens, where it is refused, and without curl', async () => {
    const url = await listening((response) => response.writeHead(401).end('who are you?'))
    expect(await run(url)).toEqual(SILENT)
    await new Promise((resolve) => servers.pop()?.close(resolve))
    expect(await run(url)).toEqual(SILENT)
    expect(await run(url, { PATH: root })).toEqual(SILENT)
  })

  test('is silent and no failure where the server hangs, and waits a second', async () => {
    const began = performance.now()
    expect(await run(await listening(() => undefined))).toEqual(SILENT)
    expect(performance.now() - began).toBeGreaterThan(900)
  })
})

describe('git', () => {
  const git = (...args: string[]) => execFileSync('git', ['-C', project, ...args], { stdio: 'pipe' })
  beforeEach(() => {
    // Whatever this machine's user ignores everywhere (Claude Code adds its settings to it).
    vi.stubEnv('GIT_CONFIG_GLOBAL', '/dev/null')
    vi.stubEnv('XDG_CONFIG_HOME', root)
    git('init', '-q')
  })
  afterEach(() => vi.unstubAllEnvs())

  test('a file that git does not ignore is refused, with what to do', async () => {
    expect(await connect()).toMatchObject({ type: 'refused', reason: expect.stringContaining('.gitignore') })
    expect(existsSync(file)).toBe(false)
    writeFileSync(join(project, '.gitignore'), '.claude/settings.local.json\n')
    expect((await connect()).type).toBe('write')
  })

  test('a file that git keeps is refused, though it is ignored', async () => {
    write('{}')
    git('add', '-f', '.claude/settings.local.json')
    writeFileSync(join(project, '.gitignore'), '.claude/\n')
    expect(await connect()).toMatchObject({ type: 'refused', reason: expect.stringContaining('git rm --cached') })
    expect(read()).toBe('{}')
  })

  test('a link to a file that git keeps is refused', async () => {
    writeFileSync(join(project, '.gitignore'), '.claude/\n')
    write('{}', join(project, 'shared/claude/settings.json'))
    git('add', 'shared')
    mkdirSync(join(project, '.claude'))
    symlinkSync('../shared/claude/settings.json', file)
    expect((await connect()).type).toBe('refused')
    expect(readFileSync(join(project, 'shared/claude/settings.json'), 'utf8')).toBe('{}')
  })
})

describe('telemetry that goes elsewhere', () => {
  const collector = '{"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example"}}'

  test.each([
    ['these settings', () => file],
    ["the project's", () => join(project, '.claude/settings.json')],
    ["the user's", () => join(root, 'user/settings.json')],
  ])('stays so, and our token does not go there: in %s', async (_where, path) => {
    write(collector, path())
    expect(await connect()).toMatchObject({ notes: [expect.stringContaining('--replace-telemetry')] })
    expect(read()).not.toContain('OTEL_EXPORTER_OTLP_HEADERS')
    expect(readJson().hooks.Stop).toHaveLength(1)
    await connect({ replaceTelemetry: true })
    expect(readJson().env.OTEL_EXPORTER_OTLP_ENDPOINT).toBe(TARGET.url)
    disconnect()
    expect(readFileSync(path(), 'utf8')).toBe(collector)
  })

  test("one signal's own address is never taken over", async () => {
    write('{"env": {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces.example"}}')
    const plan = await connect({ replaceTelemetry: true })
    expect(plan).toMatchObject({ notes: [expect.stringContaining('take OTEL_EXPORTER_OTLP_TRACES_ENDPOINT out')] })
    expect(readJson().env).not.toHaveProperty('OTEL_EXPORTER_OTLP_HEADERS')
  })
})

describe('--remove', () => {
  test.each([
    ['a file of claude-flow', CLAUDE_FLOW_INIT],
    ['an empty object without a line end', '{}'],
    ['tabs and CRLF', '{\r\n\t"env": {\r\n\t\t"A": "1"\r\n\t}\r\n}\r\n'],
    ['an empty file', ''],
  ])('gives back every byte and the permissions: %s', async (_what, text) => {
    write(text)
    chmodSync(file, 0o644)
    await connect()
    expect(read()).not.toBe(text)
    disconnect()
    expect(read()).toBe(text)
    expect(statSync(file).mode & 0o777).toBe(0o644)
    expect(existsSync(join(root, 'data/claude-settings.backup.json'))).toBe(false)
  })

  test('takes away a file and a folder that were not there', async () => {
    await connect()
    disconnect()
    expect(existsSync(join(project, '.claude'))).toBe(false)
  })

  test('keeps what somebody wrote meanwhile, and takes ours out', async () => {
    write('{\n  "env": {\n    "OTEL_LOGS_EXPORT_INTERVAL": "5000"\n  }\n}\n')
    await connect()
    const edited = JSON.parse(read()) as Record<string, unknown>
    write(JSON.stringify({ ...edited, model: 'opus' }, null, 2))
    disconnect()
    expect(JSON.parse(read())).toEqual({ env: { OTEL_LOGS_EXPORT_INTERVAL: '5000' }, model: 'opus' })
  })

  test('takes ours out of a file that a lost data dir knows nothing of', async () => {
    write(CLAUDE_FLOW_INIT)
    await connect()
    options.projectDir = join(root, 'user')
    disconnect()
    expect(JSON.parse(read())).toEqual(JSON.parse(CLAUDE_FLOW_INIT))
  })

  test('twice, or where nothing is, does nothing', async () => {
    expect(disconnect()).toMatchObject({ before: null, after: null })
    await connect()
    disconnect()
    expect(disconnect()).toMatchObject({ before: null, after: null })
  })
})

test('what is put in and taken out again leaves any settings as they were', () => {
  const wanted = wantedSettings(TARGET)
  const group = fc.record({ hooks: fc.array(fc.record({ type: fc.constant('command'), command: fc.string() })) })
  const event = fc.constantFrom('Stop', 'PreToolUse', 'Other')
  const settings = fc.record(
    {
      hooks: fc.dictionary(event, fc.array(group, { minLength: 1, maxLength: 3 }), { minKeys: 1 }),
      env: fc.dictionary(fc.constantFrom('A', 'B'), fc.string(), { minKeys: 1 }),
      other: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(settings, fc.constantFrom(undefined, 2, 4, '\t'), (value, indent) => {
      const before = JSON.stringify(value, null, indent)
      const joined = joinSettings(before, wanted, () => false).text
      expect(joinSettings(joined, wanted, () => false).text).toBe(joined)
      expect(JSON.parse(without(joined, wanted, {}))).toEqual(JSON.parse(before))
    }),
    { numRuns: 100 },
  )
})
