// A log's own time: it never goes back, so that a time names one place in the log (SPEC.md, L12). While the system's clock is
// behind what the log has (it was set back), what comes in bears the last time.

import type { SwarmEvent } from '../../protocol/events.ts'
import type { IsoTime } from '../../protocol/swarm.ts'

export class LogClock {
  #lastMs: number
  #last: IsoTime

  /** `lastMs`: of the last event that the log holds, in ms since 1970. */
  constructor(lastMs: number) {
    this.#lastMs = lastMs
    this.#last = new Date(lastMs).toISOString()
  }

  get lastMs(): number {
    return this.#lastMs
  }

  /** The events with times that are not before what the log has; the very same ones if none is. */
  stamp(events: readonly SwarmEvent[]): readonly SwarmEvent[] {
    let stamped: SwarmEvent[] | null = null
    for (const [index, event] of events.entries()) {
      // Nearly always: what comes together has one time.
      if (event.receivedAt === this.#last) continue
      const ms = Date.parse(event.receivedAt)
      if (ms >= this.#lastMs) {
        this.#lastMs = ms
        this.#last = event.receivedAt
      } else {
        stamped ??= [...events]
        stamped[index] = { ...event, receivedAt: this.#last }
      }
    }
    return stamped ?? events
  }
}
