import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { errorBody } from '../../protocol/errors.ts'
import { RpcFault } from '../../relay/jsonRpc.ts'
import type { ToolPolicyOptions } from '../../relay/toolPolicy.ts'
import { INITIALIZED, MuxBench } from '../helpers/relayMux.ts'

let bench: MuxBench
beforeEach(() => {
  bench = new MuxBench()
  bench.mux.addClient(1)
  bench.mux.addClient(2)
})

const lastToChild = () => bench.toChild.at(-1)
const answer = (result: unknown, id = lastToChild().id) => bench.childSays({ jsonrpc: '2.0', id, result })

describe('ids', () => {
  test.each([['1'], [1], [0], [-7], [1.5], [''], ['__proto__'], [Number.MAX_SAFE_INTEGER]])(
    '[X1] the id %j comes back as it was sent, with its type',
    (id) => {
      bench.up().request(1, id)
      expect(lastToChild().id).not.toBe(id)
      answer({ ok: true })
      expect(bench.of(1)).toEqual([{ jsonrpc: '2.0', id, result: { ok: true } }])
    },
  )

  test('[X1] the same id from two clients gets two answers, each to its own', () => {
    bench.up()
    bench.request(1, 'a')
    bench.request(2, 'a')
    const [first, second] = bench.toChild
    answer('for 2', second.id)
    answer('for 1', first.id)
    expect(bench.of(1)).toEqual([{ jsonrpc: '2.0', id: 'a', result: 'for 1' }])
    expect(bench.of(2)).toEqual([{ jsonrpc: '2.0', id: 'a', result: 'for 2' }])
  })

  test('[X1] "1" and 1 of one client are two ids', () => {
    bench.up()
    bench.request(1, '1')
    bench.request(1, 1)
    answer('text', bench.toChild[0].id)
    answer('number', bench.toChild[1].id)
    expect(bench.of(1).map(({ id, result }) => [id, result])).toEqual([
      ['1', 'text'],
      [1, 'number'],
    ])
  })

  test('[X1] an error goes to its owner with all its data', () => {
    bench.up().request(2, 9)
    const error = { code: -32000, message: 'no', data: { why: ['a'] } }
    bench.childSays({ jsonrpc: '2.0', id: lastToChild().id, error })
    expect(bench.of(2)).toEqual([{ jsonrpc: '2.0', id: 9, error }])
    expect(bench.of(1)).toEqual([])
  })

  test('[X2] the rest of an answer is passed on byte for byte', () => {
    bench.up().request(1, 'x')
    bench.childSays(`{"jsonrpc":"2.0","id":${lastToChild().id},"result":{"big":12345678901234567890,"e":1e400}}`)
    expect(bench.texts.at(-1)).toBe('{"jsonrpc":"2.0","id":"x","result":{"big":12345678901234567890,"e":1e400}}')
  })

  test('[X2] an answer with its keys in another order, or an id twice, still carries only the client’s id', () => {
    bench.up().request(1, 'x')
    const { id } = lastToChild()
    bench.childSays(`{"jsonrpc":"2.0","id":${id},"result":{"id":5},"id":${id}}`)
    bench.request(1, 'y')
    bench.childSays(`{"result":{},"id":${lastToChild().id},"jsonrpc":"2.0"}`)
    expect(bench.of(1)).toEqual([
      { jsonrpc: '2.0', id: 'x', result: { id: 5 } },
      { jsonrpc: '2.0', id: 'y', result: {} },
    ])
    expect(bench.texts.join()).not.toContain(`"id":${id},`)
  })
})

