import { describe, expect, it, vi } from 'vitest'
import { RevisionedStore } from '../../protocol/frames.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { type SwarmChange, SwarmModel } from '../../web/store/swarmModel.ts'
import { agentOf } from '../helpers/webWorld.ts'

/** A model whose frames are drawn by hand. */
function harness() {
  const flushes: (() => void)[] = []
  const model = new SwarmModel((flush) => flushes.push(flush))
  return {
    model,
    drawFrame: () => {
      for (const flush of flushes.splice(0)) flush()
    },
  }
}

const load = (model: SwarmModel, put: Entity[], epoch = 'e') => model.load({ epoch, seq: 1, put })
const frame = (from: number, put: Entity[], del: string[] = []) => ({
  epoch: 'e',
  from,
  to: from + 1,
  put,
  del: del.map((id) => ({ entity: 'agent', id })),
})

describe('the model', () => {
  it('is nowhere before its first snapshot, and finds every frame a gap', () => {
    const { model } = harness()
    expect(model.position()).toBeNull()
    expect(model.apply({ ...frame(0, []), epoch: '' })).toBe('gap')
    load(model, [])
    expect(model.position()).toEqual({ epoch: 'e', seq: 1 })
  })

  it('tells the scene at once, and React once a frame', () => {
    const { model, drawFrame } = harness()
    const changes: SwarmChange[] = []
    const listener = vi.fn()
    model.onChange((change) => changes.push(change))
    model.subscribe(listener)
    load(model, [agentOf('a')])
    model.apply(frame(1, [agentOf('b')]))
    model.apply(frame(2, [agentOf('c')]))
    expect(changes.map(({ isReset, put }) => [isReset, put.length])).toEqual([
      [true, 1],
      [false, 1],
      [false, 1],
    ])
    expect(listener).not.toHaveBeenCalled()
    drawFrame()
    expect(listener).toHaveBeenCalledTimes(1)
    expect(model.version).toBe(1)
  })

  it('tells those who look at one agent of that one alone', () => {
    const { model, drawFrame } = harness()
    load(model, [agentOf('a'), agentOf('b')])
    drawFrame()
    const onA = vi.fn()
    const onB = vi.fn()
    model.subscribeTo('agent', 'test/a', onA)
    const stop = model.subscribeTo('agent', 'test/b', onB)
    model.apply(frame(1, [agentOf('a', { status: 'idle' })]))
    drawFrame()
    expect([onA.mock.calls.length, onB.mock.calls.length]).toEqual([1, 0])
    stop()
    model.apply(frame(2, [], ['test/b']))
    load(model, [])
    drawFrame()
    expect([onA.mock.calls.length, onB.mock.calls.length]).toEqual([2, 0])
  })

  it('keeps the reference of what did not change', () => {
    const { model } = harness()
    const [a, b] = [agentOf('a'), agentOf('b')]
    load(model, [a, b])
    model.apply(frame(1, [agentOf('a', { status: 'idle' })]))
    expect(model.get('agent', b.id)).toBe(b)
    expect(model.get('agent', a.id)).not.toBe(a)
  })

  it('is silent about repeats and gaps', () => {
    const { model, drawFrame } = harness()
    load(model, [])
    drawFrame()
    const listener = vi.fn()
    model.onChange(listener)
    expect(model.apply(frame(0, [agentOf('a')]))).toBe('stale')
    expect(model.apply(frame(7, [agentOf('a')]))).toBe('gap')
    expect(model.apply({ ...frame(1, []), epoch: 'other' })).toBe('gap')
    expect(listener).not.toHaveBeenCalled()
    expect(model.agents.size).toBe(0)
  })
})

describe('the model in the past', () => {
  const pastStore = (...agents: Entity[]) => {
    const store = new RevisionedStore<Entity>('past:1')
    for (const agent of agents) store.put(agent)
    return store
  }
  const names = (model: SwarmModel) => [...model.agents.values()].map(({ name }) => name)

  it('[H9] shows nothing of what is received, and receives it all the same', () => {
    const { model } = harness()
    load(model, [agentOf('a'), agentOf('b')])
    const shown: SwarmChange[] = []
    const live: SwarmChange[] = []
    model.onChange((change) => shown.push(change))
    model.onLiveChange((change) => live.push(change))

    model.showPast(pastStore(agentOf('old')))
    expect(names(model)).toEqual(['old'])
    expect([model.isPast, model.epoch]).toEqual([true, 'past:1'])
    expect(model.apply(frame(1, [agentOf('c')], ['test/a']))).toBe('applied')
    expect(names(model)).toEqual(['old'])
    expect([shown.length, live.length]).toEqual([1, 1])
    // Whoever resumes, resumes the live world.
    expect(model.position()).toEqual({ epoch: 'e', seq: 2 })

    model.showLive()
    expect(names(model)).toEqual(['b', 'c'])
    expect(shown.at(-1)).toMatchObject({ isReset: true, del: [] })
    expect(shown.at(-1)?.put).toHaveLength(2)
  })

  it('ignores a past that is no longer shown, and a snapshot of now', () => {
    const { model, drawFrame } = harness()
    load(model, [agentOf('a')])
    const first = pastStore(agentOf('old'))
    model.showPast(first)
    const second = pastStore(agentOf('older'))
    model.showPast(second)
    const shown = vi.fn()
    const listener = vi.fn()
    model.onChange(shown)
    model.subscribeTo('agent', 'test/a', listener)
    drawFrame()
    listener.mockClear()
    model.movePast(first, [agentOf('old')], [])
    load(model, [agentOf('a')], 'another epoch')
    drawFrame()
    expect(shown).not.toHaveBeenCalled()
    expect(listener).not.toHaveBeenCalled()
    model.showLive()
    expect(model.epoch).toBe('another epoch')
    model.movePast(second, [agentOf('older')], [])
    expect(shown).toHaveBeenCalledTimes(1)
  })
})
