// What the layout knows, as flat typed arrays indexed by slot: worker, tests and benches share it. Nodes keep their slot for
// life, so nothing is ever copied between "their" index and "ours".

import type { LayoutMode } from './layoutModes.ts'

export interface LayoutState {
  mode: LayoutMode
  capacity: number
  /** One above the highest slot in use. */
  slotEnd: number
  alive: Uint8Array
  /** x, y, z of slot s at 3s. */
  positions: Float32Array
  velocities: Float32Array
  forces: Float32Array
  /** Where each is to go, in the modes that have places. */
  goals: Float32Array
  /** How strongly it pushes others away. */
  charges: Float32Array
  radii: Float32Array
  /** 1 for what hangs on another without having been spawned by it: a task. */
  hangs: Uint8Array
  /** Nodes of one group are drawn together; -1 for none. */
  groups: Int32Array
  /** 1 moves freely, 0 is at rest: a new node is hot, the old ones near it are warm, all others stay where they are. */
  heats: Float32Array
  /** How wide everything is spread: 1 for a few, less for many, so that their bodies can still be seen. */
  density: number
  linkCount: number
  linkSources: Int32Array
  linkTargets: Int32Array
  /** 1 for who spawned whom. */
  linkIsStrong: Uint8Array
  linkLengths: Float32Array
  linkStrengths: Float32Array
  /** How much of a link's correction its target takes: the end with fewer links gives way. */
  linkBiases: Float32Array
  /** State of the seeded random numbers. */
  randomState: number
}

/** A link as it comes in: `[source, target, kind]` per link; kinds index this table. */
export const LINK_FORCES = [
  { length: 4.6, pull: 1 }, // strong: who spawned whom
  { length: 6.2, pull: 0.35 }, // weak: declared topology, assignments
] as const
export const LINK_STRIDE = 3
export const STRONG_LINK = 0
export const WEAK_LINK = 1

export function createLayout(capacity: number, seed: number): LayoutState {
  return {
    mode: 'force',
    capacity,
    slotEnd: 0,
    alive: new Uint8Array(capacity),
    positions: new Float32Array(capacity * 3),
    velocities: new Float32Array(capacity * 3),
    forces: new Float32Array(capacity * 3),
    goals: new Float32Array(capacity * 3),
    charges: new Float32Array(capacity),
    radii: new Float32Array(capacity),
    hangs: new Uint8Array(capacity),
    groups: new Int32Array(capacity).fill(-1),
    heats: new Float32Array(capacity),
    density: 1,
    linkCount: 0,
    linkSources: new Int32Array(0),
    linkTargets: new Int32Array(0),
    linkIsStrong: new Uint8Array(0),
    linkLengths: new Float32Array(0),
    linkStrengths: new Float32Array(0),
    linkBiases: new Float32Array(0),
    randomState: seed >>> 0,
  }
}

export function growLayout(state: LayoutState, capacity: number): void {
  if (capacity <= state.capacity) return
  state.alive = grown(state.alive, new Uint8Array(capacity))
  state.positions = grown(state.positions, new Float32Array(capacity * 3))
  state.velocities = grown(state.velocities, new Float32Array(capacity * 3))
  state.forces = grown(state.forces, new Float32Array(capacity * 3))
  state.goals = grown(state.goals, new Float32Array(capacity * 3))
  state.hangs = grown(state.hangs, new Uint8Array(capacity))
  state.charges = grown(state.charges, new Float32Array(capacity))
  state.radii = grown(state.radii, new Float32Array(capacity))
  state.groups = grown(state.groups, new Int32Array(capacity).fill(-1))
  state.heats = grown(state.heats, new Float32Array(capacity))
  state.capacity = capacity
}

function grown<A extends { set(from: A): void }>(from: A, to: A): A {
  to.set(from)
  return to
}

/** mulberry32: the same seed lays the same swarm out the same way, on any machine. */
export function nextRandom(state: LayoutState): number {
  state.randomState = (state.randomState + 0x6d2b79f5) >>> 0
  let t = state.randomState
  t = Math.imul(t ^ (t >>> 15), t | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

export interface NewNode {
  slot: number
  radius: number
  group: number
  /** Slot beside which it appears; -1 for none. */
  near: number
  /** Belongs to the one it is near, but was not spawned by it. */
  hangs?: boolean
  /** Where it stood before it was gone. */
  at?: readonly [x: number, y: number, z: number]
}

/** How far from its parent a node appears. */
const BIRTH_DISTANCE = 3.2
/** Spacing of the spiral on which nodes without a parent appear. */
const SPIRAL_SPACING = 2.6
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5))

/** Adds nodes, parents before their children whatever their order; a slot that is in use already starts anew. */
export function addNodes(state: LayoutState, nodes: readonly NewNode[]): void {
  const coming = new Set(nodes.map((node) => node.slot))
  let waiting = nodes
  while (waiting.length > 0) {
    const later: NewNode[] = []
    for (const node of waiting) {
      if (node.near !== node.slot && coming.has(node.near)) later.push(node)
      else {
        place(state, node)
        coming.delete(node.slot)
      }
    }
    // A circle of parents: somebody has to be first.
    if (later.length === waiting.length) coming.clear()
    waiting = later
  }
}

