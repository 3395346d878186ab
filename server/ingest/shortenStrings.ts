// JSON text with its long strings cut, unparsed: a hook may carry a whole file or picture of which nothing is wanted, and
// parsing megabytes would hold up the live stream. Only the ends of strings are looked for; what is malformed stays so.
// All of it byte by byte, and none of them twice: a nanosecond for each, whatever stands there.

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** The longest escape is `\uXXXX`; two of them are one character beyond the first plane. */
const LONGEST_ESCAPE = 12

/**
 * The same bytes if no string is longer than `maxStringBytes`. `null`: more than `maxBytes` would be left, which is found out
 * without looking at the rest.
 */
export function shortenStrings(json: Buffer, maxStringBytes: number): Buffer
export function shortenStrings(json: Buffer, maxStringBytes: number, maxBytes: number): Buffer | null
export function shortenStrings(json: Buffer, maxStringBytes: number, maxBytes = Infinity): Buffer | null {
  const kept: Buffer[] = []
  let keptBytes = 0
  let keptFrom = 0
  let at = nextQuote(json, 0, maxBytes)
  while (at < json.length) {
    const begin = at + 1
    const end = endOfString(json, begin)
    if (end === -1) break
    if (end - begin > maxStringBytes) {
      const piece = json.subarray(keptFrom, cutBefore(json, begin, begin + maxStringBytes))
      kept.push(piece)
      keptBytes += piece.length
      keptFrom = end
    }
    const left = maxBytes - keptBytes - (end - keptFrom)
    if (left < 0) return null
    at = nextQuote(json, end + 1, left)
  }
  if (keptBytes + json.length - keptFrom > maxBytes) return null
  if (kept.length === 0) return json
  kept.push(json.subarray(keptFrom))
  return Buffer.concat(kept)
}

/** Where the closing quote is; -1 if there is none. */
export function endOfString(json: Buffer, begin: number): number {
  const { length } = json
  for (let at = begin; at < length; at++) {
    const byte = json[at]
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) at++
  }
  return -1
}

/** Or where it is not looked for any more: at the end, or `maxBytes` beyond. */
function nextQuote(json: Buffer, from: number, maxBytes: number): number {
  const end = Math.min(json.length, from + maxBytes + 1)
  let at = from
  while (at < end && json[at] !== QUOTE) at++
  return at < end ? at : json.length
}

/** The last place at or before `at` that is neither in an escape nor in a character of several bytes. */
function cutBefore(json: Buffer, begin: number, at: number): number {
  let cut = at
  while (cut > begin && ((json[cut] ?? 0) & 0xc0) === 0x80) cut--
  const backslash = lastBackslash(json, begin, cut - 1)
  return backslash === -1 ? cut : firstOfRun(json, begin, backslash)
}

/** Where a row of escapes begins: between two backslashes of it one cannot tell which one escapes. */
function firstOfRun(json: Buffer, begin: number, backslash: number): number {
  let first = backslash
  for (;;) {
    const before = lastBackslash(json, begin, first - 1)
    if (before === -1) return first
    first = before
  }
}

/** One that stands at `at` or so short before it that its escape may go on there; -1: none. */
function lastBackslash(json: Buffer, begin: number, at: number): number {
  const first = Math.max(begin, at - LONGEST_ESCAPE + 2)
  for (let here = at; here >= first; here--) if (json[here] === BACKSLASH) return here
  return -1
}
