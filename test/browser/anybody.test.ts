// Whoever looks, and with whatever: without WebGL, where the system paints, by a link of somebody else's, on a slow machine.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Entity } from '../../protocol/swarm.ts'
import { axeFindings } from '../helpers/axe.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { type OpenOptions, openPage, untilStill } from '../helpers/page.ts'
import { SHOTS } from '../helpers/shots.ts'
import { ROOT } from '../helpers/swarmscope.ts'
import { startFakeServer } from '../helpers/webFakeServer.ts'
import { smallWorld, swarmsWorld } from '../helpers/webWorld.ts'

let browser: Browser
const cleanUps: (() => unknown)[] = []
beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true })
  browser = await launchBrowser()
})
afterAll(() => browser?.close())
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function open(entities: Entity[], options: OpenOptions = {}): Promise<{ page: Page; url: string }> {
  const server = await startFakeServer({ webDir: join(ROOT, 'dist/web'), entities })
  cleanUps.push(() => server.close())
  const page = await openPage(browser, server.url, { reducedMotion: 'reduce', ...options })
  cleanUps.push(() => page.context().close())
  const agents = entities.filter(({ entity }) => entity === 'agent').length
  await page.waitForFunction((count) => globalThis.swarmscope?.stats().agents === count, agents)
  return { page, url: server.url }
}

const row = (page: Page, name: string) => page.locator('[data-testid=agent-row]').filter({ hasText: name })

function takeWebGLAway(): void {
  for (const { prototype } of [HTMLCanvasElement, OffscreenCanvas]) {
    const original: unknown = prototype.getContext
    if (typeof original !== 'function') throw new Error('no getContext')
    Object.defineProperty(prototype, 'getContext', {
      value(this: unknown, type: string, ...rest: unknown[]): unknown {
        return type.startsWith('webgl') ? null : Reflect.apply(original, this, [type, ...rest])
      },
    })
  }
}

/** Frames come so late that whatever moves has arrived before, and the layout's worker answers only after one. */
function beSlow(): void {
  const original = globalThis.requestAnimationFrame
  const onMessage = Object.getOwnPropertyDescriptor(Worker.prototype, 'onmessage')
  Object.defineProperty(Worker.prototype, 'onmessage', {
    set(this: Worker, listen: ((event: MessageEvent) => void) | null) {
      onMessage?.set?.call(this, listen && ((event: MessageEvent) => setTimeout(() => listen(event), 400)))
    },
  })
  globalThis.requestAnimationFrame = (work) => {
    return Number(setTimeout(() => original.call(globalThis, work), 250))
  }
  globalThis.cancelAnimationFrame = (id) => clearTimeout(id)
}

/** How the system would paint what this selector finds. */
const paint = (page: Page, selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => {
      const { outlineStyle, outlineWidth, borderTopWidth, borderTopStyle, forcedColorAdjust } =
        getComputedStyle(element)
      return {
        isOutlined: outlineStyle !== 'none' && outlineWidth !== '0px',
        isBordered: borderTopStyle !== 'none' && borderTopWidth !== '0px',
        keepsColor: forcedColorAdjust === 'none',
      }
    })

