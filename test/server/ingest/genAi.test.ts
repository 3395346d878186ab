// Spans of other agents, from their bytes to the agents in the world.

import { describe, expect, it } from 'vitest'
import type { Agent, Link } from '../../../protocol/swarm.ts'
import { readRequest } from '../../../server/ingest/otlp/readRequest.ts'
import { MemoryLog } from '../../../server/log/memoryLog.ts'
import { GENAI_BOUNDS } from '../../../server/sources/otlp/genAiModel.ts'
import type { GenAiSpan } from '../../../server/sources/otlp/genAiSpan.ts'
import { OtlpSource } from '../../../server/sources/otlp/otlpSource.ts'
import { World } from '../../../server/world.ts'
import { silentLog } from '../../helpers/silentLog.ts'
import { canonicalHash, seededRandom } from '../../protocol/samples.ts'

const T0 = Date.parse('2026-11-24T10:00:00.000Z')
const RECEIVED = '2026-11-24T11:00:00.000Z'

interface Said {
  id: number
  parent?: number
  trace?: number
  name: string
  /** Seconds. */
  from: number
  to: number
  flags?: number
  [attribute: `${'gen_ai' | 'ai' | 'llm' | 'traceloop'}.${string}`]: string | number
  error?: string
}
const hex = (n: number, length: number) => n.toString(16).padStart(length, '0')

const asOtlp = (spans: readonly Said[], service = 'crew', host: string | null = 'lab') => ({
  resourceSpans: [
    {
      resource: {
        attributes: [
          { key: 'service.name', value: { stringValue: service } },
          ...(host === null ? [] : [{ key: 'host.name', value: { stringValue: host } }]),
        ],
      },
      scopeSpans: [
        {
          spans: spans.map(({ id, parent, trace = 1, name, from, to, error, flags, ...attributes }) => ({
            traceId: hex(trace, 32),
            spanId: hex(id, 16),
            parentSpanId: parent === undefined ? '' : hex(parent, 16),
            name,
            flags,
            startTimeUnixNano: `${T0 + from * 1000}000000`,
            endTimeUnixNano: `${T0 + to * 1000}000000`,
            attributes: [
              ...Object.entries(attributes),
              ['gen_ai.input.messages', 'my secret prompt'],
              ...(error ? [['error.type', error]] : []),
            ].map(([key, value]) => ({
              key,
              value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
            })),
          })),
        },
      ],
    },
  ],
})
const read = (...spans: Said[]): GenAiSpan[] => readRequest('traces', asOtlp(spans), true).spans

/** In any order, and some of them twice. */
const shuffledWithRepeats = (spans: readonly GenAiSpan[], random: () => number): GenAiSpan[] =>
  [...spans, ...spans.filter(() => random() < 0.4)]
    .map((span) => ({ span, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ span }) => span)

function start(world = new World('real', new MemoryLog()), bounds = GENAI_BOUNDS) {
  const source = new OtlpSource({ world, host: 'laptop', bounds, log: silentLog })
  return {
    world,
    source,
    take: (spans: readonly GenAiSpan[]) => source.accept(spans, RECEIVED),
    agents: (): Agent[] => [...world.store.all('agent').values()],
    agent: (name: string): Agent | undefined => [...world.store.all('agent').values()].find((one) => one.name === name),
    links: (): Link[] => [...world.store.all('link').values()],
  }
}

