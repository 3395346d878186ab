// What a press becomes: a short one means what it points at; one that is drawn along pulls the world, two of them scale and
// turn it. Pure: hands and their places come in, the rig is changed.

import { copy, drag, type Point, stretch, type WorldRig } from './worldRig.ts'

/** A hand that presses is never still; farther than this it pulls. */
const SLOP_METRES = 0.03

interface Hold<H> {
  hand: H
  grip: Point
  began: Point
  last: Point
  isPulling: boolean
}

export interface Hand {
  /** Where it is; read anew in each frame. */
  grip: Point
  /** Squeezing pulls at once, a press only when it is drawn along. */
  isSqueezed: boolean
}

export class Grasp<H extends Hand> {
  readonly #holds: Hold<H>[] = []
  readonly #from: [Point, Point] = [
    { x: 0, y: 0, z: 0 },
    { x: 0, y: 0, z: 0 },
  ]
  readonly #to: [Point, Point] = [
    { x: 0, y: 0, z: 0 },
    { x: 0, y: 0, z: 0 },
  ]

  begin(hand: H): void {
    if (this.#holds.some((hold) => hold.hand === hand)) return
    const { grip } = hand
    this.#holds.push({ hand, grip, began: { ...grip }, last: { ...grip }, isPulling: hand.isSqueezed })
  }

  /** Says whether it was a short press: then it meant what it pointed at. */
  end(hand: H): boolean {
    const index = this.#holds.findIndex((hold) => hold.hand === hand)
    const [hold] = index < 0 ? [] : this.#holds.splice(index, 1)
    return hold !== undefined && !hold.isPulling
  }

  /** The hand is no longer there: what it held, it let go. */
  drop(hand: H): void {
    this.end(hand)
  }

  get isHolding(): boolean {
    return this.#holds.length > 0
  }

  get isPulling(): boolean {
    for (const hold of this.#holds) if (hold.isPulling) return true
    return false
  }

  /** Once a frame. `usual`: the scale on a table. */
  update(rig: WorldRig, usual: number): void {
    let first: Hold<H> | null = null
    let second: Hold<H> | null = null
    const holds = this.#holds
    // By index: what goes over them one by one would be left to be collected.
    for (let index = 0; index < holds.length; index++) {
      const hold = holds[index] as Hold<H>
      const x = hold.grip.x - hold.began.x
      const y = hold.grip.y - hold.began.y
      const z = hold.grip.z - hold.began.z
      if (x * x + y * y + z * z > SLOP_METRES * SLOP_METRES) hold.isPulling = true
      if (hold.hand.isSqueezed) hold.isPulling = true
      if (first === null) first = hold
      else if (second === null) second = hold
    }
    if (first && second && (first.isPulling || second.isPulling)) {
      first.isPulling = true
      second.isPulling = true
      copy(first.last, this.#from[0])
      copy(second.last, this.#from[1])
      copy(first.grip, this.#to[0])
      copy(second.grip, this.#to[1])
      stretch(rig, this.#from, this.#to, usual)
    } else if (first?.isPulling) drag(rig, first.last, first.grip)
    for (let index = 0; index < holds.length; index++) {
      const { grip, last } = holds[index] as Hold<H>
      copy(grip, last)
    }
  }
}
