// An octree over flat arrays. Bodies are sorted along a Morton curve, so that each cell is a range of them and neighbours lie
// together in memory: copies of what the forces need stand in that order.

import type { LayoutState } from './layoutState.ts'
import { CURVE_BITS, MortonOrder } from './mortonOrder.ts'

const LEAF_SIZE = 8
/** x, y, z, charge, radius of each body. */
export const BODY_STRIDE = 5
/** x, y, z of the centre of charge, charge, reach (of its farthest body), largest radius in it. */
export const CELL_STRIDE = 6

export class Octree {
  readonly #curve = new MortonOrder()
  /** Living slots along the curve. */
  order = new Int32Array(0)
  bodyCount = 0
  bodies = new Float64Array(0)

  // Cells in pre-order; `skip` is the next cell that is not inside this one.
  cellCount = 0
  begin = new Int32Array(0)
  end = new Int32Array(0)
  skip = new Int32Array(0)
  isLeaf = new Uint8Array(0)
  cells = new Float64Array(0)

  build(state: LayoutState): void {
    this.#curve.sort(state)
    this.order = this.#curve.order
    this.bodyCount = this.#curve.count
    this.#ensure(2 * this.bodyCount + 16)
    this.#copyBodies(state)
    this.cellCount = 0
    if (this.bodyCount > 0) this.#cell(0, this.bodyCount, CURVE_BITS - 1)
  }

  #ensure(cells: number): void {
    if (this.begin.length >= cells) return
    this.bodies = new Float64Array(cells * BODY_STRIDE)
    this.begin = new Int32Array(cells * 2)
    this.end = new Int32Array(cells * 2)
    this.skip = new Int32Array(cells * 2)
    this.isLeaf = new Uint8Array(cells * 2)
    this.cells = new Float64Array(cells * 2 * CELL_STRIDE)
  }

  #copyBodies({ positions, charges, radii }: LayoutState): void {
    const { order, bodies, bodyCount } = this
    for (let i = 0, at = 0; i < bodyCount; i++, at += BODY_STRIDE) {
      const slot = order[i] as number
      bodies[at] = positions[slot * 3] as number
      bodies[at + 1] = positions[slot * 3 + 1] as number
      bodies[at + 2] = positions[slot * 3 + 2] as number
      bodies[at + 3] = charges[slot] as number
      bodies[at + 4] = radii[slot] as number
    }
  }

  /** Makes the cell of the bodies in [begin, end) and those within it. */
  #cell(begin: number, end: number, level: number): void {
    const cell = this.cellCount++
    this.begin[cell] = begin
    this.end[cell] = end
    const isLeaf = end - begin <= LEAF_SIZE || level < 0
    this.isLeaf[cell] = isLeaf ? 1 : 0
    if (!isLeaf) {
      const shift = 3 * level
      let from = begin
      while (from < end) {
        const digit = this.#curve.digit(from, shift)
        let to = from + 1
        while (to < end && this.#curve.digit(to, shift) === digit) to++
        this.#cell(from, to, level - 1)
        from = to
      }
    }
    this.skip[cell] = this.cellCount
    if (isLeaf) this.#measureLeaf(cell, begin, end)
    else this.#measureInner(cell)
  }

  #measureLeaf(cell: number, begin: number, end: number): void {
    const { bodies } = this
    let sumX = 0
    let sumY = 0
    let sumZ = 0
    let charge = 0
    let radius = 0
    for (let at = begin * BODY_STRIDE; at < end * BODY_STRIDE; at += BODY_STRIDE) {
      const own = bodies[at + 3] as number
      sumX += own * (bodies[at] as number)
      sumY += own * (bodies[at + 1] as number)
      sumZ += own * (bodies[at + 2] as number)
      charge += own
      if ((bodies[at + 4] as number) > radius) radius = bodies[at + 4] as number
    }
    const x = sumX / charge
    const y = sumY / charge
    const z = sumZ / charge
    let squared = 0
    for (let at = begin * BODY_STRIDE; at < end * BODY_STRIDE; at += BODY_STRIDE) {
      const dx = (bodies[at] as number) - x
      const dy = (bodies[at + 1] as number) - y
      const dz = (bodies[at + 2] as number) - z
      squared = Math.max(squared, dx * dx + dy * dy + dz * dz)
    }
    this.#write(cell, x, y, z, charge, Math.sqrt(squared), radius)
  }

  #measureInner(cell: number): void {
    const { cells, skip } = this
    const end = skip[cell] as number
    let sumX = 0
    let sumY = 0
    let sumZ = 0
    let charge = 0
    let radius = 0
    for (let child = cell + 1; child < end; child = skip[child] as number) {
      const at = child * CELL_STRIDE
      const own = cells[at + 3] as number
      sumX += own * (cells[at] as number)
      sumY += own * (cells[at + 1] as number)
      sumZ += own * (cells[at + 2] as number)
      charge += own
      radius = Math.max(radius, cells[at + 5] as number)
    }
    const x = sumX / charge
    const y = sumY / charge
    const z = sumZ / charge
    // The farthest child's edge from the centre: tighter than the cell's own size.
    let reach = 0
    for (let child = cell + 1; child < end; child = skip[child] as number) {
      const at = child * CELL_STRIDE
      const dx = (cells[at] as number) - x
      const dy = (cells[at + 1] as number) - y
      const dz = (cells[at + 2] as number) - z
      reach = Math.max(reach, Math.sqrt(dx * dx + dy * dy + dz * dz) + (cells[at + 4] as number))
    }
    this.#write(cell, x, y, z, charge, reach, radius)
  }

  #write(cell: number, x: number, y: number, z: number, charge: number, reach: number, radius: number): void {
    const at = cell * CELL_STRIDE
    this.cells[at] = x
    this.cells[at + 1] = y
    this.cells[at + 2] = z
    this.cells[at + 3] = charge
    this.cells[at + 4] = reach
    this.cells[at + 5] = radius
  }
}
