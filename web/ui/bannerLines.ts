// What the banner says, from what is known: one line per thing that is wrong, the page's own line first.

import { errorOf } from '../../protocol/connection.ts'
import { type Budget, isLive } from '../../protocol/derive.ts'
import type { SourceError, SourceStatus } from '../../protocol/swarm.ts'
import { commandsFor, isLineDown, type Line, modeShown, staleSince } from '../store/line.ts'
import { formatCost, formatShare } from './format.ts'
import { lossOf, sourceName } from './sourceChip.ts'

export interface BannerLine {
  key: string
  /** `note`: nothing is wrong; it stands after all that is. */
  tone: 'lost' | 'mock' | 'past' | 'warning' | 'note'
  /** Stands before all else: MOCK, REPLAY. */
  word: string | null
  /** What is wrong, in a sentence. */
  sentence: string
  suggestion: string
  /** To be copied; the suggestion, where there is no command. */
  command: string | null
  /** By the steady clock, as all times here; `null`: not counted down to. */
  retryAtMs: number | null
  canRetry: boolean
  isTrying: boolean
  /** Changes all the time: shown, and not announced anew. */
  figure: string | null
  /** The agents' age is told in words. */
  asOfMs: number | null
  reload: boolean
}

/** `nowMs`: of the steady clock. `pageVersion`: of the page itself; the server may have been replaced under it. */
export function bannerLines(
  line: Line,
  nowMs: number,
  pageVersion: string | null = null,
  isPartMissing = false,
  budget: Budget | null = null,
): BannerLine[] {
  const mode = modeShown(line, nowMs)
  const lines: BannerLine[] = []
  const isDown = isLineDown(line, nowMs) && (line.status !== null || line.connection.state === 'closed')
  if (line.signIn === null && (isDown || isLineDownAtStart(line, nowMs))) lines.push(ownLine(line, nowMs))
  const sources = isDown ? [] : (line.status?.sources ?? []).filter((source) => source.lastError !== null)
  if (mode === 'mock') lines.push(mockLine(line))
  if (mode === 'replay')
    lines.push({ ...EMPTY, key: 'past', tone: 'past', word: 'REPLAY', sentence: 'A recording, not the present.' })
  const tone = mode === 'mock' ? 'mock' : 'lost'
  const isUnused = ({ state }: SourceStatus) => state === 'never' && mode === 'live'
  for (const source of sources.filter((each) => !isUnused(each)))
    lines.push(sourceLine(source, tone, line, mode === 'stale' ? staleSince(line, nowMs) : null))
  if (mode === 'stale' && lines.length === 0 && !line.status?.sources.some(isLive)) {
    const asOfMs = staleSince(line, nowMs)
    lines.push({
      ...EMPTY,
      key: 'stale',
      sentence: 'No source is connected.',
      asOfMs,
      canRetry: line.role !== 'viewer',
    })
  }
  const logError = isDown ? null : line.status?.logError
  if (logError) lines.push(logLine(logError))
  if (budget && budget.level !== 'ok') lines.push(budgetLine(budget))
  if (!isDown) for (const source of line.status?.sources ?? []) lines.push(...lossLines(source, line))
  const { serverVersion } = line
  const isOther = pageVersion !== null && serverVersion !== null && serverVersion !== pageVersion
  // The line's own mismatch says it already.
  if (isOther && !lines.some(({ reload }) => reload))
    lines.push({ ...versionLine(serverVersion, pageVersion), figure: unreadableText(line) })
  else if (!isOther && !isDown && line.unreadable > 0) lines.push({ ...UNREADABLE, figure: unreadableText(line) })
  // While the line is down, that says why.
  else if (isPartMissing && !isDown) lines.push(PART_MISSING)
  lines.push(...sources.filter(isUnused).map(unusedLine))
  return lines
}

const EMPTY: BannerLine = {
  key: '',
  tone: 'lost',
  word: null,
  sentence: '',
  suggestion: '',
  command: null,
  retryAtMs: null,
  canRetry: false,
  isTrying: false,
  figure: null,
  asOfMs: null,
  reload: false,
}

/** The very first connection failed: there is nothing to show, so the reason is all the more wanted. */
const isLineDownAtStart = (line: Line, nowMs: number): boolean =>
  isLineDown(line, nowMs) && errorOf(line.connection) !== null

function ownLine(line: Line, nowMs: number): BannerLine {
  const { connection } = line
  const error = errorOf(connection)
  const isFinal = connection.state === 'closed'
  return {
    ...EMPTY,
    key: 'line',
    sentence: withStop(error?.error ?? 'The connection to the Swarmscope server was lost'),
    suggestion: error?.details.suggestion ?? '',
    command: error?.code.startsWith('SERVER_') ? 'npm start' : null,
    retryAtMs: connection.state === 'waiting' ? connection.retryAt : null,
    canRetry: !isFinal,
    isTrying: connection.state === 'connecting' || connection.state === 'handshaking',
    asOfMs: line.status && modeShown(line, nowMs) === 'stale' ? line.downSinceMs : null,
    reload: error?.code === 'VERSION_MISMATCH',
  }
}

