// Lines of a stream of bytes, never more of one in memory than is allowed: `readline` puts a line together before
// anybody can look at its length, and takes U+2028 within a JSON string for an end of line.

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** Rejects with what `tooLong` makes of the line's number (from 1) once a line has more than `maxBytes`. */
export async function* boundedLines(
  input: AsyncIterable<Buffer>,
  maxBytes: number,
  tooLong: (number: number) => Error,
): AsyncGenerator<string> {
  let number = 1
  let parts: Buffer[] = []
  let bytes = 0
  const add = (part: Buffer): void => {
    bytes += part.length
    if (bytes > maxBytes) throw tooLong(number)
    if (part.length > 0) parts.push(part)
  }
  const take = (): string => {
    const line = Buffer.concat(parts, bytes)
    parts = []
    bytes = 0
    number++
    return line.toString('utf8', 0, line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length)
  }
  for await (const chunk of input) {
    let at = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, at)) {
      add(chunk.subarray(at, end))
      yield take()
      at = end + 1
    }
    add(chunk.subarray(at))
  }
  if (bytes > 0) yield take()
}
