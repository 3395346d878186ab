// OTLP over real sockets: in JSON and protobuf, plain and gzipped.

import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { otlpDescriptor } from '../../../scripts/otlpDescriptor.mjs'
import { OTLP_PATHS, type Signal } from '../../../server/ingest/paths.ts'
import { ClaudeCodeBusy } from '../../../server/sources/claudeCode/claudeCodeSource.ts'
import type { ApiRequestRecord, LlmSpanRecord, UsageMetricRecord } from '../../../server/sources/claudeCode/records.ts'
import {
  asProtobuf,
  type IngestServer,
  readProtobuf,
  recorded,
  startIngest,
  zipped,
} from '../../helpers/ingestServer.ts'
import { protobufField } from '../../helpers/protobufField.ts'
import { bearer, TOKENS } from '../../helpers/testServer.ts'
import { seededRandom } from '../../protocol/samples.ts'

let server: IngestServer
beforeEach(async () => {
  server = await startIngest()
})
afterEach(() => server.stop())

const RECORDED: [Signal, 'otlp-logs' | 'otlp-metrics' | 'otlp-traces'][] = [
  ['logs', 'otlp-logs'],
  ['metrics', 'otlp-metrics'],
  ['traces', 'otlp-traces'],
]
const ENCODINGS = ['JSON', 'JSON, gzipped', 'JSON, in pieces', 'protobuf', 'protobuf, gzipped'] as const
const GZIP = { headers: { 'Content-Encoding': 'gzip' } }

function send(signal: Signal, json: string, encoding: (typeof ENCODINGS)[number]) {
  switch (encoding) {
    case 'JSON':
      return server.otlpJson(signal, json)
    case 'JSON, gzipped':
      return server.otlpJson(signal, zipped(json), GZIP)
    case 'JSON, in pieces':
      return server.otlpJson(signal, json, { chunkBytes: 1_000 })
    case 'protobuf':
      return server.otlpProtobuf(signal, asProtobuf(signal, json))
    case 'protobuf, gzipped':
      return server.otlpProtobuf(signal, zipped(asProtobuf(signal, json)), GZIP)
    default:
      return encoding satisfies never
  }
}

describe('[K15] telemetry', () => {
  const resource = (name: string | null) => ({
    attributes: [
      { key: 'service.name', value: { stringValue: 'claude-code' } },
      ...(name === null ? [] : [{ key: 'host.name', value: { stringValue: name } }]),
    ],
  })
  test.each([
    ['127.0.0.1', null, null, true],
    ['192.168.1.7', null, null, false],
    ['127.0.0.1', 'server', 'server', false],
    ['192.168.1.7', 'server', 'server', false],
  ])('from %s that names %s is of the machine %s, and from here: %s', async (peer, name, host, isHere) => {
    const seen = await startIngest({ peer })
    try {
      const request = JSON.parse(recorded('otlp-logs')[0] ?? '') as { resourceLogs: object[] }
      const named = { resourceLogs: request.resourceLogs.map((group) => ({ ...group, resource: resource(name) })) }
      for (const padding of ['', ' '.repeat(64 * 1024)])
        expect((await seen.otlpJson('logs', JSON.stringify(named) + padding)).status).toBe(200)
      const { records } = seen.claudeCode
      expect(records.length).toBeGreaterThan(1)
      for (const record of records) expect(record).toMatchObject({ host, isHere })
    } finally {
      await seen.stop()
    }
  })
})

