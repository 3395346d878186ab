import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { callsNotice, helloResult, relayState } from '../../protocol/relayWire.ts'
import { readExposition } from '../helpers/prometheus.ts'
import type { Message } from '../helpers/relayClient.ts'
import { RelayClient } from '../helpers/relayClient.ts'
import {
  AGENTS,
  agentsStore,
  cleanup,
  fakeChild,
  isAlive,
  put,
  putRecorded3,
  recorded2,
  temporaryFolder,
} from '../helpers/relayFiles.ts'
import { puts, runRelay, TOKEN } from '../helpers/relayInProcess.ts'
import { until } from '../helpers/until.ts'

const INITIALIZE = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'test', version: '0' } }
const AUTHORIZATION = { authorization: `Bearer ${TOKEN}` }

/** What the server answers to an upgrade; a socket is closed again. */
async function upgrade(url: string, headers: Record<string, string>, protocols: string[] = []) {
  const socket = new WebSocket(url, protocols, { headers })
  const answer = await new Promise<{
    status: number
    protocol?: string
    body: string
    headers: Record<string, unknown>
  }>((resolve, reject) => {
    socket.on('open', () => resolve({ status: 101, protocol: socket.protocol, body: '', headers: {} }))
    socket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }))
    })
    socket.on('error', reject)
  })
  socket.on('error', () => undefined)
  socket.terminate()
  return answer
}

describe('MCP through the relay', () => {
  test('[X1] many clients share one child; each gets exactly its own answers', async () => {
    const { connect } = await runRelay()
    const clients = await Promise.all(Array.from({ length: 20 }, connect))
    const pids = await Promise.all(clients.map(async (client) => (await client.ask('facts')).pid))
    expect(new Set(pids).size).toBe(1)
    await Promise.all(
      clients.flatMap((client, owner) =>
        Array.from({ length: 50 }, async (_, index) => {
          // The same ids everywhere, numbers and strings.
          const id = index % 2 ? index + 1_000 : `id-${index}`
          const { result } = await client.call('echo', { value: [owner, index] }, id)
          expect(JSON.parse(result.content[0].text)).toEqual([owner, index])
        }),
      ),
    )
    for (const client of clients) expect(client.received).toHaveLength(51)
  })

  test('[X5] initialize is answered with what the child said of itself', async () => {
    const { connect } = await runRelay()
    const client = await connect()
    const { result } = await client.request('initialize', INITIALIZE)
    expect(result).toEqual({
      protocolVersion: '2024-11-05',
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
      serverInfo: { name: 'ruflo', version: '3.0.0' },
      instructions: expect.stringContaining('works in the project folder "project" on host'),
    })
    client.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    expect((await client.request('tools/list')).result.tools.length).toBeGreaterThan(5)
    expect((await client.request('ping')).result).toEqual({})
    const { seen } = await client.ask('facts')
    expect(seen.map(({ method }: Message) => method)).toEqual(['notifications/initialized'])
  })

  test('[X9] [X10] garbage of the child, its errors without an id and its questions reach nobody', async () => {
    const { connect, relay } = await runRelay()
    const [one, other] = await Promise.all([connect(), connect()])
    expect(await one.ask('garbage', { value: 7 })).toBe(7)
    expect(await one.ask('askClient')).toBe('asked')
    expect((await one.call('nothing')).error?.code).toBe(-32603)
    const { seen } = await one.ask('facts')
    expect(seen.at(-1)).toMatchObject({ id: 'ask-1', error: { code: -32601 } })
    expect(one.received).toHaveLength(4)
    expect(other.received).toEqual([])
    expect(relay.counters).toMatchObject({ lateAnswers: 2, idlessErrors: 1, refusedFromChild: 1 })
    expect(relay.counters.garbageLines).toBeGreaterThan(4)
  })

  test('[X7] [X9] progress goes to its owner under its own token, list changes and log messages to all', async () => {
    const { connect } = await runRelay()
    const [one, other] = await Promise.all([connect(), connect()])
    await Promise.all(
      [one, other].map((client, index) =>
        client.request('tools/call', {
          name: 'progress',
          arguments: { steps: index + 2 },
          _meta: { progressToken: 'same' },
        }),
      ),
    )
    for (const [index, client] of [one, other].entries()) {
      const progress = client.received.filter(({ method }) => method === 'notifications/progress')
      expect(progress.map(({ params }) => [params.progressToken, params.total])).toEqual(
        Array.from({ length: index + 2 }, () => ['same', index + 2]),
      )
    }
    await one.ask('tellAll')
    for (const method of ['notifications/tools/list_changed', 'notifications/message']) {
      await Promise.all([one, other].map((client) => client.until((message) => message.method === method)))
    }
  })

  test('[X8] a cancelled request, and those of a client that left, are cancelled at the child; late answers reach nobody', async () => {
    const { connect, relay } = await runRelay()
    const [one, other] = await Promise.all([connect(), connect()])
    await one.ask('echo', { value: 'the child is up' })
    one.send({ jsonrpc: '2.0', id: 'a', method: 'tools/call', params: { name: 'slow', arguments: { key: 'a' } } })
    one.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'a' } })
    one.send({ jsonrpc: '2.0', id: 'b', method: 'tools/call', params: { name: 'slow', arguments: { key: 'b' } } })
    await one.ask('echo', { value: 1 })
    await one.close()
    await until(async () => {
      const { seen } = await other.ask('facts')
      return seen.filter(({ method }: Message) => method === 'notifications/cancelled').length === 2
    })
    expect(await other.ask('release', { key: 'a' })).toBe(true)
    expect(await other.ask('release', { key: 'b' })).toBe(true)
    expect(relay.counters.lateAnswers).toBe(2)
    expect(one.received.some(({ id }) => id === 'a' || id === 'b')).toBe(false)
  })

  test('[X3] bad JSON and batches are answered to their sender alone, who stays connected', async () => {
    const { connect } = await runRelay()
    const [one, other] = await Promise.all([connect(), connect()])
    one.send('{"jsonrpc":')
    one.send([{ jsonrpc: '2.0', id: 1, method: 'ping' }])
    expect(await one.ask('echo', { value: 'still here' })).toBe('still here')
    expect(one.received.slice(0, 2)).toMatchObject([
      { id: null, error: { code: -32700 } },
      { id: null, error: { code: -32600 } },
    ])
    expect(other.received).toEqual([])
  })
})

