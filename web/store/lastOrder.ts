// Agents kept in order while some of them change. Who did not change still stands in order, so only the changed and the new are
// sorted, and then put in their places: with ten thousand agents of which a thousand change a second, a tenth of the work.

import type { Agent } from '../../protocol/swarm.ts'

type Compare = (a: Agent, b: Agent) => number

/** With more new ones than this share, sorting all is less work. */
const MANY_SHARE = 0.25

const NOBODY: ReadonlySet<string> = new Set()

/** An agent is replaced when it changes: the same object with the same mark has the same place among the others. */
export class LastOrder {
  #key = ''
  #order: readonly Agent[] = []
  #marked = NOBODY

  /**
   * All agents in order. `key` names the order; the result is the same as if all were sorted anew. `marked`: who stands
   * elsewhere for a reason that is not in the agent itself.
   */
  sorted(key: string, agents: ReadonlyMap<string, Agent>, compare: Compare, marked = NOBODY): readonly Agent[] {
    const { kept, fresh } = this.#apart(key, agents, marked)
    fresh.sort(compare)
    const isMany = fresh.length > MANY_SHARE * agents.size
    this.#order = fresh.length === 0 ? kept : isMany ? [...kept, ...fresh].sort(compare) : merged(kept, fresh, compare)
    this.#key = key
    this.#marked = marked
    return this.#order
  }

  #apart(
    key: string,
    agents: ReadonlyMap<string, Agent>,
    marked: ReadonlySet<string>,
  ): { kept: Agent[]; fresh: Agent[] } {
    if (key !== this.#key) return { kept: [], fresh: [...agents.values()] }
    const kept: Agent[] = []
    const fresh: Agent[] = []
    const known = new Set<string>()
    for (const agent of this.#order) {
      const now = agents.get(agent.id)
      if (!now) continue
      if (now === agent && marked.has(now.id) === this.#marked.has(now.id)) kept.push(agent)
      else fresh.push(now)
      known.add(agent.id)
    }
    if (known.size < agents.size) for (const agent of agents.values()) if (!known.has(agent.id)) fresh.push(agent)
    return { kept, fresh }
  }
}

/** Both are in order; `fresh` is the shorter one. */
function merged(kept: readonly Agent[], fresh: readonly Agent[], compare: Compare): Agent[] {
  const all: Agent[] = []
  let from = 0
  for (const agent of fresh) {
    const to = placeOf(agent, kept, from, compare)
    for (let index = from; index < to; index++) all.push(kept[index] as Agent)
    all.push(agent)
    from = to
  }
  for (let index = from; index < kept.length; index++) all.push(kept[index] as Agent)
  return all
}

/** Before which of `kept` it stands, from `from` on. */
function placeOf(agent: Agent, kept: readonly Agent[], from: number, compare: Compare): number {
  let low = from
  let high = kept.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(kept[middle] as Agent, agent) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
