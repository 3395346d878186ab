import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Batch, compareVersions, EVENT_VERSION, type SwarmEvent, type Version } from '../../protocol/events.ts'
import { applyBatch, emptyState, type SwarmState } from '../../protocol/fold.ts'
import { MAX_ENDED_VERSIONS } from '../../protocol/versions.ts'
import { canonicalHash, HOSTILE_IDS, sampleAgent, sampleLink, sampleSwarm, sampleTask, TIME } from './samples.ts'

const base = (id: string, version: Version) => ({
  v: EVENT_VERSION,
  key: `${id}@${version.join('.')}`,
  sourceId: 'source',
  version,
  at: TIME,
  receivedAt: TIME,
})
const upserted = (id: string, version: Version, name = id): SwarmEvent => ({
  ...base(id, version),
  type: 'agent.upserted',
  entity: sampleAgent(id, { name }),
})
const retired = (id: string, version: Version): SwarmEvent => ({ ...base(id, version), type: 'agent.retired', id })

function folded(batches: readonly Batch[]): SwarmState {
  const state = emptyState('e1')
  for (const batch of batches) applyBatch(state, batch)
  return state
}

/** One batch for each list of events. */
const batchesOf = (...lists: SwarmEvent[][]): Batch[] => lists.map((events, index) => ({ seq: index + 1, events }))

/** Revisions say in which batch something came, which order of arrival may of course change. */
const contents = (state: SwarmState): string =>
  canonicalHash([...state.store.values()].map(({ rev: _, ...entity }) => entity))

describe('applyBatch', () => {
  it('[L5] touched entities carry the batch number, others keep theirs', () => {
    const state = emptyState('e1')
    applyBatch(state, { seq: 4, events: [upserted('a', [1, 1]), upserted('b', [1, 1])] })
    expect(applyBatch(state, { seq: 7, events: [upserted('b', [1, 2], 'new')] })).toEqual([
      { entity: 'agent', id: 'b' },
    ])
    expect(state.store.get('agent', 'a')?.rev).toBe(4)
    expect(state.store.get('agent', 'b')).toEqual({ ...sampleAgent('b', { name: 'new' }), rev: 7 })
    expect(state.store.seq).toBe(7)
  })

  it('[L2] a repetition changes nothing and touches nothing', () => {
    const state = folded(batchesOf([upserted('a', [1, 1])]))
    const before = state.store.get('agent', 'a')
    expect(applyBatch(state, { seq: 2, events: [upserted('a', [1, 1])] })).toEqual([])
    expect(state.store.get('agent', 'a')).toBe(before)
  })

  it('[L3] a batch without effect still moves the state to its number', () => {
    const state = folded(batchesOf([upserted('a', [1, 1])], []))
    expect(state.store.seq).toBe(2)
  })

  it('[L3] sequence numbers never go back', () => {
    const state = folded(batchesOf([upserted('a', [1, 1])], []))
    expect(() => applyBatch(state, { seq: 1, events: [] })).toThrow(RangeError)
  })

  it('[L2] a new incarnation of the source wins over any revision of the old', () => {
    const state = folded(
      batchesOf([upserted('a', [1, 900], 'old')], [upserted('a', [2, 1], 'new')], [retired('a', [1, 901])]),
    )
    expect(state.store.get('agent', 'a')?.name).toBe('new')
  })

  it('[L4] an end that comes before its beginning prevents it', () => {
    const state = folded(batchesOf([retired('a', [1, 2])], [upserted('a', [1, 1])]))
    expect(state.store.size).toBe(0)
  })

  it('[L4] what ended begins again with a later version', () => {
    const state = folded(batchesOf([upserted('a', [1, 1])], [retired('a', [1, 2])], [upserted('a', [1, 3], 'again')]))
    expect(state.store.get('agent', 'a')?.name).toBe('again')
  })

  it('[L5] ending what is not there touches nothing', () => {
    expect(applyBatch(emptyState('e1'), { seq: 1, events: [retired('a', [1, 1])] })).toEqual([])
  })

  it('[L4] remembers the versions of those that ended last, however early they began', () => {
    const state = emptyState('e1')
    // Ended once before: that end must not count for its second one.
    applyBatch(state, { seq: 1, events: [retired('first', [1, 0]), upserted('first', [1, 1])] })
    const crowd = Array.from({ length: MAX_ENDED_VERSIONS + 50 }, (_, index) => `c${index}`)
    applyBatch(state, { seq: 2, events: crowd.map((id) => upserted(id, [1, 2])) })
    applyBatch(state, { seq: 3, events: crowd.map((id) => retired(id, [1, 3])) })
    applyBatch(state, { seq: 4, events: [retired('first', [1, 4])] })
    expect(state.versions.ended.size).toBe(MAX_ENDED_VERSIONS)
    // Overtaken on the way: must not bring it back.
    applyBatch(state, { seq: 5, events: [upserted('first', [1, 2])] })
    expect(state.store.size).toBe(0)
  })

  it('[L5] keeps the kinds apart under one id', () => {
    const state = emptyState('e1')
    const events: SwarmEvent[] = [
      upserted('x', [1, 1]),
      { ...base('x', [1, 1]), type: 'task.upserted', entity: sampleTask('x') },
      { ...base('x', [1, 1]), type: 'swarm.upserted', entity: sampleSwarm('x') },
      { ...base('x', [1, 1]), type: 'link.upserted', entity: sampleLink('x') },
    ]
    expect(applyBatch(state, { seq: 1, events }).map(({ entity }) => entity)).toEqual([
      'agent',
      'task',
      'swarm',
      'link',
    ])
    applyBatch(state, { seq: 2, events: [{ ...base('x', [1, 2]), type: 'swarm.retired', id: 'x' }] })
    expect([...state.store.values()].map(({ entity }) => entity)).toEqual(['agent', 'task', 'link'])
  })

  it('[F9] takes hostile ids as they are', () => {
    const state = folded(batchesOf(HOSTILE_IDS.map((id) => upserted(id, [1, 1], `name of ${id}`))))
    for (const id of HOSTILE_IDS) expect(state.store.get('agent', id)?.name).toBe(`name of ${id}`)
    applyBatch(state, { seq: 2, events: HOSTILE_IDS.map((id) => retired(id, [1, 2])) })
    expect(state.store.size).toBe(0)
  })
})

