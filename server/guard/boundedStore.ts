// Hits in fixed windows, for express-rate-limit: its own store keeps every key that ever came within a window, this one a
// bounded number, so that many addresses cannot fill the memory.

import type { IncrementResponse, Store } from 'express-rate-limit'

interface Window {
  hits: number
  endsAtMs: number
}

export interface BoundedStoreOptions {
  windowMs: number
  maxKeys: number
  /** Must not jump with the wall clock. */
  now?: () => number
}

export class BoundedStore implements Store {
  readonly localKeys = true
  readonly #options: Required<BoundedStoreOptions>
  /** In the order in which the windows began, which is the order in which they end. */
  readonly #windows = new Map<string, Window>()

  constructor(options: BoundedStoreOptions) {
    this.#options = { now: () => performance.now(), ...options }
  }

  get size(): number {
    return this.#windows.size
  }

  increment(key: string): IncrementResponse {
    const { windowMs, maxKeys, now } = this.#options
    const nowMs = now()
    let window = this.#windows.get(key)
    if (!window || window.endsAtMs <= nowMs) {
      window = { hits: 0, endsAtMs: nowMs + windowMs }
      this.#windows.delete(key)
      this.#windows.set(key, window)
      this.#forget(nowMs, maxKeys)
    }
    window.hits++
    return { totalHits: window.hits, resetTime: new Date(Date.now() + window.endsAtMs - nowMs) }
  }

  decrement(key: string): void {
    const window = this.#windows.get(key)
    if (window && window.hits > 0) window.hits--
  }

  resetKey(key: string): void {
    this.#windows.delete(key)
  }

  /** What is over, and beyond the bound what is over soonest: a flood of addresses frees a few of itself, no more. */
  #forget(nowMs: number, maxKeys: number): void {
    for (const [key, { endsAtMs }] of this.#windows) {
      if (endsAtMs > nowMs && this.#windows.size <= maxKeys) return
      this.#windows.delete(key)
    }
  }
}
