import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineSplitter } from '../../relay/lines.ts'

function split(chunks: Buffer[], maxBytes = 1_000): { lines: string[]; tooLong: number } {
  const lines: string[] = []
  let tooLong = 0
  const splitter = new LineSplitter(
    maxBytes,
    (line) => lines.push(line.toString()),
    () => tooLong++,
  )
  for (const chunk of chunks) splitter.push(chunk)
  splitter.end()
  return { lines, tooLong }
}

test('lines come out whole however the bytes are cut, also inside a character', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme' })),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (texts, cuts) => {
        const expected = texts.map((text) => text.replaceAll(/[\n\r]/g, '').trim()).filter((text) => text !== '')
        const bytes = Buffer.from(expected.map((text) => `${text}\r\n`).join('\n'))
        const chunks: Buffer[] = []
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const size = cuts[cut % cuts.length] ?? 1
          chunks.push(bytes.subarray(at, at + size))
          at += size
        }
        expect(split(chunks, 100_000).lines).toEqual(expected)
      },
    ),
  )
})

test('a last line without a newline is still a line', () => {
  expect(split([Buffer.from('a\nb')]).lines).toEqual(['a', 'b'])
})

test('a line beyond the bound is told once, and nothing comes after it', () => {
  const chunk = Buffer.alloc(600, 'x')
  expect(split([Buffer.from('ok\n'), chunk, chunk, chunk, Buffer.from('\nmore\n')])).toEqual({
    lines: ['ok'],
    tooLong: 1,
  })
})

test('or the lines after it come, however the bytes are cut: what is too long is only cut', () => {
  const bytes = Buffer.from(`ok\n${'x'.repeat(3_000)}\nmore\n${'y'.repeat(1_001)}\n\nend\n${'z'.repeat(5_000)}`)
  for (const size of [1, 7, 999, 1_000, 1_001, 10_000]) {
    const told: string[] = []
    const splitter = new LineSplitter(
      1_000,
      (line) => told.push(line.toString()),
      (head) => told.push(`${head.toString().slice(0, 3)}, ${head.length}`),
      'skip',
    )
    for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size))
    splitter.end()
    expect(told).toEqual(['ok', 'xxx, 256', 'more', 'yyy, 256', 'end', 'zzz, 256'])
  }
})

test('a line of exactly the bound passes', () => {
  expect(split([Buffer.from(`${'x'.repeat(1_000)}\n`)]).lines[0]).toHaveLength(1_000)
  expect(split([Buffer.from(`${'x'.repeat(1_001)}\n`)]).tooLong).toBe(1)
})
