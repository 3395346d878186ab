// The totals of what is shown, now or then: who is there by state, the tasks, and what it uses and costs over time. Every
// figure is of protocol/derive.ts, or a difference of reported figures with its source and its window.

import { type ReactNode, useEffect, useMemo } from 'react'
import './totals.css'
import { spentOf, type Totals as TotalsNow, totalsOf } from '../../protocol/derive.ts'
import { AGENT_STATUSES, type AgentStatus, type TokenCounts } from '../../protocol/swarm.ts'
import { useConcerns } from '../store/concerns.ts'
import { useLine } from '../store/line.ts'
import { model } from '../store/session.ts'
import { USAGE_SPAN_MS, useUsage, watchUsage } from '../store/usage.ts'
import type { UsageMeter } from '../store/usageMeter.ts'
import { formatAge, formatCost, formatCount, formatWhole } from './format.ts'
import { useModelVersion } from './hooks.ts'
import { type ChartPoint, TotalsChart } from './TotalsChart.tsx'
import { useNow } from './useNow.ts'

const STEP_MS = 30_000

export default function Totals(): ReactNode {
  useEffect(watchUsage, [])
  const version = useModelVersion()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutated; its version says so
  const totals = useMemo(() => totalsOf(model.store), [version])
  return (
    <section id="totals" className="totals" data-testid="totals" aria-label="Totals">
      <Agents totals={totals} />
      <Tasks totals={totals} />
      <Use totals={totals} />
    </section>
  )
}

const STATUS_COLORS: Readonly<Record<AgentStatus, string>> = {
  active: 'active',
  busy: 'tool',
  initializing: 'initializing',
  idle: 'idle',
  error: 'failed',
  terminating: 'offline',
  offline: 'offline',
  unknown: 'offline',
}

const STATUS_ORDER = (
  ['error', 'active', 'busy', 'initializing', 'idle', 'terminating', 'offline', 'unknown'] as const
).filter((status) => AGENT_STATUSES.includes(status))

function Agents({ totals }: { totals: TotalsNow }): ReactNode {
  const { byKind, byStatus, needAttention } = totals
  const { stuck, quiet } = useConcerns()
  const present = STATUS_ORDER.filter((status) => byStatus[status] > 0)
  return (
    <div className="totals-part">
      <h2>
        Agents <span className="mono">{formatWhole(totals.agents)}</span>
        {needAttention > 0 && (
          <small className="totals-attention">
            {needAttention} {needAttention === 1 ? 'needs' : 'need'} you
          </small>
        )}
        {stuck > 0 && <small className="totals-stuck">{stuck} stuck</small>}
        {quiet > 0 && <small>{quiet} quiet</small>}
      </h2>
      {(['observed', 'registered'] as const).map((kind) => (
        <Share
          key={kind}
          parts={STATUS_ORDER.map((status) => [STATUS_COLORS[status], byKind[kind].byStatus[status]])}
        />
      ))}
      {totals.agents === 0 ? (
        <p className="totals-none">none</p>
      ) : (
        <table className="totals-table">
          <thead>
            <tr>
              <th scope="col">
                <span className="sr-only">State</span>
              </th>
              <th scope="col">observed</th>
              <th scope="col">registered</th>
            </tr>
          </thead>
          <tbody>
            {present.map((status) => (
              <tr key={status}>
                <th scope="row">
                  <span className="totals-key" style={{ background: `var(--look-${STATUS_COLORS[status]})` }} />
                  {status === 'error' ? 'failed' : status}
                </th>
                <td className="mono">{byKind.observed.byStatus[status]}</td>
                <td className="mono">{byKind.registered.byStatus[status]}</td>
              </tr>
            ))}
            <tr className="totals-sum">
              <th scope="row">all</th>
              <td className="mono">{totals.observed}</td>
              <td className="mono">{totals.registered}</td>
            </tr>
          </tbody>
        </table>
      )}
    </div>
  )
}

const TASKS = [
  ['inProgress', 'in progress', 'tool'],
  ['pending', 'pending', 'idle'],
  ['completed', 'completed', 'active'],
  ['failed', 'failed', 'failed'],
  ['cancelled', 'cancelled', 'offline'],
  ['unknown', 'unknown', 'offline'],
] as const

function Tasks({ totals }: { totals: TotalsNow }): ReactNode {
  const { tasks } = totals
  return (
    <div className="totals-part">
      <h2>
        Tasks <span className="mono">{formatWhole(tasks.total)}</span>
      </h2>
      <Share parts={TASKS.map(([key, , color]) => [color, tasks[key]])} />
      <dl className="totals-list">
        {TASKS.filter(([key]) => tasks[key] > 0).map(([key, title, color]) => (
          <div key={key}>
            <dt>
              <span className="totals-key" style={{ background: `var(--look-${color})` }} />
              {title}
            </dt>
            <dd className="mono">{tasks[key]}</dd>
          </div>
        ))}
        {tasks.total === 0 && <p className="totals-none">none</p>}
        <div className="totals-sum">
          <dt>swarms</dt>
          <dd className="mono">{totals.swarms}</dd>
        </div>
        {totals.conflicts > 0 && (
          <div>
            <dt>conflicts</dt>
            <dd className="mono">{totals.conflicts}</dd>
          </div>
        )}
      </dl>
    </div>
  )
}

