// What ends a stay besides its user, what is said to who is not let in, and the page around a stay.

import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { countOnly, enter, expectNoFaults, frames, headsetPages } from '../helpers/headset.ts'
import { pageStats } from '../helpers/page.ts'
import { ROOT } from '../helpers/swarmscope.ts'
import { startFakeServer } from '../helpers/webFakeServer.ts'
import { agentOf } from '../helpers/webWorld.ts'

declare global {
  var spoken: string[]
}

/** What the panels were told to say, in `spoken`. */
const recordWords = () => {
  const { prototype } = CanvasRenderingContext2D
  const original = prototype.fillText
  globalThis.spoken = []
  prototype.fillText = function (text, ...where) {
    globalThis.spoken.push(text)
    original.call(this, text, ...where)
  }
}
const pages = headsetPages({ reducedMotion: 'reduce', initScript: countOnly })

const isInside = (page: Page) => page.evaluate(() => globalThis.headset.session !== null)
const hint = (page: Page) => page.locator('[data-testid=xr-hint]')
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? null)
const clearColor = (page: Page) =>
  page.evaluate(() => {
    const gl = document.querySelector('canvas')?.getContext('webgl2')
    return [...((gl?.getParameter(gl.COLOR_CLEAR_VALUE) as Float32Array | undefined) ?? [])]
  })

describe('a stay ends', () => {
  test('with the scene: a page that asks for a token again lets out who is inside, and in again after it', async () => {
    const { page, fake } = await pages.open([agentOf('one')])
    await enter(page)
    await frames(page, 5)
    await fake.close()
    const port = Number(new URL(fake.origin).port)
    const other = await startFakeServer({
      webDir: `${ROOT}dist/web`,
      entities: [agentOf('one')],
      token: 'other',
      port,
    })
    pages.afterTest(() => other.close())
    await page.locator('canvas').waitFor({ state: 'detached', timeout: 60_000 })
    await expect.poll(() => isInside(page)).toBe(false)
    expect((await pageStats(page)).xr.presenting).toBe(false)
    await page.evaluate(() => {
      location.hash = 'token=other'
    })
    await page.locator('canvas').waitFor()
    await enter(page)
    await frames(page, 5)
    await expectNoFaults(page)
  })

  test('with the graphics context; when that is back, the page has its ground and the next stay its panels', async () => {
    const { page } = await pages.open([agentOf('one')], {
      reducedMotion: 'reduce',
      initScript: recordWords,
      tolerates: /context/i,
    })
    const ground = await clearColor(page)
    expect(ground[3]).toBe(1)
    await enter(page)
    await frames(page, 5)
    const lose = await page.evaluateHandle(() =>
      document.querySelector('canvas')?.getContext('webgl2')?.getExtension('WEBGL_lose_context'),
    )
    // A headset has nothing to show from then on; the emulator would ask the lost context for its size.
    await page.evaluate(async (extension) => {
      const native = globalThis.requestAnimationFrame
      globalThis.requestAnimationFrame = (callback) =>
        callback.name === 'onDeviceFrame' ? 0 : native.call(globalThis, callback)
      const until = globalThis.headset.frames + 1
      while (globalThis.headset.frames < until) await new Promise((resolve) => native(resolve))
      await new Promise((resolve) => native(resolve))
      extension?.loseContext()
      globalThis.requestAnimationFrame = native
    }, lose)
    await expect.poll(() => isInside(page)).toBe(false)
    expect((await pageStats(page)).xr.presenting).toBe(false)
    // Meanwhile there is nothing to step into.
    await page.locator('[data-testid=enter-vr]').click()
    expect(await hint(page).getAttribute('data-reason')).toBe('no-scene')
    const { frames: before } = await pageStats(page)
    await page.evaluate((extension) => extension?.restoreContext(), lose)
    await page.waitForFunction((count) => globalThis.swarmscope.stats().frames > count, before)
    expect(await clearColor(page)).toEqual(ground)
    await page.evaluate(() => {
      globalThis.spoken = []
    })
    await enter(page)
    await frames(page, 5)
    expect(await hint(page).count()).toBe(0)
    expect(await page.evaluate(() => globalThis.spoken)).toContain('Exit')
    await expectNoFaults(page)
  })
})

