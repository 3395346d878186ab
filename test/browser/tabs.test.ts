// What comes from outside of the page: letters that an input method is still composing, another tab of the same browser, and an
// address that somebody wrote.

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser } from '../helpers/browser.ts'
import { openPage } from '../helpers/page.ts'
import { ROOT } from '../helpers/swarmscope.ts'
import { startFakeServer } from '../helpers/webFakeServer.ts'
import { smallWorld } from '../helpers/webWorld.ts'

const WORLD = smallWorld()
const AGENTS = WORLD.filter(({ entity }) => entity === 'agent').length

let browser: Browser
const cleanUps: (() => unknown)[] = []
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function serve(options: { token?: string; port?: number; entities?: typeof WORLD } = {}) {
  const server = await startFakeServer({ webDir: `${ROOT}dist/web`, entities: WORLD, ...options })
  cleanUps.push(() => server.close())
  return server
}

async function open(url: string): Promise<Page> {
  const page = await openPage(browser, url, { reducedMotion: 'reduce', width: 1_200, height: 720 })
  cleanUps.push(() => page.context().close())
  return page
}

const withAgents = (page: Page, count = AGENTS) =>
  page.waitForFunction((wanted) => globalThis.swarmscope?.stats().agents === wanted, count)

describe('the filter', () => {
  test('leaves the keys of an input method to it while it composes, and takes them again afterwards', async () => {
    const page = await open((await serve()).url)
    await withAgents(page)
    const search = page.getByTestId('search')
    const chips = page.getByTestId('query-chip')
    await search.fill('type:coder ')
    await page.keyboard.type('rea')
    await search.fill('')
    await search.focus()
    expect(await chips.allInnerTexts()).toEqual(['type:coder'])
    const composing: string[] = []
    await page.exposeFunction('keyWhileComposing', (key: string) => composing.push(key))
    await page.evaluate(() =>
      document.addEventListener('keydown', ({ key, isComposing }) => {
        const { keyWhileComposing } = globalThis as unknown as { keyWhileComposing(key: string): void }
        if (isComposing) keyWhileComposing(key)
      }),
    )
    const client = await page.context().newCDPSession(page)
    const compose = (text: string) =>
      client.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
    await compose('status')
    await page.getByTestId('offers').waitFor()
    for (const key of ['ArrowDown', 'Enter', 'Escape'] as const) {
      const code = { ArrowDown: 40, Enter: 13, Escape: 27 }[key]
      await client.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key, code: key, windowsVirtualKeyCode: code })
    }
    await expect.poll(() => composing).toEqual(expect.arrayContaining(['ArrowDown', 'Enter', 'Escape']))
    // Nothing was taken, shut or cleared.
    expect(await chips.allInnerTexts()).toEqual(['type:coder'])
    expect(await search.inputValue()).toBe('status')
    expect(await page.getByTestId('offers').count()).toBe(1)

    await client.send('Input.insertText', { text: 'reader' })
    expect(await search.inputValue()).toBe('reader')
    await search.press('Enter')
    await chips.filter({ hasText: 'reader' }).waitFor()
  })

  test('is cleared by Escape, and let go of by Escape where it is empty: the letters are keys again', async () => {
    const page = await open((await serve()).url)
    await withAgents(page)
    await page.keyboard.press('/')
    await page.keyboard.type('type:coder ')
    await page.keyboard.press('Escape')
    expect(await page.getByTestId('query-chip').count()).toBe(0)
    expect(await page.getByTestId('search').evaluate((input) => input === document.activeElement)).toBe(true)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('agent-row')
    await page.keyboard.press('t')
    await page.locator('[role=treegrid]').waitFor()
    await page.keyboard.press('?')
    await page.getByTestId('shortcut-sheet').filter({ hasText: 'In the filter' }).waitFor()
    await page.keyboard.press('Escape')
    // To who is chosen, if anybody is.
    await page.locator('[data-agent="test/checker"]').click()
    await page.keyboard.press('/')
    await page.keyboard.press('Escape')
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-agent')))
      .toBe('test/checker')
    expect(await page.getByTestId('detail').count()).toBe(1)
  })

  test('is let go of where nobody is there to go to', async () => {
    const page = await open((await serve({ entities: [] })).url)
    await page.getByTestId('empty').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.press('Escape')
    expect(await page.getByTestId('search').evaluate((input) => input === document.activeElement)).toBe(false)
    await page.keyboard.press('?')
    await page.getByTestId('shortcut-sheet').waitFor()
  })
})

describe('another tab of this browser', () => {
  test('brings the new token of a server that came back with one, and what is set in it holds here', async () => {
    const first = await serve({ token: 'first-token' })
    const page = await open(first.url)
    await withAgents(page)
    await first.close()
    const second = await serve({ token: 'second-token', port: Number(new URL(first.origin).port) })
    await page.getByTestId('sign-in').waitFor()

    const other = await page.context().newPage()
    await other.goto(second.url)
    await withAgents(other)
    await withAgents(page)
    await page.getByTestId('sign-in').waitFor({ state: 'detached' })
    // Kept for the next one, too.
    await page.reload()
    await withAgents(page)

    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark')
    await other.keyboard.press('Control+k')
    await other.getByTestId('palette').waitFor()
    await other.keyboard.type('light theme')
    await other.keyboard.press('Enter')
    await page.waitForFunction(() => document.documentElement.dataset.theme === 'light')
  })
})

describe('a token that somebody wrote into the query', () => {
  test('leaves the address at opening, with the rest of it untouched; and lets nobody in', async () => {
    const { origin } = await serve({ token: 'good-token' })
    const page = await open(`${origin}/?q=type:coder&token=good-token&from=mail#token=good-token`)
    const address = () => page.evaluate(() => location.href)
    expect(await address()).not.toContain('token')
    await withAgents(page)
    await page.getByTestId('query-chip').filter({ hasText: 'type:coder' }).waitFor()
    const params = new URL(await address()).searchParams
    expect([params.get('q'), params.get('from'), params.get('token')]).toEqual(['type:coder', 'mail', null])
    expect(await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name))).toEqual(
      expect.not.arrayContaining([expect.stringContaining('good-token')]),
    )

    const stranger = await open(`${origin}/?token=good-token`)
    await stranger.getByTestId('sign-in').waitFor()
    expect(await stranger.evaluate(() => location.search + location.hash)).toBe('')
  })
})
