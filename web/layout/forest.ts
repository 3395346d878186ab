// Who spawned whom, out of the strong links: children of each node in the order of their slots, so that a newcomer comes last.

import type { LayoutState } from './layoutState.ts'

export interface Forest {
  roots: number[]
  /** First child of a slot, next sibling of a slot; -1 for none. */
  firstChild: Int32Array
  nextSibling: Int32Array
  parents: Int32Array
}

export function forestOf(state: LayoutState): Forest {
  const { slotEnd, alive, linkCount, linkSources, linkTargets, linkIsStrong } = state
  const parents = new Int32Array(slotEnd).fill(-1)
  for (let i = 0; i < linkCount; i++) {
    const source = linkSources[i] as number
    const target = linkTargets[i] as number
    // The first that is said counts; a circle is cut where it would close.
    if (linkIsStrong[i] === 1 && parents[target] === -1 && !isAbove(parents, target, source)) parents[target] = source
  }
  // What hangs only on a weak link (a task on its agent) stands below that.
  for (let i = 0; i < linkCount; i++) {
    const source = linkSources[i] as number
    const target = linkTargets[i] as number
    if (state.hangs[source] === 1 && parents[source] === -1 && !isAbove(parents, source, target))
      parents[source] = target
  }
  const firstChild = new Int32Array(slotEnd).fill(-1)
  const nextSibling = new Int32Array(slotEnd).fill(-1)
  const roots: number[] = []
  // Backward, so that each list comes out forward.
  for (let slot = slotEnd - 1; slot >= 0; slot--) {
    if (alive[slot] === 0) continue
    const parent = parents[slot] as number
    if (parent < 0) roots.push(slot)
    else {
      nextSibling[slot] = firstChild[parent] as number
      firstChild[parent] = slot
    }
  }
  return { roots: roots.reverse(), firstChild, nextSibling, parents }
}

function isAbove(parents: Int32Array, slot: number, below: number): boolean {
  for (let at = below; at >= 0; at = parents[at] as number) if (at === slot) return true
  return false
}
