// One agent's activity: read again on its frames, in words.

import { describe, expect, it } from 'vitest'
import { ActivityFeed, type Feed, type FeedItem, feedLines, REREAD_MS } from '../../web/store/activityFeed.ts'
import { type Answer, askApi, newKey } from '../../web/stream/apiClient.ts'
import { keepToken } from '../../web/stream/token.ts'

const item = (seq: number, fields: Partial<FeedItem> = {}): FeedItem => ({
  seq,
  index: 0,
  what: 'upserted',
  status: 'active',
  before: 'active',
  currentTask: null,
  tool: null,
  at: null,
  receivedAt: new Date(seq * 1_000).toISOString(),
  ...fields,
})
const pageOf = (items: FeedItem[], next: string | null = null): Answer => ({
  type: 'ok',
  body: { activity: items, next },
})

function world() {
  const asked: { path: string; answer: (answer: Answer) => void }[] = []
  const timers: { callback: () => void; delayMs: number }[] = []
  const state = { nowMs: 0, feed: null as Feed | null }
  const feed = new ActivityFeed('cf/a b', {
    read: (path) => new Promise((answer) => asked.push({ path, answer })),
    setTimer: (callback, delayMs) => timers.push({ callback, delayMs }),
    clearTimer: () => timers.splice(0),
    nowMs: () => state.nowMs,
    onFeed: (next) => {
      state.feed = next
    },
  })
  const answer = async (with_: Answer) => {
    asked.shift()?.answer(with_)
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  const seqs = () => state.feed?.items.map(({ seq }) => seq)
  return { feed, asked, timers, state, answer, seqs }
}

describe('the feed', () => {
  it('asks for this one agent', () => {
    const { feed, asked } = world()
    feed.start()
    expect(asked[0]?.path).toBe('/activity?kind=agent&limit=25&id=cf%2Fa%20b')
  })

  it('that could not be read is read when the line is back, one that could is not', async () => {
    const { feed, asked, state, answer, seqs } = world()
    feed.start()
    await answer({
      type: 'failed',
      error: { error: 'No answer', code: 'SERVER_UNREACHABLE', details: { suggestion: '' } },
    })
    state.nowMs = REREAD_MS
    feed.lineIsBack()
    await answer(pageOf([item(4)]))
    expect([seqs(), state.feed?.error]).toEqual([[4], null])
    state.nowMs = 2 * REREAD_MS
    feed.lineIsBack()
    expect(asked).toEqual([])
  })

  it('reads again when the agent changed, at most so often, and not otherwise', async () => {
    const { feed, asked, timers, state, answer, seqs } = world()
    feed.start()
    await answer(pageOf([item(1)]))
    expect(timers).toEqual([])
    state.nowMs = 100
    feed.touch()
    feed.touch()
    expect(asked).toEqual([])
    expect(timers.map(({ delayMs }) => delayMs)).toEqual([REREAD_MS - 100])
    state.nowMs = REREAD_MS
    timers.shift()?.callback()
    await answer(pageOf([item(2), item(1)]))
    expect(seqs()).toEqual([2, 1])
    state.nowMs = 10 * REREAD_MS
    feed.touch()
    expect(asked).toHaveLength(1)
  })

  it('reads once more if something changed while it read', async () => {
    const { feed, asked, timers, answer } = world()
    feed.start()
    feed.touch()
    expect(asked).toHaveLength(1)
    await answer(pageOf([item(1)]))
    expect(timers).toHaveLength(1)
  })

  it('goes back, and keeps what it has where the new meets it', async () => {
    const { feed, asked, answer, seqs, state } = world()
    feed.start()
    await answer(pageOf([item(5), item(4)], 'e.4.0'))
    const older = feed.readOlder()
    expect(asked[0]?.path).toContain('&cursor=e.4.0')
    await answer(pageOf([item(3), item(2)], 'e.2.0'))
    await older
    expect(seqs()).toEqual([5, 4, 3, 2])
    state.nowMs = 2 * REREAD_MS
    feed.touch()
    await answer(pageOf([item(6), item(5)], 'e.5.0'))
    expect(seqs()).toEqual([6, 5, 4, 3, 2])
    expect(state.feed?.next).toBe('e.2.0')
  })

  it('lets go of what it has where there would be a gap', async () => {
    const { feed, answer, seqs, state } = world()
    feed.start()
    await answer(pageOf([item(2), item(1)]))
    state.nowMs = 2 * REREAD_MS
    feed.touch()
    await answer(pageOf([item(90), item(89)], 'e.89.0'))
    expect(seqs()).toEqual([90, 89])
    expect(state.feed?.next).toBe('e.89.0')
  })

  it('says what is wrong and keeps what it has', async () => {
    const { feed, answer, seqs, state } = world()
    feed.start()
    await answer(pageOf([item(1)]))
    state.nowMs = 2 * REREAD_MS
    feed.touch()
    await answer({
      type: 'failed',
      error: { error: 'Too many requests', code: 'RATE_LIMITED', details: { suggestion: '' } },
    })
    expect(seqs()).toEqual([1])
    expect(state.feed?.error?.code).toBe('RATE_LIMITED')
  })

  it('does nothing any more once it is closed', async () => {
    const { feed, asked, answer, state } = world()
    feed.start()
    feed.close()
    await answer(pageOf([item(1)]))
    feed.touch()
    expect(asked).toEqual([])
    expect(state.feed).toBeNull()
  })

  it('passes over what it does not know', async () => {
    const { feed, answer, seqs } = world()
    feed.start()
    await answer({ type: 'ok', body: { activity: [null, 5, { seq: 'x' }, item(1)], next: 7 } })
    expect(seqs()).toEqual([1])
  })
})

describe('the feed in words', () => {
  const tool = { name: 'Bash', detail: 'npm test', phase: 'ended', durationMs: 1_240, ok: true } as const

  it('tells tools, states and tasks, the latest first', () => {
    const items = [
      item(9, { what: 'retired', status: null }),
      item(8, { status: 'error', before: 'busy' }),
      item(7, { tool: { ...tool, ok: false, durationMs: 40 } }),
      item(6, { tool }),
      item(5, { tool: { ...tool, phase: 'started', durationMs: null, ok: null } }),
      item(4, { currentTask: 'Add a login page' }),
      item(3, { status: 'active', before: 'idle' }),
      item(1, { status: 'idle', before: null }),
    ]
    expect(feedLines(items).map(({ text, tone }) => [text, tone])).toEqual([
      ['gone', 'quiet'],
      ['busy → error', 'failed'],
      ['Bash npm test failed after 40 ms', 'failed'],
      ['Bash npm test done after 1.2 s', 'plain'],
      ['Bash npm test …', 'plain'],
      ['task: Add a login page', 'plain'],
      ['idle → active', 'plain'],
      ['first seen: idle', 'plain'],
    ])
  })

  it('makes one line of reports that say nothing new', () => {
    const items = [item(4), item(3), item(2), item(1, { before: null })]
    expect(feedLines(items).map(({ text }) => text)).toEqual(['reported again, 3 times', 'first seen: active'])
    expect(feedLines(items)[0]?.at).toBe(item(4).receivedAt)
  })

  it('takes no time of ours for one of a recording: what has none of its own has none', () => {
    const told = '2026-11-20T10:00:00.000Z'
    const items = [item(4, { status: 'error', before: 'busy' }), item(3, { at: told, status: 'busy', before: 'idle' })]
    expect(feedLines(items, true).map(({ at }) => at)).toEqual([null, told])
    expect(feedLines(items).map(({ at }) => at)).toEqual([item(4).receivedAt, told])
  })
})

describe('the API', () => {
  const fetcher = (status: number, body: unknown) => {
    const calls: { path: string; init: RequestInit }[] = []
    const ask: typeof fetch = async (path, init) => {
      calls.push({ path: String(path), init: init ?? {} })
      return new Response(JSON.stringify(body), { status })
    }
    return { calls, ask }
  }

  it('is asked with the token, and commands with their key', async () => {
    keepToken(null, 'secret')
    const { calls, ask } = fetcher(200, { success: true })
    const answer = await askApi('/tasks', { method: 'POST', body: { a: 1 }, idempotencyKey: 'k' }, ask)
    expect(answer).toEqual({ type: 'ok', body: { success: true } })
    expect(calls[0]?.path).toBe('/api/v1/bots/tasks')
    expect(calls[0]?.init).toMatchObject({
      method: 'POST',
      body: '{"a":1}',
      headers: { Authorization: 'Bearer secret', 'Content-Type': 'application/json', 'Idempotency-Key': 'k' },
    })
  })

  it("fails in the API's own words, and a server that is not there is an error too", async () => {
    const error = { error: 'No', code: 'FORBIDDEN', details: { suggestion: 'Ask' } }
    expect(await askApi('/x', {}, fetcher(403, { success: false, ...error }).ask)).toEqual({ type: 'failed', error })
    expect(await askApi('/x', {}, () => Promise.reject(new TypeError('down')))).toMatchObject({
      error: { code: 'SERVER_UNREACHABLE' },
    })
    expect(await askApi('/x', {}, fetcher(502, 'what').ask)).toMatchObject({ error: { code: 'SERVER_UNREACHABLE' } })
  })

  it('gets another key each time', () => {
    expect(newKey()).toMatch(/^[0-9a-f]{32}$/)
    expect(newKey()).not.toBe(newKey())
  })
})
