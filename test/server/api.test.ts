import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { VERSION } from '../../platform/version.ts'
import { errorBody } from '../../protocol/errors.ts'
import { healthOf } from '../../server/api/health.ts'
import { Hub } from '../../server/hub/hub.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { ClaudeFlowSource } from '../../server/sources/claudeFlow/claudeFlowSource.ts'
import { View } from '../../server/view.ts'
import { World } from '../../server/world.ts'
import { FakeRelay, freedPort, text, UP } from '../helpers/fakeRelay.ts'
import { LiteralSource } from '../helpers/literalSource.ts'
import { records3, runningStores3 } from '../helpers/recordings.ts'
import { keptLog, silentLog } from '../helpers/silentLog.ts'
import {
  type Answer,
  type AskOptions,
  bearer,
  NEVER_HEARD,
  OPERATOR,
  startTestServer,
  type TestServer,
  TOKENS,
  VIEWER,
} from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'

const AGENT_FIELDS =
  'id nativeId sourceId origin kind name type rawType status rawStatus mock swarmId parentId model health currentTask tasksActive tasksCompleted tokens costUsd cpuUsage memoryBytes capabilities activity attention project host tools statusSince createdAt lastActiveAt updatedAt sources openTools lastTool lastFailure unattributed crossCheck endedReason sessionId'.split(
    ' ',
  )
const JSON_TYPE = { 'Content-Type': 'application/json' }

const keys = (value: unknown) => Object.keys(value as object).sort()
function expectShape(answer: Answer, code: string): void {
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  const body = answer.json()
  expect(Object.keys(body)).toEqual(['success', 'error', 'code', 'details'])
  expect(body).toMatchObject({ success: false, code })
  expect(keys(body.details)).toEqual(['suggestion'])
  expect(answer.text).not.toMatch(/<html|<pre|\n\s+at |node_modules|\.ts:\d/i)
}

