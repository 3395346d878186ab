// Sticks, places to go to, the dark edge, and how somebody likes to stand: all without a headset.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Vignette, WorldMotion } from '../../web/xr/comfort.ts'
import { Landing } from '../../web/xr/landing.ts'
import { glideOf, Stick } from '../../web/xr/stick.ts'
import { drag, type Facing, stretch, turnAbout, type WorldRig } from '../../web/xr/worldRig.ts'
import { MAX_HEIGHT_METRES, parseXrSettings } from '../../web/xr/xrSettings.ts'

const FRAME_SEC = 1 / 90

describe('a stick', () => {
  test('pushed aside is one turn until it is let go, and never more than eight a second (X14)', () => {
    const stick = new Stick()
    expect(stick.read({ x: 0.6, y: 0 }, { nowMs: 0 }, false)).toBe('none')
    expect(stick.read({ x: 0.8, y: 0 }, { nowMs: 10 }, false)).toBe('turn-right')
    for (let ms = 20; ms < 2_000; ms += 10)
      expect(stick.read({ x: 0.5 + (ms % 50) / 100, y: 0 }, { nowMs: ms }, false)).toBe('none')
    stick.read({ x: 0, y: 0 }, { nowMs: 2_000 }, false)
    let turns = 0
    for (let ms = 2_010; ms < 4_010; ms += 10) {
      if (stick.read({ x: (ms / 10) % 2 === 0 ? -1 : 0, y: 0 }, { nowMs: ms }, false) === 'turn-left') turns++
    }
    expect(turns).toBeGreaterThan(10)
    expect(turns).toBeLessThanOrEqual(16)
  })

  test('pushed forward chooses a place, and goes there when it is let go', () => {
    const stick = new Stick()
    expect(stick.read({ x: 0.1, y: -0.9 }, { nowMs: 0 }, false)).toBe('aim')
    // On the way it may lean to a side: that is no turn now.
    expect(stick.read({ x: 0.9, y: -0.3 }, { nowMs: 10 }, false)).toBe('aim')
    expect(stick.read({ x: 0, y: -0.1 }, { nowMs: 20 }, false)).toBe('go')
    expect(stick.read({ x: 0, y: 0 }, { nowMs: 30 }, false)).toBe('none')
  })

  test('pulled back on the way thinks better of it', () => {
    const stick = new Stick()
    stick.read({ x: 0, y: -1 }, { nowMs: 0 }, false)
    expect(stick.read({ x: 0, y: 0.9 }, { nowMs: 10 }, false)).toBe('none')
    expect(stick.read({ x: 0, y: 0 }, { nowMs: 20 }, false)).toBe('none')
  })

  test('glides only where that was asked for, as fast as it is pushed, and not from resting', () => {
    const stick = new Stick()
    expect(stick.read({ x: 0, y: -1 }, { nowMs: 0 }, true)).toBe('none')
    expect(stick.read({ x: 1, y: 0 }, { nowMs: 10 }, true)).toBe('turn-right')
    expect([glideOf({ x: 0, y: -1 }), glideOf({ x: 0, y: 1 }), glideOf({ x: 0, y: 0.1 })]).toEqual([1, -1, 0])
    expect(glideOf({ x: 0, y: -0.6 })).toBeCloseTo(0.5, 9)
    expect(glideOf({ x: 0.9, y: -0.6 })).toBe(0)
  })
})

describe('where a ray would set its user down', () => {
  const from = { x: 0.2, y: 1.3, z: -0.2 }
  const wayOf = (pitch: number, yaw = 0) => ({
    x: -Math.sin(yaw) * Math.cos(pitch),
    y: Math.sin(pitch),
    z: -Math.cos(yaw) * Math.cos(pitch),
  })

  test('an arc lands farther the higher it is thrown, always on the floor, in front of the hand', () => {
    const landing = new Landing()
    let before = 0
    for (const pitch of [-1.2, -0.8, -0.4, 0, 0.4]) {
      expect(landing.find(from, wayOf(pitch, 0.7), true)).toBe(true)
      const { at } = landing
      const metres = Math.hypot(at.x - from.x, at.z - from.z)
      expect(at.y).toBe(0)
      expect(Math.atan2(-(at.x - from.x), -(at.z - from.z))).toBeCloseTo(0.7, 6)
      expect(metres).toBeGreaterThan(before)
      before = metres
    }
    expect(before).toBeLessThanOrEqual(8)
  })

  test('a look goes straight to where it meets the floor; one that meets none, or far away, goes nowhere', () => {
    const landing = new Landing()
    expect(landing.find({ x: 0, y: 1.6, z: 0 }, wayOf(-Math.PI / 4), false)).toBe(true)
    expect(landing.at.z).toBeCloseTo(-1.6, 9)
    expect(landing.find(from, wayOf(0.2), false)).toBe(false)
    expect(landing.find(from, wayOf(-0.1), false)).toBe(false)
    expect(landing.find({ ...from, y: -0.1 }, wayOf(-0.5), true)).toBe(false)
  })

  test('whatever the ray, its drawn way has room for it and ends where it lands', () => {
    const landing = new Landing()
    fc.assert(
      fc.property(
        fc.double({ min: -1.57, max: 1.57, noNaN: true }),
        fc.double({ min: 0.01, max: 2.5, noNaN: true }),
        fc.boolean(),
        (pitch, y, isThrown) => {
          const isThere = landing.find({ x: 0, y, z: 0 }, wayOf(pitch), isThrown)
          expect(landing.count * 3).toBeLessThanOrEqual(landing.way.length)
          if (!isThere) return
          const last = (landing.count - 1) * 3
          expect([...landing.way.subarray(last, last + 3)]).toEqual([
            Math.fround(landing.at.x),
            0,
            Math.fround(landing.at.z),
          ])
        },
      ),
    )
  })
})

