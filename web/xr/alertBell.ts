// Which alert is heard when many come at once: the most urgent, and never one upon another.

import type { Turn } from '../store/turns.ts'

/** What comes within this is one burst. */
const GATHER_MS = 250
const PAUSE_MS = 2_000

export class AlertBell {
  readonly #ring: (turn: Turn) => void
  #waiting: Turn | null = null
  #rangAtMs = Number.NEGATIVE_INFINITY
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(ring: (turn: Turn) => void) {
    this.#ring = ring
  }

  see(turns: readonly Turn[], nowMs: number): void {
    for (const turn of turns) {
      if (turn.kind === 'conflict') continue
      // Who waits for somebody before who only failed.
      if (!this.#waiting || (turn.kind === 'waiting' && this.#waiting.kind !== 'waiting')) this.#waiting = turn
    }
    if (!this.#waiting || this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.#tell(), Math.max(GATHER_MS, this.#rangAtMs + PAUSE_MS - nowMs))
  }

  #tell(): void {
    const turn = this.#waiting
    this.#timer = undefined
    this.#waiting = null
    this.#rangAtMs = performance.now()
    if (turn) this.#ring(turn)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting = null
  }
}
