// What a thumbstick asks for: to a side, a turn; forward, a place to go to, or a way to glide along. One stick does it all, so
// whoever has only one hand lacks nothing. Pure.

import type { FrameTime } from '../scene/frameTime.ts'

/** Pushed so far it means something, and let go within the second: a stick rests anywhere near its middle. */
const ON = 0.7
const OFF = 0.4
const GLIDE_FROM = 0.2
/** Eight turns a second and more are felt as turning. */
const TURN_PAUSE_MS = 125

export interface StickPlace {
  x: number
  y: number
}

export type StickWish = 'none' | 'turn-left' | 'turn-right' | 'aim' | 'go'

export class Stick {
  #isTurnReady = true
  #turnedAtMs = Number.NEGATIVE_INFINITY
  #isAiming = false

  /** `y` is negative forward, as headsets tell it. */
  read({ x, y }: StickPlace, { nowMs }: Pick<FrameTime, 'nowMs'>, isGliding: boolean): StickWish {
    if (this.#isAiming) {
      if (x * x + y * y >= OFF * OFF && y < OFF) return 'aim'
      this.#isAiming = false
      // Let go it goes there; pulled back it stays.
      return y < OFF ? 'go' : 'none'
    }
    if (Math.abs(x) < OFF) this.#isTurnReady = true
    if (Math.abs(x) > ON && Math.abs(x) > Math.abs(y)) {
      if (!this.#isTurnReady || nowMs - this.#turnedAtMs < TURN_PAUSE_MS) return 'none'
      this.#isTurnReady = false
      this.#turnedAtMs = nowMs
      return x > 0 ? 'turn-right' : 'turn-left'
    }
    if (isGliding || y > -ON || Math.abs(x) > Math.abs(y)) return 'none'
    this.#isAiming = true
    return 'aim'
  }
}

/** How much of the full pace a stick asks for: forward, or back (negative). */
export function glideOf({ x, y }: StickPlace): number {
  if (Math.abs(y) < GLIDE_FROM || Math.abs(x) > Math.abs(y)) return 0
  return -Math.sign(y) * Math.min(1, (Math.abs(y) - GLIDE_FROM) / (1 - GLIDE_FROM))
}
