// What a plan does to Claude Code's settings, in a few lines: which hooks on which events, which variables, in which file.

import { ourHooksIn, readSettings } from './settingsText.ts'

export interface Change {
  /** The file that is written, or goes. */
  path: string
  /** `null`: there is no file. */
  before: string | null
  after: string | null
  /** Where the file is kept as it was; `null`: nothing is. */
  backup: string | null
}

/** `isPlan`: nothing of it is done. */
export function changeSummary({ path, before, after, backup }: Change, isPlan: boolean): string {
  const verb = before === null ? 'make' : after === null ? 'remove' : 'change'
  const does = isPlan ? `Would ${verb}` : { make: 'Makes', remove: 'Removes', change: 'Changes' }[verb]
  const [hooksBefore, hooksAfter] = [before, after].map(hooksIn) as [Named, Named]
  const [envBefore, envAfter] = [before, after].map(variablesIn) as [Named, Named]
  return [
    `${does} ${path}`,
    ...linesOf('hook', hooksBefore, hooksAfter),
    ...linesOf('variable', envBefore, envAfter),
    ...(backup === null ? [] : [`  as it was: ${backup}`]),
  ].join('\n')
}

/** What stands there, by name, in a form that can be compared. */
type Named = ReadonlyMap<string, string>

function hooksIn(text: string | null): Named {
  const found = new Map<string, string>()
  for (const { event, hook } of ourHooksIn(readSettings(text ?? '')))
    found.set(event, (found.get(event) ?? '') + JSON.stringify(hook))
  return found
}

function variablesIn(text: string | null): Named {
  const { env = {} } = readSettings(text ?? '')
  return new Map(Object.entries(env).map(([name, value]) => [name, JSON.stringify(value)]))
}

function linesOf(what: string, before: Named, after: Named): string[] {
  const added = [...after.keys()].filter((name) => !before.has(name))
  const changed = [...after].filter(([name, value]) => before.has(name) && before.get(name) !== value)
  const gone = [...before.keys()].filter((name) => !after.has(name))
  const line = (sign: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`  ${sign} ${names.length} ${what}${names.length === 1 ? '' : 's'}: ${names.join(', ')}`]
  return [
    ...line('+', added),
    ...line(
      '~',
      changed.map(([name]) => name),
    ),
    ...line('-', gone),
  ]
}
