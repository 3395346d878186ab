// Touched, felt and heard in there: fingertips and tips of controllers, the menu at the wrist, ticks, alerts from where they are,
// and the marks of what is not live.

import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { ERRORS, type ErrorCode, errorBody } from '../../protocol/errors.ts'
import type { XrCommand } from '../../web/xr/actions.ts'
import { PANELS, type PanelName } from '../../web/xr/boardLayout.ts'
import { toScene, type WorldRig } from '../../web/xr/worldRig.ts'
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
  LEVEL,
  press,
  pull,
  rigOf,
  SINGLE_INPUTS,
  type Vector,
} from '../helpers/headset.ts'
import { pageStats } from '../helpers/page.ts'
import { liveSource } from '../helpers/webFakeServer.ts'
import { agentOf } from '../helpers/webWorld.ts'

const SOON = { timeout: 10_000 }
const DEGREES = 180 / Math.PI

const pages = headsetPages({
  reducedMotion: 'reduce',
  initScript: countOnly,
  tolerates: /ERR_CONNECTION_REFUSED|WebSocket/,
})

async function open(entities = [agentOf('one')]) {
  const opened = await pages.open(entities)
  await enter(opened.page)
  await frames(opened.page, 20)
  return opened
}

/** Metres of the room between where the user stood and stands. */
const gone = (before: WorldRig, after: WorldRig) =>
  Math.hypot(after.x - before.x, after.y - before.y, after.z - before.z) / before.scale

async function squeeze(page: Page, hand: Hand, isDown: boolean): Promise<void> {
  await page.evaluate(
    ({ hand, value }) => globalThis.headset.device.controllers[hand].updateButtonValue('squeeze', value),
    {
      hand,
      value: isDown ? 1 : 0,
    },
  )
  await frames(page, 3)
}

const panelsOf = async (page: Page) => (await pageStats(page)).xr.panels
const yawOf = async (page: Page) => ((await pageStats(page)).xr.rig?.yaw ?? 0) * DEGREES
const scaleOf = async (page: Page) => (await pageStats(page)).xr.rig?.scale ?? 0

/** What each panel says, from now on: by the size of its picture. */
async function recordWords(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { prototype } = CanvasRenderingContext2D
    const { fillText, clearRect } = prototype
    const words: Record<string, string[]> = {}
    Object.assign(globalThis, { words })
    const keyOf = ({ width, height }: { width: number; height: number }) => `${width}x${height}`
    prototype.fillText = function (text, ...rest) {
      words[keyOf(this.canvas)]?.push(text)
      fillText.call(this, text, ...rest)
    }
    prototype.clearRect = function (...rest) {
      words[keyOf(this.canvas)] = []
      clearRect.apply(this, rest)
    }
  })
}

const wordsOn = (page: Page, panel: PanelName): Promise<string[]> =>
  page.evaluate(
    (key) => (globalThis as unknown as { words: Record<string, string[]> }).words[key] ?? [],
    `${PANELS[panel].box.width}x${PANELS[panel].box.height}`,
  )

const suggestionOf = (code: string): number =>
  errorBody(code as ErrorCode, { host: '127.0.0.1', port: 3_000 }).details.suggestion.length

type Quaternion = [x: number, y: number, z: number, w: number]
const AS_IT_IS: Quaternion = [0, 0, 0, 1]