describe('a child that dies', () => {
  test('[X12] each pending request gets exactly one error at once, clients stay, and the child comes back initialised', async () => {
    const { connect, relay } = await runRelay()
    const clients = await Promise.all(Array.from({ length: 10 }, connect))
    await clients[0]?.ask('facts')
    const pending = clients.flatMap((client) => Array.from({ length: 10 }, (_, id) => client.call('hang', {}, id)))
    // Whatever was asked before has arrived.
    await Promise.all(clients.map((client) => client.ask('echo', { value: 1 })))
    const killedMs = performance.now()
    process.kill(relay.childPid ?? 0, 'SIGKILL')
    const answers = await Promise.all(pending)
    expect(performance.now() - killedMs).toBeLessThan(1_000)
    expect(answers).toHaveLength(100)
    for (const { error } of answers) {
      expect(error).toMatchObject({ code: -32001, data: { code: 'CHILD_CRASHED', retryable: true } })
      expect(error?.data?.suggestion).toContain('signal SIGKILL')
    }
    await until(() => relay.state.child.state === 'up' && relay.state.child.restarts === 1)
    for (const client of clients) {
      expect(await client.ask('echo', { value: 'back' })).toBe('back')
      const ids = client.received.map(({ id }) => id).filter((id) => typeof id === 'number')
      expect(ids.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }
  })

  test('[X12] an answer that it gave with its last breath is not also an error', async () => {
    const { connect, relay } = await runRelay()
    const client = await connect()
    const { result } = await client.call('noNewline', { value: 'last words' }, 'x')
    expect(JSON.parse(result.content[0].text)).toBe('last words')
    await until(() => relay.state.child.state === 'up' && relay.state.child.restarts === 1)
    await client.ask('echo', { value: 1 })
    expect(client.received.filter(({ id }) => id === 'x')).toHaveLength(1)
  })

  test('a line without end costs the child its life, and its owner gets an error', async () => {
    const { connect, relay } = await runRelay({
      limits: { maxLineBytes: 100_000, childBackoff: { baseMs: 1, capMs: 1 } },
    })
    const client = await connect()
    const { error } = await client.call('longLine', { bytes: 5_000_000 })
    expect(error?.data?.suggestion).toContain('a line of more than 100000 bytes')
    await until(() => relay.state.child.state === 'up')
    expect(await client.ask('echo', { value: 1 })).toBe(1)
  })

  test('[R5] [R11] its state is told to those who said hello', async () => {
    const { subscribe, connect, relay } = await runRelay()
    await until(() => relay.state.child.state === 'up')
    const client = await subscribe()
    const stranger = await connect()
    const from = client.received.length
    process.kill(relay.childPid ?? 0, 'SIGKILL')
    const back = await client.until(
      ({ method, params }) =>
        method === 'swarmscope/state' && params.child.restarts === 1 && params.child.state === 'up',
      from,
    )
    expect(relayState.parse(back.params)).toEqual(relay.state)
    const states = client.received.slice(from).map(({ params }) => params.child.state)
    expect(states).toEqual(['waiting', 'starting', 'up'])
    const waiting = client.received[from]?.params.child
    expect(waiting.lastError).toMatchObject({ code: 'CHILD_CRASHED', error: 'claude-flow stopped' })
    expect(stranger.received).toEqual([])
  })

  test('requests while it is away get the error at once; while it starts, they wait for it', async () => {
    const { connect, relay } = await runRelay({
      command: fakeChild('--exit-at-start', '3'),
      limits: { childBackoff: { baseMs: 60_000, capMs: 60_000 } },
    })
    const client = await connect()
    const first = await client.request('initialize', INITIALIZE)
    expect(first.error).toMatchObject({ code: -32001, data: { code: 'CHILD_CRASHED' } })
    await until(() => relay.state.child.state === 'waiting')
    expect((await client.request('tools/list')).error?.data?.code).toBe('CHILD_CRASHED')
  })
})

describe('a child that nobody needs', () => {
  test('[X13] is not started where 3.x’s files say everything; the first tool call starts it', async () => {
    const folder = temporaryFolder()
    put(folder, AGENTS, agentsStore('a'))
    const { subscribe, relay, get } = await runRelay({ project: folder })
    const client = await subscribe()
    expect(relay.state).toMatchObject({ child: { state: 'on-demand', lastError: null }, hasState: true })
    expect(relay.childPid).toBeNull()
    expect(await (await get('/health')).json()).toMatchObject({ status: 'healthy', child: { state: 'on-demand' } })
    expect(await client.ask('echo', { value: 1 })).toBe(1)
    expect(relay.state.child.state).toBe('up')
    const states = client.received.filter(({ method }) => method === 'swarmscope/state')
    expect(states.map(({ params }) => params.child.state)).toEqual(['starting', 'up'])
  })

  test('[X13] is started at once when that is asked for, or when there is nothing to see without it', async () => {
    const folder = temporaryFolder()
    put(folder, AGENTS, agentsStore('a'))
    const eager = await runRelay({ project: folder, childStart: 'eager' })
    await until(() => eager.relay.state.child.state === 'up')
    const empty = await runRelay()
    await until(() => empty.relay.state.child.state === 'up')
    const lazy = await runRelay({ childStart: 'lazy' })
    expect(lazy.relay.state.child.state).toBe('on-demand')
  })
})

describe('a child that hangs', () => {
  test('[X14] [X15] is seen to be silent, then ended; who waits gets one error each, and the next is served', async () => {
    const { subscribe, relay } = await runRelay({
      limits: { requestTimeoutMs: 600, probeAfterMs: 100, probeTimeoutMs: 100, childBackoff: { baseMs: 1, capMs: 1 } },
    })
    const client = await subscribe()
    await client.ask('echo', { value: 'it is up' })
    process.kill(relay.childPid ?? 0, 'SIGSTOP')
    const answers = await Promise.all([client.call('echo', {}, 1), client.call('echo', {}, 2)])
    for (const { error } of answers) expect(error?.data?.code).toMatch(/^CHILD_(TIMEOUT|SILENT)$/)
    const isState = (state: string) => (message: Message) =>
      message.method === 'swarmscope/state' && message.params.child.state === state
    await client.until(isState('silent'))
    const waiting = await client.until(isState('waiting'))
    expect(waiting.params.child.lastError.code).toBe('CHILD_SILENT')
    await client.until(isState('up'), client.received.indexOf(waiting))
    expect(await client.ask('echo', { value: 'back' })).toBe('back')
    expect(client.received.filter(({ id }) => id === 1 || id === 2)).toHaveLength(2)
  })
})

describe('what passes through', () => {
  test('[R15] is told to those who said hello, without arguments and answers', async () => {
    const { subscribe, connect } = await runRelay({ tools: { allow: [], deny: ['release'], readOnly: false } })
    const [watcher, caller] = await Promise.all([subscribe(), connect()])
    await caller.request('initialize', { ...INITIALIZE, clientInfo: { name: 'claude-code', version: '2' } })
    await caller.call('echo', { value: 'a secret' })
    await caller.call('release', { key: 'x' })
    await caller.call('noSuchTool')
    const told = () =>
      watcher.received
        .filter(({ method }) => method === 'swarmscope/calls')
        .flatMap(({ params }) => callsNotice.parse(params).calls)
    await until(() => told().length === 3)
    expect(told().map(({ tool, client, outcome }) => [tool, client.name, outcome])).toEqual([
      ['echo', 'claude-code', 'ok'],
      ['release', 'claude-code', 'refused'],
      ['noSuchTool', 'claude-code', 'error'],
    ])
    expect(JSON.stringify(watcher.received)).not.toContain('a secret')
    expect(caller.received.some(({ method }) => method === 'swarmscope/calls')).toBe(false)
  })

  test('[X16] is bounded by a rate: errors that say when, then the line is closed with 4429; others are served', async () => {
    const { connect } = await runRelay({ limits: { rateLimit: { perSecond: 1, burst: 20 } } })
    const [eager, other] = await Promise.all([connect(), connect()])
    for (let id = 0; id < 100; id++) eager.send({ jsonrpc: '2.0', id, method: 'ping' })
    expect((await eager.closed).code).toBe(4429)
    const refusals = eager.received.filter(({ error }) => error)
    expect(refusals.length).toBeGreaterThan(0)
    for (const { error } of refusals) expect(error?.data).toMatchObject({ code: 'RATE_LIMITED', retryable: true })
    expect((await other.request('ping')).result).toEqual({})
  })
})

describe('without any claude-flow', () => {
  test('[R11] [X6] the files are watched all the same, and what to install is told', async () => {
    const { subscribe, project, relay } = await runRelay({ command: null })
    put(project, AGENTS, agentsStore('a'))
    const client = await subscribe()
    await client.until(({ method, params }) => /snapshot|frame/.test(method ?? '') && params.put.length === 1)
    expect(relay.state).toMatchObject({
      child: { state: 'missing', serverInfo: null, lastError: { code: 'CHILD_NOT_FOUND' } },
      hasState: true,
    })
    const { result } = await client.request('initialize', INITIALIZE)
    expect(result).toMatchObject({
      capabilities: { resources: { subscribe: true } },
      serverInfo: { name: 'swarmscope-relay' },
    })
    expect((await client.call('echo')).error?.data).toMatchObject({
      code: 'CHILD_NOT_FOUND',
      suggestion: expect.stringContaining('npm install claude-flow'),
    })
    const read = await client.request('resources/read', { uri: 'claude-flow://agents' })
    expect(JSON.parse(read.result.contents[0].text).agents).toMatchObject([{ nativeId: 'a' }])
  })
})

describe('Swarmscope’s own methods', () => {
  test('[R1] hello names the relay, its project and its state', async () => {
    const { connect, project, relay } = await runRelay()
    const client = await connect()
    await until(() => relay.state.child.state === 'up')
    const { result } = await client.request('swarmscope/hello', { version: '9', protocol: { min: 1, max: 7 } })
    expect(helloResult.parse(result)).toEqual(result)
    expect(result).toMatchObject({
      protocol: { min: 1, max: 1 },
      project: { name: 'project', root: project },
      state: { child: { state: 'up' }, hasState: false },
    })
    expect(result.sourceId).toMatch(/^cf_[a-z2-7]{12}$/)
  })

  test.each([
    [{ min: 2, max: 3 }, 'Update the relay'],
    [{ min: 1, max: 0 }, null],
  ])('[R2] versions %j that do not overlap are refused, with what to update', async (protocol, suggestion) => {
    const { connect } = await runRelay()
    const { error } = await (await connect()).request('swarmscope/hello', { version: '9', protocol })
    expect(error?.code).toBe(-32602)
    if (suggestion)
      expect(error?.data).toMatchObject({ code: 'VERSION_MISMATCH', suggestion: expect.stringContaining(suggestion) })
  })

  test('[R4] [R5] a subscriber gets what is there, and then each change as a frame', async () => {
    const { subscribe, project, relay } = await runRelay()
    put(project, AGENTS, agentsStore('a'))
    await until(() => relay.state.hasState)
    const client = await subscribe()
    put(project, AGENTS, agentsStore('a', 'b'))
    const frame = await client.until(puts('b'))
    expect(frame.params.put.map(({ nativeId }: { nativeId: string }) => nativeId)).toEqual(['b'])
    put(project, AGENTS, agentsStore('b'))
    await client.until(({ method, params }) => method === 'swarmscope/frame' && params.del[0]?.id === 'agent/a')
  })

  test('[R4] a subscriber that comes back gets only what it missed', async () => {
    const { subscribe, project } = await runRelay()
    put(project, AGENTS, agentsStore('a', 'b'))
    const first = await subscribe()
    const isPast = ({ method, params }: Message) => /snapshot|frame/.test(method ?? '') && params.put.length === 2
    const { params } = await first.until(isPast)
    await first.close()
    put(project, AGENTS, { agents: { ...agentsStore('a', 'b', 'c').agents, a: { agentType: 'x' } } })
    const at = { epoch: params.epoch, rev: params.seq ?? params.to }
    const second = await subscribe(at)
    const frame = await second.until(puts('c'))
    expect(frame.params).toMatchObject({ epoch: at.epoch, from: at.rev, del: [] })
    expect(frame.params.put.map(({ nativeId }: { nativeId: string }) => nativeId).sort()).toEqual(['a', 'c'])
    expect(second.received.some(({ method }) => method === 'swarmscope/snapshot')).toBe(false)
  })

  test('[R6] 10,000 agents come in chunks, and nobody is closed for it', async () => {
    const { subscribe, project, relay } = await runRelay()
    put(project, AGENTS, agentsStore(...Array.from({ length: 10_000 }, (_, index) => `agent-${index}`)))
    await until(() => relay.state.hasState)
    const client = await subscribe()
    const chunks = client.received.filter(({ method }) => method === 'swarmscope/snapshot')
    expect(chunks.flatMap(({ params }) => params.put)).toHaveLength(10_000)
    expect(chunks.length).toBeGreaterThan(5)
    const many = agentsStore(...Array.from({ length: 10_001 }, (_, index) => `agent-${index}`))
    put(project, AGENTS, many)
    expect((await client.until(puts('agent-10000'))).params.put).toHaveLength(1)
  })
})

describe('resources', () => {
  test('are the clean records, as JSON', async () => {
    const { connect, project, relay } = await runRelay()
    putRecorded3(project)
    await until(() => relay.state.hasState)
    const client = await connect()
    const { result } = await client.request('resources/list')
    expect(result.resources.map(({ uri }: { uri: string }) => uri)).toEqual([
      'claude-flow://agents',
      'claude-flow://tasks',
      'claude-flow://swarms',
    ])
    const counts: Record<string, number> = { agents: 8, tasks: 1, swarms: 2 }
    for (const [name, count] of Object.entries(counts)) {
      await until(async () => {
        const read = await client.request('resources/read', { uri: `claude-flow://${name}` })
        const [content] = read.result.contents
        expect(content).toMatchObject({ uri: `claude-flow://${name}`, mimeType: 'application/json' })
        return JSON.parse(content.text)[name].length === count
      })
    }
    expect((await client.request('resources/templates/list')).result).toEqual({ resourceTemplates: [] })
    expect((await client.request('resources/read', { uri: 'file:///etc/passwd' })).error?.code).toBe(-32002)
    expect((await client.request('resources/read', {})).error?.code).toBe(-32602)
  })

  test('[D4] a subscriber is told when one changed, and only it', async () => {
    const { connect, project } = await runRelay()
    const [subscriber, other] = await Promise.all([connect(), connect()])
    const uri = 'claude-flow://agents'
    expect((await subscriber.request('resources/subscribe', { uri })).result).toEqual({})
    put(project, AGENTS, agentsStore('a'))
    const told = ({ method }: Message) => method === 'notifications/resources/updated'
    expect(await subscriber.until(told)).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/resources/updated',
      params: { uri },
    })
    const { result } = await subscriber.request('resources/read', { uri })
    expect(JSON.parse(result.contents[0].text).agents).toMatchObject([{ nativeId: 'a' }])
    expect((await subscriber.request('resources/unsubscribe', { uri })).result).toEqual({})
    for (const method of ['resources/subscribe', 'resources/unsubscribe']) {
      expect((await other.request(method, { uri: 'file:///etc/passwd' })).error?.code).toBe(-32002)
      expect((await other.request(method, {})).error?.code).toBe(-32602)
    }
    expect(other.received.some(told)).toBe(false)
  })
})

