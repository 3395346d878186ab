// Touch by a finger: what comes from before and goes in is a press, all else is none.

import { describe, expect, test } from 'vitest'
import {
  BodyTouch,
  bodyAt,
  HOVER_IN_METRES,
  HOVER_OUT_METRES,
  PanelTouch,
  PRESS_METRES,
  RELEASE_METRES,
  type TouchEdge,
} from '../../web/xr/touch.ts'

const FRAME = { deltaSec: 0.011 }

/** Frame by frame: what each of these distances makes of it. */
const edges = (...metres: (number | null)[]): TouchEdge[] => {
  const touch = new PanelTouch()
  return metres
    .map((each) => touch.update(each === null ? null : { distance: each }, FRAME))
    .filter((edge) => edge !== 'none')
}

describe('a finger at a panel', () => {
  test('presses when it goes in from before, and lets go when it comes out (X13)', () => {
    expect(edges(0.1, 0.02, 0.004, -0.02, 0.006, 0.02)).toEqual(['press', 'release'])
  })

  test('that trembles at the surface presses once', () => {
    expect(edges(0.02, 0.0049, 0.0055, 0.0049, 0.0065, 0.0049, 0.02)).toEqual(['press', 'release'])
  })

  test('a quick one, through the panel within a frame, presses all the same', () => {
    expect(edges(0.14, -0.05, 0.1)).toEqual(['press', 'release'])
  })

  test.each<[string, (number | null)[]]>([
    ['from behind', [-0.08, -0.02, 0.02, 0.1]],
    ['from aside, already in it', [null, -0.01, 0.02]],
    ['only near', [0.1, 0.02, 0.006, 0.1]],
  ])('%s: presses nothing', (_case, metres) => {
    expect(edges(...metres)).toEqual([])
  })

  test('that slides off the panel means none of it', () => {
    expect(edges(0.02, 0, null, 0.02)).toEqual(['press', 'cancel'])
  })

  test('is near from 0.15 m, until 0.20 m (X13)', () => {
    expect([HOVER_IN_METRES, HOVER_OUT_METRES, PRESS_METRES, RELEASE_METRES]).toEqual([0.15, 0.2, 0.005, 0.007])
    const touch = new PanelTouch()
    const near = [0.19, 0.151, 0.149, 0.19, 0.199, 0.201, 0.19].map((metres) => {
      touch.update({ distance: metres }, FRAME)
      return touch.isNear
    })
    expect(near).toEqual([false, false, true, true, true, false, false])
  })

  test('is only near where it rests: it means the panel within 3 cm, or when it comes toward it', () => {
    const reaching = (...metres: number[]) => {
      const touch = new PanelTouch()
      return metres.map((each) => {
        touch.update({ distance: each }, FRAME)
        return touch.isReaching
      })
    }
    // Held there, with a hand's tremor.
    expect(reaching(...Array.from({ length: 40 }, (_, frame) => 0.1 + 0.0005 * (frame % 2)))).not.toContain(true)
    expect(reaching(0.031, 0.0305, 0.03)).toEqual([false, false, true])
    // At 0.5 m/s, then back again.
    const coming = Array.from({ length: 12 }, (_, frame) => 0.15 - 0.0055 * frame)
    expect(reaching(...coming).slice(4)).not.toContain(false)
    const leaving = Array.from({ length: 12 }, (_, frame) => 0.09 + 0.0055 * frame)
    expect(reaching(...coming, ...leaving).at(-1)).toBe(false)
  })
})

describe('a finger at a body', () => {
  const nodes = new Float32Array([0, 0, -1, 0.1, 0.15, 0, -1, 0.05, 0, 0, 0, 0])

  test('is on the one that it is closest to, within a little slack, else on none', () => {
    expect(bodyAt(nodes, 3, { x: 0.05, y: 0, z: -1 }, { scale: 1 })).toBe(0)
    expect(bodyAt(nodes, 3, { x: 0.14, y: 0, z: -1 }, { scale: 1 })).toBe(1)
    expect(bodyAt(nodes, 3, { x: 0, y: 0.114, z: -1 }, { scale: 1 })).toBe(0)
    expect(bodyAt(nodes, 3, { x: 0, y: 0.116, z: -1 }, { scale: 1 })).toBe(-1)
    // A slot without a node.
    expect(bodyAt(nodes, 3, { x: 0, y: 0, z: 0 }, { scale: 1 })).toBe(-1)
  })

  test('means it once it has rested there, and once only; passing through a swarm means nobody', () => {
    const touch = new BodyTouch()
    const passing = [3, 3, 3, 8, 8, 8, 5, 5, -1].map((slot) => touch.update(slot, { deltaSec: 0.011 }))
    expect(passing).not.toContain(true)
    const resting = Array.from({ length: 60 }, () => touch.update(4, { deltaSec: 0.011 }))
    expect(resting.filter(Boolean)).toHaveLength(1)
    expect(resting.indexOf(true) * 11).toBeLessThan(200)
    touch.update(-1, { deltaSec: 0.011 })
    expect(Array.from({ length: 60 }, () => touch.update(4, { deltaSec: 0.011 })).filter(Boolean)).toHaveLength(1)
    expect(Array.from({ length: 60 }, () => touch.update(-1, { deltaSec: 0.011 }))).not.toContain(true)
  })
})
