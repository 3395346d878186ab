// Which moment a key of the timeline's slider leads to.

export interface SliderAt {
  /** Where the playhead stands; in the present it is `nowMs`. */
  atMs: number
  nowMs: number
  /** The earliest that can be gone to. */
  firstMs: number
  /** The width of a bar: one step. */
  stepMs: number
}

const LONG_STEP = 10

/** `null`: not a key of the slider. One of now or later means the present. */
export function momentOfKey(key: string, isShift: boolean, { atMs, nowMs, firstMs, stepMs }: SliderAt): number | null {
  const stepsMs = isShift ? LONG_STEP * stepMs : stepMs
  const clamp = (ms: number) => Math.min(nowMs, Math.max(firstMs, ms))
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return clamp(atMs - stepsMs)
    case 'ArrowRight':
    case 'ArrowUp':
      return clamp(atMs + stepsMs)
    case 'PageDown':
      return clamp(atMs - LONG_STEP * stepMs)
    case 'PageUp':
      return clamp(atMs + LONG_STEP * stepMs)
    case 'Home':
      return clamp(firstMs)
    case 'End':
      return nowMs
    default:
      return null
  }
}