describe('what clients send', () => {
  test('[X3] bad JSON gets -32700 with id null, alone', () => {
    bench.up()
    bench.clientSays(1, '{"jsonrpc":')
    expect(bench.of(1)).toEqual([{ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } }])
    expect(bench.of(2)).toEqual([])
    expect(bench.toChild).toEqual([])
  })

  test('[X3] a batch gets -32600 with id null, alone', () => {
    bench.up().clientSays(1, [{ jsonrpc: '2.0', id: 1, method: 'tools/list' }])
    expect(bench.of(1)).toMatchObject([{ id: null, error: { code: -32600 } }])
    expect(bench.toClients).toHaveLength(1)
    expect(bench.toChild).toEqual([])
  })

  test.each([
    ['null'],
    ['7'],
    ['"text"'],
    ['{"id":1,"method":"a"}'],
    ['{"jsonrpc":"2.0","id":1}'],
    ['{"jsonrpc":"2.0","id":1,"method":5}'],
    ['{"jsonrpc":"2.0","id":null,"method":"a"}'],
    ['{"jsonrpc":"2.0","id":{},"method":"a"}'],
    ['{"jsonrpc":"2.0","id":12345678901234567890,"method":"a"}'],
    ['{"jsonrpc":"2.0","id":1e400,"method":"a"}'],
    ['{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}'],
  ])('[X3] %s is refused and does not reach the child', (text) => {
    bench.up().clientSays(1, text)
    expect(bench.of(1)).toHaveLength(1)
    expect([-32600, -32602]).toContain(bench.of(1)[0].error.code)
    expect(bench.toChild).toEqual([])
  })

  test('[X3] a message nested too deeply is refused; such an answer is passed on as it is', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    bench.up().clientSays(1, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"deep":${deep}}}`)
    bench.clientSays(1, `{"jsonrpc":"2.0","method":"x/y","params":{"deep":${deep}}}`)
    expect(bench.of(1).map(({ id, error }) => [id, error.code])).toEqual([
      [1, -32600],
      [null, -32600],
    ])
    expect(bench.toChild).toEqual([])
    bench.request(1, 2)
    bench.childSays(`{"jsonrpc":"2.0", "id":${lastToChild().id},"result":${deep}}`)
    bench.childSays(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"d":${deep}}}`)
    expect(bench.texts.slice(2)).toEqual([`{"jsonrpc":"2.0", "id":2,"result":${deep}}`])
  })

  test('[X3] a message over several lines goes to the child as one', () => {
    bench.up().clientSays(1, '{\n"jsonrpc":"2.0",\r\n"id":1,"method":"tools/call",\n"params":{"name":"a\\nb"}}\n')
    expect(bench.lines).toHaveLength(1)
    expect(bench.lines[0]).not.toMatch(/[\r\n]/)
    expect(bench.toChild[0].params.name).toBe('a\nb')
  })

  test('[X3] keys that are not known, also __proto__, reach the child', () => {
    bench.up().clientSays(1, '{"jsonrpc":"2.0","id":1,"method":"m","extra":[1],"params":{"__proto__":{"a":1}}}')
    expect(bench.lines[0]).toContain('"__proto__":{"a":1}')
    expect(bench.toChild[0].extra).toEqual([1])
  })

  test('[X4] an answer of a client to nothing is dropped, and its `initialized` goes no further', () => {
    bench.up()
    bench.clientSays(1, { jsonrpc: '2.0', id: 1, result: {} })
    bench.clientSays(1, { jsonrpc: '2.0', method: 'notifications/initialized' })
    bench.clientSays(1, { jsonrpc: '2.0', method: 'notifications/roots/list_changed' })
    expect(bench.toChild).toEqual([])
    expect(bench.toClients).toEqual([])
  })

  test('[X11] too many requests of one client are refused, others are served', () => {
    bench = new MuxBench({ limits: { maxPendingPerClient: 2 } }).up()
    bench.mux.addClient(1)
    bench.mux.addClient(2)
    for (const id of [1, 2, 3]) bench.request(1, id)
    bench.request(2, 1)
    expect(bench.of(1)).toMatchObject([{ id: 3, error: { data: { code: 'RATE_LIMITED' } } }])
    expect(bench.toChild).toHaveLength(3)
    answer({}, bench.toChild[0].id)
    bench.request(1, 4)
    expect(bench.toChild).toHaveLength(4)
  })
})

describe('initialize', () => {
  test('[X5] the child is initialised once; each client gets its real answer, with our resources', () => {
    bench.mux.childStarting()
    bench.request(1, 'i', 'initialize')
    expect(bench.toChild.map(({ method }) => method)).toEqual(['initialize'])
    expect(bench.toClients).toEqual([]) // it waits
    answer(INITIALIZED)
    bench.request(2, 0, 'initialize')
    const expected = { ...INITIALIZED, capabilities: { tools: { listChanged: true }, resources: { subscribe: true } } }
    expect(bench.of(1)).toEqual([{ jsonrpc: '2.0', id: 'i', result: expected }])
    expect(bench.of(2)).toEqual([{ jsonrpc: '2.0', id: 0, result: expected }])
    expect(bench.toChild.map(({ method }) => method)).toEqual(['initialize', 'notifications/initialized'])
  })

  test("[X5] the relay's word on the project stands after the child's own instructions", () => {
    const about = 'This is the project "a".'
    for (const [child, expected] of [
      [{}, about],
      [{ instructions: 'Be kind.' }, `Be kind.\n\n${about}`],
    ] as const) {
      const told = new MuxBench({ about: about })
      told.mux.childStarting()
      told.childSays({ jsonrpc: '2.0', id: told.toChild.at(-1).id, result: { ...INITIALIZED, ...child } })
      told.mux.addClient(1)
      told.request(1, 1, 'initialize')
      expect(told.of(1)[0].result).toMatchObject({ serverInfo: INITIALIZED.serverInfo, instructions: expected })
    }
  })

  test('[X5] what is asked while the child starts is asked when it is up, in order', () => {
    bench.mux.childStarting()
    const { id } = lastToChild()
    bench.request(1, 1, 'tools/call', { name: 'a' })
    bench.request(2, 1, 'tools/call', { name: 'b' })
    expect(bench.toChild).toHaveLength(1)
    answer(INITIALIZED, id)
    expect(bench.toChild.slice(2).map(({ params }) => params.name)).toEqual(['a', 'b'])
  })

  test('[X5] after a restart the child is initialised again, and clients notice nothing', () => {
    bench.up().request(1, 'i', 'initialize')
    bench.down()
    bench.request(1, 'j', 'initialize')
    bench.mux.childStarting()
    expect(bench.toChild.map(({ method }) => method)).toEqual(['initialize'])
    expect(bench.of(1).map(({ id, result }) => [id, result.serverInfo.name])).toEqual([
      ['i', 'ruflo'],
      ['j', 'ruflo'],
    ])
  })

  test('[X6] without any claude-flow a client still gets our resources, and is told why there are no tools', () => {
    bench.mux.childGone(errorBody('CHILD_NOT_FOUND'))
    bench.request(1, 1, 'initialize')
    const { result } = bench.of(1)[0]
    expect(result).toMatchObject({
      capabilities: { resources: { subscribe: true } },
      serverInfo: { name: 'swarmscope-relay' },
    })
    expect(result.instructions).toContain('npm install claude-flow')
    bench.request(1, 2, 'tools/call', { name: 'x' })
    expect(bench.of(1)[1].error).toMatchObject({
      code: -32001,
      data: { code: 'CHILD_NOT_FOUND', suggestion: expect.stringContaining('npm install'), retryable: false },
    })
  })

  test('[X6] a child that never came up is an error for who waits for it', () => {
    bench.mux.childStarting()
    bench.request(1, 1, 'initialize')
    bench.down()
    expect(bench.of(1)).toMatchObject([{ id: 1, error: { code: -32001, data: { code: 'CHILD_CRASHED' } } }])
  })

  test.each([[{ error: { code: -32603, message: 'no' } }], [{ result: { nonsense: true } }]])(
    '[X5] a child that answers initialize with %j is of no use',
    (reply) => {
      bench.mux.childStarting()
      bench.childSays({ jsonrpc: '2.0', id: lastToChild().id, ...reply })
      expect(bench.useless).toHaveLength(1)
    },
  )
})

