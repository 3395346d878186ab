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
    const moved = Array.from({ length: 300 }, (_, slot) => slot * 3)
      .map((p) => Math.hypot(after[p]! - before[p]!, after[p + 1]! - before[p + 1]!, after[p + 2]! - before[p + 2]!))
      .sort((a, b) => a - b)
    // A body's radius is 0.6.
    expect(moved[150]).toBeLessThan(0.3)
    expect(moved[285]).toBeLessThan(0.6)
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

  it.each([400, 2_000])('approximates the true repulsion of %i nodes within a few per cent', (count) => {
    const state = tree(count)
    settle(state, 150)
    state.forces.fill(0)
    new Repulsion().repel(state, 1, -1)
    const exact = exactRepulsion(state)
    let error = 0
    let size = 0
    for (let p = 0; p < count * 3; p++) {
      error += (state.forces[p]! - exact[p]!) ** 2
      size += exact[p]! ** 2
    }
    expect(Math.sqrt(error / size)).toBeLessThan(0.06)
  })

  it('gives the picture that exact forces give: its size and its links within 3 %', () => {
    const count = 600
    const [fast, exact] = [tree(count), tree(count)]
    settle(fast)
    const slow = { repel: (state: LayoutState, strength: number) => state.forces.set(exactRepulsion(state, strength)) }
    while (step(exact, slow) > MIN_HEAT);
    const size = (state: LayoutState) => Math.sqrt(used(state).reduce((sum, value) => sum + value * value, 0) / count)
    const link = (state: LayoutState) => {
      const lengths = Array.from({ length: state.linkCount }, (_, i) =>
        distance(state, state.linkSources[i]!, state.linkTargets[i]!),
      ).sort((a, b) => a - b)
      return lengths[lengths.length >> 1]!
    }
    expect(Math.abs(size(fast) / size(exact) - 1)).toBeLessThan(0.03)
    expect(Math.abs(link(fast) / link(exact) - 1)).toBeLessThan(0.03)
  })

  it('pushes nothing that is at rest, and so leaves it where it is', () => {
    const state = tree(300)
    settle(state)
    state.forces.fill(0)
    new Repulsion().repel(state, 1, MIN_HEAT)
    expect(state.forces.every((force) => force === 0)).toBe(true)
  })
})

/** Each body and each other, as the approximation has it near by. */
function exactRepulsion(state: LayoutState, strength = 1): Float64Array {
  const { positions, radii, charges, slotEnd } = state
  const exact = new Float64Array(slotEnd * 3)
  for (let a = 0; a < slotEnd; a++) {
    for (let b = 0; b < a; b++) {
      const dx = positions[a * 3]! - positions[b * 3]!
      const dy = positions[a * 3 + 1]! - positions[b * 3 + 1]!
      const dz = positions[a * 3 + 2]! - positions[b * 3 + 2]!
      const squared = dx * dx + dy * dy + dz * dz
      const touching = radii[a]! + radii[b]! + 0.55
      const collision = squared < touching ** 2 && squared > 0 ? 0.9 * (touching / Math.sqrt(squared) - 1) : 0
      const push = strength / (squared + 0.35)
      const onA = push * charges[b]! + collision
      const onB = push * charges[a]! + collision
      exact[a * 3]! += dx * onA
      exact[a * 3 + 1]! += dy * onA
      exact[a * 3 + 2]! += dz * onA
      exact[b * 3]! -= dx * onB
      exact[b * 3 + 1]! -= dy * onB
      exact[b * 3 + 2]! -= dz * onB
    }
  }
  return exact
}
