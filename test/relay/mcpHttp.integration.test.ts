// The door at /mcp: the real relay with a fake child, spoken to by hand and by the official clients.

import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import pino from 'pino'
import { describe, expect, test, vi } from 'vitest'
import { Answers, HttpSession, MODERN, post, postModern } from '../helpers/mcpHttp.ts'
import type { Message } from '../helpers/relayClient.ts'
import { AGENTS, agentsStore, cleanup, fakeChild, put } from '../helpers/relayFiles.ts'
import { puts, type RunningRelay, runRelay, TOKEN } from '../helpers/relayInProcess.ts'
import { until } from '../helpers/until.ts'

const call = (name: string, args: object = {}, more: object = {}) => ({ name, arguments: args, ...more })
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '0' } },
}
const textOf = ({ result }: Message) => JSON.parse(result.content[0].text)

async function run(options: Parameters<typeof runRelay>[0] = {}) {
  const running = await runRelay(options)
  return { ...running, url: `${running.origin}/mcp`, open: (name?: string) => open(running, name) }
}

async function open({ origin }: RunningRelay, name?: string): Promise<HttpSession> {
  const session = await HttpSession.open(`${origin}/mcp`, name)
  cleanup(() => session.cutAll())
  return session
}

const authorized = { Authorization: `Bearer ${TOKEN}` }
const pendingOf = async ({ get }: RunningRelay): Promise<number> =>
  ((await (await get('/health', authorized)).json()) as { pending: number }).pending
const clientsOf = async ({ get }: RunningRelay): Promise<number> =>
  ((await (await get('/health')).json()) as { clients: number }).clients

const refusal = async (response: Response) => ({ status: response.status, ...((await response.json()) as object) })

describe('who may pass', () => {
  test('[D1] Host, then Origin, then the token, each in the one error shape', async () => {
    const { url } = await run()
    const ask = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    const wrongToken = await post(url, ask, { headers: { Authorization: 'Bearer wrong' } })
    expect(wrongToken.headers.get('www-authenticate')).toBe('Bearer')
    expect(await refusal(wrongToken)).toMatchObject({ status: 401, success: false, code: 'UNAUTHORIZED' })
    const origin = await post(url, ask, { headers: { Authorization: 'Bearer wrong', Origin: 'http://evil.example' } })
    expect(await refusal(origin)).toMatchObject({ status: 403, code: 'WRONG_ORIGIN' })
    const noToken = await fetch(url, { method: 'DELETE' })
    expect(await refusal(noToken)).toMatchObject({ status: 401, code: 'UNAUTHORIZED' })
    const put = await fetch(url, { method: 'PUT', headers: { Authorization: `Bearer ${TOKEN}` } })
    expect(put.headers.get('allow')).toBe('GET, POST, DELETE')
    expect(await refusal(put)).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' })
    const text = await post(url, ask, { headers: { 'Content-Type': 'text/plain' } })
    expect(await refusal(text)).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
  })

  test('[D1] a body beyond the bound gets 413, said or unsaid length; one at the bound passes', async () => {
    const { url, open } = await run({ limits: { maxMessageBytes: 10_000 } })
    const session = await open()
    const sized = (bytes: number) => {
      const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: call('echo', { value: '' }) }
      const value = 'x'.repeat(bytes - JSON.stringify(message).length)
      return JSON.stringify({ ...message, params: call('echo', { value }) })
    }
    expect((await session.post(sized(10_000))).status).toBe(200)
    expect(await refusal(await session.post(sized(10_001)))).toMatchObject({ status: 413, code: 'TOO_LARGE' })
    const unsaid = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from(sized(10_001)))
        controller.close()
      },
    })
    const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json', ...session.headers }
    const response = await fetch(url, { method: 'POST', headers, body: unsaid, duplex: 'half' } as RequestInit)
    expect(await refusal(response)).toMatchObject({ status: 413, code: 'TOO_LARGE' })
    expect(await session.ask('echo', { value: 1 })).toBe(1)
    // It is told before it has sent all.
    const early = httpRequest(url, { method: 'POST', headers })
    cleanup(() => early.destroy())
    early.on('error', () => undefined)
    early.write(Buffer.alloc(10_001))
    const [told] = (await once(early, 'response')) as [IncomingMessage]
    expect(told.statusCode).toBe(413)
  })

  test('[X3] bad JSON gets −32700, a batch −32600, both with id null; so does what is no message', async () => {
    const { url, open } = await run()
    const session = await open()
    const cases: [string | Buffer, number][] = [
      ['{', -32700],
      ['', -32700],
      ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600],
      ['[]', -32600],
      ['{"id":1,"method":"ping"}', -32600],
      ['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600],
      ['7', -32600],
    ]
    for (const headers of [session.headers, { 'MCP-Protocol-Version': MODERN }, {}]) {
      for (const [body, code] of cases) {
        const response = await post(url, body, { headers: headers as Record<string, string> })
        expect([response.status, ((await response.json()) as Message).error?.code]).toEqual([400, code])
      }
    }
    const noUtf8 = await fetch(url, {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json', ...session.headers },
      body: Buffer.from([0x22, 0xff, 0x22]),
    })
    expect(((await noUtf8.json()) as Message).error?.code).toBe(-32700)
  })

  test('[D6] sessions and WebSockets together are bounded; who leaves makes room', async () => {
    const running = await run({ limits: { maxClients: 2 } })
    const socket = await running.connect()
    const session = await running.open()
    expect(await clientsOf(running)).toBe(2)
    await expect(running.connect()).rejects.toThrow('503')
    const full = await post(running.url, INITIALIZE)
    expect(full.headers.get('retry-after')).toBe('5')
    expect(await refusal(full)).toMatchObject({ status: 503, code: 'TOO_MANY_VIEWERS' })
    expect((await session.delete()).status).toBe(200)
    await (await running.connect()).close()
    await running.open()
    await socket.close()
  })
})