describe("Claude Code's telemetry", () => {
  test.each(ENCODINGS)('[I7] is read alike in every encoding: %s', async (encoding) => {
    for (const [signal, name] of RECORDED) {
      for (const json of recorded(name)) {
        const reply = await send(signal, json, encoding)
        expect(reply.status).toBe(200)
        const isJson = encoding.startsWith('JSON')
        expect(reply.headers['content-type']).toBe(isJson ? 'application/json' : 'application/x-protobuf')
        expect(isJson ? JSON.parse(reply.text) : readProtobuf(signal, reply.body)).toEqual({})
      }
    }
    const records = server.claudeCode.records
    const byType = new Map(records.map(({ type }) => [type, records.filter((record) => record.type === type)]))
    expect([...byType].map(([type, { length }]) => [type, length]).sort()).toEqual([
      ['api-request', 7],
      ['llm-span', 7],
      ['subagent-completed', 2],
      ['tool-decision', 5],
      ['tool-result', 5],
      ['tool-span', 10],
      ['usage-metric', 15],
    ])
    // The same requests by both ways, and the same tokens.
    const requests = byType.get('api-request') as ApiRequestRecord[]
    const spans = byType.get('llm-span') as LlmSpanRecord[]
    expect(spans.map(({ requestId }) => requestId).sort()).toEqual(requests.map(({ requestId }) => requestId).sort())
    for (const { requestId, tokens } of requests) {
      expect(spans.find((span) => span.requestId === requestId)?.tokens).toEqual(tokens)
    }
    expect(requests[0]).toMatchObject({
      requestId: 'req_fake_0001',
      tokens: { input: 1201, output: 41, cacheRead: 300, cacheWrite: 0 },
      costUsd: 0.00718,
      at: '2026-11-23T22:25:08.816Z',
    })
    expect(spans.filter(({ agentId }) => agentId !== null)).toHaveLength(4)
    const points = byType.get('usage-metric') as UsageMetricRecord[]
    const sum = (field: UsageMetricRecord['field']) =>
      points.filter((point) => point.field === field).reduce((all, { value }) => all + value, 0)
    expect(sum('input')).toBe(requests.reduce((all, { tokens }) => all + (tokens.input ?? 0), 0))
    expect(sum('costUsd')).toBeCloseTo(
      requests.reduce((all, { costUsd }) => all + (costUsd ?? 0), 0),
      9,
    )
    expect(server.counts().telemetryMalformed).toBeUndefined()
  })

  test('[I9] brings nothing of who the user is', async () => {
    for (const [signal, name] of RECORDED) {
      for (const json of recorded(name)) {
        const told = json.replaceAll(
          '{"key":"user.id"',
          '{"key":"user.email","value":{"stringValue":"dev@example.com"}},{"key":"organization.id","value":{"stringValue":"org-9"}},{"key":"user.id"',
        )
        expect(told).toContain('dev@example.com')
        expect((await server.otlpJson(signal, told)).status).toBe(200)
      }
    }
    expect(JSON.stringify(server.claudeCode.records)).not.toMatch(/dev@example|org-9|0{64}/)
    expect(server.claudeCode.records.length).toBeGreaterThan(40)
  })

  test('[I7] numbers may be strings or numbers, ids in any case of letters, and what is unknown is passed over', async () => {
    const [json = ''] = recorded('otlp-traces')
    const other = JSON.parse(json, (key, value: unknown) => {
      if (key === 'intValue') return typeof value === 'number' ? String(value) : Number(value)
      if (/^(?:traceId|spanId|parentSpanId)$/.test(key)) return String(value).toUpperCase()
      return value
    }) as Record<string, unknown>
    await server.otlpJson('traces', json)
    const before = structuredClone(server.claudeCode.records)
    await server.otlpJson('traces', {
      ...other,
      schemaVersion: { a: [1] },
      resourceSpans: [...(other.resourceSpans as []), 7, null, {}],
    })
    expect(server.claudeCode.records.slice(before.length)).toEqual(before)
  })

  test('[I8] is known by its instrumentation too, whatever the user calls the service', async () => {
    const [json = ''] = recorded('otlp-logs')
    await server.otlpJson('logs', json.replaceAll('"stringValue":"claude-code"', '"stringValue":"my-shop"'))
    expect(server.claudeCode.records.length).toBeGreaterThan(0)
  })
})

