// What can be done in there, by each hand alone: with a controller, bare, and by a look and a pinch. Each action of the registry
// has its check here, so the matrix is whole or does not compile.

import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { ACTIONS, type Action, type XrCommand } from '../../web/xr/actions.ts'
import type { BoardInput } from '../../web/xr/boardLayout.ts'
import { STANDS, type WorldRig } from '../../web/xr/worldRig.ts'
import {
  aim,
  buttonPlace,
  click,
  countOnly,
  enter,
  expectNoFaults,
  frames,
  type Hand,
  headsetPages,
  type Input,
  press,
  pull,
  rigOf,
  SINGLE_INPUTS,
} from '../helpers/headset.ts'
import { pageStats } from '../helpers/page.ts'
import { serveHistory } from '../helpers/servedHistory.ts'
import { agentOf, smallWorld } from '../helpers/webWorld.ts'

const pages = headsetPages({ reducedMotion: 'reduce', initScript: countOnly })

const INPUTS = [...SINGLE_INPUTS, ['gaze', 'right'], ['screen', 'right']] as const satisfies readonly (readonly [
  Input,
  Hand,
])[]

/** What is asked of the page is answered after what it has to draw, on a machine that may be busy. */
const SOON = { timeout: 10_000 }

const selected = (page: Page) => page.locator('[data-testid=detail] h2').allInnerTexts()

const turn = (before: WorldRig, after: WorldRig) => ((after.yaw - before.yaw) * 180) / Math.PI
type Change = (before: WorldRig, after: WorldRig) => number
/** How far what each button does is from what it shall do. */
const SCALES: Partial<Record<XrCommand, Change>> = {
  larger: (before, after) => before.scale / after.scale - 1.3,
  smaller: (before, after) => after.scale / before.scale - 1.3,
}
const TURNS: Partial<Record<XrCommand, Change>> = {
  'turn-left': (before, after) => turn(before, after) - 30,
  'turn-right': (before, after) => turn(before, after) + 30,
}
const MOVES: Partial<Record<XrCommand, Change>> = {
  higher: (before, after) => (before.y - after.y) / after.scale - 0.1,
  lower: (before, after) => (after.y - before.y) / after.scale - 0.1,
  room: (before, after) => before.scale / after.scale - STANDS.room.radius / STANDS.table.radius,
  inside: (before, after) => before.scale / after.scale - STANDS.inside.radius / STANDS.room.radius,
  table: (before, after) => before.scale / after.scale - STANDS.table.radius / STANDS.inside.radius,
  // Nearer, for who sits, and as before.
  seated: (before, after) => after.scale / before.scale - 1 / 0.6,
}

class Visitor {
  readonly page: Page
  readonly fake: Awaited<ReturnType<typeof pages.open>>['fake']
  readonly input: Input
  readonly hand: Hand
  readonly asked: string[] = []
  name = ''

  constructor({ page, fake }: Awaited<ReturnType<typeof pages.open>>, input: Input, hand: Hand) {
    this.page = page
    this.fake = fake
    this.input = input
    this.hand = hand
  }

  press(command: XrCommand, more: Partial<BoardInput> = {}): Promise<void> {
    return click(this.page, this.input, this.hand, buttonPlace(command, more))
  }

  /** By buttons that change where the user stands. */
  async changes(by: Partial<Record<XrCommand, Change>>): Promise<void> {
    for (const [command, change] of Object.entries(by)) {
      const before = await rigOf(this.page)
      await this.press(command as XrCommand)
      await frames(this.page, 2)
      expect(change(before, await rigOf(this.page)), command).toBeCloseTo(0, 2)
    }
  }

  /** Points about the swarm until a press selects somebody. */
  async selectAny(): Promise<string> {
    for (let turn = 0; turn < 60; turn++) {
      const away = 0.05 * Math.sqrt(turn)
      const at = { x: away * Math.cos(2.4 * turn), y: 1.5 + away * Math.sin(2.4 * turn), z: -1.2 }
      await click(this.page, this.input, this.hand, at)
      const [name] = await selected(this.page)
      if (name !== undefined) return name
    }
    throw new Error('nobody was hit')
  }

  attribute(testId: string, name: string) {
    return expect.poll(() => this.page.locator(`[data-testid=${testId}]`).getAttribute(name), SOON)
  }

  get address() {
    return expect.poll(() => decodeURIComponent(this.page.url()), SOON)
  }

  get travel() {
    return this.attribute('timeline', 'data-travel')
  }
}

