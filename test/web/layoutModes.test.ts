// The modes that have places: who spawned stands above, swarms stand apart, and nobody stands on another.

import { describe, expect, it } from 'vitest'
import type { LayoutMode } from '../../web/layout/layoutModes.ts'
import { addNodes, createLayout, type LayoutState, setLinks } from '../../web/layout/layoutState.ts'
import { Repulsion } from '../../web/layout/repulsion.ts'
import { findPlaces, setMode } from '../../web/layout/setMode.ts'
import { MIN_HEAT, step } from '../../web/layout/step.ts'
import { randomFrom } from '../helpers/webWorld.ts'

const GROUPS = 5

/** Each group a tree of its own: its first node is its root. */
function forest(count: number, seed = 3): { state: LayoutState; parents: number[] } {
  const random = randomFrom(seed)
  const state = createLayout(16, seed)
  const parents = Array.from({ length: count }, (_, slot) => {
    if (slot < GROUPS) return -1
    // One of those before it in the same group, the early ones more often.
    const before = Math.floor(slot / GROUPS)
    return (slot % GROUPS) + GROUPS * Math.floor(random() ** 2 * before)
  })
  addNodes(
    state,
    parents.map((near, slot) => ({ slot, radius: 0.6, group: slot % GROUPS, near })),
  )
  setLinks(state, Int32Array.from(parents.flatMap((near, slot) => (near < 0 ? [] : [near, slot, 0]))))
  return { state, parents }
}

function settle(state: LayoutState): number {
  const repulsion = new Repulsion()
  for (let steps = 1; steps <= 400; steps++) if (step(state, repulsion) <= MIN_HEAT) return steps
  return Number.POSITIVE_INFINITY
}

const place = (state: LayoutState, slot: number) => ({
  x: state.positions[slot * 3]!,
  y: state.positions[slot * 3 + 1]!,
})

function nearest(state: LayoutState): number {
  let least = Number.POSITIVE_INFINITY
  for (let a = 0; a < state.slotEnd; a++) {
    for (let b = 0; b < a; b++) {
      const [p, q] = [place(state, a), place(state, b)]
      least = Math.min(least, Math.hypot(p.x - q.x, p.y - q.y))
    }
  }
  return least
}

describe.each<LayoutMode>(['hierarchy', 'rings'])('the layout by %s', (mode) => {
  it.each([1, 5, 14, 300, 1_000])('goes to its places and rests there, none over another: %i nodes', (count) => {
    const { state } = forest(count)
    setMode(state, mode)
    expect(settle(state)).toBeLessThan(200)
    expect(state.positions.subarray(0, count * 3)).toEqual(state.goals.subarray(0, count * 3))
    if (count > 1) expect(nearest(state)).toBeGreaterThan(1.2) // two radii
  })

  it('is the same for the same swarm', () => {
    const [first, second] = [forest(200).state, forest(200).state]
    for (const state of [first, second]) setMode(state, mode)
    expect(first.goals).toEqual(second.goals)
  })

  it('is about as wide as a screen', () => {
    const { state } = forest(600)
    setMode(state, mode)
    const xs = Array.from({ length: 600 }, (_, slot) => state.goals[slot * 3]!)
    const ys = Array.from({ length: 600 }, (_, slot) => state.goals[slot * 3 + 1]!)
    const aspect = (Math.max(...xs) - Math.min(...xs)) / (Math.max(...ys) - Math.min(...ys))
    expect(aspect).toBeGreaterThan(0.7)
    expect(aspect).toBeLessThan(2.8)
  })

  it('lets the force layout go on from there', () => {
    const { state } = forest(60)
    setMode(state, mode)
    settle(state)
    setMode(state, 'force')
    settle(state)
    const depth = Array.from({ length: 60 }, (_, slot) => Math.abs(state.positions[slot * 3 + 2]!))
    expect(Math.max(...depth)).toBeGreaterThan(0.3)
    expect(state.positions.every(Number.isFinite)).toBe(true)
  })
})

describe('the hierarchy', () => {
  it('puts whoever spawned above those who were spawned', () => {
    const { state, parents } = forest(300)
    setMode(state, 'hierarchy')
    for (const [slot, parent] of parents.entries()) {
      if (parent >= 0) expect(state.goals[parent * 3 + 1]!).toBeGreaterThan(state.goals[slot * 3 + 1]!)
    }
  })

  it('hangs a task below its agent', () => {
    const state = createLayout(8, 1)
    addNodes(state, [
      { slot: 0, radius: 0.6, group: -1, near: -1 },
      { slot: 1, radius: 0.3, group: -1, near: 0, hangs: true },
    ])
    setLinks(state, Int32Array.from([1, 0, 1]))
    setMode(state, 'hierarchy')
    expect(state.goals[1]!).toBeGreaterThan(state.goals[4]!)
  })

  it('cuts a circle of parents, and survives a chain as long as all', () => {
    const state = createLayout(8, 1)
    const chain = Array.from({ length: 5_000 }, (_, slot) => ({ slot, radius: 0.6, group: 0, near: slot - 1 }))
    addNodes(state, chain)
    const links = chain.flatMap(({ slot }) => [slot, (slot + 1) % 5_000, 0])
    setLinks(state, Int32Array.from(links))
    for (const mode of ['hierarchy', 'rings'] as const) {
      setMode(state, mode)
      expect(state.goals.subarray(0, 15_000).every(Number.isFinite)).toBe(true)
    }
  })

  it('moves nobody by much for one more at the end of a row', () => {
    const { state } = forest(300)
    setMode(state, 'hierarchy')
    const before = state.goals.slice(0, 900)
    addNodes(state, [{ slot: 300, radius: 0.6, group: 0, near: 0 }])
    findPlaces(state)
    const moved = Array.from({ length: 300 }, (_, slot) =>
      Math.hypot(state.goals[slot * 3]! - before[slot * 3]!, state.goals[slot * 3 + 1]! - before[slot * 3 + 1]!),
    ).sort((a, b) => a - b)
    expect(moved[150]).toBeLessThan(3)
  })
})

describe('the rings', () => {
  it('keep swarms apart: everybody is nearer to the middle of the own one', () => {
    const { state } = forest(300)
    setMode(state, 'rings')
    const middles = Array.from({ length: GROUPS }, (_, group) => {
      const own = Array.from({ length: 300 }, (_, slot) => slot).filter((slot) => slot % GROUPS === group)
      return [0, 1].map((axis) => own.reduce((sum, slot) => sum + state.goals[slot * 3 + axis]! / own.length, 0))
    })
    for (let slot = 0; slot < 300; slot++) {
      const distances = middles.map(([x, y]) =>
        Math.hypot(state.goals[slot * 3]! - x!, state.goals[slot * 3 + 1]! - y!),
      )
      expect(distances.indexOf(Math.min(...distances))).toBe(slot % GROUPS)
    }
  })

  it('put whoever leads into the middle', () => {
    const { state } = forest(100)
    setMode(state, 'rings')
    const own = Array.from({ length: 20 }, (_, index) => index * GROUPS)
    const middle = [0, 1].map((axis) => own.reduce((sum, slot) => sum + state.goals[slot * 3 + axis]! / 20, 0))
    const away = own.map((slot) =>
      Math.hypot(state.goals[slot * 3]! - middle[0]!, state.goals[slot * 3 + 1]! - middle[1]!),
    )
    expect(away.indexOf(Math.min(...away))).toBe(0)
  })
})