/** An orchestrator that runs a researcher twice and a writer, with steps between that are no agents'. */
const CREW: Said[] = [
  { id: 1, name: 'POST /run', from: 0, to: 40 },
  {
    id: 2,
    parent: 1,
    name: 'invoke_agent Boss',
    from: 1,
    to: 39,
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.provider.name': 'openai',
    'gen_ai.agent.name': 'Boss',
    'gen_ai.agent.id': 'boss-1',
    'gen_ai.conversation.id': 'talk-1',
    'gen_ai.usage.input_tokens': 9_999,
  },
  {
    id: 3,
    parent: 2,
    name: 'chat gpt-5',
    from: 1,
    to: 3,
    'gen_ai.operation.name': 'chat',
    'gen_ai.system': 'openai',
    'gen_ai.request.model': 'gpt-5',
    'gen_ai.response.model': 'gpt-5-2026',
    'gen_ai.usage.input_tokens': 100,
    'gen_ai.usage.output_tokens': 10,
    'gen_ai.usage.cache_read.input_tokens': 60,
  },
  { id: 4, parent: 2, name: 'graph.node', from: 3, to: 20 },
  {
    id: 5,
    parent: 4,
    name: 'invoke_agent Researcher',
    from: 4,
    to: 19,
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.system': 'openai',
    'gen_ai.agent.name': 'Researcher',
  },
  {
    id: 6,
    parent: 5,
    name: 'chat gpt-5',
    from: 4,
    to: 6,
    'gen_ai.operation.name': 'chat',
    'gen_ai.system': 'openai',
    'gen_ai.agent.name': 'Researcher',
    'gen_ai.usage.prompt_tokens': 7,
    'gen_ai.usage.completion_tokens': 3,
  },
  {
    id: 7,
    parent: 6,
    name: 'chat gpt-5 (http)',
    from: 5,
    to: 6,
    'gen_ai.operation.name': 'chat',
    'gen_ai.system': 'openai',
    'gen_ai.usage.input_tokens': 7,
    'gen_ai.usage.output_tokens': 3,
  },
  {
    id: 8,
    parent: 5,
    name: 'execute_tool search',
    from: 6,
    to: 8,
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'search',
    error: 'timeout',
  },
  {
    id: 9,
    parent: 5,
    name: 'execute_tool fetch',
    from: 8,
    to: 11,
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'fetch',
  },
  {
    id: 10,
    parent: 2,
    name: 'invoke_agent Writer',
    from: 20,
    to: 30,
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.provider.name': 'openai',
    'gen_ai.agent.name': 'Writer',
    'gen_ai.usage.input_tokens': 500,
    'gen_ai.usage.output_tokens': 50,
    error: 'rate_limit',
  },
]

