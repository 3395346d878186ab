import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CONNECTING_MAX_MS } from '../../protocol/derive.ts'
import type { Mode, SourceError } from '../../protocol/swarm.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { View } from '../../server/view.ts'
import { World } from '../../server/world.ts'
import { agentEnds, agentEvent } from '../helpers/eventLogContract.ts'
import { LiteralSource } from '../helpers/literalSource.ts'
import { sampleError } from '../protocol/samples.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setUp({ demo = false, sources = [new LiteralSource()], path = null as string | null } = {}) {
  const real = new World('real', new MemoryLog())
  const mockWorld = new World('mock', new MemoryLog())
  const mock = vi.fn(() => mockWorld)
  const keptLog = { path, error: null as SourceError | null, onError: () => () => undefined }
  const view = new View({ demo, real, keptLog, sources, mock })
  const modes: Mode[] = [view.mode]
  view.onChange(() => {
    if (modes.at(-1) !== view.mode) modes.push(view.mode)
  })
  return { real, mockWorld, mock, keptLog, view, sources, source: sources[0] as LiteralSource, modes }
}
const REFUSED = { state: 'waiting', lastError: sampleError(), attempt: 1 } as const

describe('the mode of the view', () => {
  test('[M4] is connecting for a second at most, then mock, without any answer', () => {
    const { view, source, mock, mockWorld } = setUp()
    source.start()
    expect(view.mode).toBe('connecting')
    vi.advanceTimersByTime(CONNECTING_MAX_MS - 1)
    expect(view.mode).toBe('connecting')
    expect(view.world.name).toBe('real')
    expect(mock).not.toHaveBeenCalled()
    vi.advanceTimersByTime(50)
    expect(view.mode).toBe('mock')
    expect(view.world).toBe(mockWorld)
  })

  test('[M4] does not depend on the wall clock: one that is set back does not keep it connecting', () => {
    const { view, source } = setUp()
    source.start()
    vi.setSystemTime(Date.now() - 3_600_000)
    vi.advanceTimersByTime(CONNECTING_MAX_MS + 50)
    expect(view.mode).toBe('mock')
  })

  test('[M5] is mock as soon as the first attempt failed', () => {
    const { view, source, modes } = setUp()
    source.start()
    source.say(REFUSED)
    expect(view.mode).toBe('mock')
    expect(modes).toEqual(['connecting', 'mock'])
  })

  test('[M5] stays mock through further attempts, and makes one mock world only', () => {
    const { view, source, mock, modes } = setUp()
    source.start()
    for (let n = 0; n < 5; n++) {
      source.say(REFUSED)
      source.say({ state: 'connecting' })
      expect(view.world.name).toBe('mock')
    }
    expect(mock).toHaveBeenCalledTimes(1)
    expect(modes).toEqual(['connecting', 'mock'])
  })

  test('[M5] an unavailable source with an empty world gives mock', () => {
    const { view, source } = setUp()
    source.say({ state: 'unavailable', lastError: sampleError('CHILD_NOT_FOUND') })
    expect(view.mode).toBe('mock')
  })

  test.each(['live', 'limited'] as const)('[M2] a %s source makes it live, in the real world', (state) => {
    const { view, source, real } = setUp()
    source.say({ state })
    expect(view.mode).toBe('live')
    expect(view.world).toBe(real)
    expect(view.degraded).toEqual([])
  })

  test('[V8] real data swap the world and the epoch, once', async () => {
    const { view, source, real, mockWorld } = setUp()
    source.say(REFUSED)
    const epochs = [view.world.store.epoch]
    view.onChange(() => {
      if (epochs.at(-1) !== view.world.store.epoch) epochs.push(view.world.store.epoch)
    })
    source.say({ state: 'handshaking', lastError: null })
    await real.append([agentEvent('a')])
    source.say({ state: 'live' })
    expect(epochs).toEqual([mockWorld.store.epoch, real.store.epoch])
  })

  test.each([[[] as const], [[REFUSED] as const]])(
    'what a source brings a moment before it is live does not pass for stale (after %j)',
    async (history) => {
      const { source, real, modes } = setUp()
      for (const status of history) source.say(status)
      source.say({ state: 'handshaking' })
      await real.append([agentEvent('a')])
      source.say({ state: 'handshaking', lastError: null })
      source.say({ state: 'live' })
      expect(modes.filter((mode) => mode === 'stale')).toEqual([])
      expect(modes.at(-1)).toBe('live')
    },
  )

  test('[M3] a source that goes leaves it stale, with what was known', async () => {
    const { view, source, real } = setUp()
    source.say({ state: 'live' })
    await real.append([agentEvent('a')])
    source.say(REFUSED)
    expect(view.mode).toBe('stale')
    expect(view.world).toBe(real)
    expect(view.degraded).toEqual(['source'])
    source.say({ state: 'handshaking' })
    expect(view.mode).toBe('stale')
  })

  test('[M5] is never mock again once a source was live, even with an empty world', async () => {
    const { view, source, real, modes } = setUp()
    source.say({ state: 'live' })
    await real.append([agentEvent('a')])
    await real.append([agentEnds('a')])
    for (const state of ['waiting', 'connecting', 'unavailable', 'closed'] as const) source.say({ state })
    vi.advanceTimersByTime(60_000)
    expect(view.mode).toBe('stale')
    expect(modes).not.toContain('mock')
  })

  test('[M3] a world that was not empty from the start is stale, not connecting', async () => {
    const real = new World('real', new MemoryLog())
    await real.append([agentEvent('a')])
    const view = new View({ demo: false, real, sources: [new LiteralSource()], mock: () => real })
    expect(view.mode).toBe('stale')
    view.close()
  })

  test('[M1] the demo is mock whatever the sources do', () => {
    const { view, source } = setUp({ demo: true })
    expect(view.mode).toBe('mock')
    source.say({ state: 'live' })
    expect(view.mode).toBe('mock')
  })

  test('[M6] with two sources one that is gone is degraded, and the view is live', () => {
    const sources = [new LiteralSource({ id: 'one' }), new LiteralSource({ id: 'two' })]
    const { view } = setUp({ sources })
    sources[0]?.say({ state: 'live' })
    sources[1]?.say(REFUSED)
    expect(view.mode).toBe('live')
    expect(view.degraded).toEqual(['two'])
    expect(view.sources.map(({ id }) => id)).toEqual(['one', 'two'])
  })
})