/** The shortest turn that takes this way to (0, 0, 1): to who looks straight ahead. */
function turnToward({ x, y, z }: Vector): Quaternion {
  const by = Math.hypot(y, x, 1 + z)
  return [y / by, -x / by, 0, (1 + z) / by]
}

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
  const lean = PANELS.menu.elevation - PANELS.menu.tilt
  const before = (metres: number) => ({
    x: at.x,
    y: at.y - Math.sin(lean) * metres,
    z: at.z + Math.cos(lean) * metres,
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

  test.each([
    ['controller', 'right'],
    ['controller', 'left'],
    ['hand', 'right'],
  ] as const)(
    'held level, close above the menu, the ray does all it does elsewhere, by %s, %s',
    async (input, hand) => {
      const { page } = await open()
      const from = LEVEL[hand]
      const agent = { x: 0, y: 1.5, z: -1.2 }
      const selected = () => page.locator('[data-testid=detail] h2').allInnerTexts()
      await click(page, input, hand, agent, from)
      await expect.poll(selected, SOON).toEqual(['one'])
      // The menu lies below that hand, and answers its ray.
      const before = await yawOf(page)
      await click(page, input, hand, buttonPlace('turn-left'), from)
      await expect.poll(async () => (await yawOf(page)) - before, SOON).toBeCloseTo(30, 3)
      await click(page, input, hand, buttonPlace('turn-right'), from)
      await expect.poll(async () => (await yawOf(page)) - before, SOON).toBeCloseTo(0, 3)
      await click(page, input, hand, buttonPlace('detail'), from)
      await expect.poll(() => panelsOf(page), SOON).not.toContain('detail')
      // Drawn along, a press that began at the swarm pulls the world.
      const pulled = async (squeezes: boolean, at: Vector) => {
        const rig = await rigOf(page)
        await aim(page, input, hand, at, from)
        await (squeezes ? squeeze(page, hand, true) : press(page, input, hand, true))
        await pull(page, input, hand, { x: from.x, y: from.y + 0.15, z: from.z - 0.1 })
        await (squeezes ? squeeze(page, hand, false) : press(page, input, hand, false))
        return gone(rig, await rigOf(page))
      }
      const way = Math.hypot(0.15, 0.1)
      expect(await pulled(false, { x: 0.9, y: 2.5, z: -1.2 })).toBeCloseTo(way, 2)
      if (input === 'controller') {
        // The grip does so whatever is before the hand, and presses nothing.
        expect(await pulled(true, { x: 0.9, y: 2.5, z: -1.2 })).toBeCloseTo(way, 2)
        const yaw = await yawOf(page)
        expect(await pulled(true, buttonPlace('turn-left'))).toBeCloseTo(way, 2)
        await frames(page, 5)
        expect(await yawOf(page)).toBe(yaw)
      }
      expect(await selected()).toEqual(['one'])
      await expectNoFaults(page)
    },
  )

  test.each([
    ['grips', true],
    ['triggers', false],
  ] as const)(
    'both hands drawn apart by their %s scale the world about the middle between them, and turn it (X15)',
    async (_by, squeezes) => {
      const { page } = await open()
      const place = async (apart: number, turn: number) => {
        await page.evaluate(
          ([x, z]) => {
            const { left, right } = globalThis.headset.device.controllers
            left.position.set(-x, 1.35, -0.3 + z)
            right.position.set(x, 1.35, -0.3 - z)
          },
          [(apart / 2) * Math.cos(turn), (apart / 2) * Math.sin(turn)] as const,
        )
        await frames(page, 4)
      }
      const hold = async (isDown: boolean) => {
        for (const hand of ['left', 'right'] as const)
          await (squeezes ? squeeze(page, hand, isDown) : press(page, 'controller', hand, isDown))
      }
      for (const hand of ['left', 'right'] as const) await aim(page, 'controller', hand, { x: 0, y: 4, z: -1 })
      await place(0.2, 0)
      const gripsOf = () =>
        page.evaluate(() => {
          const { left, right } = globalThis.headset.grips
          const placeOf = (at: Float32Array | null) => ({ x: at?.[12] ?? 0, y: at?.[13] ?? 0, z: at?.[14] ?? 0 })
          return [placeOf(left), placeOf(right)] as const
        })
      const away = (a: Vector, b: Vector) => Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z)
      const middleOf = (rig: WorldRig, [a, b]: readonly [Vector, Vector]) =>
        toScene(rig, { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, z: (a.z + b.z) / 2 }, { x: 0, y: 0, z: 0 })
      const [before, near] = [await rigOf(page), await gripsOf()]
      await hold(true)
      await place(0.4, 0)
      const [scaled, apart] = [await rigOf(page), await gripsOf()]
      expect(before.scale / scaled.scale).toBeCloseTo(away(...apart) / away(...near), 3)
      expect(before.scale / scaled.scale).toBeGreaterThan(1.8)
      expect(away(middleOf(before, near), middleOf(scaled, apart)) / scaled.scale).toBeLessThan(0.01)
      await place(0.4, 0.3)
      const turned = await rigOf(page)
      expect(Math.abs(turned.yaw - scaled.yaw)).toBeGreaterThan(0.25)
      expect(away(middleOf(scaled, apart), middleOf(turned, await gripsOf())) / turned.scale).toBeLessThan(0.01)
      await hold(false)
      await place(0.2, 0)
      expect(await rigOf(page)).toEqual(turned)
      await expectNoFaults(page)
    },
  )

  test('a tip that rests in a body means that agent', async () => {
    const { page } = await open()
    await aim(page, 'controller', 'right', { x: 0.2, y: 1.35, z: -2 })
    // All there is stands before the user, and is as large as a hand.
    await moveTip(page, 'controller', 'right', { x: 0, y: 1.5, z: -1.2 })
    await expect.poll(() => page.locator('[data-testid=detail] h2').allInnerTexts(), SOON).toEqual(['one'])
    await expectNoFaults(page)
  })

  test.each(SINGLE_INPUTS)(
    'a palm turned to the face opens the menu at that wrist, for the other hand; turned away, it goes (X17), by %s, %s',
    async (input, hand) => {
      const { page } = await open()
      const side = hand === 'left' ? -1 : 1
      const palmTo = async (turn: Quaternion) => {
        await page.evaluate(
          ({ input, hand, side, turn }) => {
            const { device } = globalThis.headset
            device.primaryInputMode = input
            const held = input === 'hand' ? device.hands[hand] : device.controllers[hand]
            held.position.set(side * 0.08, 1.45, -0.42)
            held.quaternion.set(...turn)
          },
          { input, hand, side, turn },
        )
        await frames(page, 3)
        return page.evaluate((hand) => [...(globalThis.headset.grips[hand] ?? [])], hand)
      }
      const asItIs = await palmTo(AS_IT_IS)
      await frames(page, 20)
      expect(await panelsOf(page)).not.toContain('wrist')
      // The grip's x-axis goes through the palm: out of the left one, into the right one.
      const [x = 0, y = 0, z = 0] = asItIs.map((part) => part * -side)
      const grip = await palmTo(turnToward({ x, y, z }))
      await expect.poll(() => panelsOf(page), SOON).toContain('wrist')
      const before = await scaleOf(page)
      // Above the hand and before its palm, in the middle of the upper row.
      const at = { x: grip[12] ?? 0, y: (grip[13] ?? 0) + 0.12 + 0.032, z: (grip[14] ?? 0) + 0.06 }
      await click(page, input, hand === 'left' ? 'right' : 'left', at)
      await expect.poll(async () => before / (await scaleOf(page)), SOON).toBeCloseTo(1.5 / 0.4, 2)
      // The other one's palm may face the head by now: its menu would come in place of this one.
      await aim(page, input, hand === 'left' ? 'right' : 'left', { x: 0, y: -3, z: 0 })
      await palmTo(turnToward({ x: -x, y: -y, z: -z }))
      await expect.poll(() => panelsOf(page), SOON).not.toContain('wrist')
      await expectNoFaults(page)
    },
  )

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

  test('what is not live is marked in words, the suggestion is there as a whole, and a server that dies leaves the marks', async () => {
    const { page, fake } = await open()
    await recordWords(page)
    expect(await panelsOf(page)).not.toContain('banner')
    const said = async () => (await wordsOn(page, 'banner')).join(' ')
    for (const mode of ['replay', 'stale', 'mock'] as const) {
      fake.setStatus({ mode, sources: [liveSource(mode === 'stale' ? { state: 'waiting' } : {})] })
      await expect.poll(() => panelsOf(page), SOON).toContain('banner')
      await expect.poll(said, SOON).toContain(mode.toUpperCase())
      fake.setStatus({ mode: 'live', sources: [liveSource()] })
      await expect.poll(() => panelsOf(page), SOON).not.toContain('banner')
    }
    // The longest that the catalogue has, in the page's own letters.
    const longest = Object.keys(ERRORS).reduce((long, code) => (suggestionOf(code) > suggestionOf(long) ? code : long))
    const { error, details } = errorBody(longest as ErrorCode, { host: '127.0.0.1', port: 3_000 })
    const lastError = { error, code: longest, details }
    fake.setStatus({ mode: 'mock', sources: [liveSource({ state: 'waiting', lastError })] })
    await expect.poll(said, SOON).toContain('MOCK')
    fake.setStatus({ mode: 'stale', sources: [liveSource({ state: 'waiting', lastError })] })
    await expect.poll(said, SOON).toContain(`${details.suggestion}.`)
    expect(await said()).not.toContain('…')
    fake.setStatus({ mode: 'mock', sources: [] })
    await expect.poll(said, SOON).toContain('These agents are invented.')
    await fake.close()
    await expect.poll(said, { timeout: 20_000 }).toMatch(/^MOCK .*(server|connection)/i)
    await expectNoFaults(page)
  })

  test('what hangs there comes after who turns away', async () => {
    const { page } = await open()
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
