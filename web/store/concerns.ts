// What nobody states and what follows from the state and the time: who is quiet, who seems stuck, who writes the same file as
// another. One place for list, query, scene and detail, so that they do not disagree (SPEC.md, K12 and K13).

import { create } from 'zustand'
import { isAtWork, quietSinceMs, type Stuck, stuckReason } from '../../protocol/derive.ts'
import type { SwarmStore } from '../../protocol/fold.ts'
import type { Agent, Link } from '../../protocol/swarm.ts'

/** Of one agent. */
export interface Concern {
  stuck: Stuck | null
  /** When it was last heard of, if that is a while ago and nothing explains it. */
  quietSinceMs: number | null
  conflicts: readonly Link[]
}

export interface Concerns {
  byId: ReadonlyMap<string, Concern>
  stuck: number
  quiet: number
  inConflict: number
  /** Whether time alone may change any of it. */
  hasWorkers: boolean
}

const NO_LINKS: readonly Link[] = []
const NONE: Concerns = { byId: new Map(), stuck: 0, quiet: 0, inConflict: 0, hasWorkers: false }

/** Of what is shown. */
export const useConcerns = create<Concerns>(() => NONE)

export const concernOf = (agentId: string): Concern | undefined => useConcerns.getState().byId.get(agentId)
export const stuckIds = (): ReadonlySet<string> =>
  new Set([...useConcerns.getState().byId].flatMap(([id, { stuck }]) => (stuck ? [id] : [])))
export const isStuck = (agentId: string): boolean => (concernOf(agentId)?.stuck ?? null) !== null

/** `before`: what did not change is the same object as there, so that nobody is told of it. */
export function concernsOf(store: SwarmStore, nowMs: number, before: Concerns = NONE): Concerns {
  const conflicts = conflictsOf(store)
  const byId = new Map<string, Concern>()
  const counts = { stuck: 0, quiet: 0, inConflict: 0, hasWorkers: false }
  let isSame = true
  for (const agent of store.all('agent').values()) {
    counts.hasWorkers ||= isAtWork(agent)
    const found = concernAbout(agent, store, nowMs, conflicts.get(agent.id))
    if (!found) continue
    const known = before.byId.get(agent.id)
    const concern = known && isEqual(known, found) ? known : found
    isSame &&= concern === known
    byId.set(agent.id, concern)
    if (concern.stuck) counts.stuck++
    else if (concern.quietSinceMs !== null) counts.quiet++
    if (concern.conflicts.length > 0) counts.inConflict++
  }
  const isAllSame = isSame && byId.size === before.byId.size && counts.hasWorkers === before.hasWorkers
  return isAllSame ? before : { byId, ...counts }
}

function concernAbout(
  agent: Agent,
  store: SwarmStore,
  nowMs: number,
  conflicts: readonly Link[] = NO_LINKS,
): Concern | null {
  // Who is waited for by a person, or has a tool at work, is silent for a reason.
  const isExplained = agent.attention !== null || (agent.openTools?.length ?? 0) > 0
  const quiet = isExplained ? null : quietSinceMs(agent, nowMs)
  const stuck = stuckReason(agent, store, nowMs)
  if (quiet === null && stuck === null && conflicts.length === 0) return null
  return { stuck, quietSinceMs: quiet, conflicts }
}

function conflictsOf(store: SwarmStore): ReadonlyMap<string, Link[]> {
  const found = new Map<string, Link[]>()
  for (const link of store.all('link').values()) {
    if (link.kind !== 'conflict') continue
    for (const id of new Set([link.source, link.target])) {
      const known = found.get(id)
      if (known) known.push(link)
      else found.set(id, [link])
    }
  }
  return found
}

const isEqual = (a: Concern, b: Concern): boolean =>
  a.stuck?.reason === b.stuck?.reason &&
  a.stuck?.sinceMs === b.stuck?.sinceMs &&
  a.quietSinceMs === b.quietSinceMs &&
  a.conflicts.length === b.conflicts.length &&
  a.conflicts.every((link, index) => link === b.conflicts[index])
