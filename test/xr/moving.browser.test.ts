// Moving about in there, as a real page does it: places gone to, gliding, the dark edge, what is kept, and what is asked of a
// headset that cannot keep up.

import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { XrCommand } from '../../web/xr/actions.ts'
import { STANDS, toRoom, type WorldRig } from '../../web/xr/worldRig.ts'
import {
  aim,
  buttonPlace,
  click,
  countOnly,
  drawWhenAsked,
  enter,
  expectNoFaults,
  frames,
  headsetPages,
  leave,
  press,
  rigOf,
  type Vector,
} from '../helpers/headset.ts'
import { type OpenOptions, pageStats, type XrStats } from '../helpers/page.ts'
import { agentOf, smallWorld } from '../helpers/webWorld.ts'

const pages = headsetPages({ initScript: countOnly })

const open = (entities = smallWorld(), options?: OpenOptions) => pages.open(entities, options)

const xrOf = async (page: Page): Promise<XrStats> => (await pageStats(page)).xr

async function stick(page: Page, x: number, y: number, count = 5): Promise<void> {
  await page.evaluate(([x, y]) => globalThis.headset.device.controllers.right.updateAxes('thumbstick', x, y), [
    x,
    y,
  ] as const)
  await frames(page, count)
}

const pressButton = (page: Page, command: XrCommand) =>
  click(page, 'controller', 'right', buttonPlace(command, { hasSelection: false, isGliding: false }))

/** The types know them as interfaces only. */
interface Classes {
  XRView: { prototype: { requestViewportScale(scale: number): void } }
  XRSession: { prototype: XRSession }
}

/** Metres of the room between where the user stood and stands. */
const gone = (before: WorldRig, after: WorldRig) => ({
  level: Math.hypot(after.x - before.x, after.z - before.z) / before.scale,
  up: (after.y - before.y) / before.scale,
})

