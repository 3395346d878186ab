// The moments at which somebody should look: an agent begins to fail or to wait for a person, or two write the same file. Found by comparing what
// is now with what was; what was so when the page was opened is no turn.

import type { Agent, Link } from '../../protocol/swarm.ts'
import type { SwarmChange } from './swarmModel.ts'

export type TurnKind = 'failed' | 'waiting' | 'conflict'

export type Turn = { kind: 'failed' | 'waiting'; agent: Agent } | { kind: 'conflict'; link: Link }

export class TurnWatch {
  /** Who is in trouble now, and how. */
  readonly #known = new Map<string, { failed: boolean; waiting: boolean }>()
  /** Conflicts that are there. */
  readonly #conflicts = new Set<string>()
  #epoch: string | null = null

  /** What turned by this change of the world of that epoch. */
  see(change: SwarmChange, epoch: string): Turn[] {
    const isNewWorld = epoch !== this.#epoch
    this.#epoch = epoch
    if (isNewWorld) {
      this.#known.clear()
      this.#conflicts.clear()
    }
    const turns: Turn[] = []
    for (const entity of change.put) {
      if (entity.entity === 'link' && entity.kind === 'conflict') {
        if (!isNewWorld && !this.#conflicts.has(entity.id)) turns.push({ kind: 'conflict', link: entity })
        this.#conflicts.add(entity.id)
      }
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
    for (const { entity, id } of change.del) {
      if (entity === 'agent') this.#known.delete(id)
      else if (entity === 'link') this.#conflicts.delete(id)
    }
    if (change.isReset && !isNewWorld) this.#forgetAllBut(change)
    return turns
  }

  #forgetAllBut({ put }: SwarmChange): void {
    const there = new Set(put.map(({ id }) => id))
    for (const id of this.#known.keys()) if (!there.has(id)) this.#known.delete(id)
    for (const id of this.#conflicts) if (!there.has(id)) this.#conflicts.delete(id)
  }
}