describe('the page around a stay', () => {
  test('there is a way in without a swarm; the way out stays when the last agent goes, and has the focus', async () => {
    const { page, fake } = await pages.open([])
    await enter(page)
    expect(await focused(page)).toBe('exit-xr')
    fake.frame([agentOf('one')])
    await page.locator('[data-testid=camera-fit]').waitFor()
    fake.frame([], [{ entity: 'agent', id: agentOf('one').id }])
    await page.locator('[data-testid=camera-fit]').waitFor({ state: 'detached' })
    expect(await isInside(page)).toBe(true)
    await page.locator('[data-testid=exit-xr]').dispatchEvent('click')
    await page.waitForFunction(() => !globalThis.swarmscope.stats().xr.presenting)
    await page.locator('[data-testid=enter-vr]').waitFor()
    expect(await focused(page)).toBe('enter-vr')
    await expectNoFaults(page)
  })

  test('two clicks are one wish', async () => {
    const { page } = await pages.open([agentOf('one')])
    await page.evaluate(() => {
      const { xr } = navigator
      if (!xr) return
      const request = xr.requestSession.bind(xr)
      let isAsked = false
      xr.requestSession = async (mode, init) => {
        // As browsers do.
        if (isAsked) throw new DOMException('there is one already', 'InvalidStateError')
        isAsked = true
        return request(mode, init)
      }
    })
    await page.locator('[data-testid=enter-vr]').dblclick()
    await page.waitForFunction(() => globalThis.swarmscope.stats().xr.presenting)
    await frames(page, 5)
    expect(await hint(page).count()).toBe(0)
    expect(await page.evaluate(() => globalThis.headset.requests.length)).toBe(1)
    await expectNoFaults(page)
  })

  test('a headset that is taken off as one enters leaves nobody half inside, and the next press enters', async () => {
    const { page } = await pages.open([agentOf('one')])
    await page.evaluate(() => {
      const { xr } = navigator
      if (!xr) return
      const request = xr.requestSession.bind(xr)
      xr.requestSession = async (mode, init) => {
        const session = await request(mode, init)
        xr.requestSession = request
        const reference = session.requestReferenceSpace.bind(session)
        session.requestReferenceSpace = async (type) => {
          const space = await reference(type)
          await session.end()
          return space
        }
        return session
      }
    })
    await page.locator('[data-testid=enter-vr]').click()
    await hint(page).waitFor()
    expect(await hint(page).getAttribute('data-reason')).toBe('left-again')
    expect((await pageStats(page)).xr.presenting).toBe(false)
    // The page draws again.
    const { frames: drawn } = await pageStats(page)
    await page.locator('[data-testid=camera-zoom-in]').click()
    await page.waitForFunction((count) => globalThis.swarmscope.stats().frames > count, drawn)
    await enter(page)
    expect(await hint(page).count()).toBe(0)
    await expectNoFaults(page)
  })

  test('each refusal has words of its own, is an alert, and goes by Escape or its button', async () => {
    const { page } = await pages.open([agentOf('one')])
    for (const [name, reason, words] of [
      ['NotAllowedError', 'not-allowed', 'did not allow it'],
      ['NotSupportedError', 'not-given', 'gave no session'],
      ['SecurityError', 'press-again', 'Press again'],
      ['InvalidStateError', 'in-use', 'in the headset already'],
      ['OperationError', 'failed', 'could not be entered'],
    ] as const) {
      await page.evaluate((refusal) => {
        globalThis.headset.refusal = refusal
      }, name)
      await page.locator('[data-testid=enter-vr]').click()
      await hint(page).waitFor()
      expect(await hint(page).getAttribute('data-reason')).toBe(reason)
      expect(await hint(page).getAttribute('role')).toBe('alert')
      expect(await hint(page).innerText()).toContain(words)
      if (reason === 'press-again') await page.locator('[data-testid=xr-hint-close]').click()
      else await page.keyboard.press('Escape')
      await hint(page).waitFor({ state: 'detached' })
      expect(await focused(page)).toBe('enter-vr')
    }
    await expectNoFaults(page)
  })

  test('a part that does not come is told as that, with a reload', async () => {
    const { page } = await pages.open([agentOf('one')])
    await page.route('**/assets/enterXr*', (route) => route.abort())
    await page.locator('[data-testid=enter-vr]').click()
    await hint(page).waitFor()
    expect(await hint(page).getAttribute('data-reason')).toBe('part-missing')
    expect(await page.locator('[data-testid=banner]').innerText()).toContain('could not be loaded')
    await page.unroute('**/assets/enterXr*')
    await page.locator('.xr-hint-box').getByRole('button', { name: 'Reload' }).click()
    await page.waitForFunction(() => globalThis.swarmscope?.stats().agents === 1)
    await enter(page)
    await expectNoFaults(page)
  })

  test('a part that does not come while the line is down is told as that: a reload is offered once the server is back', async () => {
    const { page, fake } = await pages.open([agentOf('one')])
    await fake.close()
    await page.locator('[data-testid=banner]').waitFor()
    await page.locator('[data-testid=enter-vr]').click()
    await hint(page).waitFor()
    const reload = page.locator('.xr-hint-box').getByRole('button', { name: 'Reload' })
    expect(await hint(page).getAttribute('data-reason')).toBe('part-away')
    expect(await reload.count()).toBe(0)
    // What was there is still shown.
    expect(await page.locator('[data-testid=agent-row]').count()).toBe(1)
    const back = await startFakeServer({
      webDir: `${ROOT}dist/web`,
      entities: [agentOf('one')],
      port: Number(new URL(fake.origin).port),
    })
    // The page first: it may still ask for the models of what is held.
    pages.afterTest(async () => {
      await page.context().close()
      await back.close()
    })
    await reload.click({ timeout: 60_000 })
    await page.waitForFunction(() => globalThis.swarmscope?.stats().agents === 1)
    await enter(page)
    await expectNoFaults(page)
  })

  test.each([
    [1440, 900],
    [720, 450],
    [640, 360],
    [360, 640],
  ])('%i × %i: all of the hint can be read', async (width, height) => {
    const fake = await startFakeServer({ webDir: `${ROOT}dist/web`, entities: [agentOf('one')] })
    pages.afterTest(() => fake.close())
    const context = await pages.browser.newContext({ viewport: { width, height } })
    pages.afterTest(() => context.close())
    const page = await context.newPage()
    await page.goto(fake.url)
    // The list pulled up over the scene on a phone; its own button would be next.
    if (width < 600) await page.getByTestId('sheet-handle').press('Enter')
    if (width < 600) await page.locator('[data-testid=panel][data-open=true]').waitFor()
    await page.locator('[data-testid=xr-why]').dispatchEvent('click')
    await hint(page).waitFor()
    const box = await page.locator('.xr-hint-box').boundingBox()
    expect(box?.x).toBeGreaterThanOrEqual(0)
    expect(box?.y).toBeGreaterThanOrEqual(0)
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width)
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(height)
    // The last command, scrolled to, is what is seen at its place.
    const last = page.locator('[data-testid=xr-hint] .copy-line').last()
    await last.scrollIntoViewIfNeeded()
    await last.locator('button').click({ trial: true, timeout: 5_000 })
  })
})
