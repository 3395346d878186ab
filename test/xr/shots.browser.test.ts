// Pictures of both eyes, written to test/browser/shots/ for people to look at: over the dark, and over a room that is bright.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { aim, drawWhenAsked, enter, expectNoFaults, frames, headsetPages, type Input } from '../helpers/headset.ts'
import { SHOTS } from '../helpers/shots.ts'
import { agentOf, smallWorld } from '../helpers/webWorld.ts'

/** As one looks at what is in one's hands. */
const LOOK_DOWN_DEGREES = 28

const pages = headsetPages()
beforeAll(() => mkdirSync(SHOTS, { recursive: true }))

/** Both eyes side by side, over a room where there is one. Says how many of the left eye's pixels the right one sees otherwise. */
async function takePicture(page: Page, name: string, hasRoom: boolean): Promise<number> {
  const { url, apart } = await page.evaluate(
    (hasRoom) =>
      new Promise<{ url: string; apart: number }>((resolve, reject) => {
        const { headset } = globalThis
        const until = headset.frames + 2
        headset.isDrawing = true
        headset.afterFrame = () => {
          if (headset.frames < until) return
          headset.afterFrame = () => undefined
          headset.isDrawing = false
          const canvas = document.querySelector('canvas')
          const context = document.createElement('canvas').getContext('2d')
          if (!canvas || !context) return reject(new Error('nothing is drawn'))
          const { width, height } = canvas
          Object.assign(context.canvas, { width, height })
          const eye = width / 2
          for (const left of hasRoom ? [0, eye] : []) {
            // A wall in the sun, a window and a table.
            const wall = context.createLinearGradient(left, 0, left + eye, height)
            wall.addColorStop(0, '#f4f1ea')
            wall.addColorStop(1, '#c9bda8')
            for (const [color, x, y, wide, high] of [
              [wall, 0, 0, 1, 1],
              ['#e8f2fb', 0.15, 0.1, 0.3, 0.35],
              ['#8a6f4d', 0.08, 0.68, 0.84, 0.12],
            ] as const) {
              context.fillStyle = color
              context.fillRect(left + x * eye, y * height, wide * eye, high * height)
            }
          }
          context.drawImage(canvas, 0, 0)
          const [one, other] = [0, eye].map((left) => context.getImageData(left, 0, eye, height).data)
          let apart = 0
          for (let at = 0; at < (one?.length ?? 0); at += 4) if (one?.[at] !== other?.[at]) apart++
          resolve({ url: context.canvas.toDataURL('image/png'), apart })
        }
      }),
    hasRoom,
  )
  writeFileSync(join(SHOTS, `${name}.png`), Buffer.from(url.split(',')[1] ?? '', 'base64'))
  return apart
}

/** Both hands before one, the right one at the swarm; the head bent to them. */
async function holdUp(page: Page, input: Input): Promise<void> {
  await aim(page, input, 'left', { x: -0.35, y: 1.3, z: -1.2 })
  await aim(page, input, 'right', { x: 0.05, y: 1.5, z: -1.2 })
  await page.evaluate((degrees) => {
    const half = (degrees / 2) * (Math.PI / 180)
    globalThis.headset.device.quaternion.set(-Math.sin(half), 0, 0, Math.cos(half))
  }, LOOK_DOWN_DEGREES)
  // Labels come a moment after the head has turned.
  await page.waitForFunction(() => globalThis.swarmscope.stats().xr.labels > 0)
  await frames(page, 60)
}

test.each([
  ['vr-dark', 'vr', 'dark', 'controller'],
  ['vr-hands-light', 'vr', 'light', 'hand'],
  ['ar-dark', 'ar', 'dark', 'controller'],
  ['ar-hands-light', 'ar', 'light', 'hand'],
] as const)('%s', async (name, mode, colorScheme, input) => {
  const options = { colorScheme, reducedMotion: 'reduce', initScript: drawWhenAsked } as const
  const { page } = await pages.open(smallWorld(), options)
  await page.locator('[data-testid=agent-row]').first().click()
  await enter(page, mode)
  await holdUp(page, input)
  // Two pictures, not one twice: what is near is elsewhere for each eye.
  expect(await takePicture(page, name, mode === 'ar')).toBeGreaterThan(10_000)
  await expectNoFaults(page)
})

test('vr-question: banner and detail are as high as their words, above buttons that stay', async () => {
  const options = { reducedMotion: 'reduce', initScript: drawWhenAsked } as const
  const { page, fake } = await pages.open(
    [agentOf('one', { origin: 'claude-flow', costUsd: 5 }), agentOf('two')],
    options,
  )
  fake.setStatus({ budgetUsd: 1 })
  await page.locator('[data-testid=agent-row]', { hasText: 'one' }).click()
  await enter(page)
  await frames(page, 30)
  await page.evaluate(() => globalThis.headset.device.quaternion.set(0, Math.sin(-0.12), 0, Math.cos(0.12)))
  await frames(page, 60)
  expect(await takePicture(page, 'vr-question', false)).toBeGreaterThan(10_000)
  await expectNoFaults(page)
})
