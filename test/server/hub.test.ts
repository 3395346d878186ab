import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Encoded } from '../../server/hub/encoder.ts'
import { Encoder } from '../../server/hub/encoder.ts'
import { Hub, MAX_VIEWERS, NO_PROGRESS_MS } from '../../server/hub/hub.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { View } from '../../server/view.ts'
import { World } from '../../server/world.ts'
import { agentEnds, agentEvent } from '../helpers/eventLogContract.ts'
import { Viewer } from '../helpers/handFlushedSink.ts'
import { LiteralSource } from '../helpers/literalSource.ts'
import { canonicalHash, sampleError } from '../protocol/samples.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setUp() {
  const real = new World('real', new MemoryLog())
  const mock = new World('mock', new MemoryLog())
  const source = new LiteralSource()
  const view = new View({ demo: false, real, sources: [source], mock: () => mock })
  const hub = new Hub(view)
  const join = (viewer = new Viewer()) => ({ viewer, leave: hub.add(viewer.sink, viewer.position) })
  return { real, mock, source, view, hub, join }
}

function setUpLive() {
  const all = setUp()
  all.source.say({ state: 'live' })
  return all
}
const types = (viewer: Viewer) => viewer.sink.sent.map(({ type }) => type)
const frames = (viewer: Viewer) => viewer.sink.sent.filter((message): message is Encoded => message.type === 'frame')
const pass = (ms = 200) => vi.advanceTimersByTime(ms)
const expectSame = (viewer: Viewer, world: World) => {
  expect(viewer.position).toEqual({ epoch: world.store.epoch, seq: world.store.seq })
  expect(canonicalHash(viewer.store.values())).toBe(canonicalHash(world.store.values()))
}

describe('a viewer', () => {
  test('[V4] gets the status, then a snapshot, then frames', async () => {
    const { real, join } = setUpLive()
    await real.append([agentEvent('a')])
    const { viewer } = join()
    viewer.receiveAll()
    expect(types(viewer)).toEqual(['status', 'snapshot'])
    expectSame(viewer, real)
    pass()
    viewer.receiveAll()
    await real.append([agentEvent('b')])
    viewer.receiveAll()
    expect(types(viewer)).toEqual(['status', 'snapshot', 'status', 'frame'])
    expectSame(viewer, real)
    expect(viewer.statuses[0]).toMatchObject({ mode: 'live', viewers: 1, degraded: [] })
  })

  test('of an empty world gets an empty snapshot', () => {
    const { real, join } = setUpLive()
    const { viewer } = join()
    viewer.receiveAll()
    expectSame(viewer, real)
  })

  test('[V4] that comes back gets one frame with what changed, whatever ended', async () => {
    const { real, join } = setUpLive()
    await real.append([agentEvent('a'), agentEvent('b')])
    const first = join()
    first.viewer.receiveAll()
    first.leave()
    await real.append([agentEvent('c'), agentEnds('a')])
    await real.append([agentEvent('c', { status: 'busy' })])
    const { viewer } = join(new Viewer(first.viewer.store))
    viewer.receiveAll()
    expect(types(viewer)).toEqual(['status', 'frame'])
    expectSame(viewer, real)
  })

  test('[F5] that was in another epoch, or ahead, gets a snapshot', async () => {
    const { real, join } = setUpLive()
    await real.append([agentEvent('a')])
    for (const position of [
      { epoch: 'of yesterday', seq: 1 },
      { epoch: real.store.epoch, seq: 99 },
    ]) {
      const viewer = new Viewer()
      viewer.store.load({ ...position, put: [] })
      const again = join(new Viewer(viewer.store)).viewer
      again.receiveAll()
      expect(types(again)).toEqual(['status', 'snapshot'])
      expectSame(again, real)
    }
  })

  test('that is up to date already gets only the status', async () => {
    const { real, join } = setUpLive()
    await real.append([agentEvent('a')])
    const viewer = new Viewer()
    viewer.store.load(real.store.snapshot())
    const again = join(new Viewer(viewer.store)).viewer
    again.receiveAll()
    expect(types(again)).toEqual(['status'])
  })

  test('has one message on its line at a time', async () => {
    const { real, join } = setUpLive()
    const { viewer } = join()
    for (let n = 0; n < 50; n++) {
      await real.append([agentEvent(`agent-${n}`)])
      pass(40)
      expect(viewer.sink.waiting).toBe(1)
    }
  })

  test('[V6] that is slow gets one coalesced frame for all that happened meanwhile', async () => {
    const { real, join } = setUpLive()
    const { viewer } = join()
    viewer.receiveAll()
    pass()
    viewer.receiveAll()
    const before = viewer.sink.sent.length
    for (let n = 0; n < 100; n++) {
      await real.append([agentEvent('a', { tasksCompleted: n }), agentEvent(`agent-${n % 3}`)])
      pass(40)
    }
    viewer.receiveAll()
    expect(viewer.sink.sent.length - before).toBe(2)
    expect(frames(viewer).at(-1)?.position?.seq).toBe(100)
    expectSame(viewer, real)
  })

  test('[V10] that takes nothing for 10 s is dropped, and is no viewer any more', async () => {
    const { real, hub, join } = setUpLive()
    const { viewer, leave } = join()
    await real.append([agentEvent('a')])
    pass(NO_PROGRESS_MS - 1)
    expect(viewer.sink.dropped).toBe(false)
    pass(1)
    expect(viewer.sink.dropped).toBe(true)
    expect(hub.viewers).toBe(0)
    viewer.receiveAll()
    leave()
    expect(hub.viewers).toBe(0)
    expect(viewer.sink.sent).toHaveLength(1)
  })

  test('[V10] that takes one chunk in nine seconds is slow, but not stuck', async () => {
    const { real, join } = setUpLive()
    const big = 'x'.repeat(100_000)
    await real.append(Array.from({ length: 12 }, (_, n) => agentEvent(`agent-${n}`, { activity: big })))
    const { viewer } = join()
    while (viewer.position === null) {
      pass(9_000)
      expect(viewer.receive()).toBe(true)
    }
    expect(types(viewer).filter((type) => type === 'snapshot').length).toBeGreaterThan(4)
    expect(viewer.sink.dropped).toBe(false)
    expectSame(viewer, real)
  })

  test('that left gets nothing more, also if a message was on its way', async () => {
    const { real, hub, join } = setUpLive()
    const { viewer, leave } = join()
    leave()
    leave()
    expect(hub.viewers).toBe(0)
    await real.append([agentEvent('a')])
    viewer.receiveAll()
    pass(20_000)
    expect(viewer.sink.sent).toHaveLength(1)
    expect(viewer.sink.dropped).toBe(false)
  })
})

