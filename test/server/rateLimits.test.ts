import express from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { accessList } from '../../protocol/access.ts'
import { answerErrors } from '../../server/api/errors.ts'
import { BoundedStore } from '../../server/guard/boundedStore.ts'
import { Guard } from '../../server/guard/guard.ts'
import { RATE_LIMITS, RATE_WINDOW_MS, type RatePolicy, rateLimits } from '../../server/guard/rateLimits.ts'
import { Tickets } from '../../server/guard/tickets.ts'
import { silentLog } from '../helpers/silentLog.ts'
import { ask, bearer, OPERATOR, startTestServer, TOKENS, VIEWER } from '../helpers/testServer.ts'

describe('[A8] the limits of the API', () => {
  const LIMITS = { health: 6, anonymous: 3, read: 5, command: 2, ticket: 4, ingest: 9 }
  let port: number
  let limited: RatePolicy[]
  let address: string
  let stop: () => void
  beforeEach(async () => {
    limited = []
    address = '10.0.0.1'
    const guard = new Guard({
      access: accessList({ port: 1, hostNames: [], publicUrls: [] }),
      operatorToken: TOKENS.operator,
      viewerToken: TOKENS.viewer,
      ingestToken: TOKENS.ingest,
      tickets: new Tickets(),
    })
    const app = express()
    // Where a request comes from, as the socket would say it.
    app.use((request, _response, next) => {
      Object.defineProperty(request, 'ip', { value: address })
      next()
    })
    app.use('/api', rateLimits({ guard, limits: LIMITS, onLimited: (policy) => limited.push(policy) }))
    app.use('/api', (_request, response) => void response.json({ success: true }))
    app.use(answerErrors(silentLog))
    const server = app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    port = (server.address() as { port: number }).port
    stop = () => server.close()
  })
  afterEach(() => stop())

  const statuses = async (count: number, path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const all: number[] = []
    for (let n = 0; n < count; n++) all.push((await ask(port, path, { headers, method })).status)
    return all
  }
  const passed = async (...args: Parameters<typeof statuses>) =>
    (await statuses(...args)).filter((status) => status === 200).length

  test.each([
    ['read', '/api/v1/bots/agents', VIEWER, 'GET'],
    ['command', '/api/v1/bots/agents', OPERATOR, 'POST'],
    ['command', '/api/v1/bots/agents/x', OPERATOR, 'DELETE'],
    ['ticket', '/api/v1/ticket', VIEWER, 'POST'],
    ['health', '/api/v1/bots/health', {}, 'GET'],
    ['anonymous', '/api/v1/bots/agents', {}, 'GET'],
    ['anonymous', '/api/v1/bots/agents', bearer('a-wrong-token'), 'GET'],
  ] as const)('%s: %s %j passes up to its limit', async (policy, path, headers, method) => {
    const limit = LIMITS[policy]
    const all = await statuses(limit + 2, path, headers, method)
    expect(all).toEqual([...Array(limit).fill(200), 429, 429])
    expect(limited).toEqual([policy, policy])
  })

  test('above it is RATE_LIMITED in the one shape, with the seconds to wait', async () => {
    await statuses(LIMITS.read, '/api/v1/bots/agents', VIEWER)
    const answer = await ask(port, '/api/v1/bots/agents', { headers: VIEWER })
    expect(answer.status).toBe(429)
    expect(Object.keys(answer.json())).toEqual(['success', 'error', 'code', 'details'])
    expect(answer.json().code).toBe('RATE_LIMITED')
    const seconds = Number(answer.headers['retry-after'])
    expect(seconds).toBeGreaterThanOrEqual(1)
    expect(seconds).toBeLessThanOrEqual(RATE_WINDOW_MS / 1000)
  })

  test('each token and each address has its own, and guesses cost the valid token nothing', async () => {
    expect(await passed(9, '/api/v1/bots/agents', VIEWER)).toBe(LIMITS.read)
    expect(await passed(9, '/api/v1/bots/agents', OPERATOR)).toBe(LIMITS.read)
    address = '10.0.0.2'
    expect(await passed(9, '/api/v1/bots/agents', VIEWER)).toBe(LIMITS.read)
    expect(await passed(9, '/api/v1/bots/agents', bearer('guess-number-1'))).toBe(LIMITS.anonymous)
    address = '10.0.0.3'
    expect(await passed(9, '/api/v1/bots/agents', bearer('guess-number-2'))).toBe(LIMITS.anonymous)
    expect(await passed(1, '/api/v1/bots/agents', VIEWER)).toBe(1)
  })

  test('a whole /64 of IPv6 is one address; an IPv4 address is itself in its IPv6 form too', async () => {
    address = '2001:db8:1:2::1'
    expect(await passed(4, '/api/v1/bots/agents', VIEWER)).toBe(4)
    address = '2001:db8:1:2:ffff:ffff:ffff:ffff'
    expect(await passed(4, '/api/v1/bots/agents', VIEWER)).toBe(1)
    address = '2001:db8:1:3::1'
    expect(await passed(4, '/api/v1/bots/agents', VIEWER)).toBe(4)
    address = '::ffff:10.0.0.9'
    expect(await passed(5, '/api/v1/bots/agents', VIEWER)).toBe(5)
    address = '::ffff:10.0.0.10'
    expect(await passed(5, '/api/v1/bots/agents', VIEWER)).toBe(5)
  })
})

