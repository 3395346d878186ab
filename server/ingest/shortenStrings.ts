// JSON text with its long strings cut, unparsed: a hook may carry a whole file or picture of which nothing is wanted, and
// parsing megabytes would hold up the live stream. Only the ends of strings are looked for; what is malformed stays so.

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** The longest escape is `\uXXXX`; two of them are one character beyond the first plane. */
const LONGEST_ESCAPE = 12

/** The same bytes if no string is longer than `maxBytes`. */
export function shortenStrings(json: Buffer, maxBytes: number): Buffer {
  const kept: Buffer[] = []
  let keptFrom = 0
  let at = json.indexOf(QUOTE)
  while (at !== -1) {
    const begin = at + 1
    const end = endOfString(json, begin)
    if (end === -1) break
    if (end - begin > maxBytes) {
      kept.push(json.subarray(keptFrom, cutBefore(json, begin, begin + maxBytes)))
      keptFrom = end
    }
    at = json.indexOf(QUOTE, end + 1)
  }
  if (kept.length === 0) return json
  kept.push(json.subarray(keptFrom))
  return Buffer.concat(kept)
}

/** Where the closing quote is; -1 if there is none. */
export function endOfString(json: Buffer, begin: number): number {
  let at = json.indexOf(QUOTE, begin)
  while (at !== -1 && isEscaped(json, begin, at)) at = json.indexOf(QUOTE, at + 1)
  return at
}

/** An odd number of backslashes stands before it. */
function isEscaped(json: Buffer, begin: number, at: number): boolean {
  let backslashes = 0
  while (at - backslashes - 1 >= begin && json[at - backslashes - 1] === BACKSLASH) backslashes++
  return backslashes % 2 === 1
}

/** The last place at or before `at` that is neither in an escape nor in a character of several bytes. */
function cutBefore(json: Buffer, begin: number, at: number): number {
  let cut = at
  while (cut > begin && ((json[cut] ?? 0) & 0xc0) === 0x80) cut--
  const backslash = json.lastIndexOf(BACKSLASH, cut - 1)
  return backslash >= begin && backslash > cut - LONGEST_ESCAPE ? firstOfRun(json, begin, backslash) : cut
}

/** Where a row of escapes begins: between two backslashes of it one cannot tell which one escapes. */
function firstOfRun(json: Buffer, begin: number, backslash: number): number {
  let first = backslash
  for (;;) {
    const before = json.lastIndexOf(BACKSLASH, first - 1)
    if (first === begin || before < begin || before <= first - LONGEST_ESCAPE) return first
    first = before
  }
}
