import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Hub } from '../../server/hub/hub.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { View } from '../../server/view.ts'
import { World } from '../../server/world.ts'
import { agentEnds, agentEvent } from '../helpers/eventLogContract.ts'
import { join, Viewer } from '../helpers/handFlushedSink.ts'
import { LiteralSource } from '../helpers/literalSource.ts'
import { canonicalHash, HOSTILE_IDS, sampleError } from '../protocol/samples.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const agentId = fc.oneof(
  fc.integer({ min: 0, max: 12 }).map((n) => `agent-${n}`),
  fc.constantFrom(...HOSTILE_IDS),
)
const worldName = fc.constantFrom('real' as const, 'mock' as const)
/** Large activities make snapshots of several chunks, and frames that go as snapshots. */
const size = fc.constantFrom(0, 10, 300_000)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), world: worldName, id: agentId, size }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), world: worldName, id: agentId }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('receive' as const), viewer: fc.nat(2), count: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reconnect' as const), viewer: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stall' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('live' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lost' as const) }) },
)

test('[F1, F4, V5] through any delays, stalls, reconnects and changes of world each viewer ends where the server is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const worlds = { real: new World('real', new MemoryLog()), mock: new World('mock', new MemoryLog()) }
      const source = new LiteralSource()
      const view = new View({ demo: false, real: worlds.real, sources: [source], mock: () => worlds.mock })
      const hub = new Hub(view)
      const lines = Array.from({ length: 3 }, () => {
        const viewer = new Viewer()
        return { viewer, leave: join(hub, viewer) }
      })
      const reconnect = (index: number) => {
        const line = lines[index]
        if (!line) return
        line.leave()
        const viewer = line.viewer.position === null ? new Viewer() : new Viewer(line.viewer.store)
        lines[index] = { viewer, leave: join(hub, viewer) }
      }

      for (const action of steps) {
        switch (action.do) {
          case 'put':
            await worlds[action.world].append([agentEvent(action.id, { activity: 'x'.repeat(action.size) })])
            break
          case 'end':
            await worlds[action.world].append([agentEnds(action.id)])
            break
          case 'receive':
            for (let n = 0; n < action.count; n++) lines[action.viewer]?.viewer.receive()
            break
          case 'wait':
            vi.advanceTimersByTime(action.ms)
            break
          case 'reconnect':
            reconnect(action.viewer)
            break
          case 'stall':
            vi.advanceTimersByTime(11_000)
            break
          case 'live':
            source.say({ state: 'live', lastError: null })
            break
          case 'lost':
            source.say({ state: 'waiting', lastError: sampleError() })
            break
          default:
            action satisfies never
        }
      }

      for (let round = 0; round < 4; round++) {
        vi.advanceTimersByTime(500)
        for (const [index, line] of lines.entries()) {
          if (line.viewer.sink.dropped) reconnect(index)
          lines[index]?.viewer.receiveAll()
        }
      }
      const { store } = view.world
      for (const { viewer } of lines) {
        expect(viewer.position?.epoch).toBe(store.epoch)
        // A batch without effect moves the server's number, and is not worth a frame.
        const missed = store.changesSince(store.epoch, viewer.store.seq)
        expect(
          missed.type === 'none' || (missed.type === 'frame' && [...missed.frame.put, ...missed.frame.del]),
        ).toEqual(missed.type === 'none' ? true : [])
        expect(canonicalHash(viewer.store.values())).toBe(canonicalHash(store.values()))
        expect(viewer.results).not.toContain('gap')
        expect(viewer.statuses.at(-1)?.mode).toBe(view.mode)
      }
      hub.close()
      view.close()
      expect(vi.getTimerCount()).toBe(0)
    }),
    { numRuns: 150 },
  )
})
