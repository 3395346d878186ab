import { describe, expect, it } from 'vitest'
import { chunkSnapshot, type Revisioned, RevisionedStore, SnapshotAssembly } from '../../protocol/frames.ts'
import { canonicalHash, HOSTILE_IDS } from './samples.ts'

interface Thing extends Revisioned {
  entity: 'thing'
  value: string
}
interface Other extends Revisioned {
  entity: 'other'
  value: string
}
const thing = (id: string, rev: number, value = 'x'): Thing => ({ entity: 'thing', id, rev, value })
const ref = (id: string) => ({ entity: 'thing', id })

/** Three batches: a and b begin; a changes; b ends. */
function history(maxTombstones?: number): RevisionedStore<Thing> {
  const store = new RevisionedStore<Thing>('e1', maxTombstones)
  store.put(thing('a', 1))
  store.put(thing('b', 1))
  store.advance(1)
  store.put(thing('a', 2, 'y'))
  store.advance(2)
  store.delete(ref('b'), 3)
  store.advance(3)
  return store
}

function loaded(store: RevisionedStore<Thing>): RevisionedStore<Thing> {
  const reader = new RevisionedStore<Thing>('nowhere')
  reader.load(store.snapshot())
  return reader
}

describe('changesSince', () => {
  it('[F2] a frame names what was touched after its beginning, whole, and what ended', () => {
    expect(history().changesSince('e1', 1)).toEqual({
      type: 'frame',
      frame: { epoch: 'e1', from: 1, to: 3, put: [thing('a', 2, 'y')], del: [ref('b')] },
    })
  })

  it('[F2] what was touched at the very beginning of a frame is not in it', () => {
    expect(history().changesSince('e1', 2)).toEqual({
      type: 'frame',
      frame: { epoch: 'e1', from: 2, to: 3, put: [], del: [ref('b')] },
    })
  })

  it('[F2] an entity that ended and began again is in put alone', () => {
    const store = history()
    store.put(thing('b', 4, 'again'))
    store.advance(4)
    expect(store.changesSince('e1', 1)).toMatchObject({
      frame: { put: [thing('a', 2, 'y'), thing('b', 4, 'again')], del: [] },
    })
  })

  it('[F4] a reader that is where the store is needs nothing', () => {
    expect(history().changesSince('e1', 3)).toEqual({ type: 'none' })
  })

  it.each([
    ['no epoch', null, 0],
    ['another epoch', 'e2', 3],
    ['a place that is not yet', 'e1', 4],
  ])('[F5] %s gives a snapshot', (_, epoch, since) => {
    expect(history().changesSince(epoch, since)).toEqual({
      type: 'snapshot',
      snapshot: { epoch: 'e1', seq: 3, put: [thing('a', 2, 'y')] },
    })
  })

  it('[F6] a reader below the floor gets a snapshot, one at the floor a frame', () => {
    const store = new RevisionedStore<Thing>('e1', 2)
    for (const [index, id] of ['a', 'b', 'c'].entries()) store.put(thing(id, index + 1))
    store.advance(3)
    for (const [index, id] of ['a', 'b', 'c'].entries()) store.delete(ref(id), index + 4)
    store.advance(6)
    expect(store.tombstoneFloor).toBe(4)
    expect(store.changesSince('e1', 3).type).toBe('snapshot')
    expect(store.changesSince('e1', 4)).toMatchObject({ frame: { from: 4, to: 6, del: [ref('b'), ref('c')] } })
  })

  it('[F6] what begins again costs no tombstone', () => {
    const store = new RevisionedStore<Thing>('e1', 1)
    for (let seq = 1; seq < 100; seq += 2) {
      store.put(thing('a', seq))
      store.delete(ref('a'), seq + 1)
    }
    store.advance(100)
    expect(store.tombstoneFloor).toBe(0)
  })

  it('[F7] after a snapshot, nothing is known of what ended before it', () => {
    const reader = loaded(history())
    expect(reader.tombstoneFloor).toBe(3)
    expect(reader.changesSince('e1', 2).type).toBe('snapshot')
    expect(reader.changesSince('e1', 3).type).toBe('none')
  })
})

describe('apply', () => {
  it('[F3] a frame that begins before the reader is applied', () => {
    const store = history()
    const reader = loaded(store)
    store.put(thing('c', 4))
    store.advance(4)
    expect(
      reader.apply({ epoch: 'e1', from: 1, to: 4, put: [thing('a', 2, 'y'), thing('c', 4)], del: [ref('b')] }),
    ).toBe('applied')
    expect(canonicalHash(reader.values())).toBe(canonicalHash(store.values()))
    expect(reader.seq).toBe(4)
  })

  it.each([
    ['the last frame again', 2, 3],
    ['an older one', 0, 1],
  ])('[F3] %s changes nothing', (_, from, to) => {
    const reader = loaded(history())
    const before = canonicalHash(reader.values())
    expect(reader.apply({ epoch: 'e1', from, to, put: [thing('a', 1, 'old')], del: [] })).toBe('stale')
    expect(canonicalHash(reader.values())).toBe(before)
    expect(reader.seq).toBe(3)
  })

  it.each([
    ['begins after the reader', 'e1', 4, 5],
    ['is of another epoch', 'e2', 3, 4],
  ])('[F3] a frame that %s is a gap and changes nothing', (_, epoch, from, to) => {
    const reader = loaded(history())
    const before = canonicalHash(reader.values())
    expect(reader.apply({ epoch, from, to, put: [thing('z', 5)], del: [ref('a')] })).toBe('gap')
    expect(canonicalHash(reader.values())).toBe(before)
    expect(reader.seq).toBe(3)
  })

  it('[F9] an entity that no frame names keeps its reference', () => {
    const store = history()
    const reader = loaded(store)
    const before = reader.get('thing', 'a')
    reader.apply({ epoch: 'e1', from: 3, to: 4, put: [thing('c', 4)], del: [] })
    expect(reader.get('thing', 'a')).toBe(before)
  })

  it('[F6] what began and ended within a frame is still told to a reader who saw its beginning', () => {
    const relayed = new RevisionedStore<Thing>('e1')
    relayed.apply({ epoch: 'e1', from: 0, to: 3, put: [thing('a', 2, 'y')], del: [ref('b')] })
    expect(relayed.changesSince('e1', 1)).toMatchObject({ frame: { del: [ref('b')] } })
  })
})

