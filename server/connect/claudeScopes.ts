// All that a session of Claude Code in a project takes its settings from: four kinds of files and the shell that it is started
// from, ranked as Claude Code (2.1.197) does it.

import { readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { settingsPathOf } from './settingsFile.ts'
import { type ClaudeSettings, readSettings } from './settingsText.ts'

export interface ClaudePlace {
  project: string
  /** Where Claude Code keeps the user's own settings. */
  userDir?: string
  /** Where an organisation puts those that nobody can override. */
  managedDir?: string
  /** Of the shell that sessions are started from, as far as it can be known: ours. */
  env?: NodeJS.ProcessEnv
}

export interface Scope {
  kind: 'managed' | 'local' | 'project' | 'user' | 'shell'
  /** For people. */
  where: string
  settings: ClaudeSettings
  /** Why it could not be read; then Claude Code cannot either. */
  error: string | null
}

/** The first comes before the others. */
export function scopesOf({
  project,
  env = process.env,
  userDir = env.CLAUDE_CONFIG_DIR ?? join(homedir(), '.claude'),
  managedDir = MANAGED_DIRS[process.platform] ?? '/etc/claude-code',
}: ClaudePlace): [...Scope[], Scope] {
  return [
    ...managedFiles(managedDir).map((path) => scopeAt('managed', path)),
    scopeAt('local', settingsPathOf(project)),
    scopeAt('project', join(project, '.claude', 'settings.json')),
    scopeAt('user', join(userDir, 'settings.json')),
    { kind: 'shell', where: 'the shell', settings: { env }, error: null },
  ]
}

const MANAGED_DIRS: Partial<Record<NodeJS.Platform, string>> = {
  darwin: '/Library/Application Support/ClaudeCode',
  win32: 'C:\\Program Files\\ClaudeCode',
}

function managedFiles(folder: string): string[] {
  const whole = join(folder, 'managed-settings.json')
  const more = join(folder, 'managed-settings.d')
  try {
    const names = readdirSync(more).filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    // The later ones come before the earlier ones.
    return [
      ...names
        .sort()
        .reverse()
        .map((name) => join(more, name)),
      whole,
    ]
  } catch {
    return [whole] // the usual case: there is no such folder
  }
}

function scopeAt(kind: Scope['kind'], path: string): Scope {
  try {
    return { kind, where: path, settings: readSettings(readFileSync(path, 'utf8')), error: null }
  } catch (error) {
    const isMissing = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
    return { kind, where: path, settings: {}, error: isMissing ? null : (error as Error).message }
  }
}

/** What a variable is in a session, and who says so. */
export interface Variable {
  value: unknown
  scope: Scope
}

export function variablesOf(scopes: readonly Scope[]): Map<string, Variable> {
  const found = new Map<string, Variable>()
  for (const scope of scopes) {
    for (const [name, value] of Object.entries(scope.settings.env ?? {})) {
      if (value !== undefined && !found.has(name)) found.set(name, { value, scope })
    }
  }
  return found
}

/** What keeps all our hooks from running, if anything does. */
export function hooksOff(scopes: readonly Scope[]): { setting: string; where: string } | null {
  const managed = scopes.filter(({ kind }) => kind === 'managed')
  const only = managed.find(({ settings }) => settings.allowManagedHooksOnly !== undefined)
  if (only?.settings.allowManagedHooksOnly) return { setting: 'allowManagedHooksOnly', where: only.where }
  // The first that says anything has the word.
  const off = scopes.find(({ settings }) => settings.disableAllHooks !== undefined)
  return off?.settings.disableAllHooks ? { setting: 'disableAllHooks', where: off.where } : null
}
