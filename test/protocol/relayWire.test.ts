import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  commonVersion,
  helloParams,
  helloResult,
  RELAY_PROTOCOL,
  recordChunk,
  recordFrame,
  subscribeParams,
  type VersionRange,
} from '../../protocol/relayWire.ts'

const range: fc.Arbitrary<VersionRange> = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.nat({ max: 4 }))
  .map(([min, more]) => ({ min, max: min + more }))

const versions = ({ min, max }: VersionRange) => Array.from({ length: max - min + 1 }, (_, index) => min + index)

it('[R2] the common version is the highest that both know, from either end', () => {
  fc.assert(
    fc.property(range, range, (a, b) => {
      const both = versions(a).filter((version) => versions(b).includes(version))
      expect(commonVersion(a, b)).toBe(both.at(-1) ?? null)
      expect(commonVersion(b, a)).toBe(commonVersion(a, b))
    }),
  )
})

const hello = {
  sourceId: 'k3Jx_9-a',
  version: '0.1.0',
  protocol: RELAY_PROTOCOL,
  project: { name: 'shop', root: '/home/me/shop', host: 'powerdev' },
  state: {
    child: { state: 'up', serverInfo: { name: 'ruflo', version: '3.0.0' }, restarts: 0, lastError: null },
    hasState: true,
  },
}

describe('hello', () => {
  it('[R1] says who and what the relay is; what a later version adds is let through', () => {
    expect(helloResult.parse({ ...hello, later: 1 })).toEqual({ ...hello, later: 1 })
    expect(helloParams.parse({ version: '9', protocol: { min: 1, max: 3 }, later: 1 })).toMatchObject({ later: 1 })
  })

  it.each([
    ['no source id', { sourceId: undefined }],
    ['a source id that would break ids and paths', { sourceId: 'a/b' }],
    ['an empty source id', { sourceId: '' }],
    ['no versions', { protocol: undefined }],
    ['version nought', { protocol: { min: 0, max: 1 } }],
    ['an unknown child state', { state: { ...hello.state, child: { ...hello.state.child, state: 'fine' } } }],
  ])('[R1, R3] is refused with %s', (_, wrong) => {
    expect(helloResult.safeParse({ ...hello, ...wrong }).success).toBe(false)
  })
})

describe('subscribe', () => {
  it('[R4] a first-comer is nowhere', () => {
    expect(subscribeParams.parse({})).toEqual({ epoch: null, rev: 0 })
    expect(subscribeParams.parse({ epoch: null, rev: 0 })).toEqual({ epoch: null, rev: 0 })
  })

  it.each([{ rev: -1 }, { rev: 1.5 }, { rev: '1' }, { epoch: 7 }, { epoch: 'e'.repeat(101) }])(
    '[R4] refuses %j',
    (params) => {
      expect(subscribeParams.safeParse(params).success).toBe(false)
    },
  )
})

const record = {
  entity: 'record',
  id: 'agent/queen',
  rev: 4,
  nativeId: 'queen',
  generation: 3,
  at: '2026-11-23T21:07:25.143Z',
  kind: 'agent',
  data: {
    name: 'queen',
    type: 'coordinator',
    status: 'idle',
    health: 1,
    taskCount: 0,
    currentTask: null,
    model: 'sonnet',
    capabilities: null,
    swarm: null,
    createdAt: '2026-11-23T21:07:25.143Z',
  },
}

describe('frames and chunks of records', () => {
  it('[R5] go through as they are', () => {
    const frame = { epoch: 'e1', from: 3, to: 4, put: [record], del: [{ entity: 'record', id: 'agent/scout' }] }
    expect(recordFrame.parse(frame)).toEqual(frame)
    const chunk = { epoch: 'e1', seq: 4, index: 0, last: true, put: [record] }
    expect(recordChunk.parse(chunk)).toEqual(chunk)
  })

  it('[R7] lose what is not on the list of fields', () => {
    const [read] = recordFrame.parse({
      epoch: 'e1',
      from: 3,
      to: 4,
      put: [{ ...record, hiveToken: 'secret', data: { ...record.data, hiveToken: 'secret', env: { A: 'b' } } }],
      del: [],
    }).put
    expect(read).toEqual(record)
  })

  it('[R8] take a field of the wrong type as absent', () => {
    const wrong = {
      ...record,
      data: { ...record.data, health: 'fine', createdAt: 'yesterday', capabilities: [1], name: 7 },
    }
    expect(recordFrame.parse({ epoch: 'e1', from: 3, to: 4, put: [wrong], del: [] }).put[0]?.data).toEqual({
      ...record.data,
      health: null,
      createdAt: null,
      capabilities: null,
      name: null,
    })
  })

  it.each([
    ['an entity that is no record', { ...record, entity: 'agent' }],
    ['an unknown kind', { ...record, kind: 'spell' }],
    ['an unknown generation', { ...record, generation: 4 }],
    ['no native id', { ...record, nativeId: '' }],
    ['a negative revision', { ...record, rev: -1 }],
    ['no time', { ...record, at: 'now' }],
  ])('[R7] refuse %s', (_, wrong) => {
    expect(recordFrame.safeParse({ epoch: 'e1', from: 3, to: 4, put: [wrong], del: [] }).success).toBe(false)
  })
})