describe('[I7] an answer', () => {
  const [json = ''] = recorded('otlp-logs')

  test('of 200 comes after the append, and not before', async () => {
    let release: () => void = () => undefined
    server.claudeCode.answer = () =>
      new Promise((resolve) => {
        release = resolve
      })
    let answered = false
    const reply = server.otlpJson('logs', json).then((given) => {
      answered = true
      return given
    })
    await server.claudeCode.until(1)
    for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve))
    expect(answered).toBe(false)
    release()
    expect((await reply).status).toBe(200)
  })

  test('is 503 with Retry-After when the append fails: the same again is taken', async () => {
    server.claudeCode.answer = () => Promise.reject(new Error('the disk is full'))
    const failed = await server.otlpJson('logs', json)
    expect([failed.status, JSON.parse(failed.text).code]).toEqual([503, 14])
    expect(Number(failed.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    server.claudeCode.answer = () => Promise.resolve()
    expect((await server.otlpJson('logs', json)).status).toBe(200)
  })

  test('is 429 while too much waits to be taken in: nothing is said of the log, whose fault it is not', async () => {
    server.claudeCode.answer = () => Promise.reject(new ClaudeCodeBusy())
    const busy = await server.otlpJson('logs', json)
    expect([busy.status, JSON.parse(busy.text)]).toEqual([429, { code: 8, message: expect.not.stringMatching(/log/i) }])
    expect(Number(busy.headers['retry-after'])).toBeGreaterThanOrEqual(1)
  })

  test('is 503 while the server stops, and the connection ends', async () => {
    const stopping = await startIngest({ isDraining: () => true })
    try {
      const reply = await stopping.otlpProtobuf('logs', asProtobuf('logs', json))
      expect([reply.status, readProtobuf('status', reply.body).code]).toEqual([503, 14])
      expect(reply.headers['retry-after']).toBe('5')
      expect(reply.headers.connection).toBe('close')
      // A hook is none of its sender's business.
      expect(await stopping.hook({ session_id: 's', hook_event_name: 'Stop' })).toMatchObject({
        status: 200,
        text: '{}',
      })
      await stopping.claudeCode.until(1)
    } finally {
      await stopping.stop()
    }
  })

  test('is 429 with Retry-After when too much is under way', async () => {
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    server.claudeCode.answer = () => held
    const many = [server.otlpJson('logs', json)]
    const inEach = (await server.claudeCode.until(1)).length
    for (let n = 1; n < 64; n++) many.push(server.otlpJson('logs', json))
    await server.claudeCode.until(64 * inEach)
    const refused = await server.otlpJson('logs', json)
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([429, 8])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    release()
    expect((await Promise.all(many)).every(({ status }) => status === 200)).toBe(true)
    expect((await server.otlpJson('logs', json)).status).toBe(200)
  })

  test('says in each encoding what is wrong, as google.rpc.Status: 401, 405, 413, 415, 400', async () => {
    const cases: [number, number, Parameters<IngestServer['otlpJson']>[2], string | Buffer][] = [
      [401, 16, { headers: bearer(TOKENS.operator) }, json],
      [401, 16, { headers: bearer(TOKENS.viewer) }, json],
      [403, 7, { headers: { Origin: 'https://evil.example' } }, json],
      [405, 12, { method: 'PUT' }, json],
      [413, 8, {}, 'x'.repeat(8 * 1024 * 1024 + 1)],
      [413, 8, GZIP, zipped('x'.repeat(16 * 1024 * 1024 + 1))],
      [415, 3, { headers: { 'Content-Encoding': 'br' } }, json],
      [400, 3, GZIP, 'no gzip'],
      [400, 3, GZIP, zipped(json).subarray(0, 500)],
      [400, 3, {}, '\u0000\u0001 neither'],
    ]
    for (const [status, code, sending, body] of cases) {
      for (const encoding of ['json', 'protobuf'] as const) {
        const reply =
          encoding === 'json'
            ? await server.otlpJson('logs', body, sending)
            : await server.otlpProtobuf('logs', Buffer.from(body as string), sending)
        expect(reply.status).toBe(status)
        const said = encoding === 'json' ? JSON.parse(reply.text) : readProtobuf('status', reply.body)
        expect(said.code).toBe(code)
        expect(String(said.message)).toMatch(/\w{5}/)
        expect(String(said.message)).not.toMatch(/\n\s+at |node_modules|evil/)
      }
    }
    const text = await server.send(OTLP_PATHS.logs, { body: json, headers: { 'Content-Type': 'text/plain' } })
    expect([text.status, JSON.parse(text.text).code]).toEqual([415, 3])
    expect(server.claudeCode.records).toEqual([])
  })

  test('of partial success counts what was malformed; the rest is taken', async () => {
    const record = (name: string, attributes: object[] = []) => ({
      timeUnixNano: '1795472708816000000',
      attributes: [{ key: 'event.name', value: { stringValue: name } }, ...attributes],
    })
    const session = { key: 'session.id', value: { stringValue: 's-1' } }
    const body = (records: object[]) => ({
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'claude-code' } }] },
          scopeLogs: [{ logRecords: records }],
        },
      ],
    })
    const mixed = body([
      record('api_request', [session]),
      record('api_request'),
      record('tool_result', [session]),
      record('auth'),
    ])
    const reply = await server.otlpJson('logs', mixed)
    expect(reply.status).toBe(200)
    expect(JSON.parse(reply.text).partialSuccess).toMatchObject({ rejectedLogRecords: '2' })
    const inProtobuf = await server.otlpProtobuf('logs', asProtobuf('logs', JSON.stringify(mixed)))
    expect(readProtobuf('logs', inProtobuf.body)).toMatchObject({ partialSuccess: { rejectedLogRecords: '2' } })
    expect(server.claudeCode.records).toHaveLength(2)
    expect(server.counts()).toEqual({ telemetry: 2, telemetryIgnored: 2, telemetryMalformed: 4 })
  })

  test('of the empty request, which the doctor sends, is 200', async () => {
    for (const signal of ['logs', 'metrics', 'traces'] as const) {
      expect(await server.otlpJson(signal, '{}')).toMatchObject({ status: 200, text: '{}' })
      expect((await server.otlpProtobuf(signal, Buffer.alloc(0))).status).toBe(200)
    }
  })
})

