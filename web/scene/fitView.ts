// From how far, and at what, a camera must look for all nodes to be in the free part of the window. Exact for the way it
// looks now: a sphere around everything would leave half of the window empty.

export interface FitInput {
  /** Camera's right, up and backward axes in the world. */
  right: readonly [number, number, number]
  up: readonly [number, number, number]
  back: readonly [number, number, number]
  /** Tangents of half the free angles. */
  tanX: number
  tanY: number
}

export interface Fit {
  target: [number, number, number]
  distance: number
  /** Of the nodes around the target, in depth: for the fog. */
  depth: number
}

/** `nodes`: x, y, z, radius each. `null` without nodes. */
export function fitView(nodes: Float32Array, count: number, input: FitInput): Fit | null {
  if (count === 0) return null
  const { right, up, back, tanX, tanY } = input
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  const high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const axes = [right, up, back]
  for (let i = 0; i < count; i++) {
    const radius = nodes[i * 4 + 3] as number
    for (let a = 0; a < 3; a++) {
      const along = dot(nodes, i, axes[a] as FitInput['right'])
      if (along - radius < (low[a] as number)) low[a] = along - radius
      if (along + radius > (high[a] as number)) high[a] = along + radius
    }
  }
  const middle = low.map((value, a) => (value + (high[a] as number)) / 2)
  const [middleX = 0, middleY = 0, middleZ = 0] = middle
  let distance = 0
  let depth = 0
  for (let i = 0; i < count; i++) {
    const radius = nodes[i * 4 + 3] as number
    const x = Math.abs(dot(nodes, i, right) - middleX) + radius
    const y = Math.abs(dot(nodes, i, up) - middleY) + radius
    const z = dot(nodes, i, back) - middleZ
    distance = Math.max(distance, z + radius + x / tanX, z + radius + y / tanY)
    depth = Math.max(depth, Math.abs(z) + radius)
  }
  const target: Fit['target'] = [0, 0, 0]
  for (let a = 0; a < 3; a++) {
    target[a] = middleX * (right[a] as number) + middleY * (up[a] as number) + middleZ * (back[a] as number)
  }
  return { target, distance, depth }
}

/** Whether a camera that stands there sees all of them, whole, in the free part of the window. */
export function isInView(
  nodes: Float32Array,
  count: number,
  position: readonly [number, number, number],
  { right, up, back, tanX, tanY }: FitInput,
): boolean {
  const along = (axis: FitInput['right']) => position[0] * axis[0] + position[1] * axis[1] + position[2] * axis[2]
  const [atRight, atUp, atBack] = [along(right), along(up), along(back)]
  for (let i = 0; i < count; i++) {
    const radius = nodes[i * 4 + 3] as number
    const ahead = atBack - dot(nodes, i, back)
    if (Math.abs(dot(nodes, i, right) - atRight) + radius > ahead * tanX) return false
    if (Math.abs(dot(nodes, i, up) - atUp) + radius > ahead * tanY) return false
  }
  return true
}

const dot = (nodes: Float32Array, i: number, axis: FitInput['right']): number =>
  (nodes[i * 4] as number) * axis[0] + (nodes[i * 4 + 1] as number) * axis[1] + (nodes[i * 4 + 2] as number) * axis[2]
