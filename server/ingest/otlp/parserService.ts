// What runs in the parsing thread.

import type { FromParser, ToParser } from './parserMessages.ts'
import { readBody } from './readBody.ts'
import type { ReadRequest } from './readRequest.ts'

/** Some milliseconds of the thread that gets them. */
const PART_RECORDS = 1_000

export class ParserService {
  readonly #post: (message: FromParser) => void
  #read: ReadRequest | null = null
  #at = 0

  constructor(post: (message: FromParser) => void) {
    this.#post = post
  }

  receive(message: ToParser): void {
    this.#answer(message).then(this.#post, (error: unknown) =>
      this.#post({ type: 'failed', words: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  }

  async #answer(message: ToParser): Promise<FromParser> {
    if (message.type === 'read') {
      const { signal, encoding, bytes, isHere } = message
      const read = await readBody({
        signal,
        encoding,
        isHere,
        bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
      })
      if (typeof read === 'string') return { type: 'refused', why: read }
      this.#read = read
      this.#at = 0
    }
    if (!this.#read) throw new Error('nothing was read')
    return this.#nextPart(this.#read)
  }

  #nextPart(read: ReadRequest): FromParser {
    const [from, to] = [this.#at, this.#at + PART_RECORDS]
    this.#at = to
    const isLast = to >= Math.max(read.claudeCode.length, read.spans.length)
    if (isLast) this.#read = null
    const part = { ...read, claudeCode: read.claudeCode.slice(from, to), spans: read.spans.slice(from, to) }
    return { type: 'part', part, isLast }
  }
}
