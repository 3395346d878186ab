// How all bodies push each other away, in time that grows with their number: pairs of cells of one octree are met once. Two
// that are far apart push each other as wholes (each keeps that as a field around its middle: a push and how it changes with
// place, handed down to its bodies at the end); two leaves that are near are gone through body by body.

import type { LayoutState } from './layoutState.ts'
import { BODY_STRIDE, CELL_STRIDE, Octree } from './octree.ts'

/** Two cells meet as wholes when they are together this many times smaller than they are far. */
const THETA = 0.95
/** So few pairs of bodies are done sooner than one pair of cells. */
const FEW_PAIRS = 4
/** Keeps the push between bodies that (nearly) coincide finite. */
const SOFTENING = 0.35
const COLLISION_PUSH = 0.9
/** Room between two bodies. */
const CLEARANCE = 0.55
/** Of a cell's field: the push (x, y, z), and its change by place (a symmetric matrix: xx, xy, xz, yy, yz, zz). */
const FIELD_STRIDE = 9

export class Repulsion {
  readonly #tree = new Octree()
  #fields = new Float64Array(0)
  /** Of each body in the tree's order. */
  #pushes = new Float64Array(0)
  #isWarm = new Uint8Array(0)
  #strength = 1

  /** Adds to `forces` how all push each body that is warmer than `minHeat`. */
  repel(state: LayoutState, strength: number, minHeat: number): void {
    const tree = this.#tree
    tree.build(state)
    if (tree.bodyCount === 0) return
    this.#strength = strength
    if (this.#isWarm.length < tree.begin.length) {
      this.#fields = new Float64Array(tree.begin.length * FIELD_STRIDE)
      this.#pushes = new Float64Array(tree.begin.length * 3)
      this.#isWarm = new Uint8Array(tree.begin.length)
    }
    this.#fields.fill(0, 0, tree.cellCount * FIELD_STRIDE)
    this.#pushes.fill(0, 0, tree.bodyCount * 3)
    this.#markWarm(state.heats, minHeat)
    if (this.#isWarm[0] === 0) return
    this.#within(0)
    this.#handDown()
    this.#giveOut(state)
  }

  /** Where all are at rest nothing need be known. */
  #markWarm(heats: Float32Array, minHeat: number): void {
    const { cellCount, isLeaf, begin, end, skip, order } = this.#tree
    const isWarm = this.#isWarm
    // Those inside a cell come after it.
    for (let cell = cellCount - 1; cell >= 0; cell--) {
      let warm = 0
      if (isLeaf[cell] === 1) {
        for (let i = begin[cell] as number; i < (end[cell] as number) && warm === 0; i++) {
          if ((heats[order[i] as number] as number) > minHeat) warm = 1
        }
      } else {
        for (let child = cell + 1; child < (skip[cell] as number); child = skip[child] as number) {
          warm |= isWarm[child] as number
        }
      }
      isWarm[cell] = warm
    }
  }

  #within(cell: number): void {
    if (this.#isWarm[cell] === 0) return
    const { isLeaf, skip, begin, end } = this.#tree
    if (isLeaf[cell] === 1) {
      const to = end[cell] as number
      for (let i = begin[cell] as number; i < to; i++) this.#pushAll(i, i + 1, to)
      return
    }
    const stop = skip[cell] as number
    for (let a = cell + 1; a < stop; a = skip[a] as number) {
      this.#within(a)
      for (let b = skip[a] as number; b < stop; b = skip[b] as number) this.#between(a, b)
    }
  }