describe('progress, cancellation, leaving', () => {
  const meta = (progressToken: unknown) => ({ name: 't', _meta: { progressToken, other: 1 } })

  test('[X7] two clients with the same progress token each see their own progress', () => {
    bench.up()
    bench.request(1, 1, 'tools/call', meta('p'))
    bench.request(2, 1, 'tools/call', meta('p'))
    const [first, second] = bench.toChild.map(({ params }) => params._meta)
    expect(first.progressToken).not.toBe(second.progressToken)
    expect(first.other).toBe(1)
    const progress = (progressToken: unknown, value: number) =>
      bench.childSays({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: value } })
    progress(second.progressToken, 22)
    progress(first.progressToken, 11)
    progress('p', 99)
    progress(123_456, 99)
    expect(bench.of(1).map(({ params }) => params)).toEqual([{ progressToken: 'p', progress: 11 }])
    expect(bench.of(2).map(({ params }) => params)).toEqual([{ progressToken: 'p', progress: 22 }])
  })

  test('[X7] progress after the answer is dropped', () => {
    bench.up().request(1, 1, 'tools/call', meta(5))
    const { id } = lastToChild()
    answer({})
    bench.childSays({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: id, progress: 1 } })
    expect(bench.of(1)).toHaveLength(1)
  })

  test('[X8] a cancellation reaches the child under our id; the late answer is dropped and counted', () => {
    bench.up().request(1, 'a')
    const { id } = lastToChild()
    bench.clientSays(1, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'a', reason: 'r' } })
    expect(lastToChild()).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: id, reason: 'r' },
    })
    answer('late', id)
    expect(bench.toClients).toEqual([])
    expect(bench.mux.counters.lateAnswers).toBe(1)
    expect(bench.mux.pendingCount).toBe(0)
  })

  test.each([[7], ['7'], [0], ['']])('[X8] the request %j can be cancelled under exactly that id', (requestId) => {
    bench.up().request(1, requestId)
    const other = typeof requestId === 'number' ? String(requestId) : Number(requestId)
    const cancel = (id: unknown) =>
      bench.clientSays(1, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } })
    cancel(other)
    expect(bench.toChild).toHaveLength(1)
    cancel(requestId)
    cancel(requestId)
    expect(bench.toChild.map(({ method }) => method)).toEqual(['tools/list', 'notifications/cancelled'])
  })

  test('[X8] a client cannot cancel what is another’s, or not asked', () => {
    bench.up().request(1, 'a')
    for (const requestId of ['a', 1, null, {}]) {
      bench.clientSays(2, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } })
    }
    expect(bench.toChild).toHaveLength(1)
    answer('mine', bench.toChild[0].id)
    expect(bench.of(1)).toHaveLength(1)
  })

  test('[X8] what is cancelled while the child starts is never asked', () => {
    bench.mux.childStarting()
    bench.request(1, 'a')
    bench.clientSays(1, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'a' } })
    answer(INITIALIZED, bench.toChild[0].id)
    expect(bench.toChild.map(({ method }) => method)).toEqual(['initialize', 'notifications/initialized'])
  })

  test('[X8] a client that leaves has its requests cancelled; others keep theirs', () => {
    bench.up()
    bench.request(1, 'a')
    bench.request(1, 'b')
    bench.request(2, 'a')
    const ids = bench.toChild.map(({ id }) => id)
    bench.mux.removeClient(1)
    const cancelled = bench.toChild.slice(3).map(({ method, params }) => [method, params.requestId])
    expect(cancelled).toEqual(ids.slice(0, 2).map((id) => ['notifications/cancelled', id]))
    for (const id of ids) answer('x', id)
    expect(bench.toClients.map(({ client }) => client)).toEqual([2])
    expect(bench.mux.counters.lateAnswers).toBe(2)
  })
})

