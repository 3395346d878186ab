// A log's own time: it never goes back, so that a time names one place in the log (SPEC.md, L12). While the system's clock is
// behind what the log has (it was set back), what comes in bears the last time.

import type { SwarmEvent } from '../../protocol/events.ts'
import type { IsoTime } from '../../protocol/swarm.ts'

/** Clocks are set right by a second now and then: nobody need hear of that. */
const BEHIND_MS = 60_000

export class LogClock {
  #lastMs: number
  #last: IsoTime

  readonly #onBehind: (behindMs: number) => void
  #isBehind = false

  /**
   * `lastMs`: of the last event that the log holds, in ms since 1970. `onBehind`: the system's clock is so far behind it that
   * all that comes bears one time for long; called once, until it has caught up.
   */
  constructor(lastMs: number, onBehind: (behindMs: number) => void = () => undefined) {
    this.#onBehind = onBehind
    this.#lastMs = lastMs
    this.#last = new Date(lastMs).toISOString()
  }

  get lastMs(): number {
    return this.#lastMs
  }

  /** The events with times that are not before what the log has; the very same ones if none is. */
  stamp(events: readonly SwarmEvent[]): readonly SwarmEvent[] {
    let stamped: SwarmEvent[] | null = null
    for (let index = 0; index < events.length; index++) {
      const event = events[index] as SwarmEvent
      // Nearly always: what comes together has one time.
      if (event.receivedAt === this.#last) continue
      const ms = Date.parse(event.receivedAt)
      if (ms >= this.#lastMs) {
        this.#lastMs = ms
        this.#last = event.receivedAt
        this.#isBehind = false
      } else {
        this.#tell(this.#lastMs - ms)
        stamped ??= [...events]
        stamped[index] = { ...event, receivedAt: this.#last }
      }
    }
    return stamped ?? events
  }

  #tell(behindMs: number): void {
    if (this.#isBehind || behindMs < BEHIND_MS) return
    this.#isBehind = true
    this.#onBehind(behindMs)
  }
}
