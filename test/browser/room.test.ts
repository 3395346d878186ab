// Room: whatever the window's size, nothing is cut, nothing lies over another, and what is read is read on a ground of its own.

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Agent } from '../../protocol/swarm.ts'
import { axeFindings } from '../helpers/axe.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { type OpenOptions, openPage } from '../helpers/page.ts'
import { ROOT } from '../helpers/swarmscope.ts'
import { type FakeOptions, liveSource, startFakeServer } from '../helpers/webFakeServer.ts'
import { agentOf, largeWorld, smallWorld } from '../helpers/webWorld.ts'

const WORLD = smallWorld()
const PHONES = [
  { width: 390, height: 844 },
  { width: 360, height: 740 },
] as const
const TOUCH = { hasTouch: true, reducedMotion: 'reduce' } as const

let browser: Browser
const cleanUps: (() => unknown)[] = []
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function open(options: OpenOptions, fake: Partial<FakeOptions> = {}) {
  const entities = fake.entities ?? WORLD
  const server = await startFakeServer({ webDir: `${ROOT}dist/web`, entities, ...fake })
  cleanUps.push(() => server.close())
  const page = await openPage(browser, server.url, { reducedMotion: 'reduce', ...options })
  cleanUps.push(() => page.context().close())
  const count = entities.filter(({ entity }) => entity === 'agent').length
  await page.waitForFunction((wanted) => globalThis.swarmscope?.stats().agents === wanted, count)
  await page.getByTestId('legend').waitFor({ state: 'attached' })
  await page.locator('[data-testid=said-at-once]').waitFor({ state: 'attached' })
  return { page, server }
}

/** What of these stands out of the window, or over another of them. */
const clashes = (page: Page, selectors: readonly string[]) =>
  page.evaluate((all) => {
    const boxes = all.flatMap((selector) =>
      [...document.querySelectorAll(selector)]
        .filter((element) => element.checkVisibility({ visibilityProperty: true }))
        .map((element) => ({ selector, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && box.height > 0),
    )
    const missing = all.filter((selector) => boxes.every((each) => each.selector !== selector))
    const outside = boxes.filter(
      ({ box }) => box.left < 0 || box.top < 0 || box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5,
    )
    const over = boxes.flatMap((a, n) =>
      boxes
        .slice(n + 1)
        .filter(
          ({ box: b }) =>
            Math.min(a.box.right, b.right) - Math.max(a.box.left, b.left) > 1 &&
            Math.min(a.box.bottom, b.bottom) - Math.max(a.box.top, b.top) > 1,
        )
        .map((b) => `${a.selector} over ${b.selector}`),
    )
    return [
      ...missing.map((selector) => `no ${selector}`),
      ...outside.map(({ selector }) => `${selector} outside`),
      ...over,
    ]
  }, selectors)

const heightOf = async (page: Page, selector: string) => (await page.locator(selector).boundingBox())?.height ?? 0
const failing = (name: string): Agent => agentOf(name, { status: 'error', activity: 'Tool failed: timeout' })
const asking = (name: string): Agent =>
  agentOf(name, { attention: { reason: `Wants to push ${name}`, since: new Date().toISOString() } })

describe('a phone', () => {
  test.each(PHONES)('of $width × $height shows scene, banner and list beside one another at first', async (size) => {
    const lost = liveSource({
      state: 'waiting',
      attempt: 2,
      retryAt: new Date(Date.now() + 25_000).toISOString(),
      lastError: {
        error: 'Failed to connect to Claude Flow',
        code: 'CONNECTION_REFUSED',
        details: { suggestion: 'Start it with npm run relay, then press "Retry now".' },
      },
    })
    const { page, server } = await open({ ...size, ...TOUCH }, { status: { mode: 'stale', sources: [lost] } })
    const parts = ['.top-bar', '.banner', '.scene-controls', '.panel', '.timeline']
    await page.getByTestId('banner').waitFor()
    await page.getByTestId('timeline').waitFor()
    expect(await clashes(page, parts)).toEqual([])
    expect(await clashes(page, ['.scene-control-group .icon-button'])).toEqual([])
    // The scene has the most of it, the banner one row, and the list its first rows.
    expect(await heightOf(page, '.free')).toBeGreaterThan(size.height * 0.25)
    expect(await heightOf(page, '.banner')).toBeLessThan(80)
    expect(await heightOf(page, '[data-testid=retry]')).toBeLessThan(45)
    const rows = await page.evaluate(() => {
      const end = document.querySelector('.time')?.getBoundingClientRect().top ?? 0
      return [...document.querySelectorAll('.row-agent')].filter((row) => row.getBoundingClientRect().bottom <= end)
        .length
    })
    expect(rows).toBeGreaterThanOrEqual(2)
    expect(await axeFindings(page)).toEqual([])

    // What to do about it is there when it is asked for.
    expect(await page.locator('.banner-suggestion').isVisible()).toBe(false)
    await page.getByTestId('banner-more').tap()
    await page.locator('.banner-suggestion').waitFor()
    expect(await clashes(page, parts)).toEqual([])
    await page.getByTestId('banner-more').tap()

    // A toast is over the scene, and over nothing else.
    server.frame([asking('builder-2'), failing('tuner')])
    await page.getByTestId('toast').waitFor()
    expect(await clashes(page, [...parts, '.toasts > *'])).toEqual([])
  })

  test('has the list pulled up by a finger, by a press and by keys; a row that is tapped brings its detail', async () => {
    const { page } = await open({ ...PHONES[0], ...TOUCH })
    const handle = page.getByTestId('sheet-handle')
    const isUp = () => expect.poll(() => heightOf(page, '.panel')).toBeGreaterThan(500)
    const isDown = () => expect.poll(() => heightOf(page, '.panel')).toBeLessThan(260)
    await isDown()
    const pull = async (byPx: number) => {
      const box = await handle.boundingBox()
      const at = { x: (box?.x ?? 0) + (box?.width ?? 0) / 2, y: (box?.y ?? 0) + 10 }
      const client = await page.context().newCDPSession(page)
      const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', y: number) =>
        client.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x: at.x, y }] })
      await touch('touchStart', at.y)
      for (const share of [0.3, 0.6, 1]) await touch('touchMove', at.y + byPx * share)
      await touch('touchEnd', at.y + byPx)
    }
    await pull(-300)
    await isUp()
    await page.getByTestId('search').waitFor()
    expect(await clashes(page, ['.top-bar', '.panel', '.timeline'])).toEqual([])
    await pull(300)
    await isDown()
    await handle.tap()
    await isUp()
    await handle.press('Enter')
    await isDown()
    await page.keyboard.press('/')
    await isUp()
    await page.getByTestId('search').fill('reader ')
    await handle.tap()
    await isDown()
    // What hides rows is seen.
    await page.getByTestId('query-chip').waitFor()
    await page.locator('[data-agent="test/reader"]').tap()
    await page.getByTestId('detail').filter({ hasText: 'reader' }).waitFor()
    await isUp()
    // And lets go of the list to show where it is; the keyboard is on its row.
    await page.getByTestId('detail-focus').press('Enter')
    await isDown()
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-agent'))).toBe('test/reader')
  })
})

