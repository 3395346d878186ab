// The connection machine of both links (server → relay, web → server): a union of states and one pure function. Whoever
// owns the socket only executes what `next` says; time and chance come in with the event (SPEC.md, C1–C10).

import { type BackoffPolicy, backoffMs, MAX_RETRY_AFTER_MS, STABLE_AFTER_MS } from './backoff.ts'
import type { SourceError } from './swarm.ts'

export type ConnectionState =
  | { state: 'idle'; since: number }
  /** A socket is being opened. `failures`: in a row so far. */
  | { state: 'connecting'; since: number; failures: number; lastError: SourceError | null }
  /** Open; the two ends agree on versions. */
  | { state: 'handshaking'; since: number; failures: number; lastError: SourceError | null }
  | { state: 'live'; since: number; failures: number }
  | { state: 'waiting'; since: number; failures: number; lastError: SourceError; retryAt: number }
  /** Will not be tried again unless asked: refused for good (`lastError`), or stopped (`null`). */
  | { state: 'closed'; since: number; lastError: SourceError | null }

export type ConnectionEvent =
  | { type: 'start'; at: number }
  | { type: 'opened'; at: number }
  | { type: 'ready'; at: number }
  /** The attempt failed or the connection was lost. `final`: trying again cannot help. `retryAfterMs`: the peer's wish. */
  | { type: 'failed'; at: number; error: SourceError; final: boolean; random: number; retryAfterMs?: number }
  /** The timer set for `waiting` has fired. */
  | { type: 'timer'; at: number }
  /** The user wants it tried now. */
  | { type: 'retry'; at: number }
  | { type: 'stop'; at: number }

export const INITIAL: ConnectionState = { state: 'idle', since: 0 }

export function next(current: ConnectionState, event: ConnectionEvent, policy: BackoffPolicy): ConnectionState {
  switch (event.type) {
    case 'start':
      return current.state === 'idle' ? connecting(current, event.at) : current
    case 'opened':
      return current.state === 'connecting' ? { ...current, state: 'handshaking', since: event.at } : current
    case 'ready':
      return current.state === 'handshaking' ? { state: 'live', since: event.at, failures: current.failures } : current
    case 'failed':
      return failed(current, event, policy)
    case 'timer':
      // A timer that fires early (or twice) changes nothing.
      return current.state === 'waiting' && event.at >= current.retryAt ? connecting(current, event.at) : current
    case 'retry':
      return current.state === 'waiting' || (current.state === 'closed' && current.lastError)
        ? connecting(current, event.at)
        : current
    case 'stop':
      return current.state === 'closed' && current.lastError === null
        ? current
        : { state: 'closed', since: event.at, lastError: null }
    default:
      return event satisfies never
  }
}

function failed(
  current: ConnectionState,
  event: Extract<ConnectionEvent, { type: 'failed' }>,
  policy: BackoffPolicy,
): ConnectionState {
  if (current.state !== 'connecting' && current.state !== 'handshaking' && current.state !== 'live') return current
  if (event.final) return { state: 'closed', since: event.at, lastError: event.error }
  // Only uptime forgets failures, not the mere opening: a peer that accepts and drops must not be hammered.
  const wasStable = current.state === 'live' && event.at - current.since >= STABLE_AFTER_MS
  const failures = wasStable ? 0 : current.failures
  return {
    state: 'waiting',
    since: event.at,
    failures: failures + 1,
    lastError: event.error,
    // The jitter stays: one and the same wish may have been told to a thousand.
    retryAt:
      event.at + Math.min(event.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) + backoffMs(policy, failures, event.random),
  }
}

function connecting(current: ConnectionState, at: number): ConnectionState {
  const failures = 'failures' in current ? current.failures : 0
  const lastError = 'lastError' in current ? current.lastError : null
  return { state: 'connecting', since: at, failures, lastError }
}

/** Failed attempts in a row; 0 while all is well (a fresh connection still remembers its failures, but shows none). */
export const attemptOf = (connection: ConnectionState): number =>
  'failures' in connection && connection.state !== 'live' ? connection.failures : 0
export const errorOf = (connection: ConnectionState): SourceError | null =>
  'lastError' in connection ? connection.lastError : null
