// [B7] Each answer that the API says of itself is brought about here, each status of each operation: a description that
// promises what never comes, or an operation that nobody ever held against it, fails.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessList } from '../../protocol/access.ts'
import { ERRORS, type ErrorCode, SwarmscopeError } from '../../protocol/errors.ts'
import type { SwarmEvent } from '../../protocol/events.ts'
import { type AppOptions, createApp } from '../../server/api/app.ts'
import { Audit } from '../../server/api/audit.ts'
import { Idempotency } from '../../server/api/idempotency.ts'
import { openApiDocument } from '../../server/api/openApi.ts'
import { OPERATIONS, type Operation } from '../../server/api/operations.ts'
import { Guard } from '../../server/guard/guard.ts'
import { Tickets } from '../../server/guard/tickets.ts'
import { answerHistory } from '../../server/history/answerHistory.ts'
import type { History } from '../../server/history/history.ts'
import { HistoryFile } from '../../server/history/historyFile.ts'
import { Hub } from '../../server/hub/hub.ts'
import { Ingest } from '../../server/ingest/ingest.ts'
import { KeptLog } from '../../server/log/keptLog.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { SqliteLog } from '../../server/log/sqliteLog.ts'
import { ServerMetrics } from '../../server/metrics.ts'
import type { ClaudeFlowSource } from '../../server/sources/claudeFlow/claudeFlowSource.ts'
import { View } from '../../server/view.ts'
import { World } from '../../server/world.ts'
import { expectDescribed, seenAnswers } from '../helpers/describedApi.ts'
import { agentEvent } from '../helpers/eventLogContract.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { silentLog } from '../helpers/silentLog.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import { type AskOptions, ask, INGEST, OPERATOR, TOKENS, VIEWER } from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'
import { sampleLink, sampleSwarm, sampleTask, TIME } from '../protocol/samples.ts'

/** As `METHOD path status`, where `*` stands for any text; with the reason. */
const NEVER_SEEN: Readonly<Record<string, string>> = {
  '* * 405': 'is answered to a method that is none of the operation’s (api.test.ts)',
  'GET /api/v1/bots/health 400': 'it takes nothing that could be wrong, and whoever watches must not be refused for it',
  'POST /api/v1/ticket 400': 'it takes nothing that could be wrong',
  'GET /api/v1/events 400': 'a Last-Event-ID that is none begins anew',
  'GET /api/v1/openapi.json 400': 'it takes nothing that could be wrong',
  'GET /api/v1/docs 400': 'it takes nothing that could be wrong',
  'GET /api/v1/openapi.json 500': 'it is made of constants',
  'GET /api/v1/docs 500': 'it is made of constants',
}

const BODIES: Readonly<Record<string, object>> = {
  createTask: { description: 'Test it' },
  assignTask: { agentIds: ['a'] },
  initializeSwarm: { agentTypes: ['coder', 'tester'] },
  update: { agentId: 'a', status: 'busy' },
}
const QUERIES: Readonly<Record<string, string>> = { getPastState: `?at=${Date.parse(TIME)}` }
const IDS: Readonly<Record<string, string>> = { getAgent: 'a', getTask: 't', getSwarm: 's' }

let folder: ReturnType<typeof temporaryFolder>
let world: World
let view: View
let history: Pick<History, 'ask'>
const ends: (() => unknown)[] = []