describe('what the child sends', () => {
  test('[X9] a request of the child is refused by us and seen by no client', () => {
    bench.up().childSays({ jsonrpc: '2.0', id: 'ask', method: 'sampling/createMessage', params: {} })
    expect(lastToChild()).toEqual({ jsonrpc: '2.0', id: 'ask', error: { code: -32601, message: 'Method not found' } })
    expect(bench.toClients).toEqual([])
  })

  test('[X9] a question whether we live is answered by us', () => {
    bench.up().childSays({ jsonrpc: '2.0', id: 'p', method: 'ping' })
    expect(bench.toChild).toEqual([{ jsonrpc: '2.0', id: 'p', result: {} }])
    expect(bench.toClients).toEqual([])
  })

  test('[X9] what is for one client, or of resources that we do not offer, goes to nobody', () => {
    bench.up()
    for (const name of ['tasks/status', 'elicitation/complete', 'resources/updated', 'resources/list_changed', 'x']) {
      bench.childSays({ jsonrpc: '2.0', method: `notifications/${name}`, params: {} })
    }
    expect(bench.toClients).toEqual([])
    expect(bench.mux.counters.refusedFromChild).toBe(5)
  })

  test('[X9] list changes and log messages go to all', () => {
    bench.up()
    const notifications = ['notifications/tools/list_changed', 'notifications/message']
    for (const method of notifications) bench.childSays({ jsonrpc: '2.0', method, params: { a: 1 } })
    for (const client of [1, 2]) expect(bench.of(client).map(({ method }) => method)).toEqual(notifications)
  })

  test('[X10] garbage, errors without an id and unknown ids do no harm, and are counted', () => {
    bench.up().request(1, 1)
    const { id } = lastToChild()
    for (const line of ['garbage', '[]', '5', '{"jsonrpc":"2.0"}']) bench.childSays(line)
    bench.childSays({ jsonrpc: '2.0', error: { code: -32601, message: 'x' } })
    bench.childSays({ jsonrpc: '2.0', id: 424_242, result: {} })
    bench.childSays({ jsonrpc: '2.0', id: '1', result: {} })
    bench.childSays({ jsonrpc: '2.0', method: 'server.initialized' })
    expect(bench.toClients).toEqual([])
    answer('right', id)
    expect(bench.of(1)).toHaveLength(1)
    expect(bench.mux.counters).toEqual({
      garbageLines: 4,
      idlessErrors: 1,
      lateAnswers: 2,
      refusedFromChild: 1,
      refusedFromClients: 0,
      rateLimited: 0,
    })
  })

  test('[X10] an answer with neither result nor error becomes an error for its owner', () => {
    bench.up().request(1, 1)
    bench.childSays({ jsonrpc: '2.0', id: lastToChild().id })
    expect(bench.of(1)).toMatchObject([{ id: 1, error: { code: -32603 } }])
  })
})

describe('a child that goes', () => {
  test('[X12] each pending request gets exactly one error; later ones get it at once', () => {
    bench.up()
    bench.request(1, 1)
    bench.request(1, 'two')
    bench.request(2, 1)
    const ids = bench.toChild.map(({ id }) => id)
    bench.down()
    bench.down()
    for (const id of ids) answer('too late', id)
    expect(bench.of(1).map(({ id, error }) => [id, error.code])).toEqual([
      [1, -32001],
      ['two', -32001],
    ])
    expect(bench.of(2)).toHaveLength(1)
    bench.request(2, 5)
    expect(bench.of(2)[1].error.data).toMatchObject({ code: 'CHILD_CRASHED', retryable: true })
  })

  test('[X12] a child that takes no more is an error, not a wait', () => {
    bench.up()
    bench.childTakes = false
    bench.request(1, 1)
    expect(bench.of(1)).toMatchObject([{ id: 1, error: { code: -32001, data: { code: 'CHILD_TIMEOUT' } } }])
    expect(bench.mux.pendingCount).toBe(0)
  })
})

describe('the relay’s own', () => {
  test('its requests are answered to it alone, and fail with the child', async () => {
    bench.up()
    const first = bench.mux.call('tools/call', { name: 'a' })
    answer({ content: [] })
    await expect(first).resolves.toEqual({ content: [] })
    const second = bench.mux.call('tools/call', {})
    bench.childSays({ jsonrpc: '2.0', id: lastToChild().id, error: { code: -1, message: 'no' } })
    await expect(second).rejects.toThrow('no')
    const third = bench.mux.call('tools/call', {})
    bench.down()
    await expect(third).rejects.toBeInstanceOf(RpcFault)
    await expect(bench.mux.call('tools/call', {})).rejects.toBeInstanceOf(RpcFault)
    expect(bench.toClients).toEqual([])
    expect(bench.settled).toEqual([])
  })

  test('its methods are answered without the child; what comes after comes after the answer', () => {
    const order: string[] = []
    bench = new MuxBench({
      methods: [
        ['own/ok', () => ({ result: 1, after: () => order.push(`after ${bench.toClients.length}`) })],
        [
          'own/fault',
          () => {
            throw new RpcFault(-5, 'no', { code: 'X' })
          },
        ],
      ],
    })
    bench.mux.addClient(1)
    bench.request(1, 1, 'own/ok')
    bench.request(1, 2, 'own/fault')
    expect(order).toEqual(['after 1'])
    expect(bench.of(1)).toEqual([
      { jsonrpc: '2.0', id: 1, result: 1 },
      { jsonrpc: '2.0', id: 2, error: { code: -5, message: 'no', data: { code: 'X' } } },
    ])
    expect(bench.toChild).toEqual([])
  })

  test('[X17] it hears how each request ended, with the name that the client gave itself', () => {
    bench.up()
    bench.request(1, 0, 'initialize', { clientInfo: { name: 'tester', version: '1' } })
    const call = (id: number, name = 'agent_spawn') =>
      bench.request(1, id, 'tools/call', { name, arguments: { a: 1, swarmId: 's' } })
    call(1)
    bench.nowMs = 40
    answer({ content: [{ type: 'text', text: 'x' }] })
    call(2)
    answer({ content: [], isError: true })
    call(3)
    answer({ content: [{ type: 'text', text: '{\n  "success": false,\n "error": "no"}' }] })
    call(4)
    bench.childSays({ jsonrpc: '2.0', id: lastToChild().id, error: { code: 1, message: '' } })
    call(5)
    bench.clientSays(1, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 5 } })
    bench.request(1, 6, 'tools/list')
    bench.down()
    expect(bench.settled.map(({ call, outcome }) => [call?.tool ?? null, outcome])).toEqual([
      ['agent_spawn', 'ok'],
      ['agent_spawn', 'tool-error'],
      ['agent_spawn', 'tool-error'],
      ['agent_spawn', 'error'],
      ['agent_spawn', 'cancelled'],
      [null, 'child-gone'],
    ])
    expect(bench.settled[0]).toMatchObject({ client: 1, clientName: 'tester', method: 'tools/call', durationMs: 40 })
    expect(bench.settled[0]?.call).toEqual({ tool: 'agent_spawn', swarmId: 's' })
  })
})

