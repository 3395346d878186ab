import { describe, expect, it } from 'vitest'
import { Declutter, SIDES } from '../../web/scene/declutter.ts'
import { fitView, isInView } from '../../web/scene/fitView.ts'
import { FrameStats } from '../../web/scene/frameStats.ts'
import { cutToWidth } from '../../web/scene/labelAtlas.ts'
import { randomFrom } from '../helpers/webWorld.ts'

const gap = (radius: number) => radius + 4

describe('labels', () => {
  it('never stand over one another', () => {
    const random = randomFrom(3)
    const declutter = new Declutter()
    declutter.reset(0, 0, 800, 600)
    const boxes: { x: number; y: number; width: number; height: number }[] = []
    for (let slot = 0; slot < 400; slot++) {
      const wish = {
        slot,
        x: random() * 800,
        y: random() * 600,
        radius: 6,
        width: 40 + random() * 80,
        height: 18,
        lastSide: -1,
      }
      const side = declutter.place(wish, gap)
      if (side < 0) continue
      const { x, y } = SIDES[side]!
      boxes.push({ ...wish, x: wish.x + x * (gap(6) + wish.width / 2), y: wish.y + y * (gap(6) + 9) })
    }
    expect(boxes.length).toBeGreaterThan(60)
    for (const [index, a] of boxes.entries()) {
      for (const b of boxes.slice(0, index)) {
        const overlaps =
          Math.abs(a.x - b.x) < (a.width + b.width) / 2 && Math.abs(a.y - b.y) < (a.height + b.height) / 2
        expect(overlaps).toBe(false)
      }
    }
  })

  it('are asked for only where there is room for the smallest: where one fits, there was', () => {
    const random = randomFrom(9)
    const declutter = new Declutter()
    declutter.reset(0, 0, 800, 600)
    const counts = { placed: 0, withoutRoom: 0 }
    for (let slot = 0; slot < 2_000; slot++) {
      const [x, y, radius] = [random() * 800, random() * 600, 2 + random() * 20]
      const wish = { slot, x, y, radius, width: 14 + random() * 120, height: 18 + random() * 18, lastSide: -1 }
      const hadRoom = declutter.hasRoom(x, y, radius, gap)
      const side = declutter.place(wish, gap)
      if (side >= 0) expect(hadRoom).toBe(true)
      counts.placed += Number(side >= 0)
      counts.withoutRoom += Number(!hadRoom)
    }
    expect(counts.placed).toBeGreaterThan(60)
    expect(counts.withoutRoom).toBeGreaterThan(1_000)
  })

  it('stay on the side where they stood', () => {
    const declutter = new Declutter()
    declutter.reset(0, 0, 800, 600)
    expect(declutter.place({ slot: 0, x: 400, y: 300, radius: 6, width: 60, height: 18, lastSide: 2 }, gap)).toBe(2)
  })

  it('keep their place between two placings only while it is free', () => {
    const declutter = new Declutter()
    declutter.reset(0, 0, 800, 600)
    const wish = { slot: 0, x: 400, y: 300, radius: 6, width: 60, height: 18, lastSide: 2 }
    expect(declutter.placeAt(wish, 2, gap)).toBe(true)
    expect(declutter.placeAt({ ...wish, slot: 1, x: 420 }, 2, gap)).toBe(false)
    expect(declutter.placeAt({ ...wish, slot: 1 }, 3, gap)).toBe(true)
  })

  it('cover bodies only where they may and nothing else is free, and never another label', () => {
    const declutter = new Declutter()
    declutter.reset(0, 0, 800, 600)
    const wish = { slot: 0, x: 400, y: 300, radius: 6, width: 60, height: 18, lastSide: -1 }
    declutter.block(400, 300, 300, 200, true)
    expect([declutter.place(wish, gap), declutter.hasRoom(400, 300, 6, gap)]).toEqual([-1, false])
    expect(declutter.hasRoom(400, 300, 6, gap, true)).toBe(true)
    expect(declutter.place(wish, gap, true)).toBe(0)
    expect(declutter.placeAt({ ...wish, slot: 1, x: 420 }, 0, gap)).toBe(false)
    declutter.block(400, 300, 300, 200)
    expect(declutter.place(wish, gap, true)).toBe(-1)
    // Where one side is free of bodies, it is that one.
    declutter.reset(0, 0, 800, 600)
    declutter.block(400, 310, 40, 10, true)
    expect(declutter.place(wish, gap, true)).toBe(1)
  })

  it('stand nowhere outside of the free window', () => {
    const declutter = new Declutter()
    declutter.reset(100, 100, 200, 200)
    expect(declutter.place({ slot: 0, x: 50, y: 50, radius: 6, width: 60, height: 18, lastSide: -1 }, gap)).toBe(-1)
  })

  it('are cut by whole characters', () => {
    const widthOf = (text: string) => Array.from(text).length * 10
    expect(cutToWidth('short', 100, widthOf)).toBe('short')
    expect(cutToWidth('👩‍🚀👩‍🚀👩‍🚀👩‍🚀', 50, (text) => text.length * 10)).not.toMatch(/[\ud800-\udbff]…$/)
    // An astronaut is three code points, and nobody's half.
    expect(cutToWidth('👩‍🚀👩‍🚀👩‍🚀', 70, (text) => text.length * 10)).toBe('👩‍🚀…')
    expect(cutToWidth('نص عربي', 200, widthOf)).toBe('نص عربي')
    expect(cutToWidth('abcdefghijkl', 60, widthOf)).toBe('abcde…')
  })
})

describe('the fit', () => {
  const axes = { right: [1, 0, 0], up: [0, 1, 0], back: [0, 0, 1] } as const

  it('brings every node into the free angles, and wastes none', () => {
    const random = randomFrom(5)
    const nodes = Float32Array.from({ length: 400 }, (_, i) => (i % 4 === 3 ? 0.6 : (random() - 0.5) * 60))
    const fit = fitView(nodes, 100, { ...axes, tanX: 0.5, tanY: 0.3 })!
    let most = 0
    for (let i = 0; i < 100; i++) {
      const depth = fit.distance - (nodes[i * 4 + 2]! - fit.target[2]) - 0.6
      most = Math.max(most, (Math.abs(nodes[i * 4]! - fit.target[0]) + 0.6) / depth / 0.5)
      most = Math.max(most, (Math.abs(nodes[i * 4 + 1]! - fit.target[1]) + 0.6) / depth / 0.3)
    }
    expect(most).toBeCloseTo(1, 4)
    // From there all are seen whole, from nearer not all.
    const from = (share: number) => {
      const { target, distance } = fit
      const view = { ...axes, tanX: 0.5, tanY: 0.3 }
      return isInView(nodes, 100, [target[0], target[1], target[2] + distance * share], view)
    }
    expect([from(1.001), from(0.9)]).toEqual([true, false])
  })

  it('has nothing to say about nothing', () => {
    expect(fitView(new Float32Array(0), 0, { ...axes, tanX: 1, tanY: 1 })).toBeNull()
  })
})

describe('the frame statistics', () => {
  it('tell the last frames, also after the ring has turned', () => {
    const stats = new FrameStats()
    expect(stats.quantiles()).toEqual({ p50: 0, p95: 0 })
    for (let n = 0; n < 1_000; n++) stats.pushSince({ nowMs: 0 }, 100)
    for (let n = 0; n < 240; n++) stats.pushSince({ nowMs: 0 }, n < 230 ? 1 : 9)
    expect(stats.quantiles()).toEqual({ p50: 1, p95: 1 })
    expect(stats.frames).toBe(1_240)
  })
})
