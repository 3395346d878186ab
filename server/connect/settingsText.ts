// Our part of Claude Code's settings, put into the text of the file and taken out of it: what others wrote there (claude-flow's
// `init` hooks twelve events) keeps its bytes and its place. Pure.

import { isDeepStrictEqual } from 'node:util'
import { applyEdits, type JSONPath, modify, type ParseError, parse, printParseErrorCode } from 'jsonc-parser'
import { z } from 'zod'
import { isOurs, type WantedSettings } from './wantedSettings.ts'

export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/** Loose: settings have a hundred fields, and more with each version. */
const settings = z.looseObject({
  hooks: z.record(z.string(), z.array(z.unknown())).optional(),
  env: z.record(z.string(), z.unknown()).optional(),
  disableAllHooks: z.boolean().optional(),
})
export type ClaudeSettings = z.infer<typeof settings>

/** Throws `SettingsError` for what Claude Code could not read either: it is nobody's to overwrite. */
export function readSettings(text: string): ClaudeSettings {
  if (text.trim() === '') return {}
  const errors: ParseError[] = []
  const value: unknown = parse(text, errors, { allowTrailingComma: false, disallowComments: true })
  const [error] = errors
  if (error) throw new SettingsError(`it is no JSON: ${printParseErrorCode(error.error)} at character ${error.offset}`)
  const parsed = settings.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new SettingsError(
    `it is not as Claude Code keeps it: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}`,
  )
}

export interface Joined {
  text: string
  /** Variables that stand there with another value and were left so. */
  kept: string[]
}

/** The same again changes nothing. `mayReplace`: which variables of others may get our value. */
export function join(before: string, wanted: WantedSettings, mayReplace: (variable: string) => boolean): Joined {
  const { hooks = {}, env = {} } = readSettings(before)
  let text = before.trim() === '' ? '{}\n' : before
  const set = (path: JSONPath, value: unknown, isArrayInsertion = false) => {
    text = applyEdits(text, modify(text, path, value, { isArrayInsertion, formattingOptions: formatOf(before) }))
  }
  const kept: string[] = []
  for (const [variable, value] of Object.entries(wanted.env)) {
    if (env[variable] === value) continue
    if (env[variable] !== undefined && !mayReplace(variable)) kept.push(variable)
    else set(['env', variable], value)
  }
  for (const [event, group] of Object.entries(wanted.hooks)) {
    const groups = hooks[event]
    if (groups === undefined) {
      set(['hooks', event], [group])
      continue
    }
    const [first, ...more] = groups.flatMap((found, index) => (isOurs(found) ? [index] : []))
    for (const index of more.reverse()) set(['hooks', event, index], undefined)
    if (first === undefined) set(['hooks', event, groups.length], group, true)
    else if (!isDeepStrictEqual(groups[first], group)) set(['hooks', event, first], group)
  }
  return { text, kept }
}

/** Without what is ours; `envBefore` has the values that ours took the place of. What it leaves empty goes, too. */
export function without(
  before: string,
  { env: wanted }: WantedSettings,
  envBefore: Readonly<Record<string, unknown>>,
): string {
  const { hooks = {}, env = {} } = readSettings(before)
  let text = before
  const set = (path: JSONPath, value: unknown) => {
    text = applyEdits(text, modify(text, path, value, { formattingOptions: formatOf(before) }))
  }
  for (const [event, groups] of Object.entries(hooks)) {
    const ours = groups.flatMap((group, index) => (isOurs(group) ? [index] : []))
    if (ours.length === 0) continue
    if (ours.length === groups.length) set(['hooks', event], undefined)
    else for (const index of ours.reverse()) set(['hooks', event, index], undefined)
  }
  // What somebody changed since is no longer ours.
  for (const [variable, value] of Object.entries(wanted)) {
    if (env[variable] === value) set(['env', variable], envBefore[variable])
  }
  const left = readSettings(text)
  for (const part of ['hooks', 'env'] as const) {
    if (left[part] && Object.keys(left[part]).length === 0) set([part], undefined)
  }
  return text
}

/** As the file is written already; else as Claude Code writes it. */
function formatOf(text: string) {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? '  '
  return {
    insertSpaces: !indent.startsWith('\t'),
    tabSize: indent.startsWith('\t') ? 1 : indent.length,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  }
}