function mockLine(line: Line): BannerLine {
  const isDemo = line.status?.sources.every(({ kind }) => kind === 'mock') ?? true
  return {
    ...EMPTY,
    key: 'mock',
    tone: 'mock',
    word: 'MOCK',
    sentence: 'These agents are invented.',
    ...(isDemo
      ? { suggestion: 'Start without --demo to see your own.' }
      : {
          suggestion: 'To see yours, start claude-flow in the project, or have Claude Code report here:',
          command: commandsFor(line).connect,
        }),
  }
}

/** What is shown is whole without it: whoever has no claude-flow is not to be told for ever that it is missing. */
const unusedLine = ({ id, kind, lastError }: SourceStatus): BannerLine => ({
  ...EMPTY,
  key: `unused ${id}`,
  tone: 'note',
  sentence: `${sourceName(kind)} was not found.`,
  suggestion: lastError?.details.suggestion ?? '',
})

function sourceLine(source: SourceStatus, tone: 'lost' | 'mock', line: Line, asOfMs: number | null): BannerLine {
  const { lastError } = source
  return {
    ...EMPTY,
    key: source.id,
    tone,
    // Live all the same: the relay reads claude-flow's files, but nobody is there to take commands.
    sentence:
      withStop(lastError?.error ?? 'A source is not connected') + (isLive(source) ? ' Its files are shown.' : ''),
    suggestion: lastError?.details.suggestion ?? '',
    command: commandFor(lastError, source.url),
    retryAtMs:
      source.state === 'waiting' && source.retryAt !== null ? Date.parse(source.retryAt) - line.steadyOffsetMs : null,
    // A recording that is damaged is so the next time, too; what is not there is looked for at the next start.
    canRetry: line.role !== 'viewer' && !isLive(source) && source.kind !== 'replay' && source.state !== 'never',
    isTrying: source.state === 'connecting' || source.state === 'handshaking',
    asOfMs,
  }
}

/** Nothing is wrong with what is shown, so it stands last; but it will be gone after a restart. */
const logLine = ({ error, details }: SourceError): BannerLine => ({
  ...EMPTY,
  key: 'log',
  sentence: withStop(error),
  suggestion: details.suggestion,
})

/** What the agents cost is their user's to judge: it is told, and stops nothing. */
const budgetLine = ({ level, limitUsd, spentUsd }: Budget): BannerLine => ({
  ...EMPTY,
  key: 'budget',
  tone: level === 'exceeded' ? 'lost' : 'warning',
  sentence:
    level === 'exceeded'
      ? `The budget of ${formatCost(limitUsd)} is exceeded.`
      : `The budget of ${formatCost(limitUsd)} is nearly spent.`,
  figure: `${formatShare((spentUsd ?? 0) / limitUsd)}: ${formatCost(spentUsd ?? 0)} reported so far.`,
  suggestion: 'Nothing is stopped by it.',
})

/** What came and is missing from the picture. */
function lossLines(source: SourceStatus, line: Line): BannerLine[] {
  const loss = lossOf(source)
  if (loss === null) return []
  const sentence = `Some of what ${sourceName(source.kind)} sent is missing here.`
  const suggestion = `${commandsFor(line).doctor} looks at each link of the road.`
  return [{ ...EMPTY, key: `loss ${source.id}`, tone: 'warning', sentence, figure: `${loss}.`, suggestion }]
}

const PART_MISSING: BannerLine = {
  ...EMPTY,
  key: 'part',
  sentence: 'A part of this page could not be loaded.',
  suggestion: 'It is asked for again; if that does not help, reload the page.',
  reload: true,
}

const UNREADABLE: BannerLine = {
  ...EMPTY,
  key: 'unreadable',
  tone: 'warning',
  sentence: 'Some of what the server tells cannot be shown by this page.',
  suggestion: 'If reloading it does not help, restart the server: it may be another version than its page.',
  reload: true,
}

const unreadableText = ({ unreadable }: Line): string | null =>
  unreadable === 0 ? null : `${unreadable.toLocaleString('en-US')} left out so far.`

/** They still understand each other, but who knows for how long. */
const versionLine = (server: string, page: string): BannerLine => ({
  ...EMPTY,
  key: 'version',
  sentence: 'The server was replaced by another version.',
  suggestion: `It is ${server}, this page ${page}: reload to have the same.`,
  reload: true,
})

/** For who hears it, or cannot copy: with the command that it ends in. */
export const inWords = ({ suggestion, command }: Pick<BannerLine, 'suggestion' | 'command'>): string =>
  suggestion.endsWith(':') ? `${suggestion} ${command ?? ''}` : suggestion || (command ?? '')

export const withStop = (sentence: string): string =>
  sentence === '' || /[.!?]$/.test(sentence) ? sentence : `${sentence}.`

const LOOPBACK = /^wss?:\/\/(127\.0\.0\.1|localhost|\[::1\]):(\d+)/

/** The command that mends it, where there is one that is right on this machine. */
export function commandFor(error: SourceError | null, url: string | null): string | null {
  if (error === null) return null
  if (error.code === 'CHILD_NOT_FOUND') return /npm install [\w@./-]+/.exec(error.details.suggestion)?.[0] ?? null
  const [, , port] = LOOPBACK.exec(url ?? '') ?? []
  // Only where the suggestion is to start one: the relay that the server started comes back by itself.
  const isWanted = /relay is running on/.test(error.details.suggestion)
  return isWanted && port ? `npm run relay -- --port ${port}` : null
}
