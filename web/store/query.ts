// The query language of search, table, tree and scene: terms that all must hold.
//
//     status:failed,idle  -type:tester  origin:claude-code  cost>1  tokens>=10k  age>5m  cpu:none  "free text"
//
// Pure: text → terms, each with its place in the text; what is not understood is a term too, which says what is wrong
// and filters nothing.

import type { Agent } from '../../protocol/swarm.ts'
import { fieldOf, type NumberField, QUERY_FIELDS, type TextField, type Unit, type WordField } from './queryFields.ts'

/** As long as what is asked for in an address may reasonably be; more is cut. */
export const MAX_QUERY_LENGTH = 2_000
const MAX_TERMS = 64

export type Comparison = '>' | '>=' | '<' | '<=' | '='

interface Place {
  /** [from, to) in the query's text. */
  from: number
  to: number
  /** As it was written. */
  text: string
  /** What must not hold: written with a minus. */
  isNot: boolean
}

export type QueryTerm = Place &
  (
    | { type: 'words'; value: string }
    | { type: 'word'; name: string; field: WordField; values: string[] }
    | { type: 'text'; name: string; field: TextField; values: string[] }
    | { type: 'number'; name: string; field: NumberField; comparison: Comparison; value: number }
    /** `cost:none`, `cost:any`: whether anybody reported it. */
    | { type: 'reported'; name: string; field: NumberField | TextField; isReported: boolean }
    | { type: 'problem'; problem: string }
  )

export interface Query {
  text: string
  terms: QueryTerm[]
}

export function parseQuery(given: string): Query {
  const text = given.slice(0, MAX_QUERY_LENGTH)
  const terms: QueryTerm[] = []
  for (const { from, to } of pieces(text)) {
    if (terms.length === MAX_TERMS) break
    terms.push(termOf(text.slice(from, to), from, to))
  }
  return { text, terms }
}

/** Cut at white space outside of quotes. */
function* pieces(text: string): Iterable<{ from: number; to: number }> {
  let from = -1
  let isQuoted = false
  for (let at = 0; at <= text.length; at++) {
    const char = text[at]
    if (char === '"') isQuoted = !isQuoted
    const isEnd = char === undefined || (!isQuoted && /\s/.test(char))
    if (!isEnd && from < 0) from = at
    if (isEnd && from >= 0) {
      yield { from, to: at }
      from = -1
    }
  }
}

const NAMED = /^([a-z][a-z-]*)(:>=|:<=|:>|:<|:|>=|<=|>|<|=)(.*)$/is

function termOf(text: string, from: number, to: number): QueryTerm {
  const isNot = text.startsWith('-') && text.length > 1
  const place: Place = { from, to, text, isNot }
  const body = isNot ? text.slice(1) : text
  const problem = (words: string): QueryTerm => ({ ...place, type: 'problem', problem: words })
  if ((body.match(/"/g) ?? []).length % 2 === 1) return problem('The closing " is missing')
  const [, rawName, rawSign = '', rawValue = ''] = NAMED.exec(body) ?? []
  if (rawName === undefined) {
    const value = unquoted(body).trim().toLowerCase()
    return value === '' ? problem('There is nothing between the quotes') : { ...place, type: 'words', value }
  }
  const name = rawName.toLowerCase()
  const field = fieldOf(name)
  if (!field) return problem(unknownField(name, body))
  const sign = rawSign.length > 1 ? rawSign.replace(/^:/, '') : rawSign
  const values = valuesOf(rawValue)
  const [value] = values
  if (value === undefined) return problem(`Say which ${name}, for example ${field.example}`)
  // In quotes they are words that somebody's name may be.
  const isReported = /^any$/i.test(rawValue) ? true : /^none$/i.test(rawValue) ? false : null
  if (field.type !== 'word' && sign === ':' && isReported !== null) {
    return { ...place, type: 'reported', name, field, isReported }
  }
  if (field.type === 'number') {
    const parsed = values.length === 1 ? numberOf(value, field.unit) : null
    if (parsed === null)
      return problem(`${name} is compared with ${UNIT_WORDS[field.unit]}, for example ${field.example}`)
    return {
      ...place,
      type: 'number',
      name,
      field,
      comparison: sign === ':' ? '=' : (sign as Comparison),
      value: parsed,
    }
  }
  if (sign !== ':' && sign !== '=') return problem(`${name} is not a number: write ${field.example}`)
  if (field.type === 'text') return { ...place, type: 'text', name, field, values }
  const wrong = values.find((one) => !field.words.includes(one))
  if (wrong !== undefined) return problem(unknownWord(name, wrong, field.words))
  return { ...place, type: 'word', name, field, values }
}

const unquoted = (text: string): string => text.replaceAll('"', '')

/** `a,"b, c"` → `a` and `b, c`, in lower case. */
function valuesOf(text: string): string[] {
  return (text.match(/(?:"[^"]*"|[^,"])+/g) ?? [])
    .map((value) => unquoted(value).trim().toLowerCase())
    .filter((value) => value !== '')
}

const UNIT_WORDS: Readonly<Record<Unit, string>> = {
  count: 'a number (k, M, G)',
  usd: 'dollars',
  duration: 'a time (s, m, h, d)',
  share: 'a share (0.5 or 50%)',
  bytes: 'bytes (k, M, G)',
}
const FACTORS: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  count: { '': 1, k: 1e3, m: 1e6, g: 1e9 },
  usd: { '': 1, k: 1e3 },
  duration: { '': 1e3, s: 1e3, m: 60e3, min: 60e3, h: 3_600e3, d: 86_400e3 },
  share: { '': 1, '%': 0.01 },
  bytes: { '': 1, k: 1_024, kib: 1_024, m: 1_024 ** 2, mib: 1_024 ** 2, g: 1_024 ** 3, gib: 1_024 ** 3 },
}

