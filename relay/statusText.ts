// How a relay is, in words for a terminal. What the relay, claude-flow or a log say is foreign text: it may move no cursor
// and hide nothing.

import type { ErrorBody } from '../protocol/errors.ts'
import type { RelayHealth } from './askHealth.ts'

/** The command is for a shell, and the token is not in it; else what it wants for. */
export type ClaudeCodeView = { command: string } | { command: null; missing: string }

export interface HealthView {
  health: RelayHealth
  /** What the user should know besides; `null`: nothing. */
  hint: string | null
  log: { file: string; lines: readonly string[]; error: string | null } | null
  claudeCode: ClaudeCodeView
  nowMs: number
}

const LABEL_WIDTH = 13
const INDENT = ' '.repeat(LABEL_WIDTH)
const LEVELS: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
}

/** Control and format characters (escape sequences, text that runs backwards) show as what they are: nothing to obey. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, '·')

const lines = (label: string, first: string, ...more: string[]): string[] => [
  label.padEnd(LABEL_WIDTH) + printable(first),
  ...more.map((line) => INDENT + printable(line)),
]

export function failureText({ code, error, details }: ErrorBody): string {
  return [...lines('Relay', `down: ${error} (${code})`), ...lines('', details.suggestion)].join('\n')
}

export function healthText({ health, hint, log, claudeCode, nowMs }: HealthView): string {
  const { status, version, startedAt, project, clients, watching, pid, pending, url } = health
  const since = `since ${startedAt} (${duration((nowMs - Date.parse(startedAt)) / 1000)})`
  const where = [url, since, pid && `pid ${pid}`, `version ${version}`].filter(Boolean).join(', ')
  return [
    ...lines('Relay', `${status}: ${where}`, ...(hint ? [hint] : [])),
    ...lines('Project', `${project.root ?? project.name} on ${project.host}`),
    ...childLines(health.child),
    ...lines(
      'Clients',
      `${clients} connected${pending === undefined ? '' : `, ${counted(pending, 'request')} pending`}`,
    ),
    ...lines('Watching', watching.length > 0 ? watching.join(', ') : 'no state of claude-flow was found yet'),
    ...(log ? logLines(log) : []),
    ...(claudeCode.command === null
      ? lines('Claude Code', `cannot use this claude-flow without ${claudeCode.missing}`)
      : lines('Claude Code', 'uses this claude-flow after', claudeCode.command)),
  ].join('\n')
}

const IN_WORDS: Readonly<Record<string, string>> = {
  'on-demand': 'on demand: it is started when somebody needs it',
  silent: 'silent: it runs, but does not answer',
  waiting: 'waiting: it ended, and is started again after a pause',
  missing: 'missing: there is no command to start it with',
}

function childLines({
  state,
  serverInfo,
  pid,
  uptimeSeconds,
  restarts,
  errorCode,
  lastError,
  stderr,
}: RelayHealth['child']) {
  const facts = [
    IN_WORDS[state] ?? state,
    serverInfo && `${serverInfo.name} ${serverInfo.version}`,
    pid && `pid ${pid}`,
    uptimeSeconds !== null && `for ${duration(uptimeSeconds)}`,
    counted(restarts, 'restart'),
  ]
  const error = lastError
    ? [`last error: ${lastError.error} (${lastError.code})`, lastError.details.suggestion]
    : errorCode
      ? [`last error: ${errorCode}`]
      : []
  const words = stderr && stderr.length > 0 ? ['its last words:', ...stderr.map((line) => `  ${line}`)] : []
  return lines('claude-flow', facts.filter(Boolean).join(', '), ...error, ...words)
}

function logLines({ file, lines: tail, error }: NonNullable<HealthView['log']>): string[] {
  if (error) return lines('Log', `${file} cannot be read (${error})`)
  return lines('Log', `${file}${tail.length > 0 ? ', its last lines:' : ' is empty'}`, ...tail.map(logLine))
}

/** A line of pino's; anything else stays as it is. */
function logLine(line: string): string {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return `  ${line}` // e.g. what was cut when the disk was full
  }
  if (typeof entry !== 'object' || entry === null || !('time' in entry)) return `  ${line}`
  const { time, level, name: _name, msg, ...rest } = entry as Record<string, unknown>
  const facts = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  const at = typeof time === 'number' ? new Date(time).toISOString() : String(time)
  return `  ${[at, LEVELS[Number(level)] ?? String(level), msg, ...facts].filter(Boolean).join(' ')}`
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** `42 s`, `5 min`, `2 h 3 min`, `4 d 5 h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  if (whole < 60) return `${whole} s`
  const [minutes, hours, days] = [Math.floor(whole / 60), Math.floor(whole / 3600), Math.floor(whole / 86_400)]
  if (hours === 0) return `${minutes} min`
  if (days === 0) return `${hours} h ${minutes % 60} min`
  return `${days} d ${hours % 24} h`
}
