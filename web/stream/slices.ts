// Long work in slices: between them the page answers its user and draws.

/** A frame has room for one, and something else. */
const SLICE_MS = 10

export class Slices {
  #endMs = performance.now() + SLICE_MS

  /** This slice took its time: `next` is to be awaited. */
  get isOver(): boolean {
    return performance.now() >= this.#endMs
  }

  async next(): Promise<void> {
    // Not by a timer: those wait for 4 ms each once there are some.
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        port1.close()
        resolve()
      }
      port2.postMessage(null)
    })
    this.#endMs = performance.now() + SLICE_MS
  }
}