describe('[I10] GenAI spans', () => {
  it('become agents: their parents by nesting, their tools and tokens each from one source, what they hold of contents nowhere', async () => {
    const { take, agent, agents, links, world } = start()
    await take(read(...CREW))
    expect(agents()).toHaveLength(3)
    const [boss, researcher, writer] = ['Boss', 'Researcher', 'Writer'].map(agent)
    expect(boss).toMatchObject({
      origin: 'otlp',
      kind: 'observed',
      nativeId: 'boss-1',
      status: 'offline',
      endedReason: 'finished',
      parentId: null,
      project: 'crew',
      host: 'lab',
      model: 'gpt-5-2026',
      sessionId: 'talk-1',
      // Its own sum (9,999) is not believed beside what its calls say; cached ones are counted once.
      tokens: { input: 40, output: 10, cacheRead: 60, cacheWrite: null },
      costUsd: null,
      tools: null,
      createdAt: '2026-11-24T10:00:01.000Z',
      lastActiveAt: '2026-11-24T10:00:39.000Z',
    })
    expect(researcher).toMatchObject({
      status: 'offline',
      parentId: boss?.id,
      sessionId: 'talk-1',
      tokens: { input: 7, output: 3, cacheRead: null, cacheWrite: null },
      tools: { count: 2, errors: 1, durationMs: 5_000 },
      lastTool: { name: 'fetch', ok: true, durationMs: 3_000, at: '2026-11-24T10:00:11.000Z' },
      lastFailure: null,
    })
    expect(writer).toMatchObject({
      status: 'error',
      endedReason: 'failed: rate_limit',
      parentId: boss?.id,
      tokens: { input: 500, output: 50, cacheRead: null, cacheWrite: null },
    })
    expect(
      links()
        .map(({ kind, source, target }) => [kind, source, target])
        .sort(),
    ).toEqual([researcher, writer].map((one) => ['spawned', boss?.id, one?.id]).sort())
    expect(JSON.stringify([...world.store.values()])).not.toContain('secret')
  })

  it('that have not ended make an agent that works, as far as anybody knows, and the same one when they end', async () => {
    const { take, agent, agents } = start()
    await take(read(...CREW.filter(({ id }) => [6, 8].includes(id))))
    const working = agent('Researcher')
    expect(working).toMatchObject({ status: 'active', statusSince: null, activity: 'search failed', endedReason: null })
    await take(read(...CREW.filter(({ id }) => id === 5)))
    expect(agents()).toHaveLength(1)
    expect(agent('Researcher')).toMatchObject({ id: working?.id, status: 'offline', activity: null })
  })

  it.each([
    ['lab', false, 'lab'],
    ['lab', true, 'lab'],
    [null, true, 'laptop'],
    [null, false, null],
  ])('name the machine %s, and came from here: %s; then they are of %s', async (name, isHere, host) => {
    const { take, agents } = start()
    const span: Said = { id: 1, name: 'invoke_agent', from: 0, to: 1, 'gen_ai.operation.name': 'invoke_agent' }
    await take(readRequest('traces', asOtlp([span], 'crew', name), isHere).spans)
    expect(agents()).toMatchObject([{ host }])
  })

  it('of a program without agents make none', async () => {
    const { take, agents, source } = start()
    await take(read({ id: 1, name: 'GET /', from: 0, to: 1 }, { id: 2, parent: 1, name: 'SELECT', from: 0, to: 1 }))
    expect(source.status.state).toBe('never')
    expect(agents()).toEqual([])
    await source.close()
  })

  it.each([21, 22, 23, 24, 25, 26])(
    'in any order, cut anywhere and repeated, come to the same agents (seed %i)',
    async (seed) => {
      const random = seededRandom(seed)
      const again: Said[] = CREW.map((said) => ({ ...said, trace: 2, from: said.from + 100, to: said.to + 100 }))
      const spans = read(...CREW, ...again)
      const one = start()
      await one.take(spans)
      const shuffled = shuffledWithRepeats(spans, random)
      const other = start()
      while (shuffled.length > 0) await other.take(shuffled.splice(0, 1 + Math.floor(random() * 6)))
      const hash = ({ agents, links }: typeof one) =>
        canonicalHash([...agents(), ...links()].map((entity) => ({ ...entity, rev: 0 })))
      expect(other.agents()).toHaveLength(5)
      expect(hash(other)).toBe(hash(one))
      // The one with an id is the same in both runs of the conversation.
      expect(one.agent('Boss')?.tokens).toEqual({ input: 80, output: 20, cacheRead: 120, cacheWrite: null })
    },
  )

  it('that came before a restart are not counted again, and what is new is added', async () => {
    const { world, take, source, agent } = start()
    await take(read(...CREW))
    await source.close()
    const next = start(world)
    expect(next.source.status.state).toBe('quiet')
    await next.take(read(...CREW))
    expect(agent('Boss')?.tokens).toEqual({ input: 40, output: 10, cacheRead: 60, cacheWrite: null })
    await next.take(read(...CREW.map((said) => ({ ...said, trace: 3, from: said.from + 100, to: said.to + 100 }))))
    expect(agent('Boss')).toMatchObject({
      tokens: { input: 80, output: 20, cacheRead: 120, cacheWrite: null },
      createdAt: '2026-11-24T10:00:01.000Z',
      lastActiveAt: '2026-11-24T10:02:19.000Z',
    })
    expect(next.agents().filter(({ name }) => name === 'Researcher')).toHaveLength(2)
  })

  it('whose append failed are said again with the next ones', async () => {
    const world = new World('real', new MemoryLog())
    const { take, agent } = start(world)
    const append = world.append.bind(world)
    world.append = () => Promise.reject(new Error('the disk is full'))
    await expect(take(read(...CREW))).rejects.toThrow('full')
    world.append = append
    await take(read(...CREW))
    expect(agent('Boss')?.tokens?.output).toBe(10)
  })
})

