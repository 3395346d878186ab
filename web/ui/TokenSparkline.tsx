// The tokens of one agent over the last minutes, from what was reported while the page looked on and from the history before.

import { type ReactNode, useEffect, useMemo, useState } from 'react'
import type { Agent } from '../../protocol/swarm.ts'
import { tokenSum } from '../store/agentFigures.ts'
import { useLine } from '../store/line.ts'
import { type TokenPoint, watchTokens } from '../store/tokenSeries.ts'
import { shownMs, useTravel } from '../store/travel.ts'
import { formatAge, formatCount } from './format.ts'
import { TotalsChart } from './TotalsChart.tsx'
import { useNow } from './useNow.ts'

const SPAN_MS = 15 * 60_000
/** As many as a chart this wide can show. */
const STEPS = 90

export function TokenSparkline({ agent }: { agent: Agent }): ReactNode {
  const [points, setPoints] = useState<readonly TokenPoint[]>([])
  useEffect(() => watchTokens(agent.id, SPAN_MS, setPoints), [agent.id])
  const offsetMs = useLine((line) => line.clockOffsetMs)
  const stepMs = SPAN_MS / STEPS
  const step = Math.floor((useNow() + offsetMs) / stepMs)
  // Nothing that was reported later than the moment that is shown, be it by a second.
  const untilMs = useTravel(shownMs) ?? Number.POSITIVE_INFINITY
  const known = useMemo(() => stepsOf(points, (step + 1) * stepMs, stepMs, untilMs), [points, step, stepMs, untilMs])
  if (tokenSum(agent) === null) return null
  // Of what did not change while it was looked at there is no line to draw.
  if (new Set(known.map(({ value }) => value)).size < 2) return null
  const first = known[0]?.value ?? 0
  const last = known.at(-1)?.value ?? 0
  const spanMs = (known.length - 1) * stepMs
  return (
    <figure className="sparkline" data-testid="sparkline">
      <TotalsChart
        points={known}
        color="--accent"
        label={`Tokens reported, in and out: from ${formatCount(first)} to ${formatCount(last)} in ${formatAge(spanMs)}`}
      />
      <figcaption className="figures">
        tokens, last {formatAge(spanMs)}: +{formatCount(Math.max(0, last - first))}
      </figcaption>
    </figure>
  )
}

/** What was reported last, at the end of each step, from the first that anything was known at. */
export function stepsOf(points: readonly TokenPoint[], endMs: number, stepMs: number, untilMs: number) {
  let at = 0
  let value: number | null = null
  const steps: { atMs: number; value: number }[] = []
  for (let atMs = endMs - STEPS * stepMs; atMs < endMs; atMs += stepMs) {
    for (; at < points.length && (points[at]?.atMs ?? 0) <= Math.min(atMs + stepMs, untilMs); at++)
      value = points[at]?.tokens ?? value
    if (value !== null) steps.push({ atMs, value })
  }
  return steps
}
