import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { planConnect, planRemove } from '../../server/connect/connect.ts'
import { join as joinSettings, without } from '../../server/connect/settingsText.ts'
import { HTTP_HOOK_EVENTS, isOurs, type Target, wantedSettings } from '../../server/connect/wantedSettings.ts'
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

describe('connect', () => {
  test('writes a hook for each event and the variables of telemetry, for its owner alone', async () => {
    await connect()
    const { hooks, env } = readJson()
    expect(Object.keys(hooks)).toEqual(['SessionStart', ...HTTP_HOOK_EVENTS])
    expect(hooks).not.toHaveProperty('WorktreeCreate')
    expect(hooks.PreToolUse).toEqual([
      {
        hooks: [
          {
            type: 'http',
            url: 'http://localhost:8080/api/v1/ingest/claude-code/hooks',
            timeout: 1,
            headers: { Authorization: 'Bearer $SWARMSCOPE_INGEST_TOKEN', 'X-Swarmscope-Host': 'my-laptop' },
            allowedEnvVars: ['SWARMSCOPE_INGEST_TOKEN'],
          },
        ],
      },
    ])
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
      expect(hooks[event]?.filter(isOurs).length).toBe(
        HTTP_HOOK_EVENTS.includes(event as never) || event === 'SessionStart' ? 1 : 0,
      )
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
