// Where panels hang: around the body, not the head. They wait until the head has turned well away, then come after it, and
// stop; so they can be looked at, and read. Pure.

import type { FrameTime } from '../scene/frameTime.ts'
import { copy, type Facing, type Point } from './worldRig.ts'

const START_RADIANS = 0.6
/** While a finger is near one they stay longer, as far as it is still in view: who leans in to touch it does not want it to go. */
const HELD_RADIANS = 0.9
const HELD_METRES = 0.5
const STOP_RADIANS = 0.03
const START_METRES = 0.3
const STOP_METRES = 0.02
/** Of the way that is left, in a second: as a rate of decay. */
const PACE = 5

export class LazyFollow {
  yaw = 0
  readonly at: Point = { x: 0, y: 0, z: 0 }
  #isComing = false
  #isPlaced = false

  /**
   * Between frames, for while it stays a frame has nothing to reckon: whether it has to come. `isHeld`: a finger is near one.
   */
  watch({ head, headYaw }: Facing, isHeld: boolean): void {
    if (!this.#isPlaced || this.#isComing) return
    const turn = Math.abs(angleBetween(this.yaw, headYaw))
    const far = Math.hypot(head.x - this.at.x, head.y - this.at.y, head.z - this.at.z)
    this.#isComing = isHeld ? turn > HELD_RADIANS || far > HELD_METRES : turn > START_RADIANS || far > START_METRES
  }

  /** In each frame. `isStill`: reduced motion; then they are there at once, without a way. */
  update(facing: Facing, time: Pick<FrameTime, 'deltaSec'>, isStill: boolean): void {
    if (!this.#isPlaced) this.#jump(facing)
    if (!this.#isComing) return
    if (isStill) {
      this.#jump(facing)
      return
    }
    const { head, headYaw } = facing
    const { at } = this
    const turn = angleBetween(this.yaw, headYaw)
    const x = head.x - at.x
    const y = head.y - at.y
    const z = head.z - at.z
    const far = Math.sqrt(x * x + y * y + z * z)
    const part = 1 - Math.exp(-PACE * time.deltaSec)
    this.yaw += turn * part
    at.x += x * part
    at.y += y * part
    at.z += z * part
    if (Math.abs(turn) < STOP_RADIANS && far < STOP_METRES) this.#isComing = false
  }

  #jump({ head, headYaw }: Facing): void {
    this.yaw = headYaw
    copy(head, this.at)
    this.#isPlaced = true
    this.#isComing = false
  }
}

/** The shorter way round. */
export const angleBetween = (from: number, to: number): number => {
  const turn = (to - from) % (2 * Math.PI)
  return turn > Math.PI ? turn - 2 * Math.PI : turn < -Math.PI ? turn + 2 * Math.PI : turn
}
