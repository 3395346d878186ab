// Time travel in a real browser, through the real server, on a history that the real log wrote.

import { writeFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { axeFindings } from '../helpers/axe.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { openPage, pageStats } from '../helpers/page.ts'
import {
  editStore,
  ROOT,
  type Running,
  startServerProcess,
  temporaryFolder,
  writeRecordedProject,
} from '../helpers/swarmscope.ts'
import { type WrittenHistory, writeHistory } from '../helpers/writtenHistory.ts'

const HISTORY_AGENTS = 14
const PROJECT_AGENTS = 8

let browser: Browser
let running: Running
let project: string
/** All but the port, for a server that takes its place. */
let serverArgs: string[]
let written: WrittenHistory
const cleanUps: (() => unknown)[] = []

beforeAll(async () => {
  const folders = [temporaryFolder('data'), temporaryFolder('project')] as const
  cleanUps.push(...folders.map(({ remove }) => remove))
  const [data, { path }] = folders
  project = path
  const args = ['--project', project, '--claude-flow', `node ${ROOT}test/helpers/fakeMcpChild.mjs`]
  written = await writeHistory(data.path, args)
  writeRecordedProject(project)
  serverArgs = ['--relay-port', '0', '--data-dir', data.path, ...args]
  running = await startServerProcess({ args: ['--port', '0', ...serverArgs] })
  cleanUps.push(() => running.stop())
  browser = await launchBrowser()
  cleanUps.push(() => browser.close())
})
afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

let added = 0
/** Somebody joins, by claude-flow's own file. */
function addAgent(name: string): void {
  editStore(project, 'agents/store.json', (store) => {
    const agents = store.agents as Record<string, Record<string, unknown>>
    agents[name] = { ...agents['builder-1'], agentId: name, createdAt: `2026-11-23T22:00:0${added}.000Z` }
  })
  added++
}

async function open(colorScheme: 'dark' | 'light' = 'dark'): Promise<{ page: Page; agents: number }> {
  const page = await openPage(browser, running.url, { reducedMotion: 'reduce', colorScheme })
  const agents = HISTORY_AGENTS + PROJECT_AGENTS + added
  await page.waitForFunction((count) => globalThis.swarmscope?.stats().agents === count, agents)
  await page.waitForFunction(() => globalThis.swarmscope.stats().mode === 'live')
  await page.locator('[data-testid=timeline-track][aria-disabled=false]').waitFor()
  return { page, agents }
}

/** Drags the playhead to a share of the track; resolves when the past is shown there. */
async function dragTo(page: Page, share: number): Promise<void> {
  const box = await page.locator('[data-testid=timeline-track]').boundingBox()
  if (!box) throw new Error('no track')
  const y = box.y + box.height / 2
  await page.mouse.move(box.x + box.width * 0.95, y)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * share, y, { steps: 8 })
  await page.mouse.up()
  await page.locator('[data-testid=timeline][data-travel=paused]').waitFor()
  // What an earlier step of the drag asked for may arrive before: then it says that it goes on.
  await page.locator('[data-testid=banner]').filter({ hasText: 'Nothing here is now' }).waitFor()
}

const shownAt = async (page: Page) =>
  Date.parse((await page.locator('[data-testid=banner] time').getAttribute('datetime')) ?? '')
/** The list is drawn with the next frame. */
const expectRows = (page: Page, agents: { name: string }[]) =>
  expect
    .poll(async () => (await page.locator('[data-testid=agent-row] .row-name').allInnerTexts()).sort(), {
      timeout: 10_000,
    })
    .toEqual(agents.map(({ name }) => name).sort())

/** What the API says of that moment. */
async function stateAt(atMs: number): Promise<{ name: string }[]> {
  const response = await told(`/api/v1/history/state?at=${atMs}`)
  return ((await response.json()) as { agents: { name: string }[] }).agents
}

function told(path: string): Promise<Response> {
  const { href, hash } = new URL(running.url)
  const token = new URLSearchParams(hash.slice(1)).get('token')
  return fetch(new URL(path, href), { headers: { Authorization: `Bearer ${token}` } })
}

