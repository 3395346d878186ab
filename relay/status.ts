// `relay status`: how the relay is, in words or as JSON, in place of netstat, ps and tail.

import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { dataDirPath } from '../platform/dataDir.ts'
import { type FoundSecret, findSecret, readSecretFile, SECRETS } from '../platform/secrets.ts'
import { errorBody } from '../protocol/errors.ts'
import { askHealth, type HealthAnswer, type RelayHealth } from './askHealth.ts'
import { ConfigError, type StatusConfig } from './config.ts'
import { failureText, healthText } from './statusText.ts'

/** The log's last lines, from what stands in so many of its last bytes. */
const LOG_LINES = 8
const LOG_TAIL_BYTES = 32 * 1024

export interface StatusReport {
  answer: HealthAnswer
  /** The relay did not take our token: it tells what it tells anybody. */
  tokenRefused: boolean
  /** `null`: it is not known where the log is, or it is on another machine. */
  log: { file: string; lines: string[]; error: string | null } | null
  /** For a shell; the token is not in it. */
  claudeCode: string
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
  const report: StatusReport = {
    answer,
    tokenRefused: health !== null && found !== null && health.pid === undefined,
    log: health && readLog(health),
    claudeCode: claudeCodeCommand(config, found, health?.asksForToken ?? true),
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
  return JSON.stringify({ host, port, ...outcome, claudeCode }, null, 2)
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

function claudeCodeCommand(
  { host, port, tls, dataDir }: StatusConfig,
  found: FoundSecret | null,
  asksForToken: boolean,
): string {
  const name = host === '127.0.0.1' ? 'localhost' : host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  const url = `${tls ? 'https' : 'http'}://${name}:${port}/mcp`
  const command = `claude mcp add --transport http claude-flow ${url}`
  if (!asksForToken) return command
  const path = found ? found.path : join(dataDirPath(dataDir), SECRETS.relay.file)
  const token = path === null ? `$${SECRETS.relay.variable}` : `$(cat ${shellWord(path)})`
  return `${command} --header "Authorization: Bearer ${token}"`
}

/** Within `$(…)`, which begins quoting anew. */
const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

/** Only if the relay, and so its log, is on this machine. */
function readLog({ logFile, project }: RelayHealth): StatusReport['log'] {
  if (!logFile || project.host !== hostname()) return null
  try {
    return { file: logFile, lines: lastLines(logFile), error: null }
  } catch (error) {
    return { file: logFile, lines: [], error: (error as NodeJS.ErrnoException).code ?? 'unknown' }
  }
}

function lastLines(file: string): string[] {
  const descriptor = openSync(file, 'r')
  try {
    const { size } = fstatSync(descriptor)
    const from = Math.max(0, size - LOG_TAIL_BYTES)
    const buffer = Buffer.alloc(size - from)
    const length = readSync(descriptor, buffer, 0, buffer.length, from)
    const lines = buffer.subarray(0, length).toString().split('\n')
    const whole = from > 0 ? lines.slice(1) : lines // the first one may be cut
    return whole.filter((line) => line !== '').slice(-LOG_LINES)
  } finally {
    closeSync(descriptor)
  }
}
