// The door for Claude Code's hooks, over real sockets.

import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HookIntake } from '../../../server/ingest/hookIntake.ts'
import { HOOKS_PATH } from '../../../server/ingest/paths.ts'
import type { HookRecord } from '../../../server/sources/claudeCode/records.ts'
import { type IngestServer, KeepingSink, recorded, startIngest } from '../../helpers/ingestServer.ts'
import { silentLog } from '../../helpers/silentLog.ts'
import { bearer, TOKENS } from '../../helpers/testServer.ts'
import { seededRandom } from '../../protocol/samples.ts'

let server: IngestServer
beforeEach(async () => {
  server = await startIngest()
})
afterEach(() => server.stop())

const session = { session_id: 's-1', cwd: '/home/dev/shop', hook_event_name: 'PreToolUse' }
const accepted = () => server.claudeCode.records as HookRecord[]

describe('a hook', () => {
  test.each([
    ['127.0.0.1', {}, null, true],
    ['::1', {}, null, true],
    ['::ffff:127.0.0.1', {}, null, true],
    ['192.168.1.1', {}, null, true],
    ['::ffff:192.168.1.1', {}, null, true],
    ['127.0.0.1', { 'X-Forwarded-For': '192.168.1.7' }, null, false],
    ['127.0.0.1', { Forwarded: 'for=192.168.1.7' }, null, false],
    ['192.168.1.7', { Via: '1.1 proxy' }, null, false],
    ['192.168.1.7', {}, '192.168.1.7', false],
    ['::ffff:192.168.1.7', {}, '192.168.1.7', false],
    ['fe80::1%eth0', {}, 'fe80--1', false],
    ['192.168.1.7', { 'X-Swarmscope-Host': 'laptop' }, 'laptop', false],
    ['127.0.0.1', { 'X-Swarmscope-Host': 'laptop' }, 'laptop', false],
  ])('[K15] from %s with %j is of the machine %s, and from here: %s', async (peer, headers, host, isHere) => {
    const seen = await startIngest({ peer })
    try {
      await seen.hook(session, { headers })
      expect(await seen.claudeCode.until(1)).toMatchObject([{ host, isHere }])
    } finally {
      await seen.stop()
    }
  })

  test('[I2] is answered with 200 and `{}`, and comes to the model: the whole recording', async () => {
    for (const body of recorded('hooks')) {
      const reply = await server.hook(body)
      expect([reply.status, reply.text, reply.headers['content-type']]).toEqual([200, '{}', 'application/json'])
    }
    const records = (await server.claudeCode.until(22)) as HookRecord[]
    expect(records.map(({ event }) => event)).toEqual(
      recorded('hooks').map((body) => (JSON.parse(body) as { hook_event_name: string }).hook_event_name),
    )
    expect(new Set(records.map(({ sessionId }) => sessionId)).size).toBe(1)
    expect(server.counts()).toEqual({ hooks: 22 })
  })

  test('[I2] is answered before it is in the log, and though it never comes there', async () => {
    let release: () => void = () => undefined
    server.claudeCode.answer = () =>
      new Promise((resolve) => {
        release = resolve
      })
    expect((await server.hook(session)).text).toBe('{}')
    await server.claudeCode.until(1)
    for (let n = 0; n < 5; n++) expect((await server.hook(session)).text).toBe('{}')
    expect(server.claudeCode.batches).toHaveLength(1)
    server.claudeCode.answer = () => Promise.resolve()
    release()
    await server.claudeCode.until(6)
    expect(server.claudeCode.batches).toHaveLength(2)
  })

  test('[I2] is answered when a fault of ours loses it; that is counted, and the next ones come through', async () => {
    server.claudeCode.answer = () => Promise.reject(new Error('the disk is full'))
    expect((await server.hook(session)).text).toBe('{}')
    await server.claudeCode.until(1)
    server.claudeCode.answer = () => Promise.resolve()
    expect((await server.hook({ ...session, session_id: 's-2' })).text).toBe('{}')
    await server.claudeCode.until(2)
    expect(server.counts()).toEqual({ hooks: 2, hooksFailed: 1 })
  })

  test('[I2] comes in by any name that is ours, in pieces, and many on one connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const sockets = new Set<unknown>()
    for (const host of [`localhost:${server.port}`, `127.0.0.1:${server.port}`, `[::1]:${server.port}`]) {
      const status = await new Promise((resolve, reject) => {
        const sent = request(
          { host: '127.0.0.1', port: server.port, path: `${HOOKS_PATH}?from=hook`, method: 'POST', agent },
          (response) => {
            sockets.add(response.socket)
            response.resume().on('end', () => resolve(response.statusCode))
          },
        )
        sent.setHeader('Host', host)
        sent.setHeader('Authorization', `Bearer ${TOKENS.ingest}`)
        sent.on('error', reject)
        sent.end(JSON.stringify(session))
      })
      expect(status).toBe(200)
    }
    expect(sockets.size).toBe(1)
    expect((await server.hook(session, { chunkBytes: 7 })).text).toBe('{}')
    expect(await server.claudeCode.until(4)).toHaveLength(4)
    agent.destroy()
  })

  test('[I4] says by headers from which machine it comes and which process; a body that says so is not believed', async () => {
    const headers = { 'X-Swarmscope-Host': 'laptop.lan', 'X-Swarmscope-Pid': '4711' }
    const start = { session_id: 's-1', hook_event_name: 'SessionStart' }
    await server.hook({ ...start, swarmscope_host: 'evil', swarmscope_parent_pid: 1 }, { headers })
    await server.hook({ ...start, swarmscope_host: 'evil', swarmscope_parent_pid: 1 })
    await server.hook(start, { headers: { 'X-Swarmscope-Host': 'a b', 'X-Swarmscope-Pid': '-1' } })
    await server.claudeCode.until(3)
    expect(accepted().map(({ host, parentPid }) => [host, parentPid])).toEqual([
      ['laptop.lan', 4711],
      [null, null],
      [null, null],
    ])
  })

  test('[I4] of megabytes is taken for what it tells, quickly', async () => {
    const picture = 'iVBORw0KGgo'.repeat(600_000)
    const body = JSON.stringify({
      ...session,
      hook_event_name: 'PostToolUse',
      tool_name: 'Read',
      tool_input: { file_path: '/home/dev/shop/logo.png' },
      tool_response: { type: 'image', file: { base64: picture } },
      tool_use_id: 'toolu_9',
      duration_ms: 12,
    })
    expect((await server.hook(body)).text).toBe('{}')
    await server.claudeCode.until(1)
    expect(accepted()[0]).toMatchObject({
      event: 'PostToolUse',
      tool: { name: 'Read', useId: 'toolu_9' },
      durationMs: 12,
    })
  })
})