describe('several toasts', () => {
  const names = (page: Page) => page.getByTestId('toast').locator('.toast-title bdi').allInnerTexts()

  test('each say what it is about; of more than three the others are counted, and one press away', async () => {
    const { page, server } = await open({ width: 1440, height: 900 })
    // Each kind is a toast of its own; of one kind, what comes later than the first one's time to be joined.
    await page.evaluate(() => {
      const now = performance.now.bind(performance)
      let aheadMs = 0
      performance.now = () => now() + aheadMs
      Object.assign(globalThis, { goOn: () => (aheadMs += 11_000) })
    })
    for (const name of ['scout', 'queen', 'checker', 'builder-1', 'builder-2']) {
      server.frame([asking(name)])
      await page
        .getByTestId('toast')
        .filter({ hasText: `${name} needs you` })
        .waitFor()
      await page.evaluate(() => (globalThis as unknown as { goOn(): void }).goOn())
    }
    expect(await names(page)).toEqual(['checker needs you', 'builder-1 needs you', 'builder-2 needs you'])
    for (const text of await page.getByTestId('toast').allInnerTexts()) expect(text).toMatch(/Wants to push/)
    expect(await clashes(page, ['.top-bar', '.toasts > *', '.panel', '.legend', '.timeline'])).toEqual([])
    const more = page.getByTestId('toasts-more')
    expect(await more.innerText()).toMatch(/^\d more: \d need/)
    expect(await axeFindings(page, ['.toasts'])).toEqual([])
    await more.press('Enter')
    await page.getByTestId('toast').filter({ hasText: 'queen needs you' }).waitFor()
    await page.getByTestId('toasts-dismiss-all').press('Enter')
    await page.getByTestId('toast').first().waitFor({ state: 'detached' })
    await expect.poll(() => page.evaluate(() => document.activeElement !== document.body)).toBe(true)
  })
})