beforeAll(async () => {
  folder = temporaryFolder('every-answer')
  ends.push(folder.remove)
  const upserted = (entity: object & { entity: string }) =>
    ({ ...agentEvent('x'), type: `${entity.entity}.upserted`, entity }) as SwarmEvent
  const events = [
    agentEvent('a'),
    agentEvent('b'),
    upserted(sampleTask('t', { assignedTo: ['a'] })),
    upserted(sampleSwarm('s')),
    upserted(sampleLink('l', { source: 'a', target: 'b' })),
  ]
  world = new World('real', new MemoryLog())
  await world.append(events)
  const path = join(folder.path, 'events.db')
  const keptLog = { path, error: null, onError: () => () => undefined }
  view = new View({ demo: false, real: world, keptLog, sources: [], mock: () => world })
  const log = await SqliteLog.open({ path, bootId: 'boot', thread: new InThread() })
  await log.append(events)
  const file = new HistoryFile(path)
  history = { ask: async (call) => answerHistory(file, call) as never }
  ends.push(
    () => view.close(),
    () => log.close(),
    () => file.close(),
  )
})
afterAll(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

type Given = Partial<Pick<AppOptions, 'view' | 'hub' | 'history' | 'claudeFlow' | 'limits' | 'isDraining' | 'guard'>>

const HEADERS = { anyone: VIEWER, viewer: VIEWER, operator: OPERATOR, ingest: INGEST }

/** A whole API of these parts, for one question. */
async function asked(
  operation: Operation,
  options: AskOptions & { query?: string; id?: string; spent?: boolean } = {},
  given: Given = {},
) {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const tickets = new Tickets()
  const access = accessList({ port, hostNames: [], publicUrls: [] })
  const guard = new Guard({
    access,
    operatorToken: TOKENS.operator,
    viewerToken: TOKENS.viewer,
    ingestToken: TOKENS.ingest,
    tickets,
  })
  const hub = given.hub ?? new Hub(view)
  const parts: AppOptions = {
    view,
    guard,
    demo: false,
    history,
    isDraining: () => false,
    claudeFlow: claudeFlow(() => Promise.resolve({ swarmId: 's', agentId: 'a', taskId: 't' })),
    audit: new Audit({ guard, log: silentLog }),
    idempotency: new Idempotency(),
    tickets,
    webDir: null,
    log: silentLog,
    metrics: new ServerMetrics(KeptLog.inMemory(silentLog)),
    limits: LIMITS,
    ...given,
    hub,
  }
  const app = createApp(parts)
  const ingest = new Ingest({ ...parts, limits: { ...LIMITS, ...given.limits }, sinks: SINKS, showContent: false })
  server.on('request', (request, response) => ingest.answer(request, response) || app(request, response))
  const { method, id, access: role } = operation
  const path = operation.path.replace('{id}', options.id ?? IDS[id] ?? 'nobody') + (options.query ?? QUERIES[id] ?? '')
  const takesBody = method === 'post' && (operation.tag === 'commands' || operation.tag === 'ingest')
  const body = options.body ?? (takesBody ? JSON.stringify(BODIES[id] ?? {}) : undefined)
  const headers = {
    ...HEADERS[role],
    ...(body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(body.length) }),
    ...options.headers,
  }
  try {
    // Whatever it is answered; without a body it ends, a stream's too.
    const verb = method.toUpperCase()
    if (options.spent)
      await ask(port, path, {
        method: verb === 'GET' ? 'HEAD' : verb,
        headers: HEADERS[role],
      })
    const answering = ask(port, path, {
      method: method.toUpperCase(),
      headers,
      ...(body === undefined ? {} : { body }),
    })
    // A stream ends when the hub says goodbye.
    if (id === 'streamEvents' && !given.hub) {
      await Promise.race([answering, until(() => hub.viewers === 1)])
      hub.close()
    }
    const answer = await answering
    expectDescribed(verb, path, answer)
    return answer
  } finally {
    if (!given.hub) hub.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

const LIMITS = { health: 99, anonymous: 99, read: 99, command: 99, ticket: 99, ingest: 99 }
/** What comes in by the doors is in the log, as far as they know. */
const SINKS = { claudeCode: { accept: () => Promise.resolve() }, otlp: { accept: () => Promise.resolve() } }

function claudeFlow(callTool: () => Promise<Record<string, unknown>>): ClaudeFlowSource {
  return { generation: 3, ready: () => Promise.resolve(), callTool } as unknown as ClaudeFlowSource
}
const failing = (code: ErrorCode) => claudeFlow(() => Promise.reject(new SwarmscopeError(code)))
const broken = <T extends object>(): T =>
  new Proxy({} as T, {
    get: () => {
      throw new TypeError('a bug')
    },
  })
const ONE_REQUEST = { health: 1, anonymous: 1, read: 1, command: 1, ticket: 1, ingest: 1 }

/** What brings each status about; `null`: nothing that is known. */
function recipe(operation: Operation, status: number): (() => Promise<{ status: number }>) | null {
  const { tag, id, access, params } = operation
  const isCommand = tag === 'commands'
  const unkept = new SwarmscopeError('LOG_UNAVAILABLE')
  switch (status) {
    case 200:
      return () => asked(operation)
    case 304:
      return async () => {
        const { headers } = await asked(operation)
        return asked(operation, { headers: { 'If-None-Match': String(headers.etag) } })
      }
    case 400:
      if (tag === 'ingest') return () => asked(operation, { body: 'x{' })
      return () => asked(operation, { query: '?nonsense=1' })
    case 401:
      return () => asked(operation, { headers: { Authorization: '' } })
    case 403:
      if (access === 'operator') return () => asked(operation, { headers: VIEWER })
      return () => asked(operation, { headers: { Origin: 'https://evil.example' } })
    case 404:
      if (isCommand) return () => asked(operation, {}, { claudeFlow: failing('NOT_FOUND') })
      if (tag === 'history') return () => asked(operation, {}, { history: null })
      return params ? () => asked(operation, { id: 'nobody' }) : null
    case 409:
      return () => asked(operation, { headers: { 'Idempotency-Key': 'k' } }, { claudeFlow: failing('OUTCOME_UNKNOWN') })
    case 413:
      if (tag === 'ingest') return () => asked(operation, { body: 'x'.repeat(8 * 1024 * 1024 + 1) })
      return () => asked(operation, { body: `{"name":"${'x'.repeat(70_000)}"}` })
    case 415:
      return () => asked(operation, { headers: { 'Content-Type': 'text/plain' }, body: '{}' })
    case 421:
      return () => asked(operation, { headers: { Host: 'evil.example' } })
    case 422:
      return () => asked(operation, {}, { claudeFlow: failing('IDEMPOTENCY_CONFLICT') })
    case 429:
      return () => asked(operation, { spent: true }, { limits: ONE_REQUEST })
    case 500:
      if (tag === 'ingest') return () => asked(operation, {}, { guard: broken<Guard>() })
      if (tag === 'stream') return () => asked(operation, {}, { hub: broken<Hub>() })
      if (tag === 'history')
        return () => asked(operation, {}, { history: { ask: () => Promise.reject(new TypeError()) } })
      if (isCommand)
        return () => asked(operation, {}, { claudeFlow: claudeFlow(() => Promise.reject(new TypeError())) })
      return () => asked(operation, {}, { view: broken<View>() })
    case 503:
      if (id === 'getHealth' || tag === 'operation' || tag === 'stream' || tag === 'ingest')
        return () => asked(operation, {}, { isDraining: () => true })
      if (isCommand) return () => asked(operation, {}, { claudeFlow: failing('CONNECTION_LOST') })
      if (tag === 'history') return () => asked(operation, {}, { view: { noHistory: unkept } as unknown as View })
      return () => asked(operation, {}, { view: unreadable() })
    default: {
      const code = operation.errors.find((each) => ERRORS[each].status === status)
      return isCommand && code ? () => asked(operation, {}, { claudeFlow: failing(code) }) : null
    }
  }
}

/** Its log cannot be read. */
const unreadable = (): View =>
  ({
    mode: 'live',
    world: {
      store: world.store,
      // biome-ignore lint/correctness/useYield: it fails before there is anything.
      async *read() {
        throw new Error('SQLITE_IOERR')
      },
    },
  }) as unknown as View

const isException = (answer: string): boolean =>
  Object.keys(NEVER_SEEN).some((pattern) => {
    const [method, path, status] = pattern.split(' ')
    const [ofMethod, ofPath, ofStatus] = answer.split(' ')
    return (method === '*' || method === ofMethod) && (path === '*' || path === ofPath) && status === ofStatus
  })
const described = OPERATIONS.map((operation) => {
  const { method, path } = operation
  const { responses = {} } = (openApiDocument().paths[path]?.[method] ?? {}) as { responses?: Record<string, object> }
  return { operation, statuses: Object.keys(responses).map(Number) }
})

describe('[B7] every status that the description promises is answered, as it says', () => {
  test.each(described.map(({ operation, statuses }) => [operation.id, operation, statuses] as const))(
    '%s',
    async (_, operation, statuses) => {
      const name = `${operation.method.toUpperCase()} ${operation.path}`
      for (const status of statuses) {
        if (isException(`${name} ${status}`)) continue
        const answer = await recipe(operation, status)?.()
        expect(answer?.status, `${name} ${status}`).toBe(status)
      }
    },
  )

  test('and none is left out, but for those with a reason, which are truly never seen', () => {
    const answers = described.flatMap(({ operation: { method, path }, statuses }) =>
      statuses.map((status) => `${method.toUpperCase()} ${path} ${status}`),
    )
    expect(answers.filter((answer) => !seenAnswers.has(answer) && !isException(answer))).toEqual([])
    expect(answers.filter((answer) => seenAnswers.has(answer) && isException(answer))).toEqual([])
    expect(answers.length).toBeGreaterThan(300)
  })
})