test('[R7] the hive token never leaves: not in frames, resources, states, health', async () => {
  const { subscribe, project, get } = await runRelay()
  const client = await subscribe()
  const { hiveToken } = putRecorded3(project)
  await client.until(puts('hive'))
  for (const name of ['agents', 'tasks', 'swarms'])
    await client.request('resources/read', { uri: `claude-flow://${name}` })
  const late = await subscribe()
  const health = await (await get('/health', AUTHORIZATION)).text()
  const everything = JSON.stringify([client.received, late.received, health])
  expect(everything).toContain('"kind":"hive"')
  expect(everything).not.toContain(hiveToken)
  expect(everything).not.toContain('hiveToken')
})

test('watching 3.x makes no tool call', async () => {
  const { subscribe, connect } = await runRelay({
    limits: { statIntervalMs: 5, rosterIntervalMs: 5, childBackoff: { baseMs: 1, capMs: 1 } },
  })
  const subscriber = await subscribe()
  const client = await connect()
  await client.ask('agent_spawn', { agentId: 'a' })
  await subscriber.until(puts('a'))
  expect((await client.ask('facts')).lists).toBe(0)
})

describe('2.x without a database', () => {
  const command = fakeChild('--as', '2')

  test('[R10] what passes through is seen at once; what the child invents never; its death takes its agents', async () => {
    const { subscribe, connect, relay } = await runRelay({ command })
    const subscriber = await subscribe()
    const client = await connect()
    expect((await client.ask('agent_list')).agents).toHaveLength(3)
    const { swarmId } = await client.ask('swarm_init', { topology: 'mesh' })
    await subscriber.until(puts(swarmId))
    const { agentId } = await client.ask('agent_spawn', { type: 'coder', name: 'Builder' })
    const { params } = await subscriber.until(puts(agentId))
    expect(params.put).toMatchObject([{ generation: 2, data: { name: 'Builder', type: 'coder', swarm: swarmId } }])
    const { taskId } = await client.ask('task_orchestrate', { task: 'do it' })
    await subscriber.until(puts(taskId))
    expect(relay.state.hasState).toBe(true)
    const from = subscriber.received.length
    process.kill(relay.childPid ?? 0, 'SIGKILL')
    const gone = await subscriber.until(({ method }) => method === 'swarmscope/frame', from)
    expect(gone.params.del.map(({ id }: { id: string }) => id).sort()).toEqual(
      [`agent/${agentId}`, `swarm/${swarmId}`, `task/${taskId}`].sort(),
    )
    await until(() => relay.state.child.restarts === 1 && relay.state.child.state === 'up')
    expect((await client.ask('agent_list')).agents).toHaveLength(3)
    expect(relay.state.hasState).toBe(false)
    expect(JSON.stringify(subscriber.received)).not.toContain('researcher-1')
  })

  test('with a database, the database is the truth and nothing is asked', async () => {
    const { subscribe, connect, project, relay } = await runRelay({ command })
    const { spawn } = recorded2(project)
    await until(() => relay.state.hasState)
    const subscriber = await subscribe()
    const client = await connect()
    const { swarmId } = await client.ask('swarm_init', {})
    await client.ask('agent_spawn', { type: 'coder', name: 'only in memory' })
    spawn('in-the-database')
    await subscriber.until(puts('in-the-database'))
    expect((await client.ask('facts')).lists).toBe(0)
    expect(JSON.stringify(subscriber.received)).not.toContain(swarmId)
  })
})

