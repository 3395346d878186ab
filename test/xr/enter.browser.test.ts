// Into a headset and out of it again, in a real browser with an emulated headset that is as strict as real ones are.

import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { Entity } from '../../protocol/swarm.ts'
import { BINDINGS } from '../../web/xr/actions.ts'
import { countOnly, drawWhenAsked, enter, expectNoFaults, frames, headsetPages, leave } from '../helpers/headset.ts'
import { type OpenOptions, openPage, pageStats } from '../helpers/page.ts'
import { ROOT } from '../helpers/swarmscope.ts'
import { startFakeServer } from '../helpers/webFakeServer.ts'
import { agentOf, largeWorld, linkOf, smallWorld } from '../helpers/webWorld.ts'

const pages = headsetPages()

const open = (entities = smallWorld(), options?: OpenOptions) => pages.open(entities, options)

/** With so many links in all. */
function linked(world: Entity[], links: number): Entity[] {
  const agents = world.filter(({ entity }) => entity === 'agent')
  const more = links - world.filter(({ entity }) => entity === 'link').length
  const idOf = (index: number) => agents[index % agents.length]?.id ?? ''
  return [...world, ...Array.from({ length: more }, (_, index) => linkOf('topology', idOf(index), idOf(index + 7)))]
}

/** The library and the emulator leave some 24 kB of their own. */
const MAX_HEAP_PER_CYCLE_BYTES = 32_000

async function heapBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize
}

/** What the GPU holds, and how much there is of the page, once the screen shows all of it again. */
const holdings = (page: Page) =>
  page.evaluate(async () => {
    for (let seen = -1; seen !== globalThis.swarmscope.stats().frames; ) {
      seen = globalThis.swarmscope.stats().frames
      await new Promise((resolve) => setTimeout(resolve, 700))
    }
    // Of the page what could come of it: the rest tells of agents, and says more of them as time goes by; a tooltip is there
    // as long as the button that has the focus again.
    return {
      ...globalThis.headset.live,
      elements: document.querySelectorAll('body > :not(:has(.tip)), canvas, .scene-controls *').length,
    }
  })