describe('[A8] of the real server', () => {
  test('reads are limited, probes and the page are not', async () => {
    const server = await startTestServer({ type: 'demo', agents: 1 }, { rateLimits: RATE_LIMITS })
    try {
      const many = (path: string, count: number, headers = {}) =>
        Promise.all(Array.from({ length: count }, () => server.ask(path, { headers })))
      const guesses = await many('/api/v1/bots/status', RATE_LIMITS.anonymous + 10)
      expect(guesses.filter(({ status }) => status === 401)).toHaveLength(RATE_LIMITS.anonymous)
      const late = guesses.filter(({ status }) => status === 429)
      expect(late).toHaveLength(10)
      expect(late.every(({ headers }) => Number(headers['retry-after']) >= 1)).toBe(true)
      for (const path of ['/livez', '/readyz', '/', '/api/v1/bots/health']) {
        const answers = await many(path, RATE_LIMITS.anonymous + 10)
        expect(answers.map(({ status }) => status)).toEqual(Array(answers.length).fill(200))
      }
      expect((await server.ask('/api/v1/bots/status', { headers: VIEWER })).status).toBe(200)
    } finally {
      await server.stop()
    }
  })
})

describe('the store', () => {
  test('counts within a window and begins anew after it', () => {
    let nowMs = 0
    const store = new BoundedStore({ windowMs: 1_000, maxKeys: 10, now: () => nowMs })
    expect([1, 2, 3].map(() => store.increment('a').totalHits)).toEqual([1, 2, 3])
    store.decrement('a')
    expect(store.increment('a').totalHits).toBe(3)
    nowMs = 999
    expect(store.increment('a').totalHits).toBe(4)
    nowMs = 1_000
    expect(store.increment('a').totalHits).toBe(1)
    store.resetKey('a')
    expect(store.increment('a').totalHits).toBe(1)
  })

  test('keeps no more keys than it may, whoever comes, and forgets those whose window is over', () => {
    let nowMs = 0
    const store = new BoundedStore({ windowMs: 1_000, maxKeys: 100, now: () => nowMs })
    for (let n = 0; n < 10_000; n++) store.increment(`address ${n}`)
    expect(store.size).toBe(100)
    expect(store.increment('address 9999').totalHits).toBe(2)
    expect(store.increment('address 1').totalHits).toBe(1)
    nowMs = 5_000
    store.increment('late')
    expect(store.size).toBe(1)
  })
})