describe('the API of the recorded swarm', () => {
  let relay: FakeRelay
  let server: TestServer
  beforeAll(async () => {
    relay = await new FakeRelay().start()
    const stores = runningStores3()
    for (const task of Object.values(stores.tasks.tasks)) task.status = 'in_progress'
    stores.agents.agents['odd id/ü%?#'] = { agentType: 'coder', status: 'busy' }
    relay.records.set(records3(stores))
    server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: relay.port })
    await until(async () => (await server.ask('/api/v1/bots/health')).json().mode === 'live')
  })
  afterAll(async () => {
    await server.stop()
    await relay.stop()
  })
  const get = (path: string, headers: Record<string, string> = VIEWER) => server.ask(path, { headers })

  test('[B1] GET agents lists them, each with exactly the fields of the model', async () => {
    const body = (await get('/api/v1/bots/agents')).json() as { agents: object[] }
    expect(keys(body)).toEqual(['agents', 'count', 'epoch', 'mode', 'next', 'seq', 'success', 'total'])
    expect(body).toMatchObject({ success: true, mode: 'live', count: 9, total: 9, next: null })
    for (const agent of body.agents) expect(keys(agent)).toEqual([...AGENT_FIELDS].sort())
  })

  test('GET agents/:id gives one, its id percent-encoded', async () => {
    const { agents } = (await get('/api/v1/bots/agents')).json() as { agents: { id: string }[] }
    for (const { id } of agents) {
      const answer = await get(`/api/v1/bots/agents/${encodeURIComponent(id)}`)
      expect(answer.status).toBe(200)
      expect(keys(answer.json())).toEqual(['agent', 'epoch', 'mode', 'seq', 'success'])
      expect(answer.json().agent).toEqual(agents.find((agent) => agent.id === id))
    }
    expect(agents.map(({ id }) => id)).toContain('source-of-the-test/odd id/ü%?#')
  })

  test.each(['nobody', '__proto__', 'constructor', encodeURIComponent('a/b/c'), '%20', encodeURIComponent('\0')])(
    'GET agents/%s is NOT_FOUND',
    async (id) => {
      const answer = await get(`/api/v1/bots/agents/${id}`)
      expect(answer.status).toBe(404)
      expectShape(answer, 'NOT_FOUND')
    },
  )

  test('GET data gives agents, links, tasks and swarms, each with its own fields only', async () => {
    const body = (await get('/api/v1/bots/data')).json() as Record<string, object[]>
    expect(keys(body)).toEqual(['agents', 'epoch', 'links', 'mode', 'seq', 'success', 'swarms', 'tasks', 'totals'])
    expect(body.agents).toHaveLength(9)
    for (const agent of body.agents ?? []) expect(keys(agent)).toEqual([...AGENT_FIELDS].sort())
    expect(body.links?.length).toBeGreaterThan(7)
    for (const link of body.links ?? []) {
      expect(keys(link)).toEqual(['evidence', 'id', 'kind', 'mock', 'since', 'source', 'sourceId', 'target'])
    }
    expect(body.tasks).toHaveLength(1)
    expect(body.tasks?.[0]).not.toHaveProperty('rev')
    expect(body.swarms?.[0]).not.toHaveProperty('entity')
  })

  test('GET status gives the totals; what nobody reported is null', async () => {
    const body = (await get('/api/v1/bots/status')).json()
    expect(body.budget).toBeNull()
    expect(keys(body)).toEqual(['budget', 'degraded', 'epoch', 'mode', 'seq', 'sources', 'success', 'totals'])
    expect(body.totals).toMatchObject({
      agents: 9,
      registered: 9,
      observed: 0,
      swarms: 1,
      tokens: null,
      costUsd: null,
      byStatus: { busy: 2, offline: 1, idle: 6 },
      tasks: { total: 1, inProgress: 1 },
    })
  })

  test('GET health is healthy, with exactly its fields', async () => {
    const answer = await get('/api/v1/bots/health', {})
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.json())).toEqual([
      'success',
      'status',
      'code',
      'mode',
      'degraded',
      'version',
      'uptimeSeconds',
      'viewers',
      'agents',
      'sources',
      'logError',
      'claudeFlow',
    ])
    expect(answer.json()).toMatchObject({
      success: true,
      status: 'healthy',
      mode: 'live',
      degraded: [],
      version: VERSION,
      viewers: 0,
      agents: 9,
      sources: [
        {
          id: 'source-of-the-test',
          kind: 'claude-flow',
          state: 'live',
          url: `ws://127.0.0.1:${relay.port}/ws`,
          since: expect.stringMatching(/^\d{4}-.*Z$/),
          attempt: 0,
          retryAt: null,
          lastError: null,
        },
        ...NEVER_HEARD,
      ],
    })
  })

  test.each(['agents', 'agents/nobody', 'data', 'status', 'health'])(
    '/api/bots/%s answers as /api/v1/bots does',
    async (path) => {
      const [old, current] = [await get(`/api/bots/${path}`), await get(`/api/v1/bots/${path}`)]
      const steady = ({ status, text }: Answer) => [status, text.replace(/"uptimeSeconds":\d+/, '')]
      expect(steady(old)).toEqual(steady(current))
    },
  )

  test('answers are not kept by anybody between', async () => {
    for (const path of ['agents', 'data', 'status']) {
      expect((await get(`/api/v1/bots/${path}`)).headers).toMatchObject({
        'cache-control': 'private, no-cache',
        vary: expect.stringContaining('Authorization'),
      })
    }
    expect((await get('/api/v1/bots/health')).headers['cache-control']).toBe('no-store')
  })

  test('commands call claude-flow with the defaults for what is left out', async () => {
    relay.tools.set('swarm_init', () => text({ success: true, swarmId: 'swarm-1' }))
    relay.tools.set('agent_spawn', () => text({ success: true, agentId: 'coder-1' }))
    for (const [body, headers] of [
      [undefined, {}],
      ['{}', JSON_TYPE],
    ] as const) {
      const answer = await server.ask('/api/v1/bots/initialize-swarm', {
        method: 'POST',
        headers: { ...OPERATOR, ...headers },
        ...(body === undefined ? {} : { body }),
      })
      expect(answer.status).toBe(200)
      expect(answer.json()).toEqual({ success: true, mode: 'live', swarmId: 'swarm-1', agents: [] })
    }
    expect(relay.calls('swarm_init')).toEqual(
      Array(2).fill({ topology: 'hierarchical', maxAgents: 8, strategy: 'adaptive' }),
    )

    const spawned = await server.ask('/api/bots/spawn-agent-hybrid', { method: 'POST', headers: OPERATOR })
    expect(spawned.json()).toEqual({
      success: true,
      mode: 'live',
      agentId: 'coder-1',
      agentType: 'coder',
      swarmId: null,
    })
  })

  test('a swarm with agents tells what became of each', async () => {
    relay.tools.set('swarm_init', () => text({ success: true, swarmId: 'swarm-2' }))
    relay.tools.set('agent_spawn', ({ agentType }) =>
      agentType === 'tester' ? text({ success: false, error: 'no room' }) : text({ success: true, agentId: 'a' }),
    )
    const answer = await server.ask('/api/v1/bots/initialize-swarm', {
      method: 'POST',
      headers: { ...OPERATOR, ...JSON_TYPE },
      body: JSON.stringify({
        topology: 'mesh',
        maxAgents: 5,
        strategy: 'balanced',
        enableNeural: true,
        agentTypes: ['coder', 'tester'],
        customPrompt: 'Build it',
        unknown: 'field',
      }),
    })
    expect(answer.json()).toMatchObject({
      success: true,
      swarmId: 'swarm-2',
      agents: [
        { type: 'coder', success: true, agentId: 'a', error: null },
        { type: 'tester', success: false, agentId: null, error: { code: 'TOOL_FAILED' } },
      ],
    })
  })

  test('what claude-flow refuses is its status and shape, with its words', async () => {
    relay.tools.set('agent_spawn', () => text({ success: false, error: 'Too many agents' }))
    const answer = await server.ask('/api/v1/bots/spawn-agent-hybrid', { method: 'POST', headers: OPERATOR })
    expect(answer.status).toBe(502)
    expectShape(answer, 'TOOL_FAILED')
    expect(answer.text).toContain('Too many agents')
  })

  test('a claude-flow that ails: healthy, its stderr shown to those with a token only', async () => {
    const lastError = {
      error: 'claude-flow stopped',
      code: 'CHILD_CRASHED',
      details: { suggestion: 'Error: ENOENT /home/dev/secret-project' },
    }
    relay.tellState({ child: { ...UP.child, state: 'waiting', lastError }, hasState: true })
    const withToken = async () => (await get('/api/v1/bots/health')).text
    await until(async () => (await withToken()).includes('secret-project'))
    const without = await get('/api/v1/bots/health', {})
    expect(without.text).not.toContain('secret-project')
    expect(without.json()).toMatchObject({ sources: [{ lastError: { code: 'CHILD_CRASHED' } }, ...NEVER_HEARD] })

    relay.tellState({
      child: { ...UP.child, state: 'waiting', lastError: { ...lastError, code: 'OF_THE_FUTURE' } },
      hasState: true,
    })
    await until(async () => (await withToken()).includes('OF_THE_FUTURE'))
    expect((await get('/api/v1/bots/health', {})).text).not.toContain('secret-project')
    relay.tellState(UP)
    await until(async () => !(await withToken()).includes('OF_THE_FUTURE'))
  })
})