describe('who is let in', () => {
  test('a client with the token and subprotocol mcp, or none', async () => {
    const { relay } = await runRelay({ command: null })
    expect(await upgrade(relay.url, AUTHORIZATION, ['mcp'])).toMatchObject({ status: 101, protocol: 'mcp' })
    expect(await upgrade(relay.url, AUTHORIZATION, ['x', 'mcp'])).toMatchObject({ status: 101, protocol: 'mcp' })
    expect(await upgrade(relay.url, AUTHORIZATION)).toMatchObject({ status: 101, protocol: '' })
  })

  test.each([
    ['no token', {}, 401, 'UNAUTHORIZED'],
    ['a wrong token', { authorization: 'Bearer nonsense-nonsense' }, 401, 'UNAUTHORIZED'],
    ['the token in another scheme', { authorization: `Basic ${TOKEN}` }, 401, 'UNAUTHORIZED'],
    ['another host name', { ...AUTHORIZATION, host: 'evil.example' }, 421, 'WRONG_HOST'],
    ['the right name, another port', { ...AUTHORIZATION, host: '127.0.0.1:1' }, 421, 'WRONG_HOST'],
    ['a foreign page', { ...AUTHORIZATION, origin: 'http://evil.example' }, 403, 'WRONG_ORIGIN'],
    ['a page of another port', { ...AUTHORIZATION, origin: 'http://localhost:1' }, 403, 'WRONG_ORIGIN'],
    ['a page from nowhere', { ...AUTHORIZATION, origin: 'null' }, 403, 'WRONG_ORIGIN'],
  ])('%s is refused before the upgrade, in the one error shape', async (_who, headers, status, code) => {
    const { relay } = await runRelay({ command: null })
    const answer = await upgrade(relay.url, headers as Record<string, string>)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toMatchObject({ success: false, code, details: { suggestion: expect.any(String) } })
    expect(answer.headers['content-type']).toContain('application/json')
    if (status === 401) expect(answer.headers['www-authenticate']).toBe('Bearer')
  })

  test('the container’s name and names that were allowed', async () => {
    const { relay } = await runRelay({ command: null, allowHosts: ['my.host'], publicUrls: ['https://relay.example'] })
    for (const host of [
      `powerdev:${relay.port}`,
      `my.host:${relay.port}`,
      'relay.example',
      `localhost:${relay.port}`,
    ]) {
      expect((await upgrade(relay.url, { ...AUTHORIZATION, host })).status, host).toBe(101)
    }
  })

  test('another path is not found', async () => {
    const { relay } = await runRelay({ command: null })
    expect(await upgrade(relay.url.replace('/ws', '/other'), AUTHORIZATION)).toMatchObject({ status: 404 })
  })

  test('one client more than there may be is sent away, until one leaves', async () => {
    const { relay, connect } = await runRelay({ command: null, limits: { maxClients: 2 } })
    const [first] = await Promise.all([connect(), connect()])
    const answer = await upgrade(relay.url, AUTHORIZATION)
    expect(answer).toMatchObject({ status: 503 })
    expect(JSON.parse(answer.body).success).toBe(false)
    await first?.close()
    await until(async () => (await upgrade(relay.url, AUTHORIZATION)).status === 101)
  })
})

