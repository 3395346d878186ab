// Where the keyboard is: never nowhere, whatever opened, shut or vanished. Against a server of ours, which ends agents when
// it is told to.

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { axeFindings } from '../helpers/axe.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { openPage } from '../helpers/page.ts'
import { ROOT } from '../helpers/swarmscope.ts'
import { startFakeServer } from '../helpers/webFakeServer.ts'
import { smallWorld } from '../helpers/webWorld.ts'

// Of claude-flow, so that there is something to command.
const WORLD = smallWorld().map((entity) =>
  entity.entity === 'agent' && entity.id === 'test/queen' ? { ...entity, origin: 'claude-flow' as const } : entity,
)
const AGENTS = WORLD.filter(({ entity }) => entity === 'agent').length

let browser: Browser
let server: Awaited<ReturnType<typeof startFakeServer>>
let page: Page
const cleanUps: (() => unknown)[] = []
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())
beforeEach(async () => {
  server = await startFakeServer({ webDir: `${ROOT}dist/web`, entities: WORLD })
  cleanUps.push(() => server.close())
  // As over plain http on a LAN: there is no API of the clipboard.
  const initScript = () => Object.defineProperty(navigator, 'clipboard', { value: undefined })
  page = await openPage(browser, server.url, { reducedMotion: 'reduce', initScript })
  cleanUps.push(() => page.context().close())
  await page.waitForFunction((count) => globalThis.swarmscope?.stats().agents === count, AGENTS)
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** The agent of the row that has the focus, else the name of what has it. */
const focused = () =>
  page.evaluate(() => {
    const element = document.activeElement
    if (!(element instanceof HTMLElement)) return null
    return element.dataset.agent ?? element.dataset.testid ?? element.tagName
  })
const isFocused = (wanted: string) => expect.poll(focused, { timeout: 5_000 }).toBe(wanted)
const opened = (id: string) => page.getByTestId(id).waitFor()
const shut = (id: string) => page.getByTestId(id).waitFor({ state: 'detached' })

async function chooseRow(id: string): Promise<void> {
  await page.locator(`[data-agent="${id}"]`).click()
  await isFocused(id)
}

describe('a tooltip', () => {
  test("is there for the keyboard, the pointer and a finger, and in nobody's way", async () => {
    const tip = page.getByTestId('tip')
    const tree = page.getByTestId('tree-toggle')
    await page.getByTestId('export').focus()
    await page.keyboard.press('Tab')
    await tip.filter({ hasText: 'By who spawned whom (t)' }).waitFor()
    expect(await axeFindings(page)).toEqual([])
    await page.keyboard.press('Escape')
    await tip.waitFor({ state: 'detached' })

    // It says more than a name that is cut, and is a description then.
    const chip = page.getByTestId('source-chip').getByRole('button')
    await chip.hover()
    await tip.filter({ hasText: 'ws://127.0.0.1:3000/ws' }).waitFor()
    await expect.poll(() => chip.evaluate((element) => element.getAttribute('aria-describedby'))).not.toBeNull()
    // Pointed at itself, it stays.
    await tip.hover()
    await page.waitForTimeout(400) // what is asserted is that nothing happens
    expect(await tip.count()).toBe(1)
    await page.mouse.move(400, 400)
    await tip.waitFor({ state: 'detached' })
    expect(await chip.evaluate((element) => element.getAttribute('aria-describedby'))).toBeNull()

    // A dialog is shut by one key, whatever is told of what has the focus in it.
    await page.keyboard.press('Control+k')
    await opened('palette')
    await page.keyboard.press('Escape')
    await shut('palette')

    const client = await page.context().newCDPSession(page)
    await client.send('Emulation.setTouchEmulationEnabled', { enabled: true })
    const box = await tree.boundingBox()
    const at = { x: (box?.x ?? 0) + 10, y: (box?.y ?? 0) + 10 }
    const pressed = await tree.getAttribute('aria-pressed')
    await client.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [at] })
    await tip.filter({ hasText: 'By who spawned whom' }).waitFor()
    await client.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    expect(await tree.getAttribute('aria-pressed')).toBe(pressed)
    await tip.waitFor({ state: 'detached' })
  })

  test('is not needed for a time: the detail tells all of them on request', async () => {
    await chooseRow('test/builder-1')
    const source = page.getByTestId('field-status').locator('.field-source')
    expect(await source.innerText()).toMatch(/\d+ s$/)
    await page.getByTestId('exact-times').press('Enter')
    await expect.poll(() => source.innerText()).toMatch(/\d\d:\d\d:\d\d/)
  })
})

