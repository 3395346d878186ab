// How each node looks now: its state, its shape, and whether it is only registered, no longer current, or filtered away.

import type { AgentFilter } from '../store/agentFilter.ts'
import type { Concerns } from '../store/concerns.ts'
import { FAMILIES, familyOf } from '../theme/roles.ts'
import { isHindered, LOOKS, lookOf } from '../theme/status.ts'
import { FLAG, type NodeStyle } from './nodeMeshes.ts'
import type { NodeEntity } from './swarmGraph.ts'

export class NodeStyles {
  filter: AgentFilter | null = null
  concerns: Concerns['byId'] = new Map()
  #flags = new Uint8Array(256)
  /** 1 for who steps toward the viewer. */
  #forward = new Uint8Array(256)
  #staleSources: ReadonlySet<string> = new Set()
  #isAllStale = false

  get isAllStale(): boolean {
    return this.#isAllStale
  }

  /** Says whether that changed anything. */
  setStale(sources: ReadonlySet<string>, isAllStale: boolean): boolean {
    const isSame =
      isAllStale === this.#isAllStale &&
      sources.size === this.#staleSources.size &&
      [...sources].every((id) => this.#staleSources.has(id))
    this.#staleSources = sources
    this.#isAllStale = isAllStale
    return !isSame
  }

  ensure(capacity: number): void {
    if (this.#flags.length >= capacity) return
    const flags = new Uint8Array(capacity)
    flags.set(this.#flags)
    this.#flags = flags
    const forward = new Uint8Array(capacity)
    forward.set(this.#forward)
    this.#forward = forward
  }

  isForward(slot: number): boolean {
    return this.#forward[slot] === 1
  }

  isDimmed(slot: number): boolean {
    return ((this.#flags[slot] ?? 0) & FLAG.DIMMED) !== 0
  }

  of(slot: number, entity: NodeEntity): NodeStyle {
    let flags = this.#isAllStale || this.#staleSources.has(entity.sourceId) ? FLAG.STALE : 0
    if (entity.entity === 'task') {
      if (this.filter) flags |= FLAG.DIMMED
      this.#flags[slot] = flags
      this.#forward[slot] = 0
      const look = LOOKS.indexOf(entity.status === 'in_progress' ? 'tool' : 'idle')
      return { look, family: FAMILIES.indexOf('task'), flags }
    }
    if (entity.kind === 'registered') flags |= FLAG.HOLLOW
    if (this.filter && !this.filter(entity)) flags |= FLAG.DIMMED
    const concern = this.concerns.get(entity.id)
    if (concern?.stuck) flags |= FLAG.STUCK
    else if ((concern?.quietSinceMs ?? null) !== null) flags |= FLAG.QUIET
    const look = lookOf(entity)
    if (isHindered(entity)) flags |= FLAG.HINDERED
    this.#flags[slot] = flags
    this.#forward[slot] = look === 'needs-you' || look === 'failed' ? 1 : 0
    return { look: LOOKS.indexOf(look), family: FAMILIES.indexOf(familyOf(entity.type)), flags }
  }
}
