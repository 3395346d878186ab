// Pictures of what a user sees, written to test/browser/shots/ (git-ignored) for people to look at; `npm run shots`
// makes README's pictures from them. What is asserted is only that there is a picture of the state it is named for.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser } from '../helpers/browser.ts'
import { type OpenOptions, openPage, pageStats } from '../helpers/page.ts'
import { SHOTS, updateImage } from '../helpers/shots.ts'
import {
  editStore,
  ROOT,
  type Running,
  startRelayProcess,
  startServerProcess,
  temporaryFolder,
  writeRecordedProject,
} from '../helpers/swarmscope.ts'
import { writeHistory } from '../helpers/writtenHistory.ts'

const FAKE_CLAUDE_FLOW = `node ${ROOT}test/helpers/fakeMcpChild.mjs`

declare global {
  var framesSeen: number | undefined
}

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

function folder(name: string): string {
  const { path, remove } = temporaryFolder(name)
  cleanUps.push(remove)
  return path
}

async function server(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const running = await startServerProcess({ args: ['--port', '0', '--data-dir', folder('data'), ...args], env })
  cleanUps.push(() => running.stop())
  return running
}

/** A relay and a server that shows it, on the recorded project with some of its agents at work. */
async function liveProject(): Promise<{ url: string; relay: Running; main: Running }> {
  const project = folder('checkout-api')
  writeRecordedProject(project)
  editStore(project, 'agents/store.json', ({ agents = {} }) => {
    const at = (name: string, fields: object) => Object.assign(agents[name] ?? {}, fields)
    at('queen', { status: 'active' })
    at('scout', { status: 'active' })
    at('builder-1', { status: 'active', currentTask: 'Add a login page' })
    at('checker', { status: 'active', currentTask: 'Add a login page' })
    at('analyst', { status: 'error' })
  })
  editStore(project, 'tasks/store.json', ({ tasks = {} }) => {
    for (const task of Object.values(tasks)) Object.assign(task, { status: 'in_progress', progress: 40 })
  })
  const env = { SWARMSCOPE_RELAY_TOKEN: 'relay-token-for-shots' }
  const relay = await startRelayProcess({
    args: ['--project', project, '--port', '0', '--data-dir', folder('data'), '--claude-flow', FAKE_CLAUDE_FLOW],
    env,
  })
  cleanUps.push(() => relay.stop())
  const port = new URL(relay.url).port
  const main = await server([], { ...env, CLAUDE_FLOW_HOST: '127.0.0.1', CLAUDE_FLOW_PORT: port })
  return { url: main.url, relay, main }
}

/** Nine pictures, each of a page that has come to rest: without a GPU, on a machine with other work, that takes its time. */
const MANY_PICTURES_MS = 240_000

/** Marks that breathe or turn would never be still. */
const STILL = { reducedMotion: 'reduce' } as const

async function open(url: string, agents: number, options?: OpenOptions): Promise<Page> {
  const page = await openPage(browser, url, options)
  cleanUps.push(() => page.context().close())
  await page.waitForFunction((count) => globalThis.swarmscope?.stats().agents === count, agents)
  return page
}

/** Waits until nothing moves any more: the same picture however slow the machine is. */
async function shoot(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready)
  await page.waitForFunction(
    () => {
      const { frames } = globalThis.swarmscope.stats()
      const isStill = frames > 0 && frames === globalThis.framesSeen
      globalThis.framesSeen = frames
      return isStill
    },
    null,
    { timeout: 60_000, polling: 1_000 },
  )
  await page.screenshot({ path: join(SHOTS, `${name}.png`) })
}