describe('the bytes of a message', () => {
  const asked = (text: string): string => {
    bench.up().clientSays(1, text)
    return bench.lines[0] ?? ''
  }
  test.each([
    ['{"jsonrpc":"2.0","id":"a","method":"m","params":{"n":12345678901234567890,"x":1.0}}'],
    ['{"method":"m","params":{"id":7,"a":"\\u0069d"},"id":"a","jsonrpc":"2.0"}'],
    ['{ "jsonrpc" : "2.0" , "params" : { "id" : "a" } , "id" : "a" , "method" : "m" }'],
    ['{"id":"a\\"b","jsonrpc":"2.0","method":"m"}'],
    ['{"jsonrpc":"2.0","id": "a","method":"m"}'],
  ])('[X2] %s goes to the child as it is, but for its id', (text) => {
    const line = asked(text)
    const { id } = JSON.parse(text)
    expect(line).toBe(text.replace(/("id" ?: ?)"a(?:\\"b)?"(?! *\} *, *"id")/, `$1${lastToChild().id}`))
    expect(lastToChild().id).not.toBe(id)
  })

  test.each([
    ['{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}', 2],
    ['{"jsonrpc":"2.0","id":1,"\\u0069d":77,"method":"m"}', 77],
    ['{"jsonrpc":"2.0","id":77,"i\\u0064":77,"method":"m"}', 77],
  ])('[X1] an id that is there twice, %s, reaches the child once, as ours', (text, id) => {
    const line = asked(text)
    expect(line.match(/"(?:i|\\u0069)(?:d|\\u0064)"/g)).toHaveLength(1)
    expect(lastToChild().id).not.toBe(77)
    answer({})
    expect(bench.of(1)[0].id).toBe(id)
  })

  test('[X2] an answer whose id stands last, or among others further down, is passed on byte for byte', () => {
    bench.up().request(1, 'mine')
    const { id } = lastToChild()
    bench.childSays(`{"result":{"id":${id},"n":0.10},"jsonrpc":"2.0","id":${id}}`)
    expect(bench.texts[0]).toBe(`{"result":{"id":${id},"n":0.10},"jsonrpc":"2.0","id":"mine"}`)
    for (const payload of ['{"id":7,"a\\u0069":1.50}', '{"id":OURS,"n":[{"id":OURS}]}']) {
      bench.request(1, 'mine')
      const result = payload.replaceAll('OURS', String(lastToChild().id))
      bench.childSays(`{"jsonrpc":"2.0","id":${lastToChild().id},"result":${result}}`)
      expect(bench.texts.at(-1)).toBe(`{"jsonrpc":"2.0","id":"mine","result":${result}}`)
    }
  })

  test('[X2] any message keeps its value, whatever its keys, their order and its white space', () => {
    const space = fc.constantFrom('', ' ', '\n', '\t ')
    const key = fc.oneof(fc.constantFrom('id', 'a', '"id"', '\\', 'jsonrpc'), fc.string())
    const text = fc
      .tuple(fc.dictionary(key, fc.jsonValue({ maxDepth: 3 })), fc.oneof(fc.string(), fc.integer()), fc.nat(), space)
      .map(([other, id, seed, blank]) => {
        const fields = Object.entries({ ...other, jsonrpc: '2.0', id, method: 'm', params: { v: other } })
        const from = seed % fields.length
        const turned = [...fields.slice(from), ...fields.slice(0, from)]
        const body = turned.map(([name, value]) => `${blank}${JSON.stringify(name)}:${blank}${JSON.stringify(value)}`)
        return `{${body.join(`${blank},`)}${blank}}`
      })
    fc.assert(
      fc.property(text, (sent) => {
        const it = new MuxBench().up()
        it.mux.addClient(1)
        it.clientSays(1, sent)
        const ours = it.toChild.at(-1)
        expect(it.lines.at(-1)).not.toMatch(/[\r\n]/)
        expect({ ...ours, id: null }).toEqual({ ...JSON.parse(sent), id: null })
        it.childSays(`{"jsonrpc":"2.0","result":${sent},"id":${ours.id}}`)
        expect(it.of(1)).toEqual([{ jsonrpc: '2.0', id: JSON.parse(sent).id, result: JSON.parse(sent) }])
      }),
    )
  })
})

describe('what is no request', () => {
  test.each([
    [{}],
    [{ tools: { readOnly: true } }],
    [{ tools: { deny: ['agent_*'] } }],
    [{ tools: { allow: ['memory_*'] } }],
  ])('[X18] [X3] a request without an id never reaches the child, with %j', (options) => {
    bench = new MuxBench(options).up()
    bench.mux.addClient(1)
    for (const method of ['tools/call', 'initialize', 'tools/list', 'ping', 'swarmscope/hello', 'x']) {
      bench.clientSays(1, { jsonrpc: '2.0', method, params: { name: 'agent_spawn', arguments: {} } })
    }
    expect(bench.toChild).toEqual([])
    expect(bench.mux.counters.refusedFromClients).toBe(6)
  })
})

describe('bytes that are no UTF-8', () => {
  test('[X10] come out of an answer as what is read in their place', () => {
    bench.up().request(1, 1)
    const bytes = Buffer.from(`{"jsonrpc":"2.0","id":${lastToChild().id},"result":{"a":"caf\xe9"}}`, 'latin1')
    bench.mux.fromChild(bytes)
    expect(bench.texts).toEqual(['{"jsonrpc":"2.0","id":1,"result":{"a":"caf\ufffd"}}'])
    expect(bench.bytes.every((sent) => isUtf8(sent))).toBe(true)
  })

  test('[X10] end nobody’s line in what goes to all', () => {
    bench.up()
    const told = '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"\xff"}}'
    bench.mux.fromChild(Buffer.from(told, 'latin1'))
    expect(bench.bytes).toHaveLength(2)
    expect(bench.bytes.every((sent) => isUtf8(sent))).toBe(true)
  })
})

describe('a progress token', () => {
  test.each([
    [
      '{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"n":12345678901234567890,"x":1.0,"_meta":{"progressToken":TOKEN}}}',
    ],
    [
      '{"params":{"_meta":{"b":1e400,"progressToken" : TOKEN},"_metal":{"progressToken":3}},"method":"m","id":"a","jsonrpc":"2.0"}',
    ],
  ])('[X7] [X3] is replaced in its place, the rest of the bytes stays: %s', (text) => {
    for (const token of ['"p"', '7', '"a\\"b"']) {
      bench = new MuxBench().up()
      bench.mux.addClient(1)
      bench.clientSays(1, text.replace('TOKEN', token))
      const { id } = lastToChild()
      expect(bench.lines[0]).toBe(text.replace('TOKEN', String(id)).replace('"id":"a"', `"id":${id}`))
      bench.childSays({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: id, progress: 1 } })
      expect(bench.of(1)[0].params.progressToken).toBe(JSON.parse(token))
    }
  })

  test('[X7] that is there twice, or escaped, reaches the child once, as ours', () => {
    for (const meta of ['{"progressToken":1,"progressToken":2}', '{"progressToken":1,"progress\\u0054oken":2}']) {
      bench = new MuxBench().up()
      bench.mux.addClient(1)
      bench.clientSays(1, `{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":${meta}}}`)
      expect(lastToChild().params._meta).toEqual({ progressToken: lastToChild().id })
      expect(bench.lines[0]?.match(/progress/g)).toHaveLength(1)
    }
  })
})

