// The places of the rings: each group (a swarm, a session) a set of rings around whoever leads it, the groups side by side
// on a spiral from the largest outward. A generation stands on the same rings, in the order of its parents, so that families
// keep a sector. Whoever is in no group stands in a disc with the others like that.

import { type Forest, forestOf } from './forest.ts'
import type { LayoutState } from './layoutState.ts'

/** Along a ring, and from ring to ring. */
const SPACING = 3.4
const RING_GAP = 3.2
/** Between groups: their hulls reach out by half of it. */
const GAP = 9
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5))
/** Screens are wide: so are the groups' places. */
const STRETCH = 1.35

interface Disc {
  /** From the middle outward, in the order of their parents. */
  generations: number[][]
  count: number
  radius: number
  x: number
  y: number
}

export function placeRings(state: LayoutState): void {
  const room = 1 / Math.sqrt(1 + Math.max(0, Math.log10(Math.max(state.slotEnd, 1) / 60)))
  const discs = discsOf(state, room)
  setApart(discs, GAP * room)
  for (const disc of discs) placeDisc(state, disc, room)
}

function discsOf(state: LayoutState, room: number): Disc[] {
  const forest = forestOf(state)
  const members = new Map<number, number[]>()
  const alone: number[] = []
  for (let slot = 0; slot < state.slotEnd; slot++) {
    if (state.alive[slot] === 0) continue
    const group = state.groups[slot] as number
    const list = group < 0 ? alone : (members.get(group) ?? [])
    if (group >= 0) members.set(group, list)
    list.push(slot)
  }
  const discs = [...members.values()].map((slots) => discOf(generationsOf(slots, forest, state), room))
  if (alone.length > 0) discs.push(discOf([alone], room))
  // Larger ones inside; ties stay in the order of their groups.
  return discs.sort((a, b) => b.count - a.count)
}

function discOf(generations: number[][], room: number): Disc {
  const rings = generations.reduce((first, { length }) => first + ringsFor(length, first), 0)
  const count = generations.reduce((sum, { length }) => sum + length, 0)
  return { generations, count, radius: (Math.max(0, rings - 1) * RING_GAP + SPACING / 2) * room, x: 0, y: 0 }
}

function generationsOf(slots: readonly number[], forest: Forest, { groups, radii }: LayoutState): number[][] {
  const group = groups[slots[0] ?? 0]
  const isTop = (slot: number) => {
    const parent = forest.parents[slot] as number
    return parent < 0 || groups[parent] !== group
  }
  // The largest of those whom nobody of the group spawned leads it, alone in the middle.
  const tops = slots.filter(isTop).sort((a, b) => (radii[b] as number) - (radii[a] as number) || a - b)
  const generations = tops.length > 1 ? [tops.slice(0, 1)] : []
  let current = tops.slice(tops.length > 1 ? 1 : 0)
  while (current.length > 0) {
    generations.push(current)
    const parents: number[] = generations.length === 2 && tops.length > 1 ? [...tops.slice(0, 1), ...current] : current
    const next: number[] = []
    for (const parent of parents) {
      for (let at = forest.firstChild[parent] as number; at >= 0; at = forest.nextSibling[at] as number) {
        if (groups[at] === group) next.push(at)
      }
    }
    current = next
  }
  return generations
}

/** How many stand on a ring: one in the middle (0), more and more outward. */
const capacityOf = (ring: number): number => Math.max(1, Math.floor((2 * Math.PI * ring * RING_GAP) / SPACING))

/** How many rings a generation takes, from the ring `first` on. */
function ringsFor(count: number, first: number): number {
  let left = count
  let rings = 0
  while (left > 0) left -= capacityOf(first + rings++)
  return rings
}

/** Each on the first place of a spiral where it touches no other. */
function setApart(discs: readonly Disc[], gap: number): void {
  const set: Disc[] = []
  let from = 0
  for (const disc of discs) {
    // Places that were full for a larger one may be free for a smaller: but looking from the start each time is quadratic.
    let turn = set.length < 200 ? 0 : from
    for (; ; turn++) {
      const away = turn * 0.35
      const x = STRETCH * away * Math.cos(turn * GOLDEN_ANGLE)
      const y = away * Math.sin(turn * GOLDEN_ANGLE)
      const isFree = set.every((other) => Math.hypot(x - other.x, y - other.y) >= disc.radius + other.radius + gap)
      if (!isFree) continue
      disc.x = x
      disc.y = y
      break
    }
    from = turn
    set.push(disc)
  }
}

function placeDisc(state: LayoutState, { generations, x, y }: Disc, room: number): void {
  let first = 0
  for (const slots of generations) {
    const rings = ringsFor(slots.length, first)
    // Each ring gets as many as it has room for, evenly all around.
    const shares = Array.from({ length: rings }, (_, ring) => capacityOf(first + ring))
    const all = shares.reduce((sum, share) => sum + share, 0)
    const credits = shares.map(() => 0)
    for (const [index, slot] of slots.entries()) {
      let best = 0
      for (let ring = 0; ring < rings; ring++) {
        credits[ring] = (credits[ring] as number) + (shares[ring] as number) / all
        if ((credits[ring] as number) > (credits[best] as number)) best = ring
      }
      credits[best] = (credits[best] as number) - 1
      const angle = Math.PI / 2 - (index / slots.length) * 2 * Math.PI
      const radius = (first + best) * RING_GAP * room
      state.goals[slot * 3] = x + radius * Math.cos(angle)
      state.goals[slot * 3 + 1] = y + radius * Math.sin(angle)
      state.goals[slot * 3 + 2] = 0
    }
    first += rings
  }
}