describe('clients that misbehave', () => {
  test('a message that is too large closes its sender with 1009, nobody else', async () => {
    const { connect } = await runRelay()
    const [one, other] = await Promise.all([connect(), connect()])
    one.send('x'.repeat(1024 * 1024 + 1))
    expect((await one.closed).code).toBe(1009)
    expect(await other.ask('echo', { value: 1 })).toBe(1)
  })

  test('one that does not read is closed when too much waits for it; others are served', async () => {
    const { connect, get } = await runRelay({ limits: { dropPatienceMs: 50 } })
    const [one, other] = await Promise.all([connect(), connect()])
    one.socket.pause()
    for (let id = 0; id < 60; id++) {
      one.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'flood', arguments: { bytes: 500_000 } } })
    }
    await until(async () => (await (await get('/health')).json()).clients === 1)
    expect(await other.ask('echo', { value: 1 })).toBe(1)
    one.socket.resume()
    expect((await one.closed).code).toBeOneOf([4409, 1006])
  })

  test('one that takes nothing, or answers no ping, is closed in time', async () => {
    const limits = { pingIntervalMs: 40, pongTimeoutMs: 1_000, noProgressMs: 10_000, dropPatienceMs: 50 }
    const { connect, get } = await runRelay({ limits })
    const [alive, dead] = await Promise.all([connect(), connect()])
    // It hears nothing any more, and so answers nothing.
    dead.socket.pause()
    await until(async () => (await (await get('/health')).json()).clients === 1)
    expect(alive.socket.readyState).toBe(WebSocket.OPEN)
    expect(await alive.ask('echo', { value: 1 })).toBe(1)
  })

  test('[R6] a slow message that makes no progress closes its reader', async () => {
    const { connect, get } = await runRelay({ limits: { noProgressMs: 60, dropPatienceMs: 50 } })
    const stuck = await connect()
    stuck.socket.pause()
    stuck.send({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'flood', arguments: { bytes: 7_000_000 } },
    })
    await until(async () => (await (await get('/health')).json()).clients === 0)
  })

  test('half a request over HTTP, and nonsense, do no harm', async () => {
    const { relay, get } = await runRelay()
    const socket = connectTcp(relay.port, '127.0.0.1')
    cleanup(() => socket.destroy())
    await once(socket, 'connect')
    socket.write('nonsense\r\n\r\n')
    const [data] = await once(socket, 'data')
    expect(data.toString()).toMatch(/^HTTP\/1.1 400 /)
    expect(data.toString()).toContain('"code":"BAD_REQUEST"')
    expect((await get('/livez')).status).toBe(200)
  })
})

