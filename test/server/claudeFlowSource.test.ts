import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { errorBody } from '../../protocol/errors.ts'
import type { RelayState } from '../../protocol/relayWire.ts'
import { RELAY_METHOD } from '../../protocol/relayWire.ts'
import type { SourceState, SourceStatus } from '../../protocol/swarm.ts'
import { DEAD_AFTER_MS, IDLE_BEFORE_PING_MS, SILENT_AFTER_MS } from '../../server/connector/lineWatch.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { ClaudeFlowSource } from '../../server/sources/claudeFlow/claudeFlowSource.ts'
import { initializeSwarm, spawnAgent } from '../../server/sources/claudeFlow/commands.ts'
import { World } from '../../server/world.ts'
import { FakeRelay, failure, freedPort, text, UP } from '../helpers/fakeRelay.ts'
import { recordedAnswers, records3, runningStores3, type Stores3, stores3 } from '../helpers/recordings.ts'
import { RelayStore } from '../helpers/relayStore.ts'
import { keptLog } from '../helpers/silentLog.ts'

const ends: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const end of ends.splice(0).reverse()) await end()
})

const recorded = () => records3(runningStores3())
function edited(edit: (stores: Stores3) => void) {
  const stores = runningStores3()
  edit(stores)
  return records3(stores)
}

function sourceFor(port: number, token = 'relay-token-of-the-test', host = '127.0.0.1') {
  const world = new World('real', new MemoryLog())
  const { log, lines } = keptLog()
  const end = { isEnding: false }
  const source = new ClaudeFlowSource({
    address: { host, port },
    token,
    world,
    log,
    isEnding: () => end.isEnding,
  })
  ends.push(() => source.close())
  const states: SourceState[] = []
  source.onStatus(() => {
    if (states.at(-1) !== source.status.state) states.push(source.status.state)
  })
  /** Resolves as soon as the status, or the world, is so. */
  const when = (condition: (status: SourceStatus) => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!condition(source.status)) return
        stopStatus()
        stopWorld()
        resolve()
      }
      const stopStatus = source.onStatus(look)
      const stopWorld = world.onChange(look)
      look()
    })
  const agents = () => world.store.all('agent')
  return { source, world, states, when, agents, lines, end }
}

const isLive = ({ state }: SourceStatus) => state === 'live'
const isWaiting = ({ state }: SourceStatus) => state === 'waiting'
const isClosed = ({ state }: SourceStatus) => state === 'closed'

let relay: FakeRelay
beforeEach(async () => {
  relay = await new FakeRelay().start()
  relay.records.set(recorded())
  ends.push(() => relay.stop())
})

async function startLive() {
  const all = sourceFor(relay.port)
  all.source.start()
  await all.when(isLive)
  return all
}

