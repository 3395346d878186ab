import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CLOSE,
  mayRetryAfter,
  PING_INTERVAL_MS,
  PONG_TIMEOUT_MS,
  parseServerMessage,
  type ServerMessage,
  VIEWER_PROTOCOL,
} from '../../protocol/viewerWire.ts'
import { sampleAgent, sampleSourceStatus, TIME } from './samples.ts'

const agent = { ...sampleAgent('a'), rev: 3 }
const MESSAGES: Record<ServerMessage['type'], ServerMessage> = {
  hello: { type: 'hello', protocol: 1, version: '0.1.0', role: 'viewer' },
  snapshot: { type: 'snapshot', epoch: 'e1', seq: 3, index: 0, last: true, put: [agent] },
  frame: { type: 'frame', epoch: 'e1', from: 2, to: 3, put: [agent], del: [{ entity: 'agent', id: 'b' }] },
  status: { type: 'status', mode: 'live', degraded: [], sources: [sampleSourceStatus()], viewers: 1, at: TIME },
  ping: { type: 'ping' },
  goodbye: { type: 'goodbye', retryAfterMs: 1_500 },
}

describe('parseServerMessage', () => {
  it.each(Object.values(MESSAGES))('[V3–V15] takes a $type as it is', (message) => {
    expect(parseServerMessage(JSON.stringify(message))).toEqual(message)
  })

  it.each<[string, unknown]>([
    ['no JSON', undefined],
    ['null', null],
    ['a number', 7],
    ['a list', [MESSAGES.ping]],
    ['no type', { epoch: 'e1' }],
    ['an unknown type', { type: 'bye' }],
    ['the type of a prototype', { type: 'constructor' }],
    ['a hello without a version', { type: 'hello', protocol: 1 }],
    ['a frame with a negative place', { ...MESSAGES.frame, from: -1 }],
    ['a frame with a fraction', { ...MESSAGES.frame, to: 1.5 }],
    ['a frame beyond what can be counted', { ...MESSAGES.frame, to: 2 ** 60 }],
    ['a frame without its ends', { ...MESSAGES.frame, del: undefined }],
    ['a frame that ends something without a name', { ...MESSAGES.frame, del: [{ entity: 'agent' }] }],
    ['a frame with an entity without an id', { ...MESSAGES.frame, put: [{ ...agent, id: undefined }] }],
    ['a frame with an entity without a revision', { ...MESSAGES.frame, put: [{ ...agent, rev: null }] }],
    ['a frame with null for an entity', { ...MESSAGES.frame, put: [null] }],
    ['a chunk without a number', { ...MESSAGES.snapshot, index: undefined }],
    ['a chunk that does not say whether it is the last', { ...MESSAGES.snapshot, last: undefined }],
    ['a chunk without an epoch', { ...MESSAGES.snapshot, epoch: 5 }],
    ['a goodbye that says no time', { type: 'goodbye', retryAfterMs: -1 }],
    ['a status without sources', { ...MESSAGES.status, sources: null }],
  ])('refuses %s', (_, message) => {
    expect(parseServerMessage(message === undefined ? '{"type":' : JSON.stringify(message))).toBeNull()
  })

  it.each<[string, unknown]>([
    ['nothing', 'open'],
    ['a kind of TLS that this page does not know', { tls: 'acme' }],
    ['a port that is none', { plainPort: -1 }],
    ['an address that is none', { secureUrl: 5 }],
  ])('[V3] a hello whose doors say %s stands without them', (_case, said) => {
    const good = { tls: 'none', secureUrl: null, plainPort: 8080, lanName: 'studio.local' }
    const told = { ...MESSAGES.hello, doors: good }
    expect(parseServerMessage(JSON.stringify(told))).toEqual(told)
    const doors = typeof said === 'object' ? { ...good, ...said } : said
    expect(parseServerMessage(JSON.stringify({ ...told, doors }))).toEqual({ ...told, doors: null })
  })

  it('never throws, whatever comes', () => {
    const almost = fc
      .tuple(
        fc.constantFrom(...Object.values(MESSAGES)),
        fc.constantFrom('type', 'epoch', 'put', 'del', 'seq', 'index'),
        fc.jsonValue(),
      )
      .map(([message, field, value]) => JSON.stringify({ ...message, [field]: value }))
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), almost), (text) => {
        const message = parseServerMessage(text)
        if (message) expect(Object.keys(MESSAGES)).toContain(message.type)
      }),
      { numRuns: 2_000 },
    )
  })

  it('[F9] a hostile key does no harm', () => {
    parseServerMessage('{"type":"ping","__proto__":{"polluted":true}}')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})

it('[V11] close codes say whether to try again', () => {
  const retried = Object.entries(CLOSE).filter(([, code]) => mayRetryAfter(code))
  expect(Object.fromEntries(retried)).toEqual({
    GOING_AWAY: 1001,
    TOO_LARGE: 1009,
    BAD_MESSAGE: 4400,
    TIMED_OUT: 4408,
    TOO_SLOW: 4409,
    TOO_MANY_MESSAGES: 4429,
  })
  expect([1000, 1006, 1011, 1012, 1013].every(mayRetryAfter)).toBe(true)
  expect(mayRetryAfter(CLOSE.UNAUTHORIZED) || mayRetryAfter(CLOSE.VERSION_MISMATCH)).toBe(false)
})

it('[V9] a dead line is noticed within 33 s', () => {
  expect(PING_INTERVAL_MS + PONG_TIMEOUT_MS).toBe(33_000)
})

it('[V3] the range of versions is none that is empty', () => {
  expect(VIEWER_PROTOCOL.min).toBeLessThanOrEqual(VIEWER_PROTOCOL.max)
})
