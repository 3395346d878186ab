// Which nodes belong together: those of a swarm, else those of a session (whoever was spawned, however indirectly, by the
// same agent). Numbers of groups are small, kept while the group lives, and used again after it.

import type { Agent } from '../../protocol/swarm.ts'
import type { NodeEntity } from './swarmGraph.ts'

/** A chain of parents longer than this is cut: nobody's data may hold the page up. */
const MAX_DEPTH = 64
const SWARM_KEY = 'swarm '

export class NodeGroups {
  readonly #agentOf: (id: string) => Agent | undefined
  #numbers = new Map<string, number>()
  #groups = new Int32Array(0)

  constructor(agentOf: (id: string) => Agent | undefined) {
    this.#agentOf = agentOf
  }

  of(slot: number): number {
    return this.#groups[slot] ?? -1
  }

  /** The id of the swarm that this group is; `null`: it is a session. */
  swarmOf(group: number): string | null {
    for (const [key, number] of this.#numbers) {
      if (number === group) return key.startsWith(SWARM_KEY) ? key.slice(SWARM_KEY.length) : null
    }
    return null
  }

  get count(): number {
    return this.#numbers.size
  }

  /** Says all groups again if one changed; `null` if not. The array is the caller's. */
  update(slotEnd: number, entities: readonly (NodeEntity | null)[]): Int32Array | null {
    const keys: (string | null)[] = []
    const sizes = new Map<string, number>()
    for (let slot = 0; slot < slotEnd; slot++) {
      const key = this.#keyOf(entities[slot] ?? null)
      keys.push(key)
      if (key !== null) sizes.set(key, (sizes.get(key) ?? 0) + 1)
    }
    this.#numbers = numbered(this.#numbers, sizes)
    const groups = Int32Array.from(keys, (key) => (key === null ? -1 : (this.#numbers.get(key) ?? -1)))
    const isSame = groups.length === this.#groups.length && groups.every((group, slot) => group === this.#groups[slot])
    this.#groups = groups
    return isSame ? null : groups.slice()
  }

  #keyOf(entity: NodeEntity | null): string | null {
    if (!entity) return null
    const agent = entity.entity === 'agent' ? entity : this.#agentOf(entity.assignedTo[0] ?? '')
    if (!agent) return null
    return groupKeyOf(agent, this.#agentOf)
  }
}

/** The swarm, or else the session that it belongs to. */
export function groupKeyOf(agent: Agent, agentOf: (id: string) => Agent | undefined): string {
  let top = agent
  for (let depth = 0; depth < MAX_DEPTH && top.swarmId === null && top.parentId !== null; depth++) {
    const parent = agentOf(top.parentId)
    if (!parent) break
    top = parent
  }
  return top.swarmId === null ? `session ${top.id}` : `${SWARM_KEY}${top.swarmId}`
}

/** One alone is no group. Known ones keep their number; others take the smallest that is free. */
function numbered(known: ReadonlyMap<string, number>, sizes: ReadonlyMap<string, number>): Map<string, number> {
  const numbers = new Map<string, number>()
  const used = new Set<number>()
  for (const [key, size] of sizes) {
    const number = known.get(key)
    if (size < 2 || number === undefined) continue
    numbers.set(key, number)
    used.add(number)
  }
  let next = 0
  for (const [key, size] of sizes) {
    if (size < 2 || numbers.has(key)) continue
    while (used.has(next)) next++
    used.add(next)
    numbers.set(key, next)
  }
  return numbers
}
