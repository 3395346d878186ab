// How much of what happened is kept.

export const DAY_MS = 24 * 3_600_000
/** A week: who comes back from a holiday still sees how it went. */
export const DEFAULT_MAX_AGE_MS = 7 * DAY_MS
/** Keyframes included; about 2,000,000 events of single agents. */
export const DEFAULT_MAX_BYTES = 512 * 1024 * 1024