describe('[I1] the door', () => {
  test('takes the ingest token and no other, and says which one it wants', async () => {
    for (const headers of [bearer(TOKENS.operator), bearer(TOKENS.viewer), bearer('wrong'), { Authorization: '' }]) {
      const reply = await server.hook(session, { headers })
      expect(reply.status).toBe(401)
      expect(reply.headers['www-authenticate']).toBe('Bearer error="invalid_token"')
      expect(JSON.parse(reply.text)).toMatchObject({ success: false, code: 'UNAUTHORIZED' })
      expect(reply.text).toContain('ingest token')
      expect(reply.text).not.toContain(TOKENS.ingest)
    }
    expect(accepted()).toEqual([])
    expect([...server.ingest.counts.refusals.hooks].find(([why]) => why === 'unauthorized')).toEqual([
      'unauthorized',
      4,
    ])
  })

  test('refuses other hosts and web pages, whatever token they bring', async () => {
    const other = await server.hook(session, { headers: { Host: 'evil.example' } })
    expect([other.status, JSON.parse(other.text).code]).toEqual([421, 'WRONG_HOST'])
    const page = await server.hook(session, { headers: { Origin: 'https://evil.example' } })
    expect([page.status, JSON.parse(page.text).code]).toEqual([403, 'WRONG_ORIGIN'])
    expect(accepted()).toEqual([])
  })

  test('takes nothing but POST', async () => {
    const reply = await server.hook('', { method: 'GET' })
    expect([reply.status, reply.headers.allow]).toEqual([405, 'POST'])
  })

  test('has a bound for a body, told beforehand or not: 413', async () => {
    const long = 'x'.repeat(8 * 1024 * 1024 + 1)
    expect((await server.hook(long)).status).toBe(413)
    expect((await server.hook(long, { chunkBytes: 1024 * 1024 })).status).toBe(413)
    expect(server.counts()).toEqual({})
  })

  test('has a bound for each address: 429, with Retry-After; guesses count apart', async () => {
    const limited = await startIngest({ limits: { ingest: 3, anonymous: 2 } })
    try {
      const statuses = async (count: number, headers: Record<string, string> = {}) => {
        const all: number[] = []
        for (let n = 0; n < count; n++) all.push((await limited.hook(session, { headers })).status)
        return all
      }
      expect(await statuses(4, bearer('guess'))).toEqual([401, 401, 429, 429])
      expect(await statuses(4)).toEqual([200, 200, 200, 429])
      expect(Number((await limited.hook(session)).headers['retry-after'])).toBeGreaterThanOrEqual(1)
    } finally {
      await limited.stop()
    }
  })
})