function numberOf(text: string, unit: Unit): number | null {
  const [, digits = '', suffix = ''] = /^\$?(\d+(?:\.\d+)?|\.\d+)([a-z%]*)$/.exec(text) ?? []
  const factors = FACTORS[unit]
  if (digits === '' || !Object.hasOwn(factors, suffix) || (text.startsWith('$') && unit !== 'usd')) return null
  return Number(digits) * (factors[suffix] ?? 1)
}

function unknownField(name: string, body: string): string {
  const near = nearest(name, Object.keys(QUERY_FIELDS))
  return near === null
    ? `Nothing is called “${name}”; to search for these words write "${unquoted(body)}"`
    : `Nothing is called “${name}”: did you mean ${near}?`
}

function unknownWord(name: string, word: string, words: readonly string[]): string {
  const near = nearest(word, words)
  return near === null
    ? `There is no ${name} “${word}”; there are ${words.slice(0, 8).join(', ')}`
    : `There is no ${name} “${word}”: did you mean ${near}?`
}

/** The most alike, if it is a slip of the hand away. */
function nearest(word: string, words: readonly string[]): string | null {
  let best: string | null = null
  let bestDistance = 3
  for (const candidate of words) {
    const distance = editDistance(word, candidate)
    if (distance < bestDistance && distance < Math.max(2, candidate.length / 2)) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 9
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 9
}

export const problemsOf = ({ terms }: Query): Extract<QueryTerm, { type: 'problem' }>[] =>
  terms.filter((term) => term.type === 'problem')

/** Whether it compares with how long something has been so. */
export const hasDurations = ({ terms }: Query): boolean =>
  terms.some((term) => term.type === 'number' && term.field.unit === 'duration')

/** `null`: nothing is asked for that is understood. */
export function compileQuery({ terms }: Query, nowMs: () => number): ((agent: Agent) => boolean) | null {
  const asked = terms.filter((term) => term.type !== 'problem')
  if (asked.length === 0) return null
  return (agent) => asked.every((term) => holds(term, agent, nowMs) !== term.isNot)
}

const has = (text: string | null, value: string): boolean => text?.toLowerCase().includes(value) ?? false

function holds(term: Exclude<QueryTerm, { type: 'problem' }>, agent: Agent, nowMs: () => number): boolean {
  switch (term.type) {
    case 'words':
      return SEARCHED.some((of) => has(of(agent), term.value))
    case 'word':
      return term.values.some((value) => term.field.is(agent, value))
    case 'text':
      return term.values.some((value) => term.field.texts(agent).some((text) => has(text, value)))
    case 'reported': {
      const { field } = term
      const isReported =
        field.type === 'text' ? field.texts(agent).some((text) => text !== null) : field.of(agent, nowMs()) !== null
      return isReported === term.isReported
    }
    case 'number': {
      const value = term.field.of(agent, nowMs())
      // What nobody reported is neither more nor less than anything.
      return value !== null && compare(value, term.comparison, term.value)
    }
    default:
      return term satisfies never
  }
}

/** Where free words are looked for. */
const SEARCHED: readonly ((agent: Agent) => string | null)[] = [
  (agent) => agent.name,
  (agent) => agent.type,
  (agent) => agent.activity,
  (agent) => agent.currentTask,
  (agent) => agent.attention?.reason ?? null,
  (agent) => agent.nativeId,
]

function compare(a: number, comparison: Comparison, b: number): boolean {
  switch (comparison) {
    case '>':
      return a > b
    case '>=':
      return a >= b
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '=':
      return a === b
    default:
      return comparison satisfies never
  }
}

/** The query without one of its terms. */
export function withoutTerm({ terms }: Query, removed: QueryTerm): string {
  return terms
    .filter((term) => term !== removed)
    .map((term) => term.text)
    .join(' ')
}

/** A value as it is written in a query. */
export const quoted = (value: string): string => {
  const plain = value.replaceAll('"', '')
  return /[\s,]|^$|^(any|none)$/i.test(plain) ? `"${plain}"` : plain
}
