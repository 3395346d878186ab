// Where a ray would set its user down on the floor of the room, and the way there as it is drawn. Pure; points are in the room,
// in metres.

import type { Point } from './worldRig.ts'

/** As a ball thrown from the hand: so the floor near and far is reached with the same small turns of it. */
const METRES_PER_SEC = 6.5
const GRAVITY = 9.81
const STEP_SEC = 0.04
const MAX_STEPS = 36
const MAX_METRES = 8

export class Landing {
  /** x, y, z of each point of the way. */
  readonly way = new Float32Array((MAX_STEPS + 1) * 3)
  count = 0
  readonly at: Point = { x: 0, y: 0, z: 0 }

  /** `isThrown`: in an arc, as from a hand; else straight, as one looks. Says whether the floor is met, and near enough. */
  find(from: Point, way: Point, isThrown: boolean): boolean {
    this.count = 0
    if (from.y <= 0) return false
    this.#add(from.x, from.y, from.z)
    return isThrown ? this.#throw(from, way) : this.#look(from, way)
  }

  #look(from: Point, way: Point): boolean {
    if (way.y >= -1e-3) return false
    const metres = -from.y / way.y
    return this.#land(from, from.x + way.x * metres, from.z + way.z * metres)
  }

  #throw(from: Point, way: Point): boolean {
    let { x, y, z } = from
    let up = way.y * METRES_PER_SEC
    for (let step = 1; step < MAX_STEPS; step++) {
      const fromY = y
      up -= GRAVITY * STEP_SEC
      const share = fromY + up * STEP_SEC < 0 ? fromY / -(up * STEP_SEC) : 1
      x += way.x * METRES_PER_SEC * STEP_SEC * share
      z += way.z * METRES_PER_SEC * STEP_SEC * share
      y = Math.max(0, fromY + up * STEP_SEC * share)
      if (share < 1 || y === 0) return this.#land(from, x, z)
      this.#add(x, y, z)
    }
    return false
  }

  #land(from: Point, x: number, z: number): boolean {
    this.#add(x, 0, z)
    this.at.x = x
    this.at.y = 0
    this.at.z = z
    const aside = x - from.x
    const ahead = z - from.z
    return aside * aside + ahead * ahead <= MAX_METRES * MAX_METRES
  }

  #add(x: number, y: number, z: number): void {
    const at = this.count++ * 3
    this.way[at] = x
    this.way[at + 1] = y
    this.way[at + 2] = z
  }
}
