// A figure that, pressed, shows only what it counts.

import type { ReactNode } from 'react'
import { useLooking } from '../store/looking.ts'

interface FilterCountProps {
  value: number
  word: string
  filter: string
  tone?: 'needs-you' | 'failed' | 'stuck'
  isMinor?: boolean
  title?: string
}

export function FilterCount({ value, word, filter, tone, isMinor = false, title }: FilterCountProps): ReactNode {
  const current = useLooking((state) => state.filter)
  const setFilter = useLooking((state) => state.setFilter)
  const isOn = current === filter
  return (
    <button
      type="button"
      className="count"
      data-tone={value > 0 ? tone : undefined}
      data-zero={value === 0}
      data-minor={isMinor || undefined}
      aria-pressed={isOn}
      data-tip={title ?? `Show only these (${filter})`}
      onClick={() => setFilter(isOn ? '' : filter)}
    >
      <span className="mono">{value}</span> {word}
    </button>
  )
}