describe('pictures', () => {
  test('live, with the detail of an agent, dark and light', async () => {
    const { url } = await liveProject()
    for (const colorScheme of ['dark', 'light'] as const) {
      const page = await open(url, 8, { ...STILL, colorScheme })
      await page.locator('[data-testid=agent-row]').filter({ hasText: 'builder-1' }).click()
      await shoot(page, `live-${colorScheme}`)
      expect((await pageStats(page)).mode).toBe('live')
    }
    updateImage('live-dark', 'live')
  })

  test('stale, and the server itself lost', async () => {
    const { url, relay, main } = await liveProject()
    const page = await open(url, 8, STILL)
    await relay.kill()
    await page.waitForFunction(() => globalThis.swarmscope.stats().mode === 'stale')
    await shoot(page, 'stale')
    expect((await pageStats(page)).mode).toBe('stale')
    await main.kill()
    await page.getByTestId('banner').filter({ hasText: 'The Swarmscope server' }).waitFor()
    await shoot(page, 'error')
  })

  test.each(['dark', 'light'] as const)('query, tree, table, palette: %s', async (colorScheme) => {
    const { url } = await liveProject()
    const page = await open(url, 8, { ...STILL, colorScheme })
    const keep = (name: string) => page.screenshot({ path: join(SHOTS, `${name}-${colorScheme}.png`) })
    await shoot(page, `list-${colorScheme}`)
    await page.keyboard.press('/')
    await page.keyboard.type('-type:tester statsu:failed status:')
    await page.getByTestId('offers').waitFor()
    await keep('query')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await page.locator('[data-testid=agent-row]').filter({ hasText: 'analyst' }).click()
    await page.getByTestId('activity').locator('li').first().waitFor()
    await page.keyboard.press('t')
    await page.locator('[role=treegrid]').waitFor()
    await keep('tree')
    await page.keyboard.press('w')
    await page.getByTestId('sort-name').waitFor()
    await shoot(page, `table-${colorScheme}`)
    await page.keyboard.press('Control+k')
    await page.getByTestId('palette-agent').first().waitFor()
    await keep('palette')
    expect(await page.getByTestId('palette').count()).toBe(1)
  })

  test('nobody there, nobody let in', async () => {
    const project = folder('empty')
    const env = { SWARMSCOPE_RELAY_TOKEN: 'relay-token-for-shots' }
    const relay = await startRelayProcess({
      args: ['--project', project, '--port', '0', '--data-dir', folder('data'), '--claude-flow', FAKE_CLAUDE_FLOW],
      env,
    })
    cleanUps.push(() => relay.stop())
    const { url } = await server([], {
      ...env,
      CLAUDE_FLOW_HOST: '127.0.0.1',
      CLAUDE_FLOW_PORT: new URL(relay.url).port,
    })
    const page = await open(url, 0, STILL)
    await page.getByTestId('empty').waitFor()
    await page.screenshot({ path: join(SHOTS, 'empty.png') })
    const outside = await openPage(browser, new URL(url).origin, STILL)
    cleanUps.push(() => outside.context().close())
    await outside.getByTestId('sign-in').waitFor()
    await outside.screenshot({ path: join(SHOTS, 'sign-in.png') })
    expect(await outside.getByTestId('mode').count()).toBe(0)
  })

  test('a phone, with list and detail', async () => {
    const { url } = await liveProject()
    const page = await open(url, 8, { ...STILL, width: 360, height: 740 })
    await page.locator('[data-testid=agent-row]').first().waitFor()
    await page.screenshot({ path: join(SHOTS, 'phone.png') })
    await page.locator('[data-testid=agent-row]').filter({ hasText: 'analyst' }).click()
    await page.getByTestId('detail').waitFor()
    await page.screenshot({ path: join(SHOTS, 'phone-detail.png') })
    expect((await pageStats(page)).agents).toBe(8)
  })

  test.each([
    ['mock', 14, {}],
    ['mock-light', 14, { colorScheme: 'light' }],
    ['narrow', 14, { width: 390, height: 844 }],
    ['tablet', 40, { width: 820, height: 1180 }],
  ] as const)('%s', { timeout: 240_000 }, async (name, agents, options) => {
    const { url } = await server(['--demo', String(agents), '--seed', '7'])
    const page = await open(url, agents, { ...STILL, ...options })
    // The demo never rests: its layout has opened after some dozens of frames. The demo's troubles come round.
    await page.waitForFunction(() => globalThis.swarmscope.stats().frames > 40, null, { timeout: 60_000 })
    if (name.startsWith('mock')) {
      await page.waitForFunction(
        () => ['needs-you', 'failed', 'conflict'].every((tone) => document.querySelector(`.row [data-tone=${tone}]`)),
        null,
        { timeout: 120_000 },
      )
    }
    await page.screenshot({ path: join(SHOTS, `${name}.png`), timeout: 60_000 })
    expect((await pageStats(page)).mode).toBe('mock')
  })
})

describe('pictures of the past, of totals and toasts', () => {
  const LOOKS = {
    dark: { colorScheme: 'dark' },
    light: { colorScheme: 'light' },
    narrow: { width: 390, height: 844 },
  } as const
  const AGENTS = 14 + 8

  /** A server with an hour of history, and a project in which an agent can be made to fail. */
  async function withHistory(): Promise<{ url: string; project: string }> {
    const project = folder('checkout-api')
    const data = folder('data')
    const args = ['--project', project, '--claude-flow', FAKE_CLAUDE_FLOW]
    await writeHistory(data, args)
    writeRecordedProject(project)
    const running = await startServerProcess({
      args: ['--port', '0', '--relay-port', '0', '--data-dir', data, ...args],
    })
    cleanUps.push(() => running.stop())
    return { url: running.url, project }
  }

  test(
    'time travel, totals and a toast: dark, light, narrow',
    async () => {
      const { url, project } = await withHistory()
      for (const [name, options] of Object.entries(LOOKS)) {
        const page = await open(url, AGENTS, { ...STILL, ...options })
        const track = page.locator('[data-testid=timeline-track][aria-disabled=false]')
        await track.waitFor()
        await page.locator('[data-testid=said-politely]').waitFor({ state: 'attached' })
        editStore(project, 'agents/store.json', ({ agents = {} }) => {
          Object.assign(agents.analyst ?? {}, { status: 'error' })
        })
        // Whoever is at it holds it, however long the picture takes.
        await page.locator('[data-testid=toast]').hover()
        await shoot(page, `toast-${name}`)
        editStore(project, 'agents/store.json', ({ agents = {} }) => {
          Object.assign(agents.analyst ?? {}, { status: 'idle' })
        })
        await page.locator('[data-testid=toast-dismiss]').click()

        await page.locator('[data-testid=totals-button]').click()
        await page.locator('[data-testid=tokens-per-minute]').filter({ hasText: 'last' }).waitFor()
        await shoot(page, `totals-${name}`)
        await page.locator('[data-testid=totals-button]').click()

        const box = await track.boundingBox()
        if (!box) throw new Error('no track')
        await page.mouse.move(box.x + box.width * 0.9, box.y + 20)
        await page.mouse.down()
        await page.mouse.move(box.x + box.width * 0.55, box.y + 20, { steps: 6 })
        await page.mouse.up()
        await page.mouse.move(box.x + 10, box.y - 200)
        await page.waitForFunction(() => globalThis.swarmscope.stats().mode === 'replay')
        await shoot(page, `past-${name}`)
        expect((await pageStats(page)).epoch).toContain('past')
        await page.context().close()
      }
      updateImage('past-dark', 'past')
    },
    MANY_PICTURES_MS,
  )
})
