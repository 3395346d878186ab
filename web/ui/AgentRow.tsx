// One row of the list.

import { type CSSProperties, memo, type ReactNode } from 'react'
import type { Agent } from '../../protocol/swarm.ts'
import { GROUP_TITLES, type ListRow } from '../store/agentGroups.ts'
import { useLine } from '../store/line.ts'
import { type Look, lookOf, statusText } from '../theme/status.ts'
import { formatAge, formatCost, formatCount } from './format.ts'
import { StatusMark } from './StatusMark.tsx'
import { useNow } from './useNow.ts'

export const hasFigures = (agent: Agent): boolean => agent.tokens !== null || agent.costUsd !== null

interface GroupRowProps {
  row: Extract<ListRow, { type: 'group' }>
  style: CSSProperties
  withFigures: boolean
  isFirst: boolean
}

export function GroupRow({ row, style, withFigures, isFirst }: GroupRowProps): ReactNode {
  return (
    <div className="row row-group" role="presentation" data-group={row.group} data-testid="agent-group" style={style}>
      <span>
        {GROUP_TITLES[row.group]} · <span className="mono">{row.count}</span>
      </span>
      {isFirst && withFigures && (
        <span className="row-columns" aria-hidden="true">
          <span>tokens</span>
          <span>cost</span>
        </span>
      )}
    </div>
  )
}

interface AgentRowProps {
  agent: Agent
  index: number
  size: number
  style: CSSProperties
  withFigures: boolean
  isSelected: boolean
  isHovered: boolean
  isStale: boolean
  isTabStop: boolean
  onChoose(): void
  onFocus(): void
}

/** A row renders again only when its agent, place or selection changed. */
export const AgentRow = memo(AgentRowView, (a, b) => {
  const keys = ['agent', 'index', 'size', 'withFigures', 'isSelected', 'isHovered', 'isStale', 'isTabStop'] as const
  return a.style.top === b.style.top && keys.every((key) => a[key] === b[key])
})

function AgentRowView(props: AgentRowProps): ReactNode {
  const { agent, index, size, style, withFigures, isSelected, isHovered, isStale, isTabStop, onChoose, onFocus } = props
  const look = lookOf(agent)
  const sub = subText(agent)
  const words = [
    agent.name,
    statusText(agent),
    agent.type,
    agent.kind,
    sub,
    isStale ? 'not current' : '',
    agent.mock ? 'mock' : '',
  ]
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the listbox around it takes the keys
    <div
      className="row row-agent"
      role="option"
      data-testid="agent-row"
      data-row={index}
      data-agent={agent.id}
      data-look={look}
      data-hovered={isHovered}
      data-stale={isStale}
      aria-selected={isSelected}
      aria-posinset={index + 1}
      aria-setsize={size}
      aria-label={words.filter((word) => word !== '').join(', ')}
      tabIndex={isTabStop ? 0 : -1}
      style={style}
      onClick={onChoose}
      onFocus={onFocus}
    >
      <StatusMark look={look} isHollow={agent.kind === 'registered'} />
      <div className="clip">
        <div className="row-name">
          <bdi className="clip" title={agent.name}>
            {agent.name}
          </bdi>
          {agent.mock && <span className="tag">mock</span>}
        </div>
        <div className="row-sub clip" data-tone={toneOf(look)} title={sub}>
          <bdi>{sub}</bdi>
        </div>
      </div>
      {withFigures ? <Figures agent={agent} /> : <Since agent={agent} />}
    </div>
  )
}

const toneOf = (look: Look): string | undefined => (look === 'needs-you' || look === 'failed' ? look : undefined)

/** What it waits for, does, or is. */
export function subText(agent: Agent): string {
  const said = agent.attention?.reason ?? agent.activity
  if (said) return said
  const state = statusText(agent)
  const what = agent.kind === 'registered' ? `${agent.type} · registered` : agent.type
  return state === 'idle' || state === 'active' ? what : `${what} · ${state}`
}

function Figures({ agent }: { agent: Agent }): ReactNode {
  const { tokens, costUsd } = agent
  const sum = tokens ? (tokens.input ?? 0) + (tokens.output ?? 0) : null
  return (
    <div className="row-figures mono">
      <Figure value={sum} format={formatCount} what="Tokens" />
      <Figure value={costUsd} format={formatCost} what="Cost" />
    </div>
  )
}

function Figure({
  value,
  format,
  what,
}: {
  value: number | null
  format: (value: number) => string
  what: string
}): ReactNode {
  if (value === null)
    return (
      <span className="field-none" title={`${what}: not reported`}>
        –
      </span>
    )
  return <span title={`${what}: ${value}`}>{format(value)}</span>
}

/** How long it has been so. */
function Since({ agent }: { agent: Agent }): ReactNode {
  const now = useNow()
  const offsetMs = useLine((state) => state.clockOffsetMs)
  if (agent.statusSince === null)
    return (
      <span className="row-since mono" title="Since when: not reported">
        –
      </span>
    )
  return (
    <span className="row-since mono" title={`${statusText(agent)} since ${agent.statusSince}`}>
      {formatAge(now + offsetMs - Date.parse(agent.statusSince))}
    </span>
  )
}