function place(state: LayoutState, { slot, radius, group, near, hangs, at }: NewNode): void {
  if (slot >= state.capacity) growLayout(state, Math.max(slot + 1, state.capacity * 2))
  const { positions, velocities } = state
  const parent = near >= 0 && near < state.slotEnd && state.alive[near] === 1 ? near * 3 : -1
  const angle = nextRandom(state) * 2 * Math.PI
  const tilt = nextRandom(state) * 2 - 1
  const flat = Math.sqrt(1 - tilt * tilt)
  const p = slot * 3
  if (at) positions.set(at, p)
  else if (parent >= 0) {
    positions[p] = (positions[parent] ?? 0) + BIRTH_DISTANCE * flat * Math.cos(angle)
    positions[p + 1] = (positions[parent + 1] ?? 0) + BIRTH_DISTANCE * flat * Math.sin(angle)
    positions[p + 2] = (positions[parent + 2] ?? 0) + BIRTH_DISTANCE * 0.6 * tilt
  } else {
    const away = SPIRAL_SPACING * Math.sqrt(slot + 0.3)
    positions[p] = away * Math.cos(slot * GOLDEN_ANGLE) + 0.2 * Math.cos(angle)
    positions[p + 1] = away * Math.sin(slot * GOLDEN_ANGLE) + 0.2 * Math.sin(angle)
    positions[p + 2] = 1.6 * tilt
  }
  velocities.fill(0, p, p + 3)
  state.alive[slot] = 1
  state.radii[slot] = radius
  state.charges[slot] = 0.7 + radius
  state.groups[slot] = group
  state.hangs[slot] = hangs ? 1 : 0
  state.heats[slot] = at ? 0 : 1
  state.slotEnd = Math.max(state.slotEnd, slot + 1)
}

export function removeNode(state: LayoutState, slot: number): void {
  if (slot >= state.slotEnd) return
  state.alive[slot] = 0
  state.heats[slot] = 0
  while (state.slotEnd > 0 && state.alive[state.slotEnd - 1] === 0) state.slotEnd--
}

/** Small swarms have room; of a thousand, each gets about half as much. */
export const densityOf = (count: number): number => 1 / (1 + 0.8 * Math.max(0, Math.log10(Math.max(count, 1) / 20)))

export function setDensity(state: LayoutState, count: number): void {
  state.density = densityOf(count)
}

/** `flat`: source, target and force kind of each link; links of dead slots and loops are left out. */
export function setLinks(state: LayoutState, flat: Int32Array): void {
  const most = Math.floor(flat.length / LINK_STRIDE)
  const degrees = new Uint32Array(state.slotEnd)
  state.linkSources = new Int32Array(most)
  state.linkTargets = new Int32Array(most)
  state.linkIsStrong = new Uint8Array(most)
  state.linkLengths = new Float32Array(most)
  state.linkStrengths = new Float32Array(most)
  state.linkBiases = new Float32Array(most)
  const isAlive = (slot: number) => slot >= 0 && slot < state.slotEnd && state.alive[slot] === 1
  let count = 0
  for (let i = 0; i < most; i++) {
    const source = flat[i * LINK_STRIDE] ?? -1
    const target = flat[i * LINK_STRIDE + 1] ?? -1
    if (source === target || !isAlive(source) || !isAlive(target)) continue
    const force = LINK_FORCES[flat[i * LINK_STRIDE + 2] ?? 0] ?? LINK_FORCES[0]
    state.linkSources[count] = source
    state.linkTargets[count] = target
    state.linkIsStrong[count] = flat[i * LINK_STRIDE + 2] === STRONG_LINK ? 1 : 0
    state.linkLengths[count] = force.length * state.density + (state.radii[source] ?? 0) + (state.radii[target] ?? 0)
    state.linkStrengths[count] = force.pull
    degrees[source] = (degrees[source] ?? 0) + 1
    degrees[target] = (degrees[target] ?? 0) + 1
    count++
  }
  state.linkCount = count
  for (let i = 0; i < count; i++) {
    const ofSource = degrees[state.linkSources[i] ?? 0] ?? 1
    const ofTarget = degrees[state.linkTargets[i] ?? 0] ?? 1
    // As strong as its poorer end can bear: otherwise hubs with a thousand links would swing.
    state.linkStrengths[i] = (state.linkStrengths[i] ?? 1) / Math.min(ofSource, ofTarget)
    state.linkBiases[i] = ofSource / (ofSource + ofTarget)
    // The neighbours of many need room for all of them on a circle around it.
    state.linkLengths[i] = (state.linkLengths[i] ?? 0) * (1 + 0.03 * Math.sqrt(Math.max(ofSource, ofTarget)))
  }
}

/** Lets every node move again at least this much. */
export function warm(state: LayoutState, heat: number): void {
  for (let slot = 0; slot < state.slotEnd; slot++) {
    if (state.alive[slot] === 1) state.heats[slot] = Math.max(state.heats[slot] ?? 0, heat)
  }
}
