// Whether the child still lives, found out only while somebody waits for it: after a silence it is asked, and anything
// that it says is a yes. Pure: it is told the time (SPEC.md, X15).

import type { RelayLimits } from './limits.ts'

export interface LivenessEdge {
  /** Asks the child something that every MCP server answers, if only with an error. */
  ask(): void
  /** It says nothing although it was asked; or it is heard again. */
  onSilence(isSilent: boolean): void
  /** It says nothing, and a request was given up meanwhile, or it is too long. */
  onHung(silentMs: number): void
}

export class Liveness {
  readonly #limits: Pick<RelayLimits, 'probeAfterMs' | 'probeTimeoutMs' | 'hungAfterMs'>
  readonly #edge: LivenessEdge
  #heardAtMs = 0
  /** When it was asked, until it says anything. */
  #askedAtMs: number | null = null
  #isSilent = false
  /** A request was given up, by us or by who asked, and nothing was heard since. */
  #isSuspect = false

  constructor(limits: Pick<RelayLimits, 'probeAfterMs' | 'probeTimeoutMs' | 'hungAfterMs'>, edge: LivenessEdge) {
    this.#limits = limits
    this.#edge = edge
  }

  /** The child said anything that makes sense, or is another one now. */
  heard(nowMs: number): void {
    this.#heardAtMs = nowMs
    this.#askedAtMs = null
    this.#isSuspect = false
    if (!this.#isSilent) return
    this.#isSilent = false
    this.#edge.onSilence(false)
  }

  gaveUpRequest(): void {
    this.#isSuspect = true
  }

  /** `waitingSinceMs`: when the oldest request that the child has was asked; `null`: nobody waits. */
  tick(nowMs: number, waitingSinceMs: number | null): void {
    const { probeAfterMs, probeTimeoutMs, hungAfterMs } = this.#limits
    if (this.#askedAtMs === null) {
      const sinceMs = Math.max(this.#heardAtMs, waitingSinceMs ?? nowMs)
      if (nowMs - sinceMs < probeAfterMs) return
      this.#askedAtMs = nowMs
      this.#edge.ask()
      return
    }
    const unansweredMs = nowMs - this.#askedAtMs
    if (unansweredMs >= probeAfterMs && !this.#isSilent) {
      this.#isSilent = true
      this.#edge.onSilence(true)
    }
    if ((this.#isSuspect && unansweredMs >= probeTimeoutMs) || unansweredMs >= hungAfterMs) {
      this.#isSuspect = false
      this.#askedAtMs = nowMs // told once; if nothing comes of it, again
      this.#edge.onHung(nowMs - this.#heardAtMs)
    }
  }
}