describe('[I14] steps around which no run of an agent is known', () => {
  const chat = (id: number, given: Partial<Said> = {}): Said => ({
    id,
    trace: id,
    name: 'chat gpt-5',
    from: id,
    to: id + 1,
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.usage.input_tokens': 10,
    'gen_ai.usage.output_tokens': 1,
    ...given,
  })
  const tool = (id: number, given: Partial<Said> = {}): Said => ({
    id,
    trace: id,
    name: 'execute_tool search',
    from: id,
    to: id + 1,
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'search',
    ...given,
  })
  const tokens = (calls: number) => ({ input: 10 * calls, output: calls, cacheRead: null, cacheWrite: null })

  it('are the work of their program, in all traces, each call once', async () => {
    const { take, agents } = start()
    await take(
      read(chat(1), chat(2), { ...chat(3), parent: 1, trace: 1 }, tool(4), {
        id: 5,
        trace: 2,
        name: 'GET /',
        from: 0,
        to: 9,
      }),
    )
    expect(agents()).toMatchObject([
      {
        name: 'crew',
        nativeId: 'crew',
        type: 'program',
        kind: 'observed',
        origin: 'otlp',
        status: 'idle',
        // One is within another: told by two instrumentations.
        tokens: tokens(2),
        tools: { count: 1, errors: 0, durationMs: 1_000 },
        sessionId: null,
        parentId: null,
      },
    ])
  })

  it('are of another program on another machine, in another process, or of another name', async () => {
    const { take, agents } = start()
    const of = (id: number, ...[service, host]: [service: string, host: string | null]) =>
      readRequest('traces', asOtlp([chat(id)], service, host), true).spans
    await take([...of(1, 'crew', 'lab'), ...of(2, 'crew', null), ...of(3, 'shop', 'lab')])
    await take(of(4, 'crew', 'lab').map((span) => ({ ...span, instance: 'second' })))
    expect(agents().map(({ name, nativeId, host }) => [name, nativeId, host])).toEqual([
      ['crew', 'crew', 'lab'],
      ['crew', 'crew', 'laptop'],
      ['shop', 'shop', 'lab'],
      ['crew', 'second', 'lab'],
    ])
  })

  it('are of the agent or the conversation that they name', async () => {
    const { take, agents } = start()
    const talk = { 'gen_ai.conversation.id': 'talk-1' }
    const named = { 'gen_ai.agent.name': 'Helper' }
    await take(read(chat(1, talk), chat(2, talk), chat(3, named), tool(4, named), chat(5, { ...talk, ...named })))
    expect(agents().map(({ name, type, sessionId, tokens: used }) => [name, type, sessionId, used])).toEqual([
      ['crew', 'conversation', 'talk-1', tokens(2)],
      ['Helper', 'agent', null, tokens(1)],
      ['Helper', 'agent', 'talk-1', tokens(1)],
    ])
  })

  it('are the run’s own once that has ended, and nobody else’s any more', async () => {
    const { take, agents } = start()
    const step = { trace: 1, parent: 9 }
    await take(read(chat(1, step), tool(2, step)))
    expect(agents()).toMatchObject([
      { name: 'crew', type: 'program', status: 'active', activity: 'search done', tokens: tokens(1) },
    ])
    await take(read(chat(3)))
    const run: Said = {
      id: 9,
      trace: 1,
      name: 'invoke_agent A',
      from: 0,
      to: 9,
      'gen_ai.operation.name': 'invoke_agent',
    }
    await take(read({ ...run, 'gen_ai.agent.name': 'A', 'gen_ai.usage.input_tokens': 10 }))
    expect(agents().map(({ name, status, tokens: used }) => [name, status, used])).toEqual([
      ['crew', 'idle', tokens(1)],
      ['A', 'offline', tokens(1)],
    ])
    await take(read({ ...run, id: 10, trace: 3, 'gen_ai.agent.name': 'B' }, chat(4, { trace: 3, parent: 10 })))
    expect(agents().find(({ name }) => name === 'B')?.tokens).toEqual(tokens(1))
  })

  it('are over when all around them in their program is', async () => {
    const { take, agents } = start()
    await take(read(chat(1, { parent: 9 })))
    expect(agents()).toMatchObject([{ status: 'active', statusSince: null }])
    await take(read({ id: 9, trace: 1, parent: 8, name: 'POST /', from: 0, to: 9, flags: 0x300 }))
    expect(agents()).toMatchObject([{ status: 'idle', statusSince: '2026-11-24T10:00:02.000Z', activity: null }])
  })

  it.each<[string, Said[], object]>([
    [
      "Vercel's AI SDK",
      [
        { id: 1, name: 'ai.generateText', from: 0, to: 9, 'ai.operationId': 'ai.generateText' },
        {
          id: 2,
          parent: 1,
          name: 'ai.generateText.doGenerate',
          from: 1,
          to: 2,
          'ai.operationId': 'ai.generateText.doGenerate',
          'ai.telemetry.functionId': 'answer',
          'gen_ai.system': 'openai',
          'gen_ai.request.model': 'gpt-5',
          'gen_ai.usage.input_tokens': 10,
          'gen_ai.usage.output_tokens': 1,
        },
        {
          id: 3,
          parent: 1,
          name: 'ai.toolCall',
          from: 2,
          to: 3,
          'ai.operationId': 'ai.toolCall',
          'ai.telemetry.functionId': 'answer',
          'ai.toolCall.name': 'weather',
          'ai.toolCall.args': 'my secret',
        },
      ],
      { name: 'answer', type: 'program', model: 'gpt-5', lastTool: { name: 'weather' } },
    ],
    [
      'OpenLLMetry, a chain without an agent',
      [
        { id: 1, name: 'plan.task', from: 0, to: 9, 'traceloop.span.kind': 'task' },
        {
          id: 2,
          parent: 1,
          name: 'ChatOpenAI.chat',
          from: 1,
          to: 2,
          'llm.request.type': 'chat',
          'gen_ai.system': 'openai',
          'gen_ai.response.model': 'gpt-5',
          'gen_ai.usage.prompt_tokens': 10,
          'gen_ai.usage.completion_tokens': 1,
        },
        {
          id: 3,
          parent: 1,
          name: 'weather.tool',
          from: 2,
          to: 3,
          'traceloop.span.kind': 'tool',
          'traceloop.entity.name': 'weather',
        },
      ],
      { name: 'crew', type: 'program', model: 'gpt-5', lastTool: { name: 'weather' } },
    ],
    [
      'OpenLLMetry, with an agent',
      [
        {
          id: 1,
          name: 'Planner.agent',
          from: 0,
          to: 9,
          'traceloop.span.kind': 'agent',
          'traceloop.entity.name': 'Planner',
        },
        {
          id: 2,
          parent: 1,
          name: 'openai.chat',
          from: 1,
          to: 2,
          'llm.request.type': 'chat',
          'gen_ai.system': 'openai',
          'gen_ai.usage.prompt_tokens': 10,
          'gen_ai.usage.completion_tokens': 1,
        },
      ],
      { name: 'Planner', type: 'agent', status: 'offline' },
    ],
  ])('are understood as older instrumentations tell them: %s', async (_name, spans, expected) => {
    const { take, agents, world } = start()
    await take(read(...spans))
    expect(agents()).toMatchObject([{ tokens: tokens(1), ...expected }])
    expect(JSON.stringify([...world.store.values()])).not.toContain('secret')
  })

  it('of an agent that was made and has no id: nothing is shown, and that is counted', async () => {
    const { take, agents, source } = start()
    await take(
      read({ id: 1, name: 'create_agent A', from: 0, to: 1, 'gen_ai.operation.name': 'create_agent' }, chat(2)),
    )
    expect(agents()).toHaveLength(1)
    expect(source.status.counts).toEqual({ spans: 1, spansNotShown: 1 })
    await source.close()
  })

  it('in very many traces keep their sum, and only the last traces are remembered', async () => {
    const { take, agents, source } = start(undefined, { ...GENAI_BOUNDS, maxTracesPerAgent: 50 })
    for (let id = 1; id <= 200; id++) await take(read(chat(id)))
    await take(read(...Array.from({ length: 200 }, (_, n) => chat(201 + n))))
    expect(agents()).toMatchObject([{ tokens: tokens(400) }])
    await take(read(chat(1), chat(400)))
    expect(agents()).toMatchObject([{ tokens: tokens(400) }])
    expect(source.status.counts).toMatchObject({ spans: 400, spansLate: 1, spansRepeated: 1 })
    await source.close()
  })

  it.each([31, 32, 33])('in any order, cut anywhere and repeated, come to the same agents (seed %i)', async (seed) => {
    const random = seededRandom(seed)
    const lone = [chat(51), chat(52, { 'gen_ai.conversation.id': 'talk-2' }), tool(53), tool(54, { parent: 99 })]
    const spans = read(...CREW, ...lone)
    const one = start()
    await one.take(spans)
    const shuffled = shuffledWithRepeats(spans, random)
    const other = start()
    while (shuffled.length > 0) await other.take(shuffled.splice(0, 1 + Math.floor(random() * 4)))
    const hash = ({ agents, links }: typeof one) =>
      canonicalHash([...agents(), ...links()].map((entity) => ({ ...entity, rev: 0 })).sort(byId))
    expect(other.agents()).toHaveLength(5)
    expect(hash(other)).toBe(hash(one))
  })
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
})

