import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { totalsOf } from '../../protocol/derive.ts'
import { RevisionedStore } from '../../protocol/frames.ts'
import { isSoundEntity, isSoundSourceStatus, soundMode } from '../../protocol/soundEntity.ts'
import { type Entity, MODES } from '../../protocol/swarm.ts'
import { parseServerMessage } from '../../protocol/viewerWire.ts'
import { groupOf } from '../../web/store/agentGroups.ts'
import { concernsOf } from '../../web/store/concerns.ts'
import { markOf, rowWords } from '../../web/ui/rowWords.ts'
import { largeWorld, smallWorld, swarmsWorld } from '../helpers/webWorld.ts'
import { sampleAgent, sampleError, sampleSourceStatus, TIME } from './samples.ts'

const agent = { ...sampleAgent('a'), rev: 3 }
const without = (field: string) => Object.fromEntries(Object.entries(agent).filter(([name]) => name !== field))
const source = { entity: 'source', id: 's', rev: 1, kind: 'claude-flow', state: 'live', url: null, project: null }

describe('what a server of another version says of an entity [V17]', () => {
  it('is taken as it is where nothing is wrong with it', () => {
    const entities = [...smallWorld(), ...swarmsWorld([20, 20]), { ...source, host: null, since: TIME }]
    for (const entity of entities) {
      const given = JSON.stringify(entity)
      const parsed = JSON.parse(given)
      expect(isSoundEntity(parsed), given).toBe(true)
      expect(JSON.stringify(parsed)).toBe(given)
    }
  })

  it.each<[string, unknown]>([
    ['no object', 7],
    ['an agent that has a name alone', { entity: 'agent', id: 'a', rev: 1 }],
    ['an agent of a kind that is neither', { ...agent, kind: 'dreamt' }],
    ['an agent without a status', without('status')],
    ['an agent that does not say whether it is made up', without('mock')],
    ['an agent whose tokens are a word', { ...agent, tokens: 'many' }],
    ['an agent whose attention says no reason', { ...agent, attention: {} }],
    ['an agent with a tool without a name', { ...agent, openTools: [{ id: 't', since: TIME }] }],
    ['an agent with nothing for a source of a field', { ...agent, sources: { name: null } }],
    ['a link of an unknown kind', { entity: 'link', id: 'l', rev: 1, kind: 'telepathy', sourceId: 's' }],
    ['an entity of an unknown kind', { ...agent, entity: 'constructor' }],
  ])('is none: %s', (_, entity) => expect(isSoundEntity(entity)).toBe(false))

  it('has a status that is not known as unknown, with the word; and what is absent as not reported', () => {
    const foreign: Record<string, unknown> = { ...without('attention'), status: 'sleeping', rawStatus: null }
    expect(isSoundEntity(foreign)).toBe(true)
    expect(foreign).toMatchObject({ status: 'unknown', rawStatus: 'sleeping', attention: null })
  })

  it('cannot break what follows from it, whatever any field is', () => {
    const anything = fc
      .tuple(fc.constantFrom(...Object.keys(agent).filter((field) => field !== 'id')), fc.jsonValue())
      .map(([field, value]) => JSON.stringify({ ...agent, [field]: value }))
    fc.assert(
      fc.property(anything, (text) => {
        const entity = JSON.parse(text) as Entity
        if (!isSoundEntity(entity) || entity.entity !== 'agent') return
        const store = new RevisionedStore<Entity>('e')
        store.put(entity)
        const concern = concernsOf(store, Date.parse(TIME)).byId.get(entity.id)
        totalsOf(store)
        groupOf(entity)
        rowWords(entity, concern)
        markOf(entity, concern)
      }),
      { numRuns: 3_000 },
    )
  })

  it('costs less than twice of what parsing its text costs', () => {
    const text = JSON.stringify(largeWorld(10_000))
    const msOf = (work: () => unknown) => {
      const began = performance.now()
      work()
      return performance.now() - began
    }
    let parsed: unknown[] = []
    const parseMs = Math.min(...[1, 2, 3].map(() => msOf(() => (parsed = JSON.parse(text)))))
    const checkMs = Math.min(...[1, 2, 3].map(() => msOf(() => parsed.filter(isSoundEntity))))
    expect(checkMs).toBeLessThan(2 * parseMs)
  })
})

describe('what it says of sources and modes', () => {
  it('is left out and counted where it cannot be shown; words of another version stay', () => {
    const strange = { ...sampleSourceStatus(), id: 'new', kind: 'codex', state: 'dreaming' }
    const bad = [null, 7, { ...strange, lastError: {} }, { ...strange, counts: { hooks: null } }, { id: 'x' }]
    let unreadable = 0
    const status = { type: 'status', mode: 'dreaming', degraded: [], sources: [strange, ...bad], viewers: 1, at: TIME }
    const message = parseServerMessage(
      JSON.stringify({ ...status, logError: 'yes', noHistory: 7, budgetUsd: {} }),
      (count) => {
        unreadable += count
      },
    )
    expect(message).toMatchObject({
      mode: 'stale',
      sources: [strange],
      logError: null,
      noHistory: null,
      budgetUsd: null,
    })
    expect(unreadable).toBe(bad.length)
    expect(isSoundSourceStatus({ ...sampleSourceStatus(), lastError: sampleError() })).toBe(true)
    expect(MODES.map(soundMode)).toEqual(MODES)
  })

  it('[V17] a frame keeps what is sound of it', () => {
    let unreadable = 0
    const frame = {
      type: 'frame',
      epoch: 'e',
      from: 1,
      to: 2,
      put: [{ entity: 'agent', id: 'b', rev: 2 }, agent],
      del: [],
    }
    const message = parseServerMessage(JSON.stringify(frame), (count) => {
      unreadable += count
    })
    expect([message, unreadable]).toEqual([{ ...frame, put: [agent] }, 1])
  })
})
