// How long the last drawn frames took the main thread. A ring of fixed size: measuring allocates nothing.

import type { FrameTime } from './frameTime.ts'

export const KEPT_FRAMES = 240

export class FrameStats {
  readonly #ring = new Float32Array(KEPT_FRAMES)
  readonly #sorted = new Float32Array(KEPT_FRAMES)
  #count = 0
  drawCalls = 0
  triangles = 0

  /** The frame that began then has come so far now. */
  pushSince({ nowMs: startMs }: Pick<FrameTime, 'nowMs'>, nowMs = performance.now()): void {
    this.#ring[this.#count++ % KEPT_FRAMES] = nowMs - startMs
  }

  get frames(): number {
    return this.#count
  }

  quantiles(): { p50: number; p95: number } {
    const size = Math.min(this.#count, KEPT_FRAMES)
    if (size === 0) return { p50: 0, p95: 0 }
    const sorted = this.#sorted.subarray(0, size)
    sorted.set(this.#ring.subarray(0, size))
    sorted.sort()
    const at = (share: number) => round(sorted[Math.min(size - 1, Math.floor(share * size))] ?? 0)
    return { p50: at(0.5), p95: at(0.95) }
  }
}

const round = (ms: number): number => Math.round(ms * 100) / 100