describe('HTTP', () => {
  test('health tells anyone how it is, and only who has the token what is private', async () => {
    const { get, relay, project } = await runRelay()
    put(project, AGENTS, agentsStore('a'))
    await until(() => relay.state.child.state === 'up' && relay.state.hasState)
    const open = await (await get('/health')).json()
    expect(open).toMatchObject({
      status: 'healthy',
      project: { name: 'project' },
      child: { state: 'up', restarts: 0, serverInfo: { name: 'ruflo' } },
      clients: 0,
      watching: [AGENTS],
    })
    expect(JSON.stringify(open)).not.toContain(project)
    expect(JSON.stringify(open)).not.toMatch(/"(pid|stderr|lastError|root)"/)
    const wrong = await (await get('/health', { authorization: 'Bearer wrong-wrong' })).json()
    expect(Object.keys(wrong)).toEqual(Object.keys(open))
    const full = await (await get('/health', AUTHORIZATION)).json()
    expect(full).toMatchObject({
      project: { root: project },
      child: { pid: relay.childPid, lastError: null, stderr: [] },
    })
    expect(JSON.stringify(full)).not.toContain(TOKEN)
  })

  test('metrics tell only who has the token what passed through, and who was refused', async () => {
    const { get, connect, subscribe, relay } = await runRelay()
    const [client] = [await connect(), await subscribe()]
    await client.ask('echo', { value: 1 })
    await client.call('echo', { value: { success: false } })
    await client.request('tools/list')
    await expect(RelayClient.connect(relay.url, 'wrong-token')).rejects.toThrow('401')
    const refused = await get('/metrics')
    expect([refused.status, (await refused.json()).code]).toEqual([401, 'UNAUTHORIZED'])
    const response = await get('/metrics', AUTHORIZATION)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const text = await response.text()
    expect(readExposition(text).faults).toEqual([])
    for (const line of [
      'clients{door="ws"} 2',
      'subscribers 1',
      'pending_requests 0',
      'requests_total{method="tools/call",outcome="ok"} 1',
      'requests_total{method="tools/call",outcome="tool-error"} 1',
      'requests_total{method="other",outcome="ok"} 1',
      'request_duration_seconds_count{method="tools/call"} 2',
      'child_up 1',
      'child_state{state="up"} 1',
      'frames_sent_total 1',
      'refused_total{code="UNAUTHORIZED"} 2',
    ]) {
      expect(text).toContain(`\nswarmscope_relay_${line}\n`)
    }
  })

  test('what goes through sockets is counted while they are open, and after', async () => {
    const { get, connect } = await runRelay()
    const read = async () => {
      const { samples } = readExposition(
        await (await get('/metrics', { ...AUTHORIZATION, connection: 'close' })).text(),
      )
      const valueOfOwn = (name: string) => samples.find((each) => each.name === `swarmscope_relay_${name}`)?.value ?? 0
      return { received: valueOfOwn('received_bytes_total'), sent: valueOfOwn('sent_bytes_total') }
    }
    const before = await read()
    const client = await connect()
    await client.ask('echo', { value: 'x'.repeat(100_000) })
    const during = await read()
    expect(during.received - before.received).toBeGreaterThan(100_000)
    expect(during.received - before.received).toBeLessThan(110_000)
    expect(during.sent - before.sent).toBeGreaterThan(100_000)
    expect(during.sent - before.sent).toBeLessThan(130_000) // a scrape's own answer is in it
    await client.close()
    const after = await read()
    expect(after.received).toBeGreaterThanOrEqual(during.received)
    expect(after.sent).toBeGreaterThanOrEqual(during.sent)
  })

  test('livez and readyz answer anyone with an empty body', async () => {
    const { get } = await runRelay({ command: null })
    for (const path of ['/livez', '/readyz']) {
      const response = await get(path)
      expect([response.status, await response.text()]).toEqual([200, ''])
    }
  })

  test.each([
    ['/', 'GET', 404, 'NOT_FOUND'],
    ['/nothing?x=<script>', 'GET', 404, 'NOT_FOUND'],
    ['/%zz', 'GET', 404, 'NOT_FOUND'],
    ['/health', 'POST', 405, 'METHOD_NOT_ALLOWED'],
    ['/metrics', 'POST', 405, 'METHOD_NOT_ALLOWED'],
    ['/metrics', 'GET', 401, 'UNAUTHORIZED'],
    ['/ws', 'GET', 400, 'BAD_REQUEST'],
  ])('%s by %s is an error in the one shape, never HTML', async (path, method, status, code) => {
    const { relay } = await runRelay({ command: null })
    const sent = request({ port: relay.port, path, method })
    sent.end()
    const [response] = await once(sent, 'response')
    let body = ''
    for await (const chunk of response) body += chunk
    expect([response.statusCode, JSON.parse(body).code]).toEqual([status, code])
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
  })

  test.each([['/livez'], ['/readyz']])('[A5] %s answers anyone, with an empty body', async (path) => {
    const { relay } = await runRelay({ command: null })
    const sent = request({ port: relay.port, path, headers: { host: '10.0.0.7:3000' } })
    sent.end()
    const [response] = await once(sent, 'response')
    let body = ''
    for await (const chunk of response) body += chunk
    expect([response.statusCode, body]).toEqual([200, ''])
  })

  test.each([['/health'], ['/nothing']])('%s is not served under a foreign name or to a foreign page', async (path) => {
    const { relay } = await runRelay({ command: null })
    for (const [headers, status] of [
      [{ host: 'evil.example' }, 421],
      [{ origin: 'https://evil.example' }, 403],
    ] as const) {
      const sent = request({ port: relay.port, path, headers })
      sent.end()
      const [response] = await once(sent, 'response')
      response.resume()
      expect(response.statusCode).toBe(status)
    }
  })
})

