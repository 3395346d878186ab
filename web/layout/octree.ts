// Barnes–Hut repulsion over flat arrays. Bodies are sorted along a Morton curve, so that each cell of the tree is a range of
// them and neighbours lie together in memory; the tree is walked once per leaf (not once per body), and the list of what
// that leaf interacts with is then run through in one tight loop.

import type { LayoutState } from './layoutState.ts'
import { CURVE_BITS, MortonOrder } from './mortonOrder.ts'

const LEAF_SIZE = 12
/** A cell counts as one body when it is this many times smaller than it is far (as in d3: 0.9). */
const THETA = 0.9
/** Keeps the push between bodies that (nearly) coincide finite. */
const SOFTENING = 0.35
const COLLISION_PUSH = 0.9
/** Room between two bodies. */
const CLEARANCE = 0.55

export class Octree {
  readonly #curve = new MortonOrder()
  /** Living slots along the curve. */
  #order = new Int32Array(0)
  #bodyCount = 0

  // Cells in pre-order; `skip` is the next cell that is not inside this one.
  #cellCount = 0
  #begin = new Int32Array(0)
  #end = new Int32Array(0)
  #skip = new Int32Array(0)
  #isLeaf = new Uint8Array(0)
  /** x, y, z of the centre of charge, charge, half extent. */
  #cells = new Float64Array(0)

  // What the leaf at hand interacts with: x, y, z, charge, radius.
  #near = new Float64Array(5 * 1_024)
  #nearCount = 0