describe('what is read', () => {
  test('has a ground that no body shines through, and the legend no edge below it', async () => {
    const { page } = await open({ width: 1180, height: 700 })
    const alpha = (selector: string) =>
      page.locator(selector).evaluate((element) => {
        const parts = getComputedStyle(element).backgroundColor.match(/[\d.]+/g) ?? []
        return parts.length === 4 ? Number(parts[3]) : 1
      })
    await page.getByTestId('timeline').waitFor()
    for (const selector of ['.panel', '.scene-control-group >> nth=0', '.chip']) expect(await alpha(selector)).toBe(1)
    const reach = await page.evaluate(() => {
      const box = document.querySelector('.scrim[data-edge=bottom]')?.getBoundingClientRect()
      const legend = document.querySelector('.legend')?.getBoundingClientRect()
      return { bottom: innerHeight - (box?.bottom ?? 0), above: (legend?.top ?? 0) - (box?.top ?? 0) }
    })
    expect(reach.bottom).toBe(0)
    expect(reach.above).toBeGreaterThan(0)
  })

  test('of the legend takes two lines beside the buttons, and says of shapes and lines what is asked for', async () => {
    const { page } = await open({ width: 1180, height: 700 })
    expect(await heightOf(page, '.legend')).toBeLessThan(84)
    const shapes = page.getByRole('list', { name: 'Roles and links' })
    expect(await shapes.isVisible()).toBe(false)
    await page.getByTestId('legend-more').press('Enter')
    await shapes.filter({ hasText: 'probably spawned' }).waitFor()
    expect(await clashes(page, ['.legend-shapes', '.legend > ul:first-child', '.scene-controls', '.panel'])).toEqual([])
    expect(await axeFindings(page, ['.legend'])).toEqual([])
    await page.keyboard.press('Escape')
    await shapes.waitFor({ state: 'hidden' })
    // All of it, where there is room.
    await page.setViewportSize({ width: 1600, height: 900 })
    await shapes.waitFor()
    expect(await page.getByTestId('legend-more').isVisible()).toBe(false)
  })

  test.each([
    ['mouse', {}],
    ['finger', TOUCH],
  ] as const)('of the tree begins within its row (%s)', async (_, options) => {
    const { page } = await open({ width: 1180, height: 700, ...options })
    await page.keyboard.press('t')
    const twig = page.getByTestId('twig').first()
    await twig.waitFor()
    const cut = await twig.evaluate((element) => {
      const cell = element.closest('.cell')?.getBoundingClientRect()
      const box = element.getBoundingClientRect()
      return {
        left: box.left - (cell?.left ?? 0),
        row: box.left - (element.closest('.row')?.getBoundingClientRect().left ?? 0),
      }
    })
    expect(cut.left).toBeGreaterThanOrEqual(0)
    expect(cut.row).toBeGreaterThanOrEqual(0)
  })
})

describe('the chips of the sources', () => {
  const said = (page: Page) => page.getByTestId('source-chip').allInnerTexts()
  const words = async (page: Page) => (await said(page)).map((text) => text.replace(/\s+/g, ' '))

  test('say all while there is room for it, whatever there is beside them, and are drawn once a width', async () => {
    const { page } = await open({ width: 1440, height: 900 }, { entities: largeWorld(1_000) })
    await page.evaluate(() => document.fonts.ready)
    const room = () =>
      page.evaluate(() => {
        const list = document.querySelector('.chips')
        const chips = [...(list?.children ?? [])].map((chip) => chip.getBoundingClientRect().width)
        return { has: list?.clientWidth ?? 0, needs: chips.reduce((sum, width) => sum + width + 8, -8) }
      })
    // As narrow as the words just allow, and one pixel less.
    let wasWhole = false
    for (let width = 1_440; width > 900; width -= 12) {
      await page.setViewportSize({ width, height: 900 })
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
      const { has, needs } = await room()
      expect(needs).toBeLessThanOrEqual(has + 1)
      const [first] = await words(page)
      if (first === 'claude-flow live') wasWhole = true
      else expect(has).toBeLessThan(150)
    }
    expect(wasWhole).toBe(true)
  })

  test('come to rest: the same width shows the same, from whichever side it was come to', async () => {
    const code = liveSource({ id: 'code', kind: 'claude-code', state: 'receiving', url: null })
    const { page } = await open({ width: 1440, height: 900 }, { status: { sources: [liveSource(), code] } })
    await page.evaluate(() => document.fonts.ready)
    const at = async (width: number) => {
      await page.setViewportSize({ width, height: 800 })
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
      const changes = await page.evaluate(async () => {
        let count = 0
        const watch = new MutationObserver((records) => (count += records.length))
        const list = document.querySelector('.chips')
        if (list) watch.observe(list, { subtree: true, childList: true, characterData: true })
        await new Promise((resolve) => setTimeout(resolve, 200)) // what is asserted is that nothing happens
        return count
      })
      expect(changes).toBe(0)
      return words(page)
    }
    const widths = [1_440, 1_100, 960, 800, 620, 480, 360]
    const down = []
    for (const width of widths) down.push(await at(width))
    for (const [index, width] of [...widths.entries()].toReversed()) expect(await at(width)).toEqual(down[index])
  })
})
