// Presses, pulls and what follows the body: all without a headset.

import { describe, expect, test } from 'vitest'
import { Grasp } from '../../web/xr/grasp.ts'
import { angleBetween, LazyFollow } from '../../web/xr/lazyFollow.ts'
import { type Pointer, Pointers } from '../../web/xr/pointers.ts'
import type { Facing, WorldRig } from '../../web/xr/worldRig.ts'

const rigAt = (): WorldRig => ({ x: 0, y: 0, z: 0, yaw: 0, scale: 20 })
const handAt = (x: number, y = 1, z = -0.3, isSqueezed = false) => ({ grip: { x, y, z }, isSqueezed })

describe('a press', () => {
  test('that stays where it was is a press; one that is drawn along pulls the world and is none', () => {
    const grasp = new Grasp<ReturnType<typeof handAt>>()
    const rig = rigAt()
    const hand = handAt(0)
    grasp.begin(hand)
    hand.grip.x = 0.01
    grasp.update(rig, 20)
    expect(rig).toEqual(rigAt())
    expect(grasp.end(hand)).toBe(true)
    grasp.begin(hand)
    hand.grip.x = 0.11
    grasp.update(rig, 20)
    expect(rig.x).toBeCloseTo(-2, 6)
    expect(grasp.end(hand)).toBe(false)
  })

  test('by the grip pulls at once', () => {
    const grasp = new Grasp<ReturnType<typeof handAt>>()
    const rig = rigAt()
    const hand = handAt(0, 1, -0.3, true)
    grasp.begin(hand)
    hand.grip.y = 1.01
    grasp.update(rig, 20)
    expect(rig.y).toBeCloseTo(-0.2, 6)
    expect(grasp.end(hand)).toBe(false)
  })

  test('by two hands scales about their midpoint, and goes on with one when the other lets go', () => {
    const grasp = new Grasp<ReturnType<typeof handAt>>()
    const rig = rigAt()
    const [left, right] = [handAt(-0.1), handAt(0.1)]
    grasp.begin(left)
    grasp.begin(right)
    left.grip.x = -0.2
    right.grip.x = 0.2
    grasp.update(rig, 20)
    expect(rig.scale).toBeCloseTo(10, 6)
    expect(grasp.end(left)).toBe(false)
    const { scale, x } = rig
    right.grip.x = 0.3
    grasp.update(rig, 20)
    expect(rig.scale).toBe(scale)
    expect(rig.x).toBeCloseTo(x - 0.1 * scale, 6)
  })

  test('of a hand that is lost is let go', () => {
    const grasp = new Grasp<ReturnType<typeof handAt>>()
    const hand = handAt(0, 1, 0, true)
    grasp.begin(hand)
    grasp.update(rigAt(), 20)
    expect(grasp.isPulling).toBe(true)
    grasp.drop(hand)
    expect(grasp.isPulling).toBe(false)
    expect(grasp.end(hand)).toBe(false)
  })
})

const FRAME = { deltaSec: 0.011 }

describe('panels', () => {
  const facing = (headYaw: number, x = 0): Facing => ({ head: { x, y: 1.6, z: 0 }, headYaw })

  test('stay while the head only looks about, and come after it when it has turned away, then stop (never head-locked)', () => {
    const follow = new LazyFollow()
    follow.update(facing(0), FRAME, false)
    follow.update(facing(0.5, 0.1), FRAME, false)
    expect([follow.yaw, follow.at.x]).toEqual([0, 0])
    for (let frame = 0; frame < 200; frame++) follow.update(facing(1.2), FRAME, false)
    expect(follow.yaw).toBeCloseTo(1.2, 1)
    const { yaw } = follow
    follow.update(facing(1.0), FRAME, false)
    expect(follow.yaw).toBe(yaw)
  })

  test('under reduced motion they are there at once', () => {
    const follow = new LazyFollow()
    follow.update(facing(0), FRAME, true)
    follow.update(facing(2), FRAME, true)
    expect(follow.yaw).toBe(2)
  })

  test('take the shorter way round', () => {
    expect(angleBetween(3, -3)).toBeCloseTo(2 * Math.PI - 6, 9)
    expect(angleBetween(-3, 3)).toBeCloseTo(6 - 2 * Math.PI, 9)
  })
})

describe('a pinch with the eyes on something (transient pointer)', () => {
  /** A session as Vision Pro's browser gives it: its source comes with the pinch and goes with it. */
  function session() {
    const target = new EventTarget()
    const targetRaySpace = new EventTarget()
    const source = {
      targetRayMode: 'transient-pointer',
      handedness: 'none',
      targetRaySpace,
      profiles: ['generic-fixed-hand'],
    }
    const fire = (type: string, fields: object) => target.dispatchEvent(Object.assign(new Event(type), fields))
    return {
      source,
      session: Object.assign(target, { inputSources: [] as unknown[] }) as unknown as XRSession,
      pinch: () => {
        fire('inputsourceschange', { added: [source], removed: [] })
        fire('selectstart', { inputSource: source })
      },
      letGo: () => {
        fire('selectend', { inputSource: source })
        fire('inputsourceschange', { added: [], removed: [source] })
      },
    }
  }
  const matrix = new Float32Array(16)
  matrix[10] = 1
  matrix[13] = 1.5
  const frame = {
    getPose: () => ({ transform: { position: { x: 0, y: 1.5, z: 0 }, matrix } }),
  } as unknown as XRFrame

  test('is pressed, has a ray, and is let go before it is gone', () => {
    const { session: of, pinch, letGo } = session()
    const told: string[] = []
    const pointers = new Pointers(of, {
      press: () => told.push('press'),
      release: () => told.push('release'),
      gone: () => told.push('gone'),
    })
    expect(pointers.all).toEqual([])
    pinch()
    const [pointer] = pointers.all as [Pointer]
    pointers.update(frame, {} as XRReferenceSpace)
    expect(pointer).toMatchObject({ isSeen: true, isPressed: true, from: { x: 0, y: 1.5, z: 0 } })
    expect(pointer.way.z).toBe(-1)
    expect(pointer.grip).toEqual(pointer.from)
    letGo()
    expect(told).toEqual(['press', 'release', 'gone'])
    expect(pointers.all).toEqual([])
    pointers.dispose()
    pinch()
    expect(told).toHaveLength(3)
  })
})
