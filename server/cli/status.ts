// `npm start -- status`: how the running server of this project is, in words; the exit code says it to scripts.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { SECRETS } from '../../platform/secrets.ts'
import { allRunning, type Given, isMadeUp, type Options, type Place, placeOf, runFileOf } from '../config.ts'
import { isRunning, type RunFile, readRunFile, runningAt, runningServers } from '../runFile.ts'
import { askHealth, type HealthAnswer, type SourceAnswer } from './askServer.ts'
import { commandLine } from './commandLine.ts'
import { print } from './print.ts'

export const EXIT = { healthy: 0, degraded: 1, down: 2 } as const

export type StatusReport =
  /** `note`: what else is to be said. */
  | {
      running: true
      exitCode: number
      pid: number
      url: string
      tlsUrl?: string
      health: HealthAnswer
      note: string | null
    }
  /** `url`: where one was said to be. */
  | {
      running: false
      exitCode: typeof EXIT.down
      pid: number | null
      url: string | null
      reason: string
      suggestion: string
    }

export function statusCommand(): Command {
  return new Command('status')
    .description('says how the running server of this project is; exit code 0: healthy, 1: degraded, 2: down')
    .option('--json', 'as JSON', false)
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Options & { json: boolean }>()
      const place = placeOf(options)
      const report = await statusOf(place)
      print(options.json ? `${JSON.stringify(report, null, 2)}\n` : statusText(report, Date.now(), place.given))
      process.exitCode = report.exitCode
    })
}

/** Finds and asks the server of this place; or, if there is exactly one other with the same data dir, that one. */
export async function statusOf(place: Place, env: NodeJS.ProcessEnv = process.env): Promise<StatusReport> {
  const server = findServer(place)
  if ('reason' in server) return { running: false, exitCode: EXIT.down, ...server }
  const { pid, url, tlsUrl, note = null } = server
  try {
    const health = await askHealth(url, tokenIn(place.dataDir, env))
    const exitCode =
      health.status === 'healthy' ? EXIT.healthy : health.status === 'degraded' ? EXIT.degraded : EXIT.down
    return { running: true, exitCode, pid, url, ...(tlsUrl ? { tlsUrl } : {}), health, note }
  } catch (error) {
    const refused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
    const reason = refused ? `nothing listens at ${url}` : `what runs at ${url} (process ${pid}) does not answer`
    const again = `tart it again: ${commandLine(place.given, null)}`
    const suggestion = refused ? `S${again}` : `End it (kill ${pid}) and s${again}`
    return { running: false, exitCode: EXIT.down, pid, url, reason, suggestion }
  }
}

type Missing = { pid: number | null; url: string | null; reason: string; suggestion: string }

function findServer({ dataDir, key, given, ...place }: Place): (RunFile & { note?: string }) | Missing {
  const own = readRunFile(runFileOf(place))
  if (own && isRunning(own.pid)) return own
  const ended = own ? `the server of ${key} ended without a word (process ${own.pid})` : null
  // A demo or a replay of the same project, beside a real server that is not there or left its file behind.
  const beside = isMadeUp(place.world) ? [] : allRunning(place).flatMap((each) => runningAt(runFileOf(each)) ?? [])
  if (beside[0]) return ended ? { ...beside[0], note: `This is a demo or a replay: ${ended}` } : beside[0]
  const others = runningServers(dataDir)
  const [other] = others
  if (!own && other && others.length === 1) return other
  const reason = ended ?? `no server runs for ${key}`
  const elsewhere = others.map(({ url }) => url).join(', ')
  const suggestion = elsewhere
    ? `Others run at ${elsewhere}: name theirs with --project DIR, or start one here: ${commandLine(given, null)}`
    : `Start it: ${commandLine(given, null)}`
  return { pid: own?.pid ?? null, url: own?.url ?? null, reason, suggestion }
}

/** With it health says more. It is only read: a status must not make secrets. */
function tokenIn(dataDir: string, env: NodeJS.ProcessEnv): string | null {
  const { variable, file } = SECRETS.operator
  const given = env[variable]?.trim()
  if (given) return given
  try {
    return readFileSync(join(dataDir, file), 'utf8').trim()
  } catch {
    return null // none was made: strangers get an answer, too
  }
}

/** `given`: by which the commands are named that are told. */
export function statusText(report: StatusReport, nowMs: number, given: Given = {}): string {
  if (!report.running) return `Swarmscope is down: ${report.reason}\n${report.suggestion}\n`
  const { health, url, tlsUrl, pid, note } = report
  const { status, version, uptimeSeconds, agents, mode, viewers } = health
  return [
    `Swarmscope is ${status}: ${tlsUrl ? `${tlsUrl}, on this machine ${url}` : url} (version ${version}, process ${pid}, up ${duration(uptimeSeconds)})`,
    `Shows ${count(agents, 'agent')}, ${mode}, to ${count(viewers, 'viewer')}`,
    ...health.sources.filter(isUsed).flatMap((source) => sourceLines(source, nowMs)),
    ...(health.sources.some(isUsed) ? [] : unheardLines(health, commandLine(given, 'connect'))),
    ...logLines(health),
    ...(note === null ? [] : [note]),
    '',
  ].join('\n')
}

function sourceLines({ kind, url, state, since, attempt, retryAt, lastError }: SourceAnswer, nowMs: number): string[] {
  const forSeconds = Math.max(0, Math.round((nowMs - Date.parse(since)) / 1000))
  const next = retryAt === null ? '' : `, tried again in ${duration(Math.max(0, (Date.parse(retryAt) - nowMs) / 1000))}`
  const attempts = attempt > 0 ? `, ${count(attempt, 'attempt')} failed` : ''
  const head = `${kind}${url === null ? '' : ` at ${url}`}: ${state} for ${duration(forSeconds)}${attempts}${next}`
  if (lastError === null) return [head]
  return [head, `  ${lastError.error} (${lastError.code})`, `  ${lastError.details.suggestion}`]
}

/** Who never was, or never sent anything, is not used here. */
const isUsed = ({ state }: SourceAnswer): boolean => state !== 'never'

/** Nobody is there at all. */
function unheardLines({ sources }: HealthAnswer, connect: string): string[] {
  const claudeFlow = sources.find(({ kind }) => kind === 'claude-flow')
  return [
    `Nothing came yet. To have Claude Code report here, from its next session on: ${connect}`,
    ...(claudeFlow?.lastError ? [`${claudeFlow.lastError.error}. ${claudeFlow.lastError.details.suggestion}`] : []),
  ]
}

function logLines({ logError }: HealthAnswer): string[] {
  if (!logError) return []
  return [`event log: in memory only`, `  ${logError.error} (${logError.code})`, `  ${logError.details.suggestion}`]
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`

function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  const hours = Math.floor(whole / 3_600)
  return hours < 48 ? `${hours} h ${Math.floor((whole % 3_600) / 60)} min` : `${Math.floor(hours / 24)} days`
}
