// Who we are connected to, and the swarm in a few figures. Each figure filters the list.

import { List, PanelRightClose } from 'lucide-react'
import type { ReactNode } from 'react'
import { isLive } from '../../protocol/derive.ts'
import type { SourceStatus } from '../../protocol/swarm.ts'
import { isLineDown, useLine } from '../store/line.ts'
import { useLooking } from '../store/looking.ts'
import { model } from '../store/session.ts'
import { shownMs, useTravel } from '../store/travel.ts'
import { AppMenuButton } from './AppMenuButton.tsx'
import { Brand } from './Brand.tsx'
import { FilterCount } from './FilterCount.tsx'
import { formatAge } from './format.ts'
import { useCounts } from './hooks.ts'
import { TotalsButton } from './TotalsButton.tsx'
import { momentText } from './timelineWords.ts'
import { useWallClock } from './useNow.ts'

export function TopBar(): ReactNode {
  const isPanelOpen = useLooking((state) => state.isPanelOpen)
  const setPanelOpen = useLooking((state) => state.setPanelOpen)
  return (
    <header className="top-bar">
      <Brand />
      <Chips />
      <Counts />
      <AppMenuButton />
      <button
        type="button"
        className="icon-button only-narrow"
        data-testid="panel-toggle"
        aria-expanded={isPanelOpen}
        aria-controls="panel"
        aria-label={isPanelOpen ? 'Hide the list' : 'Show the list'}
        title={isPanelOpen ? 'Hide the list' : 'Show the list'}
        onClick={() => setPanelOpen(!isPanelOpen)}
      >
        {isPanelOpen ? <PanelRightClose size={18} /> : <List size={18} />}
      </button>
    </header>
  )
}

function Chips(): ReactNode {
  const line = useLine()
  const now = useWallClock()
  const pastMs = useTravel(shownMs)
  const sources = line.status?.sources ?? []
  if (pastMs !== null) {
    return (
      <ul className="chips" aria-label="Connections">
        <Chip tone="past" name="past" state={momentText(pastMs, now + line.clockOffsetMs)} />
      </ul>
    )
  }
  if (isLineDown(line, now) && line.status !== null) {
    return (
      <ul className="chips" aria-label="Connections">
        <Chip
          tone="lost"
          name="server"
          state={line.downSinceMs ? `lost ${formatAge(now - line.downSinceMs)} ago` : 'lost'}
        />
      </ul>
    )
  }
  return (
    <ul className="chips" aria-label="Connections">
      {sources.map((source) => (
        <Chip
          key={source.id}
          {...sourceChip(source, now + line.clockOffsetMs, line.status?.mode === 'stale')}
          title={source.url}
        />
      ))}
    </ul>
  )
}

interface ChipProps {
  tone: 'live' | 'lost' | 'trying' | 'mock' | 'past'
  name: string
  state: string
  title?: string | null
}

function Chip({ tone, name, state, title }: ChipProps): ReactNode {
  return (
    <li className="chip" data-tone={tone} data-testid="source-chip" title={title ?? undefined}>
      <span className="chip-dot" />
      <strong>{name}</strong>
      <span className="clip">{state}</span>
    </li>
  )
}

/** `wasLive`: there was something to lose. */
function sourceChip(source: SourceStatus, serverNowMs: number, wasLive: boolean): ChipProps {
  if (source.kind === 'mock') return { tone: 'mock', name: 'demo', state: 'invented' }
  const name = source.kind
  const age = formatAge(serverNowMs - Date.parse(source.since))
  if (source.state === 'limited') return { tone: 'live', name, state: 'read once' }
  if (isLive(source) && source.lastError) return { tone: 'trying', name, state: 'files only' }
  if (isLive(source)) return { tone: 'live', name, state: 'live' }
  if (source.state === 'unavailable') return { tone: 'lost', name, state: 'nothing there' }
  if (source.lastError === null) return { tone: 'trying', name, state: 'connecting' }
  if (source.state === 'closed') return { tone: 'lost', name, state: 'refused' }
  return { tone: 'lost', name, state: wasLive ? `lost ${age} ago` : 'not reached' }
}

function Counts(): ReactNode {
  const counts = useCounts()
  if (!model.hasData) return null
  return (
    <section className="counts" data-testid="counts" aria-label="Agents by state">
      <FilterCount value={counts.working} word="working" filter="status:working" />
      {counts.markedActive > 0 && (
        <FilterCount value={counts.markedActive} word="marked active" filter="status:marked-active" />
      )}
      <FilterCount
        value={counts.needsYou}
        word={counts.needsYou === 1 ? 'needs you' : 'need you'}
        filter="status:needs-you"
        tone="needs-you"
      />
      <FilterCount value={counts.failed} word="failed" filter="status:failed" tone="failed" />
      <FilterCount value={counts.idle} word="idle" filter="status:idle" />
      <span className="count-divider" />
      <TotalsButton />
    </section>
  )
}
