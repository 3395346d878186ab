// The query language: what it finds, what it does not understand and says so, and what it offers next.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Agent } from '../../protocol/swarm.ts'
import { compileQuery, MAX_QUERY_LENGTH, parseQuery, problemsOf, quoted, withoutTerm } from '../../web/store/query.ts'
import { completionsFor } from '../../web/store/queryCompletions.ts'
import { QUERY_FIELDS } from '../../web/store/queryFields.ts'
import { agentOf } from '../helpers/webWorld.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const ago = (ms: number) => new Date(NOW - ms).toISOString()
const tokens = (input: number, output: number) => ({ input, output, cacheRead: null, cacheWrite: null })

const AGENTS: Agent[] = [
  agentOf('queen', {
    type: 'coordinator',
    origin: 'claude-flow',
    kind: 'registered',
    project: 'checkout-api',
    tokens: tokens(9_000, 2_000),
    costUsd: 1.5,
    statusSince: ago(600_000),
    lastActiveAt: ago(30_000),
  }),
  agentOf('reader', {
    type: 'researcher',
    origin: 'claude-code',
    project: 'My app',
    model: 'claude-opus-4',
    attention: { reason: 'permission: Bash', since: ago(5_000) },
    tokens: tokens(900, 100),
    costUsd: 0,
    statusSince: ago(5_000),
    lastActiveAt: ago(5_000),
  }),
  agentOf('checker', {
    type: 'tester',
    status: 'error',
    activity: 'Bash npm test',
    cpuUsage: 0.6,
    memoryBytes: 3 * 1024 ** 3,
    tools: { count: 120, errors: 3, durationMs: null },
    tokens: null,
    costUsd: null,
    statusSince: null,
    lastActiveAt: null,
  }),
  agentOf('idler', {
    type: 'coder',
    status: 'idle',
    currentTask: 'Free text, with a comma',
    tokens: null,
    costUsd: null,
  }),
]

function found(text: string): string[] {
  const filter = compileQuery(parseQuery(text), () => NOW)
  return AGENTS.filter((agent) => filter?.(agent) ?? true).map((agent) => agent.name)
}
const ALL = AGENTS.map((agent) => agent.name)
const problems = (text: string) => problemsOf(parseQuery(text)).map(({ problem }) => problem)

