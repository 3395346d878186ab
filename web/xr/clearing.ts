// A place to stand among bodies without being in one: as near to where one wants to be as there is room. Pure.

import type { Point } from './worldRig.ts'

const SHELLS = 10
const WAYS = 24
/** So that each way goes where no other did. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5))

/**
 * `nodes`: x, y, z, radius at 4 × slot, 0 for none. `room`: how far from any body. Nobody is sent nearer to, or past, what they
 * shall look at. Where there is no such place: the freest.
 */
export function clearingNear(nodes: Float32Array, slotEnd: number, wish: Point, lookedAt: Point, room: number): Point {
  const best: Point = { ...wish }
  let most = freeAt(nodes, slotEnd, wish)
  for (let shell = 1; shell <= SHELLS && most < room; shell++) {
    for (let way = 0; way < WAYS && most < room; way++) {
      const up = 1 - (2 * (way + 0.5)) / WAYS
      const level = Math.sqrt(1 - up * up)
      const angle = way * GOLDEN_ANGLE + shell
      const away = shell * room * 0.6
      const at = {
        x: wish.x + Math.cos(angle) * level * away,
        y: wish.y + up * away,
        z: wish.z + Math.sin(angle) * level * away,
      }
      const back =
        (at.x - wish.x) * (wish.x - lookedAt.x) +
        (at.y - wish.y) * (wish.y - lookedAt.y) +
        (at.z - wish.z) * (wish.z - lookedAt.z)
      const free = back < 0 ? Number.NEGATIVE_INFINITY : freeAt(nodes, slotEnd, at)
      if (free <= most) continue
      most = free
      best.x = at.x
      best.y = at.y
      best.z = at.z
    }
  }
  return best
}

/** How far it is to the nearest body; negative within one. */
function freeAt(nodes: Float32Array, slotEnd: number, { x, y, z }: Point): number {
  let free = Number.POSITIVE_INFINITY
  for (let at = 0; at < slotEnd * 4; at += 4) {
    const radius = nodes[at + 3] as number
    if (radius <= 0) continue
    const dx = (nodes[at] as number) - x
    const dy = (nodes[at + 1] as number) - y
    const dz = (nodes[at + 2] as number) - z
    free = Math.min(free, Math.sqrt(dx * dx + dy * dy + dz * dz) - radius)
  }
  return free
}
