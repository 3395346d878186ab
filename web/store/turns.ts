// The moments at which somebody should look: an agent begins to fail, or to wait for a person. Found by comparing what
// is now with what was; what was so when the page was opened is no turn.

import type { Agent } from '../../protocol/swarm.ts'
import type { SwarmChange } from './swarmModel.ts'

export type TurnKind = 'failed' | 'waiting'

export interface Turn {
  kind: TurnKind
  agent: Agent
}

export class TurnWatch {
  /** Who is in trouble now, and how. */
  readonly #known = new Map<string, { failed: boolean; waiting: boolean }>()
  #epoch: string | null = null

  /** What turned by this change of the world of that epoch. */
  see(change: SwarmChange, epoch: string): Turn[] {
    const isNewWorld = epoch !== this.#epoch
    this.#epoch = epoch
    if (isNewWorld) this.#known.clear()
    const turns: Turn[] = []
    for (const entity of change.put) {
      if (entity.entity !== 'agent') continue
      const is = { failed: entity.status === 'error', waiting: entity.attention !== null }
      const was = this.#known.get(entity.id)
      if (is.failed || is.waiting) this.#known.set(entity.id, is)
      else this.#known.delete(entity.id)
      // Another world's troubles are not this one's news; but what came while the line was down is.
      if (isNewWorld) continue
      if (is.failed && !was?.failed) turns.push({ kind: 'failed', agent: entity })
      if (is.waiting && !was?.waiting) turns.push({ kind: 'waiting', agent: entity })
    }
    for (const { entity, id } of change.del) if (entity === 'agent') this.#known.delete(id)
    if (change.isReset && !isNewWorld) this.#forgetAllBut(change)
    return turns
  }

  #forgetAllBut({ put }: SwarmChange): void {
    const there = new Set(put.map(({ id }) => id))
    for (const id of this.#known.keys()) if (!there.has(id)) this.#known.delete(id)
  }
}