describe('changes', () => {
  test('[V6] the first after a pause goes out at once, then at most some 30 a second', async () => {
    const { real, join } = setUpLive()
    const { viewer } = join()
    viewer.receiveAll()
    pass(1_000)
    viewer.receiveAll()
    const before = viewer.sink.sent.length
    await real.append([agentEvent('a')])
    expect(viewer.sink.sent).toHaveLength(before + 1)
    for (let n = 0; n < 1_000; n++) {
      await real.append([agentEvent('a', { tasksCompleted: n })])
      pass(1)
      viewer.receiveAll()
    }
    pass(40)
    viewer.receiveAll()
    expect(frames(viewer).length).toBeGreaterThan(25)
    expect(frames(viewer).length).toBeLessThan(36)
    expectSame(viewer, real)
  })

  test('[V6] are encoded once for all viewers at the same place', async () => {
    const { real, join } = setUpLive()
    const viewers = Array.from({ length: 5 }, () => join().viewer)
    for (const viewer of viewers) viewer.receiveAll()
    pass()
    for (const viewer of viewers) viewer.receiveAll()
    await real.append([agentEvent('a')])
    const buffers = new Set(viewers.map((viewer) => frames(viewer).at(-1)?.json))
    expect(buffers.size).toBe(1)
    const snapshots = viewers.map((viewer) => viewer.sink.sent.find(({ type }) => type === 'snapshot') as Encoded)
    expect(new Set(snapshots.map(({ json }) => json)).size).toBe(1)
  })

  test('inside the world cause no status', async () => {
    const { real, join } = setUpLive()
    const { viewer } = join()
    viewer.receiveAll()
    pass()
    viewer.receiveAll()
    const before = viewer.statuses.length
    for (let n = 0; n < 50; n++) {
      await real.append([agentEvent(`agent-${n}`)])
      pass(50)
      viewer.receiveAll()
    }
    expect(viewer.statuses).toHaveLength(before)
  })
})

describe('the status', () => {
  test('[V7] is sent when it changes, a burst of changes as one', () => {
    const { source, join } = setUpLive()
    const { viewer } = join()
    viewer.receiveAll()
    pass()
    viewer.receiveAll()
    const before = viewer.statuses.length
    source.say({ state: 'waiting', lastError: sampleError(), attempt: 1 })
    source.say({ state: 'connecting' })
    source.say({ state: 'handshaking' })
    pass()
    viewer.receiveAll()
    expect(viewer.statuses).toHaveLength(before + 1)
    expect(viewer.statuses.at(-1)).toMatchObject({ mode: 'stale', degraded: ['source'] })
    expect(viewer.statuses.at(-1)?.sources[0]).toMatchObject({ state: 'handshaking' })
  })

  test('[V7] counts the viewers, and tells the others when one leaves', () => {
    const { join } = setUpLive()
    const { viewer } = join()
    const other = join()
    pass()
    viewer.receiveAll()
    expect(viewer.statuses.at(-1)?.viewers).toBe(2)
    other.leave()
    pass()
    viewer.receiveAll()
    expect(viewer.statuses.at(-1)?.viewers).toBe(1)
  })

  test('is not sent while nothing changes', () => {
    const { join } = setUpLive()
    const { viewer } = join()
    viewer.receiveAll()
    pass(200)
    viewer.receiveAll()
    const before = viewer.sink.sent.length
    pass(60_000)
    expect(viewer.sink.sent).toHaveLength(before)
  })
})

