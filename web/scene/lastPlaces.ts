// Where those stood who are gone from the scene: back from another moment, or resumed, each has its place again, and nobody
// has to make room. Bounded: the oldest are forgotten.

import type { Vector3 } from 'three'

export type Place = readonly [x: number, y: number, z: number]

/** Twice the largest swarm that we are made for. */
const MAX_PLACES = 20_000

export class LastPlaces {
  readonly #places = new Map<string, Place>()
  readonly #most: number

  constructor(most = MAX_PLACES) {
    this.#most = most
  }

  keep(key: string, { x, y, z }: Pick<Vector3, 'x' | 'y' | 'z'>): void {
    this.#places.delete(key) // put in anew, so that the oldest stay first
    this.#places.set(key, [x, y, z])
    if (this.#places.size <= this.#most) return
    for (const oldest of this.#places.keys()) {
      this.#places.delete(oldest)
      return
    }
  }

  take(key: string): Place | undefined {
    const place = this.#places.get(key)
    this.#places.delete(key)
    return place
  }

  /** Another layout has other places. */
  clear(): void {
    this.#places.clear()
  }
}
