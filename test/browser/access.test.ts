// Nobody is left out: axe finds nothing in any state of the page, in both themes; all of it is reached by keyboard, fits
// 360 px and 200 % zoom, and is large enough for a finger.

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { axeFindings } from '../helpers/axe.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { type OpenOptions, openPage } from '../helpers/page.ts'
import {
  editStore,
  ROOT,
  type Running,
  startRelayProcess,
  startServerProcess,
  temporaryFolder,
  writeRecordedProject,
} from '../helpers/swarmscope.ts'

const FAKE_CLAUDE_FLOW = `node ${ROOT}test/helpers/fakeMcpChild.mjs`
const RELAY_TOKEN = { SWARMSCOPE_RELAY_TOKEN: 'relay-token-for-tests' }
const THEMES = ['dark', 'light'] as const

let browser: Browser
let live: { url: string; relay: Running }
let empty: Running
const cleanUps: (() => unknown)[] = []
const afterTest: (() => unknown)[] = []

beforeAll(async () => {
  browser = await launchBrowser()
  live = await project('live', true)
  empty = await startServerProcess(await emptyProject())
  cleanUps.push(() => empty.stop())
})
afterAll(async () => {
  await browser?.close()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})
afterEach(async () => {
  for (const cleanUp of afterTest.splice(0).reverse()) await cleanUp()
})

function folder(name: string): string {
  const { path, remove } = temporaryFolder(name)
  cleanUps.push(remove)
  return path
}

async function relayOf(path: string, dataDir: string): Promise<Running> {
  const relay = await startRelayProcess({
    args: ['--project', path, '--port', '0', '--data-dir', dataDir, '--claude-flow', FAKE_CLAUDE_FLOW],
    env: RELAY_TOKEN,
  })
  cleanUps.push(() => relay.stop())
  return relay
}

const serverFor = (relay: Running, dataDir: string) => ({
  args: ['--port', '0', '--data-dir', dataDir],
  env: { ...RELAY_TOKEN, CLAUDE_FLOW_HOST: '127.0.0.1', CLAUDE_FLOW_PORT: new URL(relay.url).port },
})

async function project(name: string, hasAgents: boolean): Promise<{ url: string; relay: Running }> {
  const path = folder(name)
  if (hasAgents) {
    writeRecordedProject(path)
    editStore(path, 'agents/store.json', ({ agents = {} }) => {
      Object.assign(agents.analyst ?? {}, { status: 'error' })
      Object.assign(agents['builder-1'] ?? {}, { status: 'active', currentTask: 'Add a login page' })
    })
  }
  const dataDir = folder('data')
  const relay = await relayOf(path, dataDir)
  const server = await startServerProcess(serverFor(relay, dataDir))
  cleanUps.push(() => server.stop())
  return { url: server.url, relay }
}

async function emptyProject() {
  const dataDir = folder('data')
  return serverFor(await relayOf(folder('empty'), dataDir), dataDir)
}

async function open(url: string, options: OpenOptions = {}): Promise<Page> {
  const page = await openPage(browser, url, { width: 1200, height: 760, reducedMotion: 'reduce', ...options })
  afterTest.push(() => page.context().close())
  return page
}

const withAgents = (page: Page, count: number) =>
  page.waitForFunction((wanted) => globalThis.swarmscope?.stats().agents === wanted, count)
const row = (page: Page, name: string) => page.locator('[data-testid=agent-row]').filter({ hasText: name })

/** What axe finds, each with the state it was found in. */
async function look(page: Page, state: string, found: string[]): Promise<void> {
  // What is fading in has not its colours yet.
  await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== 'running'))
  for (const finding of await axeFindings(page)) found.push(`${state}: ${finding}`)
}

/** Nothing is wider than the window. */
const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

describe.each(THEMES)('axe finds nothing in the %s theme', (colorScheme) => {
  test('in list, query, tree, detail and table', async () => {
    const page = await open(live.url, { colorScheme })
    await withAgents(page, 8)
    await row(page, 'analyst').waitFor()
    const found: string[] = []
    await look(page, 'list', found)
    await page.keyboard.press('/')
    await page.keyboard.type('statsu:x status:')
    await page.getByTestId('offers').waitFor()
    await look(page, 'query', found)
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await row(page, 'builder-1').click()
    await page.keyboard.press('t')
    await page.locator('[role=treegrid]').waitFor()
    await page.getByTestId('activity').locator('li').first().waitFor()
    await look(page, 'tree and detail', found)
    await page.keyboard.press('w')
    await page.getByTestId('sort-cost').click()
    await look(page, 'table', found)
    expect(found).toEqual([])

    // And it would find something, if there were anything.
    await page.evaluate(() => document.body.append(document.createElement('button')))
    expect(await axeFindings(page)).toEqual([expect.stringContaining('button-name')])
  })

  test('in dialogs and menus', async () => {
    const page = await open(live.url, { colorScheme })
    await withAgents(page, 8)
    const found: string[] = []
    await page.keyboard.press('Control+k')
    await page.getByTestId('palette-agent').first().waitFor()
    await look(page, 'palette', found)
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await page.getByTestId('shortcut-sheet').waitFor()
    await look(page, 'shortcuts', found)
    await page.keyboard.press('Escape')
    await page.getByTestId('menu').click()
    await page.getByTestId('menu-settings').waitFor()
    await look(page, 'menu', found)
    await page.getByTestId('menu-settings').click()
    await page.getByTestId('settings').waitFor()
    await look(page, 'settings', found)
    await page.keyboard.press('Escape')
    await row(page, 'analyst').click()
    for (const name of ['assign', 'terminate'] as const) {
      await page.getByTestId(name).click()
      await page.getByTestId(`${name}-dialog`).waitFor()
      await look(page, name, found)
      await page.keyboard.press('Escape')
      await page.getByTestId(`${name}-dialog`).waitFor({ state: 'detached' })
    }
    expect(found).toEqual([])
  })

  test('where nobody is there, nobody is let in, and nothing is real', async () => {
    const found: string[] = []
    const nobody = await open(empty.url, { colorScheme })
    await nobody.getByTestId('empty').waitFor()
    await look(nobody, 'empty', found)
    const outside = await open(new URL(empty.url).origin, { colorScheme })
    await outside.getByTestId('sign-in').waitFor()
    await look(outside, 'sign-in', found)
    const mock = await startServerProcess({ args: ['--port', '0', '--data-dir', folder('data'), '--demo', '5'] })
    afterTest.push(() => mock.stop())
    const small = await open(mock.url, { colorScheme, width: 360, height: 740 })
    await withAgents(small, 5)
    await small.getByTestId('banner').waitFor()
    await look(small, 'mock at 360 px', found)
    await mock.kill()
    await small.getByTestId('banner').filter({ hasText: 'server' }).waitFor()
    await look(small, 'lost at 360 px', found)
    expect(found).toEqual([])
  })
})