describe('who may ask', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ type: 'demo', agents: 3 })
  })
  afterAll(() => server.stop())

  const readable = 'agents agents/mock%2Fqueen tasks swarms links activity data status'
    .split(' ')
    .map((path) => ['GET', `/api/v1/bots/${path}`])
  const operable = [
    ...['initialize-swarm', 'spawn-agent-hybrid', 'swarms', 'agents', 'tasks'].map((path) => ['POST', path]),
    ...['agents/a', 'tasks/t', 'remove-task/t'].map((path) => ['DELETE', path]),
  ].map(([method, path]) => [method, `/api/v1/bots/${path}`])
  const all = [...readable, ...operable, ['GET', '/api/v1/events'], ['POST', '/api/v1/ticket']] as [string, string][]

  test.each(all)('%s %s without a token, or with a wrong one, is 401', async (method, path) => {
    for (const headers of [
      {},
      bearer('wrong-token-1234'),
      bearer(TOKENS.relay),
      bearer(''),
      { Authorization: TOKENS.operator },
      { Authorization: `Basic ${TOKENS.operator}` },
    ]) {
      for (const alias of [path, path.replace('/v1/bots', '/bots')]) {
        const answer = await server.ask(alias, { method, headers })
        expect(answer.status).toBe(401)
        expectShape(answer, 'UNAUTHORIZED')
        expect(answer.headers['www-authenticate']).toContain('Bearer')
        expect(answer.text).not.toContain('wrong-token-1234')
      }
    }
  })

  test.each(readable as [string, string][])('%s %s is for viewers and operators', async (method, path) => {
    for (const headers of [VIEWER, OPERATOR]) expect((await server.ask(path, { method, headers })).status).toBe(200)
  })

  test.each(operable as [string, string][])('%s %s is 403 for a viewer', async (method, path) => {
    const answer = await server.ask(path, { method, headers: VIEWER })
    expect(answer.status).toBe(403)
    expectShape(answer, 'FORBIDDEN')
  })

  test.each(operable as [string, string][])(
    '%s %s of an operator in the demo says that it is one',
    async (method, path) => {
      const body = method === 'POST' ? { body: JSON.stringify({ description: 'Add a login page' }) } : {}
      const answer = await server.ask(path, { method, headers: { ...OPERATOR, ...JSON_TYPE }, ...body })
      expect(answer.status).toBe(503)
      expectShape(answer, 'NOT_CONNECTED')
      expect(answer.text).toContain('--demo')
    },
  )

  test('health asks for no token, and a wrong one is none', async () => {
    for (const headers of [{}, VIEWER, OPERATOR, bearer('wrong-token-1234')]) {
      expect((await server.ask('/api/v1/bots/health', { headers })).json()).toMatchObject({
        status: 'healthy',
        mode: 'mock',
        agents: 3,
      })
    }
  })

  test('a ticket is given to both roles, and kept by nobody', async () => {
    for (const headers of [VIEWER, OPERATOR]) {
      const answer = await server.ask('/api/v1/ticket', { method: 'POST', headers })
      expect(answer.json()).toEqual({
        success: true,
        ticket: expect.stringMatching(/^[\w-]{32}$/),
        expiresInSeconds: 30,
      })
      expect(answer.headers['cache-control']).toBe('no-store')
    }
  })

  test('in the demo every agent is marked as made up', async () => {
    const { agents, mode } = (await server.ask('/api/v1/bots/agents', { headers: VIEWER })).json() as {
      mode: string
      agents: { mock: boolean }[]
    }
    expect(mode).toBe('mock')
    expect(agents.every(({ mock }) => mock)).toBe(true)
  })

  test.each(['/', '/api/v1/bots/health', '/api/v1/bots/agents', '/robots.txt', '/nowhere'])(
    '[A1, A2, A5] Host and Origin are looked at before the token on %s',
    async (path) => {
      const wrongHost = await server.ask(path, { headers: { ...OPERATOR, Host: 'evil.example' } })
      expect(wrongHost.status).toBe(421)
      expectShape(wrongHost, 'WRONG_HOST')
      const wrongOrigin = await server.ask(path, { headers: { ...OPERATOR, Origin: 'https://evil.example' } })
      expect(wrongOrigin.status).toBe(403)
      expectShape(wrongOrigin, 'WRONG_ORIGIN')
      expect((await server.ask(path, { headers: { Host: 'evil.example' } })).status).toBe(421)
    },
  )

  test.each(['127.0.0.1', 'localhost', 'LocalHost', '[::1]'])('[A4] %s with our port is a good Host', async (name) => {
    const Host = `${name}:${server.port}`
    expect((await server.ask('/api/v1/bots/health', { headers: { Host } })).status).toBe(200)
    expect((await server.ask('/api/v1/bots/health', { headers: { Host: name } })).status).toBe(421)
  })

  test('no answer allows another site to read it', async () => {
    for (const path of ['/', '/api/v1/bots/health']) {
      const { headers } = await server.ask(path, { headers: { Origin: `http://127.0.0.1:${server.port}` } })
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
  })
})

