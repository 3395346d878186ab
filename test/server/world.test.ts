import { expect, test } from 'vitest'
import { EVENT_VERSION } from '../../protocol/events.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { World } from '../../server/world.ts'
import { agentEnds, agentEvent } from '../helpers/eventLogContract.ts'
import { TIME } from '../protocol/samples.ts'

const newWorld = () => new World('real', new MemoryLog())

test('a world is empty until something of a swarm is known; a source alone is nothing of a swarm', async () => {
  const world = newWorld()
  expect(world.isEmpty).toBe(true)
  await world.append([
    {
      v: EVENT_VERSION,
      type: 'source.upserted',
      key: 'source/1',
      sourceId: 'S',
      version: [0, 0],
      at: null,
      receivedAt: TIME,
      entity: {
        entity: 'source',
        id: 'S',
        kind: 'claude-flow',
        state: 'live',
        url: null,
        project: null,
        host: null,
        since: TIME,
      },
    },
  ])
  expect(world.isEmpty).toBe(true)
  await world.append([agentEvent('a')])
  expect(world.isEmpty).toBe(false)
  await world.append([agentEnds('a')])
  expect(world.isEmpty).toBe(true)
})

test('listeners hear once for each batch that changed something, and not of others', async () => {
  const world = newWorld()
  let heard = 0
  const stop = world.onChange(() => heard++)
  const event = agentEvent('a')
  await world.append([event, agentEvent('b')])
  await world.append([event])
  expect(heard).toBe(1)
  expect(world.store.seq).toBe(2)
  stop()
  stop()
  await world.append([agentEvent('c')])
  expect(heard).toBe(1)
})

test("a world's store has its log's epoch", () => {
  const log = new MemoryLog()
  expect(new World('mock', log).store.epoch).toBe(log.epoch)
})

test('a closed world tells nobody anything', async () => {
  const world = newWorld()
  let heard = 0
  world.onChange(() => heard++)
  await world.close()
  await world.close()
  await expect(world.append([agentEvent('a')])).rejects.toThrow('closed')
  expect(heard).toBe(0)
})
