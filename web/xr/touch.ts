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
/** A finger means a panel when it is so near, or comes toward it so fast; until it is farther and has stopped. */
const CLOSE_METRES = 0.03
const LEFT_METRES = 0.04
const COMING_METRES_PER_SEC = 0.12
const STOPPED_METRES_PER_SEC = 0.04
/** A hand trembles: its speed is that of the last moment, as a rate of decay, per second. */
const SPEED_PACE = 25
/** Through a swarm a hand goes quickly; on whom it means it rests. */
const REST_SEC = 0.12

export type TouchEdge = 'none' | 'press' | 'release' | 'cancel'

const METRES = 0
const METRES_PER_SEC = 1

/** Of one finger and the panels. */
export class PanelTouch {
  isNear = false
  /** It is about to press: near as such may be where a hand is held anyway. */
  isReaching = false
  isDown = false
  /** How far it was, and how fast it comes: in an array, for each number of an object's would be a new one. */
  readonly #last = new Float64Array([Number.NEGATIVE_INFINITY, 0])

  /** `hit`: how many metres it is before the panel (behind it: below 0); `null`: it is at none. */
  update(hit: { distance: number } | null, time: Pick<FrameTime, 'deltaSec'>): TouchEdge {
    if (hit === null) {
      const was = this.isDown
      this.isNear = false
      this.isReaching = false
      this.isDown = false
      this.#last[METRES] = Number.NEGATIVE_INFINITY
      this.#last[METRES_PER_SEC] = 0
      return was ? 'cancel' : 'none'
    }
    const metres = hit.distance
    const last = this.#last[METRES] as number
    this.#last[METRES] = metres
    this.isNear = this.isDown || metres <= (this.isNear ? HOVER_OUT_METRES : HOVER_IN_METRES)
    this.#reach(last, metres, time)
    if (this.isDown) {
      if (metres <= RELEASE_METRES) return 'none'
      this.isDown = false
      return 'release'
    }
    // Only from before: what comes from behind or aside did not mean to press.
    if (metres > PRESS_METRES || last <= PRESS_METRES) return 'none'
    this.isDown = true
    this.isReaching = true
    return 'press'
  }

  #reach(last: number, metres: number, { deltaSec }: Pick<FrameTime, 'deltaSec'>): void {
    if (deltaSec > 0 && last > Number.NEGATIVE_INFINITY) {
      const before = this.#last[METRES_PER_SEC] as number
      const part = 1 - Math.exp(-SPEED_PACE * deltaSec)
      this.#last[METRES_PER_SEC] = before + ((last - metres) / deltaSec - before) * part
    }
    const speed = this.#last[METRES_PER_SEC] as number
    this.isReaching =
      this.isNear &&
      (this.isReaching
        ? metres <= LEFT_METRES || speed > STOPPED_METRES_PER_SEC
        : metres <= CLOSE_METRES || speed > COMING_METRES_PER_SEC)
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