describe('names that were allowed', () => {
  test('[A4] --allow-host and --public-url let a name in, with its own port', async () => {
    const server = await startTestServer(
      { type: 'demo', agents: 1 },
      { allowHosts: ['swarm.lan'], publicUrls: ['https://swarm.example'] },
    )
    try {
      const status = async (headers: Record<string, string>) =>
        (await server.ask('/api/v1/bots/health', { headers })).status
      expect(await status({ Host: `swarm.lan:${server.port}` })).toBe(200)
      expect(await status({ Host: 'swarm.example', Origin: 'https://swarm.example' })).toBe(200)
      expect(await status({ Host: 'swarm.lan' })).toBe(421)
      expect(await status({ Host: `swarm.example:${server.port}` })).toBe(421)
    } finally {
      await server.stop()
    }
  })
})

describe('what is not right', () => {
  let server: TestServer
  const { log, lines } = keptLog()
  beforeAll(async () => {
    server = await startTestServer({ type: 'demo', agents: 1 }, { log })
  })
  afterAll(() => server.stop())
  const post = (body: string, headers: Record<string, string> = JSON_TYPE) =>
    server.ask('/api/v1/bots/initialize-swarm', { method: 'POST', headers: { ...OPERATOR, ...headers }, body })

  test.each([
    ['GET', '/nowhere'],
    ['GET', '/api'],
    ['GET', '/api/v1'],
    ['GET', '/api/v1/bots'],
    ['GET', '/api/v1/bots/nothing'],
    ['GET', '/api/v2/bots/agents'],
    ['POST', '/'],
    ['GET', '/assets'],
    ['GET', '/assets/'],
    ['GET', '/assets/profiles'],
    ['GET', '/assets/missing.js'],
    ['GET', '/.env'],
    ['GET', '/assets/../../../etc/passwd'],
    ['GET', '/assets/..%2f..%2f..%2fetc%2fpasswd'],
    ['OPTIONS', '/api/v1/stream'],
    ['GET', '/api/v1/stream'],
    ['GET', '//evil.example/'],
  ])('%s %s is 404 in the one shape', async (method, path) => {
    const answer = await server.ask(path, { method, headers: OPERATOR })
    expect(answer.status).toBe(404)
    expectShape(answer, 'NOT_FOUND')
  })

  test.each([
    ['DELETE', '/api/v1/bots/agents', 'GET, HEAD, POST'],
    ['PUT', '/api/bots/agents', 'GET, HEAD, POST'],
    ['PUT', '/api/v1/bots/initialize-swarm', 'POST'],
    ['POST', '/api/v1/bots/agents/one', 'GET, HEAD, DELETE'],
    ['OPTIONS', '/api/v1/bots/status', 'GET, HEAD'],
    ['GET', '/api/v1/ticket', 'POST'],
    ['POST', '/livez', 'GET, HEAD'],
    ['DELETE', '/metrics', 'GET, HEAD'],
  ])('%s %s is 405, and says which methods are taken', async (method, path, allow) => {
    const answer = await server.ask(path, { method, headers: OPERATOR })
    expect(answer.status).toBe(405)
    expectShape(answer, 'METHOD_NOT_ALLOWED')
    expect(answer.headers.allow).toBe(allow)
  })

  test.each(['/api/v1/bots/agents/%zz', '/api/v1/bots/agents/%', '/api/v1/bots/agents/%c0%af'])(
    'broken percent-encoding in %s is 400',
    async (path) => {
      const answer = await server.ask(path, { headers: VIEWER })
      expect(answer.status).toBe(400)
      expectShape(answer, 'BAD_REQUEST')
    },
  )

  test('broken percent-encoding of a page is in the one shape too', async () => {
    const answer = await server.ask('/%zz', {})
    expect([400, 404]).toContain(answer.status)
    expectShape(answer, answer.status === 400 ? 'BAD_REQUEST' : 'NOT_FOUND')
  })

  test.each(['{', 'null', '"text"', '5', '{"a":}', '{"topology":"mesh"}}'])('the body %s is 400', async (body) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expectShape(answer, 'BAD_REQUEST')
  })

  test.each([
    [{ maxAgents: 0 }, 'maxAgents'],
    [{ maxAgents: 1.5 }, 'maxAgents'],
    [{ maxAgents: '8' }, 'maxAgents'],
    [{ topology: '' }, 'topology'],
    [{ topology: 'x'.repeat(101) }, 'topology'],
    [{ agentTypes: 'coder' }, 'agentTypes'],
    [{ agentTypes: [5] }, 'agentTypes.0'],
    [{ agentTypes: Array(101).fill('coder') }, 'agentTypes'],
    [{ customPrompt: 'x'.repeat(4_001) }, 'customPrompt'],
    [{ strategy: null }, 'strategy'],
    [[], ''],
  ])('the body %j is 400 and names the field, before any connection', async (body, field) => {
    const answer = await post(JSON.stringify(body))
    expect(answer.status).toBe(400)
    expectShape(answer, 'BAD_REQUEST')
    expect(answer.text).toContain(field)
  })

  test.each([
    ['a form', 'application/x-www-form-urlencoded', 'topology=mesh'],
    ['text', 'text/plain', '{"topology":"mesh"}'],
    ['a multipart form', 'multipart/form-data; boundary=x', '--x--'],
    ['another charset', 'application/json; charset=latin1', '{}'],
  ])('%s is 415', async (_, type, body) => {
    const answer = await post(body, { 'Content-Type': type })
    expect(answer.status).toBe(415)
    expectShape(answer, 'UNSUPPORTED_MEDIA_TYPE')
  })

  test('a body without a type is taken for JSON, and must be some', async () => {
    expect((await post('{"maxAgents":-1}', {})).status).toBe(400)
    expect((await post('topology=mesh', {})).status).toBe(400)
  })

  test.each([
    ['nothing at all', {}],
    ['a length of 0', { 'Content-Length': '0' }],
    ['a type and a length of 0', { ...JSON_TYPE, 'Content-Length': '0' }],
  ])('no body, with %s, is an order with all defaults', async (_, headers) => {
    const answer = await post('', headers)
    expectShape(answer, 'NOT_CONNECTED')
  })

  test('a compressed body of an unknown kind is 415', async () => {
    const answer = await post('{}', { ...JSON_TYPE, 'Content-Encoding': 'compress' })
    expect(answer.status).toBe(415)
    expectShape(answer, 'UNSUPPORTED_MEDIA_TYPE')
  })

  test('a body above 64 KiB is 413', async () => {
    const answer = await post(JSON.stringify({ customPrompt: 'x'.repeat(70_000) }))
    expect(answer.status).toBe(413)
    expectShape(answer, 'TOO_LARGE')
  })

  test('authorization comes before the body is looked at', async () => {
    const ask = (headers: Record<string, string>): Promise<Answer> =>
      server.ask('/api/v1/bots/initialize-swarm', { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: '{' })
    expect((await ask({})).status).toBe(401)
    expect((await ask(VIEWER)).status).toBe(403)
    expect((await ask(OPERATOR)).status).toBe(400)
  })

  test('no answer names what it is made with, and no line of the log has a token', async () => {
    expect((await server.ask('/')).headers['x-powered-by']).toBeUndefined()
    await server.ask('/api/v1/bots/agents', { headers: OPERATOR })
    const written = JSON.stringify(lines())
    for (const token of Object.values(TOKENS)) expect(written).not.toContain(token)
    expect(lines().filter(({ level }) => Number(level) >= 50)).toEqual([])
  })
})