describe('moving', () => {
  test('a stick pushed forward chooses a place on the floor, and goes there at once when it is let go', async () => {
    const { page } = await open([agentOf('one')])
    await enter(page)
    await frames(page, 30)
    const before = await rigOf(page)
    await aim(page, 'controller', 'right', { x: 1.8, y: 0.4, z: -1 })
    await stick(page, 0, -1)
    // Until then nothing moves: choosing is no gliding.
    expect(await rigOf(page)).toEqual(before)
    await stick(page, 0, 0)
    const after = await rigOf(page)
    const { level, up } = gone(before, after)
    expect(level).toBeGreaterThan(1)
    expect(level).toBeLessThan(4)
    expect([up, after.yaw, after.scale]).toEqual([0, before.yaw, before.scale])
    expect((await xrOf(page)).vignette).toBe(0)
    // Pulled back, it stays.
    await stick(page, 0, -1)
    await stick(page, 0, 1)
    await stick(page, 0, 0)
    expect(await rigOf(page)).toEqual(after)
    await expectNoFaults(page)
  })

  test('pointed at an agent, it goes before that one: 0.7 m away, at the height of the eyes', async () => {
    const { page } = await open([agentOf('one')])
    await enter(page)
    await frames(page, 30)
    // The only one is the middle of the swarm: on the table, 1.2 m ahead and 0.1 m below the eyes.
    const rig = await rigOf(page)
    const toSceneAhead = ({ x, y, z }: Vector) => ({
      x: rig.x + rig.scale * x,
      y: rig.y + rig.scale * y,
      z: rig.z + rig.scale * z,
    })
    expect(rig.yaw).toBeCloseTo(0, 6)
    const agent = toSceneAhead({ x: 0, y: 1.5, z: -1.2 })
    await aim(page, 'controller', 'right', { x: 0, y: 1.5, z: -1.2 })
    await stick(page, 0, -1)
    await stick(page, 0, 0)
    const now = toRoom(await rigOf(page), agent, { x: 0, y: 0, z: 0 })
    // Its body begins 0.7 m away, and is a part of what a swarm has on the table.
    expect(now.x).toBeCloseTo(0, 2)
    expect(now.y).toBeCloseTo(1.5, 2)
    expect(-now.z).toBeGreaterThan(0.7)
    expect(-now.z).toBeLessThan(0.7 + STANDS.table.radius / 3)
    await expectNoFaults(page)
  })

  test('gliding is off until it is asked for; then the edge is dark, and it is kept for the next time (X14, X16)', async () => {
    const { page } = await open([agentOf('one')])
    await enter(page)
    await frames(page, 30)
    await pressButton(page, 'glide')
    await pressButton(page, 'seated')
    await pressButton(page, 'lower')
    await pressButton(page, 'room')
    await frames(page, 5)
    const seated = await rigOf(page)
    await aim(page, 'controller', 'right', { x: 0, y: 1.35, z: -3 })
    const before = await rigOf(page)
    await stick(page, 0, -1, 30)
    const after = await rigOf(page)
    expect(gone(before, after).level).toBeGreaterThan(0.1)
    expect((await xrOf(page)).vignette).toBeGreaterThan(0)
    await stick(page, 0, 0, 60)
    expect((await xrOf(page)).vignette).toBe(0)
    await leave(page)
    await page.reload()
    await page.waitForFunction(() => globalThis.swarmscope?.stats().agents === 1)
    await enter(page)
    await frames(page, 30)
    const again = await rigOf(page)
    expect(again.scale).toBeCloseTo(seated.scale, 4)
    expect(again.y).toBeCloseTo(seated.y, 4)
    // And the stick still glides.
    await stick(page, 0, -1, 30)
    expect(gone(again, await rigOf(page)).level).toBeGreaterThan(0.1)
    await expectNoFaults(page)
  })

  test('who asked for less motion never glides, whatever was kept: the stick chooses a place', async () => {
    const { page } = await open([agentOf('one')], { reducedMotion: 'reduce', initScript: countOnly })
    await page.evaluate(() => localStorage.setItem('swarmscope.xr', '{"isGliding":true}'))
    await enter(page)
    await frames(page, 30)
    const before = await rigOf(page)
    await aim(page, 'controller', 'right', { x: 1.8, y: 0.4, z: -1 })
    await stick(page, 0, -1, 30)
    expect(await rigOf(page)).toEqual(before)
    await stick(page, 0, 0)
    expect(gone(before, await rigOf(page)).level).toBeGreaterThan(1)
    await expectNoFaults(page)
  })

  test('the world pulled faster than 0.5 m/s darkens the edge of the view, in VR; in AR the room itself stays (X14)', async () => {
    const { page } = await open([agentOf('one')], { initScript: drawWhenAsked })
    /** The brightest that comes to be in a corner of the left eye's picture, and the least. */
    const pull = async () => {
      await aim(page, 'controller', 'right', { x: 0.5, y: 2.6, z: -1 })
      await press(page, 'controller', 'right', true)
      return page.evaluate(async () => {
        const { device } = globalThis.headset
        const gl = document.querySelector('canvas')?.getContext('webgl2')
        const pixel = new Uint8Array(4)
        const seen: { vignette: number; corner: number }[] = []
        let lastMs = performance.now()
        let y = 1.35
        globalThis.headset.isDrawing = true
        globalThis.headset.afterFrame = () => {
          const nowMs = performance.now()
          y -= 0.0012 * Math.min(50, nowMs - lastMs)
          lastMs = nowMs
          device.controllers.right.position.set(0.2, y, -0.25)
          gl?.readPixels(4, 4, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel)
          const [red = 0, green = 0, blue = 0, alpha = 0] = pixel
          seen.push({ vignette: globalThis.swarmscope.stats().xr.vignette, corner: red + green + blue + (255 - alpha) })
        }
        while (seen.length < 10) await new Promise((resolve) => setTimeout(resolve, 20))
        globalThis.headset.afterFrame = () => undefined
        globalThis.headset.isDrawing = false
        return seen
      })
    }
    await enter(page)
    await frames(page, 2)
    const inVr = await pull()
    expect(Math.max(...inVr.map(({ vignette }) => vignette))).toBe(1)
    // The ground is nearly black, but not as black as that.
    expect(inVr[0]?.corner).toBeGreaterThan(10)
    expect(Math.min(...inVr.map(({ corner }) => corner))).toBe(0)
    await press(page, 'controller', 'right', false)
    await leave(page)
    await enter(page, 'ar')
    await frames(page, 2)
    const inAr = await pull()
    expect(Math.max(...inAr.map(({ vignette }) => vignette))).toBe(0)
    expect(new Set(inAr.map(({ corner }) => corner))).toEqual(new Set([255]))
    await expectNoFaults(page)
  })

  test('a headset whose frames come late is asked for fewer pixels, then a coarser edge, then 72 frames (X19)', async () => {
    const { page } = await open([agentOf('one')])
    await page.evaluate(() => {
      const asked: string[] = []
      Object.assign(globalThis, { asked })
      const { XRView, XRSession: Session } = globalThis as unknown as Classes
      XRView.prototype.requestViewportScale = (scale) => void asked.push(`scale ${scale}`)
      const update = Session.prototype.updateTargetFrameRate
      Session.prototype.updateTargetFrameRate = function (rate) {
        asked.push(`rate ${rate}`)
        return update.call(this, rate)
      }
    })
    await enter(page)
    const askedSoFar = () => page.evaluate(() => [...(globalThis as unknown as { asked: string[] }).asked])
    expect(await askedSoFar()).toEqual(['rate 90'])
    await page.evaluate(() => {
      globalThis.headset.afterFrame = () => {
        const until = performance.now() + 30
        while (performance.now() < until);
      }
    })
    await page.waitForFunction(() => globalThis.swarmscope.stats().xr.effort?.rate === 72, null, { timeout: 30_000 })
    expect(await askedSoFar()).toEqual([
      'rate 90',
      ...['scale 0.85', 'scale 0.85', 'scale 0.85', 'scale 0.85', 'scale 0.7', 'scale 0.7', 'scale 0.7', 'scale 0.7'],
      'rate 72',
    ])
    expect((await xrOf(page)).effort).toEqual({ scale: 0.7, foveation: 0.33, rate: 72 })
    expect(await page.evaluate(() => globalThis.headset.session?.frameRate)).toBe(72)
    await expectNoFaults(page)
  })
})
