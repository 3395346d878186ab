// Claude Code's work as its user sees it: the bytes that the real one sent, and more of their kind, through the real doors of
// a real server beside a real relay.

import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOOKS_PATH, OTLP_PATHS } from '../../server/ingest/paths.ts'
import { axeFindings } from '../helpers/axe.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { FIRST, SECOND, SESSION } from '../helpers/claudeCodeRecordings.ts'
import { modelRequest, movedTo } from '../helpers/claudeCodeTelemetry.ts'
import { recorded } from '../helpers/ingestServer.ts'
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

const INGEST = 'ingest-token-for-tests'
const RELAY_TOKEN = 'relay-token-for-tests'
const MAIN = `claude-code/${SESSION}`
const OTHER = 'b7e0a1c2-0000-4000-8000-000000000001'
const THIRD = '4d19f00e-0000-4000-8000-000000000002'
const KILLED = '90ac41d7-0000-4000-8000-000000000003'
const EMAIL = 'dev@example.com'

let browser: Browser
let server: Running
let page: Page
const cleanUps: (() => unknown)[] = []

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true })
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

async function post(path: string, body: string, headers: Record<string, string> = {}): Promise<void> {
  const answer = await fetch(`${new URL(server.url).origin}${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${INGEST}`, 'Content-Type': 'application/json', ...headers },
    body,
  })
  expect(answer.status).toBe(200)
}
/** Of one more session, in another project. */
const hook = (hook_event_name: string, fields: object = {}, session_id = OTHER, cwd = '/srv/checkout') =>
  post(HOOKS_PATH, JSON.stringify({ session_id, cwd, hook_event_name, ...fields }))

let requests = 0
async function use(sessionId: string, costUsd: number): Promise<void> {
  const body = modelRequest({
    sessionId,
    requestId: `req_later_${++requests}`,
    atMs: Date.now(),
    inputTokens: 1_000,
    outputTokens: 100,
    costUsd,
    email: EMAIL,
  })
  await post(OTLP_PATHS.logs, body.logs)
  await post(OTLP_PATHS.traces, body.traces)
}

async function api(path: string): Promise<Record<string, unknown>> {
  const { origin, hash } = new URL(server.url)
  const token = new URLSearchParams(hash.slice(1)).get('token') ?? ''
  const answer = await fetch(`${origin}/api/v1/bots${path}`, { headers: { Authorization: `Bearer ${token}` } })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Record<string, unknown>
}

const row = (id: string) => page.locator(`[data-testid=agent-row][data-agent="${id}"]`)
const field = (name: string) => page.locator(`[data-testid=field-${name}]`).first()
const detail = () => page.locator('[data-testid=detail]')
const happening = (tone: string) => page.locator(`[data-testid=happening] [data-tone=${tone}]`)
const toast = (kind: string) => page.locator(`[data-testid=toast][data-kind=${kind}]`)
const banner = () => page.locator('[data-testid=banner]')
const legend = () => page.locator('[data-testid=legend]')
const search = (query: string) => page.goto(`${new URL(server.url).origin}/?q=${encodeURIComponent(query)}`)
const shown = (count: number) =>
  page
    .locator('[data-testid=shown-count]')
    .filter({ hasText: new RegExp(`^${count} of`) })
    .waitFor()

/** When nothing moves any more: the same picture however slow the machine is. */
async function shoot(name: string, of = page): Promise<void> {
  let frames = -1
  await expect
    .poll(
      async () => {
        const before = frames
        frames = (await pageStats(of)).frames
        return frames === before
      },
      { timeout: 60_000, interval: 700 },
    )
    .toBe(true)
  await of.screenshot({ path: `${SHOTS}/claude-${name}.png` })
}

