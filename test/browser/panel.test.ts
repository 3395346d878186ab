// Everything around the scene, with real keys and clicks, through the real server: query, table, tree, detail, commands,
// palette, settings, links and files, and what is said when the server changes.

import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
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
const TOKENS = {
  SWARMSCOPE_RELAY_TOKEN: 'relay-token-for-tests',
  SWARMSCOPE_TOKEN: 'operator-token-for-tests',
  SWARMSCOPE_VIEWER_TOKEN: 'viewer-token-for-tests',
}

let browser: Browser
const cleanUps: (() => unknown)[] = []
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())

let project: string
let dataDir: string
beforeEach(() => {
  for (const name of ['checkout-api', 'data'] as const) {
    const { path, remove } = temporaryFolder(name)
    if (name === 'data') dataDir = path
    else project = path
    cleanUps.push(remove)
  }
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function server(args: readonly string[] = [], env: NodeJS.ProcessEnv = TOKENS): Promise<Running> {
  const running = await startServerProcess({ args: ['--port', '0', '--data-dir', dataDir, ...args], env })
  cleanUps.push(() => running.stop())
  return running
}

/** claude-flow's project, a relay and a server that shows it. */
async function liveServer(): Promise<Running> {
  writeRecordedProject(project)
  editStore(project, 'agents/store.json', ({ agents = {} }) => {
    Object.assign(agents.analyst ?? {}, { status: 'error' })
    Object.assign(agents['builder-1'] ?? {}, { status: 'active', currentTask: 'Add a login page' })
  })
  const relay = await startRelayProcess({
    args: ['--project', project, '--port', '0', '--data-dir', dataDir, '--claude-flow', FAKE_CLAUDE_FLOW],
    env: TOKENS,
  })
  cleanUps.push(() => relay.stop())
  return server([], { ...TOKENS, CLAUDE_FLOW_HOST: '127.0.0.1', CLAUDE_FLOW_PORT: new URL(relay.url).port })
}

async function open(url: string, options: OpenOptions = {}): Promise<Page> {
  const page = await openPage(browser, url, { width: 1200, height: 720, reducedMotion: 'reduce', ...options })
  cleanUps.push(() => page.context().close())
  return page
}

const rows = (page: Page) => page.locator('[data-testid=agent-row]')
const names = (page: Page) => rows(page).locator('.row-name bdi').allInnerTexts()
const grid = (page: Page) => page.locator('[data-testid=agent-list] > [role]')
const withAgents = (page: Page, count: number) =>
  page.waitForFunction((wanted) => globalThis.swarmscope?.stats().agents === wanted, count)

describe('around the scene', () => {
  test('finds by the query, marks what it does not understand, and keeps all in the address', async () => {
    const { url } = await liveServer()
    const page = await open(url)
    await withAgents(page, 8)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])

    await page.keyboard.press('/')
    await page.keyboard.type('origin:claude-f')
    await page.locator('[role=option]').filter({ hasText: 'origin:claude-flow' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.keyboard.type('-status:failed statsu:x ')
    await page.getByTestId('query-problem').filter({ hasText: 'did you mean status?' }).waitFor()
    expect(await page.getByTestId('query-chip').allInnerTexts()).toEqual([
      'origin:claude-flow',
      '-status:failed',
      'statsu:x',
    ])
    expect(await page.getByTestId('shown-count').innerText()).toBe('7 of 8')
    expect(await names(page)).not.toContain('analyst')
    await page.keyboard.press('Backspace') // the last chip again, to be mended
    expect(await page.getByTestId('search').inputValue()).toBe('statsu:x')
    await page.getByTestId('search').fill('')
    await page.keyboard.press('Tab')

    // The tree has the same rows and keys.
    await rows(page).first().click()
    await page.keyboard.press('t')
    await page.locator('[role=treegrid]').waitFor()
    await page.keyboard.press('Home')
    expect(await rows(page).first().getAttribute('aria-level')).toBe('1')
    await page.keyboard.press('End')
    const last = (await names(page)).at(-1)
    await page
      .getByTestId('detail')
      .filter({ hasText: last ?? '' })
      .waitFor()
    await page.keyboard.press('t')
    expect(await grid(page).getAttribute('role')).toBe('grid')

    // All columns, by name backwards.
    await page.keyboard.press('w')
    await page.getByTestId('sort-name').click()
    await page.getByTestId('sort-name').click()
    await page.locator('[role=columnheader][aria-sort=descending]').filter({ hasText: 'Name' }).waitFor()
    expect(await names(page)).toEqual([...(await names(page))].sort().reverse())
    // claude-flow reports no tokens: that is a dash which says so, and no nought.
    expect(await rows(page).first().locator('[data-column=tokens]').innerText()).toContain('not reported')

    await page.waitForFunction(() => location.search.includes('sort=-name'))
    const before = await names(page)
    await page.reload()
    await page.locator('[role=columnheader][aria-sort=descending]').waitFor()
    await withAgents(page, 8)
    await page.waitForFunction(
      (count) => document.querySelectorAll('[data-testid=agent-row]').length === count,
      before.length,
    )
    expect(await names(page)).toEqual(before)
    expect(await page.getByTestId('query-chip').allInnerTexts()).toEqual(['origin:claude-flow', '-status:failed'])

    // What leaves the page says what it is, and never the token.
    const download = page.waitForEvent('download')
    await page.getByTestId('export').click()
    const text = readFileSync(await (await download).path(), 'utf8')
    expect(JSON.parse(text)).toMatchObject({
      mode: 'live',
      query: 'origin:claude-flow -status:failed',
      sort: '-name',
      count: 7,
    })
    expect(text).not.toContain(TOKENS.SWARMSCOPE_TOKEN)
    await page.getByTestId('menu').click()
    await page.getByRole('menuitem', { name: 'Copy a link' }).click()
    await page.getByTestId('notice').filter({ hasText: 'Link copied' }).waitFor()
    const link = await page.evaluate(() => navigator.clipboard.readText())
    expect(link).toContain('view=table')
    expect(link).not.toContain(TOKENS.SWARMSCOPE_TOKEN)
    const picture = page.waitForEvent('download')
    await page.keyboard.press('p')
    const png = readFileSync(await (await picture).path())
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    expect(png.length).toBeGreaterThan(5_000) // an empty picture of this size has some hundred bytes
  })

  test('does by palette, keys and settings what the mouse does, and remembers it', async () => {
    const { url } = await liveServer()
    const page = await open(url)
    await withAgents(page, 8)
    await page.keyboard.press('Control+k')
    await page.getByTestId('palette').waitFor()
    await page.keyboard.type('scout')
    await page.locator('[data-testid=palette-agent]').filter({ hasText: 'scout' }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByTestId('palette').waitFor({ state: 'detached' })
    await page.getByTestId('detail').filter({ hasText: 'scout' }).waitFor()

    await page.keyboard.press('Control+k')
    await page.keyboard.type('light theme')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.documentElement.dataset.theme === 'light')
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(243, 245, 249)')

    await page.keyboard.press('?')
    await page.getByTestId('shortcut-sheet').waitFor()
    await page.keyboard.press('Escape')
    await page.getByTestId('shortcut-sheet').waitFor({ state: 'detached' })
    await page.getByTestId('detail').waitFor() // the sheet took the key, not the selection

    await page.getByTestId('menu').click()
    await page.getByTestId('menu-settings').click()
    await page.getByTestId('setting-letters').click()
    await page.keyboard.press('Escape')
    await page.getByTestId('settings').waitFor({ state: 'detached' })
    await page.keyboard.press('t')
    await page.keyboard.press('Control+k')
    await page.getByTestId('palette').waitFor()
    expect(await page.getByTestId('tree-toggle').getAttribute('aria-pressed')).toBe('false')

    await page.reload()
    await withAgents(page, 8)
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('light')
  })

  test('asks before it has an agent ended, tells what came of it, and offers viewers nothing of the kind', async () => {
    const { url } = await liveServer()
    const page = await open(url)
    await withAgents(page, 8)
    await rows(page).filter({ hasText: 'builder-1' }).click()
    const activity = page.getByTestId('activity')
    await activity.filter({ hasText: 'first seen' }).waitFor()

    // A change of its file comes into the open feed by itself.
    editStore(project, 'agents/store.json', ({ agents = {} }) => {
      Object.assign(agents['builder-1'] ?? {}, { status: 'error' })
    })
    await activity.filter({ hasText: 'active → error' }).waitFor()

    await page.getByTestId('terminate').click()
    const dialog = page.getByTestId('terminate-dialog')
    await dialog.waitFor()
    await dialog.getByRole('button', { name: 'Keep it' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByTestId('terminate').click()
    await page.getByTestId('terminate-confirm').click()
    await page.getByTestId('outcome').locator('[data-tone]').waitFor()
    expect(await page.getByTestId('outcome').innerText()).toContain('claude-flow has ended it')
    await withAgents(page, 7)

    // The fake has no such tool: what it says is told, and the page goes on.
    await dialog.getByRole('button', { name: 'Close' }).first().click()
    await rows(page).filter({ hasText: 'checker' }).click()
    await page.getByTestId('assign').click()
    await page.getByTestId('assign-dialog').getByRole('textbox').fill('Write the tests')
    await page.getByTestId('assign-confirm').click()
    await page.getByTestId('outcome').locator('[data-tone=failed]').waitFor()

    const viewer = await open(`${new URL(url).origin}/#token=${TOKENS.SWARMSCOPE_VIEWER_TOKEN}`)
    await withAgents(viewer, 7)
    await rows(viewer).first().click()
    await viewer.getByTestId('activity').waitFor()
    expect(await viewer.getByTestId('commands').count()).toBe(0)
  })

  test('asks for a new link when the server came back with another token, and for a reload when with another version', async () => {
    const first = await server(['--demo', '3'])
    const page = await open(first.url)
    await withAgents(page, 3)
    const { port } = new URL(first.url)
    await first.kill()
    const second = await server(['--demo', '4', '--port', port], {
      ...TOKENS,
      SWARMSCOPE_TOKEN: 'another-operator-token',
    })
    await page.getByTestId('sign-in').filter({ hasText: 'The server has another token now' }).waitFor()
    await page.getByRole('textbox').fill(second.url)
    await page.keyboard.press('Enter')
    await withAgents(page, 4)

    const other = await open(new URL(second.url).origin)
    await other.routeWebSocket('**/api/v1/stream', (socket) => socket.close({ code: 4526 }))
    await other.goto(second.url)
    await other.getByTestId('banner').filter({ hasText: 'of different versions' }).waitFor()
    await other.unrouteAll()
    await other.getByTestId('reload').click()
    await other.waitForLoadState()
    expect(await other.getByTestId('reload').count()).toBeLessThanOrEqual(1)
  })
})