describe('probes and the page', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ type: 'demo', agents: 1 })
  })
  afterAll(() => server.stop())

  test('/livez and /readyz answer anyone, by whatever name, with an empty body', async () => {
    for (const path of ['/livez', '/readyz']) {
      const answer = await server.ask(path, { headers: { Host: '10.1.2.3' } })
      expect([answer.status, answer.text]).toEqual([200, ''])
    }
  })

  test('the page has a nonce of its own in each answer, the same as in its policy', async () => {
    const nonces = new Set<string>()
    for (const path of ['/', '/', '/index.html']) {
      const answer = await server.ask(path)
      expect(answer.status).toBe(200)
      const [, nonce = ''] = /nonce="([^"]+)"/.exec(answer.text) ?? []
      expect(nonce).toMatch(/^[A-Za-z0-9+/]{22}==$/)
      expect(answer.text).not.toContain('__CSP_NONCE__')
      expect(answer.text.split(nonce)).toHaveLength(3)
      expect(answer.headers['content-security-policy']).toContain(`style-src 'self' 'nonce-${nonce}'`)
      expect(answer.headers['cache-control']).toBe('no-store')
      nonces.add(nonce)
    }
    expect(nonces.size).toBe(3)
  })

  test('the policy allows our own and nothing else, on every answer', async () => {
    for (const path of ['/', '/api/v1/bots/health', '/nowhere', '/assets/main-abc123.js', '/api/v1/bots/agents']) {
      const { headers } = await server.ask(path)
      const policy = String(headers['content-security-policy'])
        .split(';')
        .map((directive) => directive.trim().replace(/'nonce-[^']+'/, "'nonce-…'"))
      expect(policy.sort()).toEqual(
        [
          "default-src 'none'",
          "script-src 'self' 'wasm-unsafe-eval'",
          "style-src 'self' 'nonce-…'",
          "worker-src 'self'",
          "font-src 'self'",
          "manifest-src 'self'",
          "connect-src 'self'",
          "img-src 'self' data: blob:",
          "base-uri 'none'",
          "form-action 'none'",
          "frame-ancestors 'none'",
        ].sort(),
      )
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
      expect(headers['strict-transport-security']).toBeUndefined()
    }
  })

  test('assets are kept for ever, other files for an hour, and the page needs no token', async () => {
    expect((await server.ask('/assets/main-abc123.js')).headers['cache-control']).toContain('immutable')
    expect((await server.ask('/robots.txt')).headers['cache-control']).toContain('max-age=3600')
  })
})

