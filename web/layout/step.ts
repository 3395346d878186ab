// One step of the layout: links pull, bodies push, gravity holds together, groups keep near each other. Pure but for the
// state that it is given; no clock, no chance. Shared by worker, tests and benches. In the modes that have places, each body
// simply goes to its own.

import type { LayoutState } from './layoutState.ts'

const REPULSION = 0.62
/** By axis. A wide and shallow slab reads better on a flat screen than a ball, and is still a space to walk through. */
const GRAVITY = [0.044, 0.072, 0.19] as const
const GROUP_PULL = 0.05
/** What a body keeps of its speed. */
const INERTIA = 0.6
const COOLING = 0.9772 // 300 steps from 1 to 0.001, like d3
/** Below this a body is at rest. */
export const MIN_HEAT = 0.004
const MAX_SPEED = 3
/** Of the way to its place, that a body goes in a step. */
const APPROACH = 0.14
/** Nearer than this it is there. */
const ARRIVED = 0.02

/** Adds to `forces` how all push each body that is warmer than `minHeat`. */
export interface Repels {
  repel(state: LayoutState, strength: number, minHeat: number): void
}

interface Centres {
  sums: Float64Array
}
const centres: Centres = { sums: new Float64Array(0) }

/** Moves every body by one step; gives the hottest one's heat: at or below `MIN_HEAT` nothing moves any more. */
export function step(state: LayoutState, repulsion: Repels): number {
  if (state.mode !== 'force') return approach(state)
  state.forces.fill(0, 0, state.slotEnd * 3)
  repulsion.repel(state, REPULSION * state.density ** 2, MIN_HEAT)
  pullLinks(state)
  pullGroups(state)
  return move(state)
}

function pullLinks(state: LayoutState): void {
  const { positions, velocities, forces, heats } = state
  for (let i = 0; i < state.linkCount; i++) {
    const source = state.linkSources[i] as number
    const target = state.linkTargets[i] as number
    if ((heats[source] as number) <= MIN_HEAT && (heats[target] as number) <= MIN_HEAT) continue
    const s = source * 3
    const t = target * 3
    const dx = at(positions, t) + at(velocities, t) - at(positions, s) - at(velocities, s)
    const dy = at(positions, t + 1) + at(velocities, t + 1) - at(positions, s + 1) - at(velocities, s + 1)
    const dz = at(positions, t + 2) + at(velocities, t + 2) - at(positions, s + 2) - at(velocities, s + 2)
    const length = Math.sqrt(dx * dx + dy * dy + dz * dz) || 1e-3
    const pull = ((length - (state.linkLengths[i] as number)) / length) * (state.linkStrengths[i] as number)
    const toTarget = pull * (state.linkBiases[i] as number)
    const toSource = pull - toTarget
    forces[t] = at(forces, t) - dx * toTarget
    forces[t + 1] = at(forces, t + 1) - dy * toTarget
    forces[t + 2] = at(forces, t + 2) - dz * toTarget
    forces[s] = at(forces, s) + dx * toSource
    forces[s + 1] = at(forces, s + 1) + dy * toSource
    forces[s + 2] = at(forces, s + 2) + dz * toSource
  }
}

const at = (array: Float32Array, index: number): number => array[index] as number

/** Each group is held together at its own middle. */
function pullGroups(state: LayoutState): void {
  const { groups, positions, forces, alive } = state
  let groupCount = 0
  for (let slot = 0; slot < state.slotEnd; slot++) groupCount = Math.max(groupCount, (groups[slot] as number) + 1)
  // One group is what gravity holds together anyway.
  if (groupCount < 2) return
  if (centres.sums.length < groupCount * 4) centres.sums = new Float64Array(groupCount * 8)
  const { sums } = centres
  sums.fill(0, 0, groupCount * 4)
  for (let slot = 0; slot < state.slotEnd; slot++) {
    const group = groups[slot] as number
    if (group < 0 || alive[slot] === 0) continue
    for (let axis = 0; axis < 3; axis++) {
      sums[group * 4 + axis] = (sums[group * 4 + axis] as number) + at(positions, slot * 3 + axis)
    }
    sums[group * 4 + 3] = (sums[group * 4 + 3] as number) + 1
  }
  for (let slot = 0; slot < state.slotEnd; slot++) {
    const group = groups[slot] as number
    if (group < 0 || alive[slot] === 0) continue
    const members = sums[group * 4 + 3] as number
    for (let axis = 0; axis < 3; axis++) {
      const p = slot * 3 + axis
      forces[p] = at(forces, p) + GROUP_PULL * ((sums[group * 4 + axis] as number) / members - at(positions, p))
    }
  }
}

function move(state: LayoutState): number {
  const { positions, velocities, forces, heats, alive } = state
  let hottest = 0
  for (let slot = 0; slot < state.slotEnd; slot++) {
    if (alive[slot] === 0) continue
    const heat = heats[slot] as number
    if (heat <= MIN_HEAT) continue
    const p = slot * 3
    for (let axis = 0; axis < 3; axis++) {
      const gravity = (GRAVITY[axis] as number) * at(positions, p + axis)
      const wanted = (at(velocities, p + axis) + (at(forces, p + axis) - gravity) * heat) * INERTIA
      const speed = Math.min(MAX_SPEED, Math.max(-MAX_SPEED, wanted))
      velocities[p + axis] = speed
      positions[p + axis] = at(positions, p + axis) + speed
    }
    const cooled = heat * COOLING
    heats[slot] = cooled
    if (cooled <= MIN_HEAT) velocities.fill(0, p, p + 3)
    if (cooled > hottest) hottest = cooled
  }
  return hottest
}

/** Without overshoot: fast at first, then gently. */
function approach(state: LayoutState): number {
  const { positions, velocities, goals, heats, alive } = state
  let hottest = 0
  for (let slot = 0; slot < state.slotEnd; slot++) {
    if (alive[slot] === 0 || (heats[slot] as number) === 0) continue
    let farthest = 0
    for (let p = slot * 3; p < slot * 3 + 3; p++) {
      const way = at(goals, p) - at(positions, p)
      velocities[p] = way * APPROACH
      positions[p] = at(positions, p) + at(velocities, p)
      farthest = Math.max(farthest, Math.abs(way))
    }
    if (farthest < ARRIVED) {
      positions.set(goals.subarray(slot * 3, slot * 3 + 3), slot * 3)
      velocities.fill(0, slot * 3, slot * 3 + 3)
      heats[slot] = 0
    } else {
      heats[slot] = 1
      hottest = 1
    }
  }
  return hottest
}
