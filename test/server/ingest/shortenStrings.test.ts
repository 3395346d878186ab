import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shortenStrings } from '../../../server/ingest/shortenStrings.ts'

const shorten = (value: unknown, maxBytes: number) =>
  JSON.parse(shortenStrings(Buffer.from(JSON.stringify(value)), maxBytes).toString())

describe('shortenStrings', () => {
  it('cuts long strings, and leaves all else as it is', () => {
    const short = { id: 'toolu_1', n: 1.5, list: [true, null, 'é🐝"\\'], deep: { a: { b: '' } } }
    expect(shorten({ ...short, long: 'x'.repeat(100_000) }, 64)).toEqual({ ...short, long: 'x'.repeat(64) })
    const same = Buffer.from(JSON.stringify(short))
    expect(shortenStrings(same, 64)).toBe(same)
  })

  it('leaves what is malformed malformed', () => {
    for (const text of ['{"a": "never ends', `{"a": "${'x'.repeat(200)}`, '"', '\\"', `{"${'\\'.repeat(99)}`, '']) {
      expect(() => JSON.parse(shortenStrings(Buffer.from(text), 10).toString())).toThrow()
    }
  })

  it('gives JSON whose strings are beginnings of what they were, wherever the cut falls', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ maxLength: 60 }), hostile)
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), fc.integer({ min: 1, max: 30 }), (texts, maxBytes) => {
        const escaped = texts.map((one) => (one.length % 2 ? JSON.stringify(one) : asEscapes(one)))
        const read = JSON.parse(shortenStrings(Buffer.from(`[${escaped.join(',')}]`), maxBytes).toString()) as string[]
        const before = JSON.parse(`[${escaped.join(',')}]`) as string[]
        expect(read).toHaveLength(texts.length)
        for (const [index, one] of read.entries()) {
          const whole = Buffer.from(escaped[index] as string).length - 2 <= maxBytes
          // What UTF-8 cannot hold (half a surrogate pair) was lost before.
          if (whole) expect(one).toBe(before[index])
          else expect((before[index] as string).startsWith(one)).toBe(true)
          expect(Buffer.from(JSON.stringify(one)).length).toBeLessThanOrEqual(Math.max(maxBytes + 2, 2) * 6)
        }
      }),
      { seed: 7, numRuns: 300 },
    )
  })

  it('gives up where more would be left than is wanted', () => {
    const [small, long] = ['"a",'.repeat(1_000), `"${'x'.repeat(5_000)}",`]
    for (const text of [
      `[${small}1]`,
      `[${long.repeat(100)}1]`,
      `[${'1,'.repeat(3_000)}1]`,
      `["${'x'.repeat(9_000)}`,
    ]) {
      const bytes = Buffer.from(text)
      const whole = shortenStrings(bytes, 64)
      expect(shortenStrings(bytes, 64, whole.length)).toEqual(whole)
      expect(shortenStrings(bytes, 64, whole.length - 1)).toBeNull()
      expect(shortenStrings(bytes, 64, 10)).toBeNull()
    }
  })

  const MB_8 = 8 * 1024 * 1024
  it.each([
    ['quotes and backslashes', JSON.stringify({ a: '\\"'.repeat(MB_8 / 8), b: '"'.repeat(MB_8 / 4) })],
    ['strings that are just too long', `["${`${'a'.repeat(4_100)}","`.repeat(2_000)}"]`],
    ['escapes that end where it is cut', `["${'\\u00e9'.repeat(MB_8 / 6)}"]`],
    ['very many small things', `["${'a","'.repeat(MB_8 / 4)}"]`],
    ['nothing but an opening quote', `"${'x'.repeat(MB_8)}`],
  ])('takes no longer for 8 MB of %s than a frame may wait', (_name, text) => {
    const bytes = Buffer.from(text)
    const took = Array.from({ length: 5 }, () => {
      const beganMs = performance.now()
      shortenStrings(bytes, 4_096, 512 * 1024)
      return performance.now() - beganMs
    })
    // The best of some: others have this machine, too.
    expect(Math.min(...took)).toBeLessThan(50)
  })
})

const hostile = fc
  .array(fc.constantFrom('\\', '"', '\n', 'é', '🐝', '\u2028', 'u', '0'), { maxLength: 40 })
  .map((all) => all.join(''))

/** Every character as JSON may write it, too. */
const asEscapes = (text: string): string =>
  `"${Array.from({ length: text.length }, (_, n) => `\\u${text.charCodeAt(n).toString(16).padStart(4, '0')}`).join('')}"`
