// The nodes as the camera sees them now: for picking and for labels, without an object per node.

import { Matrix4, type PerspectiveCamera, Vector3 } from 'three'
import type { NodeField } from './nodeField.ts'
import type { HeadView } from './stage.ts'

const matrix = new Matrix4()
const position = new Vector3()

/** How far beside a small body a pointer still hits it. */
const SLOP_PX = 6
const FIELDS = 4

export class NodeView {
  /** x, y (CSS pixels from the upper left), radius in pixels, distance; a radius of 0 is not to be seen. */
  seen = new Float32Array(256 * FIELDS)

  project(field: NodeField, slotEnd: number, camera: PerspectiveCamera, width: number, height: number): void {
    if (this.seen.length < slotEnd * FIELDS) this.seen = new Float32Array(field.capacity * FIELDS)
    this.#aim(camera)
    for (let slot = 0; slot < slotEnd; slot++) this.#projectOne(slot, field, camera, width, height)
  }

  /** Only these; the others stay as they were seen last. */
  projectSome(
    slots: readonly number[],
    field: NodeField,
    camera: PerspectiveCamera,
    width: number,
    height: number,
  ): void {
    this.#aim(camera)
    for (const slot of slots) {
      if (slot * FIELDS < this.seen.length) this.#projectOne(slot, field, camera, width, height)
    }
  }

  /** In a headset, by angles: a flat picture would be stretched toward its edges, and labels are not. */
  projectAround(
    field: NodeField,
    slotEnd: number,
    slots: readonly number[] | null,
    head: HeadView,
    width: number,
    height: number,
  ): void {
    if (this.seen.length < slotEnd * FIELDS) this.seen = new Float32Array(field.capacity * FIELDS)
    const count = slots?.length ?? slotEnd
    for (let index = 0; index < count; index++) {
      const slot = slots ? (slots[index] as number) : index
      if (slot * FIELDS < this.seen.length) this.#projectOneAround(slot, field, head, width, height)
    }
  }

  #projectOneAround(slot: number, field: NodeField, head: HeadView, width: number, height: number): void {
    const { seen } = this
    const at = slot * FIELDS
    const radius = field.radius(slot)
    seen[at + 2] = 0
    if (radius <= 0) return
    const way = field.position(slot, position).sub(head.position)
    const ahead = -way.dot(head.back)
    if (ahead <= 0) return
    const aside = way.dot(head.right)
    const above = way.dot(head.up)
    const distance = Math.max(way.length(), radius)
    const elevation = Math.atan2(above, Math.hypot(aside, ahead))
    seen[at] = width / 2 + (Math.atan2(aside, ahead) * Math.cos(elevation)) / head.radiansPerPixel
    seen[at + 1] = height / 2 - elevation / head.radiansPerPixel
    seen[at + 2] = Math.asin(radius / distance) / head.radiansPerPixel
    seen[at + 3] = distance
  }

  #aim(camera: PerspectiveCamera): void {
    matrix.multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse)
  }

  #projectOne(slot: number, field: NodeField, camera: PerspectiveCamera, width: number, height: number): void {
    const { seen } = this
    const m = matrix.elements
    const at = slot * FIELDS
    const radius = field.radius(slot)
    seen[at + 2] = 0
    if (radius <= 0) return
    const { x, y, z } = field.position(slot, position)
    const w = (m[3] as number) * x + (m[7] as number) * y + (m[11] as number) * z + (m[15] as number)
    if (w <= camera.near) return
    const clipX = (m[0] as number) * x + (m[4] as number) * y + (m[8] as number) * z + (m[12] as number)
    const clipY = (m[1] as number) * x + (m[5] as number) * y + (m[9] as number) * z + (m[13] as number)
    seen[at] = (clipX / w + 1) * 0.5 * width
    seen[at + 1] = (1 - clipY / w) * 0.5 * height
    seen[at + 2] = (radius * (camera.projectionMatrix.elements[5] as number) * height * 0.5) / w
    seen[at + 3] = w
  }

  /** The node under the pointer: the nearest of those that it is on, else the one that it is closest beside; -1: none. */
  pick(slotEnd: number, x: number, y: number): number {
    let best = -1
    let bestScore = Number.POSITIVE_INFINITY
    for (let slot = 0; slot < slotEnd; slot++) {
      const at = slot * FIELDS
      const radius = this.seen[at + 2] as number
      if (radius <= 0) continue
      const distance = Math.hypot((this.seen[at] as number) - x, (this.seen[at + 1] as number) - y)
      if (distance > radius + SLOP_PX) continue
      // On a body: by depth. Beside it: after all that are hit.
      const score = distance <= radius ? (this.seen[at + 3] as number) : 1e6 + distance
      if (score < bestScore) {
        best = slot
        bestScore = score
      }
    }
    return best
  }
}
