// The menu at the wrist: there when a palm is turned to the face, and never else.

import { describe, expect, test } from 'vitest'
import type { Point } from '../../web/xr/worldRig.ts'
import { type Wrist, WristMenu } from '../../web/xr/wristMenu.ts'

const FRAME_SEC = 1 / 72
const head: Point = { x: 0, y: 1.6, z: 0 }
const look: Point = { x: 0, y: -0.3, z: -0.954 }
const radians = (degrees: number) => (degrees * Math.PI) / 180

/** A hand before the face, whose palm is turned away from it by so much. */
function wristAt(awayDegrees: number): Wrist & { grip: Point } {
  const grip = { x: -0.1, y: 1.4, z: -0.4 }
  const x = head.x - grip.x
  const y = head.y - grip.y
  const z = head.z - grip.z
  const metres = Math.hypot(x, y, z)
  const level = Math.hypot(x, z)
  // About the vertical through the hand, then as steep as the way to the head.
  const turn = Math.atan2(x, z) + radians(awayDegrees) / (level / metres)
  return {
    grip,
    palm: { x: (Math.sin(turn) * level) / metres, y: y / metres, z: (Math.cos(turn) * level) / metres },
    hasPalm: true,
    isSeen: true,
    isPressed: false,
    isSqueezed: false,
  }
}

function turnTo(wrist: Wrist, awayDegrees: number): void {
  wrist.palm = wristAt(awayDegrees).palm
}

function run(menu: WristMenu<Wrist>, wrists: Wrist[], seconds: number, at = look): void {
  for (let sec = 0; sec < seconds; sec += FRAME_SEC) menu.update(wrists, head, at, { deltaSec: FRAME_SEC })
}

describe('the menu at the wrist', () => {
  test('opens within 200 ms of a palm that faces the head within 30°, above that hand (X17)', () => {
    const menu = new WristMenu<Wrist>()
    const wrist = wristAt(25)
    run(menu, [wrist], 0.19)
    expect(menu.bearer).toBe(wrist)
    expect(menu.at.y).toBeGreaterThan(wrist.grip.y + 0.1)
    expect(Math.hypot(menu.at.x - wrist.grip.x, menu.at.z - wrist.grip.z)).toBeLessThan(0.1)
  })

  test('stays while the palm is turned by up to 45°, and goes when it is turned away (hysteresis)', () => {
    const menu = new WristMenu<Wrist>()
    const wrist = wristAt(40)
    run(menu, [wrist], 1)
    expect(menu.bearer).toBe(null)
    turnTo(wrist, 20)
    run(menu, [wrist], 0.2)
    expect(menu.bearer).toBe(wrist)
    turnTo(wrist, 40)
    run(menu, [wrist], 1)
    expect(menu.bearer).toBe(wrist)
    turnTo(wrist, 60)
    run(menu, [wrist], 2 * FRAME_SEC)
    expect(menu.bearer).toBe(null)
  })

  test.each<[string, (wrist: Wrist) => void, Point]>([
    ['that only passes by', () => undefined, look],
    ['that nobody looks at', () => undefined, { x: 1, y: 0, z: 0 }],
    ['of which nothing is known', (wrist) => Object.assign(wrist, { hasPalm: false }), look],
    ['that is pressing', (wrist) => Object.assign(wrist, { isPressed: true }), look],
    ['that pulls the world', (wrist) => Object.assign(wrist, { isSqueezed: true }), look],
  ])('a palm %s opens nothing', (name, change, at) => {
    const menu = new WristMenu<Wrist>()
    const wrist = wristAt(0)
    change(wrist)
    run(menu, [wrist], name === 'that only passes by' ? 0.05 : 1, at)
    expect(menu.bearer).toBe(null)
  })

  test('is at one hand at a time, and outlasts a moment without tracking', () => {
    const menu = new WristMenu<Wrist>()
    const [first, second] = [wristAt(0), wristAt(0)]
    run(menu, [first, second], 0.2)
    expect(menu.bearer).toBe(first)
    first.isSeen = false
    run(menu, [first, second], 0.15)
    expect(menu.bearer).toBe(first)
    run(menu, [first, second], 0.2)
    expect(menu.bearer).not.toBe(first)
    run(menu, [second], 0.3)
    expect(menu.bearer).toBe(second)
    run(menu, [], 2 * FRAME_SEC)
    expect(menu.bearer).toBe(null)
  })

  test('comes after its hand without its trembling', () => {
    const menu = new WristMenu<Wrist>()
    const wrist = wristAt(0)
    run(menu, [wrist], 0.3)
    const { y } = menu.at
    wrist.grip.y += 0.005
    run(menu, [wrist], FRAME_SEC)
    expect(menu.at.y - y).toBeLessThan(0.003)
    run(menu, [wrist], 0.5)
    expect(menu.at.y - y).toBeCloseTo(0.005, 3)
  })
})
