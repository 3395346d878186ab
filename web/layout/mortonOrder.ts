// Living nodes along a Morton curve: who is near in space is near in the list, and every cell of an octree is a range of it.

import type { LayoutState } from './layoutState.ts'

/** By axis: the tree can be that deep. */
export const CURVE_BITS = 10
const BITS = CURVE_BITS
const RADIX_BITS = 10
const RADIX = 1 << RADIX_BITS

export class MortonOrder {
  #order = new Int32Array(0)
  #spare = new Int32Array(0)
  #codes = new Int32Array(0)
  readonly #counts = new Int32Array(RADIX)
  #bodyCount = 0

  get order(): Int32Array<ArrayBuffer> {
    return this.#order
  }

  get count(): number {
    return this.#bodyCount
  }

  /** Which of eight children the body at `index` is in, at the level of `shift`. */
  digit(index: number, shift: number): number {
    return ((this.#codes[this.#order[index] as number] as number) >>> shift) & 7
  }

  /** Puts the living slots in order. */
  sort(state: LayoutState): void {
    const { slotEnd, alive, positions } = state
    if (this.#order.length < slotEnd) {
      this.#order = new Int32Array(slotEnd * 2)
      this.#spare = new Int32Array(slotEnd * 2)
      this.#codes = new Int32Array(slotEnd * 2)
    }
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    let count = 0
    for (let slot = 0; slot < slotEnd; slot++) {
      if (alive[slot] === 0) continue
      this.#order[count++] = slot
      for (let p = slot * 3; p < slot * 3 + 3; p++) {
        const value = positions[p] as number
        if (value < low) low = value
        if (value > high) high = value
      }
    }
    this.#bodyCount = count
    const scale = ((1 << BITS) - 1) / Math.max(high - low, 1e-6)
    for (let i = 0; i < count; i++) {
      const slot = this.#order[i] as number
      const x = ((positions[slot * 3] as number) - low) * scale
      const y = ((positions[slot * 3 + 1] as number) - low) * scale
      const z = ((positions[slot * 3 + 2] as number) - low) * scale
      this.#codes[slot] = spread(x | 0) | (spread(y | 0) << 1) | (spread(z | 0) << 2)
    }
    for (let shift = 0; shift < 3 * BITS; shift += RADIX_BITS) this.#radixPass(shift)
  }

  #radixPass(shift: number): void {
    const counts = this.#counts.fill(0)
    const order = this.#order
    const spare = this.#spare
    const codes = this.#codes
    const count = this.#bodyCount
    for (let i = 0; i < count; i++) {
      const digit = ((codes[order[i] as number] as number) >>> shift) & (RADIX - 1)
      counts[digit] = (counts[digit] as number) + 1
    }
    let sum = 0
    for (let digit = 0; digit < RADIX; digit++) {
      const here = counts[digit] as number
      counts[digit] = sum
      sum += here
    }
    for (let i = 0; i < count; i++) {
      const slot = order[i] as number
      const digit = ((codes[slot] as number) >>> shift) & (RADIX - 1)
      const at = counts[digit] as number
      spare[at] = slot
      counts[digit] = at + 1
    }
    this.#order = spare
    this.#spare = order
  }
}

/** Two zero bits after each of the ten. */
function spread(value: number): number {
  let v = value & 0x3ff
  v = (v | (v << 16)) & 0x030000ff
  v = (v | (v << 8)) & 0x0300f00f
  v = (v | (v << 4)) & 0x030c30c3
  return (v | (v << 2)) & 0x09249249
}
