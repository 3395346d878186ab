// Who we are connected to, and the swarm in a few figures. Each figure filters the list.

import { List, PanelRightClose } from 'lucide-react'
import type { ReactNode } from 'react'
import { isLineDown, useLine } from '../store/line.ts'
import { useLooking } from '../store/looking.ts'
import { model } from '../store/session.ts'
import { shownMs, useTravel } from '../store/travel.ts'
import { AppMenuButton } from './AppMenuButton.tsx'
import { Brand } from './Brand.tsx'
import { FilterCount } from './FilterCount.tsx'
import { formatAge } from './format.ts'
import { useCounts } from './hooks.ts'
import { type SourceChip, sourceChip } from './sourceChip.ts'
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
        <Chip key={source.id} {...sourceChip(source, now + line.clockOffsetMs, line.status?.mode === 'stale')} />
      ))}
    </ul>
  )
}

function Chip({
  tone,
  name,
  state,
  title,
}: Omit<SourceChip, 'tone'> & { tone: SourceChip['tone'] | 'past' }): ReactNode {
  return (
    <li className="chip" data-tone={tone} data-testid="source-chip" title={title ?? undefined}>
      <span className="chip-dot" />
      <strong>{name}</strong>
      <span className="clip">{state}</span>
    </li>
  )
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
      {counts.stuck > 0 && <FilterCount value={counts.stuck} word="stuck" filter="status:stuck" tone="stuck" />}
      <FilterCount value={counts.idle} word="idle" filter="status:idle" />
      <span className="count-divider" />
      <TotalsButton />
    </section>
  )
}
