// Full-jitter exponential backoff: delay = random × min(cap, base × 2^attempt). Full jitter spreads a herd evenly: of
// 1,000 clients after an outage, at most some 100 come back in the same tenth of a second.

export interface BackoffPolicy {
  baseMs: number
  capMs: number
}

/**
 * web → server, page visible: all viewers are back within 2 s after an outage. The first pauses are long already: from a
 * short base a herd comes back in step after a short outage (0.1 s: half of it in one tenth of a second, and a quarter from
 * 0.5 s), while from this one no outage brings more than some 14 % of it in any tenth of a second.
 */
export const VIEWER_BACKOFF: BackoffPolicy = { baseMs: 1_500, capMs: 2_000 }
/** web → server, page hidden: nobody looks, so be gentle. */
export const HIDDEN_VIEWER_BACKOFF: BackoffPolicy = { baseMs: 1_500, capMs: 10_000 }
/** server → relay whose machine answers, ours above all: only the relay is away, and its return is seen within 2 s. */
export const PRESENT_RELAY_BACKOFF: BackoffPolicy = { baseMs: 250, capMs: 2_000 }
/** server → relay whose machine is not found or says nothing. */
export const ABSENT_RELAY_BACKOFF: BackoffPolicy = { baseMs: 250, capMs: 20_000 }
/** The relay's child. */
export const CHILD_BACKOFF: BackoffPolicy = { baseMs: 250, capMs: 10_000 }

/** A connection (or child) must last this long before its failures are forgotten: else a flapping peer is hammered. */
export const STABLE_AFTER_MS = 10_000

/** A peer that asks for a longer pause is not believed. */
export const MAX_RETRY_AFTER_MS = 60_000

/** `attempt` counts failures in a row from 0; `random` is in [0, 1). */
export function backoffMs(policy: BackoffPolicy, attempt: number, random: number): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt, 30))
  return Math.round(random * ceiling)
}
