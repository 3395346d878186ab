import pino from 'pino'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type FoundRecord, readAgents3 } from '../../protocol/claudeFlow.ts'
import { Reader } from '../../relay/watch/reader.ts'
import type { FromReader, ToReader } from '../../relay/watch/readerMessages.ts'
import type { ReaderThreadEvents, StartReaderThread } from '../../relay/watch/readerThread.ts'
import type { Change, Reading } from '../../relay/watch/reading.ts'

const IDLE_MS = 1_000
const agents = (...ids: string[]): FoundRecord[] =>
  readAgents3({ agents: Object.fromEntries(ids.map((id) => [id, { status: 'idle' }])) })
const readingOf = (change: Change): Reading => ({
  id: 'r1',
  signature: 's',
  change,
  at: '',
  generation: 3,
  counts: true,
})

/** A thread that answers when it is told to. */
class Script {
  readonly sent: ToReader[] = []
  readonly logged: number[] = []
  readonly ends: number[] = []
  started = 0
  isHeld = false
  #events: ReaderThreadEvents | null = null
  readonly #start: StartReaderThread = (_root, events) => {
    const number = ++this.started
    this.#events = events
    return {
      post: (message) => this.sent.push(message),
      hold: (isHeld) => {
        this.isHeld = isHeld
      },
      end: async () => {
        this.ends.push(number)
      },
    }
  }
  readonly reader = new Reader({
    root: '/project',
    log: pino({ level: 'debug' }, { write: (line: string) => this.logged.push(JSON.parse(line).level) }),
    startThread: this.#start,
    idleMs: IDLE_MS,
  })

  say = (message: FromReader): void => this.#events?.onMessage(message)
  die = (): void => this.#events?.onEnd(new Error('died'))
  answer = (request: number, ...ids: string[]): void =>
    this.say({ type: 'reading', request, reading: readingOf({ type: 'whole', records: agents(...ids) }) })
}

let script: Script
beforeEach(() => {
  vi.useFakeTimers()
  script = new Script()
})
afterEach(() => vi.useRealTimers())

describe('the reading thread', () => {
  test('is started by the first read, and keeps the process only until it has answered', async () => {
    expect(script.started).toBe(0)
    const reads = [script.reader.read('a', null), script.reader.read('b', 'r0')]
    expect(script.started).toBe(1)
    expect(script.sent).toEqual([
      { type: 'read', request: 1, file: 'a', since: null },
      { type: 'read', request: 2, file: 'b', since: 'r0' },
    ])
    script.answer(2, 'y')
    expect(script.isHeld).toBe(true)
    script.answer(1, 'x')
    expect(script.isHeld).toBe(false)
    const [a, b] = await Promise.all(reads)
    expect(a?.change).toEqual({ type: 'whole', records: agents('x') })
    expect(b?.change).toEqual({ type: 'whole', records: agents('y') })
  })

  test('gives a large reading in parts, the next when one was taken', async () => {
    const read = script.reader.read('a', 'r0')
    script.say({ type: 'part', request: 1, records: agents('x') })
    script.say({ type: 'part', request: 1, records: agents('y') })
    expect(script.sent.slice(1)).toEqual([
      { type: 'more', request: 1 },
      { type: 'more', request: 1 },
    ])
    const gone = [{ kind: 'agent' as const, nativeId: 'w', generation: 3 as const }]
    script.say({ type: 'reading', request: 1, reading: readingOf({ type: 'delta', put: agents('z'), gone }) })
    expect((await read).change).toEqual({ type: 'delta', put: agents('x', 'y', 'z'), gone })
  })

  test('tells why a file cannot be read', async () => {
    const read = script.reader.read('a', null)
    script.say({ type: 'failed', request: 1, error: { name: 'Error', message: 'no', code: 'EACCES' } })
    await expect(read).rejects.toMatchObject({ message: 'no', code: 'EACCES' })
  })

  test('that dies fails what it was asked, and is started again by the next read; it is logged once a minute', async () => {
    for (let round = 1; round <= 3; round++) {
      const reads = [script.reader.read('a', null), script.reader.read('b', null)]
      script.die()
      for (const read of reads) await expect(read).rejects.toThrow('died')
      expect(script.started).toBe(round)
    }
    expect(script.logged).toEqual([40, 20, 20])
    const read = script.reader.read('a', null)
    script.answer(7)
    await read
  })

  test('ends when it has had nothing to remember for a while; a later read starts another', async () => {
    const read = script.reader.read('a', null)
    script.say({ type: 'failed', request: 1, error: { name: 'Error', message: 'no', code: null } })
    await expect(read).rejects.toThrow('no')
    vi.advanceTimersByTime(IDLE_MS - 1)
    expect(script.ends).toEqual([])
    vi.advanceTimersByTime(1)
    expect(script.ends).toEqual([1])
    void script.reader.read('a', null)
    expect(script.started).toBe(2)
    expect(script.logged).toEqual([])
  })

  test('stays while it remembers a file, and ends when it was told to forget the last', async () => {
    for (const [index, file] of ['a', 'b'].entries()) {
      const read = script.reader.read(file, null)
      script.answer(index + 1)
      await read
    }
    vi.advanceTimersByTime(IDLE_MS * 10)
    script.reader.forget('a')
    script.reader.forget('never read')
    vi.advanceTimersByTime(IDLE_MS * 10)
    expect(script.ends).toEqual([])
    script.reader.forget('b')
    expect(script.sent.filter(({ type }) => type === 'forget')).toHaveLength(2)
    vi.advanceTimersByTime(IDLE_MS)
    expect(script.ends).toEqual([1])
  })

  test('is ended with the watch: what is pending fails, and nothing is started any more', async () => {
    const read = script.reader.read('a', null)
    await Promise.all([script.reader.close(), expect(read).rejects.toThrow('closed')])
    script.answer(1)
    script.die()
    await expect(script.reader.read('a', null)).rejects.toThrow('closed')
    expect([script.started, script.ends, script.logged]).toEqual([1, [1], []])
  })
})
