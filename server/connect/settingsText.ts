// Our part of Claude Code's settings, put into the text of the file and taken out of it: what others wrote there (claude-flow's
// `init` hooks twelve events) keeps its bytes and its place, also a hook that somebody put beside ours. Pure.

import { isDeepStrictEqual } from 'node:util'
import {
  applyEdits,
  type FormattingOptions,
  type JSONPath,
  modify,
  type ParseError,
  parse,
  printParseErrorCode,
} from 'jsonc-parser'
import { z } from 'zod'
import { addressOfOurs, type WantedSettings } from './wantedSettings.ts'

export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/** Loose: settings have a hundred fields, and more with each version. */
const settings = z.looseObject({
  hooks: z.record(z.string(), z.array(z.unknown())).optional(),
  env: z.record(z.string(), z.unknown()).optional(),
  disableAllHooks: z.boolean().optional(),
  allowManagedHooksOnly: z.boolean().optional(),
  /** A program whose headers telemetry brings in place of the variable's. */
  otelHeadersHelper: z.string().optional(),
})
export type ClaudeSettings = z.infer<typeof settings>

/** Some editors put it before all; Claude Code does not mind. */
export const BOM = '\uFEFF'
const bomOf = (text: string): string => (text.startsWith(BOM) ? BOM : '')

/** Throws `SettingsError` for what Claude Code could not read either: it is nobody's to overwrite. */
export function readSettings(whole: string): ClaudeSettings {
  const text = whole.slice(bomOf(whole).length)
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

/** Where a hook of ours stands. */
export interface OurHook {
  event: string
  group: number
  entry: number
  /** As it stands there. */
  hook: unknown
  /** What it sends to. */
  address: string
  /** Somebody gave its group a matcher: it does not hear of everything. */
  isNarrowed: boolean
}

export const ourHooksIn = ({ hooks = {} }: ClaudeSettings): OurHook[] =>
  Object.entries(hooks).flatMap(([event, groups]) =>
    groups.flatMap((found, group) =>
      entriesOf(found).flatMap((hook, entry) => {
        const address = addressOfOurs(hook)
        return address === null ? [] : [{ event, group, entry, hook, address, isNarrowed: isNarrowed(found) }]
      }),
    ),
  )

function entriesOf(group: unknown): unknown[] {
  const { hooks } = (group ?? {}) as { hooks?: unknown }
  return Array.isArray(hooks) ? hooks : []
}
function isNarrowed(group: unknown): boolean {
  const { matcher } = (group ?? {}) as { matcher?: unknown }
  return matcher !== undefined && matcher !== '' && matcher !== '*'
}

/** The text of settings while it is changed, each change in the form that the file has already. */
class Edited {
  text: string
  readonly #formattingOptions: FormattingOptions

  constructor(before: string) {
    this.text = before
    this.#formattingOptions = formatOf(before)
  }

  set(path: JSONPath, value: unknown, isArrayInsertion = false): void {
    const options = { isArrayInsertion, formattingOptions: this.#formattingOptions }
    this.text = applyEdits(this.text, modify(this.text, path, value, options))
  }

  /** With the groups that it leaves empty, and the events that these leave empty. */
  takeOut({ hooks: all = {} }: ClaudeSettings, ours: readonly OurHook[]): void {
    const left = new Map(
      Object.entries(all).map(([event, groups]) => [event, groups.map((each) => entriesOf(each).length)]),
    )
    // From the end: the places of the others stay.
    for (const { event, group, entry } of [...ours].reverse()) {
      const groups = left.get(event) ?? []
      const entries = groups[group] ?? 0
      if (entries > 1) {
        this.set(['hooks', event, group, 'hooks', entry], undefined)
        groups[group] = entries - 1
      } else {
        this.set(['hooks', event, ...(groups.length > 1 ? [group] : [])], undefined)
        groups.splice(group, 1)
      }
    }
  }
}

/** The same again changes nothing. `mayReplace`: which variables that stand there otherwise get our value. */
export function join(before: string, wanted: WantedSettings, mayReplace: (variable: string) => boolean): string {
  const bom = bomOf(before)
  const settings = readSettings(before)
  const edited = new Edited(before.trim() === '' ? '{}\n' : before.slice(bom.length))
  for (const [variable, value] of Object.entries(wanted.env)) {
    const found = settings.env?.[variable]
    if (found !== value && (found === undefined || mayReplace(variable))) edited.set(['env', variable], value)
  }
  // One for each event stays where it is, and becomes what it has to be.
  const staying = new Map<string, OurHook>()
  for (const hook of ourHooksIn(settings)) {
    if (hook.event in wanted.hooks && !hook.isNarrowed && !staying.has(hook.event)) staying.set(hook.event, hook)
  }
  for (const [event, { group, entry }] of staying) {
    const [hook] = wanted.hooks[event]?.hooks ?? []
    const isSame = isDeepStrictEqual(entriesOf(settings.hooks?.[event]?.[group])[entry], hook)
    if (!isSame) edited.set(['hooks', event, group, 'hooks', entry], hook)
  }
  edited.takeOut(
    settings,
    ourHooksIn(settings).filter((hook) => !isAt(staying.get(hook.event), hook)),
  )
  for (const [event, group] of Object.entries(wanted.hooks)) {
    if (staying.has(event)) continue
    const groups = readSettings(edited.text).hooks?.[event]
    if (groups === undefined) edited.set(['hooks', event], [group])
    else edited.set(['hooks', event, groups.length], group, true)
  }
  return bom + edited.text
}

const isAt = (place: OurHook | undefined, { group, entry }: OurHook): boolean =>
  place !== undefined && place.group === group && place.entry === entry

/** Without our hooks; `variables` get the values (`undefined`: none) that they had before. What it leaves empty goes, too. */
export function without(before: string, variables: ReadonlyMap<string, unknown>): string {
  const bom = bomOf(before)
  const settings = readSettings(before)
  const edited = new Edited(before.slice(bom.length))
  edited.takeOut(settings, ourHooksIn(settings))
  return bom + withVariables(edited, settings, variables).text
}

/** With these variables as they were before, and all else as it is. */
export function withoutVariables(before: string, variables: ReadonlyMap<string, unknown>): string {
  if (variables.size === 0) return before
  const bom = bomOf(before)
  return bom + withVariables(new Edited(before.slice(bom.length)), readSettings(before), variables).text
}

function withVariables(edited: Edited, settings: ClaudeSettings, variables: ReadonlyMap<string, unknown>): Edited {
  const { env = {} } = settings
  for (const [variable, value] of variables) if (variable in env) edited.set(['env', variable], value)
  const left = readSettings(edited.text)
  const isEmpty = (part: object | undefined) => part !== undefined && Object.keys(part).length === 0
  for (const part of ['hooks', 'env'] as const) {
    if (isEmpty(left[part]) && !isEmpty(settings[part])) edited.set([part], undefined)
  }
  return edited
}

/** As the file is written already; else as Claude Code writes it. */
function formatOf(text: string): FormattingOptions {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? '  '
  return {
    insertSpaces: !indent.startsWith('\t'),
    tabSize: indent.startsWith('\t') ? 1 : indent.length,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  }
}
