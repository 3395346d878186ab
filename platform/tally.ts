// Counts by name.

/** A number for each of some names; those that are known from the start begin at 0, so that a first one is a rise. */
export class Tally<K extends string> {
  readonly #counts: Map<K, number>

  constructor(names: readonly K[]) {
    this.#counts = new Map(names.map((name) => [name, 0]))
  }

  add(name: K, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }

  get(name: K): number {
    return this.#counts.get(name) ?? 0
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  [Symbol.iterator](): Iterator<[K, number]> {
    return this.#counts.entries()
  }
}