describe('a connection to a relay', () => {
  test('[R1, R4] says hello, subscribes as a first-comer, and is live with the snapshot whole', async () => {
    relay.chunkBytes = 500
    const { source, states, agents, when } = sourceFor(relay.port)
    let agentsWhenLive = -1
    source.onStatus(() => {
      if (source.status.state === 'live' && agentsWhenLive < 0) agentsWhenLive = agents().size
    })
    source.start()
    await when(isLive)
    expect(agentsWhenLive).toBe(8)
    expect(states).toEqual(['connecting', 'handshaking', 'live'])
    expect(relay.requests.map(({ method }) => method)).toEqual([RELAY_METHOD.HELLO, RELAY_METHOD.SUBSCRIBE])
    expect(relay.requests[1]?.params).toEqual({ epoch: null, rev: 0 })
    expect(relay.attempts[0]).toMatchObject({
      authorization: `Bearer ${relay.token}`,
      'sec-websocket-protocol': 'mcp',
    })
    expect(relay.attempts[0]?.origin).toBeUndefined()
  })

  test('is known by its address, then by the name that the relay gives itself', async () => {
    const { source, when } = sourceFor(relay.port)
    expect(source.status).toMatchObject({
      id: `claude-flow@127.0.0.1:${relay.port}`,
      kind: 'claude-flow',
      state: 'idle',
      url: `ws://127.0.0.1:${relay.port}/ws`,
    })
    source.start()
    await when(isLive)
    expect(source.status).toMatchObject({ id: relay.sourceId, attempt: 0, retryAt: null, lastError: null })
  })

  test('frames flow', async () => {
    const { agents, when } = await startLive()
    relay.set(edited(({ agents }) => (agents.agents.scout!.status = 'busy')))
    await when(() => agents().get(`${relay.sourceId}/scout`)?.status === 'busy')
    relay.set(edited(({ agents }) => delete agents.agents.scout))
    await when(() => !agents().has(`${relay.sourceId}/scout`))
    expect(agents().size).toBe(7)
  })

  test('watching calls no tool, whatever happens', async () => {
    const { when, agents } = await startLive()
    for (let n = 0; n < 20; n++) relay.set(edited(({ agents }) => (agents.agents.scout!.taskCount = n)))
    await when(() => agents().get(`${relay.sourceId}/scout`)?.tasksCompleted === 19)
    expect(relay.requests.map(({ method }) => method)).not.toContain('tools/call')
  })

  test('records cause no change of the status', async () => {
    const { source, when, agents } = await startLive()
    const told = vi.fn()
    source.onStatus(told)
    for (let n = 0; n < 20; n++) relay.set(edited(({ agents }) => (agents.agents.scout!.taskCount = n)))
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (agents().get(`${relay.sourceId}/scout`)?.tasksCompleted !== 19) return
        clearInterval(timer)
        resolve()
      }, 5)
    })
    expect(told).not.toHaveBeenCalled()
    await when(isLive)
  })

  test('[R4] a relay that drops is tried again, and resumed where it was: the same epoch, no snapshot', async () => {
    const { world, states, when, agents, source } = await startLive()
    const { epoch } = world.store
    const seqBefore = relay.records.store.seq
    relay.drop()
    await when(isWaiting)
    expect(source.status).toMatchObject({ attempt: 1, lastError: { code: 'CONNECTION_LOST' } })
    expect(Date.parse(source.status.retryAt ?? '')).toBeLessThanOrEqual(Date.now() + 300)
    expect(agents().size).toBe(8)
    relay.records.set(edited(({ agents }) => (agents.agents.scout!.status = 'busy')))
    await when(isLive)
    expect(agents().get(`${relay.sourceId}/scout`)).toMatchObject({ status: 'busy', statusSince: null })
    expect(world.store.epoch).toBe(epoch)
    expect(relay.requests.at(-1)).toMatchObject({
      method: RELAY_METHOD.SUBSCRIBE,
      params: { epoch: 'relay-epoch', rev: seqBefore },
    })
    expect(states.slice(0, 3)).toEqual(['connecting', 'handshaking', 'live'])
  })

  test('what changes before our eyes says since when', async () => {
    const { agents, when } = await startLive()
    relay.set(edited(({ agents }) => (agents.agents.scout!.status = 'busy')))
    await when(() => agents().get(`${relay.sourceId}/scout`)?.status === 'busy')
    // The connection counts as live one turn after its snapshot; a change in that very turn would be unknown.
    expect(agents().get(`${relay.sourceId}/scout`)?.statusSince).toBe(relay.records.at)
  })

  test('[M6] it has been gone since it went, however often it was tried again', async () => {
    const { source, when } = await startLive()
    const liveSince = source.status.since
    await relay.stop()
    await when(isWaiting)
    const goneSince = source.status.since
    expect(Date.parse(goneSince)).toBeGreaterThanOrEqual(Date.parse(liveSince))
    await when(({ attempt, state }) => attempt >= 3 && state === 'waiting')
    expect(source.status.since).toBe(goneSince)
    await relay.start()
    await when(isLive)
    expect(Date.parse(source.status.since)).toBeGreaterThan(Date.parse(goneSince))
  })

  test('[F3] a frame that is missing leads to a new connection that resumes', async () => {
    const { agents, when, source } = await startLive()
    relay.notify(RELAY_METHOD.FRAME, { epoch: 'relay-epoch', from: 50, to: 51, put: [], del: [] })
    await when(isWaiting)
    expect(source.status.lastError).toMatchObject({ code: 'PROTOCOL_MISMATCH' })
    expect(source.status.lastError?.details.suggestion).toContain('a frame is missing')
    relay.records.set(edited(({ agents }) => (agents.agents.scout!.status = 'busy')))
    await when(isLive)
    expect(agents().get(`${relay.sourceId}/scout`)?.status).toBe('busy')
  })

  test('[F8] chunks out of order lead to a new connection', async () => {
    relay.methods.set(RELAY_METHOD.SUBSCRIBE, () => {
      queueMicrotask(() => {
        const [chunk] = relay.records.chunks()
        relay.raw(JSON.stringify({ jsonrpc: '2.0', method: RELAY_METHOD.SNAPSHOT, params: { ...chunk, index: 3 } }))
      })
      return { result: { epoch: 'relay-epoch', rev: 1 } }
    })
    const { source, when, agents } = sourceFor(relay.port)
    source.start()
    await when(isWaiting)
    expect(source.status.lastError?.code).toBe('PROTOCOL_MISMATCH')
    relay.methods.clear()
    await when(isLive)
    expect(agents().size).toBe(8)
  })

  test('a relay that was started again is read anew; what did not change is not said again', async () => {
    const { world, when } = await startLive()
    const before = new Map(world.store.all('agent'))
    const restarted = new RelayStore('epoch-2')
    restarted.store.load({ ...relay.records.store.snapshot(), epoch: 'epoch-2', seq: 1 })
    relay.records = restarted
    relay.drop()
    await when(isWaiting)
    await when(isLive)
    for (const [id, agent] of world.store.all('agent')) expect(agent).toBe(before.get(id))
  })

  test('[R3] another project at the same address: nothing of the former stays', async () => {
    const { agents, when, source } = await startLive()
    relay.sourceId = 'another-project'
    relay.records = new RelayStore('epoch-2')
    relay.records.set(edited(({ agents }) => delete agents.agents.scout))
    relay.drop()
    await when(isWaiting)
    await when(isLive)
    expect(source.status.id).toBe('another-project')
    expect([...agents().keys()].every((id) => id.startsWith('another-project/'))).toBe(true)
    expect(agents().size).toBe(7)
  })

  test('[L2] and back again: the first project shows again, also if its relay counts from the beginning', async () => {
    const { agents, when } = await startLive()
    for (let n = 0; n < 5; n++) relay.set(edited(({ agents }) => (agents.agents.scout!.taskCount = n)))
    for (const [sourceId, epoch] of [
      ['another-project', 'epoch-2'],
      ['source-of-the-test', 'epoch-3'],
    ] as const) {
      relay.sourceId = sourceId
      relay.records = new RelayStore(epoch)
      relay.records.set(recorded())
      relay.drop()
      await when(isWaiting)
      await when(isLive)
    }
    expect(agents().size).toBe(8)
    expect([...agents().keys()].every((id) => id.startsWith('source-of-the-test/'))).toBe(true)
  })

  test('the log names a source once: by its address only until it says its name', async () => {
    await relay.stop()
    const { source, world, when } = sourceFor(relay.port)
    source.start()
    await when(isWaiting)
    expect([...world.store.all('source').values()]).toMatchObject([
      { id: `claude-flow@127.0.0.1:${relay.port}`, state: 'waiting' },
    ])
    await relay.start()
    await when(isLive)
    expect([...world.store.all('source').values()]).toMatchObject([
      { id: relay.sourceId, state: 'live', project: 'shop', host: 'laptop' },
    ])
  })
})

