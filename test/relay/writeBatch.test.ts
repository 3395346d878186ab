import { PassThrough, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { WriteBatch } from '../../relay/writeBatch.ts'

/** A stream that says how many pieces each of its writes to the system had. */
function counted() {
  const writes: number[] = []
  const stream = new Writable({
    writev(chunks, done) {
      writes.push(chunks.length)
      done()
    },
  })
  return { stream, writes }
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('what is written in one turn leaves together when it ends, for each stream by itself', async () => {
  const batch = new WriteBatch()
  const [one, other] = [counted(), counted()]
  for (let count = 0; count < 10; count++) {
    batch.hold(one.stream)
    one.stream.write('a')
    batch.relieve(one.stream)
  }
  batch.hold(other.stream)
  other.stream.write('b')
  expect([one.writes, other.writes]).toEqual([[], []])
  await nextTurn()
  expect([one.writes, other.writes]).toEqual([[10], [1]])
  batch.hold(one.stream)
  one.stream.write('c')
  await nextTurn()
  expect(one.writes).toEqual([10, 1])
})

test('much is not held back', async () => {
  const batch = new WriteBatch()
  const { stream, writes } = counted()
  for (let count = 0; count < 3; count++) {
    batch.hold(stream)
    stream.write(Buffer.alloc(40_000))
    batch.relieve(stream)
  }
  expect(writes).toEqual([2])
  await nextTurn()
  expect(writes).toEqual([2, 1])
})

test('a stream that was destroyed meanwhile does no harm', async () => {
  const batch = new WriteBatch()
  const stream = new PassThrough()
  batch.hold(stream)
  stream.destroy()
  await nextTurn()
  expect(stream.destroyed).toBe(true)
})
