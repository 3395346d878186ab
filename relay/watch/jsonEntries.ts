// The entries of a 3.x store, `{"<list>": {"<key>": {…}, …}, …}`, cut out of its bytes without parsing them: a store of
// 10 MB is rewritten for each change of one agent, and to parse it takes some hundred times longer than to find that
// agent. Where the bytes before and after the change are those of an earlier cut, only what lies between is looked at.

/** One entry: where its value stands in the bytes. */
export interface Entry {
  key: string
  start: number
  end: number
}

/** All entries of one state of the file, in its order; a key may be there twice. */
export interface Cut {
  bytes: Buffer
  entries: Entry[]
}

/** `cut.entries` is `before`'s with those from `from` to `to` replaced by the ones from `from` to `newTo`. */
export interface CutStep {
  cut: Cut
  from: number
  to: number
  newTo: number
}

/** Throws where the bytes are not JSON (yet): but the values of the new entries, which are for the caller to parse. */
export function cutEntries(bytes: Buffer, list: string, before: Cut | null): CutStep {
  const known = before && before.entries.length > 0 ? knownParts(before, bytes) : null
  const scan = new Scan(bytes, list, known)
  scan.run()
  const { found } = scan
  if (!before || !known) {
    return { cut: { bytes, entries: found }, from: 0, to: before?.entries.length ?? 0, newTo: found.length }
  }
  const from = scan.wasReset ? 0 : known.from
  const to = scan.resumedAt ?? before.entries.length
  const shift = bytes.length - before.bytes.length
  const tail = before.entries.slice(to).map(({ key, start, end }) => ({ key, start: start + shift, end: end + shift }))
  const entries = [...before.entries.slice(0, from), ...found, ...tail]
  return { cut: { bytes, entries }, from, to, newTo: from + found.length }
}

interface Known {
  /** Entries before this one are the same. */
  from: number
  /** Where the last of them ends; scanning goes on there. */
  at: number
  /** From here on the bytes are those of the old file's end. */
  sameFrom: number
  /** The end of each old entry, as it would be in the new bytes → the index of the entry after it. */
  next: (end: number) => number | undefined
}

function knownParts(before: Cut, bytes: Buffer): Known | null {
  const { entries } = before
  const prefix = samePrefix(before.bytes, bytes)
  // Less than the prefix: a number must not have gone on behind it.
  const from = firstIndex(entries, ({ end }) => end >= prefix)
  const last = entries[from - 1]
  // Not even the first entry is the same: what comes before the list may be different, too.
  if (!last) return null
  const suffix = Math.min(sameSuffix(before.bytes, bytes), before.bytes.length - last.end, bytes.length - last.end)
  const shift = bytes.length - before.bytes.length
  return {
    from,
    at: last.end,
    sameFrom: bytes.length - suffix,
    next(end) {
      const index = firstIndex(entries, (entry) => entry.end >= end - shift)
      return entries[index]?.end === end - shift ? index + 1 : undefined
    },
  }
}

/** Bytes that are compared at once. */
const BLOCK = 16 * 1024

function samePrefix(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length)
  let at = 0
  while (at < length) {
    const end = Math.min(at + BLOCK, length)
    if (a.compare(b, at, end, at, end) !== 0) break
    at = end
  }
  while (at < length && a[at] === b[at]) at++
  return at
}

function sameSuffix(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length)
  let same = 0
  while (same < length) {
    const next = Math.min(same + BLOCK, length)
    if (a.compare(b, b.length - next, b.length - same, a.length - next, a.length - same) !== 0) break
    same = next
  }
  while (same < length && a[a.length - same - 1] === b[b.length - same - 1]) same++
  return same
}

/** Of an ordered list: the first index for which it holds, else the length. */
function firstIndex<T>(list: readonly T[], holds: (item: T) => boolean): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(list[middle] as T)) high = middle
    else low = middle + 1
  }
  return low
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

class Scan {
  found: Entry[] = []
  /** The list begins (again) in what was scanned: no old entry before it counts. */
  wasReset = false
  /** Everything from this old entry on is the same. */
  resumedAt: number | undefined
  readonly #bytes: Buffer
  readonly #list: string
  readonly #known: Known | null
  #at = 0
  #wasSeen: boolean

