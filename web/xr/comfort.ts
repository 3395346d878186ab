// How fast the world goes by, and how much of the view's edge goes dark for it. Pure.

import { type Point, toRoom, toScene, type WorldRig } from './worldRig.ts'

/** Metres a second, of the world about the head. */
const FAST = 0.5
const IN_SEC = 0.08
const OUT_SEC = 0.3
/** A turn or a change of scale leaves the head where it is, but not what is before it. */
const AHEAD_METRES = 1

/** The way of the world about somebody, whatever moves it: hands, a stick, an agent that is followed. */
export class WorldMotion {
  readonly #was: WorldRig = { x: 0, y: 0, z: 0, yaw: 0, scale: 1 }
  #hasJumped = true
  readonly #point: Point = { x: 0, y: 0, z: 0 }
  readonly #moved: Point = { x: 0, y: 0, z: 0 }

  /** It is elsewhere at once, as it was asked to be: nothing goes by then. */
  jump(): void {
    this.#hasJumped = true
  }

  /** Metres a second since the last frame. */
  speed(rig: WorldRig, head: Point, headYaw: number, deltaSec: number): number {
    const has = this.#hasJumped || deltaSec <= 0
    this.#hasJumped = false
    const metres = has
      ? 0
      : Math.max(this.#metres(rig, head, headYaw, 0), this.#metres(rig, head, headYaw, AHEAD_METRES))
    const was = this.#was
    was.x = rig.x
    was.y = rig.y
    was.z = rig.z
    was.yaw = rig.yaw
    was.scale = rig.scale
    return has ? 0 : metres / deltaSec
  }

  /** How far what was there, so far ahead of the head, has come. */
  #metres(rig: WorldRig, head: Point, headYaw: number, ahead: number): number {
    const point = this.#point
    point.x = head.x - Math.sin(headYaw) * ahead
    point.y = head.y
    point.z = head.z - Math.cos(headYaw) * ahead
    const moved = this.#moved
    toScene(this.#was, point, moved)
    toRoom(rig, moved, moved)
    return Math.hypot(moved.x - point.x, moved.y - point.y, moved.z - point.z)
  }
}

export class Vignette {
  /** 0: the whole view, 1: only its middle. */
  amount = 0

  update(metresPerSec: number, deltaSec: number): void {
    const goal = metresPerSec > FAST ? 1 : 0
    const step = deltaSec / (goal > this.amount ? IN_SEC : OUT_SEC)
    this.amount = goal > this.amount ? Math.min(goal, this.amount + step) : Math.max(goal, this.amount - step)
  }
}