describe('[I5] what is hostile', () => {
  const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
  const hostile: [string, string][] = [
    ['no JSON', 'no JSON'],
    ['nothing', ''],
    ['half of it', '{"session_id": "s-1", "hook_event_name": "Pre'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '1e400'],
    ['a session that is none', '{"session_id": {"a": 1}, "hook_event_name": "Stop"}'],
    ['a session with a line break', JSON.stringify({ session_id: 'a\nb', hook_event_name: 'Stop' })],
    ['100,000 deep', `{"session_id": "s-1", "hook_event_name": "PreToolUse", "tool_input": ${deep(100_000)}}`],
    ['a NUL and half a surrogate', '{"session_id": "\\u0000\\ud800", "hook_event_name": "Stop"}'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]).toString('latin1')],
    [
      '1,000,000 keys',
      `{"session_id":"s","hook_event_name":"Stop",${Array.from({ length: 200_000 }, (_, n) => `"k${n}":${n}`).join(',')}}`,
    ],
  ]

  test.each(hostile)('is answered like all else: %s', async (_name, body) => {
    expect(await server.hook(body)).toMatchObject({ status: 200, text: '{}' })
    expect(await server.hook({ ...session, session_id: 'after' })).toMatchObject({ status: 200, text: '{}' })
    await server.claudeCode.until(1)
    const others = accepted().filter(({ sessionId }) => sessionId !== 'after')
    for (const { sessionId } of others) expect(sessionId).toBe('s-1')
  })

  test('changes no prototype, and wrong types count as absent', async () => {
    const names = ['__proto__', 'constructor', 'prototype', 'toString']
    for (const name of names) {
      await server.hook(
        `{"${name}": {"polluted": 1}, "session_id": "s-1", "hook_event_name": "PreToolUse", "tool_name": "${name}",
          "tool_input": {"${name}": {"polluted": 1}, "file_path": {"${name}": 1}}, "tool_use_id": 7, "duration_ms": "x"}`,
      )
    }
    await server.claudeCode.until(names.length)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    for (const record of accepted()) expect(record).toMatchObject({ sessionId: 's-1', durationMs: null })
  })

  test('of a socket that goes away in the middle leaves nothing behind', async () => {
    for (let n = 0; n < 20; n++) {
      const socket = connect(server.port, '127.0.0.1')
      await new Promise((resolve) => socket.once('connect', resolve))
      socket.write(
        `POST ${HOOKS_PATH} HTTP/1.1\r\nHost: localhost:${server.port}\r\nAuthorization: Bearer ${TOKENS.ingest}\r\nContent-Length: 1000\r\n\r\n{"half`,
      )
      socket.destroy()
    }
    expect(await server.hook(session)).toMatchObject({ status: 200, text: '{}' })
    await server.claudeCode.until(1)
    expect(server.counts()).toEqual({ hooks: 1 })
  })

  const SEEDS = [1, 2, 3, 4, 5]
  test.each(SEEDS)(
    'mutated recordings never bring another answer than `{}`, nor a bad record (seed %i)',
    async (seed) => {
      const random = seededRandom(seed)
      const bodies = recorded('hooks')
      const sent = Array.from({ length: 200 }, () => mutate(bodies[Math.floor(random() * bodies.length)] ?? '', random))
      for (let at = 0; at < sent.length; at += 20) {
        const replies = await Promise.all(sent.slice(at, at + 20).map((body) => server.hook(body)))
        for (const reply of replies) expect([reply.status, reply.text]).toEqual([200, '{}'])
      }
      await server.ingest.close()
      for (const record of accepted()) {
        expect(record.type).toBe('hook')
        expect(record.sessionId).toMatch(/^[\w.:@+=-]{1,128}$/)
        expect(JSON.stringify(record).length).toBeLessThan(4_000)
      }
      const { hooksMalformed = 0 } = server.counts()
      expect(accepted().length + hooksMalformed).toBe(sent.length)
      expect(accepted().length).toBeGreaterThan(10)
    },
  )
})

