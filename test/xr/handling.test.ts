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
  /** What is between two frames, and the second of them. */
  const pass = (follow: LazyFollow, to: Facing, isStill: boolean, isHeld: boolean) => {
    follow.watch(to, isHeld)
    follow.update(to, FRAME, isStill)
  }

  test('stay while the head only looks about, and come after it when it has turned away, then stop (never head-locked)', () => {
    const follow = new LazyFollow()
    pass(follow, facing(0), false, false)
    pass(follow, facing(0.5, 0.1), false, false)
    expect([follow.yaw, follow.at.x]).toEqual([0, 0])
    for (let frame = 0; frame < 200; frame++) pass(follow, facing(1.2), false, false)
    expect(follow.yaw).toBeCloseTo(1.2, 1)
    const { yaw } = follow
    pass(follow, facing(1.0), false, false)
    expect(follow.yaw).toBe(yaw)
  })

  test('near which a finger is wait while it may be meant, and come all the same when the head has turned away from them', () => {
    const follow = new LazyFollow()
    pass(follow, facing(0), true, false)
    pass(follow, facing(0.8, 0.35), true, true)
    expect([follow.yaw, follow.at.x]).toEqual([0, 0])
    // A controller that lies there holds nothing for ever.
    pass(follow, facing(1), true, true)
    expect(follow.yaw).toBe(1)
    pass(follow, facing(1, 0.6), true, true)
    expect(follow.at.x).toBe(0.6)
  })

  test('under reduced motion they are there at once', () => {
    const follow = new LazyFollow()
    pass(follow, facing(0), true, false)
    pass(follow, facing(2), true, false)
    expect(follow.yaw).toBe(2)
  })

  test('take the shorter way round', () => {
    expect(angleBetween(3, -3)).toBeCloseTo(2 * Math.PI - 6, 9)
    expect(angleBetween(-3, 3)).toBeCloseTo(6 - 2 * Math.PI, 9)
  })
})

/** A session whose one source comes with what it does, and goes with it. */
function sessionOf(source: object) {
  const target = new EventTarget()
  const fire = (type: string, fields: object) => target.dispatchEvent(Object.assign(new Event(type), fields))
  return {
    session: Object.assign(target, { inputSources: [] as unknown[] }) as unknown as XRSession,
    begin: () => {
      fire('inputsourceschange', { added: [source], removed: [] })
      fire('selectstart', { inputSource: source })
    },
    fire: (type: string) => fire(type, { inputSource: source }),
    end: () => {
      fire('selectend', { inputSource: source })
      fire('inputsourceschange', { added: [], removed: [source] })
    },
  }
}

/** At this place, level and straight ahead but for a turn to the left. */
function poseAt(x: number, y: number, z: number, turn = 0) {
  const matrix = new Float32Array(16)
  matrix.set([Math.sin(turn), 0, Math.cos(turn), 0, x, y, z, 1], 8)
  return { transform: { matrix } }
}

/** What is not in it is not known. */
const frameOf = (poses: Map<unknown, ReturnType<typeof poseAt>>) =>
  ({ getPose: (space: unknown) => poses.get(space) ?? null }) as unknown as XRFrame
const ROOM = {} as XRReferenceSpace

function toldBy(session: XRSession) {
  const told: string[] = []
  const pointers = new Pointers(session, {
    press: () => told.push('press'),
    release: () => told.push('release'),
    gone: () => told.push('gone'),
  })
  return { told, pointers }
}

describe('a pinch with the eyes on something (transient pointer)', () => {
  test('is pressed, has a ray, and is let go before it is gone', () => {
    const targetRaySpace = new EventTarget()
    const { session, begin, end } = sessionOf({
      targetRayMode: 'transient-pointer',
      handedness: 'none',
      targetRaySpace,
      profiles: ['generic-fixed-hand'],
    })
    const { told, pointers } = toldBy(session)
    expect(pointers.all).toEqual([])
    begin()
    const [pointer] = pointers.all as [Pointer]
    pointers.update(frameOf(new Map([[targetRaySpace, poseAt(0, 1.5, 0)]])), ROOM)
    expect(pointer).toMatchObject({ isSeen: true, isPressed: true, from: { x: 0, y: 1.5, z: 0 } })
    expect(pointer.way.z).toBe(-1)
    expect(pointer.grip).toEqual(pointer.from)
    end()
    expect(told).toEqual(['press', 'release', 'gone'])
    expect(pointers.all).toEqual([])
    pointers.dispose()
    begin()
    expect(told).toHaveLength(3)
  })
})

describe("a finger on a phone's screen (screen)", () => {
  test('is a pointer with a straight ray, and drawn over the screen takes the world along', () => {
    const targetRaySpace = new EventTarget()
    const { session, begin, end } = sessionOf({
      targetRayMode: 'screen',
      handedness: 'none',
      targetRaySpace,
      profiles: [],
    })
    const { told, pointers } = toldBy(session)
    begin()
    const [pointer] = pointers.all as [Pointer]
    pointers.update(frameOf(new Map([[targetRaySpace, poseAt(0, 1.5, 0)]])), ROOM)
    expect(pointer).toMatchObject({ isSeen: true, isPressed: true, hasTip: false, hasPalm: false })
    const before = { ...pointer.grip }
    // By 6° to the left: a tenth of a screen.
    pointers.update(frameOf(new Map([[targetRaySpace, poseAt(0, 1.5, 0, 0.1)]])), ROOM)
    expect(before.x - pointer.grip.x).toBeCloseTo(0.1, 3)
    expect(pointer.grip.y).toBeCloseTo(1.5, 6)
    end()
    expect(told).toEqual(['press', 'release', 'gone'])
  })
})

describe('a controller', () => {
  function held() {
    const [targetRaySpace, gripSpace] = [new EventTarget(), new EventTarget()]
    const opened = sessionOf({
      targetRayMode: 'tracked-pointer',
      handedness: 'right',
      targetRaySpace,
      gripSpace,
      profiles: [],
    })
    return { ...opened, ...toldBy(opened.session), targetRaySpace, gripSpace }
  }

  test('of whose grip nothing is known for a moment is where it was: the world does not lurch', () => {
    const { begin, pointers, targetRaySpace, gripSpace } = held()
    begin()
    const [pointer] = pointers.all as [Pointer]
    const ray = poseAt(0.2, 1.25, -0.3)
    pointers.update(
      frameOf(
        new Map([
          [targetRaySpace, ray],
          [gripSpace, poseAt(0.2, 1.2, -0.25)],
        ]),
      ),
      ROOM,
    )
    const before = { ...pointer.grip }
    pointers.update(frameOf(new Map([[targetRaySpace, ray]])), ROOM)
    expect(pointer.grip).toEqual(before)
    pointers.update(frameOf(new Map()), ROOM)
    expect(pointer.grip).toEqual(before)
  })

  test('whose grip is held while it presses presses anew, as a pull; and lets go once', () => {
    const { begin, fire, told } = held()
    begin()
    for (const type of ['squeezestart', 'selectend', 'squeezeend']) fire(type)
    expect(told).toEqual(['press', 'press', 'release'])
  })
})