describe('with nothing listening', () => {
  let server: TestServer
  let port: number
  beforeEach(async () => {
    port = await freedPort()
    server = await startTestServer({ type: 'relay', host: '127.0.0.1', port })
  })
  afterEach(() => server.stop())
  const post = (path: string, options: AskOptions = {}) =>
    server.ask(`/api/v1/bots/${path}`, {
      method: 'POST',
      headers: { ...OPERATOR, ...JSON_TYPE },
      body: '{}',
      ...options,
    })

  test.each(['initialize-swarm', 'spawn-agent-hybrid'])(
    "POST %s gives exactly the original's answer, at once",
    async (path) => {
      const answer = await post(path)
      expect(answer.status).toBe(503)
      expect(answer.text).toBe(
        `{"success":false,"error":"Failed to connect to Claude Flow","code":"CONNECTION_REFUSED","details":{"suggestion":"Ensure the MCP WebSocket relay is running on 127.0.0.1:${port}"}}`,
      )
      expect(answer.headers['retry-after']).toBeDefined()
    },
  )

  test('and with the name powerdev in it, if that is the host', () => {
    expect(JSON.stringify(errorBody('CONNECTION_REFUSED', { host: 'powerdev', port: 3000 }))).toBe(
      '{"success":false,"error":"Failed to connect to Claude Flow","code":"CONNECTION_REFUSED","details":{"suggestion":"Ensure the MCP WebSocket relay is running on powerdev:3000"}}',
    )
  })

  test('authorization and validation come first', async () => {
    expect((await post('initialize-swarm', { headers: JSON_TYPE })).status).toBe(401)
    expect((await post('initialize-swarm', { headers: { ...VIEWER, ...JSON_TYPE } })).status).toBe(403)
    expect((await post('initialize-swarm', { body: '{"maxAgents":-1}' })).status).toBe(400)
  })

  test('the view is mock and degraded, and says why', async () => {
    await until(async () => (await server.ask('/api/v1/bots/health')).json().mode === 'mock', 2_000)
    const answer = await server.ask('/api/v1/bots/health')
    expect(answer.status).toBe(200)
    expect(answer.json()).toMatchObject({
      status: 'degraded',
      code: 'CONNECTION_REFUSED',
      mode: 'mock',
      degraded: [`claude-flow@127.0.0.1:${port}`],
      agents: 12,
      sources: [
        { lastError: { code: 'CONNECTION_REFUSED', error: 'Failed to connect to Claude Flow' } },
        ...NEVER_HEARD,
      ],
    })
  })
})

