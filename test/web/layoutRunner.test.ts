import { describe, expect, it } from 'vitest'
import type { FromLayout, LayoutNode, ToLayout } from '../../web/layout/messages.ts'
import { LayoutRunner } from '../../web/layout/runner.ts'

/** A runner whose clock and turns are in our hands. */
function harness() {
  const sent: FromLayout[] = []
  let nowMs = 0
  let wanted = 0
  const runner = new LayoutRunner({
    nowMs: () => (nowMs += 0.1),
    schedule: () => wanted++,
    send: (message) => sent.push(message),
  })
  return {
    runner,
    sent,
    isWanted: () => wanted > 0,
    turn: () => {
      wanted = 0
      runner.turn()
    },
    settle() {
      for (let turns = 0; turns < 2_000 && wanted > 0; turns++) {
        wanted = 0
        runner.turn()
      }
    },
  }
}

const node = (slot: number, generation = 1): LayoutNode => ({ slot, generation, radius: 0.6, group: 0, near: -1 })
const change = (add: LayoutNode[], remove: number[] = [], isLeap = false): ToLayout => ({
  type: 'change',
  isLeap,
  add,
  remove,
  links: new Int32Array(0),
  groups: null,
})

describe('the layout runner', () => {
  it('settles and then asks for no more turns', () => {
    const { runner, sent, isWanted, settle } = harness()
    runner.receive(change([node(0), node(1), node(2)]))
    settle()
    expect(isWanted()).toBe(false)
    expect(sent.at(-1)).toMatchObject({ settled: true, slotEnd: 3 })
  })

  it('names the generation of each slot, and 0 for an empty one', () => {
    const { runner, sent, turn } = harness()
    runner.receive(change([node(0, 4), node(1, 1), node(2, 9)]))
    runner.receive(change([], [1]))
    turn()
    expect([...sent[0]!.generations.subarray(0, 3)]).toEqual([4, 0, 9])
  })

  it('does nothing while paused, and goes on after', () => {
    const { runner, sent, turn, isWanted } = harness()
    runner.receive({ type: 'pause', paused: true })
    runner.receive(change([node(0), node(1)]))
    expect(isWanted()).toBe(false)
    turn()
    expect(sent).toEqual([])
    runner.receive({ type: 'pause', paused: false })
    expect(isWanted()).toBe(true)
  })

  it('fills buffers that come back', () => {
    const { runner, sent, turn } = harness()
    runner.receive(change([node(0), node(1)]))
    turn()
    const { positions, generations } = sent[0]!
    runner.receive({ type: 'recycle', positions, generations })
    turn()
    expect(sent[1]!.positions).toBe(positions)
  })

  it('survives the end of all nodes', () => {
    const { runner, sent, settle } = harness()
    runner.receive(change([node(0), node(1)]))
    settle()
    runner.receive(change([], [0, 1]))
    settle()
    expect(sent.at(-1)).toMatchObject({ slotEnd: 0, settled: true })
  })

  it('gives whoever comes back with another moment the place that it had, and moves nobody for it', () => {
    const { runner, sent, settle } = harness()
    const all = Array.from({ length: 60 }, (_, slot) => node(slot))
    runner.receive(change(all))
    settle()
    const before = sent.at(-1)!.positions.slice(0, 180)
    const placeOf = (positions: Float32Array, slot: number) => [...positions.subarray(slot * 3, slot * 3 + 3)]
    const wayOf = (slot: number) => {
      const [here, there] = [placeOf(sent.at(-1)!.positions, slot), placeOf(before, slot)]
      return Math.hypot(...here.map((value, axis) => value - there[axis]!))
    }
    const away = all.slice(20, 50)
    const slots = away.map(({ slot }) => slot)
    const back = away.map((each) => {
      const [x = 0, y = 0, z = 0] = placeOf(before, each.slot)
      return { ...each, generation: 2, at: [x, y, z] as const }
    })
    const told = sent.length
    runner.receive(change([], slots, true))
    settle()
    runner.receive(change(back, [], true))
    settle()
    expect(sent.at(-1)!.generations[30]).toBe(2)
    // Said once each, and at rest at once.
    expect(sent.length - told).toBe(2)
    expect(Math.max(...all.map(({ slot }) => wayOf(slot)))).toBe(0)
  })

  it('finds another place for whoever comes back and finds his own taken', () => {
    const { runner, sent, settle } = harness()
    runner.receive(change([node(0), node(1), node(2)]))
    settle()
    const [x = 0, y = 0, z = 0] = sent.at(-1)!.positions
    runner.receive(change([{ ...node(3), at: [x + 0.01, y, z] }]))
    settle()
    const { positions } = sent.at(-1)!
    const apart = Math.hypot(...[0, 1, 2].map((axis) => positions[axis]! - positions[9 + axis]!))
    expect(apart).toBeGreaterThan(1)
  })

  it('shows only the end of a change under reduced motion', () => {
    const { runner, sent, settle } = harness()
    runner.receive(change([node(0), node(1), node(2)]))
    settle()
    runner.receive({ type: 'motion', hasMotion: false })
    const before = sent.length
    runner.receive({ type: 'mode', mode: 'rings' })
    settle()
    expect(sent.slice(before)).toMatchObject([{ settled: true }])
  })

  it('takes other groups and another mode, and rests again', () => {
    const { runner, sent, settle } = harness()
    runner.receive(change([node(0), node(1), node(2)]))
    settle()
    runner.receive({ type: 'mode', mode: 'rings' })
    settle()
    const together = sent.at(-1)!.positions.slice(0, 9)
    runner.receive({
      type: 'change',
      add: [],
      remove: [],
      isLeap: false,
      links: null,
      groups: Int32Array.from([0, 0, 1]),
    })
    settle()
    expect(sent.at(-1)).toMatchObject({ settled: true })
    expect(sent.at(-1)!.positions.slice(0, 9)).not.toEqual(together)
  })
})
