// What an OTLP body may become is bounded before it is parsed, and what it says comes in small pieces.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SwarmscopeError } from '../../../protocol/errors.ts'
import { hasMoreElements } from '../../../server/ingest/otlp/elements.ts'
import { OtlpReader } from '../../../server/ingest/otlp/otlpReader.ts'
import type { ToParser } from '../../../server/ingest/otlp/parserMessages.ts'
import type { ParserThreadEvents } from '../../../server/ingest/otlp/parserThread.ts'
import { hasMoreFields } from '../../../server/ingest/otlp/protobuf.ts'
import { MAX_ELEMENTS } from '../../../server/ingest/otlp/readBody.ts'
import { asProtobuf, type IngestServer, readProtobuf, startIngest, zipped } from '../../helpers/ingestServer.ts'
import { protobufField } from '../../helpers/protobufField.ts'

const GZIP = { headers: { 'Content-Encoding': 'gzip' } }
const MIB = 1024 * 1024

const attributes = (said: Record<string, string>) =>
  Object.entries(said).map(([key, stringValue]) => ({ key, value: { stringValue } }))
const hex = (n: number, length: number) => n.toString(16).padStart(length, '0')

/** As a collector sends it by default at most: so many spans, each with some fifteen attributes. */
function batch(spans: number): string {
  const said = attributes({
    'gen_ai.operation.name': 'chat',
    ...Object.fromEntries(Array.from({ length: 14 }, (_, n) => [`shop.attribute.${n}`, `value ${n}`])),
  })
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributes({ 'service.name': 'crew' }) },
        scopeSpans: [
          {
            spans: Array.from({ length: spans }, (_, n) => ({
              traceId: hex(n + 1, 32),
              spanId: hex(n + 1, 16),
              name: 'chat',
              startTimeUnixNano: '1795472708000000000',
              endTimeUnixNano: '1795472709000000000',
              attributes: said,
            })),
          },
        ],
      },
    ],
  })
}