describe('[V8] another world', () => {
  test('is announced, then sent whole; nothing of the former stays', async () => {
    const { real, mock, source, join } = setUp()
    await mock.append([agentEvent('mock-agent', { mock: true })])
    source.say({ state: 'waiting', lastError: sampleError() })
    const { viewer } = join()
    viewer.receiveAll()
    expectSame(viewer, mock)
    source.say({ state: 'handshaking' })
    await real.append([agentEvent('real-agent')])
    source.say({ state: 'live' })
    viewer.receiveAll()
    expectSame(viewer, real)
    expect(types(viewer).slice(-2)).toEqual(['status', 'snapshot'])
    expect(viewer.statuses.at(-1)?.mode).toBe('live')
    expect([...viewer.store.all('agent').keys()]).toEqual(['real-agent'])
    await mock.append([agentEvent('mock-agent-2', { mock: true })])
    pass()
    viewer.receiveAll()
    expectSame(viewer, real)
  })

  test('takes the place of a snapshot that is on its way', async () => {
    const { real, mock, source, join } = setUp()
    const big = 'x'.repeat(100_000)
    await mock.append(Array.from({ length: 12 }, (_, n) => agentEvent(`mock-${n}`, { mock: true, activity: big })))
    source.say({ state: 'waiting', lastError: sampleError() })
    const { viewer } = join()
    viewer.receive()
    viewer.receive()
    expect(viewer.position).toBeNull()
    source.say({ state: 'handshaking' })
    await real.append([agentEvent('real-agent')])
    source.say({ state: 'live' })
    viewer.receiveAll()
    expectSame(viewer, real)
    expect(viewer.sink.sent.filter(({ type }) => type === 'snapshot').length).toBeLessThan(5)
  })
})

describe('the hub', () => {
  test('is full with its most viewers', () => {
    const { hub, join } = setUpLive()
    const all = Array.from({ length: MAX_VIEWERS }, () => join())
    expect(hub.isFull).toBe(true)
    all[0]?.leave()
    expect(hub.isFull).toBe(false)
    hub.close()
  })

  test('closed has no viewer, timer or listener, and takes nobody in', async () => {
    const { real, hub, view, join } = setUpLive()
    const { viewer } = join()
    await real.append([agentEvent('a')])
    hub.close()
    hub.close()
    const late = join()
    view.close()
    await real.append([agentEvent('b')])
    viewer.receiveAll()
    late.leave()
    expect(hub.viewers).toBe(0)
    expect(late.viewer.sink.sent).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('the encoder', () => {
  const worldOf = async (count: number, activity: string) => {
    const world = new World('real', new MemoryLog())
    await world.append(Array.from({ length: count }, (_, n) => agentEvent(`agent-${n}`, { activity })))
    return { world, encoder: new Encoder(world.store) }
  }

  test('serves a herd of newcomers from one snapshot for a while, each brought up to date by a frame', async () => {
    const { world, encoder } = await worldOf(20, 'x')
    const [first] = encoder.since(null, 0)
    await world.append([agentEvent('agent-1', { status: 'busy' })])
    expect(encoder.since(null, 0)[0]).toBe(first)
    const [frame] = encoder.since(world.store.epoch, 1)
    expect(frame).toMatchObject({ type: 'frame', position: { seq: 2 } })
    for (let n = 0; n < 40; n++) await world.append([agentEvent('agent-1', { tasksCompleted: n })])
    expect(encoder.since(null, 0)[0]).not.toBe(first)
  })

  test('[F4] a frame above 1 MiB goes as a fresh snapshot in chunks, for everybody at that place the same', async () => {
    const { world, encoder } = await worldOf(30, 'x'.repeat(50_000))
    const old = encoder.since(null, 0)
    await world.append(Array.from({ length: 30 }, (_, n) => agentEvent(`agent-${n}`, { activity: 'y'.repeat(50_000) })))
    const chunks = encoder.since(world.store.epoch, 1)
    expect(chunks).not.toBe(old)
    expect(chunks.length).toBeGreaterThan(3)
    expect(chunks.at(-1)?.position).toEqual({ epoch: world.store.epoch, seq: 2 })
    expect(encoder.since(world.store.epoch, 1)).toBe(chunks)
    expect(encoder.since(world.store.epoch, 2)).toEqual([])
  })

  test('[F5] who is below the tombstone floor gets a snapshot', async () => {
    const world = new World('real', new MemoryLog())
    await world.append(Array.from({ length: 10_050 }, (_, n) => agentEvent(`agent-${n}`)))
    const early = new Encoder(world.store).since(world.store.epoch, 0)
    expect(early[0]?.type).toBe('snapshot')
    for (let n = 0; n < 10_050; n += 50) {
      await world.append(Array.from({ length: 50 }, (_, m) => agentEnds(`agent-${n + m}`)))
    }
    const encoder = new Encoder(world.store)
    expect(encoder.since(world.store.epoch, 1)[0]?.type).toBe('snapshot')
    expect(encoder.since(world.store.epoch, world.store.tombstoneFloor)[0]?.type).toBe('frame')
  })
})
