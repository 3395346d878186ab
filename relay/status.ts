// `relay status`: how the relay is, in words or as JSON, in place of netstat, ps and tail.

import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { dataDirPath } from '../platform/dataDir.ts'
import { lastLines } from '../platform/followFile.ts'
import { type FoundSecret, findSecret, readSecretFile, SECRETS } from '../platform/secrets.ts'
import { shellWord } from '../platform/shellWord.ts'
import { errorBody } from '../protocol/errors.ts'
import { askHealth, type HealthAnswer, type RelayHealth } from './askHealth.ts'
import { ConfigError, type StatusConfig } from './config.ts'
import { type ClaudeCodeView, failureText, healthText } from './statusText.ts'

const LOG_LINES = 8

export interface StatusReport {
  answer: HealthAnswer
  /** The relay did not take our token: it tells what it tells anybody. */
  tokenRefused: boolean
  /** `null`: it is not known where the log is, or it is on another machine. */
  log: { file: string; lines: string[]; error: string | null } | null
  claudeCode: ClaudeCodeView
}

export interface StatusOutcome {
  /** 0 healthy, 1 degraded, 2 down or not reached. */
  exitCode: 0 | 1 | 2
  text: string
}

export async function relayStatus(config: StatusConfig, env: NodeJS.ProcessEnv): Promise<StatusOutcome> {
  const { host, port, json } = config
  const found = findToken(config, env)
  const tls = config.tls && { ca: config.tls.ca === undefined ? undefined : readCa(config.tls.ca) }
  const answer = await askHealth({ host, port, tls, token: found?.secret ?? null })
  const health = answer.type === 'answered' ? answer.health : null
  const tokenRefused = health !== null && found !== null && health.pid === undefined
  const report: StatusReport = {
    answer,
    tokenRefused,
    log: health && (await readLog(health)),
    claudeCode: claudeCode(config, health, tokenRefused ? 'refused' : found),
  }
  return { exitCode: exitCodeOf(answer), text: json ? jsonOf(report, config) : textOf(report, config) }
}

function exitCodeOf(answer: HealthAnswer): StatusOutcome['exitCode'] {
  if (answer.type === 'failed') return 2
  return ({ healthy: 0, degraded: 1, down: 2 } as const)[answer.health.status]
}

function textOf({ answer, tokenRefused, log, claudeCode }: StatusReport, { host, port }: StatusConfig): string {
  if (answer.type === 'failed') return failureText(answer.error)
  const refused = errorBody('RELAY_UNAUTHORIZED', { host, port }).error
  const hint = tokenRefused
    ? `${refused}: it shows no more than anybody may see. Give its token with --token-file or SWARMSCOPE_RELAY_TOKEN`
    : answer.health.pid === undefined
      ? 'Without its token it shows no more than anybody may see: give --token-file, --data-dir or SWARMSCOPE_RELAY_TOKEN'
      : null
  return healthText({ health: answer.health, hint, log, claudeCode, nowMs: Date.now() })
}

function jsonOf({ answer, tokenRefused, log, claudeCode }: StatusReport, { host, port }: StatusConfig): string {
  const outcome =
    answer.type === 'failed'
      ? { reached: false, error: answer.error }
      : { reached: true, tokenRefused, health: answer.health, log }
  return JSON.stringify({ host, port, ...outcome, claudeCode: claudeCode.command }, null, 2)
}

/** Makes none: who only looks must not leave a token behind that no relay has. */
function findToken({ tokenFile, dataDir }: StatusConfig, env: NodeJS.ProcessEnv): FoundSecret | null {
  if (tokenFile !== undefined) return { secret: readSecretFile(tokenFile).secret, path: tokenFile }
  return findSecret('relay', dataDirPath(dataDir), env)
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new ConfigError(`--tls-ca ${file} cannot be read (${code})`, { cause: error })
  }
}

/** A command only if it would work. */
function claudeCode(
  { host, port, tls, dataDir }: StatusConfig,
  health: RelayHealth | null,
  token: FoundSecret | 'refused' | null,
): ClaudeCodeView {
  if (health === null) return { command: null, missing: 'the relay' }
  const name = host === '127.0.0.1' ? 'localhost' : host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  const url = `${tls ? 'https' : 'http'}://${name}:${port}/mcp`
  const command = `claude mcp add --transport http claude-flow ${url}`
  if (health.asksForToken === false) return { command }
  if (token === 'refused') return { command: null, missing: 'the token of this relay: it refused ours' }
  if (token === null) {
    const file = join(dataDirPath(dataDir), SECRETS.relay.file)
    return { command: null, missing: `its token: ${SECRETS.relay.variable} is not set, and there is none in ${file}` }
  }
  // Within `$(…)`, which begins quoting anew.
  const word = token.path === null ? `$${SECRETS.relay.variable}` : `$(cat ${shellWord(token.path)})`
  return { command: `${command} --header "Authorization: Bearer ${word}"` }
}

/** Only if the relay, and so its log, is on this machine. */
async function readLog({ logFile, project }: RelayHealth): Promise<StatusReport['log']> {
  if (!logFile || project.host !== hostname()) return null
  try {
    return { file: logFile, lines: await lastLines(logFile, LOG_LINES), error: null }
  } catch (error) {
    return { file: logFile, lines: [], error: (error as NodeJS.ErrnoException).code ?? 'unknown' }
  }
}
