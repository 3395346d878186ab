// What was stated of Claude Code's work, and what is to be said now → events. Entities come in groups (a session, all
// conflicts), each of which is given whole when something of it changed.

import { isDeepStrictEqual } from 'node:util'
import { EVENT_VERSION, type SwarmEvent } from '../../../protocol/events.ts'
import type { Agent, Entity, IsoTime, Unnumbered } from '../../../protocol/swarm.ts'

type Stated = Exclude<Unnumbered<Entity>, { entity: 'source' | 'task' | 'swarm' }>

export class StatedEntities {
  /** By `entity/id`. */
  readonly #stated = new Map<string, Stated>()
  readonly #groups = new Map<string, Set<string>>()
  readonly #incarnationOf: (sourceId: string) => number
  readonly #incarnations = new Map<string, number>()
  #revision = 0

  /** `incarnationOf`: the one that a source spoke in last, in a former run. */
  constructor(incarnationOf: (sourceId: string) => number) {
    this.#incarnationOf = incarnationOf
  }

  /** This stands in the log, and nothing else: whatever nobody states anew is over with the group `RESTORED`. */
  reset(entities: Iterable<Unnumbered<Entity>>): void {
    this.#stated.clear()
    this.#groups.clear()
    const keys = new Set<string>()
    for (const entity of entities) {
      if (entity.entity !== 'agent' && entity.entity !== 'link') continue
      this.#stated.set(keyOf(entity), entity)
      keys.add(keyOf(entity))
    }
    this.#groups.set(RESTORED, keys)
  }

  /** The group is now this, and nothing else. */
  state(group: string, entities: readonly Stated[], receivedAt: IsoTime): SwarmEvent[] {
    const events: SwarmEvent[] = []
    const before = this.#groups.get(group)
    const keys = new Set<string>()
    for (const entity of entities) {
      const key = keyOf(entity)
      keys.add(key)
      const known = this.#stated.get(key)
      if (known && isSame(known, entity)) continue
      events.push(
        this.#event(entity, { type: `${entity.entity}.upserted`, entity, at: momentOf(known, entity) }, receivedAt),
      )
      this.#stated.set(key, entity)
    }
    for (const key of before ?? []) {
      const entity = this.#stated.get(key)
      if (keys.has(key) || !entity || this.#isElsewhere(key, group)) continue
      events.push(this.#event(entity, { type: `${entity.entity}.retired`, id: entity.id, at: null }, receivedAt))
      this.#stated.delete(key)
    }
    if (keys.size > 0) this.#groups.set(group, keys)
    else this.#groups.delete(group)
    return events
  }

  /** Whether the group stands as it would be stated now. */
  isStated(group: string, entities: readonly Stated[]): boolean {
    const keys = this.#groups.get(group)
    if ((keys?.size ?? 0) !== entities.length) return false
    return entities.every((entity) => keys?.has(keyOf(entity)) && isSame(this.#stated.get(keyOf(entity)), entity))
  }

  /** The next version of what a source says. */
  nextVersion(sourceId: string): readonly [number, number] {
    let incarnation = this.#incarnations.get(sourceId)
    if (incarnation === undefined) {
      incarnation = this.#incarnationOf(sourceId) + 1
      this.#incarnations.set(sourceId, incarnation)
    }
    return [incarnation, ++this.#revision]
  }

  #isElsewhere(key: string, group: string): boolean {
    // Only what was restored may stand in two groups: its own takes it over.
    if (group !== RESTORED) return false
    for (const [other, keys] of this.#groups) if (other !== group && keys.has(key)) return true
    return false
  }

  #event(entity: Stated, said: object, receivedAt: IsoTime): SwarmEvent {
    const { sourceId, id } = entity
    const version = this.nextVersion(sourceId)
    const key = `${sourceId}/${version.join('.')}/${entity.entity}/${id}`
    return { v: EVENT_VERSION, key, sourceId, version, receivedAt, ...said } as SwarmEvent
  }
}

/** The group of what a former run stated. */
export const RESTORED = 'restored'

/** An agent that did something has another time; the rest costs much more to compare. */
function isSame(known: Stated | undefined, now: Stated): boolean {
  if (known === now) return true
  if (known?.entity === 'agent' && now.entity === 'agent' && known.updatedAt !== now.updatedAt) return false
  return isDeepStrictEqual(known, now)
}

const keyOf = ({ entity, id }: Stated): string => `${entity}/${id}`

/** When that happened which makes it different: a tool call's beginning or end, if that is it (SPEC.md, K8). */
function momentOf(known: Stated | undefined, now: Stated): IsoTime | null {
  if (now.entity !== 'agent') return now.since
  const before = known?.entity === 'agent' ? known : null
  if (now.lastTool && before?.lastTool?.id !== now.lastTool.id) return now.lastTool.at
  const opened = newest(now)
  if (opened && newest(before)?.id !== opened.id) return opened.since
  return now.updatedAt
}

const newest = (agent: Unnumbered<Agent> | null) => agent?.openTools?.at(-1)
