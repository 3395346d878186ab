// The shaders' time. They count in 32 bits, in which days of seconds would no longer move smoothly: so it begins anew each hour,
// and every moment that waits in an attribute is told from the new beginning.

import type { InstancedBufferAttribute } from 'three'
import type { FrameTime } from './frameTime.ts'

/** 32 bits tell a quarter of a millisecond for so long. A whole number of all periods of the shaders: nothing that turns leaps. */
export const REBASE_SEC = 3_600

/** A moment so far off that it never comes, … */
export const NEVER_SEC = 1e9
/** … and one that is over, whenever it was. */
export const LONG_AGO_SEC = -1e6

export interface Moments {
  /** As it is then: one that became too small is replaced. */
  attribute(): InstancedBufferAttribute
  /** Which of an instance's numbers is a moment; `null`: all are. */
  index: number | null
}

export class ShaderClock {
  /** Seconds. It changes in each frame: a number would be a new object each time, what stands in an array is written over. */
  readonly uniform = { value: new Float32Array(1) }
  /** When the shaders' time began, in seconds of the page's clock. */
  #originSec = 0
  readonly #kept: Moments[] = []

  /** From now on these are told from each new beginning. */
  keep(moments: Moments): void {
    this.#kept.push(moments)
  }

  /** A moment of the page's clock as the shaders count. */
  secAt(pageSec: number): number {
    return Math.max(LONG_AGO_SEC, pageSec - this.#originSec)
  }

  /** Of the frame that was drawn last, by the page's clock. */
  get pageSec(): number {
    return (this.uniform.value[0] as number) + this.#originSec
  }

  /** What time it is in this frame. */
  set({ nowMs }: Pick<FrameTime, 'nowMs'>): void {
    this.uniform.value[0] = nowMs / 1_000 - this.#originSec
  }

  /** Begins anew if it is time: so seldom that a frame can bear it, but for one of a headset. */
  rebase(time: Pick<FrameTime, 'nowMs'>): void {
    const shiftSec = Math.floor((time.nowMs / 1_000 - this.#originSec) / REBASE_SEC) * REBASE_SEC
    if (shiftSec <= 0) return
    this.#originSec += shiftSec
    this.set(time)
    for (const { attribute, index } of this.#kept) {
      const moments = attribute()
      const { array, itemSize } = moments
      for (let at = index ?? 0; at < array.length; at += index === null ? 1 : itemSize) {
        const sec = array[at] as number
        if (sec > LONG_AGO_SEC && sec < NEVER_SEC) array[at] = Math.max(LONG_AGO_SEC, sec - shiftSec)
      }
      moments.needsUpdate = true
    }
  }
}
