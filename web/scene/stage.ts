import type { Vector2, Vector3 } from 'three'
import type { Insets } from '../store/stage.ts'

/** The window as the scene has it, in CSS pixels. */
export interface Stage {
  width: number
  height: number
  pixelRatio: number
  insets: Insets
  /** In a headset; `null` on a screen. Then width and height are of the part of the view in which labels may stand. */
  head: HeadView | null
}

/** How whoever wears a headset sees the scene. A "pixel" is an angle there, the same wherever one looks. */
export interface HeadView {
  /** Between the eyes, in the scene. */
  position: Vector3
  /** Which way the head looks, level: its roll is left out, so that what is written stays upright. */
  right: Vector3
  up: Vector3
  back: Vector3
  radiansPerPixel: number
  /** An eye's whole view, in such pixels. */
  viewport: Vector2
}
