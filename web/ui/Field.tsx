// One line of the detail: what, how much, who said so and how long ago.

import type { ReactNode } from 'react'
import type { Agent } from '../../protocol/swarm.ts'
import { useExactTimes } from '../store/exactTimes.ts'
import { useLine } from '../store/line.ts'
import { useLooking } from '../store/looking.ts'
import { CopyButton } from './CopyButton.tsx'
import { formatAge, formatTime } from './format.ts'
import { Theirs } from './Theirs.tsx'
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
  /** In place of `not reported`, where it is known why. */
  none?: string | undefined
  /** What the figure means, below it. */
  note?: string | undefined
  /** The note says that something does not fit. */
  isOff?: boolean
  /** Pressed, it shows only what has this value. */
  filter?: string | null
}

export function Field(props: FieldProps): ReactNode {
  const { agent, field, label, value, isMono = false, isCopied = false, none, note, isOff = false, filter } = props
  return (
    <div className="field" data-testid={`field-${field}`}>
      <dt>{label}</dt>
      <dd className="field-value">
        {value === null || value === '' ? (
          <span className="field-none">{none ?? 'not reported'}</span>
        ) : (
          <Value value={value} isMono={isMono} filter={filter ?? null} />
        )}
        {note !== undefined && (
          <span className="field-note" data-off={isOff || undefined}>
            {note}
          </span>
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

function Value({ value, isMono, filter }: { value: string; isMono: boolean; filter: string | null }): ReactNode {
  const text = <Theirs className={isMono ? 'mono' : undefined}>{value}</Theirs>
  if (filter === null) return text
  return (
    <button
      type="button"
      className="link-button"
      data-tip={`Show only these (${filter})`}
      onClick={() => useLooking.getState().setFilter(filter)}
    >
      {text}
    </button>
  )
}

function Source({ agent, field }: { agent: Agent; field: string }): ReactNode {
  const now = useNow()
  const offsetMs = useLine((state) => state.clockOffsetMs)
  const isExact = useExactTimes(({ isOn }) => isOn)
  const said = agent.sources[field]
  if (!said) return null
  const time = said.at && (isExact ? formatTime(said.at) : formatAge(now + offsetMs - Date.parse(said.at)))
  return (
    <span
      className="field-said figures"
      data-tip={said.at === null ? said.source : `${said.source}, ${formatTime(said.at)}`}
    >
      <span className="clip">{said.source}</span>
      {time !== null && <span> · {time}</span>}
    </span>
  )
}
