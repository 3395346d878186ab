// Newline-delimited messages out of a stream of bytes, with a bound: a line without end must not eat the memory.

const NEWLINE = 0x0a
const SPACE = 0x20

/** How much of a line that is too long is told: enough for its id, or for what it complains of. */
const HEAD_BYTES = 256
/** A child that writes byte by byte: so many pieces become one, or their objects would weigh a hundred times the text. */
const MAX_LOOSE_PARTS = 1024

export class LineSplitter {
  readonly #maxBytes: number
  readonly #onLine: (line: Buffer) => void
  readonly #onTooLong: (head: Buffer) => void
  #parts: Buffer[] = []
  /** Of them, those at the end that were never joined. */
  #looseParts = 0
  #bytes = 0
  readonly #afterTooLong: 'stop' | 'skip'
  /** In a line that is too long: nothing of it is kept. */
  #broken = false

  /**
   * `onLine` gets lines without their end, never empty ones. After `onTooLong` (once for each such line, with how it began)
   * comes nothing more, or with `skip` the next line.
   */
  constructor(
    maxBytes: number,
    onLine: (line: Buffer) => void,
    onTooLong: (head: Buffer) => void,
    afterTooLong: 'stop' | 'skip' = 'stop',
  ) {
    this.#maxBytes = maxBytes
    this.#onLine = onLine
    this.#onTooLong = onTooLong
    this.#afterTooLong = afterTooLong
  }

  push(chunk: Buffer): void {
    let start = 0
    while (!this.#broken || this.#afterTooLong === 'skip') {
      const end = chunk.indexOf(NEWLINE, start)
      if (end === -1) break
      this.#take(chunk.subarray(start, end))
      this.#flush()
      if (this.#afterTooLong === 'skip') this.#broken = false
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
    this.#parts.push(part)
    this.#bytes += part.length
    if (++this.#looseParts === MAX_LOOSE_PARTS) {
      this.#parts.push(Buffer.concat(this.#parts.splice(-MAX_LOOSE_PARTS)))
      this.#looseParts = 0
    }
    if (this.#bytes <= this.#maxBytes) return
    this.#broken = true
    const head = Buffer.concat(this.#parts.map((one) => one.subarray(0, HEAD_BYTES))).subarray(0, HEAD_BYTES)
    this.#clear()
    this.#onTooLong(head)
  }

  #flush(): void {
    if (this.#broken) return
    const [only] = this.#parts
    const line = trimmed(this.#parts.length === 1 && only ? only : Buffer.concat(this.#parts))
    this.#clear()
    if (line.length > 0) this.#onLine(line)
  }

  #clear(): void {
    this.#parts = []
    this.#looseParts = 0
    this.#bytes = 0
  }
}

/** Without white space and other control characters around it. */
function trimmed(line: Buffer): Buffer {
  let start = 0
  let end = line.length
  while (end > start && (line[end - 1] ?? 0) <= SPACE) end--
  while (start < end && (line[start] ?? 0) <= SPACE) start++
  return start === 0 && end === line.length ? line : line.subarray(start, end)
}
