// Reads what came in: small bodies here, large ones in a thread of their own, so that neither hooks nor the live stream wait
// for a parser. One at a time, which also bounds what parsers hold. The thread ends when nobody has needed it for a while.

import { setImmediate } from 'node:timers/promises'
import { SwarmscopeError } from '../../../protocol/errors.ts'
import { OTLP_TYPES } from '../paths.ts'
import type { FromParser, ToParser } from './parserMessages.ts'
import { type ParserThread, type StartParserThread, startParserThread } from './parserThread.ts'
import { MAX_ELEMENTS, type OtlpBody, readBody } from './readBody.ts'
import type { ReadRequest } from './readRequest.ts'

/** Of the worst that fits in here, 32,000 empty messages, some 10 ms are made. */
const MAX_BYTES_HERE = 64 * 1024
const IDLE_MS = 60_000

export class OtlpReader {
  readonly #startThread: StartParserThread
  #thread: ParserThread | null = null
  #answer: { resolve: (message: FromParser) => void; reject: (error: Error) => void } | null = null
  #last: Promise<unknown> = Promise.resolve()
  #idleTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(startThread: StartParserThread = startParserThread) {
    this.#startThread = startThread
  }

  /** Rejects with `SwarmscopeError` if that is the sender's fault. */
  async read(body: OtlpBody): Promise<ReadRequest> {
    if (body.bytes.length > MAX_BYTES_HERE) return this.#whenFree(() => this.#readInThread(body))
    const read = await readBody(body)
    return typeof read === 'string' ? refuse(read, body) : read
  }

  close(): void {
    this.#closed = true
    this.#endThread()
  }

  #whenFree(work: () => Promise<ReadRequest>): Promise<ReadRequest> {
    const reading = this.#last.then(work)
    this.#last = reading.catch(() => undefined) // told by `reading`
    return reading
  }

  async #readInThread(body: OtlpBody): Promise<ReadRequest> {
    const { signal, encoding, isHere } = body
    // A copy: the body may be a piece of something larger that is not ours to give away.
    const bytes = new Uint8Array(body.bytes)
    let read: ReadRequest | null = null
    let answer = await this.#ask({ type: 'read', signal, encoding, bytes, isHere }, [bytes.buffer])
    for (;;) {
      if (answer.type === 'failed') throw new Error(answer.words)
      if (answer.type === 'refused') return refuse(answer.why, body)
      if (read) {
        read.claudeCode.push(...answer.part.claudeCode)
        read.spans.push(...answer.part.spans)
      } else read = answer.part
      if (answer.isLast) return read
      // Messages that are there already come in one go: others have their turn between.
      await setImmediate()
      answer = await this.#ask({ type: 'more' })
    }
  }

  #ask(message: ToParser, moved?: ArrayBuffer[]): Promise<FromParser> {
    if (this.#closed) return Promise.reject(new SwarmscopeError('STOPPING'))
    clearTimeout(this.#idleTimer)
    this.#thread ??= this.#start()
    const thread = this.#thread
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject }
      thread.post(message, moved)
    })
  }

  #start(): ParserThread {
    const thread: ParserThread = this.#startThread({
      onMessage: (message) => {
        this.#answer?.resolve(message)
        this.#answer = null
        this.#idleTimer = setTimeout(() => this.#endThread(), IDLE_MS).unref()
      },
      onEnd: (error) => {
        if (this.#thread !== thread) return
        this.#thread = null
        this.#answer?.reject(isTooLarge(error) ? new SwarmscopeError('TOO_LARGE', {}, { cause: error }) : error)
        this.#answer = null
      },
    })
    return thread
  }

  #endThread(): void {
    clearTimeout(this.#idleTimer)
    const thread = this.#thread
    this.#thread = null
    this.#answer?.reject(new SwarmscopeError('STOPPING'))
    this.#answer = null
    thread?.end().catch(() => undefined) // `onEnd` tells
  }
}

/** The same again would end it again. */
const isTooLarge = (error: Error): boolean => (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'

function refuse(why: 'malformed' | 'too-many', { encoding }: OtlpBody): never {
  if (why === 'malformed')
    throw new SwarmscopeError('BAD_REQUEST', { detail: `The body is not valid ${OTLP_TYPES[encoding]} of OTLP` })
  const detail = `A body has ${MAX_ELEMENTS.toLocaleString('en-US')} objects and fields at most`
  throw new SwarmscopeError('TOO_LARGE', { detail })
}