describe('time travel', () => {
  test('[H9] shows a moment of the past all over, receives the present meanwhile, and is back at once and exactly', async () => {
    const { page, agents } = await open()
    const live = await pageStats(page)
    await page.locator('[data-testid=totals-button]').click()
    // What was before the page was opened is measured too, by what was reported then.
    await page
      .locator('[data-testid=tokens-per-minute]')
      .filter({ hasText: /[\d.]+ k\s*last 5 min · OTLP/ })
      .waitFor()
    expect(await axeFindings(page, ['#totals', '.counts'])).toEqual([])

    await dragTo(page, 0.45)
    const past = await pageStats(page)
    expect(past.mode).toBe('replay')
    expect(past.epoch).not.toBe(live.epoch)
    const atMs = await shownAt(page)
    expect(atMs).toBeGreaterThan(written.fromMs)
    expect(atMs).toBeLessThan(written.toMs)
    const then = await stateAt(atMs)
    expect(past.agents).toBe(then.length)
    expect(past.agents).toBeLessThan(HISTORY_AGENTS + 1)
    await expectRows(page, then)
    await page
      .locator('#totals h2')
      .first()
      .filter({ hasText: `Agents ${then.length}` })
      .waitFor()
    expect(await page.locator('[data-testid=banner]').innerText()).toMatch(/Past: (\d+ \w+, )?\d\d:\d\d:\d\d/)
    expect(await page.title()).toMatch(/Past .*\d\d:\d\d:\d\d · Swarmscope$/)
    expect(await page.locator('.app').getAttribute('data-world')).toBe('past')
    expect(await page.locator('[data-testid=source-chip]').allInnerTexts()).toEqual([expect.stringContaining('past')])

    // The detail tells ages from that moment, not from now.
    await page.locator('[data-testid=agent-row]').filter({ hasText: 'queen' }).click()
    expect(await page.locator('[data-testid=field-tokens] .field-source').innerText()).toMatch(/OTLP\s*· \d+ s$/)

    addAgent('late-comer')
    const seqThen = past.seq
    await page.waitForTimeout(1_500) // nothing can be waited for: what is asserted is that nothing happens
    expect(await pageStats(page)).toMatchObject({ agents: then.length, seq: seqThen, mode: 'replay' })

    await page.locator('[data-testid=banner-live]').click()
    await page.waitForFunction(() => globalThis.swarmscope.stats().mode === 'live')
    expect(await pageStats(page)).toMatchObject({ agents: agents + 1, epoch: live.epoch })
    await page.locator('[data-testid=banner]').waitFor({ state: 'detached' })
    expect(await page.title()).not.toContain('Past')
    await page.context().close()
  })

  test('goes by keys alone: back, on, play and pause at any speed, and live again', async () => {
    const { page } = await open()
    const track = page.getByRole('slider')
    await track.focus()
    expect(await track.getAttribute('aria-valuetext')).toBe('Live')
    await page.keyboard.press('Home')
    await page.locator('[data-testid=timeline][data-travel=paused]').waitFor()
    const firstMs = await shownAt(page)
    expect(Math.abs(firstMs - written.fromMs)).toBeLessThan(1_000)
    expect(await track.getAttribute('aria-valuetext')).toMatch(/ago$/)
    await page.keyboard.press('Shift+ArrowRight')
    await page.waitForFunction(
      (ms) => Date.parse(document.querySelector('[data-testid=banner] time')?.getAttribute('datetime') ?? '') > ms,
      firstMs,
    )
    const beforeMs = await shownAt(page)

    await page.getByLabel('Speed').selectOption('60')
    await track.focus()
    const playedFrom = Date.now()
    await page.keyboard.press('Space')
    await page.locator('[data-testid=timeline][data-travel=playing]').waitFor()
    // What a screen reader would say, each time it becomes something else.
    const playing = await track.getAttribute('aria-valuetext')
    expect(playing).toMatch(/^Playing from /)
    const playingNow = await track.getAttribute('aria-valuenow')
    await page.waitForFunction(
      (ms) => Date.parse(document.querySelector('[data-testid=banner] time')?.getAttribute('datetime') ?? '') > ms,
      beforeMs + 120_000,
    )
    expect(await track.getAttribute('aria-valuetext')).toBe(playing)
    expect(await track.getAttribute('aria-valuenow')).toBe(playingNow)
    await page.keyboard.press('Space')
    await page.locator('[data-testid=timeline][data-travel=paused]').waitFor()
    const playedMs = (await shownAt(page)) - beforeMs
    expect(playedMs).toBeLessThanOrEqual((Date.now() - playedFrom) * 60)
    // Played to here, it is what the server says it was here.
    const there = await stateAt(await shownAt(page))
    await expectRows(page, there)

    // Also from what else is in the timeline; what had the focus goes with the past, and the slider has it.
    await page.getByTestId('play').focus()
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => globalThis.swarmscope.stats().mode === 'live')
    await expect.poll(() => track.evaluate((slider) => slider === document.activeElement)).toBe(true)
    await page.context().close()
  })

  test('tells what happens now as happening now, in words and aloud, and only while the past is shown', async () => {
    const { page } = await open()
    const setStatus = (name: string, status: string) =>
      editStore(project, 'agents/store.json', ({ agents = {} }) => {
        Object.assign(agents[name] ?? {}, { status })
      })
    const said = page.locator('[role=status][data-testid=said-politely]')
    await said.waitFor({ state: 'attached' })
    await dragTo(page, 0.5)
    setStatus('analyst', 'error')
    await expect.poll(() => said.innerText(), { timeout: 10_000 }).toMatch(/^Now: analyst failed\./)
    const toast = page.locator('[data-testid=toast]').filter({ hasText: 'analyst failed' })
    expect(await toast.innerText()).toMatch(/^Now\s/)
    expect(await page.title()).toMatch(/Past/)
    await page.locator('[data-testid=toast-dismiss]').click()
    await expect.poll(() => said.innerText(), { timeout: 10_000 }).toBe('')

    await page.locator('[data-testid=banner-live]').click()
    await page.waitForFunction(() => globalThis.swarmscope.stats().mode === 'live')
    setStatus('checker', 'error')
    await expect.poll(() => said.innerText(), { timeout: 10_000 }).toMatch(/checker/)
    expect(await said.innerText()).not.toContain('Now')
    for (const name of ['analyst', 'checker']) setStatus(name, 'idle')
    await page.context().close()
  })

  test('grows at its live end with what arrives, without asking', async () => {
    const { page } = await open()
    const bars = page.locator('[data-testid=timeline-bars]')
    await page.waitForFunction(
      () => Number(document.querySelector('[data-testid=timeline-bars]')?.getAttribute('data-events')) > 100,
    )
    expect(Number(await bars.getAttribute('data-failed'))).toBeGreaterThan(0)
    const before = Number(await bars.getAttribute('data-events'))
    const asked: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/api/v1/history')) asked.push(request.url())
    })
    addAgent('another')
    await page.waitForFunction(
      (count) => Number(document.querySelector('[data-testid=timeline-bars]')?.getAttribute('data-events')) > count,
      before,
    )
    expect(asked).toEqual([])
    await page.context().close()
  })

  test.each(['dark', 'light'] as const)('is free of what axe finds, live and in the past (%s)', async (colorScheme) => {
    const { page } = await open(colorScheme)
    await page.locator('[data-testid=totals-button]').click()
    await page.locator('[data-testid=totals-chart] canvas').first().waitFor()
    const parts = ['[data-testid=timeline]', '#totals']
    expect(await axeFindings(page, parts)).toEqual([])
    await dragTo(page, 0.5)
    expect(await axeFindings(page, [...parts, '[data-testid=banner]', '[data-testid=source-chip]'])).toEqual([])
    await page.context().close()
  })

  test('[M7] is of that moment alone, says when the server is gone, and goes on when it is back', async () => {
    const { page } = await open()
    // Nobody is stuck, now or then: not for an instant, either, on the way from the one to the other.
    await page.evaluate(() => {
      const seen: string[] = []
      Object.assign(globalThis, { seenStuck: seen })
      new MutationObserver(() => {
        const stuck = document.querySelector('[data-concern=stuck]')
        if (stuck) seen.push(stuck.textContent ?? '')
      }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-concern'] })
    })
    await dragTo(page, 0.6)
    await page.locator('[data-testid=totals-button]').click()
    // Opened only here, it measures what was before that moment.
    await page
      .locator('[data-testid=tokens-per-minute]')
      .filter({ hasText: /[\d.]+ k\s*last 5 min · OTLP/ })
      .waitFor()

    const port = new URL(running.url).port
    await running.kill()
    const banner = page.locator('[data-testid=banner]')
    await banner.locator('[data-testid=retry]').waitFor()
    expect(await banner.innerText()).toMatch(/Past:[\s\S]*server[\s\S]*npm start/)
    expect(await axeFindings(page, ['.banner'])).toEqual([])
    await page.locator('[data-testid=play]').click()
    running = await startServerProcess({ args: ['--port', port, ...serverArgs] })
    await banner.locator('[data-testid=retry]').waitFor({ state: 'detached' })
    const heldMs = await shownAt(page)
    await expect.poll(() => shownAt(page), { timeout: 20_000 }).toBeGreaterThan(heldMs)
    await page.locator('[data-testid=banner-live]').click()
    await page.waitForFunction(() => globalThis.swarmscope.stats().mode === 'live')
    await page.waitForTimeout(1_500) // as above: nobody is to be stuck a moment later
    expect(await page.evaluate(() => (globalThis as unknown as { seenStuck: string[] }).seenStuck)).toEqual([])
    await page.context().close()
  })

  test('[H5, H9] goes back in a made-up world too, which is marked so then as now', async () => {
    const { path, remove } = temporaryFolder('demo')
    cleanUps.push(remove)
    const demo = await startServerProcess({ args: ['--demo', '--port', '0', '--data-dir', path] })
    cleanUps.push(() => demo.stop())
    const page = await openPage(browser, demo.url, { reducedMotion: 'reduce' })
    const track = page.getByRole('slider')
    await page.locator('[data-testid=timeline-track][aria-disabled=false]').waitFor()
    const live = await pageStats(page)
    expect(live.mode).toBe('mock')
    // Until something happened that can be gone back behind.
    await page.waitForFunction((seq) => globalThis.swarmscope.stats().seq > seq + 6, live.seq)
    await track.focus()
    await page.keyboard.press('Home')
    await page.locator('[data-testid=timeline][data-travel=paused]').waitFor()
    const past = await pageStats(page)
    expect(past).toMatchObject({ mode: 'mock', agents: 12 })
    expect(past.epoch).not.toBe(live.epoch)
    expect(await page.locator('.app').getAttribute('data-world')).toBe('past')
    expect(await page.locator('.frame').getAttribute('data-mode')).toBe('mock')
    expect(await page.locator('[data-testid=banner]').innerText()).toMatch(/^MOCK\s*Past:/)
    expect(await axeFindings(page, ['[data-testid=timeline]', '[data-testid=banner]'])).toEqual([])
    await page.keyboard.press('Escape')
    await page.locator('[data-testid=timeline][data-travel=live]').waitFor()
    expect((await pageStats(page)).epoch).toBe(live.epoch)
    await page.context().close()
  })

  test('[H5] says why there is none where none is kept, and asks for nothing of it', async () => {
    const { path, remove } = temporaryFolder('replay')
    cleanUps.push(remove)
    const recording = `${path}/recording.ndjson`
    writeFileSync(recording, await told('/api/v1/history/recording').then((response) => response.text()))
    const replay = await startServerProcess({ args: ['--replay', recording, '--port', '0', '--data-dir', path] })
    cleanUps.push(() => replay.stop())
    const asked: string[] = []
    const page = await openPage(browser, replay.url, {
      prepare: async (opening) => void opening.on('request', (request) => asked.push(request.url())),
    })
    await page.locator('[data-testid=timeline]').filter({ hasText: 'This world keeps no history' }).waitFor()
    expect(await page.getByRole('slider').count()).toBe(0)
    await page.locator('[data-testid=totals-button]').click()
    await page.locator('#totals h2').first().waitFor()
    expect(asked.filter((url) => url.includes('/history'))).toEqual([])
    await page.context().close()
  })
})
