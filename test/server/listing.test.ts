import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pageOf } from '../../server/api/listing.ts'

interface Item {
  id: string
  value: string | number | null
}
const list = (items: readonly Item[], given: Partial<Parameters<typeof pageOf<Item>>[1]> = {}) =>
  pageOf(items, { matches: () => true, sort: 'value', limit: 3, cursor: undefined, ...given })

function allPages(items: readonly Item[], sort: string, limit: number): Item[] {
  const found: Item[] = []
  let cursor: string | undefined
  for (;;) {
    const page = list(items, { sort, limit, cursor })
    expect(page.total).toBe(items.length)
    found.push(...page.items)
    if (page.next === null) return found
    expect(page.items).toHaveLength(limit)
    cursor = page.next
  }
}

const items = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 4 }),
    value: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constant(null)),
  }),
  { selector: ({ id }) => id, maxLength: 40 },
)

describe('[B3] pages', () => {
  it('hold everything once, in one order, whatever their size', () => {
    fc.assert(
      fc.property(
        items,
        fc.constantFrom('value', '-value', 'id', '-id'),
        fc.integer({ min: 1, max: 7 }),
        (all, sort, limit) => {
          const whole = list(all, { sort, limit: 1_000 }).items
          expect(allPages(all, sort, limit)).toEqual(whole)
          expect(allPages([...all].reverse(), sort, limit)).toEqual(whole)
          expect(new Set(whole)).toEqual(new Set(all))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('go on where they were, whatever comes and goes meanwhile', () => {
    fc.assert(
      fc.property(items, items, fc.integer({ min: 1, max: 5 }), (all, others, limit) => {
        const first = list(all, { limit })
        if (first.next === null) return
        const told = new Set(first.items.map(({ id }) => id))
        // The one that the cursor names is gone as well.
        const later = [...others, ...all.filter(({ id }) => !told.has(id) && !others.some((other) => other.id === id))]
        const rest = list(later, { limit: 1_000, cursor: first.next }).items
        for (const item of all) {
          if (told.has(item.id) || others.some(({ id }) => id === item.id)) continue
          expect(rest, 'what stayed is told once').toContain(item)
        }
        const last = first.items.at(-1)
        for (const { id, value } of rest) expect([id, value]).not.toEqual([last?.id, last?.value])
      }),
      { numRuns: 300 },
    )
  })

  it('have what is not known last, upwards and downwards', () => {
    const some = [
      { id: 'a', value: null },
      { id: 'b', value: 2 },
      { id: 'c', value: 0 },
    ]
    expect(list(some, { sort: 'value' }).items.map(({ id }) => id)).toEqual(['c', 'b', 'a'])
    expect(list(some, { sort: '-value' }).items.map(({ id }) => id)).toEqual(['b', 'c', 'a'])
  })

  it.each([
    '',
    '!',
    'bm9uc2Vuc2U',
    Buffer.from('["id","a","a"]').toString('base64url'),
    Buffer.from('["value",{},"a"]').toString('base64url'),
  ])('take no cursor that is not of this order: %j', (cursor) => {
    expect(() => list([], { cursor })).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })
})
