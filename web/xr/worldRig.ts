// Where the user stands in the scene: a place, a turn about the vertical and a scale, and never a roll. Pure. Points of the
// room are in metres, points of the scene in its own units.

export interface Point {
  x: number
  y: number
  z: number
}

/** Where a head is in the room, and which way it looks, seen from above: radians to the left. */
export interface Facing {
  readonly head: Point
  readonly headYaw: number
}

/** The room's origin in the scene, its turn (radians, to the left), and the scene's units in a metre. */
export interface WorldRig extends Point {
  yaw: number
  scale: number
}

export const SNAP_TURN = Math.PI / 6
/** How much smaller or larger than on a table the swarm may be. */
const MAX_ZOOM = 20
/** Hands this close together, seen from above, give no direction. */
const MIN_SPAN = 0.05

/** How the swarm stands in the room: its radius, how far in front of the eyes and how much below them, in metres. */
export const STANDS = {
  table: { radius: 0.4, distance: 1.2, drop: 0.1 },
  room: { radius: 1.5, distance: 2.4, drop: 0.1 },
  // Amid it, and yet most of it ahead: what is around one's ears is not seen.
  inside: { radius: 6, distance: 1.2, drop: 0.1 },
} as const
export type StandName = keyof typeof STANDS
/** Who sits cannot walk up to it: as much of the view, but this much nearer, so that arms reach it. */
const SEATED_SHARE = 0.6
/** How far before the eyes an agent is that somebody went to, and how much below them. */
const BEFORE_METRES = 0.7
const BELOW_METRES = 0.1

// What each frame calls takes points and writes into points. A number that is handed to a function which is not inlined, or
// handed back by one, is an object that is left to be collected; in the fields of a point it is written over.

export function copy(from: Point, into: Point): void {
  into.x = from.x
  into.y = from.y
  into.z = from.z
}

export function toScene(rig: WorldRig, at: Point, into: Point): Point {
  const cos = Math.cos(rig.yaw)
  const sin = Math.sin(rig.yaw)
  const { x, y, z } = at
  into.x = rig.x + rig.scale * (cos * x + sin * z)
  into.y = rig.y + rig.scale * y
  into.z = rig.z + rig.scale * (cos * z - sin * x)
  return into
}

/** A direction, as long as it was. */
export function turned(rig: WorldRig, way: Point, into: Point): Point {
  const cos = Math.cos(rig.yaw)
  const sin = Math.sin(rig.yaw)
  const { x, y, z } = way
  into.x = cos * x + sin * z
  into.y = y
  into.z = cos * z - sin * x
  return into
}

export function toRoom(rig: WorldRig, at: Point, into: Point): Point {
  const cos = Math.cos(rig.yaw)
  const sin = Math.sin(rig.yaw)
  const x = (at.x - rig.x) / rig.scale
  const z = (at.z - rig.z) / rig.scale
  into.y = (at.y - rig.y) / rig.scale
  into.x = cos * x - sin * z
  into.z = sin * x + cos * z
  return into
}

const moved: Point = { x: 0, y: 0, z: 0 }
const kept: Point = { x: 0, y: 0, z: 0 }
const middle: Point = { x: 0, y: 0, z: 0 }

/** Moves the room so that this point of it lies on that point of the scene. */
export function pin(rig: WorldRig, at: Point, sceneX: number, sceneY: number, sceneZ: number): void {
  toScene(rig, at, moved)
  rig.x += sceneX - moved.x
  rig.y += sceneY - moved.y
  rig.z += sceneZ - moved.z
}

/** One hand pulls the world along. */
export function drag(rig: WorldRig, from: Point, to: Point): void {
  toScene(rig, from, kept)
  pin(rig, to, kept.x, kept.y, kept.z)
}

