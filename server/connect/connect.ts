// Connects a project's Claude Code with this server, or takes that back: what is to be written, worked out from what
// stands there; then, unless it is a dry run, written.

import type { Change } from './changeSummary.ts'
import { type ClaudePlace, hooksOff, type Scope, scopesOf } from './claudeScopes.ts'
import { folderOf, whyGitWouldKeep } from './gitGuard.ts'
import { type Before, type Memory, SettingsFile } from './settingsFile.ts'
import { join, ourHooksIn, readSettings, SettingsError, without, withoutVariables } from './settingsText.ts'
import { type Elsewhere, howToTakeOut, inWords, telemetryElsewhere } from './telemetryElsewhere.ts'
import { HEADERS_VARIABLE, oursIn, type Target, TOKEN_VARIABLE, wantedSettings } from './wantedSettings.ts'

export interface ConnectOptions extends ClaudePlace {
  projectDir: string
  target: Target
  /** Take telemetry over that goes elsewhere. */
  replaceTelemetry: boolean
}

/** What is to be written. */
interface Planned extends Change {
  /** What the user should know. */
  notes: string[]
}

/** `refused`: it may not be, and why. */
export type Plan =
  | (Planned & { type: 'refused'; reason: string })
  | (Planned & {
      type: 'write'
      carryOut(): void
    })

/** Throws `SettingsError` if the file is none of Claude Code's. */
export async function planConnect(options: ConnectOptions): Promise<Plan> {
  const { project, projectDir, target, replaceTelemetry } = options
  const file = new SettingsFile(project, projectDir)
  const refusal = await refuse(file, project)
  const current = file.read()
  const text = current ?? ''
  const ours = readAt(file.path, () => oursOf(file, text))
  const scopes = scopesOf(options).map((scope) => withoutOursIn(scope, ours))
  const elsewhere = telemetryElsewhere(scopes, target)
  // What ours came before already, ours may come before again.
  const isOverruled = ({ scope }: Elsewhere) => ours.variables.has(HEADERS_VARIABLE) && scope.kind !== 'local'
  const inTheWay = elsewhere.filter((each) => each.isFixed || !(replaceTelemetry || isOverruled(each)))
  const withTelemetry = inTheWay.length === 0
  const wanted = wantedSettings(target, withTelemetry)
  const isReplaced = (name: string) => replaceTelemetry && elsewhere.some((each) => each.name === name)
  const after = join(
    withTelemetry ? text : withoutVariables(text, ours.telemetry),
    wanted,
    (name) => name === TOKEN_VARIABLE || ours.variables.has(name) || isReplaced(name),
  )
  const planned = {
    path: file.path,
    before: current,
    after,
    backup: current === null || after === text ? null : file.backupPath,
    notes: notesOf(inTheWay, scopes),
  }
  if (refusal !== null) return { type: 'refused', ...planned, reason: refusal }
  return {
    type: 'write',
    ...planned,
    carryOut: () => {
      if (after === text) return
      const { env: found = {} } = readSettings(text)
      const { env: written = {} } = readSettings(after)
      const env: Memory['env'] = {}
      for (const [name, value] of Object.entries(wanted.env)) {
        const before = ours.variables.has(name) ? ours.variables.get(name) : found[name]
        if (written[name] === value) env[name] = { value, before }
      }
      file.write(after, current === null ? null : beforeOurs(file, current), env)
    },
  }
}

/** Throws `SettingsError` if the file is none of Claude Code's. */
export function planRemove({ project, projectDir }: Pick<ConnectOptions, 'project' | 'projectDir'>): Plan {
  const file = new SettingsFile(project, projectDir)
  const current = file.read()
  const { path } = file
  if (current === null)
    return { type: 'write', path, before: null, after: null, backup: null, notes: [], carryOut: () => undefined }
  const before = readAt(file.path, () => beforeOurs(file, current))
  const after = before?.text ?? null
  const notes =
    after === current || file.untouchedBefore(current) !== undefined
      ? []
      : ['Others wrote there since, or nothing is known of how it was: only what is ours is taken out.']
  return {
    type: 'write',
    path,
    before: current,
    after,
    backup: null,
    notes,
    carryOut: () => after !== current && file.restore(current, before),
  }
}

/** What `--remove` gives back of a file that stands so: all that is not ours, and what ours took the place of. */
function beforeOurs(file: SettingsFile, current: string): Before {
  const untouched = file.untouchedBefore(current)
  if (untouched !== undefined) return untouched
  const ours = oursOf(file, current)
  if (!ours.isThere) return { text: current, mode: file.mode }
  const text = without(current, ours.variables)
  // Nothing of others is there, nor is it known that there was.
  if (Object.keys(readSettings(text)).length === 0 && (ours.known?.mode ?? null) === null) return null
  return { text, mode: ours.known?.mode ?? file.mode }
}

interface Ours {
  isThere: boolean
  /** Of the write that this text comes from. */
  known: Memory | null
  /** Those that were set here, and what stood there before. */
  variables: ReadonlyMap<string, unknown>
  /** Those of them that are of telemetry. */
  telemetry: ReadonlyMap<string, unknown>
}

/** What in this text came from here. Whatever is remembered of another text that stood there once counts for nothing. */
function oursOf(file: SettingsFile, text: string): Ours {
  const settings = readSettings(text)
  const { env = {} } = settings
  const isThere = TOKEN_VARIABLE in env || ourHooksIn(settings).length > 0
  const known = isThere ? file.remembered(text) : null
  const names = oursIn(env)
  for (const [name, { value }] of Object.entries(known?.env ?? {})) if (env[name] === value) names.add(name)
  const variables = new Map([...names].map((name) => [name, known?.env[name]?.before]))
  const telemetry = new Map([...variables].filter(([name]) => name !== TOKEN_VARIABLE))
  return { isThere, known, variables, telemetry }
}

/** A shell has them from us, too: that of a session which reports here, or one that was told to by hand. */
function withoutOursIn(scope: Scope, ours: Ours): Scope {
  if (scope.kind !== 'local' && scope.kind !== 'shell') return scope
  const env = scope.settings.env ?? {}
  const names = scope.kind === 'local' ? new Set(ours.variables.keys()) : oursIn(env)
  const others = Object.entries(env).filter(([name]) => !names.has(name))
  return { ...scope, settings: { ...scope.settings, env: Object.fromEntries(others) } }
}

async function refuse(file: SettingsFile, project: string): Promise<string | null> {
  const paths = new Set([file.path, file.realPath()])
  for (const path of paths) {
    const reason = await whyGitWouldKeep(path, path === file.path ? project : folderOf(path))
    if (reason !== null) return reason
  }
  return null
}

function readAt<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    throw new SettingsError(`${path} is left as it is: ${error.message}`, { cause: error })
  }
}

/** `inTheWay`: what keeps telemetry from coming here. */
function notesOf(inTheWay: readonly Elsewhere[], scopes: readonly Scope[]): string[] {
  const notes: string[] = []
  if (inTheWay.length > 0) {
    const fixed = inTheWay.filter(({ isFixed }) => isFixed)
    const how = [
      ...(fixed.length > 0 ? [howToTakeOut(fixed)] : []),
      ...(fixed.length < inTheWay.length ? ['add --replace-telemetry'] : []),
    ].join(', and ')
    const where = inTheWay.map(inWords).join(', ')
    notes.push(
      `Telemetry is set up otherwise (${where}) and stays so: no tokens and cost here. To have it come here, ${how}.`,
    )
  }
  const off = hooksOff(scopes)
  if (off) notes.push(`${off.where} switches all hooks off (${off.setting}): nothing will arrive.`)
  return notes
}