  #between(a: number, b: number): void {
    if (this.#isWarm[a] === 0 && this.#isWarm[b] === 0) return
    const { isLeaf, skip, begin, end, cells } = this.#tree
    const atA = a * CELL_STRIDE
    const atB = b * CELL_STRIDE
    const dx = (cells[atA] as number) - (cells[atB] as number)
    const dy = (cells[atA + 1] as number) - (cells[atB + 1] as number)
    const dz = (cells[atA + 2] as number) - (cells[atB + 2] as number)
    const squared = dx * dx + dy * dy + dz * dz
    const reachA = cells[atA + 4] as number
    const reachB = cells[atB + 4] as number
    const reach = reachA + reachB
    const touching = reach + (cells[atA + 5] as number) + (cells[atB + 5] as number) + CLEARANCE
    const pairs = ((end[a] as number) - (begin[a] as number)) * ((end[b] as number) - (begin[b] as number))
    const isFar = squared * THETA * THETA > reach * reach && squared > touching * touching
    if (isFar && pairs > FEW_PAIRS) {
      this.#meet(a, b, dx, dy, dz, squared)
    } else if (pairs <= FEW_PAIRS || (isLeaf[a] === 1 && isLeaf[b] === 1)) {
      const from = begin[b] as number
      const to = end[b] as number
      for (let i = begin[a] as number; i < (end[a] as number); i++) this.#pushAll(i, from, to)
    } else if (isLeaf[b] === 1 || (isLeaf[a] === 0 && reachA > reachB)) {
      const stop = skip[a] as number
      for (let child = a + 1; child < stop; child = skip[child] as number) this.#between(child, b)
    } else {
      const stop = skip[b] as number
      for (let child = b + 1; child < stop; child = skip[child] as number) this.#between(a, child)
    }
  }

