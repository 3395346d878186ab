// What the scene asks of whoever holds the view: the camera on a screen, or the place of the user in a headset.

import type { Vector3 } from 'three'
import type { FrameTime } from './frameTime.ts'

/** The same object in each frame: numbers that are handed back one by one would be left to be collected. */
export interface SceneRange {
  /** From what is looked at. */
  distance: number
  /** How deep that is, from its middle. */
  depth: number
}

/** What a view keeps in sight by itself: all nodes, those that the query found, or none, for the user looks where they like. */
export type Kept = 'all' | 'found' | 'none'

export interface SceneRig {
  readonly range: SceneRange
  readonly keeps: Kept
  /** Says whether the view moved. */
  update(time: FrameTime): boolean
  follow(nodes: Float32Array, count: number): void
  fitAll(nodes: Float32Array, count: number): void
  face(isFlat: boolean): void
  flyTo(position: Vector3): void
  track(position: Vector3): void
}
