// A session's own tool call registered an agent with claude-flow: the two are linked by the id in the call's answer, once
// some claude-flow source has that agent, and for as long. Never by name or time.

import type { SwarmStore } from '../../../protocol/fold.ts'
import type { Agent, Link, Unnumbered } from '../../../protocol/swarm.ts'
import type { Registration } from './project.ts'

/** The answer's `createdAt` and the record's may come from two readings of a clock. */
const SAME_CREATION_MS = 2_000
/** Further incarnations of an id that are looked for. */
const MAX_INCARNATIONS = 16

export function registeredLinks(registrations: readonly Registration[], store: SwarmStore): Unnumbered<Link>[] {
  if (registrations.length === 0) return []
  const sources = [...store.all('source').values()].filter(({ kind }) => kind === 'claude-flow').map(({ id }) => id)
  const links = new Map<string, Unnumbered<Link>>()
  for (const registration of registrations) {
    const agent = onlyOne(
      sources.flatMap((source) => find(registration, source, store) ?? []),
      registration,
    )
    if (!agent) continue
    const { by: source, sourceId, at: since } = registration
    const id = `${source}/registered-by/${agent.id}`
    const evidence = 'its agent_spawn call was answered with this id'
    links.set(id, {
      entity: 'link',
      id,
      kind: 'registered-by',
      sourceId,
      source,
      target: agent.id,
      evidence,
      since,
      mock: false,
    })
  }
  return [...links.values()]
}

function find({ nativeId, createdAt }: Registration, sourceId: string, store: SwarmStore): Agent | null {
  for (let incarnation = 1; incarnation <= MAX_INCARNATIONS; incarnation++) {
    const id = incarnation === 1 ? `${sourceId}/${nativeId}` : `${sourceId}/${nativeId}~${incarnation}`
    const agent = store.get('agent', id)
    if (agent?.nativeId !== nativeId || agent.origin !== 'claude-flow') continue
    // Somebody may have registered the same id anew.
    const apartMs = Date.parse(agent.createdAt ?? '') - Date.parse(createdAt ?? '')
    return Number.isNaN(apartMs) || Math.abs(apartMs) <= SAME_CREATION_MS ? agent : null
  }
  return null
}

/** Several claude-flows may know an agent of this id: then the one of the session's own project, or none. */
function onlyOne(agents: readonly Agent[], { project }: Registration): Agent | null {
  if (agents.length < 2) return agents[0] ?? null
  const same = agents.filter((agent) => agent.project === project)
  return same.length === 1 ? (same[0] ?? null) : null
}