  /** Two cells as wholes: each adds to the other's field. */
  #meet(a: number, b: number, dx: number, dy: number, dz: number, squared: number): void {
    const { cells } = this.#tree
    const fields = this.#fields
    const inverse = this.#strength / (squared + SOFTENING)
    const twice = (2 * inverse) / (squared + SOFTENING)
    const xx = inverse - twice * dx * dx
    const xy = -twice * dx * dy
    const xz = -twice * dx * dz
    const yy = inverse - twice * dy * dy
    const yz = -twice * dy * dz
    const zz = inverse - twice * dz * dz
    let charge = cells[b * CELL_STRIDE + 3] as number
    let push = charge * inverse
    let at = a * FIELD_STRIDE
    fields[at] = (fields[at] as number) + push * dx
    fields[at + 1] = (fields[at + 1] as number) + push * dy
    fields[at + 2] = (fields[at + 2] as number) + push * dz
    fields[at + 3] = (fields[at + 3] as number) + charge * xx
    fields[at + 4] = (fields[at + 4] as number) + charge * xy
    fields[at + 5] = (fields[at + 5] as number) + charge * xz
    fields[at + 6] = (fields[at + 6] as number) + charge * yy
    fields[at + 7] = (fields[at + 7] as number) + charge * yz
    fields[at + 8] = (fields[at + 8] as number) + charge * zz
    charge = cells[a * CELL_STRIDE + 3] as number
    push = charge * inverse
    at = b * FIELD_STRIDE
    fields[at] = (fields[at] as number) - push * dx
    fields[at + 1] = (fields[at + 1] as number) - push * dy
    fields[at + 2] = (fields[at + 2] as number) - push * dz
    fields[at + 3] = (fields[at + 3] as number) + charge * xx
    fields[at + 4] = (fields[at + 4] as number) + charge * xy
    fields[at + 5] = (fields[at + 5] as number) + charge * xz
    fields[at + 6] = (fields[at + 6] as number) + charge * yy
    fields[at + 7] = (fields[at + 7] as number) + charge * yz
    fields[at + 8] = (fields[at + 8] as number) + charge * zz
  }

  /** The body at `index` and those in [from, to) push each other. */
  #pushAll(index: number, from: number, to: number): void {
    const { bodies } = this.#tree
    const pushes = this.#pushes
    const strength = this.#strength
    const own = index * BODY_STRIDE
    const x = bodies[own] as number
    const y = bodies[own + 1] as number
    const z = bodies[own + 2] as number
    const charge = bodies[own + 3] as number
    const room = (bodies[own + 4] as number) + CLEARANCE
    let fx = 0
    let fy = 0
    let fz = 0
    for (let i = from, at = from * BODY_STRIDE, p = from * 3; i < to; i++, at += BODY_STRIDE, p += 3) {
      const dx = x - (bodies[at] as number)
      const dy = y - (bodies[at + 1] as number)
      const dz = z - (bodies[at + 2] as number)
      const squared = dx * dx + dy * dy + dz * dz
      const inverse = strength / (squared + SOFTENING)
      let there = charge * inverse
      let here = (bodies[at + 3] as number) * inverse
      const touching = room + (bodies[at + 4] as number)
      if (squared < touching * touching && squared > 0) {
        const collision = COLLISION_PUSH * (touching / Math.sqrt(squared) - 1)
        here += collision
        there += collision
      }
      fx += dx * here
      fy += dy * here
      fz += dz * here
      pushes[p] = (pushes[p] as number) - dx * there
      pushes[p + 1] = (pushes[p + 1] as number) - dy * there
      pushes[p + 2] = (pushes[p + 2] as number) - dz * there
    }
    pushes[index * 3] = (pushes[index * 3] as number) + fx
    pushes[index * 3 + 1] = (pushes[index * 3 + 1] as number) + fy
    pushes[index * 3 + 2] = (pushes[index * 3 + 2] as number) + fz
  }

  /** Fields go from each cell to those in it, and from leaves to bodies. */
  #handDown(): void {
    const { cellCount, isLeaf, skip, begin, end, cells, bodies } = this.#tree
    const fields = this.#fields
    for (let cell = 0; cell < cellCount; cell++) {
      if (this.#isWarm[cell] === 0) continue
      const at = cell * CELL_STRIDE
      if (isLeaf[cell] === 1) {
        for (let i = begin[cell] as number; i < (end[cell] as number); i++) {
          this.#add(cell, at, bodies, i * BODY_STRIDE, this.#pushes, i * 3)
        }
        continue
      }
      for (let child = cell + 1; child < (skip[cell] as number); child = skip[child] as number) {
        const to = child * FIELD_STRIDE
        this.#add(cell, at, cells, child * CELL_STRIDE, fields, to)
        for (let k = 3; k < FIELD_STRIDE; k++) {
          fields[to + k] = (fields[to + k] as number) + (fields[cell * FIELD_STRIDE + k] as number)
        }
      }
    }
  }

  /** What `cell`'s field pushes with at the place that `places` has at `place`. */
  #add(cell: number, at: number, places: Float64Array, place: number, into: Float64Array, to: number): void {
    const { cells } = this.#tree
    const fields = this.#fields
    const f = cell * FIELD_STRIDE
    const dx = (places[place] as number) - (cells[at] as number)
    const dy = (places[place + 1] as number) - (cells[at + 1] as number)
    const dz = (places[place + 2] as number) - (cells[at + 2] as number)
    const xy = fields[f + 4] as number
    const xz = fields[f + 5] as number
    const yz = fields[f + 7] as number
    const x = (fields[f] as number) + (fields[f + 3] as number) * dx + xy * dy + xz * dz
    const y = (fields[f + 1] as number) + xy * dx + (fields[f + 6] as number) * dy + yz * dz
    const z = (fields[f + 2] as number) + xz * dx + yz * dy + (fields[f + 8] as number) * dz
    into[to] = (into[to] as number) + x
    into[to + 1] = (into[to + 1] as number) + y
    into[to + 2] = (into[to + 2] as number) + z
  }

  #giveOut({ forces }: LayoutState): void {
    const { order, bodyCount } = this.#tree
    const pushes = this.#pushes
    for (let i = 0; i < bodyCount; i++) {
      const p = (order[i] as number) * 3
      forces[p] = (forces[p] as number) + (pushes[i * 3] as number)
      forces[p + 1] = (forces[p + 1] as number) + (pushes[i * 3 + 1] as number)
      forces[p + 2] = (forces[p + 2] as number) + (pushes[i * 3 + 2] as number)
    }
  }
}