test('[X11] what waits for the child to start is bounded in bytes, too', () => {
  bench = new MuxBench({ limits: { maxHeldBytes: 10_000 } })
  bench.mux.addClient(1)
  bench.mux.childStarting()
  const { id } = lastToChild()
  for (let at = 0; at < 10; at++)
    bench.request(1, at, 'tools/call', { name: 'x', arguments: { text: 'y'.repeat(3_000) } })
  expect(bench.of(1).map(({ id, error }) => [id, error.data.code])).toEqual(
    [4, 5, 6, 7, 8, 9].map((at) => [at, 'RATE_LIMITED']),
  )
  answer(INITIALIZED, id)
  bench.request(1, 'later', 'tools/call', { name: 'x', arguments: { text: 'y'.repeat(30_000) } })
  expect(bench.of(1)).toHaveLength(6)
})

describe('a child that nobody needed yet', () => {
  test('[X13] is started by the first request, which waits for it', () => {
    bench = new MuxBench({ mayStart: true, methods: [['ping', () => ({ result: {} })]] })
    bench.mux.addClient(1)
    bench.request(1, 1, 'ping')
    expect(bench.needed).toBe(0)
    bench.request(1, 2)
    expect(bench.needed).toBe(1)
    bench.childSays({ jsonrpc: '2.0', id: lastToChild().id, result: INITIALIZED })
    expect(lastToChild().method).toBe('tools/list')
    answer({ tools: [] })
    expect(bench.of(1).at(-1)).toEqual({ jsonrpc: '2.0', id: 2, result: { tools: [] } })
  })

  test('[X13] is started by initialize, once; later it is answered without it', () => {
    bench = new MuxBench({ mayStart: true })
    bench.mux.addClient(1)
    bench.request(1, 1, 'initialize')
    bench.childSays({ jsonrpc: '2.0', id: lastToChild().id, result: INITIALIZED })
    expect(bench.of(1)[0].result.serverInfo).toEqual(INITIALIZED.serverInfo)
    bench.mux.childGone(null)
    bench.request(1, 2, 'initialize')
    expect(bench.needed).toBe(1)
    expect(bench.of(1)[1].result.serverInfo).toEqual(INITIALIZED.serverInfo)
  })

  test('[X13] that may not be started is an error at once', () => {
    bench.request(1, 1)
    expect(bench.needed).toBe(1)
    expect(bench.of(1)).toMatchObject([{ id: 1, error: { data: { code: 'CHILD_CRASHED', retryable: true } } }])
  })
})