describe('health', () => {
  test('is draining while the server ends', async () => {
    const real = new World('real', new MemoryLog())
    const view = new View({ demo: false, real, sources: [new LiteralSource({ state: 'live' })], mock: () => real })
    const hub = new Hub(view)
    const input = { view, hub, demo: false, trusted: false }
    expect(healthOf({ ...input, draining: false })).toMatchObject({ status: 'healthy', code: null })
    expect(healthOf({ ...input, draining: true })).toMatchObject({ status: 'draining', code: 'STOPPING' })
    hub.close()
    view.close()
  })

  test.each([
    ['CONNECTION_REFUSED', 'waiting', true],
    ['CONNECTION_LOST', 'waiting', true],
    ['TLS_FAILED', 'connecting', true],
    // What comes over a connection may be anybody's words, whatever its code.
    ['CONNECTION_REFUSED', 'live', false],
    ['CHILD_CRASHED', 'unavailable', false],
  ] as const)('tells strangers exactly what we met ourselves: %s, %s: %s', (code, state, exactly) => {
    const real = new World('real', new MemoryLog())
    const lastError = { ...errorBody(code), details: { suggestion: 'exact words' } }
    const view = new View({ demo: false, real, sources: [new LiteralSource({ state, lastError })], mock: () => real })
    const hub = new Hub(view)
    const { sources } = healthOf({ view, hub, demo: false, draining: false, trusted: false })
    expect(sources[0]?.lastError?.code).toBe(code)
    expect(sources[0]?.lastError?.details.suggestion === 'exact words').toBe(exactly)
    hub.close()
    view.close()
  })

  test('is degraded while stale', async () => {
    const relay = await new FakeRelay().start()
    relay.records.set(records3(runningStores3()))
    const server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: relay.port })
    const health = async () => (await server.ask('/api/v1/bots/health')).json()
    try {
      await until(async () => (await health()).mode === 'live')
      await relay.stop()
      await until(async () => (await health()).mode === 'stale')
      expect(await health()).toMatchObject({ status: 'degraded', agents: 8, degraded: ['source-of-the-test'] })
      const { agents } = (await server.ask('/api/v1/bots/agents', { headers: VIEWER })).json()
      expect(agents).toHaveLength(8)
    } finally {
      await server.stop()
      await relay.stop()
    }
  })
})

