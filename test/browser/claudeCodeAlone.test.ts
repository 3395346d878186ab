// Claude Code without any claude-flow: what the page says before and after it reports, with `--no-claude-flow` and without.

import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOOKS_PATH } from '../../server/ingest/paths.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { hookBodies } from '../helpers/claudeCodeRecordings.ts'
import { openPage } from '../helpers/page.ts'
import { SHOTS } from '../helpers/shots.ts'
import { type Running, startServerProcess, temporaryFolder } from '../helpers/swarmscope.ts'

const INGEST = 'ingest-token-of-the-test'
/** Of Node alone: there is no claude-flow on it. */
const PATH = dirname(process.execPath)

let browser: Browser
const cleanUps: (() => unknown)[] = []
beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function started(name: string, ...args: string[]): Promise<{ server: Running; project: string; data: string }> {
  const [project, data] = ['project', 'data'].map((kind) => {
    const { path, remove } = temporaryFolder(`${name}-${kind}`)
    cleanUps.push(remove)
    return path
  }) as [string, string]
  const server = await startServerProcess({
    args: ['--project', project, '--data-dir', data, '--port', '0', '--relay-port', '0', ...args],
    env: { SWARMSCOPE_INGEST_TOKEN: INGEST, PATH },
  })
  cleanUps.push(() => server.stop())
  return { server, project, data }
}

async function work({ url }: Running): Promise<void> {
  for (const body of hookBodies().slice(0, 8)) {
    const answer = await fetch(`${new URL(url).origin}${HOOKS_PATH}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${INGEST}` },
      body: JSON.stringify(body),
    })
    expect(answer.status).toBe(200)
  }
}

const shoot = (page: Page, name: string) => page.screenshot({ path: join(SHOTS, `${name}.png`) })
const banner = (page: Page) => page.getByTestId('banner')

test('with --no-claude-flow an empty page teaches what to do, and one that is reported to has no banner', async () => {
  const { server, project, data } = await started('alone', '--no-claude-flow')
  const page = await openPage(browser, server.url)
  const empty = page.getByTestId('empty')
  await empty.waitFor()
  const told = await empty.innerText()
  expect(told).toContain('Ready. No agents yet.')
  expect(told).toContain(`npm start -- connect --project ${project} --data-dir ${data}`)
  expect(told).not.toContain('claude-flow')
  expect(await banner(page).count()).toBe(0)
  await shoot(page, 'alone-empty')
  await work(server)
  await page.getByTestId('agent-row').first().waitFor()
  expect(await banner(page).count()).toBe(0)
  expect(await page.getByTestId('mode').getAttribute('data-mode')).toBe('live')
  await shoot(page, 'alone-working')
  await page.context().close()
})

test('without it MOCK names both ways, and once Claude Code reports a claude-flow that never was is one calm line', async () => {
  const { server, project } = await started('nothing')
  const page = await openPage(browser, server.url)
  await banner(page).waitFor()
  const said = await banner(page).innerText()
  expect(said).toContain('MOCK')
  expect(said).toContain('start claude-flow in the project, or have Claude Code report here:')
  expect(said).toContain(`npm start -- connect --project ${project}`)
  await shoot(page, 'nothing-mock')
  await work(server)
  await page.locator('[data-testid=banner][data-tone=note]').waitFor()
  expect(await banner(page).innerText()).toMatch(/^claude-flow was not found\. .*--no-claude-flow/)
  expect(await page.getByTestId('retry').count()).toBe(0)
  // No alarm, neither for the eye nor for the ear.
  expect(await page.getByRole('alert').filter({ hasText: 'claude-flow' }).count()).toBe(0)
  expect(await page.getByText('MOCK').count()).toBe(0)
  await shoot(page, 'nothing-note')
  await page.context().close()
})
