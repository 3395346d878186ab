// One source in two words, for the top bar. Who sends by itself is not ill when it is silent.

import { isLive } from '../../protocol/derive.ts'
import type { SourceStatus } from '../../protocol/swarm.ts'
import type { PageCommands } from '../../protocol/viewerWire.ts'
import { commandsFor } from '../store/line.ts'
import { formatAge } from './format.ts'

export interface SourceChip {
  tone: 'live' | 'quiet' | 'lost' | 'trying' | 'mock'
  name: string
  state: string
  /** More, for who points at it. */
  title?: string | null
  /** It never sent anything. */
  isUnheard?: boolean
}

const NAMES: Readonly<Record<SourceStatus['kind'], string>> = {
  'claude-flow': 'claude-flow',
  'claude-code': 'Claude Code',
  otlp: 'OTLP',
  mock: 'demo',
  replay: 'replay',
}

/** A server of another version may have kinds that this page has no name for. */
export const sourceName = (kind: SourceStatus['kind']): string => (Object.hasOwn(NAMES, kind) ? NAMES[kind] : kind)

/** `wasLive`: there was something to lose. */
export function sourceChip(
  source: SourceStatus,
  serverNowMs: number,
  wasLive: boolean,
  { connect }: PageCommands = commandsFor({ commands: null }),
): SourceChip {
  const chip = (tone: SourceChip['tone'], state: string): SourceChip => ({
    tone,
    name: sourceName(source.kind),
    state,
    title: titleOf(source, connect),
  })
  const age = formatAge(serverNowMs - Date.parse(source.since))
  if (source.kind === 'mock') return chip('mock', 'invented')
  switch (source.state) {
    case 'live':
      return source.lastError ? chip('trying', 'files only') : chip('live', 'live')
    case 'limited':
      return chip('live', 'read once')
    case 'receiving':
      return chip('live', lossOf(source) === null ? 'receiving' : 'receiving, not all')
    case 'quiet':
      return chip('quiet', `quiet for ${age}`)
    case 'never':
      return { ...chip('trying', source.kind === 'claude-flow' ? 'not found' : 'nothing sent yet'), isUnheard: true }
    case 'unavailable':
      return chip('lost', 'nothing there')
    case 'closed':
      return chip('lost', 'refused')
    case 'idle':
    case 'connecting':
    case 'handshaking':
    case 'waiting':
      if (source.lastError === null) return chip('trying', 'connecting')
      return chip('lost', wasLive && !isLive(source) ? `lost ${age} ago` : 'not reached')
    default:
      source.state satisfies never
      // Of a server of another version: its own word, and no promise.
      return chip('trying', source.state)
  }
}

/** Where it is, and what came of what it sent. */
function titleOf(source: SourceStatus, connect: string): string | null {
  const { kind, url, counts, state, lastError } = source
  if (state === 'never') {
    if (kind === 'claude-flow') return lastError?.details.suggestion ?? null
    return `Nothing was sent yet. To have Claude Code report here: ${connect}`
  }
  const counted = Object.entries(counts ?? {}).map(([what, count]) => `${COUNT_WORDS[what] ?? what} ${whole(count)}`)
  const parts = [...(url === null ? [] : [url]), ...counted]
  return parts.length > 0 ? parts.join(' · ') : null
}

const whole = (count: number): string => count.toLocaleString('en-US')

/** The server's names of counts, in words. */
const COUNT_WORDS: Readonly<Record<string, string>> = {
  hooks: 'hooks',
  hooksIgnored: 'hooks that say nothing',
  hooksMalformed: 'hooks that are none',
  hooksDroppedActivity: 'tool calls dropped',
  hooksDroppedLifecycle: 'starts and ends dropped',
  hooksFailed: 'hooks lost by a fault',
  hooksUnwanted: 'hooks during a demo',
  telemetry: 'telemetry records',
  telemetryIgnored: 'records that say nothing',
  telemetryForeign: 'records of other programs',
  telemetryMalformed: 'records that are none',
  telemetryFailed: 'records lost by a fault',
  telemetryUnwanted: 'records during a demo',
  refused: 'requests refused',
  taken: 'records taken',
  late: 'records that came too late',
  tooManyAgents: 'records of more agents than there is room for',
  busy: 'records turned away while too much waited',
  spans: 'spans taken',
  spansRepeated: 'spans that came twice',
  spansLate: 'spans that came too late',
  spansDropped: 'spans beyond the room for their trace',
  spansNotShown: 'spans of which nothing is shown',
}
/** What should have been in the picture and is not. */
const LOSSES = [
  'hooksDroppedActivity',
  'hooksDroppedLifecycle',
  'hooksFailed',
  'telemetryFailed',
  'tooManyAgents',
  'busy',
  'spansLate',
  'spansDropped',
  'refused',
] as const

/** In words; `null`: nothing was lost. */
export function lossOf({ counts }: Pick<SourceStatus, 'counts'>): string | null {
  const parts = LOSSES.flatMap((what) => {
    const count = counts?.[what] ?? 0
    return count > 0 ? [`${whole(count)} ${COUNT_WORDS[what] ?? what}`] : []
  })
  return parts.length > 0 ? parts.join(', ') : null
}
