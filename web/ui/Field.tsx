// One line of the detail: what, how much, who said so and how long ago.

import type { ReactNode } from 'react'
import type { Agent } from '../../protocol/swarm.ts'
import { useLine } from '../store/line.ts'
import { CopyButton } from './CopyButton.tsx'
import { formatAge, formatTime } from './format.ts'
import { useNow } from './useNow.ts'

interface FieldProps {
  agent: Agent
  /** Name of the agent's field: its source is told by this name. */
  field: string
  label: string
  /** `null`: nobody reported it. */
  value: string | null
  isMono?: boolean
  isCopied?: boolean
}

export function Field({ agent, field, label, value, isMono = false, isCopied = false }: FieldProps): ReactNode {
  return (
    <div className="field" data-testid={`field-${field}`}>
      <dt>{label}</dt>
      <dd className="field-value">
        {value === null || value === '' ? (
          <span className="field-none">not reported</span>
        ) : (
          <bdi className={isMono ? 'mono' : undefined}>{value}</bdi>
        )}
      </dd>
      <dd className="field-source clip">
        {isCopied && value !== null ? (
          <CopyButton text={value} label={label} isSmall />
        ) : (
          value !== null && <Source agent={agent} field={field} />
        )}
      </dd>
    </div>
  )
}

function Source({ agent, field }: { agent: Agent; field: string }): ReactNode {
  const now = useNow()
  const offsetMs = useLine((state) => state.clockOffsetMs)
  const said = agent.sources[field]
  if (!said) return null
  const age = said.at === null ? '' : ` · ${formatAge(now + offsetMs - Date.parse(said.at))}`
  return (
    <span className="figures" title={said.at === null ? said.source : `${said.source}, ${formatTime(said.at)}`}>
      {said.source}
      {age}
    </span>
  )
}
