// Claude Code's work as its user sees it: the bytes that the real one sent, and more of their kind, through the real doors of
// a real server beside a real relay.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOOKS_PATH, OTLP_PATHS } from '../../server/ingest/paths.ts'
import { axeFindings } from '../helpers/axe.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { FIRST, SECOND, SESSION } from '../helpers/claudeCodeRecordings.ts'
import { recorded } from '../helpers/ingestServer.ts'
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

const INGEST = 'ingest-token-for-tests'
const RELAY_TOKEN = 'relay-token-for-tests'
const SHOTS = `${ROOT}test/browser/shots`
const MAIN = `claude-code/${SESSION}`
const OTHER = 'b7e0a1c2-0000-4000-8000-000000000001'
const THIRD = '4d19f00e-0000-4000-8000-000000000002'

let browser: Browser
let server: Running
let page: Page
const cleanUps: (() => unknown)[] = []

beforeAll(async () => {
  browser = await launchBrowser()
  const [project, dataDir] = (['project', 'data'] as const).map((name) => {
    const { path, remove } = temporaryFolder(name)
    cleanUps.push(remove)
    return path
  }) as [string, string]
  writeRecordedProject(project)
  editStore(project, 'agents/store.json', (store) => {
    store.agents = {
      ...store.agents,
      'from-claude': {
        agentId: 'from-claude',
        agentType: 'coder',
        status: 'idle',
        createdAt: '2026-11-23T22:25:09.145Z',
      },
    }
  })
  const relay = await startRelayProcess({
    args: [
      '--project',
      project,
      '--port',
      '0',
      '--data-dir',
      dataDir,
      '--claude-flow',
      `node ${ROOT}test/helpers/fakeMcpChild.mjs`,
    ],
    env: { SWARMSCOPE_RELAY_TOKEN: RELAY_TOKEN },
  })
  cleanUps.push(() => relay.stop())
  server = await startServerProcess({
    args: ['--port', '0', '--data-dir', dataDir, '--budget-usd', '0.06'],
    env: {
      SWARMSCOPE_RELAY_TOKEN: RELAY_TOKEN,
      SWARMSCOPE_INGEST_TOKEN: INGEST,
      CLAUDE_FLOW_HOST: '127.0.0.1',
      CLAUDE_FLOW_PORT: new URL(relay.url).port,
    },
  })
  cleanUps.push(() => server.stop())
}, 60_000)
afterAll(async () => {
  await page?.context().close()
  await browser?.close()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function post(path: string, body: string): Promise<void> {
  const answer = await fetch(`${new URL(server.url).origin}${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${INGEST}`, 'Content-Type': 'application/json' },
    body,
  })
  expect(answer.status).toBe(200)
}
/** One more session, in another project. */
const hook = (hook_event_name: string, fields: object = {}, session_id = OTHER, cwd = '/srv/checkout') =>
  post(HOOKS_PATH, JSON.stringify({ session_id, cwd, hook_event_name, ...fields }))
const row = (id: string) => page.locator(`[data-testid=agent-row][data-agent="${id}"]`)
const field = (name: string) => page.locator(`[data-testid=field-${name}]`).first()
const search = async (query: string) => {
  await page.goto(`${new URL(server.url).origin}/?q=${encodeURIComponent(query)}`)
}

