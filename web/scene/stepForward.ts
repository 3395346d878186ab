// Who needs somebody, and what failed, stands nearer to the viewer than its place. The same as in shaders/common.ts.

export interface Place {
  x: number
  y: number
  z: number
}

/** Never more than so much of the way, nor than so many units of the scene. */
const SHARE = 0.12
const MOST = 9

/** `nodes`: x, y, z, radius at 4 × slot. */
export function stepForward(nodes: Float32Array, slot: number, head: Place): void {
  const at = slot * 4
  const x = (nodes[at] as number) - head.x
  const y = (nodes[at + 1] as number) - head.y
  const z = (nodes[at + 2] as number) - head.z
  const distance = Math.max(1e-3, Math.sqrt(x * x + y * y + z * z))
  const stays = 1 - Math.min(distance * SHARE, MOST) / distance
  nodes[at] = head.x + x * stays
  nodes[at + 1] = head.y + y * stays
  nodes[at + 2] = head.z + z * stays
}