describe('time', () => {
  const limits = { requestTimeoutMs: 10_000, maxRequestTimeoutMs: 60_000, probeAfterMs: 1_000, probeTimeoutMs: 5_000 }
  /** Ticks every quarter of a second, as the relay does. */
  const pass = (ms: number) => {
    for (const until = bench.nowMs + ms; bench.nowMs < until; ) {
      bench.nowMs += 250
      bench.mux.tick()
    }
  }
  const pings = () => bench.toChild.filter(({ method }) => method === 'ping')
  beforeEach(() => {
    bench = new MuxBench({ limits }).up()
    bench.mux.addClient(1)
    bench.mux.addClient(2)
  })

  test('[X14] a request without an answer is given up, cancelled at the child, and its late answer dropped', () => {
    bench.request(1, 'slow')
    const { id } = lastToChild()
    pass(9_750)
    expect(bench.of(1)).toEqual([])
    pass(250)
    expect(bench.of(1)).toMatchObject([{ id: 'slow', error: { data: { code: 'CHILD_TIMEOUT', retryable: true } } }])
    expect(lastToChild()).toMatchObject({ method: 'notifications/cancelled', params: { requestId: id } })
    expect(bench.settled).toMatchObject([{ outcome: 'timed-out', durationMs: 10_000 }])
    answer({}, id)
    expect(bench.of(1)).toHaveLength(1)
    expect(bench.mux.counters.lateAnswers).toBe(1)
  })

  test('[X14] progress keeps it alive, up to a hard end', () => {
    bench.request(1, 'long', 'tools/call', { name: 'x', _meta: { progressToken: 'p' } })
    const { id } = lastToChild()
    for (let seconds = 0; seconds < 55; seconds += 5) {
      pass(5_000)
      bench.childSays({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: id, progress: seconds },
      })
    }
    expect(bench.settled).toEqual([])
    pass(5_000)
    expect(bench.settled).toMatchObject([{ outcome: 'timed-out', durationMs: 60_000 }])
  })

  test('[X14] what waits for the child to start is not given up by the clock of requests', () => {
    bench = new MuxBench({ limits })
    bench.mux.addClient(1)
    bench.mux.childStarting()
    bench.request(1, 1)
    pass(9_000)
    expect(bench.of(1)).toEqual([])
  })

  test('[X15] a child that says nothing while somebody waits is asked whether it lives; any answer says so, an error too', () => {
    bench.request(1, 1)
    pass(750)
    expect(pings()).toHaveLength(0)
    pass(250)
    expect(pings()).toHaveLength(1)
    pass(750)
    bench.childSays({ jsonrpc: '2.0', id: pings()[0].id, error: { code: -32601, message: 'no such method' } })
    expect(bench.silences).toEqual([])
    pass(1_000)
    expect(pings()).toHaveLength(2)
    pass(1_000)
    expect(bench.silences).toEqual([true])
    bench.childSays({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'busy' } })
    expect(bench.silences).toEqual([true, false])
    expect(bench.useless).toEqual([])
  })

  test('[X15] it is of no use once a request was given up and it still says nothing', () => {
    bench.request(1, 1)
    pass(10_000)
    expect(bench.useless).toMatchObject([{ code: 'CHILD_SILENT' }])
    expect(bench.useless[0]?.details.suggestion).toContain('nothing was heard from it for 10 s')
    pass(5_000)
    expect(bench.useless).toHaveLength(1)
  })

  test('[X15] it is of no use, too, when clients give up by their own clocks and it still says nothing', () => {
    for (let id = 0; id < 3; id++) {
      bench.request(1, id)
      pass(6_000)
      bench.clientSays(1, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } })
    }
    expect(bench.useless.length).toBeGreaterThan(0)
    expect(bench.useless[0]?.code).toBe('CHILD_SILENT')
    bench = new MuxBench({ limits }).up()
    bench.mux.addClient(1)
    bench.request(1, 1)
    pass(6_000)
    bench.mux.removeClient(1)
    pass(5_000)
    expect(bench.useless).toHaveLength(1)
  })

  test('[X15] a request that is cancelled soon says nothing of the child', () => {
    bench.request(1, 1)
    pass(500)
    bench.clientSays(1, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
    pass(30_000)
    expect(bench.useless).toEqual([])
  })

  test('[X15] unanswered for two minutes, the question alone is enough', () => {
    bench = new MuxBench({ limits: { ...limits, requestTimeoutMs: 600_000, maxRequestTimeoutMs: 600_000 } }).up()
    bench.mux.addClient(1)
    bench.request(1, 1)
    pass(120_000)
    expect(bench.useless).toEqual([])
    pass(2_000)
    expect(bench.useless).toMatchObject([{ code: 'CHILD_SILENT' }])
  })

  test('[X15] a slow tool of a child that answers others is not a silent child', () => {
    bench.request(1, 'slow')
    for (let at = 0; at < 40; at++) {
      pass(500)
      bench.request(2, at)
      answer({})
    }
    expect(bench.settled.filter(({ outcome }) => outcome === 'timed-out')).toHaveLength(1)
    expect(pings()).toEqual([])
    expect(bench.useless).toEqual([])
  })

  test('[X15] nobody waits: nothing is asked', () => {
    pass(60_000)
    expect(bench.toChild).toEqual([])
  })
})

describe('a client’s rate', () => {
  const limits = { rateLimit: { perSecond: 10, burst: 5 } }
  beforeEach(() => {
    bench = new MuxBench({ limits }).up()
    bench.mux.addClient(1)
    bench.mux.addClient(2)
  })

  test('[X16] beyond it each request gets an error that says when to try again; others are served', () => {
    for (let id = 0; id < 7; id++) bench.request(1, id)
    bench.request(2, 0)
    expect(bench.of(1)).toMatchObject([
      { id: 5, error: { data: { code: 'RATE_LIMITED', retryAfterMs: 100, retryable: true } } },
      { id: 6, error: { data: { code: 'RATE_LIMITED', retryAfterMs: 100 } } },
    ])
    expect(bench.toChild).toHaveLength(6)
    bench.nowMs = 100
    bench.request(1, 8)
    expect(bench.toChild).toHaveLength(7)
    expect(bench.mux.counters.rateLimited).toBe(2)
  })

  test('[X16] who goes on all the same is closed', () => {
    for (let id = 0; id < 10; id++) bench.request(1, id)
    expect(bench.closed).toEqual([])
    bench.clientSays(1, { jsonrpc: '2.0', method: 'notifications/whatever' })
    expect(bench.closed).toEqual([1])
  })

  test('[X16] bad JSON counts, too', () => {
    for (let count = 0; count < 8; count++) bench.clientSays(1, 'nonsense')
    expect(bench.of(1)).toHaveLength(5)
  })
})

