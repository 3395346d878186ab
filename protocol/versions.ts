// What version last spoke of each entity, and for how long an end is remembered: the one rule (SPEC.md, L2, L4) for
// everybody who folds: the state in memory, the state on file, and a state of the past.

import { compareVersions, type Version } from './events.ts'
import { MAX_TOMBSTONES } from './frames.ts'

/** How many ends are remembered: beyond what any reader can be told of, some of late arrivals. */
export const MAX_ENDED_VERSIONS = 2 * MAX_TOMBSTONES

export interface Ended {
  version: Version
  /** Number of the batch that ended it. */
  rev: number
}

export class Versions {
  /** Of entities that exist. */
  readonly alive = new Map<string, Version>()
  /** Of entities that ended (or whose end came before their beginning), in the order of their ends. */
  readonly ended = new Map<string, Ended>()

  /** Whether what this version says is news; if so, it is remembered. `key` names an entity, in one spelling throughout. */
  take(key: string, version: Version, rev: number, ends: boolean): boolean {
    const known = this.alive.get(key) ?? this.ended.get(key)?.version
    // Not later than what is known: a repetition, or one that was overtaken.
    if (known && compareVersions(version, known) <= 0) return false
    this.ended.delete(key) // re-inserted, so that the map stays in the order of ends
    if (ends) {
      this.alive.delete(key)
      this.ended.set(key, { version, rev })
    } else this.alive.set(key, version)
    return true
  }

  /** After each batch, neither more seldom nor more often; returns the ends that are forgotten, the oldest first. */
  forget(): { key: string; rev: number }[] {
    const forgotten: { key: string; rev: number }[] = []
    for (const [key, { rev }] of this.ended) {
      if (this.ended.size <= MAX_ENDED_VERSIONS) break
      this.ended.delete(key)
      forgotten.push({ key, rev })
    }
    return forgotten
  }
}
