// How fast the world goes by, and how much of the view's edge goes dark for it. Pure.

import type { FrameTime } from '../scene/frameTime.ts'
import { copy, type Facing, type Point, toRoom, toScene, type WorldRig } from './worldRig.ts'

/** Metres a second, of the world about the head. */
const FAST = 0.5
const IN_SEC = 0.08
const OUT_SEC = 0.3
/** A turn or a change of scale leaves the head where it is, but not what is before it. */
const AHEAD_METRES = 1

/** The way of the world about somebody, whatever moves it: hands, a stick, an agent that is followed. */
export class WorldMotion {
  /** Since the last frame. */
  metresPerSec = 0
  readonly #was: WorldRig = { x: 0, y: 0, z: 0, yaw: 0, scale: 1 }
  #hasJumped = true
  readonly #point: Point = { x: 0, y: 0, z: 0 }
  readonly #moved: Point = { x: 0, y: 0, z: 0 }

  /** It is elsewhere at once, as it was asked to be: nothing goes by then. */
  jump(): void {
    this.#hasJumped = true
  }

  /** Once a frame. */
  update(rig: WorldRig, facing: Facing, time: Pick<FrameTime, 'deltaSec'>): void {
    const hasJumped = this.#hasJumped || time.deltaSec <= 0
    this.#hasJumped = false
    this.metresPerSec = 0
    if (!hasJumped) {
      this.#see(rig, facing, 0, time)
      this.#see(rig, facing, AHEAD_METRES, time)
    }
    const was = this.#was
    copy(rig, was)
    was.yaw = rig.yaw
    was.scale = rig.scale
  }

  /** How fast what was there, so far ahead of the head, has come here: whatever is faster counts. */
  #see(rig: WorldRig, { head, headYaw }: Facing, ahead: number, { deltaSec }: Pick<FrameTime, 'deltaSec'>): void {
    const point = this.#point
    point.x = head.x - Math.sin(headYaw) * ahead
    point.y = head.y
    point.z = head.z - Math.cos(headYaw) * ahead
    const moved = this.#moved
    toScene(this.#was, point, moved)
    toRoom(rig, moved, moved)
    const x = moved.x - point.x
    const y = moved.y - point.y
    const z = moved.z - point.z
    const metresPerSec = Math.sqrt(x * x + y * y + z * z) / deltaSec
    if (metresPerSec > this.metresPerSec) this.metresPerSec = metresPerSec
  }
}

export class Vignette {
  /** 0: the whole view, 1: only its middle. */
  amount = 0

  update({ metresPerSec }: Pick<WorldMotion, 'metresPerSec'>, { deltaSec }: Pick<FrameTime, 'deltaSec'>): void {
    const goal = metresPerSec > FAST ? 1 : 0
    const step = deltaSec / (goal > this.amount ? IN_SEC : OUT_SEC)
    this.amount = goal > this.amount ? Math.min(goal, this.amount + step) : Math.max(goal, this.amount - step)
  }
}