describe('what is in the way', () => {
  test('nothing listens: CONNECTION_REFUSED with host and port, tried again by itself until it is there', async () => {
    const port = await freedPort()
    const { source, when } = sourceFor(port)
    source.start()
    await when(isWaiting)
    expect(source.status.lastError).toEqual({
      error: 'Failed to connect to Claude Flow',
      code: 'CONNECTION_REFUSED',
      details: { suggestion: `Ensure the MCP WebSocket relay is running on 127.0.0.1:${port}` },
    })
    await when(({ state, attempt }) => state === 'waiting' && attempt >= 2)
    await relay.stop()
  })

  test('[C5] 401 is final: no second attempt by itself, but one when asked', async () => {
    const { source, when } = sourceFor(relay.port, 'a-wrong-token')
    source.start()
    await when(isClosed)
    expect(source.status).toMatchObject({ retryAt: null, lastError: { code: 'RELAY_UNAUTHORIZED' } })
    expect(JSON.stringify(source.status)).not.toContain('a-wrong-token')
    vi.useFakeTimers()
    vi.advanceTimersByTime(600_000)
    vi.useRealTimers()
    expect(relay.attempts).toHaveLength(1)
    source.retry()
    await relay.until(() => relay.attempts.length === 2)
    await when(isClosed)
  })

  test('is a warning in the log, but not while we are stopping: nothing is to be done about it then', async () => {
    const { when, lines, end } = await startLive()
    const warnings = () => lines().filter(({ level }) => Number(level) >= 40)
    relay.drop()
    await when(isWaiting)
    expect(warnings()).toMatchObject([{ code: 'CONNECTION_LOST', state: 'waiting' }])
    await when(isLive)
    end.isEnding = true
    relay.drop()
    await when(isWaiting)
    expect(warnings()).toHaveLength(1)
  })

  test.each([
    [403, 'RELAY_FORBIDDEN', 'closed'],
    [421, 'RELAY_FORBIDDEN', 'closed'],
    [404, 'NOT_A_RELAY', 'waiting'],
    [200, 'NOT_A_RELAY', 'waiting'],
    [302, 'NOT_A_RELAY', 'waiting'],
    [503, 'CONNECTION_REFUSED', 'waiting'],
  ])('an answer %i to the upgrade is %s, then %s', async (status, code, state) => {
    relay.refuseWith = status
    const { source, when } = sourceFor(relay.port)
    source.start()
    await when((now) => now.state === state)
    expect(source.status.lastError?.code).toBe(code)
  })

  test.each([
    ['TOO_MANY_VIEWERS', 'larger --max-clients'],
    ['STOPPING', 'tried again by itself'],
    ['INTERNAL', 'Ensure the MCP WebSocket relay is running'],
  ] as const)('[E5] one that lets nobody in is believed why: %s', async (code, why) => {
    relay.refuseWith = 503
    relay.refuseBody = JSON.stringify(errorBody(code))
    const { source, when } = sourceFor(relay.port)
    source.start()
    await when(isWaiting)
    expect(source.status.lastError).toMatchObject({ code: 'CONNECTION_REFUSED' })
    expect(source.status.lastError?.details.suggestion).toContain(why)
    expect(source.status.lastError?.details.suggestion).toContain(`127.0.0.1:${relay.port}`)
    await expect(source.callTool('agent_spawn', {})).rejects.toMatchObject({ body: source.status.lastError ?? {} })
  })

  test('a program that is no web server at all is NOT_A_RELAY', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy()).resume()
      socket.end('220 mail.example ESMTP\r\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ends.push(() => new Promise((resolve) => server.close(resolve)))
    const { source, when } = sourceFor((server.address() as { port: number }).port)
    source.start()
    await when(isWaiting)
    expect(source.status.lastError?.code).toBe('NOT_A_RELAY')
  })

  test('a host that is not found is named', async () => {
    const { source, when } = sourceFor(3000, 'relay-token', 'no-such-host.invalid')
    source.start()
    await when(isWaiting)
    expect(source.status.lastError?.code).toBe('HOST_NOT_FOUND')
    expect(source.status.lastError?.details.suggestion).toContain('no-such-host.invalid')
  })

  test('[R2] versions without overlap are final, from either side', async () => {
    relay.protocol = { min: 7, max: 9 }
    const first = sourceFor(relay.port)
    first.source.start()
    await first.when(isClosed)
    expect(first.source.status.lastError?.code).toBe('VERSION_MISMATCH')
    expect(first.source.status.lastError?.details.suggestion).toContain('Update this server')

    relay.methods.set(RELAY_METHOD.HELLO, () =>
      failure(-32602, 'Update the server to 2.0', { code: 'VERSION_MISMATCH' }),
    )
    const second = sourceFor(relay.port)
    second.source.start()
    await second.when(isClosed)
    expect(second.source.status.lastError).toMatchObject({
      code: 'VERSION_MISMATCH',
      details: { suggestion: 'Update the server to 2.0' },
    })
  })

  test.each([
    ['no JSON', 'hello there'],
    ['no JSON-RPC', '{"hello":"there"}'],
    ['an array', '[]'],
    ['a bad frame', '{"jsonrpc":"2.0","method":"swarmscope/frame","params":{"epoch":5}}'],
    ['a bad state', '{"jsonrpc":"2.0","method":"swarmscope/state","params":{"child":"up"}}'],
  ])('%s is PROTOCOL_MISMATCH, then a new connection', async (_, garbage) => {
    const { source, when, agents } = await startLive()
    relay.raw(garbage)
    await when(isWaiting)
    expect(source.status.lastError?.code).toBe('PROTOCOL_MISMATCH')
    expect(agents().size).toBe(8)
    await when(isLive)
  })

  test.each([
    ['an answer to nothing', '{"jsonrpc":"2.0","id":4711,"result":{}}'],
    ['an error without an id', '{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"}}'],
    ['a notification of MCP', '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'],
    ['a request', '{"jsonrpc":"2.0","id":1,"method":"roots/list"}'],
  ])('%s does no harm', async (_, message) => {
    const { states, when, agents } = await startLive()
    relay.raw(message)
    relay.set(edited(({ agents }) => (agents.agents.scout!.status = 'busy')))
    await when(() => agents().get(`${relay.sourceId}/scout`)?.status === 'busy')
    expect(states.at(-1)).toBe('live')
  })

  test('a hello of no sense is PROTOCOL_MISMATCH', async () => {
    relay.methods.set(RELAY_METHOD.HELLO, () => ({ result: { sourceId: '../../etc', version: 1 } }))
    const { source, when } = sourceFor(relay.port)
    source.start()
    await when(isWaiting)
    expect(source.status.lastError?.code).toBe('PROTOCOL_MISMATCH')
  })

  test('a hello that is never answered is CONNECTION_TIMEOUT', async () => {
    relay.methods.set(RELAY_METHOD.HELLO, () => 'silence')
    const { source, when } = sourceFor(relay.port)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    source.start()
    await relay.until(() => relay.requests.length === 1)
    vi.advanceTimersByTime(5_000)
    await when(isWaiting)
    expect(source.status.lastError?.code).toBe('CONNECTION_TIMEOUT')
  })

  test('a snapshot that never comes whole is CONNECTION_TIMEOUT, and not live before', async () => {
    relay.methods.set(RELAY_METHOD.SUBSCRIBE, () => ({ result: { epoch: 'relay-epoch', rev: 1 } }))
    const { source, states } = sourceFor(relay.port)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    source.start()
    await relay.until(() => relay.requests.length === 2)
    for (let seconds = 0; seconds < 30; seconds++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (isWaiting(source.status)) break
      vi.advanceTimersByTime(1_000)
    }
    expect(source.status.lastError?.code).toBe('CONNECTION_TIMEOUT')
    expect(states).not.toContain('live')
  })

  test('a message above 16 MiB is PROTOCOL_MISMATCH, not another program', async () => {
    const { source, when } = await startLive()
    relay.raw(Buffer.alloc(16 * 1024 * 1024 + 1, ' '))
    await when(isWaiting)
    expect(source.status.lastError?.code).toBe('PROTOCOL_MISMATCH')
  })
})