test('[D6] when all places are taken, the session that was idle longest makes room, at either door', async () => {
  const running = await run({ limits: { maxClients: 3, sessionSpareMs: 50 } })
  const { open, connect } = running
  const [busy, first] = [await open(), await open()]
  const { answers } = await busy.listen()
  const second = await open()
  const isGone = async (session: HttpSession) => (await session.post({ ...INITIALIZE, method: 'ping' })).status === 404
  await until(async () => {
    try {
      await (await connect()).close()
      return true
    } catch {
      return false // not idle for long enough yet
    }
  })
  expect(await isGone(first)).toBe(true)
  expect(await isGone(second)).toBe(false)
  expect(await isGone(busy)).toBe(false)
  expect(answers.received).toEqual([])
})

test('[D2] a client that leaves before it was initialised leaves no session', async () => {
  const running = await run({ command: fakeChild('--never-ready') })
  const abort = new AbortController()
  const asked = expect(post(running.url, INITIALIZE, { signal: abort.signal }).then((response) => response.text()))
  const failed = asked.rejects.toThrow()
  await until(async () => (await clientsOf(running)) === 1)
  abort.abort()
  await failed
  await until(async () => (await clientsOf(running)) === 0)
})

describe('a session', () => {
  test('[D2] [X5] initialize is answered with what the child said of itself, and gives an unguessable id', async () => {
    const { open } = await run()
    const [one, other] = await Promise.all([open(), open()])
    expect(one.initialized.result).toEqual({
      protocolVersion: '2024-11-05',
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
      serverInfo: { name: 'ruflo', version: '3.0.0' },
      instructions: expect.stringContaining('"project"'),
    })
    expect(one.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(other.id).not.toBe(one.id)
    expect((await one.post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202)
    expect((await one.request('ping')).result).toEqual({})
  })

  test('[D2] without an id it is refused with 400, with an unknown one with 404, to initialise anew', async () => {
    const { url, open } = await run()
    const ask = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    expect((await post(url, ask)).status).toBe(400)
    expect((await post(url, ask, { headers: { 'Mcp-Session-Id': 'made-up' } })).status).toBe(404)
    const session = await open()
    expect((await session.post(INITIALIZE)).status).toBe(400)
    const versions = { ...session.headers, 'MCP-Protocol-Version': '1999-01-01' }
    expect((await post(url, ask, { headers: versions })).status).toBe(400)
    expect((await session.delete()).status).toBe(200)
    expect((await session.post(ask)).status).toBe(404)
    expect((await session.delete()).status).toBe(404)
  })

  test('[X1] [X2] sessions and sockets share one child; each gets its own answers, whole, ids with their type', async () => {
    const { open, connect } = await run()
    const [one, other, socket] = await Promise.all([open(), open(), connect()])
    const pids = await Promise.all([one, other, socket].map(async (client) => (await client.ask('facts')).pid))
    expect(new Set(pids).size).toBe(1)
    const value = { deep: [{ unknown: null, '': 0.5, é: '\u2028\n' }] }
    await Promise.all(
      [one, other].flatMap((session, owner) =>
        [1, '1', 0, '', 'x'.repeat(1000)].map(async (id) => {
          const answer = await session.request('tools/call', call('echo', { value: [owner, id, value] }), id)
          expect(answer.id).toBe(id)
          expect(textOf(answer)).toEqual([owner, id, value])
        }),
      ),
    )
    expect((await one.request('tools/call', call('nonsense'))).error?.code).toBe(-32601)
  })

  test('[X7] [D3] progress stands in the stream of its request, under its own token and before the answer', async () => {
    const { open } = await run()
    const [one, other] = await Promise.all([open(), open()])
    const standalone = await one.listen()
    const meta = { _meta: { progressToken: 'same' } }
    const streams = await Promise.all([
      one.start('tools/call', call('progress', { steps: 3 }, meta)),
      other.start('tools/call', call('progress', { steps: 2 }, meta)),
    ])
    for (const [index, { answers, id }] of streams.entries()) {
      await answers.answer(id)
      await answers.ended
      const steps = answers.received.slice(0, -1)
      expect(steps.map(({ method, params }) => [method, params.progressToken, params.progress])).toEqual(
        Array.from({ length: 3 - index }, (_, step) => ['notifications/progress', 'same', step + 1]),
      )
    }
    await one.ask('tellAll')
    await standalone.answers.until(({ method }) => method === 'notifications/message')
    expect(standalone.answers.received.map(({ method }) => method)).toEqual([
      'notifications/tools/list_changed',
      'notifications/message',
    ])
  })

  test('[D3] list changes and log messages stand in no stream of a request', async () => {
    const { open } = await run()
    const session = await open()
    const { answers, id } = await session.start('tools/call', call('tellAll'))
    await answers.answer(id)
    await answers.ended
    expect(answers.received).toHaveLength(1)
  })

  test('[D3] a second GET takes the place of the first, which ends: a half-open one locks nobody out', async () => {
    const { open } = await run()
    const session = await open()
    const [first, second] = [await session.listen(), await session.listen()]
    await first.answers.ended
    await session.ask('tellAll')
    await second.answers.until(({ method }) => method === 'notifications/message')
    expect(first.answers.received).toEqual([])
  })

  test('[D2] a dropped stream cancels nothing; DELETE cancels', async () => {
    const { open, connect } = await run()
    const [session, socket] = await Promise.all([open(), connect()])
    const cancelled = async () =>
      (await socket.ask('facts')).seen.filter(({ method }: Message) => method === 'notifications/cancelled')
    const dropped = await session.start('tools/call', call('slow', { key: 'a' }))
    dropped.cut()
    await dropped.answers.ended
    await session.start('tools/call', call('slow', { key: 'b' }))
    expect(await cancelled()).toEqual([])
    // Its answer goes nowhere, and disturbs nobody.
    expect(await socket.ask('release', { key: 'a' })).toBe(true)
    expect(await session.ask('echo', { value: 1 })).toBe(1)
    await session.delete()
    await until(async () => (await cancelled()).length === 1)
  })

  test('[X8] a cancelled request gets no answer: its stream ends, and its id may be used again', async () => {
    const { open, connect } = await run()
    const [session, other, socket] = await Promise.all([open(), open(), connect()])
    const { answers } = await session.start('tools/call', call('slow', { key: 'a' }), 7)
    const foreign = await other.start('tools/call', call('slow', { key: 'b' }), 7)
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } }
    expect((await session.post(cancel)).status).toBe(202)
    await answers.ended
    expect(answers.received).toEqual([])
    expect(textOf(await session.request('tools/call', call('echo', { value: 2 }), 7))).toBe(2)
    expect(await socket.ask('release', { key: 'b' })).toBe(true)
    expect(textOf(await foreign.answers.answer(7))).toBe('b')
  })

  test('[D2] an id that is under way already is refused, and the first request keeps its stream', async () => {
    const { open } = await run()
    const session = await open()
    const { answers } = await session.start('tools/call', call('slow', { key: 'a' }), 'same')
    const again = await session.start('tools/call', call('echo', { value: 1 }), 'same')
    expect(again.response.status).toBe(400)
    expect((await again.answers.answer('same')).error?.code).toBe(-32600)
    expect(await session.ask('release', { key: 'a' })).toBe(true)
    expect(textOf(await answers.answer('same'))).toBe('a')
  })

  test('[D2] without any open stream it ends after a while; an open one keeps it', async () => {
    const running = await run({ limits: { sessionIdleMs: 60 } })
    const [idle, listening] = await Promise.all([running.open(), running.open()])
    const { answers } = await listening.listen()
    await until(async () => (await clientsOf(running)) === 1)
    expect((await idle.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404)
    expect((await listening.request('ping')).result).toEqual({})
    await listening.delete()
    await answers.ended
    expect(await clientsOf(running)).toBe(0)
  })

  test('[X12] when the child dies each request under way gets one error, and the session goes on', async () => {
    const { open } = await run()
    const session = await open()
    const streams = await Promise.all(
      Array.from({ length: 20 }, (_, index) => session.start('tools/call', call('slow', { key: index }))),
    )
    const dying = await session.request('tools/call', call('die'))
    expect(dying.error).toMatchObject({ code: -32001, data: { code: 'CHILD_CRASHED' } })
    for (const { answers, id } of streams) {
      expect((await answers.answer(id)).error?.code).toBe(-32001)
      await answers.ended
      expect(answers.received).toHaveLength(1)
    }
    await until(async () => 'result' in (await session.request('tools/list')))
  })

  test('[D2] one whose initialize got an error is none', async () => {
    const running = await run({ command: { file: process.execPath, args: ['-e', 'process.exit(3)'] } })
    const answers = new Answers(await post(running.url, INITIALIZE))
    expect((await answers.answer(1)).error).toMatchObject({ code: -32001, data: { code: 'CHILD_CRASHED' } })
    await answers.ended
    await until(async () => (await clientsOf(running)) === 0)
  })

  test('[D5] quiet streams carry comments, which are no messages', async () => {
    const { open } = await run({ limits: { sseKeepAliveMs: 5 } })
    const session = await open()
    const standalone = await session.listen()
    const { answers, id } = await session.start('tools/call', call('slow', { key: 'a' }))
    for (const stream of [answers, standalone.answers]) {
      await until(() => stream.text.includes(': keepalive\n\n: keepalive\n\n'))
      expect(stream.received).toEqual([])
    }
    expect(await session.ask('release', { key: 'a' })).toBe(true)
    expect(textOf(await answers.answer(id))).toBe('a')
  })

  test('[D4] tells a subscriber of changed resources, also of those while its stream was away', async () => {
    const { open, project } = await run()
    const [session, other] = await Promise.all([open(), open()])
    const uri = 'claude-flow://agents'
    const told = ({ method }: Message) => method === 'notifications/resources/updated'
    expect((await session.request('resources/subscribe', { uri })).result).toEqual({})
    expect((await session.request('resources/subscribe', { uri: 'file:///x' })).error?.code).toBe(-32002)
    const [first, others] = await Promise.all([session.listen(), other.listen()])
    put(project, AGENTS, agentsStore('a'))
    expect(await first.answers.until(told)).toMatchObject({ params: { uri } })
    first.cut()
    await first.answers.ended
    put(project, AGENTS, agentsStore('a', 'b'))
    await until(async () => {
      const { result } = await session.request('resources/read', { uri })
      return JSON.parse(result.contents[0].text).agents.length === 2
    })
    const second = await session.listen()
    expect(await second.answers.until(told)).toMatchObject({ params: { uri } })
    second.cut()
    await second.answers.ended
    // What was told last may have been lost with the stream.
    const third = await session.listen()
    expect(await third.answers.until(told)).toMatchObject({ params: { uri } })
    expect(others.answers.received).toEqual([])
  })

  test('[R4] [R6] can subscribe to frames as on the WebSocket: they wait for its stream', async () => {
    const { open, project } = await run()
    const session = await open()
    await session.request('swarmscope/hello', { version: '0', protocol: { min: 1, max: 1 } })
    await session.request('swarmscope/subscribe', { epoch: null, rev: 0 })
    put(project, AGENTS, agentsStore('a'))
    const first = await session.listen()
    await first.answers.until(({ method, params }) => method === 'swarmscope/snapshot' && params.last)
    put(project, AGENTS, agentsStore('a', 'b'))
    const frame = await first.answers.until(puts('b'))
    first.cut()
    await first.answers.ended
    put(project, AGENTS, agentsStore('a', 'b', 'c'))
    const uri = 'claude-flow://agents'
    await until(async () => {
      const { result } = await session.request('resources/read', { uri })
      return JSON.parse(result.contents[0].text).agents.length === 3
    })
    const second = await session.listen()
    expect((await second.answers.until(puts('c'))).params.from).toBe(frame.params.to)
  })

  test('[X17] what it calls is seen on the WebSocket as frames, and told as a call of its client', async () => {
    const { open, subscribe } = await run()
    const [session, subscriber] = await Promise.all([open('claude-code'), subscribe()])
    await session.ask('agent_spawn', { agentId: 'from-http', agentType: 'coder' })
    await subscriber.until(puts('from-http'))
    const { params } = await subscriber.until(({ method }) => method === 'swarmscope/calls')
    expect(params.calls).toMatchObject([{ tool: 'agent_spawn', client: { name: 'claude-code' }, outcome: 'ok' }])
  })
})

describe('requests without a session (2026-07-28)', () => {
  test('[D7] each is answered by the child, in one JSON, under its id', async () => {
    const { url } = await run()
    await Promise.all(
      [1, '1', 'x'].map(async (id) => {
        const value = { unknown: [null, id] }
        const response = await postModern(url, { id, method: 'tools/call', params: call('echo', { value }) })
        expect(response.headers.get('content-type')).toContain('application/json')
        expect(response.headers.get('mcp-session-id')).toBeNull()
        const answer = await new Answers(response).answer(id)
        expect(answer.result).toMatchObject({ resultType: 'complete' })
        expect(textOf(answer)).toEqual(value)
      }),
    )
    const list = await new Answers(await postModern(url, { id: 1, method: 'tools/list' })).answer(1)
    expect(list.result.tools.length).toBeGreaterThan(5)
    const unknown = await new Answers(
      await postModern(url, { id: 2, method: 'tools/call', params: call('nonsense') }),
    ).answer(2)
    expect(unknown.error?.code).toBe(-32601)
    const gone = await new Answers(await postModern(url, { id: 3, method: 'ping' })).answer(3)
    expect(gone.error?.code).toBe(-32601)
  })

  test('[D7] [X5] server/discover says what the child said of itself', async () => {
    const { url } = await run()
    const { result } = await new Answers(await postModern(url, { id: 1, method: 'server/discover' })).answer(1)
    expect(result.supportedVersions).toContain(MODERN)
    expect(result.capabilities).toEqual({ tools: { listChanged: true }, resources: { subscribe: true } })
    expect(result.instructions).toContain('"project"')
    expect(result._meta['io.modelcontextprotocol/serverInfo']).toEqual({ name: 'ruflo', version: '3.0.0' })
  })

  test('[D7] progress comes in the stream of the request, before its answer', async () => {
    const { url } = await run()
    const params = call('progress', { steps: 3 }, { _meta: { progressToken: 'mine' } })
    const response = await postModern(url, { id: 5, method: 'tools/call', params })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const answers = new Answers(response)
    await answers.answer(5)
    expect(answers.received.map(({ method, params }) => [method, params?.progressToken, params?.progress])).toEqual([
      ['notifications/progress', 'mine', 1],
      ['notifications/progress', 'mine', 2],
      ['notifications/progress', 'mine', 3],
      [undefined, undefined, undefined],
    ])
  })

  test('[D7] closing the connection cancels the request, at the child', async () => {
    const running = await run()
    const socket = await running.connect()
    await socket.ask('facts') // the child is up: what is not sent yet need not be cancelled
    const abort = new AbortController()
    const params = call('slow', { key: 'a' })
    const asked = postModern(running.url, { id: 1, method: 'tools/call', params }, { signal: abort.signal })
    const failed = expect(asked).rejects.toThrow()
    await until(async () => (await pendingOf(running)) === 1)
    abort.abort()
    await failed
    await until(async () => (await pendingOf(running)) === 0)
    const { seen } = await socket.ask('facts')
    expect(seen.at(-1)).toMatchObject({ method: 'notifications/cancelled' })
  })

  test('[D4] subscriptions/listen tells of lists and of the resources asked for, and of nothing else', async () => {
    const running = await run()
    const { url, project, connect } = running
    const uri = 'claude-flow://agents'
    const abort = new AbortController()
    const listen = (notifications: object) =>
      postModern(url, { id: 'l', method: 'subscriptions/listen', params: { notifications } }, { signal: abort.signal })
    const lists = new Answers(await listen({ toolsListChanged: true }))
    const agents = new Answers(await listen({ resourceSubscriptions: [uri, 'claude-flow://tasks', 'file:///x'] }))
    const isAck = ({ method }: Message) => method === 'notifications/subscriptions/acknowledged'
    await Promise.all([lists.until(isAck), agents.until(isAck)])
    expect(await clientsOf(running)).toBe(2)
    put(project, AGENTS, agentsStore('a'))
    const told = await agents.until(({ method }) => method === 'notifications/resources/updated')
    expect(told.params).toMatchObject({ uri, _meta: { 'io.modelcontextprotocol/subscriptionId': 'l' } })
    const socket = await connect()
    await socket.ask('tellAll')
    await lists.until(({ method }) => method === 'notifications/tools/list_changed')
    expect([lists.received.length, agents.received.length]).toEqual([2, 2])
    abort.abort()
    await socket.close()
    await until(async () => (await clientsOf(running)) === 0)
  })

  test('[X12] without a child resources are read all the same; other requests get one error', async () => {
    const { url } = await run({ command: null })
    const params = { uri: 'claude-flow://agents' }
    const read = await new Answers(await postModern(url, { id: 1, method: 'resources/read', params })).answer(1)
    expect(JSON.parse(read.result.contents[0].text).agents).toEqual([])
    const tool = await new Answers(await postModern(url, { id: 2, method: 'tools/call', params: call('echo') })).answer(
      2,
    )
    expect(tool.error).toMatchObject({ code: -32001, data: { code: 'CHILD_NOT_FOUND' } })
    const missing = await new Answers(
      await postModern(url, { id: 3, method: 'resources/read', params: { uri: 'file:///x' } }),
    ).answer(3)
    expect(missing.error?.code).toBe(-32602) // −32002 by its name in this revision
  })

  test('[D7] server/discover without a child that ever answered says why', async () => {
    const { url } = await run({ command: { file: process.execPath, args: ['-e', 'process.exit(3)'] } })
    const answer = await new Answers(await postModern(url, { id: 9, method: 'server/discover' })).answer(9)
    expect(answer.error).toMatchObject({ code: -32001, data: { code: 'CHILD_CRASHED' } })
  })

  test('[D7] what the revision demands of a request is checked, and GET is not for it', async () => {
    const { url } = await run()
    const bare = await post(
      url,
      { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      { headers: { 'MCP-Protocol-Version': MODERN } },
    )
    expect([bare.status, ((await bare.json()) as Message).error?.code]).toEqual([400, -32602])
    const mismatch = await postModern(url, { id: 1, method: 'tools/list' }, { headers: { 'Mcp-Method': 'ping' } })
    expect(mismatch.status).toBe(400)
  })
})

describe('odd answers of the child', () => {
  const NONE = { error: { code: -32603, message: 'The answer of claude-flow was none' } }
  const OK = { result: { content: [] } }
  const jsonrpc = '2.0'

  /** What the child says, and what clients of the HTTP door are told of it, besides the id. */
  const cases: [string, object, object][] = [
    ['a result that is null', { jsonrpc, result: null }, NONE],
    ['a result that is text', { jsonrpc, result: 'hello' }, NONE],
    ['a result that is a list', { jsonrpc, result: [1] }, NONE],
    ['a key too many', { jsonrpc, ...OK, more: 1 }, OK],
    ['a method that is none', { jsonrpc, ...OK, method: null }, OK],
    ['no jsonrpc', OK, OK],
    ['an error that is null', { jsonrpc, ...OK, error: null }, OK],
    ['_meta that is text', { jsonrpc, result: { ...OK.result, _meta: 'x' } }, NONE],
    ['_meta that is null', { jsonrpc, result: { ...OK.result, _meta: null } }, NONE],
    ['an error without a message', { jsonrpc, error: { code: -32000 } }, NONE],
    ['a fractional code', { jsonrpc, error: { code: 1.5, message: 'no' } }, { error: { code: -32603, message: 'no' } }],
    [
      'a code that is text',
      { jsonrpc, error: { code: 'ENOENT', message: 'no', data: [null] } },
      { error: { code: -32603, message: 'no', data: [null] } },
    ],
    [
      'a key too many in an error',
      { jsonrpc, error: { code: -1, message: 'no', more: 1 } },
      { error: { code: -1, message: 'no' } },
    ],
    ['both', { jsonrpc, ...OK, error: { code: -1, message: 'no' } }, { error: { code: -1, message: 'no' } }],
  ]

  test('[X1] each is exactly one answer to its owner, at all doors', async () => {
    const { open, connect, url } = await run()
    const [session, socket] = await Promise.all([open(), connect()])
    const standalone = await session.listen()
    for (const [name, answer, told] of cases) {
      const params = call('odd', { answer })
      // The bytes as they are: here a client sees what the child said.
      socket.send({ jsonrpc, id: name, method: 'tools/call', params })
      expect(await socket.until(({ id }) => id === name)).toEqual({ ...answer, id: name })
      const { answers } = await session.start('tools/call', params, name)
      await answers.ended
      expect(answers.received, name).toEqual([{ jsonrpc, id: name, ...told }])
      const modern = new Answers(await postModern(url, { id: name, method: 'tools/call', params }))
      await modern.ended
      expect(modern.received, name).toEqual([
        'result' in told
          ? { jsonrpc, id: name, result: expect.objectContaining(OK.result) }
          : { jsonrpc, id: name, ...told },
      ])
    }
    // What was told since stands behind whatever else these were told.
    await session.ask('tellAll')
    await standalone.answers.until(({ method }) => method === 'notifications/message')
    expect(standalone.answers.received.filter(({ method }) => method === undefined)).toEqual([])
    await socket.until(({ method }) => method === 'notifications/message')
    expect(socket.received.flatMap(({ id }) => (id === undefined ? [] : [id]))).toEqual(cases.map(([name]) => name))
  })

  test('[X1] an answer that the transport refuses is told as an error, and its stream ends', async () => {
    const { open } = await run()
    const session = await open()
    const send = vi.spyOn(WebStandardStreamableHTTPServerTransport.prototype, 'send')
    cleanup(() => send.mockRestore())
    send.mockRejectedValueOnce(new Error('not today'))
    const { answers, id } = await session.start('tools/call', call('echo', { value: 1 }))
    await answers.ended
    expect(answers.received).toEqual([
      { jsonrpc, id, error: { code: -32603, message: 'The answer of claude-flow could not be delivered' } },
    ])
    expect(await session.ask('echo', { value: 2 })).toBe(2)
  })
})

describe('bounds and the end', () => {
  test.each([
    ['takes nothing', { noProgressMs: 200 }, call('flood', { bytes: 7_000_000 }), 'no progress'],
    [
      'lets too much wait',
      { maxQueuedBytes: 10_000 },
      call('progress', { steps: 5_000 }, { _meta: { progressToken: 1 } }),
      'too much is waiting',
    ],
  ])('[D6] a reader that %s is cut; its session and others go on', async (_, limits, params, reason) => {
    const reasons: string[] = []
    const log = pino({ level: 'warn' }, { write: (line: string) => void reasons.push(JSON.parse(line).reason) })
    const { open } = await run({ limits, log })
    const [session, other] = await Promise.all([open(), open()])
    const stuck = await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    expect(await other.ask('echo', { value: 1 })).toBe(1)
    // Until then nothing is read but what fetch takes by itself.
    await until(() => reasons.length > 0)
    expect(reasons).toEqual([expect.stringContaining(reason)])
    await expect(stuck.text()).rejects.toThrow()
    expect(await session.ask('echo', { value: 2 })).toBe(2)
  })

  test('[D6] an answer far larger than the bound of its queue reaches who reads', async () => {
    const { open } = await run({ limits: { maxQueuedBytes: 10_000 } })
    const session = await open()
    const bytes = 7_000_000
    expect((await session.ask('flood', { bytes })).length).toBe(bytes)
  })

  test('[D6] an answer that nests too deeply to be written again is an error for its owner, in both eras', async () => {
    const { open, connect, url } = await run()
    const session = await open()
    const deep = { name: 'deep', arguments: { levels: 50_000 } }
    expect((await session.request('tools/call', deep, 'a')).error?.message).toContain('nested too deeply')
    const modern = await new Answers(await postModern(url, { id: 'a', method: 'tools/call', params: deep })).answer('a')
    expect(modern.error?.message).toContain('nested too deeply')
    // A WebSocket's client gets the bytes, and may read them.
    const socket = await connect()
    expect((await socket.request('tools/call', deep)).result.structuredContent.deep).toHaveLength(1)
  })

  test('[X1] sessions, sockets and requests without a session use the same ids at once; each gets its own', async () => {
    const { open, connect, url } = await run()
    const sessions = await Promise.all(Array.from({ length: 10 }, () => open()))
    const sockets = await Promise.all(Array.from({ length: 5 }, () => connect()))
    const ids = Array.from({ length: 20 }, (_, index) => (index % 2 ? index : `${index}`))
    const asks = [
      ...sessions.map((session) => (id: string | number, params: object) => session.request('tools/call', params, id)),
      ...sockets.map((socket) => (id: string | number, params: object) => socket.request('tools/call', params, id)),
      ...Array.from({ length: 5 }, () => async (id: string | number, params: Record<string, unknown>) => {
        const response = await postModern(url, { id, method: 'tools/call', params })
        return new Answers(response).answer(id)
      }),
    ]
    await Promise.all(
      asks.flatMap((ask, owner) =>
        ids.map(async (id) => {
          const answer = await ask(id, call('echo', { value: [owner, id] }))
          expect([answer.id, textOf(answer)]).toEqual([id, [owner, id]])
        }),
      ),
    )
  })

  test('[D6] answers under way are bounded in all', async () => {
    const { open } = await run({ limits: { maxHttpStreams: 3 } })
    const session = await open()
    const slow = await Promise.all(['a', 'b', 'c'].map((key) => session.start('tools/call', call('slow', { key }))))
    const full = await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' })
    expect(await refusal(full)).toMatchObject({ status: 503, code: 'TOO_MANY_VIEWERS' })
    slow[0]?.cut()
    await until(async () => (await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status === 200)
  })

  test('while the relay drains nobody new is let in, and it ends when the last request has', async () => {
    const running = await run()
    const { open, relay, url } = running
    const [session, other] = await Promise.all([open(), open()])
    const slow = await session.start('tools/call', call('slow', { key: 'a' }))
    const last = await other.start('tools/call', call('slow', { key: 'b' }))
    const releasing = await other.start('tools/call', call('slow', { key: 'c' }))
    await until(async () => (await pendingOf(running)) === 3)
    const closed = relay.close({ drainMs: 10_000 })
    const full = await post(url, INITIALIZE)
    expect(full.headers.get('retry-after')).toBe('5')
    expect(await refusal(full)).toMatchObject({ status: 503, code: 'STOPPING' })
    expect((await session.request('tools/call', call('echo'))).error?.data?.code).toBe('STOPPING')
    // Who is in may still cancel.
    for (const [asker, { id, answers }] of [
      [session, slow],
      [other, last],
      [other, releasing],
    ] as const) {
      await asker.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } })
      await answers.ended
    }
    await closed
  })

  test('[X12] when the relay ends, who waits is answered and streams end', async () => {
    const running = await run()
    const { open, relay, url } = running
    const session = await open()
    const standalone = await session.listen()
    const { answers, id } = await session.start('tools/call', call('slow', { key: 'a' }))
    const modern = postModern(url, { id: 2, method: 'tools/call', params: call('slow', { key: 'b' }) })
    const listening = new Answers(
      await postModern(url, {
        id: 'l',
        method: 'subscriptions/listen',
        params: { notifications: { toolsListChanged: true } },
      }),
    )
    await until(async () => (await pendingOf(running)) === 2)
    const began = performance.now()
    await relay.close()
    expect(performance.now() - began).toBeLessThan(2_000)
    expect((await answers.answer(id)).error?.data?.code).toBe('CHILD_CRASHED')
    expect((await new Answers(await modern).answer(2)).error?.data?.code).toBe('CHILD_CRASHED')
    expect((await listening.answer('l')).result).toMatchObject({ resultType: 'complete' })
    await standalone.answers.ended
  })
})