describe('start and end', () => {
  test('a busy port is an error that names the port and the option, and starts no child', async () => {
    const other = createServer()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    cleanup(() => other.close())
    const { port } = other.address() as { port: number }
    let spawned = 0
    const spawn = () => {
      spawned++
      throw new Error('not wanted')
    }
    await expect(runRelay({ port, portOption: '--relay-port', spawn, limits: { portPatienceMs: 50 } })).rejects.toThrow(
      new RegExp(`Port ${port} on 127.0.0.1 is taken: choose another with --relay-port`),
    )
    expect(spawned).toBe(0)
  })

  test('closing tells clients 1001, answers what is pending, and leaves no process', async () => {
    const { connect, relay } = await runRelay({ command: fakeChild('--grandchild') })
    const client = await connect()
    const { pid, grandchild } = await client.ask('facts')
    const pending = client.call('hang')
    await client.ask('echo', { value: 1 })
    await relay.close()
    await relay.close()
    expect((await pending).error?.data?.code).toBe('CHILD_CRASHED')
    expect(await client.closed).toEqual({ code: 1001, reason: 'the relay is ending' })
    await until(() => !isAlive(pid) && !isAlive(grandchild))
  })

  test('[X19] a drain ends as soon as nothing is pending, and answers with an error what takes too long', async () => {
    const first = await runRelay()
    const idle = await first.connect()
    await idle.ask('echo', { value: 1 })
    await first.relay.close({ drainMs: 60_000 })
    expect((await idle.closed).code).toBe(1001)

    const { connect, relay, get } = await runRelay()
    const [client, other] = [await connect(), await connect()]
    const hanging = client.call('hang')
    const slow = other.call('slow', { key: 'a' })
    await client.ask('echo', { value: 1 })
    const closed = relay.close({ drainMs: 300 })
    expect((await get('/readyz')).status).toBe(503)
    process.kill(relay.childPid ?? 0, 'SIGUSR2')
    expect((await slow).result).toBeDefined()
    expect((await hanging).error?.data?.code).toBe('CHILD_CRASHED')
    await closed
    expect(client.received.filter(({ id }) => id !== undefined)).toHaveLength(2)
    expect((await client.closed).code).toBe(1001)
  })

  test('[R3] its name is the same after a restart, and another for another project', async () => {
    const { connect, relay, project } = await runRelay()
    const hello = { version: '0', protocol: { min: 1, max: 1 } }
    const before = (await (await connect()).request('swarmscope/hello', hello)).result
    await relay.close()
    const dataDir = join(project, '../data')
    const again = await runRelay({ project, dataDir, command: null })
    const after = (await (await again.connect()).request('swarmscope/hello', hello)).result
    expect(after.sourceId).toBe(before.sourceId)
    const other = await runRelay({ dataDir, command: null })
    const others = (await (await other.connect()).request('swarmscope/hello', hello)).result
    expect(others.sourceId).not.toBe(before.sourceId)
  })

  const hasIpv6 = Object.values(networkInterfaces()).some((of) => of?.some(({ address }) => address === '::1'))
  test.skipIf(!hasIpv6)('IPv6 is written in brackets', async () => {
    const { relay } = await runRelay({ host: '::1', command: null })
    expect(relay.url).toBe(`ws://[::1]:${relay.port}/ws`)
    expect((await upgrade(relay.url, AUTHORIZATION)).status).toBe(101)
  })
})

test('the fake child stands for the real one: its 3.x store is read like the recorded one', async () => {
  const { connect, subscribe, project } = await runRelay()
  const subscriber = await subscribe()
  await (await connect()).ask('agent_spawn', { agentId: 'x', agentType: 'tester' })
  const { params } = await subscriber.until(puts('x'))
  expect(params.put[0]).toMatchObject({
    kind: 'agent',
    generation: 3,
    data: { type: 'tester', status: 'idle', health: 1 },
  })
  expect(JSON.parse(readFileSync(join(project, AGENTS), 'utf8')).agents.x.agentType).toBe('tester')
})