describe('[I12] thousands of spans', () => {
  const runs = (trace: (n: number) => number) =>
    Array.from(
      { length: 1_500 },
      (_, n): Said => ({
        id: n + 1,
        trace: trace(n),
        name: 'invoke_agent A',
        from: n,
        to: n + 1,
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.name': `agent ${n}`,
      }),
    )

  it.each([
    ['of one trace', () => 1],
    ['of as many traces', (n: number) => n + 1],
  ])('%s are one commit, and others have their turn while it is made', async (_name, trace) => {
    const { take, agents, world, source } = start()
    let turns = 0
    let isDone = false
    const look = () => {
      turns++
      if (!isDone) setImmediate(look)
    }
    setImmediate(look)
    await take(read(...runs(trace)))
    isDone = true
    expect(world.store.seq).toBe(1)
    expect(agents()).toHaveLength(1_500)
    // In one piece it is 1.
    expect(turns).toBeGreaterThan(3)
    await source.close()
  })

  it('of several senders at once come to the same agents, and none is lost', async () => {
    const spans = read(...runs((n) => n % 7))
    const [one, other] = [start(), start()]
    await one.take(spans)
    await Promise.all(Array.from({ length: 10 }, (_, n) => other.take(spans.slice(n * 150, (n + 1) * 150))))
    const shown = ({ agents }: typeof one) =>
      canonicalHash(
        agents()
          .map((agent) => ({ ...agent, rev: 0 }))
          .sort((a, b) => (a.id < b.id ? -1 : 1)),
      )
    expect(shown(other)).toBe(shown(one))
  })
})

