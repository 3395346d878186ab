// What the relay's main thread and its reading thread say to each other. Files go by their name within the project.

import type { FoundRecord } from '../../protocol/claudeFlow.ts'
import type { Reading } from './reading.ts'

export type ToReader =
  | { type: 'read'; request: number; file: string; since: string | null }
  /** The last part was taken. */
  | { type: 'more'; request: number }
  | { type: 'forget'; file: string }

export type FromReader =
  /** Records that belong before those of the reading; it waits for `more`. */
  | { type: 'part'; request: number; records: FoundRecord[] }
  | { type: 'reading'; request: number; reading: Reading }
  | { type: 'failed'; request: number; error: ReadFailure }

/** An error as it crosses between threads, where its own fields would be lost. */
export interface ReadFailure {
  name: string
  message: string
  code: string | null
}

/**
 * Records of one message: taking over 10,000 at once would hold up the main thread for longer than a change of the
 * scene may take; this many take some 2 ms.
 */
export const PART_RECORDS = 500
