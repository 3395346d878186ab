// The relay's bounds, in one place, each with the reason for its number. Tests give smaller ones.

import { type BackoffPolicy, CHILD_BACKOFF, STABLE_AFTER_MS } from '../protocol/backoff.ts'
import type { Rate } from './tokenBucket.ts'

export interface RelayLimits {
  /** One line from the child; beyond it the child is broken, or an endless line eats our memory. */
  maxLineBytes: number
  /** The real claude-flow initialises in 0.2–0.9 s; a cold disk may take many times that. */
  childStartTimeoutMs: number
  childBackoff: BackoffPolicy
  childStableAfterMs: number
  /** After so many ends in a row only a request starts it again: what is broken must not be tried for ever. */
  maxChildFailures: number
  /** And not sooner than this after the last end. */
  childRetryMs: number
  /** Without an answer or progress for so long, a request is given up. Tools that run commands or agents take minutes. */
  requestTimeoutMs: number
  /** Whatever progress is told: a request ends. */
  maxRequestTimeoutMs: number
  /**
   * Somebody waits and nothing was heard for so long: the child is asked whether it lives. It costs 3.x no receipt. Twice
   * this, and two ticks, are less than the 2 s within which a hang is to be seen.
   */
  probeAfterMs: number
  /** A request was given up, and the question whether it lives is unanswered for so long: it hangs, and is ended. */
  probeTimeoutMs: number
  /** The question alone is unanswered for so long: whatever it computes, nobody can use it any more. */
  hungAfterMs: number
  /** Of requests that wait for the child to start: as much as one that runs may leave untaken. */
  maxHeldBytes: number
  /** Messages of one client; `null`: as many as it likes. */
  rateLimit: Rate | null
  /** One message from a client: tool arguments, no files. */
  maxMessageBytes: number
  /** Of both doors together. */
  maxClients: number
  /** What may stand in a client's queue beyond the message in flight. */
  maxQueuedBytes: number
  /** A client that takes nothing for this long is closed. */
  noProgressMs: number
  /** A client that is closed for being slow may yet read, and learn why, before its socket is cut. */
  dropPatienceMs: number
  /** Answers at /mcp that are under way, in all: as many as one WebSocket may wait for. */
  maxHttpStreams: number
  /** A session at /mcp without any open stream: its client went without a word, or comes back and initialises anew. */
  sessionIdleMs: number
  /** When all places are taken, a session idle for so long makes room: its client can initialise anew. */
  sessionSpareMs: number
  /** A comment in quiet streams at /mcp: proxies cut what is silent for 60 s and less. */
  sseKeepAliveMs: number
  /** Who has not shown a token by then is gone. */
  unauthenticatedMs: number
  pingIntervalMs: number
  pongTimeoutMs: number
  maxPendingPerClient: number
  maxPending: number
  /** `stat` of the state files: for mounts where nothing tells of changes. */
  statIntervalMs: number
  /** A state file that cannot be read for this long is not just being written. */
  badFileAfterMs: number
  /** How long a busy port is tried again: it may be held by our own dying predecessor. */
  portPatienceMs: number
  /** 2.x without a database: a slow re-read beside those after mutating calls. */
  rosterIntervalMs: number
}

export const RELAY_LIMITS: RelayLimits = {
  maxLineBytes: 8 * 1024 * 1024,
  childStartTimeoutMs: 30_000,
  childBackoff: CHILD_BACKOFF,
  childStableAfterMs: STABLE_AFTER_MS,
  maxChildFailures: 10,
  childRetryMs: 10_000,
  requestTimeoutMs: 300_000,
  maxRequestTimeoutMs: 3_600_000,
  probeAfterMs: 700,
  probeTimeoutMs: 5_000,
  hungAfterMs: 120_000,
  maxHeldBytes: 16 * 1024 * 1024,
  maxMessageBytes: 1024 * 1024,
  maxClients: 256,
  maxQueuedBytes: 1024 * 1024,
  noProgressMs: 10_000,
  dropPatienceMs: 2_000,
  maxHttpStreams: 1_024,
  sessionIdleMs: 10 * 60_000,
  sessionSpareMs: 30_000,
  sseKeepAliveMs: 15_000,
  unauthenticatedMs: 10_000,
  pingIntervalMs: 25_000,
  pongTimeoutMs: 8_000,
  maxPendingPerClient: 1_024,
  maxPending: 16_384,
  rateLimit: null,
  statIntervalMs: 1_000,
  badFileAfterMs: 2_000,
  portPatienceMs: 3_000,
  rosterIntervalMs: 30_000,
}

/** For clients that come from other machines: far above what a swarm asks, far below what would keep the child busy. */
export const REMOTE_RATE_LIMIT: Rate = { perSecond: 200, burst: 1_000 }
