// Hands that aim at one of many and tremble, frame by frame: how often who is meant is hit. For the test and the benchmark.

import { pickRay } from '../../web/xr/pickRay.ts'
import { SteadyAim } from '../../web/xr/steadyAim.ts'
import { type Point, STANDS } from '../../web/xr/worldRig.ts'

const FRAME_MS = 1_000 / 72
const FRAMES = 24
/** Of a hand that points, standard deviation, as runtimes give it: they smooth it. */
const TREMOR_RADIANS = (0.15 * Math.PI) / 180
/** A part of it beats, at so many hertz; the rest is in no order. */
const BEAT_SHARE = 0.6
const BEAT_HZ = [8, 12] as const

type Random = () => number

const length = ({ x, y, z }: Point) => Math.hypot(x, y, z)

export function unit({ x, y, z }: Point): Point {
  const by = length({ x, y, z })
  return { x: x / by, y: y / by, z: z / by }
}

/** Bodies in a ball, apart from each other as the layout keeps them, as far away as a swarm of that size is on the table. */
export function swarmOnTable(count: number, random: Random): { nodes: Float32Array; scale: number } {
  const reach = 5 * Math.cbrt(count)
  const scale = reach / STANDS.table.radius
  const away = scale * STANDS.table.distance
  const nodes = new Float32Array(count * 4)
  for (let slot = 0; slot < count; ) {
    const [x, y, z] = [0, 0, 0].map(() => (random() * 2 - 1) * reach) as [number, number, number]
    if (Math.hypot(x, y, z) > reach || !isFree(nodes, slot, { x, y, z: z - away })) continue
    nodes.set([x, y, z - away, 0.7 + random() * 0.6], slot * 4)
    slot++
  }
  return { nodes, scale }
}

function isFree(nodes: Float32Array, slotEnd: number, { x, y, z }: Point): boolean {
  for (let at = 0; at < slotEnd * 4; at += 4) {
    if (Math.hypot((nodes[at] ?? 0) - x, (nodes[at + 1] ?? 0) - y, (nodes[at + 2] ?? 0) - z) <= 3) return false
  }
  return true
}

/** Of so many aims, the share that means who was aimed at. `isSteadied`: as in a headset; else each frame for itself. */
export function rightShare(count: number, aims: number, random: Random, isSteadied = true): number {
  const { nodes, scale } = swarmOnTable(count, random)
  let right = 0
  for (let aim = 0; aim < aims; ) {
    const slot = Math.floor(random() * count)
    // A hand's places, a few centimetres about.
    const from = { x: (random() - 0.5) * 0.06 * scale, y: (random() - 0.5) * 0.06 * scale, z: 0 }
    const at = slot * 4
    const way = unit({
      x: (nodes[at] ?? 0) - from.x,
      y: (nodes[at + 1] ?? 0) - from.y,
      z: (nodes[at + 2] ?? 0) - from.z,
    })
    // Who is hidden is not aimed at.
    if (!isSeen(nodes, slot, from, way)) continue
    aim++
    if (pickRay(nodes, count, from, pointed(way, random, isSteadied)) === slot) right++
  }
  return right / aims
}

/** Where a hand points that holds this way for a third of a second. */
function pointed(way: Point, random: Random, isSteadied: boolean): Point {
  const steady = new SteadyAim()
  const [shakeX, shakeY, shakeZ] = [tremorOf(random), tremorOf(random), tremorOf(random)]
  let shaken = way
  for (let frame = 0; frame < FRAMES; frame++) {
    const nowMs = frame * FRAME_MS
    shaken = unit({ x: way.x + shakeX(nowMs), y: way.y + shakeY(nowMs), z: way.z + shakeZ(nowMs) })
    steady.update(shaken, { nowMs })
  }
  return isSteadied ? steady.way : shaken
}

function tremorOf(random: Random): (nowMs: number) => number {
  const [least, most] = BEAT_HZ
  const hertz = least + (most - least) * random()
  const phase = 2 * Math.PI * random()
  const beat = Math.sqrt(2 * BEAT_SHARE) * TREMOR_RADIANS
  const rest = Math.sqrt(1 - BEAT_SHARE) * TREMOR_RADIANS
  return (nowMs) =>
    beat * Math.sin(2 * Math.PI * hertz * (nowMs / 1_000) + phase) +
    // Box–Muller: what is in no order is no even chance, either.
    rest * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Nobody stands before its middle. Not asked of what is tested. */
function isSeen(nodes: Float32Array, slot: number, from: Point, way: Point): boolean {
  const placeOf = (at: number) => ({
    x: (nodes[at] ?? 0) - from.x,
    y: (nodes[at + 1] ?? 0) - from.y,
    z: (nodes[at + 2] ?? 0) - from.z,
  })
  const alongOf = ({ x, y, z }: Point) => x * way.x + y * way.y + z * way.z
  const mine = alongOf(placeOf(slot * 4))
  for (let at = 0; at < nodes.length; at += 4) {
    const place = placeOf(at)
    const along = alongOf(place)
    if (at === slot * 4 || along <= 0 || along > mine) continue
    const beside = { x: place.x - way.x * along, y: place.y - way.y * along, z: place.z - way.z * along }
    if (length(beside) <= (nodes[at + 3] ?? 0)) return false
  }
  return true
}