describe('the focus', () => {
  test('is not called back to the row by a frame that comes after the user has gone on', async () => {
    await page.evaluate(async () => {
      const frame = () => new Promise(requestAnimationFrame)
      document.querySelector<HTMLElement>('[data-agent="test/queen"]')?.click()
      document.querySelector<HTMLElement>('[data-testid="search"]')?.focus()
      await frame()
      await frame()
    })
    expect(await focused()).toBe('search')
  })

  test('is where it was when palette, sheet or settings are shut', async () => {
    await chooseRow('test/queen')
    for (const [key, dialog] of [
      ['Control+k', 'palette'],
      ['?', 'shortcut-sheet'],
    ] as const) {
      await page.keyboard.press(key)
      await opened(dialog)
      await page.keyboard.press('Escape')
      await shut(dialog)
      await isFocused('test/queen')
    }
    // From one dialog to another: still before the first.
    await page.keyboard.press('Control+k')
    await opened('palette')
    await page.keyboard.type('settings')
    await page.keyboard.press('Enter')
    await opened('settings')
    await page.keyboard.press('Escape')
    await shut('settings')
    await isFocused('test/queen')
    // From a menu, whose entries are gone by then.
    await page.getByTestId('menu').press('Enter')
    await page.getByTestId('menu-settings').press('Enter')
    await opened('settings')
    await page.keyboard.press('Escape')
    await shut('settings')
    await isFocused('menu')
    // Of an agent that is commanded.
    await chooseRow('test/queen')
    await page.getByTestId('terminate').press('Enter')
    await opened('terminate-dialog')
    await page.keyboard.press('Escape')
    await shut('terminate-dialog')
    await isFocused('terminate')
    // What is chosen may lead elsewhere.
    await page.keyboard.press('Control+k')
    await opened('palette')
    await page.keyboard.type('filter')
    await page.keyboard.press('Enter')
    await shut('palette')
    await isFocused('search')
  })

  test("is on the agent's row when its detail is shut, and in the detail when it leads to another", async () => {
    await chooseRow('test/builder-1')
    await page.getByTestId('related').getByRole('button', { name: 'queen' }).first().press('Enter')
    await isFocused('detail')
    await page.getByTestId('detail-close').press('Enter')
    await shut('detail')
    await isFocused('test/queen')
    await page.keyboard.press('Enter')
    await page.getByTestId('detail-focus').focus()
    await page.keyboard.press('Escape')
    await shut('detail')
    await isFocused('test/queen')
  })

  test("goes to the neighbour when the row's agent ends, and the arrow keys go on from there", async () => {
    const ids = await page.getByTestId('agent-row').evaluateAll((rows) => rows.map((row) => row.dataset.agent ?? ''))
    const [, ended = '', next = '', afterNext = ''] = ids
    await chooseRow(ended)
    server.frame([], [{ entity: 'agent', id: ended }])
    await page.locator(`[data-agent="${ended}"]`).waitFor({ state: 'detached' })
    await isFocused(next)
    await page.keyboard.press('ArrowDown')
    await isFocused(afterNext)
    // None is left: the query has it.
    server.frame(
      [],
      ids.filter((id) => id !== ended).map((id) => ({ entity: 'agent', id })),
    )
    await isFocused('search')
  })

  test('is followed by the tree, which opens above whoever is chosen elsewhere', async () => {
    await page.keyboard.press('t')
    await chooseRow('test/queen')
    await page.keyboard.press('ArrowLeft')
    await page.locator('[data-agent="test/builder-1"]').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+k')
    await opened('palette')
    await page.keyboard.type('checker')
    await page.getByTestId('palette-agent').click()
    await page.locator('[data-agent="test/checker"][aria-selected=true]').waitFor()
    // Shut again by hand, it stays shut.
    await page.locator('[data-agent="test/queen"]').getByTestId('twig').click()
    await page.locator('[data-agent="test/checker"]').waitFor({ state: 'detached' })
  })

  test('stays on what copies where the browser has no clipboard for us', async () => {
    await chooseRow('test/builder-1')
    const copy = page.getByTestId('field-id').getByTestId('copy')
    await copy.press('Enter')
    await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' })
    await isFocused('copy')
    await chooseRow('test/builder-1')
    await page.keyboard.press('l')
    await page.getByTestId('notice').filter({ hasText: 'Link copied' }).waitFor()
    await isFocused('test/builder-1')
  })

  test('stays in the query when a chip is removed', async () => {
    await page.getByTestId('search').fill('type:coder -type:tester ')
    await page.getByRole('button', { name: 'Remove type:coder' }).press('Enter')
    await isFocused('search')
    await page.getByRole('button', { name: 'Clear the filter' }).press('Enter')
    await isFocused('search')
  })
})
