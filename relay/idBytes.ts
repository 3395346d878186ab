// A message's id replaced in its bytes: the payload is neither read nor written anew, so that numbers which JavaScript
// cannot hold, the order of keys and every escape stay what they were.

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const CLOSE_BRACE = 0x7d
const CLOSE_BRACKET = 0x5d
const SPACE = 0x20

const USUAL = Buffer.from('{"jsonrpc":"2.0","id":')
const ID_KEY = Buffer.from('"id"')
/** In `"id":5`, where the value begins. */
const OWN_ID_AT = 5
/** A key may be written with these, and then be another `id`. */
const ESCAPE = Buffer.from('\\u')

interface Span {
  start: number
  end: number
}

/**
 * `line` is one JSON object (it was parsed). `id` is JSON. `null`: it has no id at its top, or several, or one that is
 * spelled in an unusual way: it must be written anew.
 */
export function withId(line: Buffer, id: string): Buffer | null {
  const span = usualSpan(line) ?? idSpan(line)
  return span && spliced(line, span, id)
}

function spliced(line: Buffer, { start, end }: Span, id: string): Buffer {
  const idBytes = Buffer.byteLength(id)
  const out = Buffer.allocUnsafe(start + idBytes + line.length - end)
  line.copy(out, 0, 0, start)
  out.write(id, start)
  line.copy(out, start + idBytes, end)
  return out
}

/**
 * As `withId`, for the child's answer to our request `ourId`. A walk for other keys called `id` would cost more than all
 * the rest, and a payload has many; only one with this very value could pass for the answer's own.
 */
export function withAnswerId(line: Buffer, ourId: number, id: string): Buffer | null {
  const own = `"id":${ourId}`
  const start = USUAL.length
  const end = start + own.length - OWN_ID_AT
  const isUsual =
    line.compare(USUAL, 0, start, 0, Math.min(start, line.length)) === 0 &&
    line.toString('latin1', start, end) === own.slice(OWN_ID_AT) &&
    line[end] === COMMA &&
    line.indexOf(own, end, 'latin1') === -1
  return isUsual ? spliced(line, { start, end }, id) : withId(line, id)
}

/** The shape in which nearly all messages come; a few comparisons, and no walk through the payload. */
function usualSpan(line: Buffer): Span | null {
  const start = USUAL.length
  if (line.compare(USUAL, 0, start, 0, Math.min(start, line.length)) !== 0) return null
  if ((line[start] ?? 0) <= SPACE) return null // the id begins further on
  const end = endOfScalar(line, start)
  // A string in the payload cannot hold these bytes (its quotes are escaped), but a key below the top can.
  if (line.indexOf(ID_KEY, end) !== -1 || line.indexOf(ESCAPE, end) !== -1) return null
  return { start, end }
}

function endOfScalar(line: Buffer, start: number): number {
  if (line[start] === QUOTE) return endOfString(line, start)
  let at = start
  while (at < line.length && !isEndOfValue(line[at])) at++
  return at
}

const isEndOfValue = (byte: number | undefined): boolean =>
  byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || (byte ?? 0) <= SPACE

/** The position after the closing quote of the string that begins at `start`. */
function endOfString(line: Buffer, start: number): number {
  let at = start + 1
  while (at < line.length && line[at] !== QUOTE) at += line[at] === BACKSLASH ? 2 : 1
  return at + 1
}

const idSpan = (line: Buffer): Span | null => memberSpan(line, startOfValue(line, 0), 'id')

/**
 * Walks through the object that begins at `from`, its strings and nesting, for the value of its member `key`. `null`: it is no
 * object, it has none, several, or a key that is spelled in an unusual way.
 */
function memberSpan(line: Buffer, from: number, key: string): Span | null {
  if (line[from] !== OPEN_BRACE) return null
  let found: Span | null = null
  let depth = 0
  let isKey = false
  for (let at = from; at < line.length; at++) {
    const byte = line[at]
    if (byte === QUOTE) {
      const end = endOfString(line, at)
      if (depth === 1 && isKey) {
        if (line.subarray(at, end).includes(BACKSLASH)) return null
        if (line.toString('latin1', at + 1, end - 1) === key) {
          if (found) return null
          const start = startOfValue(line, end)
          found = { start, end: endOfScalar(line, start) }
        }
      }
      at = end - 1
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++
      isKey = depth === 1
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (--depth === 0) break
    } else if (byte === COLON) {
      isKey = false
    } else if (byte === COMMA) {
      isKey = true // only looked at where depth is 1, and there it is an object
    }
  }
  return found
}

const TOKEN_PATH = ['params', '_meta', 'progressToken']

/** As `withId`, for the progress token of a request. */
export function withProgressToken(line: Buffer, token: string): Buffer | null {
  let at = startOfValue(line, 0)
  let span: Span | null = null
  for (const key of TOKEN_PATH) {
    span = memberSpan(line, at, key)
    if (!span) return null
    at = span.start
  }
  return span && spliced(line, span, token)
}

/** Behind a key, or at the beginning of a text. */
function startOfValue(line: Buffer, from: number): number {
  let at = from
  while (at < line.length && (line[at] === COLON || (line[at] ?? 0) <= SPACE)) at++
  return at
}
