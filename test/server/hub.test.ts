import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Delivery, Encoded } from '../../server/hub/encoder.ts'
import { Encoder } from '../../server/hub/encoder.ts'
import { Hub, MAX_VIEWERS, NO_PROGRESS_MS } from '../../server/hub/hub.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { View } from '../../server/view.ts'
import { World } from '../../server/world.ts'
import { agentEnds, agentEvent } from '../helpers/eventLogContract.ts'
import { join as joinHub, Viewer } from '../helpers/handFlushedSink.ts'
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
  const join = (viewer = new Viewer()) => ({ viewer, leave: joinHub(hub, viewer) })
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
    expect(types(viewer)).toEqual(['status', 'snapshot', 'frame'])
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

  test('[V6] come more seldom when all viewers together would be sent more than 128 MB a second', async () => {
    const { real, join } = setUpLive()
    const viewers = Array.from({ length: 100 }, () => join().viewer)
    const receiveAll = () => {
      for (const viewer of viewers) viewer.receiveAll()
    }
    receiveAll()
    pass()
    receiveAll()
    // 90 MB for all, which is 0.7 s.
    await real.append([agentEvent('large', { activity: 'x'.repeat(900_000) })])
    receiveAll()
    const before = viewers.map(({ sink }) => sink.sent.length)
    for (let n = 0; n < 20; n++) {
      await real.append([agentEvent('a', { tasksCompleted: n })])
      pass(30)
      receiveAll()
    }
    expect(viewers.map(({ sink }) => sink.sent.length)).toEqual(before)
    pass(200)
    receiveAll()
    expect(viewers.map(({ sink }) => sink.sent.length)).toEqual(before.map((count) => count + 1))
    for (const viewer of viewers) expectSame(viewer, real)
  })

  test('[V6] a slow viewer goes on with the others, from the same frame', async () => {
    const { real, join } = setUpLive()
    const quick = join().viewer
    const slow = join().viewer
    for (const viewer of [quick, slow]) viewer.receiveAll()
    pass()
    for (const viewer of [quick, slow]) viewer.receiveAll()
    await real.append([agentEvent('a')])
    quick.receiveAll()
    await real.append([agentEvent('b')])
    pass(20)
    slow.receiveAll()
    expect(frames(slow)).toHaveLength(1)
    pass(20)
    expect(frames(slow).at(-1)?.json).toBe(frames(quick).at(-1)?.json)
    for (const viewer of [quick, slow]) viewer.receiveAll()
    for (const viewer of [quick, slow]) expectSame(viewer, real)
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
    pass(1_000)
    viewer.receiveAll()
    expect(viewer.statuses.at(-1)?.viewers).toBe(2)
    other.leave()
    pass(1_000)
    viewer.receiveAll()
    expect(viewer.statuses.at(-1)?.viewers).toBe(1)
  })

  test('[V6, V7] of 1,000 viewers that come within 2 s is encoded some 20 times, and each is told it once a second', () => {
    const { hub, join } = setUpLive()
    const before = hub.counts.encoded.total
    const viewers: Viewer[] = []
    for (let n = 0; n < 1_000; n++) {
      viewers.push(join().viewer)
      pass(2)
      for (const viewer of viewers) viewer.receiveAll()
    }
    pass(1_000)
    for (const viewer of viewers) viewer.receiveAll()
    expect(hub.counts.encoded.total - before).toBeLessThan(30)
    expect(Math.max(...viewers.map(({ statuses }) => statuses.length))).toBeLessThanOrEqual(4)
    expect(new Set(viewers.map(({ statuses }) => statuses.at(-1)?.viewers))).toEqual(new Set([1_000]))
    hub.close()
  })

  test('[V7] that a source is lost waits for no count of viewers', () => {
    const { source, join } = setUpLive()
    const { viewer } = join()
    viewer.receiveAll()
    source.say({ state: 'waiting', lastError: sampleError() })
    pass(100)
    viewer.receiveAll()
    expect(viewer.statuses.at(-1)?.mode).not.toBe('live')
  })

  test('[V7] of a newcomer is at most 100 ms old', () => {
    const { join } = setUpLive()
    for (let n = 0; n < 50; n++) {
      const { viewer, leave } = join()
      viewer.receiveAll()
      expect(Date.now() - Date.parse(viewer.statuses[0]?.at ?? '')).toBeLessThanOrEqual(100)
      pass(30)
      leave()
    }
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
  test('[V14] is full with its most viewers, those counted who have not said hello', () => {
    const { hub, join } = setUpLive()
    const seats = Array.from({ length: MAX_VIEWERS - 1 }, () => hub.takeSeat())
    const last = join()
    expect([hub.isFull, hub.viewers, hub.takeSeat()]).toEqual([true, 1, null])
    last.leave()
    last.leave()
    expect([hub.isFull, hub.viewers]).toEqual([false, 0])
    seats[0]?.leave()
    seats[0]?.watch(new Viewer().sink, null)
    expect(hub.viewers).toBe(0)
    hub.close()
  })

  test('[V14] a viewer that is dropped keeps its seat until its socket is gone', () => {
    const { hub, join } = setUpLive()
    const rest = Array.from({ length: MAX_VIEWERS - 1 }, () => hub.takeSeat())
    const { viewer, leave } = join()
    pass(NO_PROGRESS_MS)
    expect([viewer.sink.dropped, hub.viewers, hub.isFull]).toEqual([true, 0, true])
    leave()
    expect(hub.isFull).toBe(false)
    for (const seat of rest) seat?.leave()
    hub.close()
  })

  test('[V15] says goodbye to each viewer, with pauses spread evenly over what was asked for', () => {
    const { hub, join } = setUpLive()
    const viewers = Array.from({ length: 1_000 }, () => join().viewer)
    hub.close({ retryHintMs: 5_000 })
    const pauses = viewers.map(({ sink }) => sink.retryAfterMs ?? -1).sort((a, b) => a - b)
    for (const [index, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(index * 5)
      expect(pause).toBeLessThanOrEqual(index * 5 + 5)
    }
    hub.close({ retryHintMs: 0 })
    expect(viewers.every(({ sink }, index) => sink.retryAfterMs === viewers[index]?.sink.retryAfterMs)).toBe(true)
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
    const onEncoded = vi.fn()
    return { world, onEncoded, encoder: new Encoder(world.store, onEncoded) }
  }
  const messagesOf = (delivery: Delivery | null) => {
    const messages: Encoded[] = []
    for (let message = delivery?.at(0); message; message = delivery?.at(messages.length)) messages.push(message)
    return messages
  }
  const touch = async (world: World, batches = 1) => {
    for (let n = 0; n < batches; n++) await world.append([agentEvent('agent-1', { tasksCompleted: n })])
  }

  test('[V6] serves a herd of newcomers from one snapshot for a while, each brought up to date by a frame', async () => {
    const { world, encoder } = await worldOf(20, 'x')
    const first = encoder.since(null, 0)
    await touch(world)
    expect(encoder.since(null, 0)).toBe(first)
    expect(messagesOf(encoder.since(world.store.epoch, 1))).toMatchObject([{ type: 'frame', position: { seq: 2 } }])
    await touch(world, 40)
    expect(encoder.since(null, 0)).not.toBe(first)
  })

  test('[F4] a frame above 1 MiB goes as a fresh snapshot in chunks, for everybody at that place the same', async () => {
    const { world, encoder } = await worldOf(30, 'x'.repeat(50_000))
    const old = encoder.since(null, 0)
    await world.append(Array.from({ length: 30 }, (_, n) => agentEvent(`agent-${n}`, { activity: 'y'.repeat(50_000) })))
    const fresh = encoder.since(world.store.epoch, 1)
    expect(fresh).not.toBe(old)
    const chunks = messagesOf(fresh)
    expect(chunks.length).toBeGreaterThan(3)
    expect(chunks.at(-1)?.position).toEqual({ epoch: world.store.epoch, seq: 2 })
    expect(encoder.since(world.store.epoch, 1)).toBe(fresh)
    expect(encoder.since(world.store.epoch, 2)).toBeNull()
  })

  test('[F5] who is below the tombstone floor gets a snapshot', async () => {
    const { world, encoder } = await worldOf(10_050, '')
    const type = (seq: number) => new Encoder(world.store).since(world.store.epoch, seq)?.at(0)?.type
    expect(encoder.since(world.store.epoch, 0)?.at(0)?.type).toBe('snapshot')
    for (let n = 0; n < 10_050; n += 50) {
      await world.append(Array.from({ length: 50 }, (_, m) => agentEnds(`agent-${n + m}`)))
    }
    expect(type(1)).toBe('snapshot')
    expect(type(world.store.tombstoneFloor)).toBe('frame')
  })

  test('[V13] a snapshot of 10,000 agents goes in chunks of 256 KiB at most, whatever their letters, each encoded once when it is needed', async () => {
    // Three bytes a letter; an id that has to be escaped.
    const { world, encoder, onEncoded } = await worldOf(10_000, '編集'.repeat(20))
    await world.append([agentEvent('a\n"\ud800')])
    const delivery = encoder.since(null, 0)
    expect(onEncoded).not.toHaveBeenCalled()
    delivery?.at(0)
    expect(onEncoded).toHaveBeenCalledTimes(1)
    const chunks = messagesOf(delivery)
    const again = messagesOf(encoder.since(null, 0))
    expect(onEncoded).toHaveBeenCalledTimes(chunks.length)
    expect(again.every((chunk, index) => chunk === chunks[index])).toBe(true)
    const sizes = chunks.map(({ json }) => json.length)
    expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(6_400_000)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(256 * 1024)
    // Hardly more of them than there must be.
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(250 * 1024)
    const viewer = new Viewer()
    for (const chunk of chunks) viewer.take(chunk)
    expectSame(viewer, world)
  })

  test('[V13] the chunks of a snapshot that is on its way are of its own seq, whatever happens meanwhile', async () => {
    const { world, encoder } = await worldOf(50, 'x'.repeat(10_000))
    const hash = canonicalHash(world.store.values())
    const delivery = encoder.since(null, 0)
    const viewer = new Viewer()
    let chunks = 0
    for (let chunk = delivery?.at(0); chunk; chunk = delivery?.at(chunks)) {
      chunks++
      viewer.take(chunk)
      await world.append([agentEvent('agent-49', { activity: 'changed' }), agentEnds(`agent-${40 - chunks}`)])
    }
    expect(chunks).toBeGreaterThan(2)
    expect(viewer.position?.seq).toBe(1)
    expect(canonicalHash(viewer.store.values())).toBe(hash)
  })

  test('[V6] a herd that comes back from a thousand places costs a few frames, each of which fits its readers', async () => {
    const { world, encoder, onEncoded } = await worldOf(10, 'x')
    await touch(world, 1_000)
    for (let seq = 1; seq <= 1_000; seq++) {
      const [message] = messagesOf(encoder.since(world.store.epoch, seq))
      const frame = JSON.parse(message?.json.toString() ?? '') as { from: number; to: number }
      expect(frame.from).toBeLessThanOrEqual(seq)
      expect(frame.to).toBe(1_001)
    }
    expect(onEncoded.mock.calls.length).toBeLessThan(30)
  })

  test('[V14] newcomers share the youngest snapshot when slow viewers hold many', async () => {
    const { world, encoder } = await worldOf(10, 'x')
    const held = new Set<Delivery | null>()
    for (let n = 0; n < 20; n++) {
      const delivery = encoder.since(null, 0)
      if (delivery && !held.has(delivery)) delivery.holders++
      held.add(delivery)
      await touch(world, 40)
    }
    expect(held.size).toBe(4)
    // Never back to where its reader has been already.
    const { seq } = world.store
    await world.append(Array.from({ length: 30 }, (_, n) => agentEvent(`big-${n}`, { activity: 'y'.repeat(50_000) })))
    const fresh = encoder.since(world.store.epoch, seq)
    expect(fresh?.at(0)?.type).toBe('snapshot')
    expect(messagesOf(fresh).at(-1)?.position?.seq).toBeGreaterThan(seq)
    for (const delivery of held) if (delivery) delivery.holders = 0
    await touch(world, 40)
    expect(held.has(encoder.since(null, 0))).toBe(false)
  })

  test('[V13] in a storm whose frames are all too large slow viewers begin their snapshot again, and all end where the world is', async () => {
    const { hub, real, join } = setUpLive()
    const storm = (round: number) =>
      real.append(
        Array.from({ length: 30 }, (_, n) => agentEvent(`agent-${n}`, { activity: `${round}`.repeat(50_000) })),
      )
    await storm(1)
    const slow: Viewer[] = []
    const fast = join().viewer
    for (let round = 2; round < 12; round++) {
      fast.receiveAll()
      // Each begins where the fast one is, has the first chunk, and then takes nothing.
      const { viewer } = join()
      viewer.receive()
      viewer.receive()
      slow.push(viewer)
      await storm(round)
      pass(40)
    }
    fast.receiveAll()
    expectSame(fast, real)
    // They go on, and never come to an end that was none: what they had of an older one counts for nothing.
    for (const viewer of slow) {
      viewer.receiveAll()
      expectSame(viewer, real)
    }
    expect(hub.counts.restarts).toBeGreaterThan(5)
    hub.close()
  })

  test('[F8, V13] a snapshot that makes room is over in its middle, and its chunks are free', async () => {
    const { world, encoder } = await worldOf(30, 'x'.repeat(50_000))
    const held: Delivery[] = []
    let seq = world.store.seq
    for (let n = 0; n < 20; n++) {
      await world.append(
        Array.from({ length: 30 }, (_, at) => agentEvent(`agent-${at}`, { activity: `${n}y`.repeat(30_000) })),
      )
      const delivery = encoder.since(world.store.epoch, seq)
      expect(delivery?.at(0)?.type).toBe('snapshot')
      if (delivery) held.push(delivery)
      if (delivery) delivery.holders++
      seq = world.store.seq
      expect(held.filter(({ isWithdrawn }) => !isWithdrawn)).toEqual(held.slice(-4))
    }
    expect(held.slice(0, -4).map((delivery) => delivery.at(1))).toEqual(Array.from({ length: 16 }, () => null))
    expect(held.at(-4)?.at(1)).toMatchObject({ type: 'snapshot' })
  })
})
