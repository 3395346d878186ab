// What may come next while a term is typed: names of fields, then values that are there. Pure.

import type { Agent } from '../../protocol/swarm.ts'
import { quoted } from './query.ts'
import { fieldOf, QUERY_FIELDS } from './queryFields.ts'

export const MAX_COMPLETIONS = 8
/** Of ten thousand agents so many are asked for what is there; the rest has hardly anything else. */
const MAX_ASKED = 2_000

export interface Completion {
  /** Takes the place of what was typed. */
  insert: string
  hint: string
  /** The term is whole, and the next may begin. */
  isWhole: boolean
}

export function completionsFor(draft: string, agents: Iterable<Agent>): Completion[] {
  const minus = draft.startsWith('-') ? '-' : ''
  const body = draft.slice(minus.length)
  if (body.includes('"')) return []
  const [, name = '', value = ''] = /^([a-z-]+)[:=](.*)$/i.exec(body) ?? []
  const completions = name === '' ? namesFor(body.toLowerCase()) : valuesFor(name.toLowerCase(), value, agents)
  return completions
    .filter(({ insert }) => insert !== body)
    .slice(0, MAX_COMPLETIONS)
    .map((completion) => ({ ...completion, insert: minus + completion.insert }))
}

function namesFor(start: string): Completion[] {
  const fields = Object.entries(QUERY_FIELDS)
  const names = fields
    .filter(([name]) => name.startsWith(start))
    .map(([name, field]) => ({
      insert: field.type === 'number' ? `${name}>` : `${name}:`,
      hint: `${field.title}, ${field.example}`,
      isWhole: false,
    }))
  if (start === '') return names
  // Who types "failed" means the state as often as the word.
  const words = fields.flatMap(([name, field]) =>
    field.type === 'word'
      ? field.words
          .filter((word) => word.startsWith(start))
          .map((word) => ({ insert: `${name}:${word}`, hint: field.title, isWhole: true }))
      : [],
  )
  return [...names, ...words]
}

function valuesFor(name: string, typed: string, agents: Iterable<Agent>): Completion[] {
  const field = fieldOf(name)
  if (!field || field.type === 'number') return []
  const comma = typed.lastIndexOf(',') + 1
  const before = typed.slice(0, comma)
  const start = typed.slice(comma).toLowerCase()
  const isNew = (value: string) => !before.toLowerCase().split(',').includes(value.toLowerCase())
  const whole = (value: string, hint: string): Completion => ({
    insert: `${name}:${before}${quoted(value)}`,
    hint,
    isWhole: true,
  })
  if (field.type === 'word') {
    return field.words.filter((word) => word.startsWith(start) && isNew(word)).map((word) => whole(word, field.title))
  }
  const counts = new Map<string, number>()
  let asked = 0
  for (const agent of agents) {
    if (asked++ === MAX_ASKED) break
    for (const text of new Set(field.texts(agent))) {
      if (text?.toLowerCase().includes(start) && isNew(text)) counts.set(text, (counts.get(text) ?? 0) + 1)
    }
  }
  return [...counts]
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, MAX_COMPLETIONS)
    .map(([value, count]) => whole(value, count === 1 ? '1 agent' : `${count} agents`))
}
