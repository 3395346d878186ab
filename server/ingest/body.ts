// A request's body, whole and within bounds: its own, and one that all bodies under way share.

import type { IncomingMessage } from 'node:http'

/** Bytes that may be held at one time. */
export class ByteBudget {
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether there was room; nothing is taken if not. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false
    this.#bytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** What one request holds of them. */
export class ByteShare {
  readonly #budget: ByteBudget
  #bytes = 0

  constructor(budget: ByteBudget) {
    this.#budget = budget
  }

  /** Whether there was room for so many more. */
  take(bytes: number): boolean {
    if (!this.#budget.take(bytes)) return false
    this.#bytes += bytes
    return true
  }

  give(): void {
    this.#budget.give(this.#bytes)
    this.#bytes = 0
  }
}

export interface BodyBounds {
  maxBytes: number
  budget: ByteBudget
}

/** `busy`: too much is under way already. `cut`: the sender went away. */
export type Body = Buffer | 'too-large' | 'busy' | 'cut'

/** Calls back once. What comes after a refusal flows away unread. */
export function readBody(request: IncomingMessage, { maxBytes, budget }: BodyBounds, done: (body: Body) => void): void {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > maxBytes) {
    done('too-large')
    return
  }
  const chunks: Buffer[] = []
  let bytes = 0
  let over = false
  const finish = (body: Body) => {
    if (over) return
    over = true
    budget.give(bytes)
    done(body)
  }
  request.on('data', (chunk: Buffer) => {
    if (over) return
    if (bytes + chunk.length > maxBytes) finish('too-large')
    else if (!budget.take(chunk.length)) finish('busy')
    else {
      bytes += chunk.length
      chunks.push(chunk)
    }
  })
  request.on('end', () => finish(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, bytes)))
  // Also after `end`, and then nothing happens.
  request.on('close', () => finish('cut'))
  request.on('error', () => finish('cut'))
}