const IDS = ['a', 'b', 'c', '__proto__']
/** What one source said of its entities: each version once, in no order yet. */
const sayings: fc.Arbitrary<SwarmEvent[]> = fc
  .uniqueArray(
    fc.record({
      id: fc.constantFrom(...IDS),
      incarnation: fc.nat({ max: 2 }),
      revision: fc.nat({ max: 6 }),
      ends: fc.boolean(),
    }),
    { selector: ({ id, incarnation, revision }) => `${id}@${incarnation}.${revision}`, maxLength: 30 },
  )
  .map((list) =>
    list.map(({ id, incarnation, revision, ends }) =>
      ends
        ? retired(id, [incarnation, revision])
        : upserted(id, [incarnation, revision], `${id} as of ${incarnation}.${revision}`),
    ),
  )

/** All of the events, each once to three times, in any order, cut into any batches. */
const arrivals = (events: readonly SwarmEvent[]): fc.Arbitrary<Batch[]> =>
  fc
    .array(fc.integer({ min: 1, max: 3 }), { minLength: events.length, maxLength: events.length })
    .map((times) => events.flatMap((event, index) => Array<SwarmEvent>(times[index] ?? 1).fill(event)))
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }))
    .chain((all) =>
      fc
        .array(fc.integer({ min: 1, max: 5 }), { minLength: all.length, maxLength: all.length })
        .map((cuts) => cut(all, cuts)),
    )

function cut(events: readonly SwarmEvent[], sizes: readonly number[]): Batch[] {
  const batches: Batch[] = []
  let at = 0
  for (const size of sizes) {
    if (at >= events.length) break
    batches.push({ seq: batches.length + 1, events: events.slice(at, at + size) })
    at += size
  }
  return batches
}

/** The rule in one line: of each entity, what the latest version says. */
function latest(events: readonly SwarmEvent[]): string {
  const last = new Map<string, SwarmEvent>()
  for (const event of events) {
    const id = 'entity' in event ? event.entity.id : event.id
    const known = last.get(id)
    if (!known || compareVersions(event.version, known.version) > 0) last.set(id, event)
  }
  return canonicalHash([...last.values()].flatMap((event) => ('entity' in event ? [event.entity] : [])))
}

describe('the fold', () => {
  it('[L1, L2] gives the same state for any order of arrival, any repetition and any batches', () => {
    const cases = sayings.chain((events) =>
      fc.record({ events: fc.constant(events), one: arrivals(events), other: arrivals(events) }),
    )
    fc.assert(
      fc.property(cases, ({ events, one, other }) => {
        const truth = latest(events)
        expect(contents(folded(one))).toBe(truth)
        expect(contents(folded(other))).toBe(truth)
      }),
      { numRuns: 1_000 },
    )
  })

  it('[L1] gives the very same store, revisions and all, for the same batches', () => {
    fc.assert(
      fc.property(sayings.chain(arrivals), (batches) => {
        expect(canonicalHash(folded(batches).store.values())).toBe(canonicalHash(folded(batches).store.values()))
      }),
    )
  })

  it('[L5] reports exactly what differs afterwards, or was said anew', () => {
    fc.assert(
      fc.property(sayings.chain(arrivals), (batches) => {
        const state = emptyState('e1')
        for (const batch of batches) {
          const before = new Map(state.store.all('agent'))
          const touched = new Set(applyBatch(state, batch).map(({ id }) => id))
          const after = state.store.all('agent')
          for (const id of IDS) {
            const changed = before.get(id) !== after.get(id)
            if (changed) expect(touched).toContain(id)
            if (touched.has(id) && after.has(id)) expect(after.get(id)?.rev).toBe(batch.seq)
          }
        }
      }),
    )
  })

  it.each<[string, (a: Version, b: Version) => number]>([
    ['the revision alone decides', (a, b) => a[1] - b[1]],
    ['the last to arrive wins', () => 1],
    ['the first to arrive wins', () => -1],
  ])('a fold where %s is caught', (_, compare) => {
    const cases = sayings.chain((events) => fc.record({ events: fc.constant(events), batches: arrivals(events) }))
    const broken = fc.property(cases, ({ events, batches }) => {
      const held = new Map<string, SwarmEvent>()
      for (const event of batches.flatMap((batch) => batch.events)) {
        const id = 'entity' in event ? event.entity.id : event.id
        const known = held.get(id)
        if (!known || compare(event.version, known.version) > 0) held.set(id, event)
      }
      expect(canonicalHash([...held.values()].flatMap((event) => ('entity' in event ? [event.entity] : [])))).toBe(
        latest(events),
      )
    })
    expect(fc.check(broken, { numRuns: 1_000, endOnFailure: true }).failed).toBe(true)
  })
})
