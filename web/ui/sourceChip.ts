// One source in two words, for the top bar. Who sends by itself is not ill when it is silent.

import { isLive } from '../../protocol/derive.ts'
import type { SourceStatus } from '../../protocol/swarm.ts'
import { formatAge } from './format.ts'

export interface SourceChip {
  tone: 'live' | 'quiet' | 'lost' | 'trying' | 'mock'
  name: string
  state: string
  /** More, for who points at it. */
  title?: string | null
}

const NAMES: Readonly<Record<SourceStatus['kind'], string>> = {
  'claude-flow': 'claude-flow',
  'claude-code': 'Claude Code',
  otlp: 'OTLP',
  mock: 'demo',
  replay: 'replay',
}

/** `wasLive`: there was something to lose. */
export function sourceChip(source: SourceStatus, serverNowMs: number, wasLive: boolean): SourceChip {
  const chip = (tone: SourceChip['tone'], state: string): SourceChip => ({
    tone,
    name: NAMES[source.kind],
    state,
    title: titleOf(source),
  })
  const age = formatAge(serverNowMs - Date.parse(source.since))
  if (source.kind === 'mock') return chip('mock', 'invented')
  switch (source.state) {
    case 'live':
      return source.lastError ? chip('trying', 'files only') : chip('live', 'live')
    case 'limited':
      return chip('live', 'read once')
    case 'receiving':
      return chip('live', 'receiving')
    case 'quiet':
      return chip('quiet', `quiet for ${age}`)
    case 'never':
      return chip('trying', 'nothing sent yet')
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
      return source.state satisfies never
  }
}

/** Where it is, and what came of what it sent. */
function titleOf({ url, counts }: SourceStatus): string | null {
  const counted = Object.entries(counts ?? {}).map(([what, count]) => `${what} ${count.toLocaleString('en-US')}`)
  const parts = [...(url === null ? [] : [url]), ...counted]
  return parts.length > 0 ? parts.join(' · ') : null
}