describe('[I3] a flood', () => {
  const body = (event: string, n: number, padding = 0) =>
    Buffer.from(JSON.stringify({ session_id: `s-${n}`, hook_event_name: event, pad: 'x'.repeat(padding) }))
  const waiting = { receivedAtMs: Date.now(), machine: { host: null, isHere: true }, pid: null }

  test('waits bounded: tool calls are dropped first, and every drop is counted', async () => {
    const sink = new KeepingSink<HookRecord>()
    let release: () => void = () => undefined
    sink.answer = () =>
      new Promise((resolve) => {
        release = resolve
      })
    const counts = new Map<string, number>()
    const count = (what: string, more = 1) => void counts.set(what, (counts.get(what) ?? 0) + more)
    const intake = new HookIntake({
      sink: sink as never,
      showContent: false,
      count,
      log: silentLog,
      bounds: { maxHooks: 100, maxBytes: 1_000_000 },
    })
    intake.push({ ...waiting, bytes: body('SessionStart', 0) })
    await sink.until(1)
    for (let n = 1; n <= 5_000; n++) intake.push({ ...waiting, bytes: body('PreToolUse', n) })
    for (let n = 1; n <= 40; n++) intake.push({ ...waiting, bytes: body('SubagentStop', 10_000 + n) })
    expect(intake.waiting.hooks).toBe(100)
    expect(counts.get('hooksDroppedActivity')).toBe(4_940)
    expect(counts.get('hooksDroppedLifecycle')).toBeUndefined()
    for (let n = 1; n <= 100; n++) intake.push({ ...waiting, bytes: body('Stop', 20_000 + n) })
    expect(counts.get('hooksDroppedLifecycle')).toBe(40)
    sink.answer = () => Promise.resolve()
    release()
    await intake.close()
    expect(sink.records.filter(({ event }) => event === 'SubagentStop')).toHaveLength(40)
    expect(sink.records).toHaveLength(101)
  })

  test('waits bounded in bytes too', () => {
    const intake = new HookIntake({
      sink: { accept: () => new Promise(() => undefined) },
      showContent: false,
      count: () => undefined,
      log: silentLog,
      bounds: { maxHooks: 10_000, maxBytes: 1_000_000 },
    })
    for (let n = 0; n < 100; n++) intake.push({ ...waiting, bytes: body('PostToolUse', n, 64 * 1024) })
    expect(intake.waiting.bytes).toBeLessThanOrEqual(1_000_000)
    expect(intake.waiting.hooks).toBe(15)
  })

  test('of 100,000 ids is handed on in batches, one at a time, in order', async () => {
    const sink = new KeepingSink<HookRecord>()
    let underWay = 0
    sink.answer = async () => {
      expect(++underWay).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      underWay--
    }
    const counts = new Map<string, number>()
    const intake = new HookIntake({
      sink: sink as never,
      showContent: false,
      count: (what, more = 1) => void counts.set(what, (counts.get(what) ?? 0) + more),
      log: silentLog,
      bounds: { maxHooks: 4_000, maxBytes: 1e9 },
    })
    for (let n = 0; n < 100_000; n++) intake.push({ ...waiting, bytes: body('SubagentStart', n) })
    expect(intake.waiting.hooks).toBe(4_000)
    expect(counts.get('hooksDroppedLifecycle')).toBe(96_000)
    await intake.close()
    expect(sink.records.map(({ sessionId }) => Number(sessionId.slice(2)))).toEqual(
      Array.from({ length: 4_000 }, (_, n) => n),
    )
    expect(Math.max(...sink.batches.map(({ length }) => length))).toBeLessThanOrEqual(500)
  })

  test('of 64 KB bodies is read a few at a time: others have their turn between', async () => {
    const sink = new KeepingSink<HookRecord>()
    const intake = new HookIntake({ sink: sink as never, showContent: false, count: () => undefined, log: silentLog })
    let turns = 0
    let isDone = false
    const look = () => {
      turns++
      if (!isDone) setImmediate(look)
    }
    const bytes = Buffer.from(
      JSON.stringify({ session_id: 's', hook_event_name: 'Stop', lines: Array(3_000).fill('a line of "64" KB\n') }),
    )
    for (let n = 0; n < 300; n++) intake.push({ ...waiting, bytes })
    setImmediate(look)
    await intake.close()
    isDone = true
    expect(sink.records).toHaveLength(300)
    expect(turns).toBeGreaterThan(5)
  })

  test('is handed on 16 ms apart, or when a batch is full; the first after a pause at once', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] })
    try {
      const sink = new KeepingSink<HookRecord>()
      const intake = new HookIntake({ sink: sink as never, showContent: false, count: () => undefined, log: silentLog })
      const push = (count: number) => {
        for (let n = 0; n < count; n++) intake.push({ ...waiting, bytes: body('Stop', n) })
      }
      const sizes = async (afterMs: number) => {
        await vi.advanceTimersByTimeAsync(afterMs)
        // Read in one turn, handed on in the next, which with fake timers is a millisecond later.
        await vi.advanceTimersByTimeAsync(1)
        return sink.batches.splice(0).map(({ length }) => length)
      }
      push(1)
      expect(await sizes(0)).toEqual([1])
      push(2)
      expect(await sizes(10)).toEqual([])
      push(3)
      expect(await sizes(7)).toEqual([5])
      push(1)
      expect(await sizes(1)).toEqual([])
      push(700)
      expect(await sizes(0)).toEqual([500])
      expect(await sizes(17)).toEqual([201])
      expect(await sizes(1_000)).toEqual([])
      push(1)
      expect(await sizes(0)).toEqual([1])
      await intake.close()
    } finally {
      vi.useRealTimers()
    }
  })
})

test('[I6] while a demo or a recording is shown, hooks are answered and thrown away', async () => {
  const shown = await startIngest({ sinks: null })
  try {
    expect(await shown.hook(session)).toMatchObject({ status: 200, text: '{}' })
    expect(shown.counts()).toEqual({ hooks: 1, hooksUnwanted: 1 })
  } finally {
    await shown.stop()
  }
})

/** A few bytes changed, cut, doubled or put in. */
function mutate(text: string, random: () => number): string {
  const bytes = [...Buffer.from(text)]
  const times = Math.floor(random() * 4)
  for (let n = 0; n < times; n++) {
    const at = Math.floor(random() * bytes.length)
    const length = Math.floor(random() * 20)
    const kind = Math.floor(random() * 4)
    if (kind === 0) bytes[at] = Math.floor(random() * 256)
    else if (kind === 1) bytes.splice(at, length)
    else if (kind === 2) bytes.splice(at, 0, ...bytes.slice(at, at + length))
    else
      bytes.splice(
        at,
        0,
        ...Buffer.from(['{', '"', '}', '[', '\\', ',', 'null', '"__proto__":'][Math.floor(random() * 8)] ?? ''),
      )
  }
  return Buffer.from(bytes).toString('latin1')
}
