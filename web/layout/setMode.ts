// From one mode of the layout to another, and what a mode must think over when the swarm changes.

import { placeHierarchy } from './hierarchy.ts'
import type { LayoutMode } from './layoutModes.ts'
import { type LayoutState, nextRandom, warm } from './layoutState.ts'
import { placeRings } from './rings.ts'

/** Hot enough to leave the places of another mode. */
const MODE_HEAT = 0.8
/** Places lie in a plane, which no force would ever leave. */
const DEPTH = 1.2

export function setMode(state: LayoutState, mode: LayoutMode): void {
  if (state.mode === mode) return
  state.mode = mode
  if (mode === 'force') {
    for (let slot = 0; slot < state.slotEnd; slot++) {
      const p = slot * 3 + 2
      state.positions[p] = (state.positions[p] ?? 0) + (nextRandom(state) * 2 - 1) * DEPTH
    }
  }
  state.velocities.fill(0)
  findPlaces(state)
  warm(state, MODE_HEAT)
}

/** Nodes or links are others than before: so are the places. */
export function findPlaces(state: LayoutState): void {
  switch (state.mode) {
    case 'force':
      return
    case 'hierarchy':
      placeHierarchy(state)
      return
    case 'rings':
      placeRings(state)
      return
    default:
      state.mode satisfies never
  }
}
