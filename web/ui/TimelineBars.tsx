// The bars of a timeline: how much happened, and when somebody began to fail or to wait. One path for each, whatever the
// number of bars; what colour says, a mark at the top says too.

import { memo, type ReactNode } from 'react'
import type { Bin } from '../store/travelBins.ts'

/** In the picture's own units: a bar is one wide. */
const HEIGHT = 40
const MARK_HEIGHT = 5
const MAX_BAR = HEIGHT - MARK_HEIGHT - 2
const GAP = 0.34

interface TimelineBarsProps {
  bins: readonly Bin[]
  /** The last bar is of now, and still grows. */
  isLive: boolean
}

export const TimelineBars = memo(function TimelineBars({ bins, isLive }: TimelineBarsProps): ReactNode {
  const most = bins.reduce((max, { events }) => Math.max(max, events), 1)
  const heightOf = ({ events }: Bin) => (events === 0 ? 0 : Math.max(2, MAX_BAR * Math.sqrt(events / most)))
  const bar = (bin: Bin, index: number) => {
    const height = heightOf(bin)
    return `M${index + GAP / 2} ${HEIGHT}v${-round(height)}h${round(1 - GAP)}v${round(height)}z`
  }
  const barsWhere = (isMeant: (bin: Bin, index: number) => boolean) =>
    bins.map((bin, index) => (bin.events > 0 && isMeant(bin, index) ? bar(bin, index) : '')).join('')
  const isNow = (_: Bin, index: number) => isLive && index >= bins.length - 2
  return (
    <svg
      className="timeline-bars"
      viewBox={`0 0 ${bins.length} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      data-testid="timeline-bars"
      data-events={bins.reduce((sum, { events }) => sum + events, 0)}
      data-failed={bins.reduce((sum, { failed }) => sum + failed, 0)}
    >
      <path className="bar" d={barsWhere((bin, index) => bin.failed === 0 && !isNow(bin, index))} />
      <path className="bar-now" d={barsWhere((bin, index) => bin.failed === 0 && isNow(bin, index))} />
      <path className="bar-failed" d={barsWhere(({ failed }) => failed > 0)} />
      <path
        className="mark-waiting"
        d={bins.map(({ waiting }, index) => (waiting > 0 ? diamond(index) : '')).join('')}
      />
      <path className="mark-failed" d={bins.map(({ failed }, index) => (failed > 0 ? triangle(index) : '')).join('')} />
    </svg>
  )
})

const round = (value: number): number => Math.round(value * 100) / 100
const triangle = (index: number) => `M${index} 0h1L${index + 0.5} ${MARK_HEIGHT}z`
const diamond = (index: number) =>
  `M${index + 0.5} 0l.5 ${MARK_HEIGHT / 2}l-.5 ${MARK_HEIGHT / 2}l-.5 ${-MARK_HEIGHT / 2}z`
