// The narrow strip of the totals: tokens and cost in a glance, all of them when pressed.

import { ChevronDown } from 'lucide-react'
import { type ReactNode, useMemo } from 'react'
import { totalsOf } from '../../protocol/derive.ts'
import { model } from '../store/session.ts'
import { toggleTotals, useTotalsPanel } from '../store/totalsPanel.ts'
import { formatCost, formatCount } from './format.ts'
import { useModelVersion } from './hooks.ts'

export function TotalsButton(): ReactNode {
  const isOpen = useTotalsPanel((state) => state.isOpen)
  const version = useModelVersion()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutated; its version says so
  const { tokens, costUsd } = useMemo(() => totalsOf(model.store), [version])
  const sum = tokens === null ? null : (tokens.input ?? 0) + (tokens.output ?? 0)
  return (
    <button
      type="button"
      className="count totals-button"
      data-testid="totals-button"
      aria-expanded={isOpen}
      aria-controls="totals"
      title={isOpen ? 'Hide the totals' : 'All totals'}
      onClick={toggleTotals}
    >
      {sum !== null && (
        <span data-minor>
          <span className="mono">{formatCount(sum)}</span> tokens
        </span>
      )}
      {costUsd !== null && (
        <span className="mono" data-minor>
          {formatCost(costUsd)}
        </span>
      )}
      <span className={sum === null && costUsd === null ? undefined : 'sr-only'}>Totals</span>
      <ChevronDown size={15} aria-hidden="true" data-open={isOpen} />
    </button>
  )
}
