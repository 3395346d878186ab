// Whether Claude Code's settings have it report here, and nothing in them keeps it from that.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { canBeStarted } from '../../platform/programs.ts'
import { SECRETS } from '../../platform/secrets.ts'
import { redact } from '../../protocol/redact.ts'
import { commandLine } from '../cli/commandLine.ts'
import type { Given } from '../config.ts'
import { type ClaudePlace, hooksOff, scopesOf, variablesOf } from '../connect/claudeScopes.ts'
import { ourHooksIn } from '../connect/settingsText.ts'
import { type Elsewhere, howToTakeOut, inWords, telemetryElsewhere } from '../connect/telemetryElsewhere.ts'
import {
  ENDPOINT_VARIABLE,
  HEADERS_VARIABLE,
  HOOKED_EVENTS,
  isHarmless,
  isOfTaste,
  oursIn,
  TOKEN_VARIABLE,
  telemetry,
} from '../connect/wantedSettings.ts'
import { broken, type Check, ok, skipped, warning } from './check.ts'

export interface SettingsInput extends ClaudePlace {
  /** Where the server is, or will be. */
  url: string
  ingestToken: string | null
  /** By which the commands are named that are told. */
  given?: Given
  path?: string
}

const connectLine = ({ project, given = {} }: SettingsInput): string => commandLine({ ...given, project }, 'connect')

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
  const fix = connectLine(input)
  const bad = scopes.find(({ error }) => error !== null)
  if (bad) return broken(name, `${bad.where}: ${bad.error}`, 'Correct that file: Claude Code cannot read it either')
  const local = scopes.find(({ kind }) => kind === 'local')
  const ours = ourHooksIn(local?.settings ?? {})
  if (ours.length === 0) return warning(name, `none in ${local?.where}`, fix)
  const off = hooksOff(scopes)
  if (off) return broken(name, `${off.where} switches all hooks off`, `Take ${off.setting} out of it`)
  if (ours.some(({ address }) => address !== input.url)) return broken(name, `they do not go to ${input.url}`, fix)
  if (input.ingestToken !== null && variablesOf(scopes).get(TOKEN_VARIABLE)?.value !== input.ingestToken) {
    return broken(name, 'they bring another ingest token than the server knows', fix)
  }
  const missing = HOOKED_EVENTS.filter((event) => !ours.some((hook) => hook.event === event && !hook.isNarrowed))
  if (missing.length > 0) return warning(name, `nothing, or not all, of ${missing.join(', ')}`, fix)
  const { path = process.env.PATH ?? '' } = input
  if (!canBeStarted('curl', input.project, path)) {
    return broken(name, 'curl is missing, by which they send', 'Install curl')
  }
  return ok(name, `in ${local?.where}, for ${input.url}`)
}

/** Of a token that there is not yet, nothing can be wrong. */
const NO_TOKEN = '-'

export function checkTelemetry(input: SettingsInput): Check {
  const name = 'Telemetry'
  const fix = connectLine(input)
  const scopes = scopesOf(input)
  const env = variablesOf(scopes)
  const target = { url: input.url, ingestToken: input.ingestToken ?? NO_TOKEN, hostName: '' }
  const elsewhere = telemetryElsewhere(scopes, target).filter(
    (each) => each.name !== HEADERS_VARIABLE || input.ingestToken !== null,
  )
  const [first] = [...elsewhere].sort((a, b) => rank(a) - rank(b))
  if (first?.isFixed) {
    const found = `set up otherwise: ${inWords(first)}`
    const headers = env.get(HEADERS_VARIABLE)
    const isHalfOurs = headers !== undefined && isHarmless(HEADERS_VARIABLE, headers.value, target)
    const how = howToTakeOut([first])
    return isHalfOurs
      ? broken(name, `${found}; and our token is there, too`, `${fix} takes ours out; or ${how}`)
      : warning(name, found, how)
  }
  if (!env.has(ENDPOINT_VARIABLE) || !env.has('CLAUDE_CODE_ENABLE_TELEMETRY'))
    return warning(name, 'not switched on: no tokens, no cost', fix)
  if (first?.name === ENDPOINT_VARIABLE)
    return warning(name, `it goes to ${redact(String(first.value), 200)}`, `${fix} --replace-telemetry`)
  if (first?.name === HEADERS_VARIABLE) {
    const isFormer = first.scope.kind === 'local' && oursIn(first.scope.settings.env ?? {}).has(HEADERS_VARIABLE)
    const how = isFormer ? fix : `${fix} --replace-telemetry`
    return broken(name, 'it brings another ingest token than the server knows', how)
  }
  if (first) {
    const value = redact(String(first.value), 200)
    return warning(
      name,
      `${first.name} is ${value} in ${first.scope.where}: not all of it comes`,
      `${fix} --replace-telemetry`,
    )
  }
  const missing = Object.keys(telemetry(target)).filter((each) => !isOfTaste(each) && !env.has(each))
  if (missing.some((each) => each === 'OTEL_TRACES_EXPORTER' || each === 'CLAUDE_CODE_ENHANCED_TELEMETRY_BETA'))
    return warning(name, `without traces (${missing.join(', ')}): nobody knows which agent used what`, fix)
  if (missing.length > 0) return warning(name, `without ${missing.join(', ')}: not all of it comes`, fix)
  return ok(name, `goes to ${input.url}`)
}

/** What says most comes first. */
const rank = ({ isFixed, name }: Elsewhere): number =>
  isFixed ? 0 : name === ENDPOINT_VARIABLE ? 1 : name === HEADERS_VARIABLE ? 2 : 3
