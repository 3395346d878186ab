// Aiming in a headset: right nearly always, and in no time.

import { describe, expect, test } from 'vitest'
import { pickRay, SNAP_RADIANS } from '../../web/xr/pickRay.ts'
import type { Point } from '../../web/xr/worldRig.ts'
import { randomFrom } from '../helpers/webWorld.ts'

const AIMS = 1_000
/** Of a hand that points, standard deviation, as runtimes give it: they smooth it. */
const TREMOR_RADIANS = (0.15 * Math.PI) / 180

/** Bodies in a ball about (0, 0, -80), apart from each other as the layout keeps them. */
function swarm(count: number, random: () => number): Float32Array {
  const nodes = new Float32Array(count * 4)
  const reach = 5 * Math.cbrt(count)
  let slot = 0
  while (slot < count) {
    const [x, y, z] = [0, 0, 0].map(() => (random() * 2 - 1) * reach) as [number, number, number]
    if (Math.hypot(x, y, z) > reach) continue
    const isFree = nodes.subarray(0, slot * 4).every((_, at) => {
      if (at % 4 !== 0) return true
      return (
        Math.hypot((nodes[at] as number) - x, (nodes[at + 1] as number) - y, (nodes[at + 2] as number) + 80 - z) > 3
      )
    })
    if (!isFree) continue
    nodes.set([x, y, z - 80, 0.7 + random() * 0.6], slot * 4)
    slot++
  }
  return nodes
}

const length = ({ x, y, z }: Point) => Math.hypot(x, y, z)
function unit(way: Point): Point {
  const by = length(way)
  return { x: way.x / by, y: way.y / by, z: way.z / by }
}

function toward(nodes: Float32Array, slot: number, from: Point, tremor: () => number): Point {
  const way = unit({
    x: (nodes[slot * 4] as number) - from.x,
    y: (nodes[slot * 4 + 1] as number) - from.y,
    z: (nodes[slot * 4 + 2] as number) - from.z,
  })
  return unit({ x: way.x + tremor(), y: way.y + tremor(), z: way.z + tremor() })
}

/** Nobody stands before its middle. Not asked of what is tested. */
function isSeen(nodes: Float32Array, count: number, slot: number, from: Point): boolean {
  const way = toward(nodes, slot, from, () => 0)
  const placeOf = (other: number) => ({
    x: (nodes[other * 4] as number) - from.x,
    y: (nodes[other * 4 + 1] as number) - from.y,
    z: (nodes[other * 4 + 2] as number) - from.z,
  })
  const alongOf = ({ x, y, z }: Point) => x * way.x + y * way.y + z * way.z
  const mine = alongOf(placeOf(slot))
  for (let other = 0; other < count; other++) {
    const place = placeOf(other)
    const along = alongOf(place)
    if (other === slot || along <= 0 || along > mine) continue
    const beside = { x: place.x - way.x * along, y: place.y - way.y * along, z: place.z - way.z * along }
    if (length(beside) <= (nodes[other * 4 + 3] as number)) return false
  }
  return true
}

describe('the ray', () => {
  test.each([8, 9, 10, 11])(
    'means who was aimed at in at least 99 % of 1,000 aims of a hand that trembles, among 100 (X10), seed %d',
    (seed) => {
      const random = randomFrom(seed)
      const nodes = swarm(100, random)
      // Box–Muller: a hand's tremor is no even chance.
      const tremor = () => TREMOR_RADIANS * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
      let right = 0
      let aims = 0
      while (aims < AIMS) {
        const slot = Math.floor(random() * 100)
        const from = { x: random() * 4 - 2, y: random() * 4 - 2, z: 0 }
        if (!isSeen(nodes, 100, slot, from)) continue
        aims++
        if (pickRay(nodes, 100, from, toward(nodes, slot, from, tremor)) === slot) right++
      }
      expect(right / AIMS).toBeGreaterThanOrEqual(0.99)
    },
  )

  test('whose rim alone is hit gives way to whoever behind it is hit well', () => {
    const nodes = new Float32Array([0.9, 0, -5, 1, 0, 0, -8, 1])
    const from = { x: 0, y: 0, z: 0 }
    expect(pickRay(nodes, 2, from, { x: 0, y: 0, z: -1 })).toBe(1)
    expect(pickRay(nodes, 2, from, unit({ x: 0.5, y: 0, z: -5 }))).toBe(0)
  })

  test('the nearest of those on it, else the one closest beside it within the cone, else nobody', () => {
    const nodes = new Float32Array([0, 0, -10, 1, 0, 0, -5, 1, 1.1, 0, -20, 1])
    const from = { x: 0, y: 0, z: 0 }
    expect(pickRay(nodes, 3, from, { x: 0, y: 0, z: -1 })).toBe(1)
    const past = (radians: number) => {
      const edge = Math.asin(1 / 5) + radians
      return { x: -Math.sin(edge), y: 0, z: -Math.cos(edge) }
    }
    expect(pickRay(nodes, 3, from, past(SNAP_RADIANS * 0.5))).toBe(1)
    expect(pickRay(nodes, 3, from, past(SNAP_RADIANS * 3))).toBe(-1)
    expect(pickRay(nodes, 3, from, { x: 0, y: 0, z: 1 })).toBe(-1)
    expect(pickRay(new Float32Array(8), 2, from, { x: 0, y: 0, z: -1 })).toBe(-1)
  })

  test('takes at most 0.3 ms among 5,000 (X10)', () => {
    const random = randomFrom(9)
    const nodes = new Float32Array(5_000 * 4).map((_, at) => (at % 4 === 3 ? 1 : random() * 200 - 100))
    const ways = Array.from({ length: 400 }, () => unit({ x: random() - 0.5, y: random() - 0.5, z: -1 }))
    const from = { x: 0, y: 0, z: 120 }
    for (const way of ways) pickRay(nodes, 5_000, from, way)
    const times = ways.map((way) => {
      const began = performance.now()
      pickRay(nodes, 5_000, from, way)
      return performance.now() - began
    })
    // The middle one: a machine that does other things as well takes some of them away.
    expect(times.sort((a, b) => a - b)[200]).toBeLessThanOrEqual(0.3)
  })
})
