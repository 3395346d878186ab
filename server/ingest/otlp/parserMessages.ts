// What is said to the parsing thread, and by it. One body at a time; what was read of it is fetched in parts, because what
// comes from a thread is copied in one piece.

import type { Signal } from '../paths.ts'
import type { Encoding } from './readBody.ts'
import type { ReadRequest } from './readRequest.ts'

export type ToParser =
  | { type: 'read'; signal: Signal; encoding: Encoding; bytes: Uint8Array; isHere: boolean }
  | { type: 'more' }

export type FromParser =
  /** The sums in it are those of the whole body, in each part. */
  | { type: 'part'; part: ReadRequest; isLast: boolean }
  | { type: 'refused'; why: 'malformed' | 'too-many' }
  | { type: 'failed'; words: string }
