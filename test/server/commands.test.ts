import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { outcomeOf } from '../../server/api/commands.ts'
import { Idempotency } from '../../server/api/idempotency.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { ClaudeFlowSource } from '../../server/sources/claudeFlow/claudeFlowSource.ts'
import {
  assignTask,
  cancelTask,
  createTask,
  initializeSwarm,
  type ToolCaller,
  terminateAgent,
} from '../../server/sources/claudeFlow/commands.ts'
import { World } from '../../server/world.ts'
import { FakeRelay, failure, text, UP } from '../helpers/fakeRelay.ts'
import { records3, runningStores3 } from '../helpers/recordings.ts'
import { keptLog, silentLog } from '../helpers/silentLog.ts'
import {
  type Answer,
  type AskOptions,
  OPERATOR,
  startTestServer,
  type TestServer,
  TOKENS,
  VIEWER,
} from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'

const ORDER = { topology: 'mesh', maxAgents: 8, strategy: 'adaptive', customPrompt: '' }
const TASK = { description: 'Add a login page', type: 'feature', priority: 'normal', assignTo: [] } as const

/** Answers `swarm_init`, and each spawn by what its type says. */
function claudeFlow(): { source: ToolCaller; spawned: string[] } {
  const spawned: string[] = []
  const source: ToolCaller = {
    generation: 3,
    ready: () => Promise.resolve(),
    callTool: (name, { agentType }) => {
      if (name === 'swarm_init') return Promise.resolve({ swarmId: 'swarm-1' })
      spawned.push(String(agentType))
      if (agentType === 'hangs') return Promise.reject(new SwarmscopeError('CHILD_TIMEOUT'))
      if (agentType === 'refused') return Promise.reject(new SwarmscopeError('TOOL_FAILED'))
      return Promise.resolve({ agentId: `${agentType}-1` })
    },
  }
  return { source, spawned }
}

describe('initializing a swarm', () => {
  it('tells the outcome of each agent, and goes on after one that was refused', async () => {
    const { source } = claudeFlow()
    const { swarmId, agents } = await initializeSwarm(source, { ...ORDER, agentTypes: ['coder', 'refused', 'tester'] })
    expect(swarmId).toBe('swarm-1')
    expect(agents.map(({ type, success, agentId, error }) => [type, success, agentId, error?.code])).toEqual([
      ['coder', true, 'coder-1', undefined],
      ['refused', false, null, 'TOOL_FAILED'],
      ['tester', true, 'tester-1', undefined],
    ])
  })

  it('does not ask a claude-flow that hangs for the rest, and says so of each', async () => {
    const { source, spawned } = claudeFlow()
    const { agents } = await initializeSwarm(source, { ...ORDER, agentTypes: ['coder', 'hangs', 'tester', 'coder'] })
    expect(spawned).toEqual(['coder', 'hangs'])
    expect(agents.map(({ success, error }) => [success, error?.code])).toEqual([
      [true, undefined],
      [false, 'CHILD_TIMEOUT'],
      [false, 'CHILD_TIMEOUT'],
      [false, 'CHILD_TIMEOUT'],
    ])
  })

  it('gives up the agents that a minute was not enough for', async () => {
    const { source, spawned } = claudeFlow()
    let nowMs = 0
    const slow: ToolCaller = {
      ...source,
      callTool: (name, args) => {
        if (name === 'agent_spawn') nowMs += 25_000
        return source.callTool(name, args)
      },
    }
    const { agents } = await initializeSwarm(slow, { ...ORDER, agentTypes: Array(5).fill('coder') }, () => nowMs)
    expect(spawned).toHaveLength(3)
    expect(agents.map(({ error }) => error?.code)).toEqual([...Array(3), 'CHILD_TIMEOUT', 'CHILD_TIMEOUT'])
  })
})

