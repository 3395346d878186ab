// What the scene asks of whoever holds the view: the camera on a screen, or the place of the user in a headset.

import type { Vector3 } from 'three'

export interface SceneRig {
  readonly distance: number
  /** How deep what is looked at is, from its middle. */
  readonly depth: number
  /** Keeps all nodes in view by itself. */
  readonly followsAll: boolean
  /** Says whether the view moved. */
  update(deltaSec: number): boolean
  follow(nodes: Float32Array, count: number): void
  fitAll(nodes: Float32Array, count: number): void
  face(isFlat: boolean): void
  flyTo(position: Vector3): void
  track(position: Vector3): void
}
