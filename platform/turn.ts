// Long work in short pieces: between them the event loop goes round, so that answers and frames do not wait for its end.

import { setImmediate } from 'node:timers/promises'

export class Turn {
  readonly #ms: number
  #endMs: number

  /** `ms`: of one piece. */
  constructor(ms: number) {
    this.#ms = ms
    this.#endMs = performance.now() + ms
  }

  /** This piece took its time: `next` is to be awaited. */
  get isOver(): boolean {
    return performance.now() >= this.#endMs
  }

  /** Resolves when others have had their turn. */
  async next(): Promise<void> {
    await setImmediate()
    this.#endMs = performance.now() + this.#ms
  }
}
