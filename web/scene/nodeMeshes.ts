// The three draws of the nodes, hulls, bodies and marks, over the same instance attributes.

import {
  CustomBlending,
  DynamicDrawUsage,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  MaxEquation,
  type Mesh,
  MinEquation,
  OneFactor,
  type ShaderMaterial,
} from 'three'
import { disposeMesh, material, quadGeometry, quietMesh } from './quietMesh.ts'
import type { SceneUniforms } from './sceneUniforms.ts'
import { NEVER_SEC, type ShaderClock } from './shaderClock.ts'
import { BODY_FRAGMENT, BODY_VERTEX } from './shaders/body.ts'
import { HULL_FRAGMENT, HULL_VERTEX } from './shaders/hull.ts'
import { MARK_FRAGMENT, MARK_VERTEX } from './shaders/mark.ts'

export const FLAG = { HOLLOW: 1, STALE: 2, DIMMED: 4, STUCK: 8, QUIET: 16, HINDERED: 32 } as const

export interface NodeStyle {
  /** Index in LOOKS. */
  look: number
  /** Index in FAMILIES. */
  family: number
  flags: number
}

export class NodeMeshes {
  readonly bodies: Mesh
  readonly marks: Mesh
  readonly hulls: Mesh
  readonly #hullMaterial: ShaderMaterial
  readonly #clock: ShaderClock
  #capacity = 0
  #geometry = new InstancedBufferGeometry()
  #look = new InstancedBufferAttribute(new Uint8Array(0), 4)
  #life = new InstancedBufferAttribute(new Float32Array(0), 3)
  #group = new InstancedBufferAttribute(new Float32Array(0), 1)

  constructor(uniforms: SceneUniforms, clock: ShaderClock) {
    this.#clock = clock
    clock.keep({ attribute: () => this.#life, index: null })
    // Bodies write depth, and blend for their smooth edges; marks lie behind them and only add.
    this.bodies = quietMesh(this.#geometry, material(uniforms, BODY_VERTEX, BODY_FRAGMENT, true), 1)
    this.marks = quietMesh(this.#geometry, material(uniforms, MARK_VERTEX, MARK_FRAGMENT, false), 3)
    this.#hullMaterial = material(uniforms, HULL_VERTEX, HULL_FRAGMENT, false, false)
    this.hulls = quietMesh(this.#geometry, this.#hullMaterial, 0)
    this.hulls.visible = false
    this.setTheme(false)
    this.ensure(256)
    this.setCount(0)
  }

  ensure(capacity: number): void {
    if (capacity <= this.#capacity) return
    const look = new InstancedBufferAttribute(new Uint8Array(capacity * 4), 4).setUsage(DynamicDrawUsage)
    const life = new InstancedBufferAttribute(new Float32Array(capacity * 3), 3).setUsage(DynamicDrawUsage)
    const group = new InstancedBufferAttribute(new Float32Array(capacity).fill(-1), 1).setUsage(DynamicDrawUsage)
    group.array.set(this.#group.array)
    look.array.set(this.#look.array)
    life.array.set(this.#life.array)
    const geometry = quadGeometry()
    geometry.setAttribute('aLook', look)
    geometry.setAttribute('aLife', life)
    geometry.setAttribute('aGroup', group)
    geometry.instanceCount = this.#geometry.instanceCount
    this.#geometry.dispose()
    this.#geometry = geometry
    this.bodies.geometry = geometry
    this.marks.geometry = geometry
    this.hulls.geometry = geometry
    this.#group = group
    this.#look = look
    this.#life = life
    this.#capacity = capacity
  }

  /** Where hulls overlap, the larger value counts; on a light ground the smaller. */
  setTheme(isLight: boolean): void {
    const hulls = this.#hullMaterial
    hulls.blending = CustomBlending
    hulls.blendEquation = isLight ? MinEquation : MaxEquation
    hulls.blendEquationAlpha = MaxEquation
    hulls.blendSrc = OneFactor
    hulls.blendDst = OneFactor
  }

  /** A hull is drawn only where there is something to tell apart. */
  setGroups(groups: Int32Array, areMany: boolean): void {
    this.#group.array.fill(-1)
    this.#group.array.set(groups)
    this.#group.needsUpdate = true
    this.hulls.visible = areMany
  }

  setCount(count: number): void {
    this.#geometry.instanceCount = count
  }

  /** A node appears. */
  begin(slot: number, style: NodeStyle, timeSec: number): void {
    this.#writeStyle(slot, style, style.look)
    const sec = this.#clock.secAt(timeSec)
    this.#life.setXYZ(slot, sec, NEVER_SEC, sec)
    this.#life.needsUpdate = true
  }

  /** Its state changed: the colour moves from the old to the new one. */
  change(slot: number, style: NodeStyle, timeSec: number): void {
    const before = this.#look.array[slot * 4] as number
    if (before !== style.look) {
      this.#life.setZ(slot, this.#clock.secAt(timeSec))
      this.#life.needsUpdate = true
      this.#writeStyle(slot, style, before)
    } else this.#writeStyle(slot, style, this.#look.array[slot * 4 + 3] as number)
  }

  end(slot: number, timeSec: number): void {
    this.#life.setY(slot, this.#clock.secAt(timeSec))
    this.#life.needsUpdate = true
  }

  #writeStyle(slot: number, style: NodeStyle, before: number): void {
    const at = slot * 4
    const array = this.#look.array
    array[at] = style.look
    array[at + 1] = style.family
    array[at + 2] = style.flags
    array[at + 3] = before
    this.#look.needsUpdate = true
  }

  dispose(): void {
    for (const mesh of [this.bodies, this.marks, this.hulls]) disposeMesh(mesh)
  }
}
