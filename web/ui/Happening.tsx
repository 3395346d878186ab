// What of an agent cannot wait: who it waits for, what is wrong, and what it has under way. Each with its age.

import { CircleAlert, Hourglass, TriangleAlert, Wrench } from 'lucide-react'
import type { ReactNode } from 'react'
import { stuckReason } from '../../protocol/derive.ts'
import type { Agent } from '../../protocol/swarm.ts'
import { useLine } from '../store/line.ts'
import { model } from '../store/session.ts'
import { formatAge } from './format.ts'
import { useNow } from './useNow.ts'

export function Happening({ agent }: { agent: Agent }): ReactNode {
  const now = useNow()
  const offsetMs = useLine((state) => state.clockOffsetMs)
  const nowMs = now + offsetMs
  const age = (iso: string) => formatAge(nowMs - Date.parse(iso))
  const { attention, lastFailure, openTools } = agent
  const stuck = stuckReason(agent, model.store, nowMs)
  const isThere = attention || lastFailure || stuck || (openTools && openTools.length > 0)
  if (!isThere) return null
  return (
    <ul className="happening" data-testid="happening">
      {attention && (
        <Line tone="needs-you" icon={<CircleAlert size={15} />} age={age(attention.since)} said="Waits for you">
          {attention.reason}
        </Line>
      )}
      {lastFailure && (
        <Line tone="failed" icon={<TriangleAlert size={15} />} age={age(lastFailure.at)} said="Failed">
          {lastFailure.what}
        </Line>
      )}
      {stuck && (
        <Line tone="stuck" icon={<Hourglass size={15} />} age={formatAge(nowMs - stuck.sinceMs)} said="Seems stuck">
          {stuck.reason}
        </Line>
      )}
      {openTools?.toReversed().map(({ id, name, detail, since }) => (
        <Line key={id} tone="tool" icon={<Wrench size={14} />} age={age(since)} said="In a tool">
          {detail === null ? name : `${name} ${detail}`}
        </Line>
      ))}
    </ul>
  )
}

interface LineProps {
  tone: 'needs-you' | 'failed' | 'stuck' | 'tool'
  icon: ReactNode
  /** For who does not see the icon. */
  said: string
  age: string
  children: string
}

function Line({ tone, icon, said, age, children }: LineProps): ReactNode {
  return (
    <li className="happening-line" data-tone={tone}>
      <span aria-hidden="true">{icon}</span>
      <span className="happening-text">
        <span className="sr-only">{said}: </span>
        <bdi>{children}</bdi>
      </span>
      <span className="figures happening-age">{age}</span>
    </li>
  )
}