describe('[R11] what the relay says of claude-flow', () => {
  const missing: RelayState = {
    child: {
      state: 'missing',
      serverInfo: null,
      restarts: 0,
      lastError: {
        error: 'claude-flow is not installed',
        code: 'CHILD_NOT_FOUND',
        details: { suggestion: 'npm install claude-flow' },
      },
    },
    hasState: true,
  }

  test('missing, with state: live all the same, with the error beside it', async () => {
    relay.state = missing
    const { source, agents } = await startLive()
    expect(source.status).toMatchObject({ state: 'live', lastError: { code: 'CHILD_NOT_FOUND' } })
    expect(agents().size).toBe(8)
    // A command is told it in the very words.
    await expect(source.callTool('agent_spawn', {})).rejects.toMatchObject({ body: missing.child.lastError ?? {} })
  })

  test.each(['on-demand', 'silent'] as const)('%s: live, with the error, if there is one, beside it', async (state) => {
    const lastError = {
      error: 'claude-flow runs but does not answer',
      code: 'CHILD_SILENT',
      details: { suggestion: 'x' },
    }
    relay.state = { child: { ...UP.child, state, lastError: null }, hasState: false }
    const { source, when } = await startLive()
    relay.tellState({ child: { ...UP.child, state, lastError }, hasState: false })
    await when((status) => status.lastError !== null)
    expect(source.status).toMatchObject({ state: 'live', lastError })
  })

  test('missing, without state: unavailable; live as soon as there is state', async () => {
    relay.state = { ...missing, hasState: false }
    relay.records = new RelayStore()
    const { source, when } = sourceFor(relay.port)
    source.start()
    await when(({ state }) => state === 'unavailable')
    expect(source.status.lastError?.code).toBe('CHILD_NOT_FOUND')
    relay.tellState(missing)
    await when(isLive)
  })

  test('starting, without state: handshaking, then live when it is up', async () => {
    const child = { ...UP.child, state: 'starting' as const, serverInfo: null }
    relay.state = { child, hasState: false }
    relay.records = new RelayStore()
    const { source, when, states } = sourceFor(relay.port)
    source.start()
    await relay.until(() => relay.requests.length === 2)
    relay.tellState({ ...UP, hasState: false })
    await when(isLive)
    expect(states).toEqual(['connecting', 'handshaking', 'live'])
    expect(source.status.lastError).toBeNull()
  })

  test('it crashes and comes back: the error comes and goes, the agents stay', async () => {
    const { source, when, agents } = await startLive()
    const lastError = { error: 'claude-flow stopped', code: 'CHILD_CRASHED', details: { suggestion: 'wait' } }
    relay.tellState({ child: { ...UP.child, state: 'waiting', lastError }, hasState: true })
    await when(({ lastError: error }) => error?.code === 'CHILD_CRASHED')
    expect(source.status.state).toBe('live')
    relay.tellState(UP)
    await when(({ lastError: error }) => error === null)
    expect(agents().size).toBe(8)
  })
})