/** Two hands pull, scale and turn it; what is midway between them stays there. `usual`: the scale on a table. */
export function stretch(
  rig: WorldRig,
  from: readonly [Point, Point],
  to: readonly [Point, Point],
  usual: number,
): void {
  const a = from[0]
  const b = from[1]
  const c = to[0]
  const d = to[1]
  toScene(rig, midway(a, b), kept)
  const before = Math.hypot(b.x - a.x, b.y - a.y, b.z - a.z)
  const after = Math.hypot(d.x - c.x, d.y - c.y, d.z - c.z)
  if (before > 1e-4 && after > 1e-4) rig.scale = clampScale((rig.scale * before) / after, usual)
  if (Math.hypot(b.x - a.x, b.z - a.z) > MIN_SPAN && Math.hypot(d.x - c.x, d.z - c.z) > MIN_SPAN) {
    rig.yaw -= Math.atan2(c.z - d.z, d.x - c.x) - Math.atan2(a.z - b.z, b.x - a.x)
  }
  pin(rig, midway(c, d), kept.x, kept.y, kept.z)
}

const midway = (a: Point, b: Point): Point => {
  middle.x = (a.x + b.x) / 2
  middle.y = (a.y + b.y) / 2
  middle.z = (a.z + b.z) / 2
  return middle
}

const clampScale = (scale: number, usual: number): number =>
  Math.min(usual * MAX_ZOOM, Math.max(usual / MAX_ZOOM, scale))

/** About where the head is, not about the room's middle: else whoever stands aside is carried through the room. */
export function turnAbout(rig: WorldRig, head: Point, byYaw: number): void {
  toScene(rig, head, kept)
  rig.yaw += byYaw
  pin(rig, head, kept.x, kept.y, kept.z)
}

/** Makes the world `factor` times as large; this point stays where it is. */
export function zoomAbout(rig: WorldRig, at: Point, factor: number, usual: number): void {
  toScene(rig, at, kept)
  rig.scale = clampScale(rig.scale / factor, usual)
  pin(rig, at, kept.x, kept.y, kept.z)
}

/** Carries the user through the scene, by metres of the room. */
export function carry(rig: WorldRig, by: Point): void {
  turned(rig, by, moved)
  rig.x += moved.x * rig.scale
  rig.y += moved.y * rig.scale
  rig.z += moved.z * rig.scale
}

/** Puts the user before this point of the scene, on the side that they come from, and turned as they are. */
export function standBefore(rig: WorldRig, head: Point, headYaw: number, at: Point, radius: number): void {
  toRoom(rig, at, middle)
  const x = middle.x - head.x
  const z = middle.z - head.z
  const level = Math.hypot(x, z)
  // Right above or below there is no side: then it is where they look.
  const wayX = level > 0.05 ? x / level : -Math.sin(headYaw)
  const wayZ = level > 0.05 ? z / level : -Math.cos(headYaw)
  const metres = BEFORE_METRES + radius / rig.scale
  middle.x = head.x + wayX * metres
  middle.y = head.y - BELOW_METRES
  middle.z = head.z + wayZ * metres
  pin(rig, middle, at.x, at.y, at.z)
}

/** How a stand is for who stands, or sits. */
export function standOf(stand: StandName, isSeated: boolean): { radius: number; distance: number; drop: number } {
  const { radius, distance, drop } = STANDS[stand]
  const share = isSeated && stand !== 'inside' ? SEATED_SHARE : 1
  return { radius: radius * share, distance: distance * share, drop: drop * share }
}

/** The swarm as that stand has it, in front of who looks along `headYaw`. */
export function place(
  rig: WorldRig,
  { radius, distance, drop }: ReturnType<typeof standOf>,
  head: Point,
  headYaw: number,
  swarm: Point & { radius: number },
): void {
  rig.scale = Math.max(swarm.radius, 1e-3) / radius
  // Ahead in the room is what the screen's camera looks along in the scene.
  rig.yaw = -headYaw
  const x = head.x - Math.sin(headYaw) * distance
  const z = head.z - Math.cos(headYaw) * distance
  pin(rig, { x, y: head.y - drop, z }, swarm.x, swarm.y, swarm.z)
}
