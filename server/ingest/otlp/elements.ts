// How many things are in a body, told before it is parsed: two bytes make an object of a hundred, and a gzip of 15 KB
// millions of them.

import { endOfString } from '../shortenStrings.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const BRACKET = 0x5b
const BRACE = 0x7b

/** Whether the JSON text has more than `max` objects, lists and members; each of these begins with `{`, `[` or `,`. */
export function hasMoreElements(json: Buffer, max: number): boolean {
  let elements = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === QUOTE) {
      at = endOfString(json, at + 1)
      if (at === -1) return false // no JSON
    } else if ((byte === COMMA || byte === BRACE || byte === BRACKET) && ++elements > max) return true
  }
  return false
}
