// Whether Claude Code's settings have it report here, and nothing in them keeps it from that.

import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { canBeStarted } from '../../platform/programs.ts'
import { SECRETS } from '../../platform/secrets.ts'
import { settingsPathOf } from '../connect/settingsFile.ts'
import { type ClaudeSettings, readSettings } from '../connect/settingsText.ts'
import { HOOKED_EVENTS, isOurs, otlpHeaders, TOKEN_VARIABLE } from '../connect/wantedSettings.ts'
import { broken, type Check, ok, skipped, warning } from './check.ts'

export interface SettingsInput {
  project: string
  /** Where the server is, or will be. */
  url: string
  ingestToken: string | null
  userDir?: string
  path?: string
}

const CONNECT = 'npm start -- connect'

export function checkTokens(dataDir: string, env: NodeJS.ProcessEnv = process.env): Check {
  const name = 'Tokens'
  const open: string[] = []
  let found = 0
  for (const { file, variable } of Object.values(SECRETS)) {
    if (env[variable]) {
      found++
      continue
    }
    try {
      found++
      if (process.platform !== 'win32' && (statSync(join(dataDir, file)).mode & 0o077) !== 0) open.push(file)
    } catch {
      found-- // made at the first start
    }
  }
  if (open.length > 0) {
    return broken(
      name,
      `others can read ${open.join(', ')}`,
      `chmod 600 ${open.map((file) => join(dataDir, file)).join(' ')}`,
    )
  }
  return found === 0 ? skipped(name, 'made at the first start') : ok(name, `in ${dataDir}, for you alone`)
}

export function checkHooks(input: SettingsInput): Check {
  const name = 'Hooks'
  const scopes = scopesOf(input)
  const bad = scopes.find(({ error }) => error !== null)
  if (bad) return broken(name, `${bad.path}: ${bad.error}`, 'Correct that file: Claude Code cannot read it either')
  const local = scopes[0]?.settings ?? {}
  const ours = Object.entries(local.hooks ?? {}).flatMap(([event, groups]) =>
    groups.filter(isOurs).map((group) => ({ event, group })),
  )
  if (ours.length === 0) return warning(name, `none in ${scopes[0]?.path}`, `${CONNECT} --project ${input.project}`)
  const off = scopes.find(({ settings }) => settings.disableAllHooks)
  if (off) return broken(name, `${off.path} switches all hooks off`, 'Take disableAllHooks out of it')
  const elsewhere = ours.find(({ group }) => !JSON.stringify(group).includes(`${input.url}/`))
  if (elsewhere) return broken(name, `they do not go to ${input.url}`, `${CONNECT} --project ${input.project}`)
  if (input.ingestToken !== null && local.env?.[TOKEN_VARIABLE] !== input.ingestToken) {
    return broken(
      name,
      'they bring another ingest token than the server knows',
      `${CONNECT} --project ${input.project}`,
    )
  }
  const missing = HOOKED_EVENTS.filter((event) => !ours.some((found) => found.event === event))
  if (missing.length > 0)
    return warning(name, `none for ${missing.join(', ')}`, `${CONNECT} --project ${input.project}`)
  const { path = process.env.PATH ?? '' } = input
  if (!canBeStarted('curl', input.project, path)) {
    return broken(name, 'curl is missing, by which they send', 'Install curl')
  }
  return ok(name, `in ${scopes[0]?.path}, for ${input.url}`)
}

export function checkTelemetry(input: SettingsInput): Check {
  const name = 'Telemetry'
  const env = Object.assign(
    {},
    ...scopesOf(input)
      .reverse()
      .map(({ settings }) => settings.env ?? {}),
  ) as Record<string, unknown>
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT
  const fix = `${CONNECT} --project ${input.project}`
  if (endpoint === undefined || !env.CLAUDE_CODE_ENABLE_TELEMETRY)
    return warning(name, 'not switched on: no tokens, no cost', fix)
  if (endpoint !== input.url) return warning(name, `it goes to ${String(endpoint)}`, `${fix} --replace-telemetry`)
  const token = input.ingestToken
  if (token !== null && !String(env.OTEL_EXPORTER_OTLP_HEADERS).includes(otlpHeaders(token))) {
    return broken(name, 'it brings another ingest token than the server knows', fix)
  }
  if (env.OTEL_TRACES_EXPORTER !== 'otlp')
    return warning(name, 'without traces: nobody knows which agent used what', fix)
  return ok(name, `goes to ${input.url}`)
}

interface Scope {
  path: string
  settings: ClaudeSettings
  error: string | null
}

/** The first comes before the others. */
function scopesOf({
  project,
  userDir = process.env.CLAUDE_CONFIG_DIR ?? join(homedir(), '.claude'),
}: SettingsInput): Scope[] {
  return [settingsPathOf(project), join(project, '.claude', 'settings.json'), join(userDir, 'settings.json')].map(
    (path) => {
      try {
        return { path, settings: readSettings(readFileSync(path, 'utf8')), error: null }
      } catch (error) {
        const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
        return { path, settings: {}, error: isMissing ? null : (error as Error).message }
      }
    },
  )
}
