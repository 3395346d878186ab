import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { errorBody } from '../../protocol/errors.ts'
import { RpcFault } from '../../relay/jsonRpc.ts'
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

  test('[X3] a message nested too deeply is refused, from either side', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    bench.up().clientSays(1, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"deep":${deep}}}`)
    bench.clientSays(1, `{"jsonrpc":"2.0","method":"x/y","params":{"deep":${deep}}}`)
    bench.request(1, 2)
    bench.childSays(`{"jsonrpc":"2.0", "id":${lastToChild().id},"result":${deep}}`)
    bench.childSays(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"d":${deep}}}`)
    expect(bench.of(1).map(({ id, error }) => [id, error.code])).toEqual([
      [1, -32600],
      [2, -32603],
    ])
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
    bench = new MuxBench({ maxPendingPerClient: 2 }).up()
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
    bench.request(1, 'i', 'initialize')
    bench.mux.childStarting()
    expect(bench.toChild.map(({ method }) => method)).toEqual(['initialize'])
    expect(bench.toClients).toEqual([]) // it waits
    answer(INITIALIZED)
    bench.request(2, 0, 'initialize')
    const expected = { ...INITIALIZED, capabilities: { tools: { listChanged: true }, resources: {} } }
    expect(bench.of(1)).toEqual([{ jsonrpc: '2.0', id: 'i', result: expected }])
    expect(bench.of(2)).toEqual([{ jsonrpc: '2.0', id: 0, result: expected }])
    expect(bench.toChild.map(({ method }) => method)).toEqual(['initialize', 'notifications/initialized'])
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
    expect(result).toMatchObject({ capabilities: { resources: {} }, serverInfo: { name: 'swarmscope-relay' } })
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
    expect(bench.toolCalls).toEqual([])
  })

  test('its methods are answered without the child; what comes after comes after the answer', () => {
    const order: string[] = []
    bench = new MuxBench({}, [
      ['own/ok', () => ({ result: 1, after: () => order.push(`after ${bench.toClients.length}`) })],
      [
        'own/fault',
        () => {
          throw new RpcFault(-5, 'no', { code: 'X' })
        },
      ],
    ])
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

  test('it hears of the results of tool calls, not of errors', () => {
    bench.up()
    bench.request(1, 1, 'tools/call', { name: 'agent_spawn', arguments: { a: 1 } })
    answer({ content: [] })
    bench.request(1, 2, 'tools/call', { name: 'agent_spawn' })
    bench.childSays({ jsonrpc: '2.0', id: lastToChild().id, error: { code: 1, message: '' } })
    expect(bench.toolCalls).toEqual([{ client: 1, tool: 'agent_spawn', args: { a: 1 }, result: { content: [] } }])
  })
})

/** What may happen, in any order; `pick` chooses among the requests that the child has not answered. */
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('ask' as const), client: fc.nat(7), id: fc.nat(5), text: fc.boolean() }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('answer' as const), pick: fc.nat(), fail: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('cancel' as const), client: fc.nat(7), id: fc.nat(5), text: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), client: fc.nat(7) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'crash' as const }) },
)

describe('any order of requests, answers, cancellations, departures and crashes', () => {
  test('[X1] loses no answer, doubles none, crosses none', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const it = new MuxBench().up()
        /** Per client: id as JSON → nonces that are still owed an answer under it. */
        const owed = new Map<number, { id: unknown; nonce: number }[]>()
        const withChild: { internal: number; client: number; nonce: number }[] = []
        let nonce = 0
        for (let client = 0; client < 8; client++) {
          it.mux.addClient(client)
          owed.set(client, [])
        }
        const settle = () => {
          for (const { client, message } of it.toClients.splice(0)) {
            const list = owed.get(client) ?? []
            const given = message.result?.nonce ?? message.error?.data?.nonce
            const crashed = message.error?.code === -32001
            const index = list.findIndex((one) => one.id === message.id && (crashed || one.nonce === given))
            expect(index, `client ${client} got ${JSON.stringify(message)}, owed ${JSON.stringify(list)}`).not.toBe(-1)
            list.splice(index, 1)
          }
        }
        for (const one of steps) {
          switch (one.do) {
            case 'ask': {
              const id = one.text ? String(one.id) : one.id
              const list = owed.get(one.client)
              if (!list) break
              it.request(one.client, id, 'tools/call', { nonce: ++nonce })
              list.push({ id, nonce })
              withChild.push({ internal: it.toChild.at(-1).id, client: one.client, nonce })
              break
            }
            case 'answer': {
              const [asked] = withChild.splice(one.pick % Math.max(1, withChild.length), 1)
              if (!asked) break
              const reply = one.fail
                ? { error: { code: 1, message: 'no', data: { nonce: asked.nonce } } }
                : { result: { nonce: asked.nonce } }
              it.childSays({ jsonrpc: '2.0', id: asked.internal, ...reply })
              break
            }
            case 'cancel': {
              const id = one.text ? String(one.id) : one.id
              const before = it.toChild.length
              it.clientSays(one.client, {
                jsonrpc: '2.0',
                method: 'notifications/cancelled',
                params: { requestId: id },
              })
              const [cancelled] = it.toChild.slice(before)
              if (!cancelled) break // it was not asked, or is answered
              const asked = withChild.find(({ internal }) => internal === cancelled.params.requestId)
              const list = owed.get(one.client) ?? []
              const index = list.findIndex((owedOne) => owedOne.id === id && owedOne.nonce === asked?.nonce)
              expect(index, 'only what is one’s own can be cancelled').not.toBe(-1)
              list.splice(index, 1)
              break
            }
            case 'leave':
              it.mux.removeClient(one.client)
              owed.delete(one.client)
              break
            case 'crash':
              it.down()
              settle()
              for (const list of owed.values()) expect(list).toEqual([])
              it.mux.childStarting()
              it.childSays({ jsonrpc: '2.0', id: it.toChild.at(-1).id, result: INITIALIZED })
              break
            default:
              one satisfies never
          }
          settle()
        }
        // In the end the child answers everything, also what was cancelled or asked by who left.
        for (const asked of withChild) {
          it.childSays({ jsonrpc: '2.0', id: asked.internal, result: { nonce: asked.nonce } })
        }
        settle()
        for (const list of owed.values()) expect(list).toEqual([])
        expect(it.mux.pendingCount).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  test('[X1] 200 clients with the same 500 ids get 100,000 answers, each its own', () => {
    const it = new MuxBench().up()
    for (let client = 0; client < 200; client++) it.mux.addClient(client)
    for (let id = 0; id < 500; id++) {
      for (let client = 0; client < 200; client++) {
        it.request(client, id % 2 ? id : String(id), 'tools/call', { owner: [client, id] })
      }
    }
    // The last first: nothing may depend on the order.
    for (const { id, params } of it.toChild.splice(0).reverse()) {
      it.childSays({ jsonrpc: '2.0', id, result: params })
    }
    expect(it.toClients).toHaveLength(100_000)
    const wrong = it.toClients.filter(({ client, message: { id, result } }) => {
      const [owner, asked] = result.owner
      return owner !== client || id !== (asked % 2 ? asked : String(asked))
    })
    expect(wrong).toEqual([])
    expect(new Set(it.toClients.map(({ client, message }) => `${client}/${message.id}`)).size).toBe(100_000)
  })
})
