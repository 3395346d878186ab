// Page ↔ layout worker: one union per direction.

import type { LayoutMode } from './layoutModes.ts'
import type { NewNode } from './layoutState.ts'

export interface LayoutNode extends NewNode {
  generation: number
}

export type ToLayout =
  | {
      type: 'change'
      add: LayoutNode[]
      remove: number[]
      /** Another moment is shown: who is at both stays where it is, and who comes back stands where it stood. */
      isLeap: boolean
      /** All links as `[source, target, force kind]`, if they changed. */
      links: Int32Array | null
      /** Group of each slot, if one changed. */
      groups: Int32Array | null
    }
  | { type: 'mode'; mode: LayoutMode }
  /** Under reduced motion only where it ends is shown, not the way there. */
  | { type: 'motion'; hasMotion: boolean }
  /** A hidden page has nothing to lay out for. */
  | { type: 'pause'; paused: boolean }
  /** Buffers of an earlier answer, to be filled again. */
  | { type: 'recycle'; positions: Float32Array; generations: Uint32Array }

export interface FromLayout {
  type: 'positions'
  slotEnd: number
  /** x, y, z of slot s at 3s. */
  positions: Float32Array
  /** 0 for a slot that is not in use. */
  generations: Uint32Array
  /** CPU time of one step. */
  stepMs: number
  settled: boolean
}
