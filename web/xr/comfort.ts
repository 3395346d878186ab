// How much of the view's edge goes dark while the world moves about somebody who does not. Pure.

/** Metres a second, of the world about the head. */
const FAST = 0.5
const IN_SEC = 0.08
const OUT_SEC = 0.3

export class Vignette {
  /** 0: the whole view, 1: only its middle. */
  amount = 0

  update(metresPerSec: number, deltaSec: number): void {
    const goal = metresPerSec > FAST ? 1 : 0
    const step = deltaSec / (goal > this.amount ? IN_SEC : OUT_SEC)
    this.amount = goal > this.amount ? Math.min(goal, this.amount + step) : Math.max(goal, this.amount - step)
  }
}
