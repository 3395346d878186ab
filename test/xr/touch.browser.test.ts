// Touched, felt and heard in there: fingertips and tips of controllers, the menu at the wrist, ticks, alerts from where they are,
// and the marks of what is not live.

import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { XrCommand } from '../../web/xr/actions.ts'
import { PANELS } from '../../web/xr/boardLayout.ts'
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
  type Vector,
} from '../helpers/headset.ts'
import { pageStats } from '../helpers/page.ts'
import { agentOf } from '../helpers/webWorld.ts'

const SOON = { timeout: 10_000 }
const DEGREES = 180 / Math.PI

const pages = headsetPages({ reducedMotion: 'reduce', initScript: countOnly })

async function open(entities = [agentOf('one')]) {
  const opened = await pages.open(entities)
  await enter(opened.page)
  await frames(opened.page, 20)
  return opened
}

const panelsOf = async (page: Page) => (await pageStats(page)).xr.panels
const yawOf = async (page: Page) => ((await pageStats(page)).xr.rig?.yaw ?? 0) * DEGREES
const scaleOf = async (page: Page) => (await pageStats(page)).xr.rig?.scale ?? 0

/** Puts the tip of a hand, or of what it holds, to this place. */
async function moveTip(page: Page, input: Input, hand: Hand, to: Vector): Promise<void> {
  await page.evaluate(
    ({ input, hand, to }) => {
      const { device, tips } = globalThis.headset
      device.primaryInputMode = input === 'hand' ? 'hand' : 'controller'
      const held = input === 'hand' ? device.hands[hand] : device.controllers[hand]
      const tip = input === 'hand' ? tips[hand] : held.position
      const { x, y, z } = held.position
      if (tip) held.position.set(x + to.x - tip.x, y + to.y - tip.y, z + to.z - tip.z)
    },
    { input, hand, to },
  )
  await frames(page, 3)
}

/** Pokes a button of the menu from before, and comes out again. */
async function poke(page: Page, input: Input, hand: Hand, command: XrCommand): Promise<void> {
  const at = buttonPlace(command)
  const { elevation } = PANELS.menu
  const before = (metres: number) => ({
    x: at.x,
    y: at.y - Math.sin(elevation) * metres,
    z: at.z + Math.cos(elevation) * metres,
  })
  for (const metres of [0.3, 0.12, 0.03, -0.01, 0.03, 0.12]) await moveTip(page, input, hand, before(metres))
}

