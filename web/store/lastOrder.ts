// Agents kept in order while some of them change. Who did not change, or in nothing that the order looks at, still stands in
// order, so only the others are sorted, and then put in their places: with ten thousand agents of which a thousand change a
// second, a small part of the work.

import type { Agent } from '../../protocol/swarm.ts'
import { inheritNameKey } from './agentGroups.ts'

type Compare = (a: Agent, b: Agent) => number

/** With more new ones than this share, sorting all is less work. */
const MANY_SHARE = 0.25

const NOBODY: ReadonlySet<string> = new Set()

/** An agent is replaced when it changes: with the same mark, and equal to what it was, it has the same place among the others. */
export class LastOrder {
  #key = ''
  #order: readonly Agent[] = []
  /** The same agents, in the order of their map. */
  #seen: readonly Agent[] = []
  #marked = NOBODY

  /**
   * All agents in order. `key` names the order; the result is the same as if all were sorted anew. `marked`: who stands
   * elsewhere for a reason that is not in the agent itself.
   */
  sorted(key: string, agents: ReadonlyMap<string, Agent>, compare: Compare, marked = NOBODY): readonly Agent[] {
    const { kept, fresh } = this.#apart(key, agents, compare, marked)
    fresh.sort(compare)
    const isMany = fresh.length > MANY_SHARE * agents.size
    this.#order = fresh.length === 0 ? kept : isMany ? [...kept, ...fresh].sort(compare) : merged(kept, fresh, compare)
    this.#seen = [...agents.values()]
    this.#key = key
    this.#marked = marked
    return this.#order
  }

  #apart(
    key: string,
    agents: ReadonlyMap<string, Agent>,
    compare: Compare,
    marked: ReadonlySet<string>,
  ): { kept: Agent[]; fresh: Agent[] } {
    if (key !== this.#key) return { kept: [], fresh: [...agents.values()] }
    const kept: Agent[] = []
    const fresh: Agent[] = []
    let known = 0
    const replaced = this.#replacedIn(agents)
    for (const agent of this.#order) {
      const now = replaced ? (replaced.get(agent) ?? agent) : agents.get(agent.id)
      if (!now) continue
      if (now !== agent) inheritNameKey(agent, now)
      const isSameMark = marked.has(now.id) === this.#marked.has(now.id)
      if (isSameMark && (now === agent || compare(agent, now) === 0)) kept.push(now)
      else fresh.push(now)
      known++
    }
    if (known < agents.size) fresh.push(...this.#newcomers(agents))
    return { kept, fresh }
  }

  /**
   * Who took whose place; `null`: somebody came or went. A map keeps its order when what it holds is replaced, and to go along
   * it costs a small part of looking ten thousand up by their names.
   */
  #replacedIn(agents: ReadonlyMap<string, Agent>): ReadonlyMap<Agent, Agent> | null {
    if (agents.size !== this.#seen.length) return null
    const replaced = new Map<Agent, Agent>()
    let index = 0
    for (const now of agents.values()) {
      const before = this.#seen[index++] as Agent
      if (now === before) continue
      if (now.id !== before.id) return null
      replaced.set(before, now)
    }
    return replaced
  }

  #newcomers(agents: ReadonlyMap<string, Agent>): Agent[] {
    const known = new Set(this.#order.map(({ id }) => id))
    return [...agents.values()].filter(({ id }) => !known.has(id))
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