describe('a session of Claude Code on the page', { timeout: 120_000 }, () => {
  test('its agents are there as their hooks come, each below its parent, as guessed and without a task until it is certain', async () => {
    const hooks = recorded('hooks')
    for (const body of hooks.slice(0, 8)) await post(HOOKS_PATH, body)
    page = await openPage(browser, server.url, { reducedMotion: 'reduce' })
    await row(`${MAIN}/${FIRST}`).waitFor()
    await legend().filter({ hasText: 'probably spawned' }).waitFor()
    await row(`${MAIN}/${FIRST}`).click()
    await detail().filter({ hasText: 'Probably spawned by' }).waitFor()
    expect(await happening('tool').innerText()).toMatch(/Bash/)
    expect(await field('currentTask').innerText()).toContain('not reported')
    await shoot('inferred')

    for (const body of hooks.slice(8, -2)) await post(HOOKS_PATH, body)
    await detail()
      .filter({ hasText: /^(?![\s\S]*Probably)[\s\S]*Spawned by/ })
      .waitFor()
    await legend()
      .filter({ hasText: /^(?![\s\S]*probably)/ })
      .waitFor()
    await field('currentTask').filter({ hasText: 'Do part one' }).waitFor()
    await field('endedReason').filter({ hasText: 'subagent finished' }).waitFor()
    // It is kept, and struck out.
    expect(await row(`${MAIN}/${FIRST}`).getAttribute('data-look')).toBe('offline')
    await page
      .locator('[data-testid=activity] li')
      .filter({ hasText: /^Bash done after \d+ ms/ })
      .waitFor()
  })

  test('before its spans came, what it used is told as of nobody yet; then each has its own, and metrics agree', async () => {
    const sentMs = Date.now()
    for (const body of recorded('otlp-logs')) await post(OTLP_PATHS.logs, movedTo(body, sentMs))
    await row(MAIN).click()
    const session = page.locator('[data-testid=session-use]')
    await session.filter({ hasText: 'Of nobody yet' }).waitFor()
    expect(await field('unattributed').innerText()).toContain('no trace says yet')
    await row(`${MAIN}/${SECOND}`).click()
    await field('tokens').filter({ hasText: 'no trace says which part' }).waitFor()
    for (const signal of ['traces', 'metrics'] as const) {
      for (const body of recorded(`otlp-${signal}`)) await post(OTLP_PATHS[signal], movedTo(body, sentMs))
    }
    await field('tokens').filter({ hasText: '2,408 in' }).waitFor()
    expect(await field('tokens').innerText()).toMatch(/log api_request\s*· \d+ s/)
    await row(MAIN).click()
    await session.filter({ hasText: 'The same as the session’s requests.' }).waitFor()
    expect(await session.innerText()).toMatch(/8,428 in · 308 out · 2,100 cached · \$0\.05/)
    expect(await detail().innerText()).toMatch(/Registered · 1[\s\S]*from-claude/)
    expect(await detail().innerText()).toMatch(/Wrote to · 2/)
    expect(await field('model').innerText()).toContain('claude-opus-4-8')
    // What nobody reported is said so, and is not 0.
    expect(await page.locator('[data-testid=unreported]').innerText()).toContain('CPU, memory')
    await shoot('session')
    expect(await axeFindings(page)).toEqual([])
  })

  test('of a budget 80 % are told as a warning, on the page and by the API', async () => {
    await banner().filter({ hasText: 'The budget of $0.06 is nearly spent.' }).waitFor()
    expect(await banner().innerText()).toContain('$0.05 reported so far.')
    expect(await api('/status')).toMatchObject({ budget: { limitUsd: 0.06, level: 'warning' } })
  })

  test('how its tokens grow is drawn; what the metrics have not told yet is told as a difference; no address is shown', async () => {
    await row(MAIN).click()
    const sparkline = page.locator('[data-testid=sparkline]')
    // A step of the line is ten seconds, so the second request may have to come later.
    await expect
      .poll(
        async () => {
          await use(SESSION, 0.004)
          return sparkline.count()
        },
        { timeout: 30_000, interval: 1_500 },
      )
      .toBe(1)
    // What draws it comes with the first that is to be drawn.
    await sparkline.locator('canvas').waitFor()
    expect(await sparkline.innerText()).toMatch(/tokens, last \d+ (s|min): \+[\d.]+ ?k?/)
    const off = page.locator('[data-testid=session-use] .field-note[data-off]')
    await off.filter({ hasText: 'Not the same as the session’s requests' }).waitFor()
    await use(SESSION, 0.02)
    await banner().filter({ hasText: 'The budget of $0.06 is exceeded.' }).waitFor()
    await page.locator('[data-testid=totals-button]').click()
    await page
      .locator('[data-testid=tokens-per-minute]')
      .filter({ hasText: /last .*log api_request/ })
      .waitFor()
    await shoot('usage')
    await page.locator('[data-testid=totals-button]').click()
    expect(await page.content()).not.toContain(EMAIL)
    expect(JSON.stringify(await api('/agents'))).not.toContain(EMAIL)
  })

  test('who asks for a permission is first everywhere, with the reason and since when, until it is answered', async () => {
    await hook('SessionStart', { source: 'startup' })
    await hook('UserPromptSubmit', { prompt: 'x' })
    await hook('PreToolUse', { tool_name: 'Bash', tool_use_id: 'call-1', tool_input: { command: 'git push' } })
    await hook('PermissionRequest', { tool_name: 'Bash', tool_input: { command: 'git push' } })
    const asking = row(`claude-code/${OTHER}`)
    await asking.locator('[data-tone=needs-you]').filter({ hasText: 'permission: Bash' }).waitFor()
    expect(await asking.locator('.row-since').innerText()).toMatch(/^\d+ s$/)
    const first = () => page.locator('[data-testid=agent-row]').first().getAttribute('data-agent')
    expect(await first()).toBe(`claude-code/${OTHER}`)
    await toast('waiting').waitFor()
    await page.waitForFunction(() => document.title.startsWith('(1 needs you'))
    await page.waitForFunction(() =>
      document.querySelector<HTMLLinkElement>('link[rel=icon]')?.href.startsWith('data:image/png'),
    )
    await asking.click()
    await happening('needs-you').waitFor()
    await shoot('attention')
    // Also where the table is sorted by something else, and in the tree.
    await page.locator('[data-testid=table-toggle]').click()
    await page.locator('[data-testid=sort-tokens]').click()
    await page.locator('[aria-sort=descending]').waitFor()
    expect(await first()).toBe(`claude-code/${OTHER}`)
    await page.keyboard.press('t')
    await page.locator('[role=treegrid]').waitFor()
    await page.keyboard.press('t')
    await page.locator('[data-testid=sort-tokens]').click()
    await page.locator('[data-testid=sort-tokens]').click()
    await page.locator('[data-testid=table-toggle]').click()

    await hook('PostToolUse', { tool_name: 'Bash', tool_use_id: 'call-1', tool_input: {}, tool_response: {} })
    await asking.locator('[data-tone=needs-you]').waitFor({ state: 'detached' })
    await toast('waiting').waitFor({ state: 'detached' })
    await page.waitForFunction(() => document.title === 'Swarmscope')
    await page.waitForFunction(() => document.querySelector('link[rel=icon]')?.getAttribute('href') === '/favicon.svg')
  })

  test('a tool that failed is told, though its agent goes on', async () => {
    await hook('PreToolUse', { tool_name: 'Bash', tool_use_id: 'call-2', tool_input: { command: 'npm test' } })
    await hook('PostToolUseFailure', { tool_name: 'Bash', tool_use_id: 'call-2', tool_input: {}, error: 'x' })
    await row(`claude-code/${OTHER}`).locator('.row-mark[data-tone=failed]').waitFor()
    await happening('failed').filter({ hasText: 'Bash failed' }).waitFor()
    await legend().filter({ hasText: 'a tool failed' }).waitFor()
    expect(await row(`claude-code/${OTHER}`).getAttribute('aria-label')).toContain('Bash failed')
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
    await toast('conflict').filter({ hasText: 'both wrote cart.ts' }).waitFor()
    for (const session of [OTHER, THIRD]) {
      await row(`claude-code/${session}`).locator('.row-mark[data-tone=conflict]').waitFor()
      await row(`claude-code/${session}`).click()
      await happening('conflict').filter({ hasText: 'both wrote cart.ts' }).waitFor()
    }
    expect(await legend().innerText()).toContain('conflict')
    await shoot('conflict')
    expect(await axeFindings(page)).toEqual([])
    // The name leads to the other one.
    await happening('conflict').locator('button').click()
    await row(`claude-code/${OTHER}`).and(page.locator('[aria-selected=true]')).waitFor()
    await search('is:conflict')
    await shown(2)
  })

  test('its project and machine stand in the table, and lead to all of them', async () => {
    await search('')
    await page.locator('[data-testid=table-toggle]').click()
    const cell = (name: string) => row(`claude-code/${OTHER}`).locator(`[data-column=${name}]`)
    await cell('project').filter({ hasText: 'checkout' }).waitFor()
    await row(`claude-code/${THIRD}`).locator('.row-mark[data-tone=conflict]').waitFor()
    expect(await cell('host').innerText()).not.toBe('')
    await shoot('table')
    await row(`claude-code/${OTHER}`).click()
    await field('project').locator('button').click()
    await shown(2)
    expect((await pageStats(page)).mode).toBe('live')
    await page.locator('[data-testid=table-toggle]').click()
    await search('')
  })

  test('whose process is gone is offline, and says so', async () => {
    const program = spawn(process.execPath, ['--eval', 'setInterval(() => undefined, 1_000)'], { stdio: 'ignore' })
    const exited = new Promise((resolve) => program.on('exit', resolve))
    const start = { session_id: KILLED, cwd: '/srv/billing', hook_event_name: 'SessionStart', source: 'startup' }
    await post(HOOKS_PATH, JSON.stringify(start), { 'X-Swarmscope-Pid': String(program.pid) })
    await hook('UserPromptSubmit', { prompt: 'x' }, KILLED, '/srv/billing')
    await row(`claude-code/${KILLED}`).and(page.locator('[data-look=active]')).waitFor()
    program.kill('SIGKILL')
    await exited
    await row(`claude-code/${KILLED}`).and(page.locator('[data-look=offline]')).waitFor({ timeout: 20_000 })
    await row(`claude-code/${KILLED}`).click()
    await field('endedReason').filter({ hasText: 'process gone' }).waitFor()
  })

  test.each([
    ['dark', { width: 1440, height: 900 }],
    ['light', { colorScheme: 'light' }],
    ['narrow', { width: 390, height: 844 }],
    ['laptop', { width: 1180, height: 720 }],
  ] as const)('looks as it should: %s', async (name, options: OpenOptions) => {
    // Asked once, and again what is asked already.
    await hook('PreToolUse', { tool_name: 'Bash', tool_use_id: 'call-9', tool_input: { command: 'git push' } })
    await hook('PermissionRequest', { tool_name: 'Bash', tool_input: { command: 'git push' } })
    const edited = { file_path: '/srv/checkout/src/total.ts' }
    await hook('PreToolUse', { tool_name: 'Edit', tool_use_id: 'call-10', tool_input: edited }, THIRD)
    const other = await openPage(browser, server.url, { reducedMotion: 'reduce', ...options })
    try {
      const asking = other.locator(`[data-testid=agent-row][data-agent="claude-code/${OTHER}"]`)
      await asking.locator('[data-tone=needs-you]').waitFor()
      if (name === 'narrow') await shoot(`${name}-list`, other)
      await asking.click()
      await other.locator('[data-testid=activity] li').first().waitFor()
      await shoot(name, other)
      if (name === 'dark') updateImage('claude-dark', 'claude-code')
      // Nothing stands over its own edge.
      const spilled = await other.evaluate(() => {
        const chips = [...document.querySelectorAll('.chip .clip, .toast')]
        return chips.filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent)
      })
      expect(spilled).toEqual([])
      expect(await axeFindings(other)).toEqual([])
    } finally {
      await other.context().close()
    }
  })
})