describe('the dark edge', () => {
  const head = { x: 0.3, y: 1.6, z: 0.2 }
  const speed = (motion: WorldMotion, rig: WorldRig, facing: Facing): number => {
    motion.update(rig, facing, { deltaSec: FRAME_SEC })
    return motion.metresPerSec
  }

  test('is there within 100 ms of a world that goes by faster than 0.5 m/s, and gone soon after (X14)', () => {
    const vignette = new Vignette()
    for (let ms = 0; ms < 500; ms += 11) vignette.update({ metresPerSec: 0.49 }, { deltaSec: 0.011 })
    expect(vignette.amount).toBe(0)
    for (let ms = 0; ms < 100; ms += 11) vignette.update({ metresPerSec: 0.51 }, { deltaSec: 0.011 })
    expect(vignette.amount).toBe(1)
    for (let ms = 0; ms < 400; ms += 11) vignette.update({ metresPerSec: 0 }, { deltaSec: 0.011 })
    expect(vignette.amount).toBe(0)
  })

  test.each<[string, (rig: WorldRig) => void, number]>([
    ['a pull of one hand', (rig) => drag(rig, { x: 0, y: 1, z: 0 }, { x: 0.01, y: 1, z: 0 }), 0.9],
    [
      'two hands that turn it about themselves, half a metre before the head',
      (rig) =>
        stretch(
          rig,
          [
            { x: 0.1, y: 1.2, z: -0.3 },
            { x: 0.5, y: 1.2, z: -0.3 },
          ],
          [
            { x: 0.1, y: 1.2, z: -0.304 },
            { x: 0.5, y: 1.2, z: -0.296 },
          ],
          20,
        ),
      0.9,
    ],
    [
      'two hands that pull it apart',
      (rig) =>
        stretch(
          rig,
          [
            { x: 0.1, y: 1.2, z: -0.3 },
            { x: 0.5, y: 1.2, z: -0.3 },
          ],
          [
            { x: 0.096, y: 1.2, z: -0.3 },
            { x: 0.504, y: 1.2, z: -0.3 },
          ],
          20,
        ),
      1.2,
    ],
    [
      'an agent that is followed',
      (rig) => {
        rig.x += 0.2
      },
      0.9,
    ],
  ])('%s: the world goes by, in metres a second of the room', (_case, move, metresPerSec) => {
    const rig: WorldRig = { x: 3, y: 1, z: -2, yaw: 0.4, scale: 20 }
    const motion = new WorldMotion()
    speed(motion, rig, { head, headYaw: 0.2 })
    expect(speed(motion, rig, { head, headYaw: 0.2 })).toBeCloseTo(0, 9)
    move(rig)
    expect(speed(motion, rig, { head, headYaw: 0.2 })).toBeCloseTo(metresPerSec, 1)
  })

  test('a head that moves by itself, a turn at once and a place gone to at once move no world', () => {
    const rig: WorldRig = { x: 3, y: 1, z: -2, yaw: 0.4, scale: 20 }
    const motion = new WorldMotion()
    speed(motion, rig, { head, headYaw: 0 })
    expect(speed(motion, rig, { head: { x: 1, y: 1.2, z: 2 }, headYaw: 2 })).toBeCloseTo(0, 9)
    turnAbout(rig, head, 0.5)
    motion.jump()
    expect(speed(motion, rig, { head, headYaw: 0 })).toBe(0)
    expect(speed(motion, rig, { head, headYaw: 0 })).toBeCloseTo(0, 9)
  })
})

describe('how somebody likes to stand', () => {
  const usual = { stand: 'table', heightMetres: 0, isSeated: false, isGliding: false }

  test.each<[string | null, object]>([
    [null, {}],
    ['{', {}],
    ['7', {}],
    ['{"stand":"roof","heightMetres":"high","isSeated":"yes","isGliding":1}', {}],
    ['{"stand":"room","heightMetres":-0.3}', { stand: 'room', heightMetres: -0.3 }],
    ['{"stand":"inside","heightMetres":99}', { stand: 'inside', heightMetres: MAX_HEIGHT_METRES }],
    ['{"isSeated":true,"isGliding":true}', { isSeated: true, isGliding: true }],
    ['{"stand":"__proto__"}', {}],
  ])('%s: gliding is off unless it was asked for', (text, kept) => {
    expect(parseXrSettings(text)).toEqual({ ...usual, ...kept })
  })
})