describe('[I11] the bounds', () => {
  const run = (n: number): Said => ({
    id: n,
    trace: n,
    name: 'invoke_agent A',
    from: n,
    to: n + 1,
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.system': 'x',
    'gen_ai.agent.name': `agent ${n}`,
    'gen_ai.usage.input_tokens': 1,
  })

  it('of agents: the oldest that ended leave, with their links', async () => {
    const { take, agents, agent } = start(undefined, { ...GENAI_BOUNDS, maxAgents: 100 })
    await take(read({ ...run(1), trace: 1_001, id: 1, name: 'chat x', 'gen_ai.operation.name': 'chat', parent: 7 }))
    for (let n = 2; n <= 1_000; n++) await take(read(run(n)))
    expect(agents().length).toBeLessThanOrEqual(100)
    expect(agent('agent 1000')).toBeDefined()
    expect(agent('agent 2')).toBeUndefined()
    // It has not ended.
    expect(agent('agent 1')?.status).toBe('active')
  })

  it('of spans: traces are settled, keep what they had, and late ones are counted and change nothing', async () => {
    const { take, agent, source } = start(undefined, { ...GENAI_BOUNDS, maxSpans: 50 })
    for (let n = 1; n <= 100; n++) await take(read(run(n)))
    expect(agent('agent 1')?.tokens?.input).toBe(1)
    await take(read(run(1), { ...run(1), id: 5_000, parent: 1, name: 'chat x', 'gen_ai.operation.name': 'chat' }))
    expect(agent('agent 1')?.tokens?.input).toBe(1)
    expect(source.status.counts).toMatchObject({ spans: 100, spansLate: 2 })
    await source.close()
  })

  it('of one trace: the rest is dropped and counted; a circle of parents has an end', async () => {
    const { take, source } = start(undefined, { ...GENAI_BOUNDS, maxSpansPerTrace: 30 })
    await take(
      read(...Array.from({ length: 50 }, (_, n): Said => ({ ...run(n + 1), trace: 1, parent: ((n + 1) % 50) + 1 }))),
    )
    expect(source.status.counts).toMatchObject({ spans: 30, spansDropped: 20 })
    await source.close()
  })
})
