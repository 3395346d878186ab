import { execFile, execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { planConnect, planRemove } from '../../server/connect/connect.ts'
import { join as joinSettings, without } from '../../server/connect/settingsText.ts'
import { addressOfOurs, HOOKED_EVENTS, type Target, wantedSettings } from '../../server/connect/wantedSettings.ts'
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
  for (const name of ['project', 'projects/one', 'user', 'managed']) mkdirSync(join(root, name), { recursive: true })
  options = {
    project,
    projectDir: join(root, 'projects/one'),
    target: TARGET,
    replaceTelemetry: false,
    userDir: join(root, 'user'),
    managedDir: join(root, 'managed'),
    env: {},
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
function disconnect(more: Partial<typeof options> = {}) {
  const plan = planRemove({ ...options, ...more })
  if (plan.type === 'write') plan.carryOut()
  return plan
}

const isOurGroup = (group: unknown): boolean =>
  (group as { hooks: unknown[] }).hooks.some((hook) => addressOfOurs(hook) !== null)
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
      expect(hooks[event]?.filter(isOurGroup).length).toBe(HOOKED_EVENTS.includes(event as never) ? 1 : 0)
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
    expect(readJson().hooks.PreToolUse?.filter(isOurGroup)).toHaveLength(1)
    disconnect()
    expect(read()).toBe(CLAUDE_FLOW_INIT)
  })

  test('reads a file that begins with a byte order mark, as Claude Code does, and keeps the mark', async () => {
    write('\uFEFF{\n  "model": "opus"\n}\n')
    await connect()
    expect(read().startsWith('\uFEFF{')).toBe(true)
    expect(JSON.parse(read().slice(1))).toMatchObject({ model: 'opus', hooks: { Stop: [{}] } })
    write(read().replace('opus', 'sonnet'))
    disconnect()
    expect(read()).toBe('\uFEFF{\n  "model": "sonnet"\n}\n')
  })

  test('writes through a link whose target is not there yet, and leaves the link', async () => {
    mkdirSync(join(project, '.claude'))
    symlinkSync(join(root, 'elsewhere/settings.json'), file)
    await connect()
    expect(lstatSync(file).isSymbolicLink()).toBe(true)
    expect(read()).toContain('ingest-secret')
    disconnect()
    expect(lstatSync(file).isSymbolicLink()).toBe(true)
    expect(existsSync(join(root, 'elsewhere'))).toBe(false)
  })

  test('a plan alone writes nothing', async () => {
    await planConnect(options)
    expect(existsSync(file)).toBe(false)
    expect(existsSync(join(root, 'projects/one/claude-settings.backup.json'))).toBe(false)
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

describe('hooks of others', () => {
  const MINE = { type: 'command', command: 'say done' }
  interface Grouped {
    hooks: Record<string, { matcher?: string; hooks: unknown[] }[]>
  }
  const edit = (change: (settings: Grouped) => void) => {
    const settings = JSON.parse(read()) as Grouped
    change(settings)
    write(JSON.stringify(settings, null, 2))
  }
  const groupsOf = (event: string) => (JSON.parse(read()) as Grouped).hooks[event]

  test('that stand in one group with ours stay there, when ours change and when they go', async () => {
    await connect()
    edit(({ hooks }) => hooks.Stop?.[0]?.hooks.unshift(MINE))
    await connect({ target: { ...TARGET, url: 'http://localhost:9090' } })
    expect(groupsOf('Stop')).toMatchObject([{ hooks: [MINE, { command: expect.stringContaining(':9090/') }] }])
    disconnect()
    expect(JSON.parse(read())).toEqual({ hooks: { Stop: [{ hooks: [MINE] }] } })
  })

  test.each([
    ['names our address', 'echo /api/v1/ingest/claude-code/hooks is where they go'],
    ['sends there in a way of its own', 'curl -d x http://localhost:8080/api/v1/ingest/claude-code/hooks'],
    ['wraps our command', `${commandOf([wantedSettings(TARGET).hooks.Stop])}\nsay done`],
  ])('are not taken for ours: one that %s', async (_what, command) => {
    const theirs = { hooks: [{ type: 'command', command }] }
    write(JSON.stringify({ hooks: { Stop: [theirs] } }))
    await connect()
    expect(groupsOf('Stop')).toEqual([theirs, expect.anything()])
    edit(() => undefined)
    disconnect()
    expect(JSON.parse(read())).toEqual({ hooks: { Stop: [theirs] } })
  })

  test('beside ours under a matcher keep it, and ours is put where it hears of everything', async () => {
    await connect()
    edit(({ hooks }) => {
      const [group] = hooks.PreToolUse ?? []
      if (group) group.matcher = 'Bash'
      group?.hooks.push(MINE)
    })
    await connect()
    expect(groupsOf('PreToolUse')).toMatchObject([
      { matcher: 'Bash', hooks: [MINE] },
      { hooks: [{ command: expect.stringContaining('curl') }] },
    ])
  })

  test('of ours that stand twice one stays', async () => {
    await connect()
    edit(({ hooks }) => hooks.Stop?.push(...structuredClone(hooks.Stop)))
    await connect()
    expect(groupsOf('Stop')).toHaveLength(1)
  })

  test('as the first versions of ours wrote them, they are ours', async () => {
    const url = 'http://localhost:8080/api/v1/ingest/claude-code/hooks'
    const old = { type: 'http', url, timeout: 1, allowedEnvVars: ['SWARMSCOPE_INGEST_TOKEN'] }
    write(JSON.stringify({ hooks: { Stop: [{ hooks: [old] }] } }))
    await connect()
    expect(groupsOf('Stop')).toMatchObject([{ hooks: [{ type: 'command' }] }])
  })
})

describe('the command of a hook', () => {
  const received: { method: string | undefined; headers: IncomingHttpHeaders; body: string }[] = []
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
        received.push({ method: request.method, headers: request.headers, body })
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

  test("does nothing of what the user's own settings of curl say", async () => {
    const traced = join(root, 'trace.txt')
    const written = join(root, 'out.txt')
    writeFileSync(join(root, '.curlrc'), `trace-ascii = ${traced}\noutput = ${written}\nrequest = PUT\nverbose\n`)
    const url = await listening((response) => response.end('{}'))
    expect(await run(url, { HOME: root, CURL_HOME: root })).toEqual(SILENT)
    expect(received).toMatchObject([{ method: 'POST', body: '{"hook_event_name":"PreToolUse"}' }])
    expect(existsSync(traced) || existsSync(written)).toBe(false)
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

  test('a plan that is refused tells all the same what it would be', async () => {
    const plan = await planConnect(options)
    expect(plan).toMatchObject({ type: 'refused', before: null, after: expect.stringContaining('PreToolUse') })
    expect(existsSync(join(project, '.claude'))).toBe(false)
  })

  test('a file that git keeps is refused, though it is ignored', async () => {
    write('{}')
    git('add', '-f', '.claude/settings.local.json')
    writeFileSync(join(project, '.gitignore'), '.claude/\n')
    expect(await connect()).toMatchObject({
      type: 'refused',
      reason: expect.stringMatching(/git -C \S+ rm --cached \.claude/),
    })
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

  test('in the shell it stays so, too, unless it is replaced; and once replaced it needs no second word', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example' }
    expect(await connect({ env })).toMatchObject({ notes: [expect.stringContaining('exported in the shell')] })
    expect(read()).not.toContain('OTEL_')
    await connect({ env, replaceTelemetry: true })
    const target = { ...TARGET, url: 'http://localhost:9090' }
    expect(await connect({ env, target })).toMatchObject({ notes: [] })
    expect(readJson().env.OTEL_EXPORTER_OTLP_ENDPOINT).toBe(target.url)
  })

  test('a shell that has ours already, of now or of before, is in nobody’s way', async () => {
    await connect()
    const { env } = readJson()
    expect(await connect({ env })).toMatchObject({ notes: [] })
    expect(await connect({ env, target: { ...TARGET, ingestToken: 'another-secret' } })).toMatchObject({ notes: [] })
    expect(readJson().env.OTEL_EXPORTER_OTLP_HEADERS).toBe('Authorization=Bearer another-secret')
  })

  const managed = (name = 'managed-settings.json') => join(root, 'managed', name)
  const WITH_COLLECTOR = JSON.stringify({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example' } })
  const WITH_HELPER = '{"otelHeadersHelper": "/bin/corporate-headers"}'
  const ofLogs = { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'https://logs.example' }
  test.each<[string, () => { path: string; text: string } | null, NodeJS.ProcessEnv, RegExp]>([
    ['managed settings', () => ({ path: managed(), text: WITH_COLLECTOR }), {}, /ask who manages .*settings.json/],
    ['a part of them', () => ({ path: managed('managed-settings.d/9.json'), text: WITH_COLLECTOR }), {}, /9.json/],
    ['one signal in the shell', () => null, ofLogs, /unset OTEL_EXPORTER_OTLP_LOGS_ENDPOINT/],
    [
      "the user's helper",
      () => ({ path: join(root, 'user/settings.json'), text: WITH_HELPER }),
      {},
      /otelHeadersHelper/,
    ],
    ["the project's", () => ({ path: join(project, '.claude/settings.json'), text: WITH_HELPER }), {}, /Helper out of/],
  ])('what nothing here comes before is told and never mixed with ours: %s', async (_what, fixed, env, why) => {
    await connect()
    const { path, text } = fixed() ?? {}
    if (path && text) write(text, path)
    // Neither beside it, nor any longer if it came afterwards.
    expect(await connect({ env, replaceTelemetry: true })).toMatchObject({ notes: [expect.stringMatching(why)] })
    expect(read()).not.toContain('OTEL_')
    expect(readJson().env).toEqual({ SWARMSCOPE_INGEST_TOKEN: 'ingest-secret' })
  })

  test('a byte order mark hides no collector', async () => {
    write(`\uFEFF${collector}`, join(root, 'user/settings.json'))
    expect(await connect()).toMatchObject({ notes: [expect.stringContaining('--replace-telemetry')] })
  })

  test.each([
    ["the user's", 'user/settings.json', '{"disableAllHooks": true}'],
    ["the project's", 'project/.claude/settings.json', '{"disableAllHooks": true}'],
    ['managed', 'managed/managed-settings.json', '{"allowManagedHooksOnly": true}'],
  ])('settings that switch all hooks off are told: %s', async (_what, path, text) => {
    write(text, join(root, path))
    expect(await connect()).toMatchObject({ notes: [expect.stringContaining('nothing will arrive')] })
  })

  test('what others switched off, these settings may have on', async () => {
    write('{"disableAllHooks": true}', join(root, 'user/settings.json'))
    write('{"disableAllHooks": false}')
    expect(await connect()).toMatchObject({ notes: [] })
  })

  test("one signal's own address is never taken over", async () => {
    write('{"env": {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces.example"}}')
    const plan = await connect({ replaceTelemetry: true })
    expect(plan).toMatchObject({ notes: [expect.stringContaining('take OTEL_EXPORTER_OTLP_TRACES_ENDPOINT out')] })
    expect(readJson().env).not.toHaveProperty('OTEL_EXPORTER_OTLP_HEADERS')
  })
})

describe('a token that was changed, and a data dir that is another one', () => {
  const another = () => ({
    target: { ...TARGET, url: 'http://localhost:9090', ingestToken: 'another-secret' },
    projectDir: join(root, 'other-data/projects/one'),
  })
  test('connect leaves nothing of the former one, in hooks, variables and telemetry', async () => {
    mkdirSync(another().projectDir, { recursive: true })
    await connect()
    expect(await connect(another())).toMatchObject({ notes: [] })
    expect(read()).not.toMatch(/ingest-secret|:8080/)
    expect(readJson().env).toEqual(wantedSettings(another().target).env)
  })

  test('--remove takes ours out whose token nobody knows any more, and nothing of others', async () => {
    write('{"env": {"OTEL_LOGS_EXPORTER": "otlp", "A": "1"}}')
    await connect({ replaceTelemetry: true })
    const theirs = '{"env": {"OTEL_LOGS_EXPORTER": "otlp", "CLAUDE_CODE_ENABLE_TELEMETRY": "1"}}'
    disconnect({ projectDir: another().projectDir })
    expect(readJson().env).toEqual({ A: '1' })
    write(theirs)
    disconnect({ projectDir: another().projectDir })
    expect(read()).toBe(theirs)
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
    expect(existsSync(join(root, 'projects/one/claude-settings.backup.json'))).toBe(false)
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

  const elsewhere = { target: { ...TARGET, url: 'http://localhost:9090' } }
  test('keeps what somebody added between two connects, where no file was before', async () => {
    await connect()
    write(JSON.stringify({ ...readJson(), permissions: { allow: ['Bash(npm test:*)'] } }, null, 2))
    await connect(elsewhere)
    disconnect()
    expect(JSON.parse(read())).toEqual({ permissions: { allow: ['Bash(npm test:*)'] } })
  })

  test('goes by what stands there, not by a file of before: one that was deleted and written anew', async () => {
    await connect()
    for (const text of ['{}', '{"model": "opus"}']) {
      rmSync(file)
      write(text)
      chmodSync(file, 0o640)
      // Nothing of ours is in it.
      disconnect()
      expect(read()).toBe(text)
      await connect()
      disconnect()
      expect(read()).toBe(text)
      expect(statSync(file).mode & 0o777).toBe(0o640)
      await connect()
    }
    rmSync(file)
    await connect()
    disconnect()
    expect(existsSync(file)).toBe(false)
  })

  test('gives back what it replaced in a project that was moved', async () => {
    const collector = '{"env": {"OTEL_LOGS_EXPORTER": "console"}}'
    write(collector)
    await connect({ replaceTelemetry: true })
    const moved = join(root, 'moved')
    renameSync(project, moved)
    disconnect({ project: moved, projectDir: join(root, 'projects/two') })
    expect(readFileSync(join(moved, '.claude/settings.local.json'), 'utf8')).toBe(collector)
    expect(existsSync(join(root, 'projects/one/claude-settings.backup.json'))).toBe(false)
  })

  test("takes no other project's settings for its own, as like as they are", async () => {
    write('{"model": "opus"}')
    await connect()
    const copy = join(root, 'copy')
    write(read(), join(copy, '.claude/settings.local.json'))
    disconnect({ project: copy, projectDir: join(root, 'projects/two') })
    expect(JSON.parse(readFileSync(join(copy, '.claude/settings.local.json'), 'utf8'))).toEqual({ model: 'opus' })
    disconnect()
    expect(read()).toBe('{"model": "opus"}')
  })

  test('from another data folder it leaves no empty folder behind, nor takes one that holds more', async () => {
    await connect()
    disconnect({ projectDir: join(root, 'projects/two') })
    expect(existsSync(join(project, '.claude'))).toBe(false)
    write('# mine', join(project, '.claude/CLAUDE.md'))
    await connect()
    disconnect({ projectDir: join(root, 'projects/two') })
    expect(readdirSync(join(project, '.claude'))).toEqual(['CLAUDE.md'])
  })

  test('twice, or where nothing is, does nothing', async () => {
    expect(disconnect()).toMatchObject({ before: null, after: null })
    await connect()
    disconnect()
    expect(disconnect()).toMatchObject({ before: null, after: null })
  })
})

// Each run parses and formats the text some seventy times.
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
      const joined = joinSettings(before, wanted, () => false)
      expect(joinSettings(joined, wanted, () => false)).toBe(joined)
      expect(JSON.parse(without(joined, new Map(Object.keys(wanted.env).map((name) => [name, undefined]))))).toEqual(
        JSON.parse(before),
      )
    }),
    { numRuns: 100 },
  )
}, 60_000)
