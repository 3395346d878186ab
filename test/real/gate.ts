// Holds the model's answer back until the test has looked.

export class Gate {
  readonly #opened: Promise<void>
  #open: () => void = () => undefined

  constructor() {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  /** Whoever waits goes on, and nobody waits any more. */
  open(): void {
    this.#open()
  }

  async passed<T>(then: T): Promise<T> {
    await this.#opened
    return then
  }
}
