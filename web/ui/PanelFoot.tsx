// Registered is not working: the two kinds are counted apart.

import type { ReactNode } from 'react'
import { model } from '../store/session.ts'
import { FilterCount } from './FilterCount.tsx'
import { useCounts } from './hooks.ts'

export function PanelFoot(): ReactNode {
  const counts = useCounts()
  if (!model.hasData) return null
  return (
    <footer className="panel-foot" data-testid="kinds">
      <FilterCount
        value={counts.registered}
        word="registered"
        filter="kind:registered"
        title="Stand in claude-flow's roster; drawn as outlines"
      />
      <FilterCount
        value={counts.observed}
        word="observed"
        filter="kind:observed"
        title="Were seen to work; drawn solid"
      />
    </footer>
  )
}
