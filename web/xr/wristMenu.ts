// The menu at the wrist: it opens when a palm is turned to the face and looked at, and stays until it is clearly turned away.
// Pure; points and ways are in the room, in metres.

import type { FrameTime } from '../scene/frameTime.ts'
import type { Point } from './worldRig.ts'

const OPEN_COSINE = Math.cos((30 * Math.PI) / 180)
const STAY_COSINE = Math.cos((50 * Math.PI) / 180)
/** A hand that hangs down or reaches aside is not looked at. */
const LOOK_OPEN_COSINE = Math.cos((35 * Math.PI) / 180)
const LOOK_STAY_COSINE = Math.cos((50 * Math.PI) / 180)
/** A palm that only passes by opens nothing. */
const OPEN_AFTER_SEC = 0.1
/** Tracking loses a hand now and then; the menu does not blink with it. */
const LOST_AFTER_SEC = 0.25
/** It stands above the hand, so that the other one does not have to reach through the first. */
const ABOVE_METRES = 0.12
const OUT_METRES = 0.04
/** A hand trembles; what the other one is to touch should not. As a rate of decay, per second. */
const PACE = 18
const AT_ONCE = { deltaSec: Number.POSITIVE_INFINITY }

export interface Wrist {
  grip: Point
  palm: Point
  hasPalm: boolean
  isSeen: boolean
  isPressed: boolean
  isSqueezed: boolean
}

export class WristMenu<W extends Wrist> {
  /** Whose wrist it is at; `null`: it is not there. */
  bearer: W | null = null
  /** Its middle. */
  readonly at: Point = { x: 0, y: 0, z: 0 }
  #candidate: W | null = null
  #sinceSec = 0

  update(wrists: readonly W[], head: Point, look: Point, time: Pick<FrameTime, 'deltaSec'>): void {
    if (this.bearer) this.#stay(wrists, this.bearer, head, look, time)
    else this.#wait(wrists, head, look, time)
  }

  #wait(wrists: readonly W[], head: Point, look: Point, { deltaSec }: Pick<FrameTime, 'deltaSec'>): void {
    let shown: W | null = null
    // By index: what goes over them one by one would be left to be collected.
    for (let index = 0; index < wrists.length && shown === null; index++) {
      const wrist = wrists[index] as W
      // Who does something with it does not want the menu.
      const isFree = !wrist.isPressed && !wrist.isSqueezed
      if (isFree && isShown(wrist, head, look, OPEN_COSINE, LOOK_OPEN_COSINE)) shown = wrist
    }
    this.#sinceSec = shown !== null && shown === this.#candidate ? this.#sinceSec + deltaSec : 0
    this.#candidate = shown
    if (shown === null || this.#sinceSec < OPEN_AFTER_SEC) return
    this.bearer = shown
    this.#sinceSec = 0
    placeAbove(shown, head, this.at, AT_ONCE)
  }

  #stay(wrists: readonly W[], bearer: W, head: Point, look: Point, time: Pick<FrameTime, 'deltaSec'>): void {
    const isThere = wrists.includes(bearer)
    if (isThere && isShown(bearer, head, look, STAY_COSINE, LOOK_STAY_COSINE)) {
      this.#sinceSec = 0
      placeAbove(bearer, head, this.at, time)
      return
    }
    this.#sinceSec += time.deltaSec
    const mayCome = isThere && (!bearer.isSeen || !bearer.hasPalm)
    if (mayCome && this.#sinceSec < LOST_AFTER_SEC) return
    this.bearer = null
    this.#candidate = null
    this.#sinceSec = 0
  }
}

function isShown({ grip, palm, hasPalm, isSeen }: Wrist, head: Point, look: Point, facing: number, seen: number) {
  if (!hasPalm || !isSeen) return false
  const x = head.x - grip.x
  const y = head.y - grip.y
  const z = head.z - grip.z
  const metres = Math.max(1e-3, Math.sqrt(x * x + y * y + z * z))
  const toward = (palm.x * x + palm.y * y + palm.z * z) / metres
  const ahead = -(look.x * x + look.y * y + look.z * z) / metres
  return toward > facing && ahead > seen
}

/** From where it was, as far as it comes in that time. */
function placeAbove({ grip, palm }: Wrist, head: Point, into: Point, { deltaSec }: Pick<FrameTime, 'deltaSec'>): void {
  const part = 1 - Math.exp(-PACE * deltaSec)
  const x = head.x - grip.x
  const z = head.z - grip.z
  const level = Math.max(1e-3, Math.sqrt(x * x + z * z))
  into.x += (grip.x + palm.x * OUT_METRES + (x / level) * 0.02 - into.x) * part
  into.y += (grip.y + palm.y * OUT_METRES + ABOVE_METRES - into.y) * part
  into.z += (grip.z + palm.z * OUT_METRES + (z / level) * 0.02 - into.z) * part
}