describe('[I8] telemetry of programs that are no agents', () => {
  test('is dropped and counted, and they are not told of it', async () => {
    for (const [signal, name] of RECORDED) {
      for (const json of recorded(name)) {
        const foreign = json
          .replaceAll('"stringValue":"claude-code"', '"stringValue":"my-shop"')
          .replaceAll('com.anthropic.claude_code', 'com.example.shop')
          .replaceAll(/gen_ai[.\w]*/g, 'shop')
        expect(await server.otlpJson(signal, foreign)).toMatchObject({ status: 200, text: '{}' })
      }
    }
    expect(server.claudeCode.records).toEqual([])
    expect(server.otlp.records.every(({ kind }) => kind === 'other')).toBe(true)
    expect(Object.keys(server.counts())).toEqual(['telemetryForeign'])
  })
})

describe('[I5] hostile telemetry', () => {
  test('nested 100,000 deep is an error at most, and the server goes on', async () => {
    const deep = `${'{"kvlistValue":{"values":[{"key":"a","value":'.repeat(100_000)}{}${'}]}}'.repeat(100_000)}`
    const body = `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":${deep}}]}}]}`
    expect((await server.otlpJson('logs', body)).status).toBeLessThan(500)
    let nested = Buffer.alloc(0)
    // AnyValue.array_value.values, again and again: field 5, then field 1.
    for (let n = 0; n < 2_000; n++)
      nested = Buffer.concat([protobufField(5, Buffer.concat([protobufField(1, nested)]))])
    const logs = protobufField(
      1,
      protobufField(1, protobufField(1, Buffer.concat([protobufField(1, Buffer.from('k')), protobufField(2, nested)]))),
    )
    expect((await server.otlpProtobuf('logs', logs)).status).toBe(400)
    expect((await server.otlpJson('logs', '{}')).status).toBe(200)
  })

  test.each([11, 12, 13])('mutated bytes are answered, and bring no bad record (seed %i)', async (seed) => {
    const random = seededRandom(seed)
    const statuses = new Set<number>()
    for (const [signal, name] of RECORDED) {
      const [json = ''] = recorded(name)
      for (const [bytes, isJson] of [
        [Buffer.from(json), true],
        [asProtobuf(signal, json), false],
      ] as const) {
        for (let n = 0; n < 15; n++) {
          const changed = Buffer.from(bytes)
          for (let times = 0; times < 1 + random() * 6; times++) {
            changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256)
          }
          const reply = isJson ? await server.otlpJson(signal, changed) : await server.otlpProtobuf(signal, changed)
          statuses.add(reply.status)
        }
      }
    }
    for (const status of statuses) expect([200, 400]).toContain(status)
    for (const record of server.claudeCode.records) {
      expect(record.sessionId).toMatch(/^[\w.:@+=-]{1,128}$/)
      expect(Number.isNaN(Date.parse(record.at))).toBe(false)
    }
  })
})

test('the descriptor is what the official definitions say', () => {
  const written = readFileSync(new URL('../../../server/ingest/otlp/descriptor.ts', import.meta.url), 'utf8')
  expect(written).toBe(otlpDescriptor())
})
