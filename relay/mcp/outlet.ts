// One HTTP answer on its way out: what the SDK puts into its stream is taken at once, and waits here, bounded, for a
// reader that may be slow, stuck or gone.

import type { ServerResponse } from 'node:http'
import { SAFE_HEADERS } from '../http.ts'
import { SendQueue } from '../sendQueue.ts'

export interface OutletOptions {
  response: ServerResponse
  /** What may wait beyond the message in flight. */
  maxQueuedBytes: number
  /** It is over, however it ended. */
  onClose: () => void
  /** It was cut because of its reader. */
  onCut: (reason: string) => void
}

/** Ours to decide, hop by hop: Node keeps connections as it likes. */
const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding'])

export class Outlet {
  readonly response: ServerResponse
  readonly queue: SendQueue
  readonly #onCut: (reason: string) => void
  readonly #closed = new AbortController()
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null

  constructor({ response, maxQueuedBytes, onClose, onCut }: OutletOptions) {
    this.response = response
    this.#onCut = onCut
    this.queue = new SendQueue({
      socket: { send: (data, _options, done) => response.write(data, done) },
      maxQueuedBytes,
      onOverflow: () => this.cut('too slow: too much is waiting'),
    })
    // Without a listener an error of the socket would end the process; `close` follows and tells the rest.
    response.on('error', () => this.queue.close())
    response.once('close', () => {
      this.queue.close()
      this.#closed.abort()
      this.#reader?.cancel().catch(() => undefined) // its source may have failed: nobody is left to be told
      onClose()
    })
  }

  /** Aborted when it is over, however it ended. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Sends status, headers and body, to the end; resolves when all is handed over, or the reader is gone. */
  async pipe({ status, headers, body }: Response): Promise<void> {
    if (this.closed.aborted) {
      await body?.cancel()
      return
    }
    const head = [...headers].filter(([name]) => !HOP_BY_HOP.has(name))
    this.response.writeHead(status, { ...SAFE_HEADERS, ...Object.fromEntries(head) })
    if (!body) {
      this.response.end()
      return
    }
    this.response.flushHeaders() // a stream may say nothing for a long time
    const reader = body.getReader()
    this.#reader = reader
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      this.queue.send(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
    }
    if (!this.closed.aborted) this.response.end()
  }

  cut(reason: string): void {
    if (this.closed.aborted || this.response.destroyed) return
    this.#onCut(reason)
    this.response.destroy()
  }
}