describe('[I12] a body of more things than a sender has', () => {
  let server: IngestServer
  beforeEach(async () => {
    server = await startIngest()
  })
  afterEach(() => server.stop())

  const empties = '{},'.repeat(MAX_ELEMENTS)
  const bombs: [string, 'json' | 'protobuf', Buffer][] = [
    ['objects', 'json', Buffer.from(`{"resourceSpans":[${empties}{}]}`)],
    ['lists', 'json', Buffer.from(`{"resourceSpans":[${'[],'.repeat(MAX_ELEMENTS)}{}]}`)],
    ['numbers', 'json', Buffer.from(`{"resourceSpans":[${'0,'.repeat(MAX_ELEMENTS)}0]}`)],
    ['objects in a field that nobody reads', 'json', Buffer.from(`{"x":{"y":[${empties}{}]}}`)],
    ['messages', 'protobuf', Buffer.alloc(2 * (MAX_ELEMENTS + 1), Buffer.from([0x0a, 0]))],
    ['messages in a message', 'protobuf', within(Buffer.alloc(2 * MAX_ELEMENTS, Buffer.from([0x12, 0])))],
    // Links, of a span, of a scope, of a resource.
    ['messages far within', 'protobuf', far(Buffer.alloc(2 * MAX_ELEMENTS, Buffer.from([0x6a, 0])))],
  ]
  test.each(bombs)('is refused with 413, plain and gzipped: %s', async (_, encoding, bytes) => {
    for (const isZipped of [false, true]) {
      const body = isZipped ? zipped(bytes) : bytes
      const sending = isZipped ? GZIP : {}
      const reply =
        encoding === 'json'
          ? await server.otlpJson('traces', body, sending)
          : await server.otlpProtobuf('traces', body, sending)
      expect(reply.status).toBe(413)
      const said = encoding === 'json' ? JSON.parse(reply.text) : readProtobuf('status', reply.body)
      expect(said).toMatchObject({ code: 8, message: expect.stringContaining('1,000,000') })
    }
    expect(server.otlp.batches).toEqual([])
    expect(server.counts()).toEqual({})
  })

  test("is far beyond a collector's largest: that is taken, 500 at a time", async () => {
    const json = batch(8_192)
    expect((await server.otlpJson('traces', zipped(json), GZIP)).status).toBe(200)
    expect((await server.otlpProtobuf('traces', zipped(asProtobuf('traces', json)), GZIP)).status).toBe(200)
    expect(server.otlp.records).toHaveLength(2 * 8_192)
    expect(Math.max(...server.otlp.batches.map(({ length }) => length))).toBe(500)
    expect(server.otlp.records.slice(8_192)).toEqual(server.otlp.records.slice(0, 8_192))
  })

  test('what is under way counts unzipped, until it is answered, and hooks have room all the same', async () => {
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    server.otlp.answer = () => held
    // 15 MiB of a prompt, of which gzip makes some kilobytes.
    const large = zipped(batch(1).replace('value 13', 'x'.repeat(15 * MIB)))
    expect(large.length).toBeLessThan(64 * 1024)
    const taken = Array.from({ length: 4 }, () => server.otlpJson('traces', large, GZIP))
    await server.otlp.until(4)
    const refused = await server.otlpJson('traces', large, GZIP)
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([429, 8])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    const picture = JSON.stringify({ session_id: 's-1', hook_event_name: 'Stop', picture: 'x'.repeat(7 * MIB) })
    expect((await server.hook(picture)).status).toBe(200)
    release()
    expect((await Promise.all(taken)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect((await server.otlpJson('traces', large, GZIP)).status).toBe(200)
  })
})

describe('[I12] what is counted in a body', () => {
  const count = (isMore: (max: number) => boolean) => {
    let max = 0
    while (isMore(max)) max++
    return max
  }

  test.each([
    ['{}', 1],
    ['{"a":[1,2,{"b":null}]}', 5],
    // Not what is in texts, whatever stands before their ends.
    ['{"{,[\\"{,":"\\\\","a":"[{,\\\\\\""}', 2],
    ['{"a":"{,{,{', 1],
  ])('JSON: %s', (json, elements) => {
    expect(count((max) => hasMoreElements(Buffer.from(json), max))).toBe(elements)
  })

  test('protobuf: fields of all messages, and numbers in a row one by one', () => {
    const fields = (bytes: Buffer) => count((max) => hasMoreFields('metrics', bytes, max))
    expect(fields(Buffer.alloc(0))).toBe(0)
    expect(fields(protobufField(1, protobufField(2, protobufField(2, Buffer.alloc(0)))))).toBe(3)
    // The bounds of a histogram's buckets: four doubles.
    const point = protobufField(7, Buffer.alloc(32))
    expect(
      fields(protobufField(1, protobufField(2, protobufField(2, protobufField(9, protobufField(1, point)))))),
    ).toBe(6 + 4)
    expect(() => fields(Buffer.from([0x0a, 0x05]))).toThrow()
  })
})

describe('a large body', () => {
  const small = Buffer.from('{}')
  const large = Buffer.from(`{"a":"${'x'.repeat(64 * 1024)}"}`)
  const body = (bytes: Buffer) => ({ signal: 'logs', encoding: 'json', bytes, isHere: true }) as const
  const part = { claudeCode: [], spans: [], taken: 7, ignored: 0, foreign: 0, malformed: 0 }

  /** A reader with threads that only keep what they are told. */
  function readerWithThreads() {
    const threads: { events: ParserThreadEvents; posted: ToParser[]; isEnded: boolean }[] = []
    const reader = new OtlpReader((events) => {
      const thread = { events, posted: [] as ToParser[], isEnded: false }
      threads.push(thread)
      return {
        post: (message) => thread.posted.push(message),
        end: async () => {
          thread.isEnded = true
        },
      }
    })
    const newest = () => threads.at(-1)?.events
    return { reader, threads, newest }
  }
  const turns = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

  test('[I12] is parsed in a thread of its own, a small one is not', async () => {
    const { reader, threads, newest } = readerWithThreads()
    expect(await reader.read(body(small))).toMatchObject({ taken: 0 })
    expect(threads).toHaveLength(0)
    const read = reader.read(body(large))
    await turns()
    newest()?.onMessage({ type: 'part', part, isLast: true })
    expect(await read).toMatchObject({ taken: 7 })
    expect(threads[0]?.posted).toMatchObject([{ type: 'read', bytes: { length: large.length } }])
  })

  test('[I12] waits until the one before was read', async () => {
    const { reader, threads, newest } = readerWithThreads()
    const both = [reader.read(body(large)), reader.read(body(large))]
    await turns()
    newest()?.onMessage({ type: 'part', part, isLast: false })
    await turns()
    expect(threads[0]?.posted.map(({ type }) => type)).toEqual(['read', 'more'])
    newest()?.onMessage({ type: 'part', part, isLast: true })
    await turns()
    expect(threads[0]?.posted.map(({ type }) => type)).toEqual(['read', 'more', 'read'])
    newest()?.onMessage({ type: 'part', part, isLast: true })
    await Promise.all(both)
    expect(threads).toHaveLength(1)
  })

  test('[I12] that is too much for the thread is too large; the next one has a new thread', async () => {
    const { reader, threads, newest } = readerWithThreads()
    const refused = reader.read(body(large))
    const next = reader.read(body(large))
    await turns()
    newest()?.onEnd(Object.assign(new Error('out of memory'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }))
    await expect(refused).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await turns()
    expect(threads).toHaveLength(2)
    newest()?.onMessage({ type: 'part', part, isLast: true })
    expect(await next).toMatchObject({ taken: 7 })
    const lost = reader.read(body(large))
    await turns()
    newest()?.onEnd(new Error('it ended'))
    await expect(lost).rejects.toThrow('it ended')
  })

  test('[I7] is refused when the server stops', async () => {
    const { reader, threads } = readerWithThreads()
    const waiting = [reader.read(body(large)), reader.read(body(large))]
    await turns()
    reader.close()
    for (const read of waiting) await expect(read).rejects.toBeInstanceOf(SwarmscopeError)
    expect(threads.map(({ isEnded }) => isEnded)).toEqual([true])
  })
})
function within(content: Buffer): Buffer {
  return protobufField(1, content)
}
function far(content: Buffer): Buffer {
  return protobufField(1, protobufField(2, protobufField(2, content)))
}
