// Numbers for nodes: small, dense, kept for life and used again after it. Each use of a slot has its own generation, so that
// a position computed for the last owner is never given to the next.

export class Slots {
  readonly #slotByKey = new Map<string, number>()
  readonly #keys: (string | null)[] = []
  readonly #free: number[] = []
  #generations = new Uint32Array(64)

  /** One above the highest slot ever in use. */
  get end(): number {
    return this.#keys.length
  }

  get size(): number {
    return this.#slotByKey.size
  }

  slotOf(key: string): number {
    return this.#slotByKey.get(key) ?? -1
  }

  keyOf(slot: number): string | null {
    return this.#keys[slot] ?? null
  }

  generationOf(slot: number): number {
    return this.#generations[slot] ?? 0
  }

  acquire(key: string): number {
    const known = this.#slotByKey.get(key)
    if (known !== undefined) return known
    const slot = this.#free.pop() ?? this.#keys.length
    if (slot >= this.#generations.length) {
      const larger = new Uint32Array(this.#generations.length * 2)
      larger.set(this.#generations)
      this.#generations = larger
    }
    this.#keys[slot] = key
    this.#slotByKey.set(key, slot)
    this.#generations[slot] = (this.#generations[slot] ?? 0) + 1
    return slot
  }

  /** The slot's number may be given to another from now on. */
  release(slot: number): void {
    const key = this.#keys[slot]
    if (key === null || key === undefined) return
    // After `retire` the key may have come back, in another slot.
    if (this.#slotByKey.get(key) === slot) this.#slotByKey.delete(key)
    this.#keys[slot] = null
    this.#free.push(slot)
  }

  /** Forgets the key at once, but keeps the number: for a node that fades out. */
  retire(slot: number): void {
    const key = this.#keys[slot]
    if (key) this.#slotByKey.delete(key)
  }

  clear(): void {
    for (let slot = 0; slot < this.#keys.length; slot++) this.release(slot)
  }
}