  constructor(bytes: Buffer, list: string, known: Known | null) {
    this.#bytes = bytes
    this.#list = list
    this.#known = known
    this.#wasSeen = known !== null
  }

  run(): void {
    const known = this.#known
    if (known) {
      this.#at = known.at
      // Within the list, behind a value.
      if (this.#members(this.#entry, true)) return
      if (this.#members(this.#top, true)) return
    } else {
      this.#space()
      if (this.#bytes[this.#at] !== OPEN_OBJECT) {
        JSON.parse(this.#bytes.toString()) // no object is no list either, but must be JSON
        return
      }
      this.#at++
      if (this.#members(this.#top, false)) return
    }
    this.#space()
    if (this.#at < this.#bytes.length) this.#fail()
  }

  /** The members of an object up to its end, from behind its bracket or a value. True: the rest is known. */
  #members(read: (key: string) => boolean, isBehindValue: boolean): boolean {
    let comesFirst = !isBehindValue
    for (;;) {
      this.#space()
      if (this.#bytes[this.#at] === CLOSE_OBJECT) {
        this.#at++
        return false
      }
      if (!comesFirst) {
        this.#expect(COMMA)
        this.#space()
      }
      comesFirst = false
      const key = this.#key()
      this.#space()
      this.#expect(COLON)
      this.#space()
      if (read(key)) return true
    }
  }

  readonly #top = (key: string): boolean => {
    const isList = key === this.#list
    if (isList) {
      // As in JSON.parse: of two members with one name, the later one counts; the earlier one must be JSON all the same.
      if (this.#wasSeen) JSON.parse(this.#bytes.toString())
      this.#wasSeen = true
      this.found = []
      this.wasReset = true
    }
    if (isList && this.#bytes[this.#at] === OPEN_OBJECT) {
      this.#at++
      return this.#members(this.#entry, false)
    }
    const start = this.#at
    this.#skipValue()
    JSON.parse(this.#bytes.toString('utf8', start, this.#at))
    return false
  }

  readonly #entry = (key: string): boolean => {
    const start = this.#at
    this.#skipValue()
    this.found.push({ key, start, end: this.#at })
    if (!this.#known || this.#at < this.#known.sameFrom) return false
    this.resumedAt = this.#known.next(this.#at)
    return this.resumedAt !== undefined
  }

  #key(): string {
    const start = this.#at
    this.#expect(QUOTE)
    this.#skipString()
    return JSON.parse(this.#bytes.toString('utf8', start, this.#at))
  }

  /** To its end; what is in it is not looked at, but for strings and brackets. */
  #skipValue(): void {
    const bytes = this.#bytes
    let depth = 0
    while (this.#at < bytes.length) {
      const byte = bytes[this.#at] as number
      if (byte === QUOTE) {
        this.#at++
        this.#skipString()
        if (depth === 0) return
        continue
      }
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        depth++
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (depth === 0) return // it ends what is around a number or a word
        depth--
        if (depth === 0) {
          this.#at++
          return
        }
      } else if (depth === 0 && (byte === COMMA || byte <= 0x20)) {
        return
      }
      this.#at++
    }
    this.#fail()
  }

  /** From behind its first quote to behind its last. */
  #skipString(): void {
    const bytes = this.#bytes
    let at = this.#at
    while (at < bytes.length) {
      const byte = bytes[at]
      if (byte === QUOTE) {
        this.#at = at + 1
        return
      }
      at += byte === BACKSLASH ? 2 : 1
    }
    this.#fail()
  }

  #space(): void {
    const bytes = this.#bytes
    for (;;) {
      const byte = bytes[this.#at]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
      this.#at++
    }
  }

  #expect(byte: number): void {
    if (this.#bytes[this.#at] !== byte) this.#fail()
    this.#at++
  }

  #fail(): never {
    throw new SyntaxError(`not JSON at byte ${this.#at} of ${this.#bytes.length}`)
  }
}
