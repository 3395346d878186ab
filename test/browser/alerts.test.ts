// Toasts, notifications, the tab's title and icon; and a server that says anything: against a server of ours, which can be told
// what to say.

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Agent, Entity } from '../../protocol/swarm.ts'
import { axeFindings } from '../helpers/axe.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { openPage, pageStats } from '../helpers/page.ts'
import { ROOT } from '../helpers/swarmscope.ts'
import { liveSource, NO_HISTORY, startFakeServer } from '../helpers/webFakeServer.ts'
import { agentOf, linkOf } from '../helpers/webWorld.ts'
import { seededRandom } from '../protocol/samples.ts'

const WEB = `${ROOT}dist/web`
const attention = { reason: 'permission: Bash', since: new Date().toISOString() }
const agents = Array.from({ length: 120 }, (_, n) => agentOf(`coder-${n}`))

let browser: Browser
const cleanUps: (() => unknown)[] = []
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

declare global {
  var notified: { title: string; body: string; isOver?: true }[]
  var wasAsked: number
  var pretendHidden: boolean
  var said: string[]
}

/** Notifications are recorded in place of shown: what the system draws is not ours. */
function recordNotifications(): void {
  globalThis.notified = []
  globalThis.wasAsked = 0
  globalThis.pretendHidden = false
  class Recorded {
    static permission: NotificationPermission = 'default'
    static requestPermission(): Promise<NotificationPermission> {
      globalThis.wasAsked++
      Recorded.permission = 'granted'
      return Promise.resolve('granted')
    }
    onclick: (() => void) | null = null
    readonly #told: (typeof globalThis.notified)[number]
    constructor(title: string, { body = '' }: NotificationOptions = {}) {
      this.#told = { title, body }
      globalThis.notified.push(this.#told)
    }
    close(): void {
      this.#told.isOver = true
    }
  }
  Object.defineProperty(globalThis, 'Notification', { value: Recorded })
  Object.defineProperty(document, 'hidden', { get: () => globalThis.pretendHidden })
}

async function open(): Promise<{ page: Page; server: Awaited<ReturnType<typeof startFakeServer>> }> {
  const server = await startFakeServer({ webDir: WEB, entities: agents })
  cleanUps.push(() => server.close())
  const page = await openPage(browser, server.url, { reducedMotion: 'reduce', initScript: recordNotifications })
  cleanUps.push(() => page.context().close())
  await page.waitForFunction((count) => globalThis.swarmscope?.stats().agents === count, agents.length)
  await page.locator('[data-testid=said-at-once]').waitFor({ state: 'attached' })
  return { page, server }
}

const failing = (from: number, to: number): Agent[] =>
  agents.slice(from, to).map((agent) => ({ ...agent, status: 'error', activity: 'Tool failed: timeout' }))
const toasts = (page: Page) => page.locator('[data-testid=toast]')

describe('who should look is told', () => {
  test('by a toast for an agent that failed, which leads to it', async () => {
    const { page, server } = await open()
    server.frame(failing(3, 4))
    const toast = toasts(page)
    await toast.waitFor()
    expect(await toast.innerText()).toMatch(/coder-3 failed[\s\S]*Tool failed: timeout/)
    expect(await page.locator('[role=status][data-testid=said-politely]').innerText()).toContain('coder-3 failed')
    expect(await axeFindings(page, ['.toasts'])).toEqual([])
    await page.locator('[data-testid=toast-show]').click()
    await page.locator('[data-testid=detail]').filter({ hasText: 'coder-3' }).waitFor()
    expect(await toast.count()).toBe(0)
  })

  test('aloud: each time anew, all of a burst, and not for ever', async () => {
    const { page, server } = await open()
    await page.evaluate(() => {
      globalThis.said = []
      const watch = new MutationObserver((records) => {
        for (const { addedNodes } of records)
          for (const node of addedNodes) globalThis.said.push(node.textContent ?? '')
      })
      for (const part of document.querySelectorAll('[data-testid^=said-]')) watch.observe(part, { childList: true })
    })
    const said = () => page.evaluate(() => globalThis.said)
    const again = 'coder-3 failed. Tool failed: timeout'
    server.frame(failing(3, 4))
    await expect.poll(said).toEqual([again])
    server.frame([agentOf('coder-3')])
    server.frame([...failing(3, 4), linkOf('conflict', agentOf('coder-7').id, agentOf('coder-8').id)])
    await expect.poll(said).toEqual([again, expect.stringMatching(/^coder-7 and coder-8 are in conflict/), again])
    await expect.poll(() => page.locator('[data-testid=said-politely]').innerText(), { timeout: 10_000 }).toBe('')
    expect(await said()).toHaveLength(3)
  })

  test('by one toast for 100 failures, and one for who needs a person until nobody does', async () => {
    const { page, server } = await open()
    for (let from = 0; from < 100; from += 10) server.frame(failing(from, from + 10))
    await toasts(page).filter({ hasText: '100 agents failed' }).waitFor()
    expect(await toasts(page).count()).toBe(1)
    const asking = { ...agentOf('coder-110'), attention }
    server.frame([asking])
    await toasts(page).filter({ hasText: 'coder-110 needs you' }).waitFor()
    expect(await page.locator('[role=alert][data-testid=said-at-once]').innerText()).toContain('permission: Bash')
    await page.waitForFunction(() => document.title.startsWith('(1 needs you, 100 failed)'))
    await page.waitForFunction(() =>
      document.querySelector<HTMLLinkElement>('link[rel=icon]')?.href.startsWith('data:image/png'),
    )
    server.frame([{ ...asking, attention: null }])
    await toasts(page).filter({ hasText: 'coder-110' }).waitFor({ state: 'detached' })
    await page.waitForFunction(() => document.querySelector('link[rel=icon]')?.getAttribute('href') === '/favicon.svg')
  })

  test('by a notification while the page is hidden, if its user said so, and not by a hundred', async () => {
    const { page, server } = await open()
    const notified = () => page.evaluate(() => globalThis.notified)
    await page.evaluate(() => {
      globalThis.pretendHidden = true
    })
    server.frame(failing(0, 1))
    await page.waitForFunction(() => document.querySelectorAll('[data-testid=toast]').length === 1)
    expect([await notified(), await page.evaluate(() => globalThis.wasAsked)]).toEqual([[], 0])

    await page.locator('[data-testid=notify-on]').click()
    await page.locator('[data-testid=notify-on]').waitFor({ state: 'detached' })
    expect(await page.evaluate(() => globalThis.wasAsked)).toBe(1)
    server.frame([{ ...agentOf('coder-90'), attention }])
    await page.waitForFunction(() => globalThis.notified.length === 1)
    expect(await notified()).toEqual([{ title: 'coder-90 needs you', body: 'permission: Bash' }])
    for (let n = 1; n < 60; n++) server.frame(failing(n, n + 1))
    // One toast more at most: where the machine is slow, the first one's time to be joined is over.
    await toasts(page)
      .filter({ hasText: /(59|60) agents failed/ })
      .waitFor()
    expect(await notified()).toHaveLength(1)
    // Answered, it is gone.
    server.frame([agentOf('coder-90')])
    await page.waitForFunction(() => globalThis.notified[0]?.isOver)

    // Kept over a reload.
    await page.reload()
    await page.waitForFunction(() => globalThis.swarmscope?.stats().mode === 'live')
    expect(await page.evaluate(() => localStorage.getItem('swarmscope.notify'))).toBe('on')
  })
})

describe('who says nothing any more', () => {
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
  const atWork = (name: string, minutes: number, fields: Partial<Agent> = {}): Agent =>
    agentOf(name, { kind: 'observed', status: 'active', lastActiveAt: minutesAgo(minutes), ...fields })

  test('is quiet, then seems stuck with the reason, above who works; and not while a tool, a child or a question explains it', async () => {
    const { page, server } = await open()
    const row = (name: string) => page.locator(`[data-testid=agent-row][data-agent="${agentOf(name).id}"]`)
    server.frame([
      atWork('coder-1', 2),
      atWork('coder-2', 9),
      atWork('coder-3', 9, {
        openTools: [{ id: 'call-1', name: 'Bash', detail: null, since: minutesAgo(9) }],
        status: 'busy',
      }),
      atWork('coder-4', 9, { attention: { reason: 'question', since: minutesAgo(8) } }),
      atWork('coder-5', 9),
      atWork('coder-6', 0, { parentId: agentOf('coder-5').id }),
    ])
    await row('coder-2').and(page.locator('[data-concern=stuck]')).waitFor()
    await row('coder-1').and(page.locator('[data-concern=quiet]')).waitFor()
    expect(await row('coder-2').innerText()).toContain('stuck: nothing heard for 9 min while at work')
    for (const name of ['coder-3', 'coder-4', 'coder-5']) {
      expect(await row(name).getAttribute('data-concern')).not.toBe('stuck')
    }
    const groups = await page.locator('[data-testid=agent-group]').allInnerTexts()
    expect(groups.map((words) => words.split(' · ')[0]).slice(0, 3)).toEqual(['Needs you', 'Seems stuck', 'Working'])
    await row('coder-2').click()
    const line = page.locator('[data-testid=happening] [data-tone=stuck]')
    expect(await line.innerText()).toContain('nothing heard for 9 min')
    await page.locator('[data-testid=legend]').filter({ hasText: 'stuck' }).waitFor()
    expect(await axeFindings(page)).toEqual([])
    // It is heard of again.
    server.frame([atWork('coder-2', 0)])
    await line.waitFor({ state: 'detached' })
    await row('coder-2').and(page.locator('[data-concern]')).waitFor({ state: 'detached' })
  })
})

describe('a server that says anything', () => {
  test('1,000 malformed, repeated and reordered messages: one resync a burst, no uncaught error, and the page is where the server is', async () => {
    const random = seededRandom(5)
    const { page, server } = await open()
    const hellos = () => server.received.filter(({ type }) => type === 'hello').length
    for (let burst = 0; burst < 4; burst++) {
      const before = hellos()
      const seq = server.seq
      for (let n = 0; n < 250; n++) server.raw(nonsense(random, server.epoch, seq))
      // One that is missed, so that something really is to be asked for again.
      server.raw({ type: 'frame', epoch: server.epoch, from: seq + 5, to: seq + 6, put: [], del: [] })
      await expect.poll(hellos, { timeout: 15_000 }).toBe(before + 1)
      // A good envelope, and in it much that no page could show.
      server.frame([...unshowable(random), agentOf(`burst-${burst}`)])
      await page.waitForFunction((count) => globalThis.swarmscope.stats().agents === count, agents.length + burst + 1)
      expect(hellos()).toBe(before + 1)
    }
    expect((await pageStats(page)).seq).toBe(server.seq)
    await page.locator('[data-testid=banner]').filter({ hasText: 'cannot be shown by this page' }).waitFor()
    // Another server in its place, with another world: it heals without a reload.
    const port = Number(new URL(server.origin).port)
    await server.close()
    const second = await startFakeServer({ webDir: WEB, entities: agents.slice(0, 7), port })
    cleanUps.push(() => second.close())
    await page.waitForFunction(() => globalThis.swarmscope.stats().agents === 7)
  })

  test('of another version: its kinds, states and modes are shown in its words, and the banner names both versions', async () => {
    const { page, server } = await open()
    server.raw({ type: 'hello', protocol: 1, version: '9.9.9', role: 'operator' })
    const foreign = { ...liveSource(), id: 'new', kind: 'codex', state: 'dreaming', counts: { dreams: 1_234 } }
    const status = { type: 'status', at: new Date().toISOString(), degraded: [], viewers: 1, noHistory: NO_HISTORY }
    server.raw({ ...status, mode: 'dreaming', sources: [null, liveSource(), foreign] })
    server.frame([{ ...agentOf('coder-117'), status: 'sleeping' } as unknown as Agent])
    const banner = page.locator('[data-testid=banner]')
    await banner.filter({ hasText: `It is 9.9.9, this page` }).waitFor()
    expect(await banner.innerText()).toMatch(/1 left out so far/)
    expect(await banner.locator('[data-testid=reload]').count()).toBe(1)
    await page
      .locator('[data-testid=source-chip]')
      .filter({ hasText: /codex\s*dreaming/ })
      .waitFor()
    await page.locator('[data-testid=search]').fill('coder-117')
    await page.locator(`[data-agent="${agentOf('coder-117').id}"]`).click()
    await page.locator('[data-testid=detail]').filter({ hasText: 'sleeping' }).waitFor()
  })

  test('a page that breaks all the same says so, with the versions and "Reload"', async () => {
    const server = await startFakeServer({ webDir: WEB, entities: agents })
    cleanUps.push(() => server.close())
    const page = await openPage(browser, server.url, { reducedMotion: 'reduce', tolerates: /broken on purpose/ })
    cleanUps.push(() => page.context().close())
    await page.waitForFunction((count) => globalThis.swarmscope?.stats().agents === count, agents.length)
    await page.evaluate(() => {
      Number.prototype.toLocaleString = () => {
        throw new Error('broken on purpose')
      }
    })
    server.raw({ type: 'hello', protocol: 1, version: '9.9.9', role: 'operator' })
    server.setStatus({ sources: [liveSource({ counts: { hooks: 7 } })] })
    const broken = page.locator('[data-testid=broken]')
    await broken.filter({ hasText: /The server is version 9\.9\.9, this page \d/ }).waitFor()
    expect(await axeFindings(page)).toEqual([])
    await broken.locator('[data-testid=reload]').click()
    await page.waitForFunction((count) => globalThis.swarmscope?.stats().agents === count, agents.length)
    await page.locator('[data-testid=agent-row]').first().waitFor()
  })

  test('1,000 changes a second: the page answers, and misses none', async () => {
    const { page, server } = await open()
    const began = Date.now()
    let changes = 0
    const timer = setInterval(() => {
      const due = Math.min(8_000, Date.now() - began)
      const put: Agent[] = []
      for (; changes < due; changes++) put.push({ ...agents[changes % agents.length]!, activity: `Step ${changes}` })
      for (let from = 0; from < put.length; from += agents.length) server.frame(put.slice(from, from + agents.length))
    }, 33)
    cleanUps.push(() => clearInterval(timer))
    await page.locator('[data-testid=agent-row]').nth(2).click()
    await page.locator('[data-testid=detail]').waitFor()
    const slowest = await page.evaluate(async () => {
      let longestMs = 0
      for (let n = 0; n < 20; n++) {
        const askedMs = performance.now()
        await new Promise((resolve) => setTimeout(resolve, 50))
        longestMs = Math.max(longestMs, performance.now() - askedMs - 50)
      }
      return longestMs
    })
    // A person feels a tenth of a second; a shared machine without a GPU gets far more.
    expect(slowest).toBeLessThan(1_000)
    await expect.poll(() => changes, { timeout: 30_000 }).toBe(8_000)
    await page.waitForFunction((seq) => globalThis.swarmscope.stats().seq === seq, server.seq)
  })
})

/** What stands in a frame as an entity and is none. */
function unshowable(random: () => number): Entity[] {
  const agent = agentOf(`broken-${random()}`)
  const some: unknown[] = [
    { entity: 'agent', id: agent.id },
    { ...agent, attention: 7 },
    { ...agent, tokens: 'many', openTools: {} },
    { ...agent, kind: 'dreamt', sources: null },
    { ...agent, entity: 'dream' },
    { entity: 'link', id: `link-${random()}`, kind: 'telepathy', source: agent.id, target: agent.id },
    { entity: 'task', id: `task-${random()}`, status: 'pending', assignedTo: null },
    { entity: 'swarm', id: `swarm-${random()}`, agentIds: [null] },
  ]
  return some.sort(() => random() - 0.5) as Entity[]
}

/** Something that no server should say, or that this one said before. */
function nonsense(random: () => number, epoch: string, seq: number): unknown {
  const kinds = [
    '{"type":"frame"',
    'null',
    '[]',
    '42',
    '',
    { type: 'frame', epoch, from: -1, to: 'x', put: [{}], del: null },
    { type: 'frame', epoch, from: 0, to: Math.floor(random() * seq), put: [], del: [] },
    { type: 'frame', epoch: 'another', from: 0, to: 9, put: [], del: [] },
    { type: 'snapshot', epoch, seq, index: 7, last: true, put: [] },
    { type: 'status', mode: 'live', sources: 'none', degraded: [] },
    {
      type: 'status',
      mode: 'live',
      sources: [null, {}, { id: 'x', kind: 7 }],
      degraded: [null],
      noHistory: NO_HISTORY,
    },
    { type: 'nobody knows' },
    { type: 'hello' },
    Buffer.from([1, 2, 3, 0xff]),
  ]
  return kinds[Math.floor(random() * kinds.length)]
}
