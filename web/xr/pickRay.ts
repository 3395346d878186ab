// What a ray means. Pure, over flat numbers: no object per agent, nothing allocated. Who is hit counts first, the nearest of
// them, unless only its rim is and somebody behind it is hit well; else whoever is closest beside the ray, within a narrow
// cone: for a hand is never still.

import type { Point } from './worldRig.ts'

/** Half of the cone: with it even the smallest body is a target of 2.5°. */
export const SNAP_RADIANS = (1.25 * Math.PI) / 180

const SNAP_TAN = Math.tan(SNAP_RADIANS)
/** So much closer to its middle, as a share of its radius, somebody behind has to be hit. */
const RIM_SHARE = 0.3

/** The best so far, written over: kept in variables, each better one may be a new object. */
const best = new Float64Array(4)
const HIT_AT = 0
const HIT_SHARE = 1
const MIDDLE_SHARE = 2
const NEAR_TAN = 3

/** `nodes`: x, y, z, radius at 4 × slot, a radius of 0 for none. `way` has the length 1. The slot, or -1. */
export function pickRay(nodes: Float32Array, slotEnd: number, from: Point, way: Point): number {
  let hit = -1
  let middle = -1
  let near = -1
  best[HIT_AT] = Number.POSITIVE_INFINITY
  best[HIT_SHARE] = 0
  best[MIDDLE_SHARE] = 1
  best[NEAR_TAN] = SNAP_TAN
  for (let slot = 0; slot < slotEnd; slot++) {
    const at = slot * 4
    const radius = nodes[at + 3] as number
    if (radius <= 0) continue
    const x = (nodes[at] as number) - from.x
    const y = (nodes[at + 1] as number) - from.y
    const z = (nodes[at + 2] as number) - from.z
    const along = x * way.x + y * way.y + z * way.z
    if (along <= 0) continue
    const besideSquared = x * x + y * y + z * z - along * along
    // Nearly all are far outside of the cone: for them there is no root to be drawn.
    const reach = radius + along * SNAP_TAN
    if (besideSquared > reach * reach) continue
    const beside = Math.sqrt(Math.max(0, besideSquared))
    if (beside <= radius) {
      const enters = along - Math.sqrt(radius * radius - beside * beside)
      const share = beside / radius
      if (enters < (best[HIT_AT] as number)) {
        best[HIT_AT] = enters
        hit = slot
        best[HIT_SHARE] = share
      }
      if (share < (best[MIDDLE_SHARE] as number)) {
        best[MIDDLE_SHARE] = share
        middle = slot
      }
    } else if (hit < 0) {
      const tan = (beside - radius) / along
      if (tan < (best[NEAR_TAN] as number)) {
        best[NEAR_TAN] = tan
        near = slot
      }
    }
  }
  if (hit < 0) return near
  return (best[MIDDLE_SHARE] as number) < (best[HIT_SHARE] as number) - RIM_SHARE ? middle : hit
}
