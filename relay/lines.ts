// Newline-delimited text out of a stream of bytes, with a bound: a line without end must not eat the memory.

const NEWLINE = 0x0a

export class LineSplitter {
  readonly #maxBytes: number
  readonly #onLine: (line: string) => void
  readonly #onTooLong: () => void
  #parts: Buffer[] = []
  #bytes = 0
  #broken = false

  constructor(maxBytes: number, onLine: (line: string) => void, onTooLong: () => void) {
    this.#maxBytes = maxBytes
    this.#onLine = onLine
    this.#onTooLong = onTooLong
  }

  push(chunk: Buffer): void {
    let start = 0
    while (!this.#broken) {
      const end = chunk.indexOf(NEWLINE, start)
      if (end === -1) break
      this.#take(chunk.subarray(start, end))
      this.#flush()
      start = end + 1
    }
    if (start < chunk.length) this.#take(chunk.subarray(start))
  }

  /** The stream is over: what stands without a newline is the last line. */
  end(): void {
    this.#flush()
  }

  #take(part: Buffer): void {
    if (this.#broken) return
    this.#bytes += part.length
    if (this.#bytes > this.#maxBytes) {
      this.#broken = true
      this.#parts = []
      this.#onTooLong()
      return
    }
    this.#parts.push(part)
  }

  #flush(): void {
    if (this.#broken) return
    const [only] = this.#parts
    // Decoded only when whole: a chunk may end inside a character.
    const line = (this.#parts.length === 1 && only ? only : Buffer.concat(this.#parts)).toString('utf8').trim()
    this.#parts = []
    this.#bytes = 0
    if (line !== '') this.#onLine(line)
  }
}