describe('the page', () => {
  test('fits 360 px and 200 % zoom, and a finger', async () => {
    const page = await open(live.url, { width: 360, height: 740 })
    await withAgents(page, 8)
    expect(await overflow(page)).toBe(0)
    await row(page, 'builder-1').click()
    await page.getByTestId('detail').waitFor()
    expect(await overflow(page)).toBe(0)
    await page.getByTestId('detail-close').click()
    await page.keyboard.press('Control+k')
    await page.getByTestId('palette').waitFor()
    expect(await overflow(page)).toBe(0)

    // 1280 × 800 at 200 %.
    await page.keyboard.press('Escape')
    await page.setViewportSize({ width: 640, height: 400 })
    expect(await overflow(page)).toBe(0)
    await page.getByTestId('panel-toggle').click()
    await row(page, 'builder-1').waitFor()
    // It lies over what opened it, and is shut in itself.
    await page.getByTestId('panel-close').click()
    await row(page, 'builder-1').waitFor({ state: 'hidden' })
    expect(await page.getByTestId('panel-toggle').evaluate((button) => button === document.activeElement)).toBe(true)
    await page.getByTestId('panel-toggle').click()
    await row(page, 'builder-1').waitFor()

    // 1280 × 1024 at 400 %: all of it can be scrolled to, and nothing lies over another.
    await page.setViewportSize({ width: 320, height: 256 })
    await page.getByTestId('shown-count').waitFor()
    expect(await overflow(page)).toBe(0)
    await page.getByTestId('timeline-track').scrollIntoViewIfNeeded()
    const boxes = await page.evaluate(() =>
      ['.head', '.panel', '.time'].map((part) => {
        const box = document.querySelector(part)?.getBoundingClientRect()
        return { top: Math.round(box?.top ?? 0), bottom: Math.round(box?.bottom ?? 0) }
      }),
    )
    const [head, panel, time] = boxes
    expect(panel?.top).toBeGreaterThanOrEqual(head?.bottom ?? Number.NaN)
    expect(time?.top).toBeGreaterThanOrEqual(panel?.bottom ?? Number.NaN)
    expect(time?.bottom).toBeLessThanOrEqual(256)
    await row(page, 'builder-1').click()
    await page.getByTestId('terminate').scrollIntoViewIfNeeded()
    expect(await page.getByTestId('agent-list').evaluate((list) => list.clientHeight)).toBeGreaterThan(80)

    const touch = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
    afterTest.push(() => touch.close())
    const phone = await touch.newPage()
    await phone.goto(live.url)
    await withAgents(phone, 8)
    await row(phone, 'builder-1').tap()
    await phone.getByTestId('detail').waitFor()
    const tooSmall = await phone.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('button, [role=row][data-agent], input')]
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height > 0)
        .map((element) => [
          element.getAttribute('aria-label') ?? element.innerText,
          Math.round(element.getBoundingClientRect().height),
        ])
        .filter(([, height]) => Number(height) < 44),
    )
    expect(tooSmall).toEqual([])
  })

  test('is all reached by keyboard, and shows where the focus is', async () => {
    const page = await open(live.url)
    await withAgents(page, 8)
    await row(page, 'analyst').click()
    await page.getByTestId('commands').waitFor()
    const reached = new Set<string>()
    let invisible = 0
    await page.locator('body').press('Home')
    for (let step = 0; step < 60; step++) {
      await page.keyboard.press('Tab')
      const at = await page.evaluate(() => {
        const element = document.activeElement
        if (!(element instanceof HTMLElement) || element === document.body) return null
        const { outlineStyle, outlineWidth } = getComputedStyle(element)
        // The query's border is lit around its field.
        const isShown = (outlineStyle !== 'none' && outlineWidth !== '0px') || element.matches('.search input')
        return { id: element.closest<HTMLElement>('[data-testid]')?.dataset.testid ?? element.className, isShown }
      })
      if (!at) continue
      reached.add(at.id)
      if (!at.isShown) invisible++
    }
    for (const id of [
      'scene',
      'menu',
      'search',
      'export',
      'tree-toggle',
      'table-toggle',
      'agent-row',
      'detail-close',
      'terminate',
      'assign',
      'camera-fit',
    ]) {
      expect([...reached]).toContain(id)
    }
    expect(invisible).toBe(0)
  })
})
