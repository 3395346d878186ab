// Whatever is sent to the API, and whatever claude-flow answers to its commands: an answer of the described shape, with no
// stack, path or token in it, and nothing that our own log calls a bug.

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../server/api/operations.ts'
import { FakeRelay, failure, type Answer as RelayAnswer, text } from '../helpers/fakeRelay.ts'
import { records3, runningStores3 } from '../helpers/recordings.ts'
import { keptLog } from '../helpers/silentLog.ts'
import { OPERATOR, startTestServer, type TestServer, TOKENS, VIEWER } from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'

const SEED = 20_261_124
const RUNS = 400
/** What no body may hold: the lines of a stack, folders of this machine, a token, what the server is made of. */
const HARMFUL = /\n\s+at |node_modules|\.tsx?:\d|\/(?:home|root|tmp|usr|var|Users)\/|Error:|-token-|[A-Z]:\\/
const SECRET = 'sk-ant-1234567890abcdef'

/** What breaks parsers, paths and prototypes. */
const nasty = fc.constantFrom(
  '',
  '%',
  '%zz',
  '%00',
  '%2e%2e%2f',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  '\u0000',
  '\ud800',
  '💥',
  'a,b',
  ',',
  '<script>alert(1)</script>',
  "' OR 1=1 --",
  '{"$gt":""}',
  '9'.repeat(40),
  '-1',
  '1e9',
  'NaN',
  'x'.repeat(3_000),
  TOKENS.operator,
)
const value = fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 30 }))
const json = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(
    fc.constantFrom(
      'topology',
      'maxAgents',
      'agentTypes',
      'agentType',
      'name',
      'swarmId',
      'task',
      'description',
      'type',
      'priority',
      'assignTo',
      'agentIds',
      'agentId',
      'taskId',
      'status',
      'health',
      'progress',
      '__proto__',
      'constructor',
    ),
    fc.oneof(fc.jsonValue({ maxDepth: 1 }), value, fc.array(value, { maxLength: 3 })),
  ),
)
const headers = fc.record(
  {
    Authorization: fc.constantFrom(
      OPERATOR.Authorization,
      VIEWER.Authorization,
      'Bearer x',
      `Basic ${TOKENS.operator}`,
      '',
    ),
    'Content-Type': fc.constantFrom('application/json', 'text/plain', 'application/json; charset=utf-7', 'nonsense'),
    'If-None-Match': fc.constantFrom('*', '"x"', 'W/', '"'.repeat(50)),
    'Idempotency-Key': fc.constantFrom('k', 'a b', 'x'.repeat(300)),
    'Content-Encoding': fc.constantFrom('gzip', 'nonsense'),
  },
  { requiredKeys: ['Authorization'] },
)
const queryNames = fc.constantFrom(
  'status',
  'limit',
  'cursor',
  'sort',
  'q',
  'kind',
  'id',
  'since',
  'include',
  'sourceId',
  '__proto__',
  'x[y]',
)
const ROUTES = new Map(OPERATIONS.filter(({ id }) => id !== 'streamEvents').map((route) => [route.id, route]))
const request = fc.record({
  route: fc.constantFrom(...ROUTES.keys()),
  method: fc.constantFrom(null, null, null, 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'),
  id: value,
  query: fc.array(fc.tuple(queryNames, value), { maxLength: 3 }),
  headers,
  body: fc.option(
    fc.oneof(
      json.map((body) => JSON.stringify(body) ?? ''),
      value,
    ),
  ),
})

describe('[E1, E4, B7] the API', () => {
  let relay: FakeRelay
  let server: TestServer
  const { log, lines } = keptLog()
  beforeAll(async () => {
    relay = await new FakeRelay().start()
    relay.records.set(records3(runningStores3()))
    for (const tool of [
      'swarm_init',
      'agent_spawn',
      'agent_terminate',
      'agent_update',
      'task_create',
      'task_assign',
      'task_cancel',
      'task_update',
    ]) {
      relay.tools.set(tool, () => text({ success: true, swarmId: 's', agentId: 'a', taskId: 't' }))
    }
    server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: relay.port }, { log })
    await until(async () => (await server.ask('/api/v1/bots/health')).json().mode === 'live')
  })
  afterAll(async () => {
    await server.stop()
    await relay.stop()
  })

  const expectNoBug = () => expect(lines().filter(({ level }) => Number(level) >= 50)).toEqual([])

  it(`answers whatever is sent to it in its own shape (seed ${SEED})`, async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ route, method, id, query, headers, body }) => {
        const operation = ROUTES.get(route)
        if (!operation) return
        const verb = method ?? operation.method.toUpperCase()
        const path = operation.path.replace('{id}', encodable(id))
        const search = query.map(([name, given]) => `${name}=${encodable(given)}`).join('&')
        const takesBody = verb !== 'GET' && verb !== 'HEAD' && body !== null
        // `ask` holds the answer against the description.
        const answer = await server.ask(`${path}${search ? `?${search}` : ''}`, {
          method: verb,
          headers: { ...headers, ...(takesBody ? { 'Content-Length': String(Buffer.byteLength(body)) } : {}) },
          ...(takesBody ? { body } : {}),
        })
        expect(answer.status).not.toBe(500)
        if (operation.tag !== 'description') expect(answer.text).not.toMatch(HARMFUL)
      }),
      { seed: SEED, numRuns: RUNS },
    )
    expectNoBug()
  })

  // claude-flow has never seen a token of ours.
  const word = value.filter((given) => given !== TOKENS.operator)
  const said = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.record(
      { success: fc.boolean(), error: word, agentId: fc.jsonValue(), taskId: fc.jsonValue() },
      { requiredKeys: [] },
    ),
    fc.constant({
      success: false,
      error: `boom ${SECRET}\n    at f (/home/dev/x.ts:1:2)\n    at C:\\Users\\dev\\x.ts:3:4`,
    }),
  )
  const relayAnswer: fc.Arbitrary<RelayAnswer> = fc.oneof(
    said.map((answer) => text(answer)),
    fc.jsonValue().map((result) => ({ result })),
    fc.tuple(fc.integer(), word, fc.jsonValue()).map(([code, message, data]) => failure(code, message, data)),
    fc
      .tuple(fc.constantFrom('CHILD_CRASHED', 'TOOL_FAILED', 'UNAUTHORIZED', 'INTERNAL', 'toString'), fc.anything())
      .map(([code]) =>
        failure(-32001, 'no', { code, suggestion: `look into /home/dev/x.ts, ${SECRET}`, retryAfterMs: 1e99 }),
      ),
  )

  it(`tells what claude-flow answered in its own shape, whatever that is (seed ${SEED})`, async () => {
    await fc.assert(
      fc.asyncProperty(relayAnswer, async (answer) => {
        relay.tools.set('agent_spawn', () => answer)
        const given = await server.ask('/api/v1/bots/agents', { method: 'POST', headers: OPERATOR })
        expect([200, 429, 501, 502, 503, 504]).toContain(given.status)
        expect(given.text).not.toMatch(HARMFUL)
        expect(given.text).not.toContain(SECRET)
      }),
      { seed: SEED, numRuns: RUNS },
    )
    expectNoBug()
  })
})

/** As a client that does not care would write it: only what HTTP itself cannot carry is encoded. */
const encodable = (raw: string): string =>
  Buffer.from(raw)
    .toString()
    .replaceAll(/[^\x21-\x7e]|[?#&]/gu, (char) => encodeURIComponent(char))
