import { describe, expect, test } from 'vitest'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { agentEvent, allBatches, eventLogContract } from '../helpers/eventLogContract.ts'

eventLogContract('the log in memory', () => new MemoryLog())

describe('the log in memory is bounded', () => {
  test('by its events, however few batches they come in', async () => {
    const log = new MemoryLog(10)
    for (let n = 0; n < 100; n++) await log.append(Array.from({ length: 5 }, () => agentEvent('a')))
    const held = await allBatches(log.read(98, 100))
    expect(held.map(({ seq }) => seq)).toEqual([99, 100])
    await expect(allBatches(log.read(90, 100))).rejects.toThrow(RangeError)
    expect(() => log.subscribe(0, () => undefined)).toThrow(RangeError)
  })

  test('a single batch above the bound is told, then forgotten', async () => {
    const log = new MemoryLog(10)
    const seen: number[] = []
    log.subscribe(0, ({ events }) => seen.push(events.length))
    await log.append(Array.from({ length: 50 }, () => agentEvent('a')))
    expect(seen).toEqual([50])
    await expect(allBatches(log.read(0, 1))).rejects.toThrow('begins at 2')
    await log.append([agentEvent('b')])
    expect((await allBatches(log.read(1, 2))).map(({ seq }) => seq)).toEqual([2])
  })
})
