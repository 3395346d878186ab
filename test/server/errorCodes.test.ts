// Each code of the catalogue, brought about by what brings it about in life. A code that is added and cannot be reached
// here does not compile.

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { assertProjectFolder } from '../../platform/projectFolder.ts'
import { ERRORS, type ErrorCode, SwarmscopeError } from '../../protocol/errors.ts'
import { JSON_RPC } from '../../protocol/mcp.ts'
import { activityOf } from '../../server/api/activity.ts'
import { CommandJournal } from '../../server/api/commandJournal.ts'
import { answerErrors } from '../../server/api/errors.ts'
import { Idempotency } from '../../server/api/idempotency.ts'
import { activityQuery } from '../../server/api/schemas/reads.ts'
import { socketFailure } from '../../server/connector/failure.ts'
import type { RelayAddress } from '../../server/connector/relayUrl.ts'
import { assertRecording, recordingHead } from '../../server/history/recording.ts'
import { Hub } from '../../server/hub/hub.ts'
import { serveEvents } from '../../server/hub/sse.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { MIGRATIONS } from '../../server/log/schema.ts'
import { SqliteLog } from '../../server/log/sqliteLog.ts'
import { View } from '../../server/view.ts'
import { World } from '../../server/world.ts'
import { certificate } from '../helpers/certificate.ts'
import { FakeRelay, failure, freedPort, type Answer as RelayAnswer, text, UP } from '../helpers/fakeRelay.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { silentLog } from '../helpers/silentLog.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import {
  type AskOptions,
  ask,
  OPERATOR,
  startTestServer,
  type TestServer,
  TOKENS,
  VIEWER,
} from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'

/** The answer's JSON, or the error's body. */
type Reached = Promise<unknown>

let relay: FakeRelay
let server: TestServer
beforeEach(async () => {
  relay = await new FakeRelay().start()
  server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: relay.port })
})
afterEach(async () => {
  await server.stop()
  await relay.stop()
})

const SPAWN = '/api/v1/bots/spawn-agent-hybrid'
const read = async (path: string, options: AskOptions = {}): Reached =>
  (await server.ask(path, { headers: VIEWER, ...options })).json()
const spawn = async (headers: Record<string, string> = {}, body?: string, of = server): Reached => {
  const json = body === undefined ? {} : { 'Content-Type': 'application/json' }
  const options = {
    method: 'POST',
    headers: { ...OPERATOR, ...json, ...headers },
    ...(body === undefined ? {} : { body }),
  }
  return (await of.ask(SPAWN, options)).json()
}
/** What a command says that goes to a relay there. */
async function spawnAt(address: RelayAddress): Reached {
  const other = await startTestServer({ type: 'relay', ...address })
  try {
    return await spawn({}, undefined, other)
  } finally {
    await other.stop()
  }
}
const spawnTold = (answer: RelayAnswer): Reached => {
  relay.tools.set('agent_spawn', () => answer)
  return spawn()
}
const relayCode = (code: ErrorCode): Reached => spawnTold(failure(-32001, 'the relay says no', { code }))
async function spawnRefusedWith(status: number): Reached {
  const refusing = new FakeRelay()
  refusing.refuseWith = status
  await refusing.start()
  try {
    return await spawnAt({ host: '127.0.0.1', port: refusing.port })
  } finally {
    await refusing.stop()
  }
}
/** The error of the source that health shows, once there is this one. */
async function sourceError(code: ErrorCode): Reached {
  let error: unknown
  await until(async () => {
    const { sources } = (await server.ask('/api/v1/bots/health', { headers: VIEWER })).json() as unknown as {
      sources: { lastError: { code: string } | null }[]
    }
    error = sources[0]?.lastError
    return sources[0]?.lastError?.code === code
  })
  return { success: false, ...(error as object) }
}
const systemError = (code: string): unknown =>
  socketFailure(Object.assign(new Error(`connect ${code}`), { code }), { host: 'powerdev', port: 3000 }).body
const live = () => until(async () => (await server.ask('/api/v1/bots/health')).json().status === 'healthy')

/** An app of nothing but this handler, with the API's own end. */
async function appOf(handler: express.RequestHandler): Reached {
  const http = createServer(express().get('/', handler).use(answerErrors(silentLog))).listen(0, '127.0.0.1')
  await once(http, 'listening')
  try {
    return (await ask((http.address() as AddressInfo).port, '/')).json()
  } finally {
    http.close()
  }
}