describe('the tools that may be called', () => {
  const TOOLS = ['agent_list', 'agent_spawn', 'memory_search', 'terminal_execute', 'hive-mind_status']
  const allowed = (tools: Partial<ToolPolicyOptions>): string[] => {
    bench = new MuxBench({ tools }).up()
    bench.mux.addClient(1)
    for (const name of TOOLS) bench.request(1, name, 'tools/call', { name })
    const passed = bench.toChild.map(({ params }) => params.name)
    for (const { id, error } of bench.of(1)) {
      expect(error).toMatchObject({ code: -32602, data: { code: 'TOOL_NOT_ALLOWED', retryable: false } })
      expect(passed).not.toContain(id)
    }
    bench.request(1, 'list', 'tools/list')
    answer({ tools: TOOLS.map((name) => ({ name, inputSchema: { kept: true } })), more: 1 })
    const { tools: listed, more } = bench.of(1).at(-1).result
    expect(more).toBe(1)
    expect(listed).toEqual(passed.map((name: string) => ({ name, inputSchema: { kept: true } })))
    return passed
  }

  test('[X18] are all, if nothing is said', () => {
    expect(allowed({})).toEqual(TOOLS)
  })

  test('[X18] are those that fit a pattern, whole, and no pattern that denies', () => {
    expect(allowed({ allow: ['agent_*'] })).toEqual(['agent_list', 'agent_spawn'])
    expect(allowed({ allow: ['agent'] })).toEqual([])
    expect(allowed({ deny: ['*_execute', 'agent_l.st'] })).toEqual(TOOLS.filter((name) => name !== 'terminal_execute'))
    expect(allowed({ allow: ['*'], deny: ['agent_spawn'] })).toHaveLength(4)
  })

  test('[X18] are those that only look, on a read-only relay, as are methods', () => {
    expect(allowed({ readOnly: true })).toEqual(['agent_list', 'hive-mind_status'])
    bench.request(1, 1, 'logging/setLevel', { level: 'debug' })
    bench.clientSays(1, { jsonrpc: '2.0', method: 'notifications/anything' })
    bench.request(1, 2, 'tools/call', {})
    expect(bench.of(1).slice(-2)).toMatchObject([
      { id: 1, error: { data: { code: 'TOOL_NOT_ALLOWED' } } },
      { id: 2, error: { data: { code: 'TOOL_NOT_ALLOWED' } } },
    ])
    for (const { error } of bench.of(1).slice(-2)) expect(JSON.stringify(error)).toContain('(--read-only)')
    expect(lastToChild().method).toBe('tools/list')
    expect(bench.mux.counters.refusedFromClients).toBe(1)
  })

  test('[X18] a call that is refused is told as such', () => {
    allowed({ deny: ['*'] })
    expect(bench.settled.map(({ call, outcome }) => [call?.tool, outcome]).slice(0, TOOLS.length)).toEqual(
      TOOLS.map((name) => [name, 'refused']),
    )
    expect(JSON.stringify(bench.of(1)[0].error)).toContain('(--allow-tools, --deny-tools)')
  })
})

describe('the end of a relay', () => {
  test('what is asked now gets an error, what is under way its answer; then it is idle', () => {
    bench.up()
    let idle = 0
    bench.request(1, 1)
    const { id } = lastToChild()
    bench.mux.refuse(errorBody('STOPPING'))
    bench.mux.whenIdle(() => idle++)
    bench.request(2, 2)
    expect(bench.of(2)).toMatchObject([{ id: 2, error: { data: { code: 'STOPPING' } } }])
    expect(idle).toBe(0)
    answer({ kept: true }, id)
    expect(bench.of(1)).toEqual([{ jsonrpc: '2.0', id: 1, result: { kept: true } }])
    expect(idle).toBe(1)
    bench.mux.whenIdle(() => idle++)
    expect(idle).toBe(2)
  })
})

test('[X12] the owner of an answer that is too long is told so, and nobody else', () => {
  bench.up()
  bench.request(1, 1)
  const { id } = lastToChild()
  bench.request(2, 2)
  const head = Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"te`)
  bench.mux.childTooLong(head, 1_000)
  bench.mux.childTooLong(Buffer.from('{"result":{"id":2'), 1_000)
  bench.down()
  expect(bench.of(1)).toMatchObject([{ id: 1, error: { data: { code: 'ANSWER_TOO_LARGE', retryable: false } } }])
  expect(bench.of(2)).toMatchObject([{ id: 2, error: { data: { code: 'CHILD_CRASHED' } } }])
})

test.each([
  ['2025-06-18', '2025-11-25', '2025-06-18'],
  ['2025-11-25', '2024-11-05', '2024-11-05'],
  ['2024-11-05', '2025-06-18', '2024-11-05'],
  ['1999-01-01', '2024-11-05', '2024-11-05'],
  [undefined, '2025-06-18', '2025-06-18'],
])('[X5] a client that asks for %s of a child that speaks %s gets %s', (asked, childs, best) => {
  bench.mux.childStarting()
  expect(lastToChild().params.protocolVersion).toBe('2025-11-25')
  bench.childSays({ jsonrpc: '2.0', id: lastToChild().id, result: { ...INITIALIZED, protocolVersion: childs } })
  bench.request(1, 1, 'initialize', { protocolVersion: asked })
  expect(bench.of(1)[0].result.protocolVersion).toBe(best)
})
