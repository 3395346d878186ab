// What a finger does, or the tip of what is held: it comes near, presses, and lets go. Pure; metres of the room.

import type { FrameTime } from '../scene/frameTime.ts'
import type { Point } from './worldRig.ts'

/** It is near a panel from the first on, and until it is farther than the second. */
export const HOVER_IN_METRES = 0.15
export const HOVER_OUT_METRES = 0.2
/** As thick as a finger is; it lets go a little farther out, for a finger trembles. */
export const PRESS_METRES = 0.005
export const RELEASE_METRES = 0.007
/** So near a body it is on it, before whatever the ray means. */
const BODY_METRES = 0.015
/** Through a swarm a hand goes quickly; on whom it means it rests. */
const REST_SEC = 0.12

export type TouchEdge = 'none' | 'press' | 'release' | 'cancel'

/** Of one finger and the panels. */
export class PanelTouch {
  isNear = false
  isDown = false
  #lastMetres = Number.NEGATIVE_INFINITY

  /** `hit`: how many metres it is before the panel (behind it: below 0); `null`: it is at none. */
  update(hit: { distance: number } | null): TouchEdge {
    if (hit === null) {
      const was = this.isDown
      this.isNear = false
      this.isDown = false
      this.#lastMetres = Number.NEGATIVE_INFINITY
      return was ? 'cancel' : 'none'
    }
    const metres = hit.distance
    const last = this.#lastMetres
    this.#lastMetres = metres
    this.isNear = this.isDown || metres <= (this.isNear ? HOVER_OUT_METRES : HOVER_IN_METRES)
    if (this.isDown) {
      if (metres <= RELEASE_METRES) return 'none'
      this.isDown = false
      return 'release'
    }
    // Only from before: what comes from behind or aside did not mean to press.
    if (metres > PRESS_METRES || last <= PRESS_METRES) return 'none'
    this.isDown = true
    return 'press'
  }
}

/** Of one finger and the bodies. */
export class BodyTouch {
  #slot = -1
  #restedSec = 0
  #isTold = false

  /** `slot`: whose body it is in; -1: nobody's. Says, once, that it has rested there. */
  update(slot: number, { deltaSec }: Pick<FrameTime, 'deltaSec'>): boolean {
    if (slot !== this.#slot) {
      this.#slot = slot
      this.#restedSec = 0
      this.#isTold = false
      return false
    }
    this.#restedSec += deltaSec
    if (slot < 0 || this.#isTold || this.#restedSec < REST_SEC) return false
    this.#isTold = true
    return true
  }
}

/**
 * Whose body this point of the scene is nearest to, within `BODY_METRES`; -1 for nobody. `nodes`: x, y, z, radius at 4 × slot,
 * a radius of 0 for none. `scale`: the scene's units in a metre.
 */
export function bodyAt(nodes: Float32Array, slotEnd: number, at: Point, { scale }: { scale: number }): number {
  let best = -1
  let bestApart = BODY_METRES * scale
  for (let slot = 0; slot < slotEnd; slot++) {
    const from = slot * 4
    const radius = nodes[from + 3] as number
    if (radius <= 0) continue
    const reach = radius + bestApart
    const x = (nodes[from] as number) - at.x
    if (x > reach || x < -reach) continue
    const y = (nodes[from + 1] as number) - at.y
    const z = (nodes[from + 2] as number) - at.z
    const apart = Math.sqrt(x * x + y * y + z * z) - radius
    if (apart > bestApart) continue
    bestApart = apart
    best = slot
  }
  return best
}