describe('[B6] of claude-flow 2.x', () => {
  const asked = (answers: Record<string, () => Promise<Record<string, unknown>>>) => {
    const calls: string[] = []
    const source: ToolCaller = {
      generation: 2,
      ready: () => Promise.resolve(),
      callTool: (name) => {
        calls.push(name)
        return answers[name]?.() ?? Promise.reject(new Error(`not expected: ${name}`))
      },
    }
    return { source, calls }
  }

  it('nothing is asked that it has no tool for', async () => {
    const { source, calls } = asked({})
    for (const command of [terminateAgent(source, 'a'), assignTask(source, 't', ['a']), cancelTask(source, 't')]) {
      await expect(command).rejects.toMatchObject({ code: 'NOT_SUPPORTED_BY_CLAUDE_FLOW' })
    }
    expect(calls).toEqual([])
  })

  it('a task is made within a swarm only: without one it says yes and keeps nothing', async () => {
    const without = asked({
      swarm_status: () => Promise.reject(new SwarmscopeError('TOOL_FAILED', { detail: 'No active swarm found' })),
    })
    await expect(createTask(without.source, TASK)).rejects.toMatchObject({ code: 'NOT_SUPPORTED_BY_CLAUDE_FLOW' })
    expect(without.calls).toEqual(['swarm_status'])

    const within = asked({
      swarm_status: () => Promise.resolve({ success: true }),
      task_orchestrate: () => Promise.resolve({ taskId: 'task_1' }),
    })
    expect(await createTask(within.source, TASK)).toBe('task_1')
  })
})

