// How much a recording makes whoever plays it hold. A file that is streamed may be endless; the state folded from it must not.

import type { SwarmEvent } from '../../protocol/events.ts'
import { refKey } from '../../protocol/frames.ts'

/** Twenty times the largest swarm that we are made for. */
const MAX_ENTITIES = 200_000
const MAX_BYTES = 256 * 1024 * 1024
/** The fold remembers each for ever. */
const MAX_SOURCES = 10_000

export class HeldState {
  readonly #bytesOf = new Map<string, number>()
  readonly #sources = new Set<string>()
  #bytes = 0

  /** `bytes`: of its text. False: that is more than can be held. */
  take(event: SwarmEvent, bytes: number): boolean {
    const isThere = 'entity' in event
    const key = isThere
      ? refKey(event.entity)
      : refKey({ entity: event.type.slice(0, event.type.indexOf('.')), id: event.id })
    this.#bytes -= this.#bytesOf.get(key) ?? 0
    if (isThere) {
      this.#bytes += bytes
      this.#bytesOf.set(key, bytes)
    } else this.#bytesOf.delete(key)
    this.#sources.add(event.sourceId)
    return this.#bytesOf.size <= MAX_ENTITIES && this.#bytes <= MAX_BYTES && this.#sources.size <= MAX_SOURCES
  }
}
