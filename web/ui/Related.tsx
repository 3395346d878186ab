// Whom an agent is linked with, and what it has to do. Each name leads there.

import { type ReactNode, useMemo } from 'react'
import type { Agent, Link, LinkKind, Task } from '../../protocol/swarm.ts'
import { useLooking } from '../store/looking.ts'
import { model } from '../store/session.ts'
import { shownName } from '../store/shownName.ts'
import { lookOf, statusText } from '../theme/status.ts'
import { useModelVersion } from './hooks.ts'
import { StatusMark } from './StatusMark.tsx'
import { Theirs } from './Theirs.tsx'

/** A hub may have a thousand; nobody reads them here. */
const MAX_SHOWN = 40

/** As seen from the link's source, and from its target. */
const RELATIONS: Readonly<Record<Exclude<LinkKind, 'assigned'>, readonly [string, string]>> = {
  spawned: ['Spawned', 'Spawned by'],
  inferred: ['Probably spawned', 'Probably spawned by'],
  'registered-by': ['Registered', 'Registered by'],
  message: ['Wrote to', 'Heard from'],
  conflict: ['In conflict with', 'In conflict with'],
  topology: ['Declared beside', 'Declared beside'],
}

interface Relation {
  title: string
  kind: LinkKind
  others: { agent: Agent; evidence: string }[]
}

export function Related({ agent }: { agent: Agent }): ReactNode {
  const version = useModelVersion()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutated; its version says so
  const relations = useMemo(() => relationsOf(agent.id), [agent.id, version])
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  const tasks = useMemo(() => tasksOf(agent.id), [agent.id, version])
  const swarm = agent.swarmId === null ? undefined : model.get('swarm', agent.swarmId)
  return (
    <>
      {relations.map(({ title, kind, others }) => (
        <section key={title} data-testid="related">
          <h3>
            {title} · <span className="mono">{others.length}</span>
          </h3>
          <ul>
            {others.slice(0, MAX_SHOWN).map(({ agent: other, evidence }) => (
              <li key={other.id}>
                <RelatedAgent agent={other} evidence={evidence} isSaid={EVIDENCE_SAID.has(kind)} />
              </li>
            ))}
          </ul>
          {others.length > MAX_SHOWN && <p className="field-none">and {others.length - MAX_SHOWN} more</p>}
        </section>
      ))}
      {tasks.length > 0 && (
        <section data-testid="tasks">
          <h3>
            Tasks · <span className="mono">{tasks.length}</span>
          </h3>
          <ul>
            {tasks.slice(0, MAX_SHOWN).map((task) => (
              <TaskItem key={task.id} task={task} />
            ))}
          </ul>
        </section>
      )}
      {swarm && (
        <section>
          <h3>Swarm</h3>
          <p className="related-swarm">
            <Theirs>{swarm.name ?? swarm.nativeId}</Theirs>{' '}
            <span className="related-note">
              {[
                swarm.topology,
                swarm.status,
                `${swarm.agentIds.length} ${swarm.agentIds.length === 1 ? 'agent' : 'agents'}`,
              ]
                .filter((part) => part !== null)
                .join(' · ')}
            </span>
          </p>
        </section>
      )}
    </>
  )
}

/** Where the word for the link does not say enough: what was seen. */
const EVIDENCE_SAID: ReadonlySet<LinkKind> = new Set(['inferred', 'registered-by', 'conflict', 'message'])

interface RelatedAgentProps {
  agent: Agent
  evidence: string
  isSaid: boolean
}

function RelatedAgent({ agent, evidence, isSaid }: RelatedAgentProps): ReactNode {
  const select = useLooking((state) => state.select)
  return (
    <button type="button" className="related" data-tip={evidence} onClick={() => select(agent.id)}>
      <StatusMark look={lookOf(agent)} isHollow={agent.kind === 'registered'} />
      <Theirs className="clip">{shownName(agent)}</Theirs>
      <span className="related-note">{statusText(agent)}</span>
      {isSaid && <span className="related-note related-said">{evidence}</span>}
    </button>
  )
}

function TaskItem({ task }: { task: Task }): ReactNode {
  const text = task.description ?? task.nativeId
  return (
    <li className="task">
      <Theirs className="task-text">{text}</Theirs>
      <span className="related-note">
        {task.status.replace('_', ' ')}
        {task.progress !== null && <span className="mono"> {Math.round(task.progress * 100)} %</span>}
      </span>
      {task.progress !== null && (
        <span className="task-bar">
          <span style={{ width: `${Math.round(Math.min(1, Math.max(0, task.progress)) * 100)}%` }} />
        </span>
      )}
    </li>
  )
}

function relationsOf(id: string): Relation[] {
  const byTitle = new Map<string, Relation>()
  for (const link of model.links.values()) {
    const relation = relationOf(link, id)
    const other = relation && model.get('agent', relation.otherId)
    if (!relation || !other) continue
    const known = byTitle.get(relation.title) ?? { title: relation.title, kind: link.kind, others: [] }
    known.others.push({ agent: other, evidence: link.evidence })
    byTitle.set(relation.title, known)
  }
  return [...byTitle.values()].sort((a, b) => a.others.length - b.others.length)
}

function relationOf(link: Link, id: string): { title: string; otherId: string } | null {
  if (link.kind === 'assigned') return null
  const [fromSource, fromTarget] = RELATIONS[link.kind]
  if (link.source === id) return { title: fromSource, otherId: link.target }
  return link.target === id ? { title: fromTarget, otherId: link.source } : null
}

const tasksOf = (id: string): Task[] => [...model.tasks.values()].filter((task) => task.assignedTo.includes(id))
