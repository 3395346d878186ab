// The whole road in a real browser: claude-flow's files → relay → server → page.

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchBrowser } from '../helpers/browser.ts'
import { openPage, pageStats } from '../helpers/page.ts'
import {
  editStore,
  ROOT,
  type Running,
  startRelayProcess,
  startServerProcess,
  temporaryFolder,
  writeRecordedProject,
} from '../helpers/swarmscope.ts'

const RELAY_TOKEN = 'relay-token-for-tests'
const FAKE_CLAUDE_FLOW = `node ${ROOT}test/helpers/fakeMcpChild.mjs`

let browser: Browser
const cleanUps: (() => unknown)[] = []

beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())

let project: string
let dataDir: string

beforeEach(() => {
  for (const name of ['project', 'data'] as const) {
    const { path, remove } = temporaryFolder(name)
    if (name === 'project') project = path
    else dataDir = path
    cleanUps.push(remove)
  }
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function relay(port: number, token = RELAY_TOKEN): Promise<Running> {
  const running = await startRelayProcess({
    args: ['--project', project, '--port', String(port), '--data-dir', dataDir, '--claude-flow', FAKE_CLAUDE_FLOW],
    env: { SWARMSCOPE_RELAY_TOKEN: token },
  })
  cleanUps.push(() => running.stop())
  return running
}

async function server(relayPort: number, args: readonly string[] = []): Promise<Running> {
  const running = await startServerProcess({
    args: ['--port', '0', '--data-dir', dataDir, ...args],
    env: {
      SWARMSCOPE_RELAY_TOKEN: RELAY_TOKEN,
      ...(relayPort ? { CLAUDE_FLOW_HOST: '127.0.0.1', CLAUDE_FLOW_PORT: String(relayPort) } : {}),
    },
  })
  cleanUps.push(() => running.stop())
  return running
}

const portOf = (running: Running): number => Number(new URL(running.url).port)

async function open(url: string): Promise<Page> {
  const page = await openPage(browser, url)
  cleanUps.push(() => page.context().close())
  return page
}

describe('the page', () => {
  test('shows the agents of the files, goes stale when the relay dies, and heals without a reload', async () => {
    writeRecordedProject(project)
    const firstRelay = await relay(0)
    const { url } = await server(portOf(firstRelay))
    const page = await open(url)

    await page.locator('[data-testid=agent-row]').filter({ hasText: 'builder-1' }).waitFor()
    expect(await page.locator('[data-testid=agent-row]').count()).toBe(8)
    await page.waitForFunction(() => globalThis.swarmscope.stats().mode === 'live')
    expect(await pageStats(page)).toMatchObject({ agents: 8, mode: 'live' })
    expect(new URL(page.url()).hash).toBe('') // the token is out of the address bar
    const epoch = (await pageStats(page)).epoch

    await firstRelay.kill()
    await page.locator('[data-testid=banner]').filter({ hasText: 'Failed to connect to Claude Flow' }).waitFor()
    expect(await pageStats(page)).toMatchObject({ agents: 8, mode: 'stale' })
    expect(await page.locator('[data-testid=banner]').innerText()).toContain(
      `Ensure the MCP WebSocket relay is running on 127.0.0.1:${portOf(firstRelay)}`,
    )
    await page.evaluate(() => Object.assign(globalThis, { notReloaded: true }))

    editStore(project, 'agents/store.json', (store) => {
      const agents = store.agents as Record<string, Record<string, unknown>>
      agents['late-comer'] = { ...agents['builder-1'], agentId: 'late-comer', createdAt: '2026-11-23T22:00:00.000Z' }
    })
    await relay(portOf(firstRelay))
    await page.locator('[data-testid=agent-row]').filter({ hasText: 'late-comer' }).waitFor()
    // The agents may be there a moment before the word that they are current.
    await page.waitForFunction(() => globalThis.swarmscope.stats().mode === 'live')
    expect(await pageStats(page)).toMatchObject({ agents: 9, mode: 'live', epoch })
    expect(await page.evaluate(() => 'notReloaded' in globalThis)).toBe(true)
  })

  test('says MOCK while nothing was ever reached, and swaps worlds when real agents come', async () => {
    writeRecordedProject(project)
    const scout = await relay(0) // only to learn a port that is free
    const port = portOf(scout)
    await scout.stop()
    const { url } = await server(port)
    const page = await open(url)

    await page.locator('[data-testid=banner]').filter({ hasText: 'MOCK' }).waitFor()
    const mock = await pageStats(page)
    expect(mock).toMatchObject({ agents: 12, mode: 'mock' })

    await relay(port)
    await page.locator('[data-testid=agent-row]').filter({ hasText: 'builder-1' }).waitFor()
    await page.waitForFunction(() => globalThis.swarmscope.stats().mode === 'live')
    const live = await pageStats(page)
    expect(live).toMatchObject({ agents: 8, mode: 'live' })
    expect(live.epoch).not.toBe(mock.epoch)
    expect(await page.locator('body').innerText()).not.toContain('MOCK')
  })

  test('does not try a refused token again until somebody presses "Retry now"', async () => {
    writeRecordedProject(project)
    const other = await relay(0, 'another-relay-token')
    const port = portOf(other)
    const { url } = await server(port)
    const page = await open(url)
    await page.locator('[data-testid=banner]').filter({ hasText: 'The relay refused our token' }).waitFor()
    await other.stop()
    await relay(port)
    await page.getByRole('button', { name: /retry now/i }).click()
    await page.locator('[data-testid=agent-row]').filter({ hasText: 'builder-1' }).waitFor()
    await page.waitForFunction(() => globalThis.swarmscope.stats().mode === 'live')
    expect(await pageStats(page)).toMatchObject({ agents: 8, mode: 'live' })
  })

  test('heals by itself when the server is killed and started again with the same token', async () => {
    const first = await server(0, ['--demo', '20'])
    const page = await open(first.url)
    await page.waitForFunction(() => globalThis.swarmscope.stats().agents === 20)
    await first.kill()
    await page
      .locator('[data-testid=banner]')
      .filter({ hasText: /server/i })
      .waitFor()
    await server(0, ['--demo', '30', '--port', String(portOf(first))])
    await page.waitForFunction(() => globalThis.swarmscope.stats().agents === 30)
  })

  test('asks for the link when it has no token', async () => {
    const { url } = await server(0, ['--demo'])
    const page = await open(url.replace(/#.*/, ''))
    await page.locator('[data-testid=sign-in]').waitFor()
    await page.getByRole('textbox').fill(url)
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => globalThis.swarmscope.stats().agents === 12)
  })

  test('draws 1,000 agents with no more calls than 14', async () => {
    const calls: number[] = []
    for (const agents of [14, 1_000]) {
      const { url } = await server(0, ['--demo', String(agents)])
      const page = await open(url)
      await page.waitForFunction((count) => globalThis.swarmscope.stats().agents === count, agents)
      await page.waitForFunction(() => globalThis.swarmscope.stats().drawCalls > 0)
      calls.push((await pageStats(page)).drawCalls)
    }
    const [few = Number.NaN, many = Number.NaN] = calls
    expect(many).toBeLessThanOrEqual(12)
    // Messages on their way are one draw more, and the one world may have some at that moment.
    expect(many).toBeLessThanOrEqual(few + 1)
  })

  test('is selected from by keyboard alone, and tells what is not reported', async () => {
    writeRecordedProject(project)
    const running = await relay(0)
    const { url } = await server(portOf(running))
    const page = await open(url)
    await page.locator('[data-testid=agent-row]').first().waitFor()
    await page.locator('[data-testid=agent-row]').first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    const detail = page.locator('[data-testid=detail]')
    await detail.waitFor()
    expect(await detail.innerText()).toMatch(/not reported[^\n]*\n?[^\n]*\bCPU\b/i)
    await page.keyboard.press('Escape')
    await detail.waitFor({ state: 'detached' })
  })
})
