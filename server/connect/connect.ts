// Connects a project's Claude Code with this server, or takes that back: what is to be written, worked out from what
// stands there; then, unless it is a dry run, written.

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join as joinPath } from 'node:path'
import { folderOf, whyGitWouldKeep } from './gitGuard.ts'
import { type Memory, SettingsFile } from './settingsFile.ts'
import { join, readSettings, SettingsError, without } from './settingsText.ts'
import { isOfOneSignal, type Target, telemetryElsewhere, wantedSettings } from './wantedSettings.ts'

export interface ConnectOptions {
  project: string
  projectDir: string
  target: Target
  /** Take telemetry over that goes elsewhere. */
  replaceTelemetry: boolean
  /** Where Claude Code keeps the user's own settings. */
  userDir?: string
}

/** What is to be written, or why nothing can be. */
export type Plan =
  | { type: 'refused'; reason: string }
  | {
      type: 'write'
      before: string | null
      /** `null`: the file goes. */
      after: string | null
      /** What the user should know. */
      notes: string[]
      carryOut(): void
    }

/** Throws `SettingsError` if the file is none of Claude Code's. */
export async function planConnect(options: ConnectOptions): Promise<Plan> {
  const { project, projectDir, target, replaceTelemetry } = options
  const file = new SettingsFile(project, projectDir)
  const refusal = await refuse(file, project)
  if (refusal !== null) return { type: 'refused', reason: refusal }
  const current = file.read()
  const text = current ?? ''
  const known = file.remembered()
  const settings = readAt(file.path, () => readSettings(text))
  const others = othersEnv(options, settings.env ?? {}, known)
  const elsewhere = telemetryElsewhere(others, target)
  const fixed = elsewhere.filter(isOfOneSignal)
  const withTelemetry = elsewhere.length === 0 || (replaceTelemetry && fixed.length === 0)
  const wanted = wantedSettings(target, withTelemetry)
  const wasOurs = (name: string) => known?.env[name]?.value === settings.env?.[name]
  const { text: after } = join(text, wanted, (name) => wasOurs(name) || (replaceTelemetry && elsewhere.includes(name)))
  return {
    type: 'write',
    before: current,
    after,
    notes: notesOf({ elsewhere, fixed, withTelemetry, settings }),
    carryOut: () => {
      if (after === text) return
      const untouched = file.untouchedBefore(text)
      const envBefore = (name: string) => known?.env[name]?.before ?? (wasOurs(name) ? undefined : settings.env?.[name])
      const { env: written = {} } = readSettings(after)
      const env: Memory['env'] = {}
      for (const [name, value] of Object.entries(wanted.env)) {
        if (written[name] === value) env[name] = { value, before: envBefore(name) }
      }
      // Somebody changed it since: what `--remove` gives back has that change, and nothing of ours.
      const before = untouched !== undefined ? untouched : current === null ? null : withoutOurs(text, known, target)
      file.write(after, before, env)
    },
  }
}

/** Throws `SettingsError` if the file is none of Claude Code's. */
export function planRemove({ project, projectDir, target }: ConnectOptions): Plan {
  const file = new SettingsFile(project, projectDir)
  const current = file.read()
  if (current === null) return { type: 'write', before: null, after: null, notes: [], carryOut: () => undefined }
  const untouched = file.untouchedBefore(current)
  const known = file.remembered()
  const rest = untouched !== undefined ? untouched : readAt(file.path, () => withoutOurs(current, known, target))
  // Nothing was there before, and nothing of others is there now.
  const after = rest !== null && known?.mode === null && isEmpty(rest) ? null : rest
  return { type: 'write', before: current, after, notes: [], carryOut: () => after !== current && file.restore(after) }
}

const isEmpty = (text: string): boolean => Object.keys(readSettings(text)).length === 0

function withoutOurs(text: string, known: Memory | null, target: Target): string {
  const wanted = wantedSettings(target)
  if (!known) return without(text, wanted, {})
  const env = Object.fromEntries(Object.entries(known.env).map(([name, { value }]) => [name, value]))
  const before = Object.fromEntries(Object.entries(known.env).map(([name, { before }]) => [name, before]))
  return without(text, { ...wanted, env }, before)
}

async function refuse(file: SettingsFile, project: string): Promise<string | null> {
  const paths = new Set([file.path, file.realPath()])
  for (const path of paths) {
    const reason = await whyGitWouldKeep(path, path === file.path ? project : folderOf(path))
    if (reason !== null) return reason
  }
  return null
}

/** The variables of all settings that a session here has, but for those that we wrote. */
function othersEnv(
  { project, userDir = process.env.CLAUDE_CONFIG_DIR ?? joinPath(homedir(), '.claude') }: ConnectOptions,
  local: Readonly<Record<string, unknown>>,
  known: Memory | null,
): Record<string, unknown> {
  const own = Object.entries(local).filter(([name, value]) => known?.env[name]?.value !== value)
  return {
    ...envIn(joinPath(userDir, 'settings.json')),
    ...envIn(joinPath(project, '.claude', 'settings.json')),
    ...Object.fromEntries(own),
  }
}

function envIn(path: string): Readonly<Record<string, unknown>> {
  try {
    return readSettings(readFileSync(path, 'utf8')).env ?? {}
  } catch {
    return {} // not there, or Claude Code cannot read it either
  }
}

function readAt<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    throw new SettingsError(`${path} is left as it is: ${error.message}`, { cause: error })
  }
}

interface Found {
  elsewhere: string[]
  fixed: string[]
  withTelemetry: boolean
  settings: ReturnType<typeof readSettings>
}

function notesOf({ elsewhere, fixed, withTelemetry, settings }: Found): string[] {
  const notes: string[] = []
  if (!withTelemetry) {
    const how = fixed.length > 0 ? `take ${fixed.join(', ')} out first` : 'add --replace-telemetry'
    notes.push(
      `Telemetry already goes elsewhere (${elsewhere.join(', ')}) and stays so: no tokens and cost here. To have it come here, ${how}.`,
    )
  }
  if (settings.disableAllHooks)
    notes.push('These settings switch all hooks off (disableAllHooks): nothing will arrive.')
  return notes
}
