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

  it('takes 8 MB of quotes and backslashes in a fraction of a second', () => {
    const bytes = Buffer.from(JSON.stringify({ a: '\\"'.repeat(1_000_000), b: '"'.repeat(1_000_000) }))
    const beganMs = performance.now()
    const read = JSON.parse(shortenStrings(bytes, 64).toString()) as { a: string; b: string }
    expect(performance.now() - beganMs).toBeLessThan(2_000)
    expect('\\"'.repeat(100).startsWith(read.a)).toBe(true)
  })
})

const hostile = fc
  .array(fc.constantFrom('\\', '"', '\n', 'é', '🐝', '\u2028', 'u', '0'), { maxLength: 40 })
  .map((all) => all.join(''))

/** Every character as JSON may write it, too. */
const asEscapes = (text: string): string =>
  `"${Array.from({ length: text.length }, (_, n) => `\\u${text.charCodeAt(n).toString(16).padStart(4, '0')}`).join('')}"`
