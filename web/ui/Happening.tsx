// What of an agent cannot wait: who it waits for, what is wrong, and what it has under way. Each with its age.

import { CircleAlert, FileWarning, Hourglass, MoonStar, TriangleAlert, Wrench } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Agent, Link } from '../../protocol/swarm.ts'
import { useConcerns } from '../store/concerns.ts'
import { useLine } from '../store/line.ts'
import { useLooking } from '../store/looking.ts'
import { shownName } from '../store/shownName.ts'
import { formatAge } from './format.ts'
import { useEntity } from './hooks.ts'
import { Theirs } from './Theirs.tsx'
import { useNow } from './useNow.ts'

export function Happening({ agent }: { agent: Agent }): ReactNode {
  const now = useNow()
  const offsetMs = useLine((state) => state.clockOffsetMs)
  const nowMs = now + offsetMs
  const age = (iso: string) => formatAge(nowMs - Date.parse(iso))
  const { attention, lastFailure, openTools } = agent
  const concern = useConcerns((state) => state.byId.get(agent.id))
  const stuck = concern?.stuck ?? null
  const quietSinceMs = stuck ? null : (concern?.quietSinceMs ?? null)
  const conflicts = concern?.conflicts ?? []
  const isThere =
    attention ||
    lastFailure ||
    stuck ||
    quietSinceMs !== null ||
    conflicts.length > 0 ||
    (openTools && openTools.length > 0)
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
      {quietSinceMs !== null && (
        <Line tone="quiet" icon={<MoonStar size={14} />} age={formatAge(nowMs - quietSinceMs)} said="Quiet">
          quiet: nothing heard while at work
        </Line>
      )}
      {conflicts.map((link) => (
        <Line
          key={link.id}
          tone="conflict"
          icon={<FileWarning size={15} />}
          age={link.since === null ? '' : age(link.since)}
          said="In conflict"
        >
          <Conflict agentId={agent.id} link={link} />
        </Line>
      ))}
      {openTools?.toReversed().map(({ id, name, detail, since }) => (
        <Line key={id} tone="tool" icon={<Wrench size={14} />} age={age(since)} said="In a tool">
          {detail === null ? name : `${name} ${detail}`}
        </Line>
      ))}
    </ul>
  )
}

interface LineProps {
  tone: 'needs-you' | 'failed' | 'stuck' | 'quiet' | 'conflict' | 'tool'
  icon: ReactNode
  /** For who does not see the icon. */
  said: string
  age: string
  children: ReactNode
}

function Line({ tone, icon, said, age, children }: LineProps): ReactNode {
  return (
    <li className="happening-line" data-tone={tone}>
      <span aria-hidden="true">{icon}</span>
      <span className="happening-text">
        <span className="sr-only">{said}: </span>
        {typeof children === 'string' ? <Theirs>{children}</Theirs> : children}
      </span>
      <span className="figures happening-age">{age}</span>
    </li>
  )
}

/** On which file, and with whom; the name leads there. */
function Conflict({ agentId, link }: { agentId: string; link: Link }): ReactNode {
  const otherId = link.source === agentId ? link.target : link.source
  const other = useEntity('agent', otherId)
  return (
    <>
      <Theirs>{link.evidence}</Theirs>{' '}
      {other && (
        <button type="button" className="link-button" onClick={() => useLooking.getState().select(otherId)}>
          with <Theirs>{shownName(other)}</Theirs>
        </button>
      )}
    </>
  )
}
