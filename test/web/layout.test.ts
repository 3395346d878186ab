// The layout: pure, deterministic, settles, and one more agent does not shake the rest.

import { describe, expect, it } from 'vitest'
import {
  addNodes,
  createLayout,
  type LayoutState,
  type NewNode,
  removeNode,
  setLinks,
  warm,
} from '../../web/layout/layoutState.ts'
import { Repulsion } from '../../web/layout/repulsion.ts'
import { MIN_HEAT, step } from '../../web/layout/step.ts'
import { randomFrom } from '../helpers/webWorld.ts'

const node = (slot: number, near = -1): NewNode => ({ slot, radius: 0.6, group: -1, near })

/** A tree of `count` nodes, each child of one before it. */
function tree(count: number, seed = 1): LayoutState {
  const random = randomFrom(seed)
  const state = createLayout(16, seed)
  const parents = Array.from({ length: count }, (_, slot) =>
    slot === 0 ? -1 : Math.floor(random() * Math.min(slot, 40)),
  )
  addNodes(
    state,
    parents.map((near, slot) => node(slot, near)),
  )
  setLinks(state, Int32Array.from(parents.flatMap((near, slot) => (near < 0 ? [] : [near, slot, 0]))))
  return state
}

function settle(state: LayoutState, most = 2_000): number {
  const repulsion = new Repulsion()
  for (let steps = 1; steps <= most; steps++) if (step(state, repulsion) <= MIN_HEAT) return steps
  return most
}

const used = (state: LayoutState) => state.positions.subarray(0, state.slotEnd * 3)

function distance(state: LayoutState, a: number, b: number): number {
  const p = (slot: number, axis: number) => state.positions[slot * 3 + axis]!
  return Math.hypot(p(a, 0) - p(b, 0), p(a, 1) - p(b, 1), p(a, 2) - p(b, 2))
}

describe('the layout', () => {
  it('puts the same swarm in the same places', () => {
    const [first, second] = [tree(200), tree(200)]
    settle(first)
    settle(second)
    expect(used(first)).toEqual(used(second))
  })

  it('differs by seed', () => {
    const [first, second] = [tree(50, 1), tree(50, 2)]
    settle(first)
    settle(second)
    expect(used(first)).not.toEqual(used(second))
  })

  it('settles, and then moves nothing', () => {
    const state = tree(300)
    expect(settle(state)).toBeLessThan(500)
    const before = used(state).slice()
    step(state, new Repulsion())
    expect(used(state)).toEqual(before)
  })

  it.each([0, 1, 2, 3, 13, 1_000])('gives %i nodes finite places', (count) => {
    const state = tree(count)
    settle(state)
    expect(used(state).every(Number.isFinite)).toBe(true)
  })

  it('parts nodes that stand in the very same place', () => {
    const state = createLayout(16, 1)
    addNodes(state, [node(0), node(1), node(2)])
    state.positions.fill(0)
    state.positions[0] = 1e-6
    state.positions[4] = 1e-6
    settle(state)
    expect(Math.min(distance(state, 0, 1), distance(state, 1, 2), distance(state, 0, 2))).toBeGreaterThan(0.5)
  })

  it('keeps bodies apart and the linked ones near', () => {
    const state = tree(120)
    settle(state)
    let nearest = Number.POSITIVE_INFINITY
    let links = 0
    for (let a = 0; a < 120; a++) for (let b = 0; b < a; b++) nearest = Math.min(nearest, distance(state, a, b))
    for (let i = 0; i < state.linkCount; i++) links += distance(state, state.linkSources[i]!, state.linkTargets[i]!)
    let all = 0
    for (let slot = 1; slot < 120; slot++) all += distance(state, 0, slot)
    expect(nearest).toBeGreaterThan(1)
    expect(links / state.linkCount).toBeLessThan(all / 119)
  })

  it('is not shaken by one more agent', () => {
    const state = tree(300)
    settle(state)
    const before = used(state).slice()
    addNodes(state, [node(300, 5)])
    warm(state, 0.03)
    settle(state)
    const after = used(state)
    let moved = 0
    for (let slot = 0; slot < 300; slot++) {
      const p = slot * 3
      moved += Math.hypot(after[p]! - before[p]!, after[p + 1]! - before[p + 1]!, after[p + 2]! - before[p + 2]!) / 300
    }
    expect(moved).toBeLessThan(0.6) // less than a body's radius
  })

  it('places children beside their parents, in whatever order they come', () => {
    const state = createLayout(16, 1)
    addNodes(state, [node(2, 1), node(1, 0), node(0)])
    expect(distance(state, 0, 1)).toBeLessThan(4)
    expect(distance(state, 1, 2)).toBeLessThan(4)
  })

  it('places a circle of parents too', () => {
    const state = createLayout(16, 1)
    addNodes(state, [node(0, 1), node(1, 0), node(2, 2)])
    expect([...state.alive.subarray(0, 3)]).toEqual([1, 1, 1])
  })

  it('leaves out links to nodes that are not there', () => {
    const state = createLayout(16, 1)
    addNodes(state, [node(0), node(1)])
    setLinks(state, Int32Array.from([0, 1, 0, 0, 7, 0, 1, 1, 0, -1, 0, 0]))
    expect(state.linkCount).toBe(1)
  })

  it('forgets removed nodes', () => {
    const state = tree(10)
    removeNode(state, 9)
    removeNode(state, 4)
    expect(state.slotEnd).toBe(9)
    settle(state)
    expect(used(state).every(Number.isFinite)).toBe(true)
  })

  it('approximates the true repulsion within a few per cent', () => {
    const state = tree(400)
    settle(state)
    const repulsion = new Repulsion()
    state.forces.fill(0)
    repulsion.repel(state, 1, -1)
    const exact = new Float64Array(400 * 3)
    let error = 0
    let size = 0
    for (let a = 0; a < 400; a++) {
      for (let b = 0; b < 400; b++) {
        const d = [0, 1, 2].map((axis) => state.positions[a * 3 + axis]! - state.positions[b * 3 + axis]!)
        const squared = d[0]! ** 2 + d[1]! ** 2 + d[2]! ** 2
        // Bodies that touch push each other besides: leave them out on both sides.
        if (a === b || squared < 3) continue
        for (let axis = 0; axis < 3; axis++) exact[a * 3 + axis]! += (d[axis]! * state.charges[b]!) / (squared + 0.35)
      }
      for (let axis = 0; axis < 3; axis++) {
        error += (state.forces[a * 3 + axis]! - exact[a * 3 + axis]!) ** 2
        size += exact[a * 3 + axis]! ** 2
      }
    }
    expect(Math.sqrt(error / size)).toBeLessThan(0.06)
  })
})