describe('whoever looks', () => {
  test('without WebGL has all of it in the table, which says why there is no picture', async () => {
    const { page } = await open(smallWorld(), { initScript: takeWebGLAway })
    await page.getByTestId('no-webgl').waitFor()
    expect(await page.getByTestId('camera-fit').count()).toBe(0)
    await page.getByTestId('sort-name').waitFor()
    const panel = await page.locator('#panel').boundingBox()
    expect(panel?.width).toBe(1_440)
    await row(page, 'builder-1').click()
    await page.getByTestId('detail').filter({ hasText: 'Bash npm test' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('status:failed ')
    await page.getByTestId('shown-count').filter({ hasText: '1 of 14' }).waitFor()
    expect(await axeFindings(page)).toEqual([])
    await page.screenshot({ path: join(SHOTS, 'no-webgl.png') })
  })

  test.each(['dark', 'light'] as const)(
    'where the system paints (%s) sees what is chosen by its outline, buttons by their border, states by their marks',
    async (colorScheme) => {
      const { page } = await open(smallWorld(), { colorScheme, forcedColors: 'active' })
      expect(await page.evaluate(() => matchMedia('(forced-colors: active)').matches)).toBe(true)
      await row(page, 'analyst').click()
      await page.getByTestId('detail').waitFor()
      expect(await paint(page, '[data-agent][aria-selected=true]')).toMatchObject({ isOutlined: true })
      expect(await paint(page, '[data-agent][aria-selected=false]')).toMatchObject({ isOutlined: false })
      expect(await paint(page, '[data-testid=layout-force]')).toMatchObject({ isOutlined: true, isBordered: true })
      expect(await paint(page, '[data-testid=layout-rings]')).toMatchObject({ isOutlined: false, isBordered: true })
      // Marks differ by shape; that they keep their colours as well needs a ground that they were made for.
      expect(await paint(page, '[data-agent] .mark')).toMatchObject({ keepsColor: true })
      for (const [key, part] of [
        ['t', '[role=treegrid]'],
        ['?', '[data-testid=shortcut-sheet]'],
      ] as const) {
        await page.keyboard.press(key)
        await page.locator(part).waitFor()
      }
      expect(await paint(page, '[role=dialog]')).toMatchObject({ isBordered: true })
      await page.keyboard.press('Escape')
      await page.locator('[role=dialog]').waitFor({ state: 'detached' })
      await page.keyboard.press('Tab')
      expect(await paint(page, ':focus')).toMatchObject({ isOutlined: true })
      await untilStill(page)
      await page.screenshot({ path: join(SHOTS, `forced-colors-${colorScheme}.png`) })
    },
  )

  test('by a link sees what was shared: layout, camera, filter and choice', async () => {
    const { page, url } = await open(smallWorld())
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByTestId('layout-hierarchy').click()
    await row(page, 'scout/1').click()
    await page.getByTestId('detail-focus').click()
    await untilStill(page)
    const link = await copiedLink(page)
    const { searchParams } = new URL(link)
    expect([searchParams.get('layout'), searchParams.get('agent')]).toEqual(['hierarchy', 'test/scout/1'])
    expect(searchParams.get('cam')).toMatch(/^(-?[\d.]+_){5}-?[\d.]+$/)
    expect(link).not.toContain('token')

    const other = await openPage(browser, `${link}#${new URL(url).hash.slice(1)}`, { reducedMotion: 'reduce' })
    cleanUps.push(() => other.context().close())
    await other.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await other.getByTestId('detail').filter({ hasText: 'scout/1' }).waitFor()
    expect(await other.getByTestId('layout-hierarchy').getAttribute('aria-pressed')).toBe('true')
    await untilStill(other)
    expect(await copiedLink(other)).toBe(link)
  })

  test('on a slow machine sees all of it too: every layout is fitted into the window by itself', async () => {
    const { page } = await open(swarmsWorld([40, 24, 14, 9]), { initScript: beSlow })
    for (const mode of ['rings', 'hierarchy', 'force']) {
      await page.getByTestId(`layout-${mode}`).click()
      await untilStill(page)
      const byItself = await freePart(page)
      await page.getByTestId('camera-fit').click()
      // Names are chosen anew by that, too, and are the same.
      await untilStill(page)
      expect(byItself.equals(await freePart(page)), mode).toBe(true)
    }
  })
})

/** What nothing lies on: buttons show that they were pressed. */
async function freePart(page: Page): Promise<Buffer> {
  const clip = await page.locator('main').boundingBox()
  if (!clip) throw new Error('no free part')
  return page.screenshot({ clip })
}

async function copiedLink(page: Page): Promise<string> {
  await page.keyboard.press('l')
  await page.getByTestId('notice').filter({ hasText: 'Link copied' }).waitFor()
  return page.evaluate(() => navigator.clipboard.readText())
}