async function openLog(path: string, migrations?: typeof MIGRATIONS) {
  const given = migrations ? { migrations } : {}
  return { log: await SqliteLog.open({ path, bootId: 'boot-1', ...given, thread: new InThread() }) }
}

const bodyOf = (failing: Promise<unknown>): Reached =>
  failing.then(
    () => null,
    (error: SwarmscopeError) => error.body,
  )

async function withLogFile(action: (path: string) => Reached): Reached {
  const folder = temporaryFolder('log')
  try {
    return await action(join(folder.path, 'events.db'))
  } finally {
    folder.remove()
  }
}

const REACH: Record<ErrorCode, () => Reached> = {
  CONNECTION_REFUSED: async () => spawnAt({ host: '127.0.0.1', port: await freedPort() }),
  HOST_NOT_FOUND: () => spawnAt({ host: 'no-such-host.invalid', port: 3000 }),
  CONNECTION_TIMEOUT: async () => systemError('ETIMEDOUT'),
  HOST_UNREACHABLE: async () => systemError('EHOSTUNREACH'),
  TLS_FAILED: async () => {
    const secure = new FakeRelay()
    secure.tls = await certificate({ names: ['localhost', '127.0.0.1'] })
    await secure.start()
    try {
      return await spawnAt({ host: '127.0.0.1', port: secure.port, tls: {} })
    } finally {
      await secure.stop()
    }
  },
  RELAY_UNAUTHORIZED: () => spawnRefusedWith(401),
  RELAY_FORBIDDEN: () => spawnRefusedWith(403),
  NOT_A_RELAY: () => spawnRefusedWith(404),
  CONNECTION_LOST: async () => {
    relay.tools.set('agent_spawn', () => 'silence')
    const answer = spawn()
    await relay.until(() => relay.calls('agent_spawn').length === 1)
    relay.drop()
    return answer
  },
  PROTOCOL_MISMATCH: async () => {
    relay.tools.set('agent_spawn', () => 'silence')
    const answer = spawn()
    await relay.until(() => relay.calls('agent_spawn').length === 1)
    relay.raw('no JSON')
    return answer
  },
  VERSION_MISMATCH: async () => {
    const newer = new FakeRelay()
    newer.protocol = { min: 99, max: 99 }
    await newer.start()
    try {
      return await spawnAt({ host: '127.0.0.1', port: newer.port })
    } finally {
      await newer.stop()
    }
  },
  NOT_CONNECTED: async () => {
    const demo = await startTestServer({ type: 'demo', agents: 1 })
    try {
      return await spawn({}, undefined, demo)
    } finally {
      await demo.stop()
    }
  },
  CHILD_NOT_FOUND: async () => {
    await live()
    relay.tellState({ ...UP, child: { ...UP.child, state: 'missing', lastError: errorOf('CHILD_NOT_FOUND') } })
    await sourceError('CHILD_NOT_FOUND')
    return spawn()
  },
  CHILD_CRASHED: async () => {
    await live()
    relay.tellState({
      ...UP,
      child: { ...UP.child, state: 'waiting', lastError: errorOf('CHILD_CRASHED', 'TypeError: x') },
    })
    return sourceError('CHILD_CRASHED')
  },
  CHILD_SILENT: () => relayCode('CHILD_SILENT'),
  CHILD_TIMEOUT: () => relayCode('CHILD_TIMEOUT'),
  TOOL_UNKNOWN: () => spawnTold(failure(JSON_RPC.METHOD_NOT_FOUND, 'Tool not found: agent_spawn')),
  TOOL_NOT_ALLOWED: () => relayCode('TOOL_NOT_ALLOWED'),
  TOOL_FAILED: () => spawnTold(text({ success: false, error: 'no room' })),
  ANSWER_TOO_LARGE: () => relayCode('ANSWER_TOO_LARGE'),
  NOT_SUPPORTED_BY_CLAUDE_FLOW: () =>
    spawnTold(text({ success: true, message: 'Tool agent_spawn executed successfully' })),
  UNAUTHORIZED: () => read('/api/v1/bots/agents', { headers: {} }),
  FORBIDDEN: () => spawn(VIEWER),
  WRONG_ORIGIN: () => read('/api/v1/bots/agents', { headers: { ...VIEWER, Origin: 'https://evil.example' } }),
  WRONG_HOST: () => read('/api/v1/bots/agents', { headers: { ...VIEWER, Host: 'evil.example' } }),
  BAD_REQUEST: () => read('/api/v1/bots/agents?limit=none'),
  NOT_FOUND: () => read('/api/v1/bots/agents/nobody'),
  METHOD_NOT_ALLOWED: () => read('/api/v1/bots/status', { method: 'DELETE' }),
  TOO_LARGE: () => spawn({}, JSON.stringify({ task: 'x'.repeat(70_000) })),
  UNSUPPORTED_MEDIA_TYPE: () => spawn({ 'Content-Type': 'text/plain' }, '{}'),
  IDEMPOTENCY_CONFLICT: async () => {
    relay.tools.set('agent_spawn', () => text({ success: true, agentId: 'a' }))
    await spawn({ 'Idempotency-Key': 'k' }, '{"agentType":"coder"}')
    return spawn({ 'Idempotency-Key': 'k' }, '{"agentType":"tester"}')
  },
  OUTCOME_UNKNOWN: () =>
    withLogFile(async (path) => {
      const killed = await CommandJournal.open(path, silentLog)
      await killed.begun('k', 'spawn')
      await killed.close()
      const journal = await CommandJournal.open(path, silentLog)
      const { outcome } = await new Idempotency({ journal }).once('k', 'spawn', () =>
        Promise.reject(new Error('again')),
      )
      await journal.close()
      return outcome.type === 'failed' ? outcome.error.body : null
    }),
  RATE_LIMITED: () => relayCode('RATE_LIMITED'),
  TOO_MANY_VIEWERS: async () => {
    const world = new World('real', new MemoryLog())
    const view = new View({ demo: false, real: world, sources: [], mock: () => world })
    const hub = new Hub(view)
    while (!hub.isFull) hub.takeSeat()
    try {
      return await appOf((request, response) => serveEvents(request, response, hub))
    } finally {
      hub.close()
      view.close()
    }
  },
  LOG_UNAVAILABLE: () => {
    const world = new World('real', new MemoryLog())
    const broken = {
      store: world.store,
      // biome-ignore lint/correctness/useYield: it fails before there is anything.
      async *read() {
        throw new Error('SQLITE_IOERR at /home/dev/data/events.db')
      },
    }
    broken.store.advance(1)
    return activityOf(broken, activityQuery.parse({})).catch((error: SwarmscopeError) => error.body)
  },
  LOG_IN_USE: () =>
    withLogFile(async (path) => {
      const { log } = await openLog(path)
      try {
        return await bodyOf(openLog(path))
      } finally {
        await log.close()
      }
    }),
  LOG_NEWER: () =>
    withLogFile(async (path) => {
      const newer = [...MIGRATIONS, (database: { exec(sql: string): void }) => database.exec('CREATE TABLE more (x)')]
      await (await openLog(path, newer)).log.close()
      return bodyOf(openLog(path))
    }),
  RECORDING_UNREADABLE: () => bodyOf(assertRecording('/home/dev/nowhere.ndjson')),
  RECORDING_NEWER: () =>
    withLogFile(async (path) => {
      writeFileSync(path, recordingHead(0, 1).replace(/"version":\d+/, '"version":99'))
      return bodyOf(assertRecording(path))
    }),
  STOPPING: () => relayCode('STOPPING'),
  INTERNAL: () =>
    appOf(() => {
      throw new TypeError(`a bug in /home/dev/x.ts with ${TOKENS.operator}`)
    }),
  PROJECT_NOT_FOUND: () => bodyOf(Promise.resolve().then(() => assertProjectFolder('/home/dev/nowhere'))),
  PORT_IN_USE: () =>
    startTestServer({ type: 'demo', agents: 1 }, { port: server.port }).then(
      () => null,
      (error: SwarmscopeError) => error.body,
    ),
}

function errorOf(code: ErrorCode, detail?: string) {
  const { success: _, ...body } = new SwarmscopeError(code, detail === undefined ? {} : { detail }).body
  return body
}

/** What no body may hold. */
const HARMFUL = /\n\s+at |node_modules|\.tsx?:\d|\/(?:home|root|tmp|usr|var|Users)\/|-token-/

describe('[E1–E4] every code of the catalogue', () => {
  test.each(Object.keys(ERRORS) as ErrorCode[])(
    '%s can be met, in the one shape, without stack, path or token',
    async (code) => {
      const body = await REACH[code]()
      expect(body).toEqual({
        success: false,
        error: ERRORS[code].error,
        code,
        details: { suggestion: expect.any(String) },
      })
      expect(JSON.stringify(body)).not.toMatch(HARMFUL)
    },
  )
})