describe('stepping inside', () => {
  test('a click enters VR with what it needs and no more; two eyes, and out again (X7, X24)', async () => {
    const { page } = await open()
    // Whatever stands beside the scene is an action, and so has its way in a headset (X25).
    const known = new Set(Object.values(BINDINGS).flatMap(({ screen }) => screen.controls))
    const shown = await page
      .locator('.scene-controls [data-testid]')
      .evaluateAll((elements) => elements.map((element) => element.getAttribute('data-testid') ?? ''))
    expect(shown.length).toBeGreaterThan(6)
    expect(shown.filter((testId) => !known.has(testId) && !/^enter-[va]r$/.test(testId))).toEqual([])
    // Near is enough for it to be loaded: then a click can enter at once.
    const loaded = page.waitForResponse(/enterXr/)
    await page.locator('[data-testid=enter-vr]').hover()
    await loaded
    await enter(page)
    expect(await page.evaluate(() => globalThis.headset.requests)).toMatchObject([
      {
        mode: 'immersive-vr',
        init: { requiredFeatures: ['local-floor'], optionalFeatures: ['hand-tracking'] },
      },
    ])
    expect((await pageStats(page)).xr).toMatchObject({ presenting: true, mode: 'immersive-vr' })
    // The emulator lies over the page.
    await page.locator('[data-testid=exit-xr]').dispatchEvent('click')
    await page.waitForFunction(() => !globalThis.swarmscope.stats().xr.presenting)
    await page.locator('[data-testid=enter-vr]').waitFor()
    await expectNoFaults(page)
  })

  test('AR shows the room behind: nothing is drawn where nothing is (X18)', async () => {
    const { page } = await open()
    const alphaInCorner = () =>
      page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            globalThis.headset.afterFrame = () => {
              globalThis.headset.afterFrame = () => undefined
              const gl = document.querySelector('canvas')?.getContext('webgl2')
              const pixel = new Uint8Array(4)
              gl?.readPixels(2, 2, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel)
              resolve(pixel[3] ?? -1)
            }
          }),
      )
    await enter(page, 'vr')
    expect(await alphaInCorner()).toBe(255)
    await leave(page)
    await enter(page, 'ar')
    expect((await pageStats(page)).xr.mode).toBe('immersive-ar')
    expect(await alphaInCorner()).toBe(0)
    await expectNoFaults(page)
  })

  test.each(['dark', 'light'] as const)(
    '%s: a name over the room reads 4.5:1 against all that is next to its strokes, be the room black or white (X11, X18)',
    async (colorScheme) => {
      // An eye of the emulator's has half of the window, where a headset's has five times the pixels: with so few, strokes are
      // too thin to be of one colour.
      const { page } = await open(smallWorld(), {
        colorScheme,
        width: 3_200,
        height: 1_600,
        reducedMotion: 'reduce',
        initScript: drawWhenAsked,
      })
      await enter(page, 'ar')
      await frames(page, 3)
      const { strokes, worst } = await page.evaluate(async () => {
        const picture = () =>
          new Promise<{ pixels: Uint8Array; width: number }>((resolve) => {
            const until = globalThis.headset.frames + 2
            globalThis.headset.isDrawing = true
            globalThis.headset.afterFrame = () => {
              if (globalThis.headset.frames < until) return
              globalThis.headset.isDrawing = false
              globalThis.headset.afterFrame = () => undefined
              const gl = document.querySelector('canvas')?.getContext('webgl2')
              if (!gl) throw new Error('nothing is drawn')
              const { drawingBufferWidth: width, drawingBufferHeight: height } = gl
              const pixels = new Uint8Array(width * height * 4)
              gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels)
              resolve({ pixels, width })
            }
          })
        const setLabels = async (labels: 'shown' | 'hidden') => {
          const newValue = JSON.stringify({ labels })
          dispatchEvent(new StorageEvent('storage', { key: 'swarmscope.settings', newValue }))
          const until = globalThis.headset.frames + 8
          await new Promise((resolve) => setTimeout(resolve, 800))
          while (globalThis.headset.frames < until) await new Promise((resolve) => setTimeout(resolve, 20))
        }
        await setLabels('hidden')
        const { pixels: without } = await picture()
        await setLabels('shown')
        const { pixels, width } = await picture()

        const luminance = (color: readonly number[]) => {
          const [red = 0, green = 0, blue = 0] = color.map((part) => {
            const value = part / 255
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
          })
          return 0.2126 * red + 0.7152 * green + 0.0722 * blue
        }
        const contrast = (one: number, other: number) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
        /** What is seen of a pixel before a room as bright as that. */
        const seen = (at: number, room: number) => {
          const left = room * (1 - (pixels[at + 3] ?? 0) / 255)
          return luminance([0, 1, 2].map((part) => (pixels[at + part] ?? 0) + left))
        }
        const style = getComputedStyle(document.documentElement)
        const css = (name: string) => {
          const hex = style.getPropertyValue(`--${name}`).trim().replace('#', '')
          return [0, 2, 4].map((from) => Number.parseInt(hex.slice(from, from + 2), 16))
        }
        const ground = css('ground')
        const inks = ['ink', 'ink-2', 'look-needs-you', 'look-failed', 'lost'].map(css)
        /** The middle of a stroke: all but of one of the inks, not a mixture with what is next to it. */
        const isStroke = (at: number) =>
          (pixels[at + 3] ?? 0) >= 250 &&
          inks.some((ink) => ink.every((part, index) => Math.abs(part - (pixels[at + index] ?? 0)) <= 12))
        /** Of the plate alone, as opaque as that pixel: what is next to a stroke is in part the stroke's own soft edge. */
        const plate = (at: number, room: number) => {
          const alpha = (pixels[at + 3] ?? 0) / 255
          return luminance(ground.map((part) => part * alpha + room * (1 - alpha)))
        }
        const REACH = 2
        let strokes = 0
        let worst = Number.POSITIVE_INFINITY
        for (let at = 0; at < pixels.length; at += 4) {
          if ([0, 1, 2, 3].every((part) => pixels[at + part] === without[at + part])) continue
          if (!isStroke(at)) continue
          strokes++
          for (const room of [0, 255])
            for (let y = -REACH; y <= REACH; y++)
              for (let x = -REACH; x <= REACH; x++)
                worst = Math.min(worst, contrast(seen(at, room), plate(at + 4 * (y * width + x), room)))
        }
        return { strokes, worst }
      })
      // Two eyes, some names.
      expect(strokes).toBeGreaterThan(500)
      expect(worst).toBeGreaterThanOrEqual(4.5)
      await expectNoFaults(page)
    },
  )

  test('a refusal is told as an alert, and the next click enters', async () => {
    const { page } = await open()
    await page.evaluate(() => {
      globalThis.headset.refusal = 'NotAllowedError'
    })
    await page.locator('[data-testid=enter-vr]').click()
    expect(await page.locator('[data-testid=xr-hint][role=alert]').innerText()).toContain('did not allow it')
    await page.evaluate(() => {
      delete globalThis.headset.refusal
    })
    await enter(page)
    expect(await page.locator('[data-testid=xr-hint]').count()).toBe(0)
    await expectNoFaults(page)
  })

  test('without a headset the page says why, and how', async () => {
    const fake = await startFakeServer({ webDir: `${ROOT}dist/web`, entities: smallWorld() })
    pages.afterTest(() => fake.close())
    const page = await openPage(pages.browser, fake.url)
    pages.afterTest(() => page.context().close())
    await page.locator('[data-testid=xr-why]').click()
    expect(await page.locator('[data-testid=xr-hint]').innerText()).toContain('adb reverse')
    expect(await page.locator('[data-testid=enter-vr]').count()).toBe(0)
  })

  test('draws as much for 5,000 agents as for 100, at most 12 an eye; 60,000 triangles for 1,000 and 2,000 links (X1, X2, X3)', async () => {
    const draws = []
    for (const [count, triangles] of [
      [100, 60_000],
      [1_000, 60_000],
      [5_000, 120_000],
    ] as const) {
      const { page, fake } = await open(linked(largeWorld(count), 2 * count), { initScript: countOnly })
      await enter(page)
      await frames(page, 20)
      const { xr } = await pageStats(page)
      // Labels are one draw of 200 places, whether somebody stands there or not: it costs what 200 cost.
      expect(xr.labels).toBeGreaterThan(0)
      draws.push(xr.drawCallsPerEye)
      expect(xr.drawCallsPerEye).toBeLessThanOrEqual(12)
      expect(xr.trianglesPerEye, `${count} agents`).toBeLessThanOrEqual(triangles)
      await expectNoFaults(page)
      await page.context().close()
      await fake.close()
    }
    expect(new Set(draws).size).toBe(1)
  })

  test('goes on while the page is hidden, and React never commits within a frame, whatever comes in (X20)', async () => {
    const { page, fake } = await open(largeWorld(60))
    await enter(page)
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true })
      document.dispatchEvent(new Event('visibilitychange'))
      // As the browsers of headsets do: the page's own frames stop.
      const native = globalThis.requestAnimationFrame.bind(globalThis)
      globalThis.requestAnimationFrame = (callback) => (callback.name === 'onDeviceFrame' ? native(callback) : 0)
    })
    const { agents: before } = await pageStats(page)
    await page.evaluate(() => {
      globalThis.headset.commitsInFrame = 0
    })
    for (let round = 0; round < 20; round++) {
      fake.frame([agentOf(`late-${round}`, { status: round % 2 ? 'active' : 'error' })])
      await frames(page, 3)
    }
    expect((await pageStats(page)).agents).toBe(before + 20)
    // The list knows it too.
    await expect.poll(() => page.locator('body').innerText()).toContain(String(before + 20))
    expect(await page.evaluate(() => globalThis.headset.commitsInFrame)).toBe(0)
    const { xr } = await pageStats(page)
    fake.frame([linkOf('message', 'test/late-0', 'test/late-1')])
    await page.waitForFunction((draws) => globalThis.swarmscope.stats().xr.drawCallsPerEye > draws, xr.drawCallsPerEye)
    await expectNoFaults(page)
  })

  test('50 times in and out, and 10 times from VR to AR and back, leave nothing behind (X6)', {
    timeout: 600_000,
  }, async () => {
    const { page } = await open(smallWorld(), { reducedMotion: 'reduce', initScript: countOnly })
    const once = async (mode: 'vr' | 'ar') => {
      await enter(page, mode)
      await frames(page, 2)
      await leave(page)
    }
    for (const mode of ['vr', 'ar', 'vr', 'ar'] as const) await once(mode)
    const before = await holdings(page)
    const heapBefore = await heapBytes(page)
    for (let round = 0; round < 50; round++) await once('vr')
    for (let round = 0; round < 10; round++) {
      await once('ar')
      await once('vr')
    }
    expect(await holdings(page)).toEqual(before)
    expect((await heapBytes(page)) - heapBefore).toBeLessThanOrEqual(MAX_HEAP_PER_CYCLE_BYTES * 70)
    await expectNoFaults(page)
    // On the screen the scene is as it was.
    const { frames: drawn } = await pageStats(page)
    await page.locator('[data-testid=camera-zoom-in]').click()
    await page.waitForFunction((count) => globalThis.swarmscope.stats().frames > count, drawn)
  })
})
