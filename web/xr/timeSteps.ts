// Back and forth in time by a button: near the present in small steps, farther back in larger ones. Pure.

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How long ago the stops are. */
export const STOPS_MS: readonly number[] = [
  ...[15, 30].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 5, 10, 20, 40].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 4, 8, 16].map((hours) => hours * HOUR_MS),
  ...[1, 2, 4, 7, 14, 30].map((days) => days * DAY_MS),
]
/** Time goes on between two presses: a stop that was just reached is not the next one. */
const SLACK_MS = 3 * SECOND_MS

/** The next stop before the playhead, not before the first moment that is known. */
export function earlierMs(headMs: number, nowMs: number, firstMs: number): number {
  const agoMs = nowMs - headMs + SLACK_MS
  const stopMs = STOPS_MS.find((stop) => stop > agoMs) ?? Number.POSITIVE_INFINITY
  return Math.max(firstMs, nowMs - stopMs)
}

/** The next stop after the playhead; in the end now. */
export function laterMs(headMs: number, nowMs: number): number {
  const agoMs = nowMs - headMs - SLACK_MS
  const stopMs = STOPS_MS.findLast((stop) => stop < agoMs) ?? 0
  return nowMs - stopMs
}
