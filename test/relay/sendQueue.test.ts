import { beforeEach, expect, test } from 'vitest'
import { RELAY_LIMITS } from '../../relay/limits.ts'
import { SendQueue } from '../../relay/sendQueue.ts'

const KB = 1024
/** Each message is charged so much besides its bytes. */
const OVERHEAD = 448
const MAX_QUEUED = 10 * KB + OVERHEAD
let sent: { size: number; fin: boolean; done: (error?: Error | null) => void }[]
let overflows: number
let nowMs: number
let queue: SendQueue

beforeEach(() => {
  sent = []
  overflows = 0
  nowMs = 1_000
  queue = new SendQueue({
    socket: { send: (data, { fin }, done) => sent.push({ size: data.length, fin, done }) },
    maxQueuedBytes: MAX_QUEUED,
    onOverflow: () => overflows++,
    nowMs: () => nowMs,
  })
})

const text = (kb: number): string => 'x'.repeat(kb * KB)
const take = (count = 1): void => {
  for (const { done } of sent.splice(0, count)) done()
}

test('a message of any size may be in flight, and 10 KB beyond it', () => {
  queue.send(text(200))
  queue.send(text(10))
  expect(overflows).toBe(0)
  queue.send('x')
  expect(overflows).toBe(1)
  queue.send('x')
  expect(sent).toHaveLength(2)
  expect(overflows).toBe(1)
})

test('what the socket has taken does not count', () => {
  for (let round = 0; round < 100; round++) {
    queue.send(text(9))
    queue.send(text(9))
    take(2)
  }
  expect(overflows).toBe(0)
  expect(queue.bytes).toBe(0)
})

test('a message of a sender that paces itself neither counts nor is refused', () => {
  queue.send(text(1))
  queue.send(text(10))
  queue.sendPaced(text(1_000))
  expect(overflows).toBe(0)
  take(2)
  queue.send(text(200))
  queue.send(text(10))
  expect(overflows).toBe(0)
  queue.send('x')
  expect(overflows).toBe(1)
})

test('tiny messages are charged what each costs, not their bytes alone', () => {
  for (let count = 0; count < 1_000 && overflows === 0; count++) queue.send('x'.repeat(30))
  expect(overflows).toBe(1)
  expect(sent).toHaveLength(1 + Math.floor(MAX_QUEUED / (30 + OVERHEAD)))
})

test('what the child says in one read, be it the tiniest messages, fits before the socket can take any', () => {
  const tiniest = '{"jsonrpc":"2.0","method":"a"}'
  const roomy = new SendQueue({
    socket: { send: () => undefined },
    maxQueuedBytes: RELAY_LIMITS.maxQueuedBytes,
    onOverflow: () => overflows++,
  })
  for (let bytes = 0; bytes < 64 * KB; bytes += tiniest.length + 1) roomy.send(tiniest)
  expect(overflows).toBe(0)
})

test('an answer of any size may stand behind a paced message', () => {
  queue.sendPaced(text(500))
  nowMs += 5_000
  queue.send(text(200))
  queue.send(text(10))
  expect(overflows).toBe(0)
  queue.send('x')
  expect(overflows).toBe(1)
})

test('one answer beyond the bound may follow another that the socket had no time to take; not a third', () => {
  queue.send(text(200))
  queue.send(text(300))
  queue.send(text(10))
  expect(overflows).toBe(0)
  queue.send(text(200))
  expect(overflows).toBe(1)
})

test('what is in flight for a while lets nothing beyond the bound wait behind it', () => {
  queue.send(text(200))
  nowMs += 100
  queue.send(text(200))
  expect(overflows).toBe(1)
})

test('who takes one large answer after the other may ask for any number of them', () => {
  queue.send(text(200))
  for (let count = 0; count < 50; count++) {
    queue.send(text(200))
    nowMs += 90
    take()
  }
  expect(overflows).toBe(0)
})

test('bytes count, not characters', () => {
  queue.send('x')
  nowMs += 100
  queue.send('€'.repeat(4 * KB))
  expect(overflows).toBe(1)
})

test('a large message goes in pieces that a reader sees as one', () => {
  queue.send(text(600))
  expect(sent.map(({ size, fin }) => [size / KB, fin])).toEqual([
    [256, false],
    [256, false],
    [88, true],
  ])
  // All of it is the message in flight until its last piece is taken.
  take(2)
  queue.send(text(10))
  expect(overflows).toBe(0)
})

test('a stall is told by how long nothing was taken; each piece is progress', () => {
  expect(queue.stalledForMs).toBe(0)
  queue.send(text(600))
  nowMs += 9_000
  expect(queue.stalledForMs).toBe(9_000)
  take()
  expect(queue.stalledForMs).toBe(0)
  nowMs += 500
  expect(queue.stalledForMs).toBe(500)
  take(2)
  nowMs += 60_000
  expect(queue.stalledForMs).toBe(0)
  queue.send('x')
  expect(queue.stalledForMs).toBe(0)
})

test('an action waits for what was sent before it, not for what comes after', () => {
  const ran: number[] = []
  queue.onceDrained(() => ran.push(0))
  expect(ran).toEqual([0])
  queue.send('a')
  queue.onceDrained(() => ran.push(1))
  queue.send('b')
  queue.onceDrained(() => ran.push(2))
  take()
  expect(ran).toEqual([0, 1])
  take()
  expect(ran).toEqual([0, 1, 2])
})

test('a failed send ends it quietly, as does close', () => {
  const ran: number[] = []
  queue.send('a')
  queue.onceDrained(() => ran.push(1))
  sent[0]?.done(new Error('gone'))
  queue.send('b')
  expect([sent.length, ran.length, queue.bytes]).toEqual([1, 0, 0])
  queue.close()
})
