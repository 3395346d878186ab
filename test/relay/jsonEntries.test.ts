import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cut, type CutStep, cutEntries } from '../../relay/watch/jsonEntries.ts'

const cut = (text: string, before: Cut | null = null): CutStep => cutEntries(Buffer.from(text), 'list', before)
const values = ({ bytes, entries }: Cut): [string, string][] =>
  entries.map(({ key, start, end }) => [key, bytes.toString('utf8', start, end)])
/** As JSON.parse has it: the later one of two counts. */
const parsed = (of: Cut): Record<string, unknown> =>
  Object.fromEntries(values(of).map(([key, text]) => [key, JSON.parse(text)]))

/** What the cut must say, by the parser that everybody uses; `null`: not JSON. */
function expected(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    const list =
      typeof value === 'object' && value !== null && !Array.isArray(value) ? Reflect.get(value, 'list') : null
    return typeof list === 'object' && list !== null && !Array.isArray(list) ? { ...list } : {}
  } catch {
    return null
  }
}

/** The same by the cut, its values parsed; `null`: it throws. */
function actual(text: string, before: Cut | null): { entries: Record<string, unknown>; step: CutStep } | null {
  try {
    const step = cut(text, before)
    return { entries: parsed(step.cut), step }
  } catch {
    return null
  }
}

const objectOf = (members: readonly string[]): string => `{${members.join(',')}}`

describe('the entries of a store', () => {
  test('are cut out with their keys, whatever stands around and in them', () => {
    const text = `  {"version": "3", "list" : { "a":{"x":[1,{"y":"}]"}]} ,\n"b\\"\\u0041": "te\\\\" , "__proto__":-1.5e3,"é😀":null},"list2":{"a":1} }\n`
    expect(values(cut(text).cut)).toEqual([
      ['a', '{"x":[1,{"y":"}]"}]}'],
      ['b"A', '"te\\\\"'],
      ['__proto__', '-1.5e3'],
      ['é😀', 'null'],
    ])
  })

  test.each([
    '{}',
    '[]',
    '7',
    'null',
    '{"list": []}',
    '{"list": "x"}',
    '{"other": {"a": 1}}',
    '{"list":{"a":1},"list":5}',
  ])('are none in %s', (text) => {
    expect(cut(text).cut.entries).toEqual([])
  })

  const WHOLE = '{"list": {"a": {"s": "x\\"y"}, "b": [1, 2]}, "n": 1}'
  test.each(Array.from({ length: WHOLE.length }, (_, length) => WHOLE.slice(0, length)))(
    '[R9] are refused of a half-written file: %s',
    (half) => {
      expect(() => cut(half)).toThrow()
    },
  )

  test.each([
    `${WHOLE}x`,
    `${WHOLE}{}`,
    WHOLE.replace(',', ''),
    WHOLE.replace(':', ';'),
    `\uFEFF${WHOLE}`,
    '{"list": {,}}',
  ])('are refused of what is not JSON: %s', (text) => {
    expect(() => cut(text)).toThrow()
  })

  const store = (of: Record<string, unknown>, rest: object = { version: 1 }) =>
    JSON.stringify({ list: of, ...rest }, null, 1)
  const MANY = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, { n: index, s: 'text' }]))

  test('after a change, only those between the first and the last different byte are looked at', () => {
    const before = cut(store(MANY)).cut
    const step = cut(store({ ...MANY, k50: { n: 50, s: 'longer text' } }), before)
    expect([step.from, step.to, step.newTo]).toEqual([50, 51, 51])
    expect(parsed(step.cut)).toEqual({ ...MANY, k50: { n: 50, s: 'longer text' } })
    const { k70: _, ...without } = MANY
    const shorter = cut(store(without), before)
    expect(shorter.to - shorter.from).toBeLessThanOrEqual(2)
    expect(parsed(shorter.cut)).toEqual(without)
  })

  test.each([
    ['a number goes on', '{"list":{"a":1,"b":2}}', '{"list":{"a":1,"b":23}}'],
    ['a number stops short', '{"list":{"a":1,"b":23}}', '{"list":{"a":1,"b":2}}'],
    ['the list comes once more', '{"list":{"a":1,"b":2}}', '{"list":{"a":1,"b":2},"list":{"c":3}}'],
    ['an entry comes again', '{"list":{"a":1,"b":2}}', '{"list":{"a":1,"b":2,"a":3}}'],
  ])('are right when %s', (_what, text, next) => {
    expect(parsed(cut(next, cut(text).cut).cut)).toEqual(expected(next))
  })

  test('are those that JSON.parse finds, after any edit of the bytes, by way of any earlier cut', () => {
    const value = fc.oneof(
      fc.constantFrom('1', '-12', 'true', 'null', '"', '"a"', '"\\""', '{}', '[]', '{"x":[{}]}', '12'),
      fc.json({ maxDepth: 2 }),
    )
    const key = fc.constantFrom('"a"', '"b"', '"c"', '"d"', '"list"', '"\\u0061"', '"é"')
    const space = fc.constantFrom('', ' ', '\n  ')
    const member = fc.tuple(space, key, space, value, space).map(([a, name, b, of, c]) => `${a}${name}:${b}${of}${c}`)
    const members = fc.array(member, { maxLength: 6 })
    const around = fc.array(
      fc.oneof(
        member,
        members.map(objectOf).map((of) => `"list":${of}`),
      ),
      { maxLength: 2 },
    )
    const step = fc.oneof(
      // A write of the store, and a state of the file that is none.
      fc.record({ do: fc.constant('write' as const), at: fc.nat(6), remove: fc.nat(2), insert: members }),
      fc.record({
        do: fc.constant('edit' as const),
        at: fc.nat(150),
        remove: fc.nat(12),
        insert: fc.oneof(member, value),
      }),
      fc.record({ do: fc.constant('cut' as const), at: fc.nat(150) }),
    )
    let steps = 0
    const file = fc.tuple(around, members, around)
    fc.assert(
      fc.property(file, fc.array(step, { maxLength: 5 }), ([head, first, tail], changes) => {
        const list = [...first]
        const textNow = () => objectOf([...head, `"list":${objectOf(list)}`, ...tail])
        let before: Cut | null = null
        for (const change of [null, ...changes]) {
          if (change?.do === 'write') list.splice(change.at, change.remove, ...change.insert)
          let text = textNow()
          if (change?.do === 'edit')
            text = text.slice(0, change.at) + change.insert + text.slice(change.at + change.remove)
          if (change?.do === 'cut') text = text.slice(0, change.at)
          const got = actual(text, before)
          expect(got?.entries ?? null).toEqual(expected(text))
          if (got && before) {
            steps++
            const { cut: now, from, to, newTo } = got.step
            expect(values(now).slice(0, from)).toEqual(values(before).slice(0, from))
            expect(values(now).slice(newTo)).toEqual(values(before).slice(to))
          }
          if (got) before = got.step.cut
        }
      }),
      { numRuns: 3_000 },
    )
    expect(steps).toBeGreaterThan(500)
  })
})