describe('a query', () => {
  it.each([
    ['', ALL],
    ['   ', ALL],
    ['queen', ['queen']],
    ['QUEEN', ['queen']],
    ['e r', ['queen', 'reader', 'checker', 'idler']],
    ['npm', ['checker']],
    ['"npm test"', ['checker']],
    ['permission', ['reader']],
    ['status:failed', ['checker']],
    ['status:error', ['checker']],
    ['status:needs-you', ['reader']],
    ['needs:me', ['reader']],
    ['status:failed,idle', ['checker', 'idler']],
    ['type:coder,tester', ['checker', 'idler']],
    ['-type:tester', ['queen', 'reader', 'idler']],
    ['-queen', ['reader', 'checker', 'idler']],
    ['-"npm test"', ['queen', 'reader', 'idler']],
    ['origin:claude-code', ['reader', 'checker', 'idler']],
    ['kind:registered', ['queen']],
    ['project:checkout', ['queen']],
    ['project:"my app"', ['reader']],
    ['project:none', ['checker', 'idler']],
    ['project:"none"', []],
    ['name:"any"', []],
    ['project:ANY', ['queen', 'reader']],
    ['model:opus', ['reader']],
    ['task:"text, with"', ['idler']],
    ['"free text"', ['idler']],
    ['tokens>10k', ['queen']],
    ['tokens>=1000', ['queen', 'reader']],
    ['tokens:1k', ['reader']],
    ['tokens=1k', ['reader']],
    ['tokens<2K', ['reader']],
    ['tokens:>10k', ['queen']],
    ['cost>1', ['queen']],
    ['cost>$1', ['queen']],
    ['cost<=0', ['reader']],
    ['cost:none', ['checker', 'idler']],
    ['cost:any', ['queen', 'reader']],
    ['-cost>1', ['reader', 'checker', 'idler']],
    ['age>5m', ['queen']],
    ['age<10s', ['reader']],
    ['age:none', ['checker', 'idler']],
    ['quiet>=5s quiet<1m', ['queen', 'reader']],
    ['cpu>50%', ['checker']],
    ['cpu>0.5', ['checker']],
    ['memory>=3G', ['checker']],
    ['tools>100 errors>2', ['checker']],
    ['status:error type:tester cost:none -type:coder', ['checker']],
    ['status:error type:coder', []],
    ['STATUS:ERROR', ['checker']],
  ])('%j finds %j', (text, names) => {
    expect(problems(text)).toEqual([])
    expect(found(text)).toEqual(names)
  })

  it('does not take what nobody reported for nothing', () => {
    expect(found('cost<1')).toEqual(['reader'])
    expect(found('cost>=0')).toEqual(['queen', 'reader'])
    expect(found('tokens<1M')).toEqual(['queen', 'reader'])
  })

  it.each([
    ['statsu:failed', /did you mean status/],
    ['status:faild', /did you mean failed/],
    ['status:zebra', /there are needs-you, failed/i],
    ['colour:red', /Nothing is called “colour”; to search for these words write "colour:red"/],
    ['status:', /Say which status, for example status:failed/],
    ['cost>', /Say which cost/],
    ['cost>cheap', /cost is compared with dollars/],
    ['tokens>10x', /k, M, G/],
    ['tokens>$10', /k, M, G/],
    ['tokens>1,2', /k, M, G/],
    ['age>5y', /s, m, h, d/],
    ['type>coder', /type is not a number/],
    ['"open', /closing " is missing/],
    ['""', /nothing between the quotes/],
    ['constructor:x', /Nothing is called/],
  ])('%j is marked', (text, words) => expect(problems(text)).toEqual([expect.stringMatching(words)]))

  it('goes on with what it understands', () => {
    expect(found('statsu:x status:failed')).toEqual(['checker'])
    expect(compileQuery(parseQuery('statsu:x'), () => NOW)).toBeNull()
  })

  it('knows where each term stands', () => {
    const text = ' -type:tester  "a b"\tcost>1 '
    const { terms } = parseQuery(text)
    expect(terms.map(({ text: of }) => of)).toEqual(['-type:tester', '"a b"', 'cost>1'])
    for (const { from, to, text: of } of terms) expect(text.slice(from, to)).toBe(of)
    expect(terms.map(({ isNot }) => isNot)).toEqual([true, false, false])
  })

  it('loses one term and keeps the others as they were written', () => {
    const query = parseQuery('status:failed  foo:bar "a b"')
    expect(withoutTerm(query, query.terms[1]!)).toBe('status:failed "a b"')
  })

  it('takes whatever is thrown at it: places are right, nothing throws, it is read again as it was [fast-check]', () => {
    const names = Object.keys(QUERY_FIELDS)
    const word = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc
        .tuple(
          fc.constantFrom('', '-'),
          fc.constantFrom(...names, 'nope'),
          fc.constantFrom(':', '>', '<=', ':>', '='),
          fc.constantFrom('', '1', '10k', 'failed', '"a b"', 'none', ',', '"'),
        )
        .map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const text = words.join(' ')
        const query = parseQuery(text)
        let end = 0
        for (const term of query.terms) {
          expect(term.from).toBeGreaterThanOrEqual(end)
          expect(text.slice(term.from, term.to)).toBe(term.text)
          end = term.to
        }
        const filter = compileQuery(query, () => NOW)
        for (const agent of AGENTS) filter?.(agent)
        const again = parseQuery(query.terms.map((term) => term.text).join(' '))
        expect(again.terms.map(({ type, text: of }) => [type, of])).toEqual(
          query.terms.map(({ type, text: of }) => [type, of]),
        )
        completionsFor(text, AGENTS)
      }),
      { numRuns: 500 },
    )
  })

  it('is cut where no person reads on', () => {
    expect(parseQuery('x '.repeat(5_000)).terms).toHaveLength(64)
    expect(parseQuery('x'.repeat(5_000)).text).toHaveLength(MAX_QUERY_LENGTH)
  })

  it('asks 10,000 agents in a few milliseconds', () => {
    const filter = compileQuery(parseQuery('status:failed type:coder cost>1 -name:x "bash"'), () => NOW)!
    const many = Array.from({ length: 10_000 }, (_, index) => agentOf(`coder-${index}`))
    const began = performance.now()
    for (const agent of many) filter(agent)
    // Ten times what a slow machine needs: only something quadratic would miss it.
    expect(performance.now() - began).toBeLessThan(500)
  })
})

describe('completion', () => {
  const inserts = (draft: string) => completionsFor(draft, AGENTS).map(({ insert }) => insert)

  it('begins with the names of fields', () => expect(inserts('').slice(0, 3)).toEqual(['status:', 'needs:', 'is:']))

  it('offers what begins so, states among it', () => {
    expect(inserts('to')).toEqual(['tokens>', 'tools>', 'status:tool'])
    expect(inserts('fail')).toEqual(['status:failed'])
    expect(inserts('-fail')).toEqual(['-status:failed'])
  })

  it('offers the values of fixed words', () => {
    expect(inserts('origin:c')).toEqual(['origin:claude-flow', 'origin:claude-code'])
    expect(inserts('status:failed,need')).toEqual(['status:failed,needs-you'])
  })

  it('offers the values that are there, the most frequent first, quoted where needed', () => {
    expect(inserts('project:')).toEqual(['project:"My app"', 'project:checkout-api'])
    expect(inserts('type:e')).toContain('type:researcher')
    expect(inserts('model:opus')).toEqual(['model:claude-opus-4'])
  })

  it.each(['cost>', 'nope:', '"free', 'cost:1'])('offers nothing after %j', (draft) =>
    expect(inserts(draft)).toEqual([]),
  )

  it('offers only what is understood', () => {
    for (const draft of ['', 'status:', 'type:', 'origin:', 'kind:', 'needs:', 'project:', 'id:']) {
      for (const { insert, isWhole } of completionsFor(draft, AGENTS)) {
        if (isWhole) expect(problems(insert)).toEqual([])
      }
    }
  })

  it('writes values so that they are read again', () => {
    for (const value of ['a', 'a b', 'a,b', '', 'a"b'])
      expect(parseQuery(`project:${quoted(value)}`).terms).toHaveLength(1)
  })

  it('has an example for each field that it understands itself', () => {
    for (const { example } of Object.values(QUERY_FIELDS)) expect(problems(example)).toEqual([])
  })
})
