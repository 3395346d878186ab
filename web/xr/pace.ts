// What is asked of a headset when its frames come late, and given back when they no longer do: first fewer pixels, then a
// coarser edge, and only then fewer frames. Pure. Reckoned in whole milliseconds: of a moment in a frame's time the rest does not
// matter here, and whole numbers are no objects, not even before V8 has compiled this, which it does late (it runs once a frame).

/** Steady before fast: a frame that comes late is worse than one that is not there. */
export const RATES = [90, 72] as const

export interface Effort {
  /** Of the pixels that a headset would draw, along each side. */
  scale: number
  /** Of the edge of the view, how much is drawn coarser: beyond a third no label there could be read. */
  foveation: number
  /** Frames a second; `null`: whatever the headset does by itself. */
  rate: number | null
}

const PICTURES = [
  { scale: 1, foveation: 0 },
  { scale: 0.85, foveation: 0 },
  { scale: 0.85, foveation: 0.33 },
  { scale: 0.7, foveation: 0.33 },
] as const

const WINDOW_FRAMES = 120
const LATE_FRAMES = 30
/** As many in a window come late on a headset that keeps up. */
const STRAY_FRAMES = 2
/** Later than by half a frame: then the one before it was shown twice. */
const LATE_SHARE = 1.5
/** What was asked for takes a moment, and may itself cost a frame. */
const SETTLING_FRAMES = 15
/** Longer than this it was asleep, or showed something else. */
const GAP_MS = 1_000
const CLEAN_MS = 10_000
/** Whoever fails on the way up again tries less often. */
const MAX_CLEAN_MS = 160_000

export class Pace {
  readonly #efforts: readonly Effort[]
  readonly #late = new Uint8Array(WINDOW_FRAMES)
  #lateCount = 0
  #at = 0
  #settling = SETTLING_FRAMES
  #cleanMs = 0
  #waitMs = CLEAN_MS
  /** Goes no farther than the longest wait. */
  #sinceRaiseMs = MAX_CLEAN_MS
  /** The longest frame that is in time, and of what that was reckoned. */
  #inTimeMs = 0
  #inTimeOf: number | undefined = undefined
  #fastestMs = GAP_MS
  #level = 0

  /** `supported`: the rates that the headset offers; none where it does not say. */
  constructor(supported: Iterable<number>) {
    const offered = new Set(supported)
    const [first = null, ...slower] = RATES.filter((rate) => offered.has(rate))
    const least = PICTURES[PICTURES.length - 1] as (typeof PICTURES)[number]
    this.#efforts = [
      ...PICTURES.map((picture) => ({ ...picture, rate: first })),
      ...slower.map((rate) => ({ ...least, rate })),
    ]
  }

  get effort(): Effort {
    return this.#efforts[this.#level] as Effort
  }

  /**
   * Once a frame, `intervalMs` in whole milliseconds; `rate`: what the headset does now, if it says so. Says whether another
   * effort is asked for.
   */
  frame(intervalMs: number, isSeen: boolean, rate: number | undefined): boolean {
    if (!isSeen || intervalMs <= 0 || intervalMs > GAP_MS) {
      this.#forget()
      return false
    }
    this.#learn(intervalMs, rate)
    if (this.#settling > 0) {
      this.#settling--
      return false
    }
    const isLate = intervalMs > this.#inTimeMs ? 1 : 0
    this.#lateCount += isLate - (this.#late[this.#at] as number)
    this.#late[this.#at] = isLate
    this.#at = (this.#at + 1) % WINDOW_FRAMES
    this.#sinceRaiseMs = Math.min(MAX_CLEAN_MS, this.#sinceRaiseMs + intervalMs)
    this.#cleanMs = this.#lateCount > STRAY_FRAMES ? 0 : this.#cleanMs + intervalMs
    if (this.#lateCount >= LATE_FRAMES && this.#level < this.#efforts.length - 1) {
      const wasTooEarly = this.#sinceRaiseMs < this.#waitMs
      this.#waitMs = wasTooEarly ? Math.min(MAX_CLEAN_MS, this.#waitMs * 2) : CLEAN_MS
      this.#sinceRaiseMs = MAX_CLEAN_MS
      this.#go(this.#level + 1)
      return true
    }
    if (this.#cleanMs >= this.#waitMs && this.#level > 0) {
      this.#sinceRaiseMs = 0
      this.#go(this.#level - 1)
      return true
    }
    return false
  }

  /** Who does not tell its rate has shown it by its fastest frame. */
  #learn(intervalMs: number, rate: number | undefined): void {
    if (intervalMs > 4 && intervalMs < this.#fastestMs) {
      this.#fastestMs = intervalMs
      this.#inTimeMs = 0
    }
    if (this.#inTimeMs > 0 && rate === this.#inTimeOf) return
    this.#inTimeOf = rate
    this.#inTimeMs = Math.floor(LATE_SHARE * (rate ? 1_000 / rate : this.#fastestMs))
  }

  #go(level: number): void {
    this.#level = level
    this.#forget()
  }

  /** What was before says nothing about what is now. */
  #forget(): void {
    this.#late.fill(0)
    this.#lateCount = 0
    this.#cleanMs = 0
    this.#settling = SETTLING_FRAMES
  }
}
