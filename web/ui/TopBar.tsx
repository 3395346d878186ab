// Who we are connected to, and the swarm in a few figures. Each figure filters the list.

import { List, PanelRightClose } from 'lucide-react'
import type { ReactNode } from 'react'
import { useLooking } from '../store/looking.ts'
import { model } from '../store/session.ts'
import { AppMenuButton } from './AppMenuButton.tsx'
import { Brand } from './Brand.tsx'
import { FilterCount } from './FilterCount.tsx'
import { useCounts } from './hooks.ts'
import { SourceChips } from './SourceChips.tsx'
import { TotalsButton } from './TotalsButton.tsx'

export function TopBar(): ReactNode {
  const isPanelOpen = useLooking((state) => state.isPanelOpen)
  const setPanelOpen = useLooking((state) => state.setPanelOpen)
  return (
    <header className="top-bar">
      <Brand />
      <SourceChips />
      <Counts />
      <AppMenuButton />
      <button
        type="button"
        className="icon-button only-narrow"
        data-testid="panel-toggle"
        aria-expanded={isPanelOpen}
        aria-controls="panel"
        aria-label={isPanelOpen ? 'Hide the list' : 'Show the list'}
        data-tip={isPanelOpen ? 'Hide the list' : 'Show the list'}
        onClick={() => setPanelOpen(!isPanelOpen)}
      >
        {isPanelOpen ? <PanelRightClose size={18} /> : <List size={18} />}
      </button>
    </header>
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
