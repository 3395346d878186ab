import { expect, it } from 'vitest'
import { LastPlaces } from '../../web/scene/lastPlaces.ts'

it('a place is given back once, the oldest are forgotten, and another layout has none of them', () => {
  const places = new LastPlaces(2)
  for (const [index, key] of ['a', 'b', 'a', 'c'].entries()) places.keep(key, { x: index, y: 0, z: 0 })
  expect([places.take('a'), places.take('a'), places.take('b')]).toEqual([[2, 0, 0], undefined, undefined])
  expect(places.take('c')).toEqual([3, 0, 0])
  places.keep('d', { x: 0, y: 0, z: 0 })
  places.clear()
  expect(places.take('d')).toBeUndefined()
})