const DETAIL = { detail: { name: '', lines: [], tone: 'plain', note: '' }, canTerminate: true } as const
const NOTICE = { notice: { title: '', text: '', tone: 'failed' } } as const
const PAST = { hasPast: true, isPast: true } as const

/** In this order: what leaves comes last. */
const CHECKS: Record<Action, (visitor: Visitor) => Promise<void>> = {
  select: async (visitor) => {
    visitor.name = await visitor.selectAny()
    expect(visitor.name).not.toBe('')
    await frames(visitor.page, 30)
  },
  'open-detail': async (visitor) => {
    const shown = async () => (await pageStats(visitor.page)).xr.panels
    expect(await shown()).toContain('detail')
    await visitor.press('detail')
    await expect.poll(shown, SOON).not.toContain('detail')
    await visitor.press('detail')
    await expect.poll(shown, SOON).toContain('detail')
  },
  follow: async (visitor) => {
    const { page } = visitor
    /** How far the user is taken while all are laid out otherwise, in metres. */
    const taken = async (layout: string) => {
      const before = await rigOf(page)
      await page.locator(`[data-testid=layout-${layout}]`).dispatchEvent('click')
      await frames(page, 90)
      const after = await rigOf(page)
      return Math.hypot(after.x - before.x, after.y - before.y, after.z - before.z) / before.scale
    }
    await visitor.press('follow')
    await visitor.attribute('camera-follow', 'aria-pressed').toBe('true')
    expect(await taken('rings')).toBeGreaterThan(0.01)
    await visitor.press('follow')
    await visitor.attribute('camera-follow', 'aria-pressed').toBe('false')
    expect(await taken('force')).toBe(0)
    await visitor.press('reset')
  },
  filter: async (visitor) => {
    await visitor.press('filter')
    // The query stays in the page's address.
    await visitor.address.toContain('needs:me')
    await visitor.press('filter')
    await visitor.address.toContain('status:failed')
    await visitor.press('filter')
    await visitor.address.toContain('status:working')
    await visitor.press('filter')
    await visitor.address.not.toMatch(/needs:|status:/)
  },
  scale: (visitor) => visitor.changes(SCALES),
  turn: (visitor) => visitor.changes(TURNS),
  move: async (visitor) => {
    const { page, input, hand } = visitor
    await visitor.changes(MOVES)
    await visitor.press('seated')

    await visitor.press('go')
    const whence = await rigOf(page)
    await click(page, input, hand, { x: hand === 'left' ? -1.5 : 1.5, y: 0.2, z: -0.9 })
    await frames(page, 2)
    const there = await rigOf(page)
    expect(Math.hypot(there.x - whence.x, there.z - whence.z) / there.scale).toBeGreaterThan(0.5)
    expect([there.y, there.yaw, there.scale]).toEqual([whence.y, whence.yaw, whence.scale])

    // Drawn along, a press pulls the world, and selects nobody else.
    await aim(page, input, hand, { x: 0, y: 2.4, z: -1 })
    await frames(page, 2)
    const before = await rigOf(page)
    await press(page, input, hand, true)
    await pull(page, input, hand, { x: 0, y: 1.5, z: -0.4 })
    await press(page, input, hand, false)
    const pulled = await rigOf(page)
    expect([pulled.yaw, pulled.scale]).toEqual([before.yaw, before.scale])
    const metres = Math.hypot(pulled.x - before.x, pulled.y - before.y, pulled.z - before.z) / before.scale
    expect(metres).toBeGreaterThan(0.1)
    expect(await selected(page)).toEqual([visitor.name])
  },
  reset: async (visitor) => {
    await visitor.press('reset')
    await frames(visitor.page, 2)
    // As on entry, which a stand shows as well.
    const { x, y, z, scale } = await rigOf(visitor.page)
    await visitor.press('table')
    await frames(visitor.page, 2)
    const table = await rigOf(visitor.page)
    expect(Math.hypot(x - table.x, y - table.y, z - table.z) / table.scale).toBeLessThan(0.05)
    expect(scale / table.scale).toBeCloseTo(1, 1)
  },
  arrange: async (visitor) => {
    for (const layout of ['hierarchy', 'rings', 'force']) {
      await visitor.press('arrange')
      await visitor.attribute(`layout-${layout}`, 'aria-pressed').toBe('true')
    }
  },
  sound: async (visitor) => {
    const kept = () =>
      visitor.page.evaluate(
        () => (JSON.parse(localStorage.getItem('swarmscope.settings') ?? '{}') as { sound?: string }).sound,
      )
    for (const sound of ['mono', 'off', 'spatial']) {
      await visitor.press('sound')
      await expect.poll(kept, SOON).toBe(sound)
    }
  },
  'look-at-alert': async (visitor) => {
    const toasts = visitor.page.locator('[data-testid=toast]')
    visitor.fake.frame([agentOf('unlucky', { status: 'error', activity: 'npm test' })])
    await toasts.waitFor({ state: 'attached' })
    await expect.poll(async () => (await pageStats(visitor.page)).xr.panels, SOON).toContain('notice')
    await visitor.press('show-alert', NOTICE)
    await expect.poll(() => selected(visitor.page), SOON).toEqual(['unlucky'])
    visitor.fake.frame([agentOf('unhappy', { attention: { reason: 'question', since: new Date().toISOString() } })])
    await toasts.waitFor({ state: 'attached' })
    await expect.poll(async () => (await pageStats(visitor.page)).xr.panels, SOON).toContain('notice')
    await visitor.press('dismiss-alert', NOTICE)
    await expect.poll(() => toasts.count(), SOON).toBe(0)
    expect(await selected(visitor.page)).toEqual(['unlucky'])
  },
  travel: async (visitor) => {
    await visitor.press('earlier', { hasPast: true })
    await visitor.travel.toBe('paused')
    await expect.poll(async () => (await pageStats(visitor.page)).xr.panels, SOON).toContain('banner')
    const moment = () => visitor.page.locator('[data-testid=banner] time').getAttribute('datetime')
    const first = Date.parse((await moment()) ?? '')
    await visitor.press('earlier', PAST)
    await expect.poll(async () => Date.parse((await moment()) ?? ''), SOON).toBeLessThan(first - 8_000)
    await visitor.press('later', PAST)
    await expect.poll(async () => Date.parse((await moment()) ?? ''), SOON).toBeGreaterThan(first - 8_000)
    await visitor.press('play', PAST)
    await visitor.travel.toBe('playing')
    await visitor.press('play', PAST)
    await visitor.travel.toBe('paused')
  },
  'back-to-live': async (visitor) => {
    await visitor.press('live', PAST)
    await visitor.travel.toBe('live')
  },
  terminate: async (visitor) => {
    const attention = { reason: 'waiting for input', since: new Date().toISOString() }
    visitor.fake.frame([agentOf('ended', { origin: 'claude-flow', attention })])
    await expect.poll(async () => (await pageStats(visitor.page)).xr.panels, SOON).toContain('notice')
    await visitor.press('show-alert', NOTICE)
    await expect.poll(() => selected(visitor.page), SOON).toEqual(['ended'])
    await frames(visitor.page, 30)
    await visitor.press('terminate', DETAIL)
    await frames(visitor.page, 20)
    await visitor.press('terminate-no', { ...DETAIL, isAsking: true })
    await frames(visitor.page, 20)
    await visitor.press('terminate', DETAIL)
    await frames(visitor.page, 20)
    expect(visitor.asked).toEqual([])
    await visitor.press('terminate-yes', { ...DETAIL, isAsking: true })
    await expect.poll(() => visitor.asked, SOON).toEqual(['DELETE'])
  },
  'retry-now': async (visitor) => {
    visitor.fake.setStatus({ mode: 'stale', sources: [] })
    const retries = () => visitor.fake.received.filter(({ type }) => type === 'retry').length
    await expect.poll(async () => (await pageStats(visitor.page)).xr.panels, SOON).toContain('banner')
    await visitor.press('retry')
    await expect.poll(retries, SOON).toBe(1)
  },
  exit: async (visitor) => {
    await visitor.press('exit')
    await visitor.page.waitForFunction(() => !globalThis.swarmscope.stats().xr.presenting)
  },
}

describe.each(INPUTS)('by %s, %s', (input, hand) => {
  test('each action can be done (X9)', { timeout: 400_000 }, async () => {
    expect(Object.keys(CHECKS).sort()).toEqual([...ACTIONS].sort())
    const opened = await pages.open(smallWorld(), undefined, serveHistory)
    const { page } = opened
    const visitor = new Visitor(opened, input, hand)
    await page.route('**/api/v1/bots/agents/**', (route) => {
      if (route.request().method() === 'GET') return route.fallback()
      visitor.asked.push(route.request().method())
      return route.fulfill({ json: { success: true } })
    })
    await page.locator('[data-testid=timeline-track][aria-disabled=false]').waitFor()
    // A phone has nothing but AR.
    await enter(page, input === 'screen' ? 'ar' : 'vr')
    await frames(page, 40)
    for (const check of Object.values(CHECKS)) await check(visitor)
    await expectNoFaults(page)
    expect((await pageStats(page)).xr.presenting).toBe(false)
  })
})
