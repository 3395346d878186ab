// Where a hand that trembles points: the mean of the last tenth of a second, which is about one beat of its tremor. A hand that
// goes somewhere else takes it along at once. Pure; nothing is allocated.

import type { FrameTime } from '../scene/frameTime.ts'
import type { Point } from './worldRig.ts'

const KEPT_MS = 100
/** At 120 frames a second, and some more. */
const MAX_KEPT = 16
/** Farther from the mean it is no tremor. */
const AWAY_COSINE = Math.cos((1 * Math.PI) / 180)
const X = 0
const Y = 1
const Z = 2
const AT_MS = 3
const FIELDS = 4

export class SteadyAim {
  /** As long as 1. */
  readonly way: Point = { x: 0, y: 0, z: -1 }
  readonly #kept = new Float64Array(MAX_KEPT * FIELDS)
  readonly #sum = new Float64Array(3)
  #next = 0
  #count = 0

  /** Once a frame. `way` has the length 1. */
  update(way: Point, time: Pick<FrameTime, 'nowMs'>): void {
    const kept = this.#kept
    const at = this.#next * FIELDS
    kept[at + X] = way.x
    kept[at + Y] = way.y
    kept[at + Z] = way.z
    kept[at + AT_MS] = time.nowMs
    this.#next = (this.#next + 1) % MAX_KEPT
    this.#count = Math.min(this.#count + 1, MAX_KEPT)
    this.#mean(time)
    const { x, y, z } = this.way
    if (x * way.x + y * way.y + z * way.z >= AWAY_COSINE) return
    this.#count = 1
    this.#mean(time)
  }

  /** It was lost: what it pointed at before does not count. */
  reset(): void {
    this.#count = 0
  }

  #mean({ nowMs }: Pick<FrameTime, 'nowMs'>): void {
    const kept = this.#kept
    const sum = this.#sum
    sum.fill(0)
    // From the newest back.
    for (let back = 1; back <= this.#count; back++) {
      const at = ((this.#next - back + MAX_KEPT) % MAX_KEPT) * FIELDS
      if (nowMs - (kept[at + AT_MS] as number) > KEPT_MS) break
      sum[X] = (sum[X] as number) + (kept[at + X] as number)
      sum[Y] = (sum[Y] as number) + (kept[at + Y] as number)
      sum[Z] = (sum[Z] as number) + (kept[at + Z] as number)
    }
    const x = sum[X] as number
    const y = sum[Y] as number
    const z = sum[Z] as number
    const length = Math.sqrt(x * x + y * y + z * z)
    this.way.x = x / length
    this.way.y = y / length
    this.way.z = z / length
  }
}
