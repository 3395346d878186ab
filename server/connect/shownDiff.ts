// What changes in Claude Code's settings, fit to be shown to others: neither our tokens, nor what stands beside them.

import { createTwoFilesPatch } from 'diff'
import { type Node, parseTree } from 'jsonc-parser'
import { redact } from '../../protocol/redact.ts'
import { BOM } from './settingsText.ts'
import { HEADERS_VARIABLE, TOKEN_VARIABLE, wantedSettings } from './wantedSettings.ts'

const NAME = '.claude/settings.local.json'
/** They stand for what is left out, one character each: so nobody takes the words themselves for a secret. */
const LEFT_OUT = { '\uE000': '<ingest token>', '\uE001': '<former ingest token>', '\uE002': '<not shown>' } as const
const [TOKEN, FORMER_TOKEN, NOT_SHOWN] = Object.keys(LEFT_OUT) as (keyof typeof LEFT_OUT)[] as [string, string, string]

/** Whose values are shown; of all others only the names. */
const SHOWN = new Set(Object.keys(wantedSettings({ url: '', ingestToken: '', hostName: '' }).env))

/** `null`: no file. */
export function shownDiff(before: string | null, after: string | null, ingestToken: string): string {
  const from = before === null ? '/dev/null' : `a/${NAME}`
  const to = after === null ? '/dev/null' : `b/${NAME}`
  const shown = [before, after].map((text) => masked(text ?? '', ingestToken))
  const patch = createTwoFilesPatch(from, to, shown[0] ?? '', shown[1] ?? '', undefined, undefined, { context: 2 })
  const lines = patch.replace(/^=+\n/, '').split('\n')
  const text = lines.map((line) => redact(line, Number.POSITIVE_INFINITY)).join('\n')
  return text.replace(/[\uE000-\uE002]/g, (left) => LEFT_OUT[left as keyof typeof LEFT_OUT]).trimEnd()
}

function masked(text: string, ingestToken: string): string {
  const clean = text.replace(BOM, '').replace(/[\uE000-\uE002]/g, '')
  const values = valuesOfEnv(clean)
  const former = values.find(({ name }) => name === TOKEN_VARIABLE)?.value ?? ''
  const withoutTokens = (value: string) => {
    const known = value.replaceAll(inJson(ingestToken), TOKEN)
    return former.length === 0 ? known : known.replaceAll(inJson(former), FORMER_TOKEN)
  }
  let shown = ''
  let end = 0
  for (const { name, offset, length } of values) {
    const value = withoutTokens(clean.slice(offset, offset + length))
    const isOurs = name !== HEADERS_VARIABLE || value.includes(TOKEN) || value.includes(FORMER_TOKEN)
    shown += clean.slice(end, offset) + (SHOWN.has(name) && isOurs ? value : `"${NOT_SHOWN}"`)
    end = offset + length
  }
  return withoutTokens(shown + clean.slice(end))
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

interface Value {
  name: string
  value: string
  offset: number
  length: number
}

/** In the order in which they stand there. */
function valuesOfEnv(text: string): Value[] {
  const found: Value[] = []
  for (const [name, env] of propertiesOf(parseTree(text))) {
    if (name !== 'env') continue
    for (const [name, { value, offset, length }] of propertiesOf(env)) {
      found.push({ name, value: typeof value === 'string' ? value : '', offset, length })
    }
  }
  return found
}

function propertiesOf(node: Node | undefined): [name: string, value: Node][] {
  if (node?.type !== 'object') return []
  return (node.children ?? []).flatMap(({ children: [name, value] = [] }) =>
    name && value ? [[String(name.value), value]] : [],
  )
}
