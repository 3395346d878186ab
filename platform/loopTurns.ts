// Since when what is handled now may have been there to be handled. The kernel does not say, but between two looks for work the
// event loop is either busy, and what comes in meanwhile waits for the next look, or it sleeps until something comes.

import { performance } from 'node:perf_hooks'

export interface LoopClock {
  nowMs(): number
  /** For how long the loop has slept since it began. */
  idleMs(): number
  /** Calls back at the end of each turn of the loop, without holding one up or keeping the process. */
  onTurnEnd(callback: () => void): void
}

export class LoopTurns {
  readonly #clock: LoopClock
  #isWatching = false
  /** When the last turn ended, … */
  #endedMs = 0
  /** … and for how long the loop had slept by then. */
  #idleMs = 0
  /** The last turn began no earlier: what was readable before that was handled before it. */
  #beganMs = 0
  /** The answer, once it was asked for in this turn. */
  #sinceMs: number | null = null

  constructor(clock: LoopClock = LOOP_CLOCK) {
    this.#clock = clock
  }

  /** In ms of `performance.now()`; never later than it was, and earlier by one turn of the loop at most. */
  readableSinceMs(): number {
    if (this.#sinceMs === null) this.#sinceMs = this.#look()
    return this.#sinceMs
  }

  #look(): number {
    if (!this.#isWatching) {
      this.#isWatching = true
      this.#endedMs = this.#beganMs = this.#clock.nowMs()
      this.#idleMs = this.#clock.idleMs()
      this.#clock.onTurnEnd(this.#turnEnds)
    }
    const sleptMs = this.#clock.idleMs() - this.#idleMs
    // It slept, so nothing waited. Else this may have come at any moment after the last look.
    return sleptMs > 0 ? this.#endedMs + sleptMs : this.#beganMs
  }

  readonly #turnEnds = (): void => {
    const idleMs = this.#clock.idleMs()
    this.#beganMs = this.#endedMs + (idleMs - this.#idleMs)
    this.#endedMs = this.#clock.nowMs()
    this.#idleMs = idleMs
    this.#sinceMs = null
    this.#clock.onTurnEnd(this.#turnEnds)
  }
}

const LOOP_CLOCK: LoopClock = {
  nowMs: () => performance.now(),
  idleMs: () => performance.eventLoopUtilization().idle,
  // One without a reference is called in a turn that is there anyway; the loop sleeps as if it were not.
  onTurnEnd: (callback) => {
    setImmediate(callback).unref()
  },
}
