// Where the nodes are. Two textures hold the last two sets of positions; the shaders mix them by time, so that a frame costs
// the main thread one uniform, however many nodes there are.

import { DataTexture, FloatType, NearestFilter, RGBAFormat, Vector3 } from 'three'
import { FRAME_MS } from '../layout/runner.ts'
import type { FrameTime } from './frameTime.ts'

const WIDTH = 256
/** A gap longer than this was a pause, not a pace. */
const MAX_INTERVAL_MS = 140

const scratch = new Vector3()

export class NodeField {
  readonly uniforms = {
    uFrom: { value: floatTexture(1) },
    uTo: { value: floatTexture(1) },
    uMix: { value: 1 },
  }
  #capacity = WIDTH
  /** x, y, z, radius at 4 × slot. */
  #from = dataOf(this.uniforms.uFrom.value)
  #to = dataOf(this.uniforms.uTo.value)
  /** Generation whose position a slot holds. */
  #placed = new Uint32Array(WIDTH)
  #collected = new Float32Array(0)
  #receivedMs = 0
  #intervalMs: number = FRAME_MS

  get capacity(): number {
    return this.#capacity
  }

  ensure(slotEnd: number): boolean {
    if (slotEnd <= this.#capacity) return false
    let rows = this.#capacity / WIDTH
    while (rows * WIDTH < slotEnd) rows *= 2
    this.#from = this.#grow('uFrom', rows)
    this.#to = this.#grow('uTo', rows)
    const placed = new Uint32Array(rows * WIDTH)
    placed.set(this.#placed)
    this.#placed = placed
    this.#capacity = rows * WIDTH
    return true
  }

  #grow(name: 'uFrom' | 'uTo', rows: number): Float32Array {
    const uniform = this.uniforms[name]
    const texture = floatTexture(rows)
    const data = dataOf(texture)
    data.set(dataOf(uniform.value))
    uniform.value.dispose()
    uniform.value = texture
    return data
  }

  isPlaced(slot: number, generation: number): boolean {
    return this.#placed[slot] === generation
  }

  /** Takes the worker's positions over, from wherever the nodes are now. `radiusAt`: of a slot's node. */
  accept(
    positions: Float32Array,
    generations: Uint32Array,
    slotEnd: number,
    generationAt: (slot: number) => number,
    radiusAt: Float32Array,
    nowMs: number,
  ): void {
    this.ensure(slotEnd)
    const mix = this.#mixAt({ nowMs })
    const from = this.#from
    const to = this.#to
    for (let slot = 0; slot < slotEnd; slot++) {
      const at = slot * 4
      // What was computed for the slot's last owner is not where the new one is.
      const generation = generations[slot] as number
      const isMine = generation !== 0 && generation === generationAt(slot)
      for (let axis = 0; axis < 3; axis++) {
        const here = (from[at + axis] as number) * (1 - mix) + (to[at + axis] as number) * mix
        from[at + axis] = here
        to[at + axis] = isMine ? (positions[slot * 3 + axis] as number) : here
      }
      if (!isMine) continue
      if (this.#placed[slot] !== generation) {
        this.#placed[slot] = generation
        from.set(to.subarray(at, at + 3), at)
      }
      from[at + 3] = radiusAt[slot] as number
      to[at + 3] = radiusAt[slot] as number
    }
    const sinceMs = nowMs - this.#receivedMs
    if (sinceMs < MAX_INTERVAL_MS) this.#intervalMs += 0.2 * (sinceMs - this.#intervalMs)
    this.#receivedMs = nowMs
    this.uniforms.uFrom.value.needsUpdate = true
    this.uniforms.uTo.value.needsUpdate = true
  }

  /** One of whom it is known where it stands. */
  place(slot: number, generation: number, [x, y, z]: readonly [number, number, number], radius: number): void {
    const at = slot * 4
    this.#from.set([x, y, z, radius], at)
    this.#to.set([x, y, z, radius], at)
    this.#placed[slot] = generation
    this.uniforms.uFrom.value.needsUpdate = true
    this.uniforms.uTo.value.needsUpdate = true
  }

  setRadius(slot: number, radius: number): void {
    if (this.#to[slot * 4 + 3] === 0) return // not placed yet
    this.#from[slot * 4 + 3] = radius
    this.#to[slot * 4 + 3] = radius
    this.uniforms.uTo.value.needsUpdate = true
  }

  hide(slot: number): void {
    this.#from[slot * 4 + 3] = 0
    this.#to[slot * 4 + 3] = 0
    this.#placed[slot] = 0
    this.uniforms.uTo.value.needsUpdate = true
  }

  #mixAt({ nowMs }: Pick<FrameTime, 'nowMs'>): number {
    return Math.min(1, (nowMs - this.#receivedMs) / this.#intervalMs)
  }

  /** Sets the shaders' moment; says whether nodes are still on their way. */
  advance(time: Pick<FrameTime, 'nowMs'>): boolean {
    const mix = this.#mixAt(time)
    this.uniforms.uMix.value = mix
    return mix < 1
  }

  /** 0 for a slot without a placed node. */
  radius(slot: number): number {
    return this.#to[slot * 4 + 3] ?? 0
  }

  position(slot: number, into: Vector3): Vector3 {
    const mix = this.uniforms.uMix.value
    const at = slot * 4
    return into.set(
      (this.#from[at] as number) * (1 - mix) + (this.#to[at] as number) * mix,
      (this.#from[at + 1] as number) * (1 - mix) + (this.#to[at + 1] as number) * mix,
      (this.#from[at + 2] as number) * (1 - mix) + (this.#to[at + 2] as number) * mix,
    )
  }

  /** x, y, z, radius at 4 × slot, as they are now; a radius of 0 for none. The array is used again by the next call. */
  bySlot(slotEnd: number): Float32Array {
    if (this.#slotted.length < this.#capacity * 4) this.#slotted = new Float32Array(this.#capacity * 4)
    const mix = this.uniforms.uMix.value
    const from = this.#from
    const to = this.#to
    const into = this.#slotted
    // In a headset that is asked in each frame; most of the time all have arrived.
    if (mix >= 1) into.set(to)
    else for (let at = 0; at < slotEnd * 4; at++) into[at] = (from[at] as number) * (1 - mix) + (to[at] as number) * mix
    return into
  }
  #slotted = new Float32Array(0)

  /** x, y, z, radius of every placed node that is meant, one after the other. The array is used again by the next call. */
  collect(slotEnd: number, isMeant?: (slot: number) => boolean): { nodes: Float32Array; count: number } {
    if (this.#collected.length < this.#capacity * 4) this.#collected = new Float32Array(this.#capacity * 4)
    let count = 0
    for (let slot = 0; slot < slotEnd; slot++) {
      const radius = this.radius(slot)
      if (radius <= 0 || isMeant?.(slot) === false) continue
      const { x, y, z } = this.position(slot, scratch)
      const at = count++ * 4
      this.#collected[at] = x
      this.#collected[at + 1] = y
      this.#collected[at + 2] = z
      this.#collected[at + 3] = radius
    }
    return { nodes: this.#collected, count }
  }

  dispose(): void {
    this.uniforms.uFrom.value.dispose()
    this.uniforms.uTo.value.dispose()
  }
}

function floatTexture(rows: number): DataTexture {
  const texture = new DataTexture(new Float32Array(WIDTH * rows * 4), WIDTH, rows, RGBAFormat, FloatType)
  texture.minFilter = NearestFilter
  texture.magFilter = NearestFilter
  texture.needsUpdate = true
  return texture
}

function dataOf(texture: DataTexture): Float32Array {
  const { data } = texture.image
  if (!(data instanceof Float32Array)) throw new TypeError('a position texture holds floats')
  return data
}