describe('[R12] a relay that is not ours', () => {
  const foreign = (serverInfo: { name: string; version: string }, agents: () => unknown) => {
    relay.methods.set(RELAY_METHOD.HELLO, () => failure(-32601, 'Method not found'))
    relay.methods.set('initialize', () => ({
      result: { protocolVersion: '2024-11-05', capabilities: {}, serverInfo },
    }))
    relay.tools.set('agent_list', () => text(agents()))
  }

  test('is read once, and limited; again after a command, and not otherwise', async () => {
    const answers = recordedAnswers(3, 'agent_list')
    let index = 1
    foreign({ name: 'ruflo', version: '3.0.0' }, () => answers[index])
    relay.tools.set('agent_spawn', () => {
      index = 4
      return text({ success: true, agentId: 'x' })
    })
    const { source, when, agents } = sourceFor(relay.port)
    source.start()
    await when(({ state }) => state === 'limited')
    expect(agents().size).toBe(8)
    expect(source.status.id).toBe(`relay_127.0.0.1_${relay.port}`)
    expect(relay.requests.map(({ method }) => method)).toContain('notifications/initialized')
    expect(relay.calls('agent_list')).toHaveLength(1)
    await spawnAgent(source, { agentType: 'coder', name: null, swarmId: null, task: null })
    expect(relay.calls('agent_list')).toHaveLength(2)
    expect(agents().size).toBe(7)
  })

  test('that is 2.x and invents agents shows none', async () => {
    foreign({ name: 'claude-flow', version: '2.7.47' }, () => recordedAnswers(2, 'agent_list')[0])
    const { source, when, agents } = sourceFor(relay.port)
    source.start()
    await when(({ state }) => state === 'limited')
    expect(agents().size).toBe(0)
    expect(source.generation).toBe(2)
  })

  test('a command that succeeded stays a success though the agents could not be read after it', async () => {
    const answers = recordedAnswers(3, 'agent_list')
    foreign({ name: 'ruflo', version: '3.0.0' }, () => answers[1])
    relay.tools.set('agent_spawn', () => text({ success: true, agentId: 'x' }))
    const { source, when } = sourceFor(relay.port)
    source.start()
    await when(({ state }) => state === 'limited')
    relay.tools.set('agent_list', () => failure(-32603, 'no'))
    const order = { agentType: 'coder', name: null, swarmId: null, task: null }
    await expect(spawnAgent(source, order)).resolves.toBe('x')
  })

  test('that takes the place of one of ours: its agents take the place of the former', async () => {
    const { when, agents } = await startLive()
    foreign({ name: 'ruflo', version: '3.0.0' }, () => recordedAnswers(3, 'agent_list')[4])
    relay.drop()
    await when(({ state }) => state === 'limited')
    expect([...agents().keys()].every((id) => id.startsWith(`relay_127.0.0.1_${relay.port}/`))).toBe(true)
    expect(agents().size).toBe(7)
  })
})