describe('a session of Claude Code on the page', { timeout: 120_000 }, () => {
  test('its agents are there as their hooks come, each below its parent, as guessed until it is certain', async () => {
    const hooks = recorded('hooks')
    for (const body of hooks.slice(0, 8)) await post(HOOKS_PATH, body)
    page = await openPage(browser, server.url, { reducedMotion: 'reduce' })
    await row(`${MAIN}/${FIRST}`).waitFor()
    await page.locator('[data-testid=legend]').filter({ hasText: 'probably spawned' }).waitFor()
    await row(`${MAIN}/${FIRST}`).click()
    const detail = page.locator('[data-testid=detail]')
    await detail.filter({ hasText: 'Probably spawned by' }).waitFor()
    expect(await page.locator('[data-testid=happening]').innerText()).toMatch(/Bash/)
    for (const body of hooks.slice(8, -2)) await post(HOOKS_PATH, body)
    await detail.filter({ hasText: /^(?![\s\S]*Probably)[\s\S]*Spawned by/ }).waitFor()
    await field('endedReason').filter({ hasText: 'subagent finished' }).waitFor()
  })

  test('before its spans came, what it used is told as of nobody yet; then each has its own, and metrics agree', async () => {
    for (const body of recorded('otlp-logs')) await post(OTLP_PATHS.logs, body)
    await row(MAIN).click()
    const use = page.locator('[data-testid=session-use]')
    await use.filter({ hasText: 'Of nobody yet' }).waitFor()
    expect(await field('unattributed').innerText()).toContain('no trace says yet')
    await row(`${MAIN}/${SECOND}`).click()
    await field('tokens').filter({ hasText: 'no trace says which part' }).waitFor()
    for (const signal of ['traces', 'metrics'] as const) {
      for (const body of recorded(`otlp-${signal}`)) await post(OTLP_PATHS[signal], body)
    }
    await field('tokens').filter({ hasText: '2,408 in' }).waitFor()
    await row(MAIN).click()
    await use.filter({ hasText: 'The same as the session’s requests.' }).waitFor()
    expect(await use.innerText()).toMatch(/8,428 in · 308 out · 2,100 cached · \$0\.05/)
    expect(await page.locator('[data-testid=detail]').innerText()).toMatch(/Registered · 1[\s\S]*from-claude/)
    await page.screenshot({ path: `${SHOTS}/claude-session.png` })
    expect(await axeFindings(page)).toEqual([])
  })

  test('of a budget 80 % are told as a warning', async () => {
    const banner = page.locator('[data-testid=banner]')
    await banner.filter({ hasText: '80 % of the budget of $0.06 are spent.' }).waitFor()
    expect(await banner.innerText()).toContain('$0.05 reported so far.')
  })

  test('who asks for a permission is first everywhere, with the reason and since when, until it is answered', async () => {
    await hook('SessionStart', { source: 'startup' })
    await hook('UserPromptSubmit', { prompt: 'x' })
    await hook('PreToolUse', { tool_name: 'Bash', tool_use_id: 'call-1', tool_input: { command: 'git push' } })
    await hook('PermissionRequest', { tool_name: 'Bash', tool_input: { command: 'git push' } })
    const asking = row(`claude-code/${OTHER}`)
    await asking.locator('[data-tone=needs-you]').filter({ hasText: 'permission: Bash' }).waitFor()
    expect(await asking.locator('.row-since').innerText()).toMatch(/^\d+ s$/)
    expect(await page.locator('[data-testid=agent-row]').first().getAttribute('data-agent')).toBe(
      `claude-code/${OTHER}`,
    )
    await page.locator('[data-testid=toast]').filter({ hasText: 'needs you' }).waitFor()
    await page.waitForFunction(() => document.title.startsWith('(1 needs you'))
    await asking.click()
    await page.locator('[data-testid=happening] [data-tone=needs-you]').waitFor()
    await page.screenshot({ path: `${SHOTS}/claude-attention.png` })

    await hook('PostToolUse', { tool_name: 'Bash', tool_use_id: 'call-1', tool_input: {}, tool_response: {} })
    await asking.locator('[data-tone=needs-you]').waitFor({ state: 'detached' })
    await page.locator('[data-testid=toast]').filter({ hasText: 'needs you' }).waitFor({ state: 'detached' })
    await page.waitForFunction(() => document.title === 'Swarmscope')
  })

  test('a tool that failed is told, though its agent goes on', async () => {
    await hook('PreToolUse', { tool_name: 'Bash', tool_use_id: 'call-2', tool_input: { command: 'npm test' } })
    await hook('PostToolUseFailure', { tool_name: 'Bash', tool_use_id: 'call-2', tool_input: {}, error: 'x' })
    await row(`claude-code/${OTHER}`).locator('.row-mark[data-tone=failed]').waitFor()
    await page.locator('[data-testid=happening] [data-tone=failed]').filter({ hasText: 'Bash' }).waitFor()
  })

  test('two who write the same file are warned of: by a toast, in both details with its name, in the query', async () => {
    const write = async (session: string, call: string) => {
      const tool = { tool_name: 'Write', tool_use_id: call, tool_input: { file_path: '/srv/checkout/src/cart.ts' } }
      await hook('PreToolUse', tool, session)
      await hook('PostToolUse', { ...tool, tool_response: {} }, session)
    }
    await hook('UserPromptSubmit', { prompt: 'x' }, THIRD)
    await write(OTHER, 'call-3')
    await write(THIRD, 'call-4')
    const toast = page.locator('[data-testid=toast][data-kind=conflict]')
    await toast.filter({ hasText: 'both wrote cart.ts' }).waitFor()
    for (const session of [OTHER, THIRD]) {
      await row(`claude-code/${session}`).locator('.row-mark[data-tone=conflict]').waitFor()
      await row(`claude-code/${session}`).click()
      await page
        .locator('[data-testid=happening] [data-tone=conflict]')
        .filter({ hasText: 'both wrote cart.ts' })
        .waitFor()
    }
    expect(await page.locator('[data-testid=legend]').innerText()).toContain('conflict')
    await page.screenshot({ path: `${SHOTS}/claude-conflict.png` })
    expect(await axeFindings(page)).toEqual([])
    // The name leads to the other one.
    await page.locator('[data-testid=happening] [data-tone=conflict] button').click()
    await row(`claude-code/${OTHER}`).and(page.locator('[aria-selected=true]')).waitFor()
    await search('is:conflict')
    await page.locator('[data-testid=shown-count]').filter({ hasText: /^2 of/ }).waitFor()
  })

  test('its project and machine stand in the table, and lead to all of them', async () => {
    await search('')
    await page.locator('[data-testid=table-toggle]').click()
    const cell = (name: string) => row(`claude-code/${OTHER}`).locator(`[data-column=${name}]`)
    await cell('project').filter({ hasText: 'checkout' }).waitFor()
    await row(`claude-code/${THIRD}`).locator('.row-mark[data-tone=conflict]').waitFor()
    expect(await cell('host').innerText()).not.toBe('')
    await page.screenshot({ path: `${SHOTS}/claude-table.png` })
    await row(`claude-code/${OTHER}`).click()
    await field('project').locator('button').click()
    await page.locator('[data-testid=shown-count]').filter({ hasText: /^2 of/ }).waitFor()
    expect((await pageStats(page)).mode).toBe('live')
  })
})