  build(state: LayoutState): void {
    this.#curve.sort(state)
    this.#order = this.#curve.order
    this.#bodyCount = this.#curve.count
    const cells = 2 * this.#bodyCount + 16
    if (this.#begin.length < cells) {
      this.#begin = new Int32Array(cells * 2)
      this.#end = new Int32Array(cells * 2)
      this.#skip = new Int32Array(cells * 2)
      this.#isLeaf = new Uint8Array(cells * 2)
      this.#cells = new Float64Array(cells * 2 * 5)
    }
    this.#cellCount = 0
    if (this.#bodyCount > 0) this.#cell(state, 0, this.#bodyCount, CURVE_BITS - 1)
  }

  /** Makes the cell of the bodies in [begin, end) and those within it. */
  #cell(state: LayoutState, begin: number, end: number, level: number): void {
    const cell = this.#cellCount++
    this.#begin[cell] = begin
    this.#end[cell] = end
    const isLeaf = end - begin <= LEAF_SIZE || level < 0
    this.#isLeaf[cell] = isLeaf ? 1 : 0
    if (!isLeaf) {
      const shift = 3 * level
      let from = begin
      while (from < end) {
        const digit = this.#curve.digit(from, shift)
        let to = from + 1
        while (to < end && this.#curve.digit(to, shift) === digit) to++
        this.#cell(state, from, to, level - 1)
        from = to
      }
    }
    this.#skip[cell] = this.#cellCount
    this.#measure(state, cell, begin, end)
  }

  #measure(state: LayoutState, cell: number, begin: number, end: number): void {
    const { positions, charges } = state
    const order = this.#order
    let sumX = 0
    let sumY = 0
    let sumZ = 0
    let charge = 0
    let reach = 0
    if (this.#isLeaf[cell] === 1) {
      for (let i = begin; i < end; i++) {
        const slot = order[i] as number
        const own = charges[slot] as number
        sumX += own * (positions[slot * 3] as number)
        sumY += own * (positions[slot * 3 + 1] as number)
        sumZ += own * (positions[slot * 3 + 2] as number)
        charge += own
      }
    } else {
      for (let child = cell + 1; child < (this.#skip[cell] as number); child = this.#skip[child] as number) {
        const own = this.#cells[child * 5 + 3] as number
        sumX += own * (this.#cells[child * 5] as number)
        sumY += own * (this.#cells[child * 5 + 1] as number)
        sumZ += own * (this.#cells[child * 5 + 2] as number)
        charge += own
      }
    }
    const x = sumX / charge
    const y = sumY / charge
    const z = sumZ / charge
    // The farthest body (or child's edge) from the centre: tighter than the cell's own size.
    if (this.#isLeaf[cell] === 1) {
      for (let i = begin; i < end; i++) {
        const p = (order[i] as number) * 3
        const dx = (positions[p] as number) - x
        const dy = (positions[p + 1] as number) - y
        const dz = (positions[p + 2] as number) - z
        reach = Math.max(reach, dx * dx + dy * dy + dz * dz)
      }
      reach = Math.sqrt(reach)
    } else {
      for (let child = cell + 1; child < (this.#skip[cell] as number); child = this.#skip[child] as number) {
        const dx = (this.#cells[child * 5] as number) - x
        const dy = (this.#cells[child * 5 + 1] as number) - y
        const dz = (this.#cells[child * 5 + 2] as number) - z
        reach = Math.max(reach, Math.sqrt(dx * dx + dy * dy + dz * dz) + (this.#cells[child * 5 + 4] as number))
      }
    }
    const at = cell * 5
    this.#cells[at] = x
    this.#cells[at + 1] = y
    this.#cells[at + 2] = z
    this.#cells[at + 3] = charge
    this.#cells[at + 4] = reach
  }

  /** Adds to `forces` how all push each body that is warmer than `minHeat`. */
  repel(state: LayoutState, strength: number, minHeat: number): void {
    for (let cell = 0; cell < this.#cellCount; cell++) {
      if (this.#isLeaf[cell] === 0 || !this.#hasWarm(state, cell, minHeat)) continue
      this.#gather(state, cell)
      for (let i = this.#begin[cell] as number; i < (this.#end[cell] as number); i++) {
        const slot = this.#order[i] as number
        if ((state.heats[slot] as number) > minHeat) this.#push(state, slot, strength)
      }
    }
  }

  #hasWarm(state: LayoutState, cell: number, minHeat: number): boolean {
    for (let i = this.#begin[cell] as number; i < (this.#end[cell] as number); i++) {
      if ((state.heats[this.#order[i] as number] as number) > minHeat) return true
    }
    return false
  }

  #gather(state: LayoutState, leaf: number): void {
    const cells = this.#cells
    const x = cells[leaf * 5] as number
    const y = cells[leaf * 5 + 1] as number
    const z = cells[leaf * 5 + 2] as number
    const reach = cells[leaf * 5 + 4] as number
    this.#nearCount = 0
    let cell = 0
    while (cell < this.#cellCount) {
      const at = cell * 5
      const dx = (cells[at] as number) - x
      const dy = (cells[at + 1] as number) - y
      const dz = (cells[at + 2] as number) - z
      const opens = (2 * (cells[at + 4] as number)) / THETA + reach
      if (dx * dx + dy * dy + dz * dz > opens * opens) {
        this.#note(cells[at] as number, cells[at + 1] as number, cells[at + 2] as number, cells[at + 3] as number, 0)
        cell = this.#skip[cell] as number
      } else if (this.#isLeaf[cell] === 1) {
        for (let i = this.#begin[cell] as number; i < (this.#end[cell] as number); i++) {
          const slot = this.#order[i] as number
          const p = slot * 3
          this.#note(
            state.positions[p] as number,
            state.positions[p + 1] as number,
            state.positions[p + 2] as number,
            state.charges[slot] as number,
            (state.radii[slot] as number) + CLEARANCE,
          )
        }
        cell = this.#skip[cell] as number
      } else cell++
    }
  }

  #note(x: number, y: number, z: number, charge: number, radius: number): void {
    let at = this.#nearCount * 5
    if (at + 5 > this.#near.length) {
      const larger = new Float64Array(this.#near.length * 2)
      larger.set(this.#near)
      this.#near = larger
    }
    this.#near[at++] = x
    this.#near[at++] = y
    this.#near[at++] = z
    this.#near[at++] = charge
    this.#near[at] = radius
    this.#nearCount++
  }

  #push(state: LayoutState, slot: number, strength: number): void {
    const near = this.#near
    const end = this.#nearCount * 5
    const p = slot * 3
    const x = state.positions[p] as number
    const y = state.positions[p + 1] as number
    const z = state.positions[p + 2] as number
    const radius = state.radii[slot] as number
    let fx = 0
    let fy = 0
    let fz = 0
    for (let at = 0; at < end; at += 5) {
      const dx = x - (near[at] as number)
      const dy = y - (near[at + 1] as number)
      const dz = z - (near[at + 2] as number)
      const squared = dx * dx + dy * dy + dz * dz
      // The body itself is in the list too: its distance is 0, and so is its push.
      let push = (strength * (near[at + 3] as number)) / (squared + SOFTENING)
      const touching = radius + (near[at + 4] as number)
      if (squared < touching * touching && squared > 0) push += COLLISION_PUSH * (touching / Math.sqrt(squared) - 1)
      fx += dx * push
      fy += dy * push
      fz += dz * push
    }
    state.forces[p] = (state.forces[p] as number) + fx
    state.forces[p + 1] = (state.forces[p + 1] as number) + fy
    state.forces[p + 2] = (state.forces[p + 2] as number) + fz
  }
}