describe('a command', () => {
  const call = (source: ClaudeFlowSource, tool = 'some_tool') => source.callTool(tool, { a: 1 })

  test('goes to claude-flow, and its answer comes back', async () => {
    relay.tools.set('some_tool', (args) => text({ success: true, got: args }))
    const { source } = await startLive()
    expect(await call(source)).toEqual({ success: true, got: { a: 1 } })
  })

  test.each([
    ['says no', text({ success: false, error: 'Input validation failed' }), 'TOOL_FAILED', 'Input validation failed'],
    ['says no without a reason', text({ success: false }), 'TOOL_FAILED', 'no reason'],
    ['answers no JSON', text('done!'), 'TOOL_FAILED', 'no readable answer'],
    ['answers nothing', { result: {} }, 'TOOL_FAILED', 'no readable answer'],
    [
      'marks an error in words',
      { result: { isError: true, content: [{ type: 'text', text: 'Disk is full' }] } },
      'TOOL_FAILED',
      'Disk is full',
    ],
    [
      'marks an error in JSON',
      { result: { isError: true, content: [{ type: 'text', text: '{"error":"Disk is full"}' }] } },
      'TOOL_FAILED',
      'Disk is full',
    ],
    ['has no such tool', failure(-32601, 'Tool not found: some_tool'), 'TOOL_UNKNOWN', 'some_tool'],
    ['fails inside', failure(-32603, 'it broke'), 'TOOL_FAILED', 'it broke'],
    ['went away', failure(-32001, 'gone', { code: 'CHILD_CRASHED' }), 'CHILD_CRASHED', 'starts it again'],
    ['is of no known failure', failure(-32001, 'odd', { code: 'INTERNAL' }), 'TOOL_FAILED', 'odd'],
    [
      'of 2.x does nothing',
      text({ success: true, tool: 'some_tool', message: 'Tool some_tool executed successfully' }),
      'NOT_SUPPORTED_BY_CLAUDE_FLOW',
      '3.x',
    ],
  ] as const)('that claude-flow %s', async (_, answer, code, suggestion) => {
    relay.tools.set('some_tool', () => answer)
    const { source } = await startLive()
    await expect(call(source)).rejects.toMatchObject({ code })
    const error = await call(source).catch((reason: unknown) => reason)
    expect((error as { body: { details: { suggestion: string } } }).body.details.suggestion).toContain(suggestion)
  })

  test('[E4] does not pass on a secret that claude-flow puts into its words', async () => {
    relay.tools.set('some_tool', () => text({ success: false, error: 'bad key sk-ant-1234567890abcdef' }))
    const { source } = await startLive()
    const error = await call(source).catch((reason: unknown) => reason)
    expect(JSON.stringify(error)).not.toContain('sk-ant')
    expect((error as Error).message).not.toContain('sk-ant')
  })

  test('that is never answered is CHILD_TIMEOUT after 30 s', async () => {
    relay.tools.set('some_tool', () => 'silence')
    const { source } = await startLive()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const answer = call(source).catch((error: unknown) => error)
    await relay.until(() => relay.calls('some_tool').length === 1)
    vi.advanceTimersByTime(30_000)
    expect(await answer).toMatchObject({ code: 'CHILD_TIMEOUT' })
  })

  test('under way when the connection is lost fails at once', async () => {
    relay.tools.set('some_tool', () => 'silence')
    const { source } = await startLive()
    const answer = call(source).catch((error: unknown) => error)
    await relay.until(() => relay.calls('some_tool').length === 1)
    relay.drop()
    expect(await answer).toMatchObject({ code: 'CONNECTION_LOST' })
  })

  test('while nothing listens says so at once, again and again', async () => {
    await relay.stop()
    const { source, when } = sourceFor(relay.port)
    source.start()
    await when(isWaiting)
    for (let n = 0; n < 5; n++) await expect(call(source)).rejects.toMatchObject({ code: 'CONNECTION_REFUSED' })
  })

  test('while the connection is being made waits for it', async () => {
    relay.tools.set('some_tool', () => text({ success: true }))
    const { source } = sourceFor(relay.port)
    source.start()
    await expect(call(source)).resolves.toEqual({ success: true })
  })

  test('before start is NOT_CONNECTED after a moment', async () => {
    const { source } = sourceFor(relay.port)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const answer = call(source).catch((error: unknown) => error)
    vi.advanceTimersByTime(2_000)
    expect(await answer).toMatchObject({ code: 'NOT_CONNECTED' })
  })

  test('waits for a claude-flow that is starting', async () => {
    relay.state = { child: { ...UP.child, state: 'starting', serverInfo: null }, hasState: true }
    relay.tools.set('some_tool', () => text({ success: true }))
    const { source } = await startLive()
    const answer = call(source)
    relay.tellState(UP)
    await expect(answer).resolves.toEqual({ success: true })
  })

  test('does not wait for the claude-flow of a relay that is gone', async () => {
    relay.state = { child: { ...UP.child, state: 'starting', serverInfo: null }, hasState: true }
    const { source, when } = await startLive()
    await relay.stop()
    await when(({ lastError }) => lastError?.code === 'CONNECTION_REFUSED')
    await when(isWaiting)
    await expect(call(source)).rejects.toMatchObject({ code: 'CONNECTION_REFUSED' })
  }, 5_000)

  test('starts a claude-flow that nobody needed yet, and only then asks it in its own words', async () => {
    const onDemand = { ...UP.child, state: 'on-demand' as const, serverInfo: null }
    relay.state = { child: onDemand, hasState: true }
    relay.methods.set('initialize', () => {
      relay.tellState(UP)
      return { result: { protocolVersion: '2024-11-05', capabilities: {}, serverInfo: UP.child.serverInfo } }
    })
    relay.tools.set('some_tool', () => text({ success: true }))
    const { source } = await startLive()
    expect(source.generation).toBeNull()
    await source.ready()
    expect(source.generation).toBe(3)
    await expect(call(source)).resolves.toEqual({ success: true })
    expect(relay.requests.filter(({ method }) => method === 'initialize')).toHaveLength(1)
  })

  test('with a missing claude-flow is CHILD_NOT_FOUND', async () => {
    relay.state = { child: { ...UP.child, state: 'missing', serverInfo: null }, hasState: true }
    const { source } = await startLive()
    await expect(call(source)).rejects.toMatchObject({ code: 'CHILD_NOT_FOUND' })
    expect(relay.calls('some_tool')).toEqual([])
  })

  describe('in the words of each generation', () => {
    const order = {
      topology: 'adaptive',
      maxAgents: 5,
      strategy: 'balanced',
      agentTypes: ['coder'],
      customPrompt: 'go',
    }
    const accept = () => {
      relay.tools.set('swarm_init', () => text({ success: true, swarmId: 'swarm-1' }))
      relay.tools.set('agent_spawn', () => text({ success: true, agentId: 'agent-1' }))
    }

    test('3.x', async () => {
      accept()
      const { source } = await startLive()
      expect(await initializeSwarm(source, order)).toEqual({
        swarmId: 'swarm-1',
        agents: [{ type: 'coder', success: true, agentId: 'agent-1', error: null }],
      })
      await spawnAgent(source, { agentType: 'tester', name: 'Tess', swarmId: null, task: null })
      expect(relay.calls('swarm_init')).toEqual([{ topology: 'adaptive', maxAgents: 5, strategy: 'balanced' }])
      expect(relay.calls('agent_spawn')).toEqual([
        { agentType: 'coder', task: 'go', swarmId: 'swarm-1' },
        { agentType: 'tester', agentId: 'Tess' },
      ])
    })

    test('[B6] 2.x, but for a topology that it does not know: it would say yes, and make a swarm of no shape', async () => {
      accept()
      relay.state = { child: { ...UP.child, serverInfo: { name: 'claude-flow', version: '2.7.47' } }, hasState: true }
      const { source } = await startLive()
      await expect(initializeSwarm(source, order)).rejects.toMatchObject({
        code: 'NOT_SUPPORTED_BY_CLAUDE_FLOW',
        context: { detail: expect.stringContaining('hierarchical, mesh, ring, star') },
      })
      await initializeSwarm(source, { ...order, topology: 'mesh' })
      expect(relay.calls('swarm_init')).toEqual([{ topology: 'mesh', maxAgents: 5, strategy: 'balanced' }])
      expect(relay.calls('agent_spawn')).toEqual([{ type: 'coder', name: 'coder', swarmId: 'swarm-1' }])
    })

    test('one agent that fails does not stop the others, and is told', async () => {
      accept()
      let count = 0
      relay.tools.set('agent_spawn', () =>
        ++count === 1 ? text({ success: false, error: 'no room' }) : text({ success: true, agentId: 'agent-2' }),
      )
      const { source } = await startLive()
      const { agents } = await initializeSwarm(source, { ...order, agentTypes: ['coder', 'tester'] })
      expect(agents).toMatchObject([
        { type: 'coder', success: false, agentId: null, error: { code: 'TOOL_FAILED' } },
        { type: 'tester', success: true, agentId: 'agent-2', error: null },
      ])
    })
  })
})

