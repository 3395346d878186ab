import type { Insets } from '../store/stage.ts'

/** The window as the scene has it, in CSS pixels. */
export interface Stage {
  width: number
  height: number
  pixelRatio: number
  insets: Insets
}