describe('the store', () => {
  it('[L3] refuses a sequence that goes back', () => {
    const store = history()
    expect(() => store.advance(2)).toThrow(RangeError)
  })

  it('[F9] keeps hostile ids apart', () => {
    const store = new RevisionedStore<Thing>('e1')
    for (const [index, id] of HOSTILE_IDS.entries()) store.put(thing(id, 1, String(index)))
    store.advance(1)
    expect(store.size).toBe(HOSTILE_IDS.length)
    const reader = loaded(store)
    for (const [index, id] of HOSTILE_IDS.entries()) expect(reader.get('thing', id)?.value).toBe(String(index))
    for (const id of HOSTILE_IDS) expect(store.delete(ref(id), 2)).toBe(true)
    expect(store.size).toBe(0)
    expect(({} as Record<string, unknown>).value).toBeUndefined()
  })

  it('ends an entity once', () => {
    const store = history()
    expect(store.delete(ref('a'), 4)).toBe(true)
    expect(store.delete(ref('a'), 5)).toBe(false)
    expect(store.delete(ref('never'), 5)).toBe(false)
  })

  it('tells the kinds apart, and shows each as a live map', () => {
    const store = new RevisionedStore<Thing | Other>('e1')
    const others = store.all('other')
    store.put(thing('a', 1, 'x'))
    store.put({ entity: 'other', id: 'a', rev: 1, value: 'y' })
    expect(others.get('a')?.value).toBe('y')
    expect([...store.values()]).toHaveLength(2)
    store.delete({ entity: 'other', id: 'a' }, 2)
    expect(store.get('thing', 'a')?.value).toBe('x')
    expect(others.size).toBe(0)
  })
})

describe('snapshot chunks', () => {
  const snapshot = (count: number) => ({
    epoch: 'e1',
    seq: 9,
    put: Array.from({ length: count }, (_, index) => thing(`t${index}`, 9, 'v'.repeat(index % 50))),
  })

  it('[F8] an empty snapshot is one empty chunk', () => {
    expect([...chunkSnapshot(snapshot(0))]).toEqual([{ epoch: 'e1', seq: 9, index: 0, last: true, put: [] }])
  })

  it('[F8] no chunk is larger than asked for, unless one entity alone is', () => {
    const maxBytes = 500
    const chunks = [...chunkSnapshot(snapshot(100), maxBytes)]
    expect(chunks.length).toBeGreaterThan(10)
    for (const { put } of chunks) {
      expect(put.map((entity) => JSON.stringify(entity).length).reduce((a, b) => a + b)).toBeLessThanOrEqual(maxBytes)
    }
    const [large, small] = [
      ...chunkSnapshot({ epoch: 'e1', seq: 1, put: [thing('l', 1, 'v'.repeat(900)), thing('s', 1)] }, 500),
    ]
    expect([large?.put.length, small?.put.length]).toEqual([1, 1])
  })

  it('[F8] chunks come back together as what was cut', () => {
    const whole = snapshot(100)
    const assembly = new SnapshotAssembly<Thing>()
    const answers = [...chunkSnapshot(whole, 500)].map((chunk) => assembly.add(chunk))
    expect(answers.at(-1)).toEqual(whole)
    expect(new Set(answers.slice(0, -1))).toEqual(new Set(['incomplete']))
  })

  it('[F8] a snapshot that was cut while the store went on is as it was', () => {
    const store = history()
    const chunks = chunkSnapshot(store.snapshot(), 1)
    store.put(thing('a', 4, 'later'))
    store.put(thing('c', 4))
    store.advance(4)
    expect([...chunks].flatMap((chunk) => chunk.put)).toEqual([thing('a', 2, 'y')])
  })

  it.each([
    ['one is missing', [0, 2]],
    ['it does not begin', [1, 2]],
    ['one comes twice', [0, 1, 1]],
  ])('[F8] %s: broken, and the next whole snapshot is taken', (_, order) => {
    const chunks = [...chunkSnapshot(snapshot(100), 3_000)]
    const assembly = new SnapshotAssembly<Thing>()
    expect(order.map((index) => assembly.add(chunks[index]!)).at(-1)).toBe('broken')
    expect(chunks.map((chunk) => assembly.add(chunk)).at(-1)).toEqual(snapshot(100))
  })

  it.each([
    ['seq', { seq: 10 }],
    ['epoch', { epoch: 'e2' }],
  ])('[F8] chunks of another %s do not belong together', (_, other) => {
    const [first, second] = [...chunkSnapshot(snapshot(100), 3_000)]
    const assembly = new SnapshotAssembly<Thing>()
    assembly.add(first!)
    expect(assembly.add({ ...second!, ...other })).toBe('broken')
  })

  it('[F8] chunk 0 begins anew', () => {
    const chunks = [...chunkSnapshot(snapshot(100), 3_000)]
    const assembly = new SnapshotAssembly<Thing>()
    assembly.add(chunks[0]!)
    assembly.add(chunks[1]!)
    expect(chunks.map((chunk) => assembly.add(chunk)).at(-1)).toEqual(snapshot(100))
  })
})
