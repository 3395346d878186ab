// When a frame is drawn: the same object each time, for numbers that are handed on would be left to be collected.

export interface FrameTime {
  nowMs: number
  /** Since the frame before; after a sleep not as long as that was. */
  deltaSec: number
}
