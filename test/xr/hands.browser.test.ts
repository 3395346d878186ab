// What can be done in there, by each hand alone: with a controller, and bare.

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { XrCommand } from '../../web/xr/actions.ts'
import type { BoardInput } from '../../web/xr/boardLayout.ts'
import { STANDS, type WorldRig } from '../../web/xr/worldRig.ts'
import { launchBrowser } from '../helpers/browser.ts'
import {
  aim,
  buttonPlace,
  click,
  countOnly,
  enter,
  expectNoFaults,
  frames,
  type Hand,
  type Input,
  openWithHeadset,
  press,
} from '../helpers/headset.ts'
import { pageStats } from '../helpers/page.ts'
import { smallWorld } from '../helpers/webWorld.ts'

let browser: Browser
const afterEachTest: (() => unknown)[] = []
beforeAll(async () => {
  browser = await launchBrowser()
})
afterEach(async () => {
  for (const cleanUp of afterEachTest.splice(0).reverse()) await cleanUp()
})
afterAll(() => browser?.close())

const INPUTS = [
  ['controller', 'left'],
  ['controller', 'right'],
  ['hand', 'left'],
  ['hand', 'right'],
] as const satisfies readonly (readonly [Input, Hand])[]

const selected = (page: Page) => page.locator('[data-testid=detail] h2').allInnerTexts()

/** Points about the swarm until a press selects somebody. */
async function selectAny(page: Page, input: Input, hand: Hand): Promise<string> {
  for (let turn = 0; turn < 60; turn++) {
    const away = 0.05 * Math.sqrt(turn)
    await click(page, input, hand, { x: away * Math.cos(2.4 * turn), y: 1.5 + away * Math.sin(2.4 * turn), z: -1.2 })
    const [name] = await selected(page)
    if (name !== undefined) return name
  }
  throw new Error('nobody was hit')
}

async function rigOf(page: Page): Promise<WorldRig> {
  const { rig } = (await pageStats(page)).xr
  if (!rig) throw new Error('nobody is in there')
  return rig
}

const turn = (before: WorldRig, after: WorldRig) => ((after.yaw - before.yaw) * 180) / Math.PI
/** How far what each button does is from what it shall do. */
const MOVES = {
  larger: (before, after) => before.scale / after.scale - 1.3,
  smaller: (before, after) => after.scale / before.scale - 1.3,
  'turn-left': (before, after) => turn(before, after) - 30,
  'turn-right': (before, after) => turn(before, after) + 30,
  higher: (before, after) => (before.y - after.y) / after.scale - 0.1,
  lower: (before, after) => (after.y - before.y) / after.scale - 0.1,
  room: (before, after) => before.scale / after.scale - STANDS.room.radius / STANDS.table.radius,
  inside: (before, after) => before.scale / after.scale - STANDS.inside.radius / STANDS.room.radius,
  table: (before, after) => before.scale / after.scale - STANDS.table.radius / STANDS.inside.radius,
} satisfies Partial<Record<XrCommand, (before: WorldRig, after: WorldRig) => number>>

describe.each(INPUTS)('by %s, %s', (input, hand) => {
  test('each action can be done (X9)', { timeout: 240_000 }, async () => {
    const { page, fake } = await openWithHeadset(browser, [...smallWorld()], {
      reducedMotion: 'reduce',
      initScript: countOnly,
    })
    afterEachTest.push(
      () => fake.close(),
      () => page.context().close(),
    )
    await enter(page)
    await frames(page, 40)
    const pressButton = (command: XrCommand, more: Partial<BoardInput> = {}) =>
      click(page, input, hand, buttonPlace(command, more))

    const table = await rigOf(page)
    const name = await selectAny(page, input, hand)
    expect(name).not.toBe('')

    await frames(page, 30)
    await pressButton('follow')
    await expect.poll(() => page.locator('[data-testid=camera-follow]').getAttribute('aria-pressed')).toBe('true')
    await pressButton('follow')
    await expect.poll(() => page.locator('[data-testid=camera-follow]').getAttribute('aria-pressed')).toBe('false')

    await pressButton('filter')
    // The query stays in the page's address.
    await expect.poll(() => decodeURIComponent(page.url())).toContain('needs:me')
    for (let turn = 0; turn < 3; turn++) await pressButton('filter')
    await expect.poll(() => decodeURIComponent(page.url())).not.toMatch(/needs:|status:/)

    for (const [command, changes] of Object.entries(MOVES)) {
      const before = await rigOf(page)
      await pressButton(command as keyof typeof MOVES)
      await frames(page, 2)
      expect(changes(before, await rigOf(page)), command).toBeCloseTo(0, 2)
    }
    // Nearer, for who sits, and as before.
    const standing = await rigOf(page)
    await pressButton('seated')
    await frames(page, 2)
    expect((await rigOf(page)).scale).toBeCloseTo(standing.scale / 0.6, 6)
    await pressButton('seated')

    await pressButton('go')
    const whence = await rigOf(page)
    await click(page, input, hand, { x: hand === 'left' ? -1.5 : 1.5, y: 0.2, z: -0.9 })
    await frames(page, 2)
    const there = await rigOf(page)
    expect(Math.hypot(there.x - whence.x, there.z - whence.z) / there.scale).toBeGreaterThan(0.5)
    expect([there.y, there.yaw, there.scale]).toEqual([whence.y, whence.yaw, whence.scale])
    // The press meant that, and nobody.
    expect(await selected(page)).toEqual([name])

    await pressButton('detail')
    await pressButton('detail')
    const before = await rigOf(page)
    // Drawn along, a press pulls the world instead, and selects nobody else.
    await aim(page, input, hand, { x: 0, y: 2.4, z: -1 })
    await frames(page, 2)
    await press(page, input, hand, true)
    await page.evaluate(
      ([kind, side]) => {
        const { device } = globalThis.headset
        const held = kind === 'hand' ? device.hands[side] : device.controllers[side]
        held.position.set(0, 1.5, -0.4)
      },
      [input, hand] as const,
    )
    await frames(page, 5)
    await press(page, input, hand, false)
    expect(await selected(page)).toEqual([name])
    const pulled = await rigOf(page)
    expect([pulled.yaw, pulled.scale]).toEqual([before.yaw, before.scale])
    expect(Math.hypot(pulled.x - before.x, pulled.y - before.y, pulled.z - before.z) / before.scale).toBeGreaterThan(
      0.1,
    )

    await pressButton('reset')
    await frames(page, 2)
    expect((await rigOf(page)).scale).toBeCloseTo(table.scale, 0)

    for (const layout of ['hierarchy', 'rings', 'force']) {
      await pressButton('arrange')
      await expect.poll(() => page.locator(`[data-testid=layout-${layout}]`).getAttribute('aria-pressed')).toBe('true')
    }

    fake.setStatus({ mode: 'stale', sources: [] })
    const retries = () => fake.received.filter(({ type }) => type === 'retry').length
    await pressButton('retry')
    await expect.poll(retries).toBe(1)

    await pressButton('exit')
    await page.waitForFunction(() => !globalThis.swarmscope.stats().xr.presenting)
    await expectNoFaults(page)
    expect((await pageStats(page)).xr.presenting).toBe(false)
  })
})