describe('commands over the API', () => {
  let relay: FakeRelay
  let server: TestServer
  const { log, lines } = keptLog()
  beforeAll(async () => {
    relay = await new FakeRelay().start()
    relay.records.set(records3(runningStores3()))
    server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: relay.port }, { log })
    await until(async () => (await server.ask('/api/v1/bots/health')).json().mode === 'live')
  })
  afterAll(async () => {
    await server.stop()
    await relay.stop()
  })
  afterEach(() => {
    relay.tools.clear()
    relay.requests.length = 0
  })

  const ask = (method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> =>
    server.ask(`/api/v1/bots/${path}`, {
      method,
      headers: { ...OPERATOR, ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  const id = (nativeId: string) => encodeURIComponent(`source-of-the-test/${nativeId}`)
  const audit = () => lines().filter((line) => line.audit === true)

  const done = { success: true, mode: 'live' }
  test.each([
    [
      'POST',
      'swarms',
      { topology: 'ring' },
      'swarm_init',
      { topology: 'ring', maxAgents: 8, strategy: 'adaptive' },
      { swarmId: 's' },
    ],
    [
      'POST',
      'agents',
      { agentType: 'tester', name: 'checker-2' },
      'agent_spawn',
      { agentType: 'tester', agentId: 'checker-2' },
      { agentId: 'a', agentType: 'tester', swarmId: null },
    ],
    [
      'DELETE',
      `agents/${id('builder-1')}`,
      undefined,
      'agent_terminate',
      { agentId: 'builder-1' },
      { agentId: 'builder-1' },
    ],
    ['DELETE', 'agents/builder-1', undefined, 'agent_terminate', { agentId: 'builder-1' }, { agentId: 'builder-1' }],
    [
      'POST',
      'tasks',
      { description: 'Test it', assignTo: ['source-of-the-test/builder-1'] },
      'task_create',
      { type: 'feature', description: 'Test it', priority: 'normal', assignTo: ['builder-1'] },
      { taskId: 't' },
    ],
    [
      'POST',
      `tasks/${id('t-1')}/assign`,
      { agentIds: ['source-of-the-test/builder-1', 'new'] },
      'task_assign',
      { taskId: 'source-of-the-test/t-1', agentIds: ['builder-1', 'new'] },
      { taskId: 'source-of-the-test/t-1', agentIds: ['builder-1', 'new'] },
    ],
    ['DELETE', 'tasks/t-1', undefined, 'task_cancel', { taskId: 't-1' }, { taskId: 't-1' }],
    ['DELETE', 'remove-task/t-1', undefined, 'task_cancel', { taskId: 't-1' }, { taskId: 't-1' }],
    [
      'POST',
      'update',
      { agentId: 'source-of-the-test/builder-1', status: 'busy', health: 0.5 },
      'agent_update',
      { agentId: 'builder-1', status: 'busy', health: 0.5 },
      { agentId: 'builder-1' },
    ],
    [
      'POST',
      'update',
      { taskId: 't-1', progress: 0.5 },
      'task_update',
      { taskId: 't-1', progress: 50 },
      { taskId: 't-1' },
    ],
  ] as const)('%s %s %j calls %s', async (method, path, body, tool, args, answer) => {
    relay.tools.set(tool, () => text({ swarmId: 's', agentId: 'a', taskId: 't' }))
    const given = await ask(method, path, body)
    expect([given.status, given.json()]).toEqual([200, { ...done, ...answer }])
    expect(relay.calls(tool)).toEqual([args])
  })

  test.each([
    ['agents/nobody', 'agent_terminate', { success: false, agentId: 'nobody', error: 'Agent not found' }],
    ['tasks/none', 'task_cancel', { success: false, taskId: 'none', error: 'Task not found' }],
  ])('DELETE %s of what claude-flow has not is NOT_FOUND', async (path, tool, said) => {
    relay.tools.set(tool, () => text(said))
    expect((await ask('DELETE', path)).json()).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('an error that 3.x gives without saying that it failed is one', async () => {
    relay.tools.set('task_assign', () => text({ taskId: 'none', error: 'Task not found' }))
    expect((await ask('POST', 'tasks/none/assign', { agentIds: ['a'] })).json()).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('[E5] what the relay says of its refusal is passed on: code, suggestion, and when to come back', async () => {
    relay.tools.set('agent_terminate', () =>
      failure(-32001, 'slow down', {
        code: 'RATE_LIMITED',
        suggestion: 'At most 5 calls a second',
        retryAfterMs: 2_500,
      }),
    )
    const answer = await ask('DELETE', 'agents/a')
    expect(answer.status).toBe(429)
    expect(answer.json()).toMatchObject({ code: 'RATE_LIMITED', details: { suggestion: 'At most 5 calls a second' } })
    expect(answer.headers['retry-after']).toBe('3')
  })

  test('[E4, E5] what claude-flow wrote leaves without paths, stacks and secrets', async () => {
    const said =
      "ENOENT: open '/home/dev/shop/.claude-flow/x.json' with key sk-ant-1234567890abcdef\n    at f (/home/dev/a.js:1:2)"
    relay.tools.set('agent_terminate', () => text({ success: false, error: said }))
    const { text: answer } = await ask('DELETE', 'agents/a')
    expect(answer).toContain('x.json')
    expect(answer).not.toMatch(/\/home|sk-ant|a\.js|\bat f\b/)
  })

  test('an update says what is to change, and of what', async () => {
    for (const body of [
      {},
      { agentId: 'a' },
      { agentId: 'a', taskId: 't', status: 'x' },
      { agentId: 'a', progress: 1 },
      { taskId: 't', health: 1 },
    ]) {
      expect((await ask('POST', 'update', body)).status, JSON.stringify(body)).toBe(400)
    }
    expect(relay.calls('agent_update')).toEqual([])
  })

  describe('[B4] with an idempotency key', () => {
    const spawn = (key: string, body: object = { agentType: 'coder' }) =>
      ask('POST', 'agents', body, { 'Idempotency-Key': key })

    test('are done once, whether the first has answered yet or not', async () => {
      relay.tools.set('agent_spawn', () => text({ success: true, agentId: `a${relay.calls('agent_spawn').length}` }))
      const answers = [...(await Promise.all([spawn('k1'), spawn('k1')])), await spawn('k1')]
      expect(answers.map(({ text }) => text)).toEqual(Array(3).fill(answers[0]?.text))
      expect(answers.map(({ headers }) => headers['idempotency-replayed']).sort()).toEqual(['true', 'true', undefined])
      expect(relay.calls('agent_spawn')).toHaveLength(1)
    })

    test('with another body, or for another command, are a conflict', async () => {
      relay.tools.set('agent_spawn', () => text({ success: true, agentId: 'a' }))
      await spawn('k2')
      expect((await spawn('k2', { agentType: 'tester' })).json()).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
      const other = await ask('DELETE', 'agents/a', undefined, { 'Idempotency-Key': 'k2' })
      expect(other.status).toBe(422)
      expect(relay.calls('agent_spawn')).toHaveLength(1)
    })

    test('whose failure may have had an effect fail alike, without being tried again', async () => {
      relay.tools.set('agent_spawn', () => failure(-32001, 'gone', { code: 'CHILD_CRASHED' }))
      const first = await spawn('k3')
      relay.tools.set('agent_spawn', () => text({ success: true, agentId: 'a' }))
      expect((await spawn('k3')).text).toBe(first.text)
      expect(relay.calls('agent_spawn')).toHaveLength(1)
    })

    test('that met a bug of ours are not tried again: it may have come after the deed', async () => {
      const outcome = await outcomeOf({ ready: () => Promise.resolve() }, () => Promise.reject(new TypeError('a bug')))
      expect(outcome).toMatchObject({ type: 'failed', error: { code: 'INTERNAL' } })
    })

    test('that were refused before claude-flow was asked are tried again', async () => {
      relay.tools.set('agent_spawn', () => failure(-32001, 'busy', { code: 'RATE_LIMITED' }))
      expect((await spawn('k4')).status).toBe(429)
      relay.tools.set('agent_spawn', () => text({ success: true, agentId: 'a' }))
      expect((await spawn('k4')).status).toBe(200)
    })

    test('whose answer was lost as the server let go of its connection are not done twice', async () => {
      const called = await new FakeRelay().start()
      const { world, log } = { world: new World('real', new MemoryLog()), log: silentLog }
      const source = new ClaudeFlowSource({
        address: { host: '127.0.0.1', port: called.port },
        token: called.token,
        world,
        log,
      })
      called.tools.set('agent_spawn', () => 'silence')
      const keys = new Idempotency()
      const once = () => keys.once('k', 'spawn', () => outcomeOf(source, () => source.callTool('agent_spawn', {})))
      source.start()
      const first = once()
      await called.until(() => called.calls('agent_spawn').length === 1)
      await source.close()
      expect(await first).toMatchObject({
        outcome: { type: 'failed', error: { code: 'CONNECTION_LOST' } },
        replayed: false,
      })
      source.start()
      expect(await once()).toMatchObject({
        outcome: { type: 'failed', error: { code: 'CONNECTION_LOST' } },
        replayed: true,
      })
      expect(called.calls('agent_spawn')).toHaveLength(1)
      await source.close()
      await called.stop()
      await world.close()
    })

    test('that is none is 400', async () => {
      for (const key of ['', 'with space', 'x'.repeat(201)]) expect((await spawn(key)).status, key).toBe(400)
    })
  })

  describe('[B5] leave a line in the log', () => {
    test('that says whose token, what and the outcome, and nothing of the arguments', async () => {
      relay.tools.set('task_create', () => text({ taskId: 't-9' }))
      const before = audit().length
      await ask('POST', 'tasks', { description: 'secret plan', type: 'secret-type' })
      expect(audit().slice(before)).toEqual([
        expect.objectContaining({
          command: 'create-task',
          by: 'operator',
          outcome: 'done',
          subject: { taskId: 't-9' },
          replayed: false,
          from: '127.0.0.1',
          durationMs: expect.any(Number),
        }),
      ])
      expect(JSON.stringify(audit())).not.toContain('secret')
    })

    test.each([
      ['a viewer', VIEWER, 'viewer', 'FORBIDDEN'],
      ['nobody', { Authorization: 'Bearer wrong-token-1234' }, 'anonymous', 'UNAUTHORIZED'],
      ['an operator who is refused', OPERATOR, 'operator', 'TOOL_FAILED'],
    ] as const)('also by %s', async (_, headers, by, outcome) => {
      relay.tools.set('agent_terminate', () => text({ success: false, error: 'no' }))
      const before = audit().length
      await ask('DELETE', 'agents/builder-1', undefined, headers)
      expect(audit().slice(before)).toMatchObject([
        { command: 'terminate-agent', by, outcome, subject: { id: 'builder-1' } },
      ])
    })

    const spawn = { method: 'POST', headers: OPERATOR as Record<string, string>, body: '{}' }
    test.each([
      ['bad JSON', { ...spawn, body: '{' }, 'operator', 'BAD_REQUEST'],
      [
        'a body that is too large',
        { ...spawn, body: JSON.stringify({ name: 'x'.repeat(70_000) }) },
        'operator',
        'TOO_LARGE',
      ],
      [
        'a form',
        { ...spawn, headers: { ...OPERATOR, 'Content-Type': 'text/plain' } },
        'operator',
        'UNSUPPORTED_MEDIA_TYPE',
      ],
      ['another host', { ...spawn, headers: { ...OPERATOR, Host: 'evil.example' } }, 'operator', 'WRONG_HOST'],
      ['a web page', { method: 'POST', headers: { Origin: 'https://evil.example' } }, 'anonymous', 'WRONG_ORIGIN'],
      ['a body of the wrong shape', { ...spawn, body: '{"agentType":1}' }, 'operator', 'BAD_REQUEST'],
      ['a parameter that there is not', { ...spawn, path: 'agents?dry=1' }, 'operator', 'BAD_REQUEST'],
      ['an id that is none', { method: 'DELETE', headers: OPERATOR, path: 'agents/%ff' }, 'operator', 'BAD_REQUEST'],
      [
        'a key that is none',
        { ...spawn, headers: { ...OPERATOR, 'Idempotency-Key': 'a b' } },
        'operator',
        'BAD_REQUEST',
      ],
    ] as [string, AskOptions & { path?: string }, string, string][])(
      'also where it is refused before anybody looks at it: %s',
      async (_, { path = 'Agents/', ...options }, by, outcome) => {
        for (const base of ['/api/v1/bots/', '/api/bots/']) {
          const before = audit().length
          const answer = await server.ask(base + path, options)
          expect(answer.json()).toMatchObject({ code: outcome })
          expect(audit().slice(before)).toEqual([
            expect.objectContaining({ command: expect.stringMatching(/-agent$/), by, outcome, from: '127.0.0.1' }),
          ])
        }
      },
    )

    test('also beyond the rate, and while the server drains', async () => {
      const kept = keptLog()
      const limits = { health: 9, anonymous: 9, read: 9, command: 1, ticket: 9, ingest: 9 }
      const other = await startTestServer({ type: 'demo', agents: 1 }, { log: kept.log, rateLimits: limits })
      const ask = () => other.ask('/api/v1/bots/update', spawn)
      for (let n = 0; n < 2; n++) await ask()
      const drained = other.drain()
      await ask()
      await drained
      await other.stop()
      const lines = kept.lines().filter((line) => line.audit === true)
      expect(lines.map(({ command, by, outcome }) => [command, by, outcome])).toEqual([
        ['update', 'operator', 'BAD_REQUEST'],
        ['update', 'operator', 'RATE_LIMITED'],
        ['update', 'operator', 'STOPPING'],
      ])
    })

    test('reads, wrong methods and what is no address leave none', async () => {
      const before = audit().length
      await ask('GET', 'agents')
      await ask('PUT', 'agents')
      await ask('POST', 'status')
      await ask('POST', 'nothing')
      expect(audit().slice(before)).toEqual([])
    })

    test('never with a token', () => {
      const written = JSON.stringify(lines())
      for (const token of [...Object.values(TOKENS), 'wrong-token-1234']) expect(written).not.toContain(token)
    })
  })

  test('agents that claude-flow has not are not commanded in its name', async () => {
    relay.tellState(UP)
    const demo = await startTestServer({ type: 'demo', agents: 2 })
    try {
      const answer = await demo.ask('/api/v1/bots/agents/mock%2Fqueen', { method: 'DELETE', headers: OPERATOR })
      expect(answer.json()).toMatchObject({ code: 'NOT_CONNECTED' })
    } finally {
      await demo.stop()
    }
  })
})