/** Parts of a whole in their colours; the table beside says the same in figures. */
function Share({ parts }: { parts: (readonly [color: string, count: number])[] }): ReactNode {
  const sum = parts.reduce((all, [, count]) => all + count, 0)
  return (
    <div className="totals-share" aria-hidden="true" data-empty={sum === 0}>
      {parts.map(([color, count], index) =>
        count === 0 ? null : (
          // The order is fixed, and two states may share a colour.
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <span key={index} style={{ flexGrow: count, background: `var(--look-${color})` }} />
        ),
      )}
    </div>
  )
}

function Use({ totals }: { totals: TotalsNow }): ReactNode {
  const meter = useUsage((state) => state.meter)
  const offsetMs = useLine((line) => line.clockOffsetMs)
  const nowMs = useNow() + offsetMs
  const { goneCostUsd, goneTokens } = totals
  const { tokens, costUsd } = spentOf(totals)
  const rate = meter?.rate(nowMs) ?? null
  const tokenPoints = usePoints(meter, nowMs, 'tokens')
  const costPoints = usePoints(meter, nowMs, 'costUsd')
  const sources = meter?.sources.join(', ') ?? ''
  const over = rate === null ? 'not measured for long enough yet' : `last ${formatAge(rate.windowMs)}`
  return (
    <>
      <div className="totals-part">
        <h2>Tokens per minute</h2>
        {tokens === null ? (
          <NotReported />
        ) : (
          <>
            <p className="totals-figure" data-testid="tokens-per-minute">
              <span className="mono">{rate === null ? '–' : formatCount(rate.tokensPerMinute)}</span>
              <small>
                {over}
                {sources !== '' && ` · ${sources}`}
              </small>
            </p>
            <TotalsChart
              points={tokenPoints}
              color="--accent"
              label={`Tokens per minute over the last ${formatAge(USAGE_SPAN_MS)}: ${wordsOf(tokenPoints, formatCount)}`}
            />
            <p className="totals-note">
              <span className="mono">{formatCount(inAndOut(tokens))}</span> in all: {formatTokens(tokens)}
            </p>
            <OfThoseThatLeft figure={goneTokens && inAndOut(goneTokens)} format={formatCount} what="tokens" />
          </>
        )}
      </div>
      <div className="totals-part">
        <h2>Cost</h2>
        {costUsd === null ? (
          <NotReported />
        ) : (
          <>
            <p className="totals-figure" data-testid="cost">
              <span className="mono">{formatCost(costUsd)}</span>
              <small>{rate === null ? over : `${formatCost(rate.usdPerMinute)} a minute, ${over}`}</small>
            </p>
            <TotalsChart
              points={costPoints}
              color="--live"
              label={`Cost per minute over the last ${formatAge(USAGE_SPAN_MS)}: ${wordsOf(costPoints, formatCost)}`}
            />
            <p className="totals-note">as reported, without what nobody reports</p>
            <OfThoseThatLeft figure={goneCostUsd} format={formatCost} what="cost" />
          </>
        )}
      </div>
    </>
  )
}

interface OfThoseThatLeftProps {
  /** `null`: nothing of it was reported. */
  figure: number | null
  format: (value: number) => string
  what: 'tokens' | 'cost'
}

/** What no agent in the list has any more, and what is told all the same. */
function OfThoseThatLeft({ figure, format, what }: OfThoseThatLeftProps): ReactNode {
  if (figure === null || figure <= 0) return null
  return (
    <p className="totals-note" data-testid={`${what}-of-gone`}>
      <span className="mono">{format(figure)}</span> of {what === 'cost' ? 'it' : 'them'} by sessions that have left
    </p>
  )
}

const NotReported = (): ReactNode => <p className="totals-none">not reported</p>

/** New ones each half minute, and as things change. */
function usePoints(meter: UsageMeter | null, nowMs: number, key: 'tokens' | 'costUsd'): ChartPoint[] {
  const second = Math.floor(nowMs / 1_000)
  return useMemo(
    () =>
      (meter?.series(second * 1_000, USAGE_SPAN_MS, STEP_MS) ?? []).map(({ atMs, use }) => ({
        atMs,
        value: use === null ? null : use[key],
      })),
    [meter, second, key],
  )
}

function wordsOf(points: readonly ChartPoint[], format: (value: number) => string): string {
  const values = points.flatMap(({ value }) => (value === null ? [] : [value]))
  if (values.length === 0) return 'not measured'
  return `${format(values.at(-1) ?? 0)} now, ${format(Math.max(...values))} at most`
}

const inAndOut = ({ input, output }: TokenCounts): number => (input ?? 0) + (output ?? 0)

function formatTokens({ input, output, cacheRead, cacheWrite }: TokenCounts): string {
  const parts = [
    [input, 'in'],
    [output, 'out'],
    [cacheRead, 'cache read'],
    [cacheWrite, 'cache write'],
  ] as const
  return parts
    .filter(([count]) => count !== null)
    .map(([count, word]) => `${formatCount(count ?? 0)} ${word}`)
    .join(', ')
}
