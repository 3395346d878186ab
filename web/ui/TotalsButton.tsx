// The narrow strip of the totals: tokens and cost in a glance, all of them when pressed.

import { ChevronDown } from 'lucide-react'
import { type ReactNode, useMemo } from 'react'
import { spentOf, totalsOf } from '../../protocol/derive.ts'
import { model } from '../store/session.ts'
import { toggleTotals, useTotalsPanel } from '../store/totalsPanel.ts'
import { useCalmVersion } from './calmVersion.ts'
import { formatCost, formatCount } from './format.ts'

export function TotalsButton(): ReactNode {
  const isOpen = useTotalsPanel((state) => state.isOpen)
  const version = useCalmVersion()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutated; its version says so
  const { tokens, costUsd } = useMemo(() => spentOf(totalsOf(model.store)), [version])
  const figures = [
    tokens === null ? null : `${formatCount((tokens.input ?? 0) + (tokens.output ?? 0))} tokens`,
    costUsd === null ? null : formatCost(costUsd),
  ].filter((figure) => figure !== null)
  return (
    <button
      type="button"
      className="count totals-button"
      data-testid="totals-button"
      aria-label={[...figures, 'totals'].join(' ')}
      aria-expanded={isOpen}
      aria-controls="totals"
      data-tip={isOpen ? 'Hide the totals' : 'All totals'}
      onClick={toggleTotals}
    >
      {figures.map((figure) => (
        <span key={figure} data-minor>
          <span className="mono">{figure.replace(' tokens', '')}</span>
          {figure.endsWith(' tokens') && ' tokens'}
        </span>
      ))}
      <span className="totals-label" data-alone={figures.length === 0}>
        Totals
      </span>
      <ChevronDown size={15} aria-hidden="true" data-open={isOpen} />
    </button>
  )
}