describe('the server', () => {
  test('a busy port is PORT_IN_USE with port and option, and leaves nothing behind', async () => {
    const first = await startTestServer({ type: 'demo', agents: 1 })
    try {
      await expect(startTestServer({ type: 'demo', agents: 1 }, { port: first.port })).rejects.toMatchObject({
        code: 'PORT_IN_USE',
        context: { detail: `Port ${first.port} on 127.0.0.1 is taken: choose another with --port N` },
      })
    } finally {
      await first.stop()
    }
  })

  test('closes twice, at once and with requests under way', async () => {
    const server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: await freedPort() })
    const answers = Promise.allSettled(
      ['/api/v1/bots/health', '/api/v1/events', '/'].map((path) => server.ask(path, { headers: VIEWER })),
    )
    await Promise.all([server.close(), server.close()])
    await answers
    await server.stop()
    await expect(server.ask('/livez')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('the mock world stands still as soon as real agents are shown, and is not shown again', async () => {
    const relay = new FakeRelay()
    relay.records.set(records3(runningStores3()))
    await relay.start()
    const { port } = relay
    await relay.stop()
    const server = await startTestServer({ type: 'relay', host: '127.0.0.1', port })
    const health = async () => (await server.ask('/api/v1/bots/health')).json()
    try {
      await until(async () => (await health()).mode === 'mock')
      expect((await health()).agents).toBe(12)
      await relay.start()
      await until(async () => (await health()).mode === 'live')
      expect((await health()).agents).toBe(8)
      await relay.stop()
      await until(async () => (await health()).mode === 'stale')
      expect((await health()).agents).toBe(8)
    } finally {
      await server.stop()
      await relay.stop()
    }
  })
})

test('a source that was never started is no error to close', async () => {
  const world = new World('real', new MemoryLog())
  const address = { host: '127.0.0.1', port: 1 }
  const source = new ClaudeFlowSource({ address, token: 'relay-token', world, log: silentLog })
  await source.close()
  expect(source.status.state).toBe('closed')
})
