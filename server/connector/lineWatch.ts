// Whether the other end of a quiet line still lives: a half-open socket, or a process that hangs, gives no event. A ping
// on an idle line costs both ends some microseconds and calls no tool, so it may be frequent; what it finds out is
// reversible for a while, so that a relay that was only busy costs nobody a reconnect.

/** A line that said nothing for so long is pinged. */
export const IDLE_BEFORE_PING_MS = 800
/** No answer for so long: the line counts as silent. With the above a hang is seen after 1.5 s at the latest. */
export const SILENT_AFTER_MS = 700
/** No answer for so long: the line is given up. As for viewers. */
export const DEAD_AFTER_MS = 8_000

export interface LineWatchEvents {
  ping(): void
  /** `true`: nothing is heard. `false`: something is heard again. */
  onSilent(silent: boolean): void
  onDead(): void
}

type Phase = 'quiet' | 'asked' | 'silent' | 'stopped'

export class LineWatch {
  readonly #events: LineWatchEvents
  #phase: Phase = 'quiet'
  #heardAtMs = performance.now()
  #timer: NodeJS.Timeout

  constructor(events: LineWatchEvents) {
    this.#events = events
    this.#timer = setTimeout(() => this.#idle(), IDLE_BEFORE_PING_MS)
  }

  /** Anything at all came in. Called for every message, so on a busy line it does next to nothing. */
  heard(): void {
    this.#heardAtMs = performance.now()
    if (this.#phase === 'quiet' || this.#phase === 'stopped') return
    const wasSilent = this.#phase === 'silent'
    this.#phase = 'quiet'
    this.#after(IDLE_BEFORE_PING_MS, () => this.#idle())
    if (wasSilent) this.#events.onSilent(false)
  }

  stop(): void {
    this.#phase = 'stopped'
    clearTimeout(this.#timer)
  }

  #idle(): void {
    const idleMs = performance.now() - this.#heardAtMs
    // A timer may fire a moment early, and a busy line does not set it anew for each message.
    if (idleMs < IDLE_BEFORE_PING_MS - 1) {
      this.#after(IDLE_BEFORE_PING_MS - idleMs, () => this.#idle())
      return
    }
    this.#phase = 'asked'
    this.#events.ping()
    this.#after(SILENT_AFTER_MS, () => this.#unanswered('asked', () => this.#silent()))
  }

  #silent(): void {
    this.#phase = 'silent'
    this.#after(DEAD_AFTER_MS - SILENT_AFTER_MS, () => this.#unanswered('silent', () => this.#events.onDead()))
    this.#events.onSilent(true)
  }

  /** If it was we who hung, the answer lies in the socket already: it is read before the verdict. */
  #unanswered(phase: Phase, verdict: () => void): void {
    setImmediate(() => {
      if (this.#phase === phase) verdict()
    })
  }

  #after(delayMs: number, callback: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(callback, delayMs)
  }
}
