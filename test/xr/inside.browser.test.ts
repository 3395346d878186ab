// Inside: what is said there, what an operator can do, and what still works when files are missing.

import { describe, expect, test } from 'vitest'
import {
  buttonPlace,
  click,
  countOnly,
  enter,
  expectNoFaults,
  frames,
  headsetPages,
  SINGLE_INPUTS,
} from '../helpers/headset.ts'
import { pageStats } from '../helpers/page.ts'
import { agentOf } from '../helpers/webWorld.ts'

const SHARED = { reducedMotion: 'reduce', initScript: countOnly } as const
const DETAIL = { name: '', lines: [], tone: 'plain', note: '' } as const

const pages = headsetPages(SHARED)

describe('inside', () => {
  test('an operator can end an agent, after a question, once', async () => {
    const { page } = await pages.open([agentOf('one', { origin: 'claude-flow' }), agentOf('two')])
    const asked: (string | undefined)[] = []
    await page.route('**/api/v1/bots/agents/**', (route) => {
      const request = route.request()
      asked.push(
        `${request.method()} ${new URL(request.url()).pathname} ${request.headers()['idempotency-key'] ? 'once' : ''}`,
      )
      return route.fulfill({ json: { success: true } })
    })
    await page.locator('[data-testid=agent-row]', { hasText: 'one' }).click()
    await enter(page)
    await frames(page, 30)
    const pressButton = (command: Parameters<typeof buttonPlace>[0], isAsking: boolean) =>
      click(page, 'controller', 'right', buttonPlace(command, { detail: DETAIL, canTerminate: true, isAsking }))
    await pressButton('terminate', false)
    await frames(page, 20)
    await pressButton('terminate-no', true)
    await frames(page, 20)
    await pressButton('terminate', false)
    await frames(page, 20)
    expect(asked).toEqual([])
    await pressButton('terminate-yes', true)
    await expect.poll(() => asked).toEqual([`DELETE /api/v1/bots/agents/${encodeURIComponent('test/one')} once`])
    await expectNoFaults(page)
  })

  test.each(SINGLE_INPUTS)(
    'without the descriptions of inputs, ray, select and exit still work: %s, %s (X7)',
    async (input, hand) => {
      const { page } = await pages.open([agentOf('one')], { ...SHARED, tolerates: /Failed to fetch/ })
      await page.route('**/profiles/**', (route) => route.abort())
      await enter(page)
      await frames(page, 30)
      // The only one is the middle of the swarm.
      await click(page, input, hand, { x: 0, y: 1.5, z: -1.2 })
      await expect.poll(() => page.locator('[data-testid=detail] h2').allInnerTexts()).toEqual(['one'])
      await click(page, input, hand, buttonPlace('turn-left', { hasSelection: false }))
      await frames(page, 3)
      expect(((await pageStats(page)).xr.rig?.yaw ?? 0) * (180 / Math.PI)).toBeCloseTo(30, 6)
      await click(page, input, hand, buttonPlace('exit'))
      await page.waitForFunction(() => !globalThis.swarmscope.stats().xr.presenting)
      await expectNoFaults(page)
    },
  )

  test('a stick pushed aside turns by 30° about the head, once until it is let go (X14)', async () => {
    const { page } = await pages.open([agentOf('one')])
    // Standing aside of the room's middle: about that, the head would be carried away.
    await page.evaluate(() => globalThis.headset.device.position.set(1, 1.6, 0.5))
    await enter(page)
    await frames(page, 20)
    const eyes = async () => {
      const { rig } = (await pageStats(page)).xr
      if (!rig) throw new Error('nobody is in there')
      const { x, y, z, yaw, scale } = rig
      return {
        yaw,
        x: x + scale * (Math.cos(yaw) * 1 + Math.sin(yaw) * 0.5),
        y: y + scale * 1.6,
        z: z + scale * (Math.cos(yaw) * 0.5 - Math.sin(yaw) * 1),
        scale,
      }
    }
    const before = await eyes()
    await page.evaluate(() => globalThis.headset.device.controllers.left.updateAxes('thumbstick', 1, 0))
    await frames(page, 20)
    const after = await eyes()
    expect(((before.yaw - after.yaw) * 180) / Math.PI).toBeCloseTo(30, 6)
    const metres = Math.hypot(after.x - before.x, after.y - before.y, after.z - before.z) / after.scale
    expect(metres).toBeLessThan(0.001)
    await expectNoFaults(page)
  })

  test('the swarm is in front of who enters, at 1.2 m, wherever they look', async () => {
    const { page } = await pages.open([agentOf('one'), agentOf('two'), agentOf('three')])
    await page.evaluate(() => {
      const { device } = globalThis.headset
      device.position.set(0.5, 1.2, 0.5)
      // Turned left by 90°.
      device.quaternion.set(0, Math.SQRT1_2, 0, Math.SQRT1_2)
    })
    await enter(page)
    await frames(page, 10)
    const { rig } = (await pageStats(page)).xr
    // Ahead in the room is what the screen's camera looks along.
    expect(((rig?.yaw ?? 0) * 180) / Math.PI).toBeCloseTo(-90, 3)
    const hit = { x: 0.5 - 1.2, y: 1.1, z: 0.5 }
    // A small swarm is as wide as the table: the first ray into its middle, or near it, meets somebody.
    for (let turn = 0; turn < 60 && (await page.locator('[data-testid=detail] h2').count()) === 0; turn++) {
      const away = 0.05 * Math.sqrt(turn)
      await click(page, 'controller', 'right', {
        ...hit,
        y: hit.y + away * Math.sin(2.4 * turn),
        z: hit.z + away * Math.cos(2.4 * turn),
      })
    }
    expect(await page.locator('[data-testid=detail] h2').count()).toBe(1)
    await expectNoFaults(page)
  })
})