describe('in there', () => {
  test.each([
    ['controller', 'right'],
    ['hand', 'left'],
    ['hand', 'right'],
  ] as const)('a tip pokes a button, by %s, %s', async (input, hand) => {
    const { page } = await open()
    // Level, as one points; the other hand hangs down.
    await aim(page, input, hand, { x: 0.2, y: 1.35, z: -2 })
    await aim(page, input, hand === 'left' ? 'right' : 'left', { x: 0, y: -3, z: 0 })
    const before = await yawOf(page)
    await poke(page, input, hand, 'turn-left')
    await expect.poll(async () => (await yawOf(page)) - before, SOON).toBeCloseTo(30, 3)
    await poke(page, input, hand, 'turn-right')
    await expect.poll(async () => (await yawOf(page)) - before, SOON).toBeCloseTo(0, 3)
    await expectNoFaults(page)
  })

  test('a tip that rests in a body means that agent', async () => {
    const { page } = await open()
    await aim(page, 'controller', 'right', { x: 0.2, y: 1.35, z: -2 })
    // All there is stands before the user, and is as large as a hand.
    await moveTip(page, 'controller', 'right', { x: 0, y: 1.5, z: -1.2 })
    await expect.poll(() => page.locator('[data-testid=detail] h2').allInnerTexts(), SOON).toEqual(['one'])
    await expectNoFaults(page)
  })

  test('a palm turned to the face opens the menu at that wrist, for the other hand; turned away, it goes (X17)', async () => {
    const { page } = await open()
    const palmTo = async (quaternion: [number, number, number, number]) => {
      await page.evaluate((turn) => {
        const { left } = globalThis.headset.device.controllers
        left.position.set(-0.08, 1.45, -0.42)
        left.quaternion.set(...turn)
      }, quaternion)
    }
    expect(await panelsOf(page)).not.toContain('wrist')
    await palmTo([0, -Math.SQRT1_2, 0, Math.SQRT1_2])
    await expect.poll(() => panelsOf(page), SOON).toContain('wrist')
    const before = await scaleOf(page)
    // Above the hand, in the middle of the upper row.
    await click(page, 'controller', 'right', { x: -0.08, y: 1.45 + 0.104 + 0.032, z: -0.36 })
    await expect.poll(async () => before / (await scaleOf(page)), SOON).toBeCloseTo(1.5 / 0.4, 2)
    await palmTo([0, 0, 0, 1])
    await expect.poll(() => panelsOf(page), SOON).not.toContain('wrist')
    await expectNoFaults(page)
  })

  test('what is come upon and what is pressed is felt, by the hand that does it, and by no other', async () => {
    const { page } = await open()
    await aim(page, 'controller', 'left', { x: 0, y: 4, z: -1 })
    await aim(page, 'controller', 'right', { x: 0, y: 4, z: -1 })
    await page.evaluate(() => {
      for (const { handedness, gamepad } of globalThis.headset.session?.inputSources ?? []) {
        const actuator = gamepad?.hapticActuators?.[0] as GamepadHapticActuator & { pulse: unknown }
        actuator.pulse = (strength: number, milliseconds: number) => {
          globalThis.headset.pulses.push([handedness, strength, milliseconds])
          return Promise.resolve(true)
        }
      }
    })
    await click(page, 'controller', 'right', buttonPlace('turn-left'))
    const pulses = await page.evaluate(() => globalThis.headset.pulses)
    expect(pulses.map(([hand]) => hand)).toEqual(['right', 'right'])
    const [[, , hover], [, , select]] = pulses as [[string, number, number], [string, number, number]]
    expect([hover >= 10, hover <= 20, select >= 30, select <= 50]).toEqual([true, true, true, true])
    await expectNoFaults(page)
  })

  test('who fails is heard from within 5° of where that agent is; or from the middle, or not at all (X21)', async () => {
    const { page, fake } = await open()
    const heard = () =>
      page.evaluate(() => ({ sounds: globalThis.headset.sounds, notes: globalThis.headset.notes ?? 0 }))
    const fail = async () => {
      fake.frame([agentOf('one', { status: 'active' })])
      fake.frame([agentOf('one', { status: 'error', activity: 'npm test' })])
    }
    const away = ({ x, y, z }: Vector, to: Vector) => {
      const cosine = (x * to.x + y * to.y + z * to.z) / Math.hypot(x, y, z) / Math.hypot(to.x, to.y, to.z)
      return Math.acos(Math.min(1, cosine)) * DEGREES
    }
    await fail()
    await expect.poll(async () => (await heard()).sounds.length, SOON).toBe(1)
    const [first] = (await heard()).sounds as [Vector]
    expect(away(first, { x: 0, y: -0.1, z: -1.2 })).toBeLessThan(5)
    // Who turns left has it on the right.
    await click(page, 'controller', 'right', buttonPlace('turn-left', { notice: null }))
    await frames(page, 5)
    await fail()
    await expect.poll(async () => (await heard()).sounds.length, SOON).toBe(2)
    const [, second] = (await heard()).sounds as [Vector, Vector]
    expect(away(second, { x: 1.2 * Math.sin(Math.PI / 6), y: -0.1, z: -1.2 * Math.cos(Math.PI / 6) })).toBeLessThan(5)
    const { notes } = await heard()
    await click(page, 'controller', 'right', buttonPlace('sound'))
    await fail()
    await expect.poll(async () => (await heard()).notes, SOON).toBeGreaterThan(notes)
    expect((await heard()).sounds).toHaveLength(2)
    await click(page, 'controller', 'right', buttonPlace('sound'))
    const silent = (await heard()).notes
    await fail()
    await page.locator('[data-testid=toast]').first().waitFor({ state: 'attached' })
    await frames(page, 60)
    expect((await heard()).notes).toBe(silent)
    await expectNoFaults(page)
  })

  test('what is not live is marked, and what hangs there comes after who turns away', async () => {
    const { page, fake } = await open()
    expect(await panelsOf(page)).not.toContain('banner')
    for (const mode of ['mock', 'replay', 'stale'] as const) {
      fake.setStatus({ mode })
      await expect.poll(() => panelsOf(page), SOON).toContain('banner')
      fake.setStatus({ mode: 'live' })
      await expect.poll(() => panelsOf(page), SOON).not.toContain('banner')
    }
    const turnHead = (degrees: number) =>
      page.evaluate(
        (half) => {
          globalThis.headset.device.quaternion.set(0, Math.sin(half), 0, Math.cos(half))
        },
        degrees / DEGREES / 2,
      )
    const pressAt = async (degrees: number) => {
      const { x, y, z } = buttonPlace('turn-right')
      const [cos, sin] = [Math.cos(degrees / DEGREES), Math.sin(degrees / DEGREES)]
      const before = await yawOf(page)
      await click(page, 'controller', 'right', { x: cos * x + sin * z, y, z: cos * z - sin * x })
      await frames(page, 5)
      return Math.round((await yawOf(page)) - before)
    }
    // A glance aside moves nothing: it is not fixed to the head.
    await turnHead(25)
    await frames(page, 20)
    expect(await pressAt(0)).toBe(-30)
    await turnHead(70)
    await frames(page, 20)
    expect(await pressAt(70)).toBe(-30)
    await expectNoFaults(page)
  })
})