describe('a view', () => {
  test('tells of each change of a status, but not of changes inside the world', async () => {
    const { view, source, real } = setUp()
    source.say({ state: 'live' })
    const heard = vi.fn()
    const stop = view.onChange(heard)
    for (let n = 0; n < 20; n++) await real.append([agentEvent(`agent-${n}`)])
    expect(heard).not.toHaveBeenCalled()
    source.say({ attempt: 0 })
    expect(heard).toHaveBeenCalledTimes(1)
    stop()
    source.say({ attempt: 1 })
    expect(heard).toHaveBeenCalledTimes(1)
  })

  test('[H5] has a history where the log of the very world that is shown is kept', () => {
    const none = expect.objectContaining({ code: 'NOT_FOUND' })
    expect(setUp().view.noHistory).toEqual(none)
    expect(setUp({ demo: true }).view.noHistory).toEqual(none)
    expect(setUp({ demo: true, path: 'of the demo' }).view.noHistory).toBeNull()
    const { view, source, keptLog } = setUp({ path: 'of the real world' })
    source.say({ state: 'live' })
    expect(view.noHistory).toBeNull()
    const details = { suggestion: 'Make room' }
    keptLog.error = { error: 'x', code: 'LOG_UNAVAILABLE', details }
    expect(view.noHistory?.body).toMatchObject({ code: 'LOG_UNAVAILABLE', details })
    // The file is the real world's: what stands in for it has no part in that.
    const standIn = setUp({ path: 'of the real world' })
    standIn.source.say(REFUSED)
    expect(standIn.view.mode).toBe('mock')
    expect(standIn.view.noHistory).toEqual(none)
  })

  test('passes retry on to every source', () => {
    const sources = [new LiteralSource(), new LiteralSource()]
    setUp({ sources }).view.retry()
    expect(sources.map(({ retries }) => retries)).toEqual([1, 1])
  })

  test('closed keeps neither timer nor listener', () => {
    const { view, source } = setUp()
    view.close()
    view.close()
    expect(source.listeners).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })
})
