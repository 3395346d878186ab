// Moving the world by hand: what is held stays in the hand, and nothing ever rolls.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clearingNear } from '../../web/xr/clearing.ts'
import {
  carry,
  drag,
  type Point,
  place,
  SNAP_TURN,
  STANDS,
  standBefore,
  standOf,
  stretch,
  toRoom,
  toScene,
  turnAbout,
  type WorldRig,
  zoomAbout,
} from '../../web/xr/worldRig.ts'

const zero = (): Point => ({ x: 0, y: 0, z: 0 })
const number = (reach: number) => fc.double({ min: -reach, max: reach, noNaN: true })
const point = fc.record({ x: number(2), y: number(2), z: number(2) })
const anyRig: fc.Arbitrary<WorldRig> = fc.record({
  x: number(100),
  y: number(100),
  z: number(100),
  yaw: number(7),
  scale: fc.double({ min: 1, max: 100, noNaN: true }),
})
const apart = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z)

describe('the user in the scene', () => {
  test('a point of the room and its point of the scene belong to each other', () => {
    fc.assert(
      fc.property(anyRig, point, (rig, at) => {
        expect(apart(toRoom(rig, toScene(rig, at, zero()), zero()), at)).toBeLessThan(1e-9)
      }),
    )
  })

  test('one hand pulls: what it held is in it still, and neither turn nor scale change', () => {
    fc.assert(
      fc.property(anyRig, point, point, (rig, from, to) => {
        const { yaw, scale } = rig
        const held = toScene(rig, from, zero())
        drag(rig, from, to)
        expect(apart(toScene(rig, to, zero()), held) / scale).toBeLessThan(1e-9)
        expect([rig.yaw, rig.scale]).toEqual([yaw, scale])
      }),
    )
  })

  test('two hands scale and turn about their midpoint: it drifts by less than a hair, whatever they do (X15)', () => {
    fc.assert(
      fc.property(anyRig, point, point, point, point, (rig, a, b, c, d) => {
        const middleOf = (p: Point, q: Point) => ({ x: (p.x + q.x) / 2, y: (p.y + q.y) / 2, z: (p.z + q.z) / 2 })
        const held = toScene(rig, middleOf(a, b), zero())
        stretch(rig, [a, b], [c, d], rig.scale)
        expect(apart(toScene(rig, middleOf(c, d), zero()), held) / rig.scale).toBeLessThan(1e-6)
        // Up stays up: only the vertical's own turn is left to it.
        const up = toScene(rig, { x: 0, y: 1, z: 0 }, zero())
        const origin = toScene(rig, zero(), zero())
        expect(up.x - origin.x).toBeCloseTo(0, 9)
        expect(up.z - origin.z).toBeCloseTo(0, 9)
      }),
    )
  })

  test('what both hands hold stays in both, when they turn level and pull apart', () => {
    const rig: WorldRig = { x: 3, y: 1, z: -2, yaw: 0.4, scale: 20 }
    const from: [Point, Point] = [
      { x: -0.2, y: 1, z: -0.5 },
      { x: 0.2, y: 1, z: -0.5 },
    ]
    const held = from.map((hand) => toScene(rig, hand, zero()))
    const angle = 0.7
    const to = from.map(({ x, y }) => ({ x: 2 * x * Math.cos(angle), y, z: -0.5 - 2 * x * Math.sin(angle) })) as [
      Point,
      Point,
    ]
    stretch(rig, from, to, 20)
    expect(rig.scale).toBeCloseTo(10, 9)
    for (const [index, hand] of to.entries())
      expect(apart(toScene(rig, hand, zero()), held[index] as Point)).toBeLessThan(1e-9)
  })

  test('the scale stays within 20 times of that on a table, both ways', () => {
    const rig: WorldRig = { x: 0, y: 0, z: 0, yaw: 0, scale: 20 }
    zoomAbout(rig, zero(), 1e6, 20)
    expect(rig.scale).toBe(1)
    zoomAbout(rig, zero(), 1e-9, 20)
    expect(rig.scale).toBe(400)
  })

  test('a snap turn is 30° about the head, which stays within a millimetre (X14)', () => {
    fc.assert(
      fc.property(anyRig, point, (rig, head) => {
        const before = toScene(rig, head, zero())
        const { yaw } = rig
        turnAbout(rig, head, -SNAP_TURN)
        expect(((yaw - rig.yaw) * 180) / Math.PI).toBeCloseTo(30, 9)
        expect(apart(toScene(rig, head, zero()), before) / rig.scale).toBeLessThan(1e-3)
      }),
    )
  })

  test.each(['table', 'room', 'inside'] as const)(
    'on the %s stand the swarm is as large and as far as said',
    (stand) => {
      const rig: WorldRig = { x: 9, y: 9, z: 9, yaw: 3, scale: 5 }
      const head = { x: 0.4, y: 1.6, z: -0.3 }
      place(rig, standOf(stand, false), head, Math.PI / 2, { x: 5, y: 6, z: 7, radius: 30 })
      const middle = toRoom(rig, { x: 5, y: 6, z: 7 }, zero())
      const { radius, distance, drop } = STANDS[stand]
      expect(30 / rig.scale).toBeCloseTo(radius, 9)
      // Who has turned left by 90° looks along -x.
      expect(apart(middle, { x: head.x - distance, y: head.y - drop, z: head.z })).toBeLessThan(1e-9)
    },
  )

  test('who sits has the swarm within reach of an arm, and within 60° of where they look (X16)', () => {
    const rig: WorldRig = { x: 0, y: 0, z: 0, yaw: 0, scale: 1 }
    const head = { x: 0, y: 1.1, z: 0 }
    const swarm = { x: 5, y: 6, z: 7, radius: 30 }
    place(rig, standOf('table', true), head, 0, swarm)
    const middle = toRoom(rig, swarm, zero())
    const radius = swarm.radius / rig.scale
    // From the shoulder's height, as far as an arm that is stretched out.
    const shoulder = { x: 0.18, y: 0.9, z: -0.05 }
    expect(apart(middle, shoulder) - radius).toBeLessThan(0.6)
    const aside = Math.asin(radius / apart(middle, head)) + Math.atan2(head.y - middle.y, -middle.z)
    expect((aside * 180) / Math.PI).toBeLessThan(60)
    expect(standOf('inside', true)).toEqual(STANDS.inside)
  })

  test('carried over the floor the user keeps height, turn and scale', () => {
    fc.assert(
      fc.property(anyRig, point, point, (rig, head, goal) => {
        const { y, yaw, scale } = rig
        const under = toScene(rig, { ...goal, y: head.y }, zero())
        carry(rig, { x: goal.x - head.x, y: 0, z: goal.z - head.z })
        expect(apart(toScene(rig, head, zero()), under) / scale).toBeLessThan(1e-9)
        expect(rig.y).toBeCloseTo(y, 9)
        expect([rig.yaw, rig.scale]).toEqual([yaw, scale])
      }),
    )
  })

  test('who goes to an agent has it 0.7 m before them, on the side they came from', () => {
    fc.assert(
      fc.property(anyRig, point, point, (rig, head, at) => {
        fc.pre(Math.hypot(at.x - head.x, at.z - head.z) > 0.1)
        const { yaw, scale } = rig
        const agent = toScene(rig, at, zero())
        standBefore(rig, head, 1, agent, 2 * scale)
        const now = toRoom(rig, agent, zero())
        expect(Math.hypot(now.x - head.x, now.z - head.z)).toBeCloseTo(0.7 + 2, 6)
        expect(now.y).toBeCloseTo(head.y - 0.1, 6)
        const side = Math.atan2(now.x - head.x, now.z - head.z) - Math.atan2(at.x - head.x, at.z - head.z)
        expect(Math.cos(side)).toBeCloseTo(1, 9)
        expect([rig.yaw, rig.scale]).toEqual([yaw, scale])
      }),
    )
  })

  test('who steps inside is at least 0.7 m from everybody, where there is room, and has the middle ahead', () => {
    const node = fc.tuple(number(20), number(20), number(3), fc.double({ min: 0.5, max: 3, noNaN: true }))
    fc.assert(
      fc.property(fc.array(node, { minLength: 1, maxLength: 60 }), (bodies) => {
        const nodes = new Float32Array(bodies.flat())
        const lookedAt = zero()
        const wish = { x: 0, y: 0, z: 4 }
        const at = clearingNear(nodes, bodies.length, wish, lookedAt, 3)
        expect(at.z).toBeGreaterThanOrEqual(4 - 1e-9)
        // Beyond z = 6 there is nobody: so there is room.
        for (const [x, y, z, radius] of bodies) expect(apart(at, { x, y, z }) - radius).toBeGreaterThanOrEqual(3 - 1e-3)
      }),
    )
  })

  test('who has no body near is not sent anywhere', () => {
    const wish = { x: 1, y: 2, z: 3 }
    expect(clearingNear(new Float32Array([50, 0, 0, 1, 1, 2, 3, 0]), 2, wish, zero(), 3)).toEqual(wish)
  })
})