describe('ends and late callbacks', () => {
  test('[C7] close stops it for good: no attempt, no state, no listener', async () => {
    const { source, states } = await startLive()
    await source.close()
    await source.close()
    await relay.until(() => relay.clients === 0)
    const attempts = relay.attempts.length
    source.retry()
    source.start()
    relay.set(edited(({ agents }) => (agents.agents.scout!.status = 'busy')))
    vi.useFakeTimers()
    vi.advanceTimersByTime(600_000)
    vi.useRealTimers()
    expect(relay.attempts).toHaveLength(attempts)
    expect(states.at(-1)).toBe('live')
  })

  test.each(['at once', 'while shaking hands'])('close %s leaves no connection behind', async (moment) => {
    const { source } = sourceFor(relay.port)
    relay.methods.set(RELAY_METHOD.HELLO, () => 'silence')
    source.start()
    if (moment === 'while shaking hands') await relay.until(() => relay.requests.length === 1)
    await source.close()
    await relay.until(() => relay.clients === 0)
    expect(source.status.state).toBe('closed')
  })

  test('a command that waits when it closes does not wait any longer', async () => {
    relay.methods.set(RELAY_METHOD.HELLO, () => 'silence')
    const { source } = sourceFor(relay.port)
    source.start()
    const answer = source.callTool('some_tool', {}).catch((error: unknown) => error)
    await source.close()
    expect(await answer).toMatchObject({ code: 'NOT_CONNECTED' })
  }, 1_500)

  test("[C1] an old socket's late messages are not heard", async () => {
    const { source, when, agents } = await startLive()
    const seqBefore = relay.records.store.seq
    // What the old socket says is on its way when it is given up for a bad message before it.
    relay.raw('garbage')
    relay.notify(RELAY_METHOD.FRAME, {
      epoch: 'relay-epoch',
      from: seqBefore,
      to: seqBefore + 1,
      put: [],
      del: [{ entity: 'record', id: 'agent/scout' }],
    })
    relay.notify(RELAY_METHOD.STATE, { ...UP, hasState: false })
    await when(isWaiting)
    await when(isLive)
    expect(agents().has(`${relay.sourceId}/scout`)).toBe(true)
    expect(source.status.state).toBe('live')
  })

  test("[C1] an old socket's end does not end the attempt after it", async () => {
    const { source, states, when } = await startLive()
    source.onStatus(() => {
      // Before the old socket has told its end.
      if (source.status.state === 'waiting') source.retry()
    })
    relay.raw('garbage')
    await when(({ state }) => state === 'handshaking')
    await when(isLive)
    expect(states).toEqual(['connecting', 'handshaking', 'live', 'waiting', 'connecting', 'handshaking', 'live'])
  })

  test('[C6] retry does not wait for the pause to end', async () => {
    await relay.stop()
    const { source, when } = sourceFor(relay.port)
    source.start()
    await when(({ attempt, state }) => attempt >= 3 && state === 'waiting')
    await relay.start()
    source.retry()
    expect(source.status.state).toBe('connecting')
    await when(isLive)
  })

  test('[C1] many retries at once make one attempt', async () => {
    await relay.stop()
    const { source, when } = sourceFor(relay.port)
    source.start()
    await when(isWaiting)
    await relay.start()
    for (let n = 0; n < 50; n++) source.retry()
    await when(isLive)
    expect(relay.attempts).toHaveLength(1)
  })

  describe('[R14] a relay that hangs', () => {
    const FAKED = { toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] as const }
    async function startHung() {
      vi.useFakeTimers({ toFake: [...FAKED.toFake] })
      const all = await startLive()
      relay.freeze()
      vi.advanceTimersByTime(IDLE_BEFORE_PING_MS)
      vi.advanceTimersByTime(SILENT_AFTER_MS)
      await all.when(isWaiting)
      return all
    }

    test('is not live any more within 2 s, while its connection is kept', async () => {
      const { source, agents } = await startHung()
      expect(source.status).toMatchObject({ lastError: { code: 'CONNECTION_TIMEOUT' }, attempt: 0 })
      expect(relay.attempts).toHaveLength(1)
      expect(agents().size).toBe(8)
      const untilRetryMs = Date.parse(source.status.retryAt ?? '') - Date.now()
      expect(untilRetryMs).toBe(DEAD_AFTER_MS - SILENT_AFTER_MS)
    })

    test('and was only busy is live again at once, by the same connection, with nothing lost', async () => {
      const { agents, when } = await startHung()
      relay.set(edited(({ agents }) => (agents.agents.scout!.status = 'busy')))
      relay.thaw()
      await when(isLive)
      expect(relay.attempts).toHaveLength(1)
      await when(() => agents().get(`${relay.sourceId}/scout`)?.status === 'busy')
    })

    test('for 8 s is given up and connected to anew', async () => {
      const { source, when } = await startHung()
      vi.advanceTimersByTime(DEAD_AFTER_MS)
      await when(({ attempt }) => attempt === 1)
      expect(source.status).toMatchObject({ state: 'waiting', lastError: { code: 'CONNECTION_TIMEOUT' } })
      source.retry()
      await relay.until(() => relay.attempts.length === 2)
      relay.thaw()
      await when(isLive)
    })

    test('[C6] is connected to anew when somebody asks for it', async () => {
      const { source, when } = await startHung()
      source.retry()
      await relay.until(() => relay.attempts.length === 2)
      relay.thaw()
      await when(isLive)
    })

    test('is given no command that it might carry out much later', async () => {
      const { source } = await startHung()
      const refused = expect(source.callTool('agent_spawn', {})).rejects.toMatchObject({ code: 'CONNECTION_TIMEOUT' })
      await vi.advanceTimersByTimeAsync(2_000)
      await refused
      relay.thaw()
      expect(relay.calls('agent_spawn')).toEqual([])
    })
  })

  test('no log line has the token', async () => {
    const { lines, when, source } = sourceFor(relay.port, 'a-wrong-token')
    source.start()
    await when(isClosed)
    const live = await startLive()
    live.source.callTool('x', {}).catch(() => undefined)
    relay.raw('garbage')
    await live.when(isWaiting)
    const written = JSON.stringify([...lines(), ...live.lines()])
    expect(written).toContain('source is closed')
    expect(written).not.toContain('a-wrong-token')
    expect(written).not.toContain(relay.token)
  })
})

test('the recording of a swarm that was shut down is live, with all agents offline', async () => {
  relay.records = new RelayStore()
  relay.records.set(records3(stores3()))
  const { agents } = await startLive()
  expect([...agents().values()].map(({ status }) => status)).toEqual(Array(8).fill('offline'))
})
