// Agents in the order they were last put in: the next order is nearly the same, and to sort what is nearly sorted takes one
// comparison for each. Ten thousand are put in order five times a second.

import type { Agent } from '../../protocol/swarm.ts'

export class LastOrder {
  #key = ''
  #ids: string[] = []

  /** All agents as they are now: those known in their last order, then the new ones. */
  recall(key: string, agents: ReadonlyMap<string, Agent>): Agent[] {
    if (key !== this.#key) return [...agents.values()]
    const known: Agent[] = []
    for (const id of this.#ids) {
      const agent = agents.get(id)
      if (agent) known.push(agent)
    }
    if (known.length === agents.size) return known
    const seen = new Set(known)
    for (const agent of agents.values()) if (!seen.has(agent)) known.push(agent)
    return known
  }

  remember(key: string, ids: string[]): void {
    this.#key = key
    this.#ids = ids
  }
}
