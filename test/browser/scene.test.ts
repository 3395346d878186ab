// The scene in a real browser: what a user does with it by mouse and keys, and that it costs nothing while nothing changes.

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchBrowser } from '../helpers/browser.ts'
import { blueIn } from '../helpers/litPixels.ts'
import { type OpenOptions, openPage, pageStats, untilStill } from '../helpers/page.ts'
import {
  ROOT,
  startRelayProcess,
  startServerProcess,
  temporaryFolder,
  writeRecordedProject,
} from '../helpers/swarmscope.ts'
import { startFakeServer } from '../helpers/webFakeServer.ts'
import { agentOf, largeWorld, linkOf, smallWorld, swarmsWorld } from '../helpers/webWorld.ts'

const FAKE_CLAUDE_FLOW = `node ${ROOT}test/helpers/fakeMcpChild.mjs`
/** Marks that breathe or turn would never be still. */
const STILL = { reducedMotion: 'reduce' } as const
const STEP_PX = 14

let browser: Browser
let url: string
const afterEachTest: (() => unknown)[] = []
const atTheEnd: (() => unknown)[] = []

beforeAll(async () => {
  browser = await launchBrowser()
  const env = { SWARMSCOPE_RELAY_TOKEN: 'relay-token-for-the-scene' }
  const folder = (name: string) => {
    const { path, remove } = temporaryFolder(name)
    atTheEnd.push(remove)
    return path
  }
  const project = folder('project')
  writeRecordedProject(project)
  const relay = await startRelayProcess({
    args: ['--project', project, '--port', '0', '--data-dir', folder('relay'), '--claude-flow', FAKE_CLAUDE_FLOW],
    env,
  })
  atTheEnd.push(() => relay.stop())
  const server = await startServerProcess({
    args: ['--port', '0', '--data-dir', folder('server')],
    env: { ...env, CLAUDE_FLOW_HOST: '127.0.0.1', CLAUDE_FLOW_PORT: new URL(relay.url).port },
  })
  atTheEnd.push(() => server.stop())
  url = server.url
})
afterEach(async () => {
  for (const cleanUp of afterEachTest.splice(0).reverse()) await cleanUp()
})
afterAll(async () => {
  await browser?.close()
  for (const end of atTheEnd.reverse()) await end()
})

async function open(target: string, agents: number, options: OpenOptions = STILL): Promise<Page> {
  const page = await openPage(browser, target, options)
  afterEachTest.push(() => page.context().close())
  await page.waitForFunction((count) => globalThis.swarmscope?.stats().agents === count, agents)
  return page
}

async function openFake(entities: Parameters<typeof startFakeServer>[0]['entities'], options?: OpenOptions) {
  const fake = await startFakeServer({ webDir: `${ROOT}dist/web`, entities: entities ?? [] })
  afterEachTest.push(() => fake.close())
  const agents = entities?.filter(({ entity }) => entity === 'agent').length ?? 0
  return { fake, page: await open(fake.url, agents, options) }
}

/** The free part of the window. */
async function freeBox(page: Page) {
  const box = await page.locator('main').boundingBox()
  if (!box) throw new Error('no free part')
  return box
}

const isOverBody = (page: Page): Promise<boolean> =>
  page.evaluate(async () => {
    // Hovering is looked at once a frame.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    return document.querySelector('canvas')?.style.cursor === 'pointer'
  })

/** Moves the mouse over the scene, from the middle outward, until it is on a body at which `accept` holds. */
async function findBody(page: Page, fromMiddlePx = 0): Promise<{ x: number; y: number }> {
  const box = await freeBox(page)
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  for (let turn = 0; turn < 1_500; turn++) {
    const away = fromMiddlePx + STEP_PX * Math.sqrt(turn)
    const angle = turn * 2.4
    const point = { x: middle.x + away * Math.cos(angle), y: middle.y + away * Math.sin(angle) }
    const isInside =
      point.x > box.x && point.x < box.x + box.width && point.y > box.y && point.y < box.y + box.height - 20
    if (!isInside) continue
    await page.mouse.move(point.x, point.y)
    if (await isOverBody(page)) return point
  }
  throw new Error('no body was found')
}

/** How many of two pictures' pixels differ by more than anybody would see, as a share of all. */
const differingShare = (page: Page, first: Buffer, second: Buffer): Promise<number> =>
  page.evaluate(
    async (sources) => {
      const pixels = await Promise.all(
        sources.map(async (source) => {
          const image = new Image()
          image.src = `data:image/png;base64,${source}`
          await image.decode()
          const canvas = new OffscreenCanvas(image.width, image.height)
          const context = canvas.getContext('2d')
          context?.drawImage(image, 0, 0)
          return context?.getImageData(0, 0, image.width, image.height).data ?? new Uint8ClampedArray()
        }),
      )
      const [a = new Uint8ClampedArray(), b = new Uint8ClampedArray()] = pixels
      let differing = 0
      for (let i = 0; i < a.length; i += 4) {
        const distance = [0, 1, 2].reduce((most, c) => Math.max(most, Math.abs((a[i + c] ?? 0) - (b[i + c] ?? 0))), 0)
        if (distance > 24) differing++
      }
      return a.length === b.length && a.length > 0 ? differing / (a.length / 4) : 1
    },
    [first.toString('base64'), second.toString('base64')],
  )

const selectedName = (page: Page): Promise<string> => page.locator('[data-testid=detail] h2').innerText()

async function clickMiddle(page: Page): Promise<void> {
  const box = await freeBox(page)
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
}

async function letGo(page: Page): Promise<void> {
  await page.locator('[data-testid=scene]').press('Escape')
  await page.locator('[data-testid=detail]').waitFor({ state: 'detached' })
}

describe('the scene of the real server', () => {
  let page: Page
  beforeEach(async () => {
    page = await open(url, 8)
    await untilStill(page)
  })

  test('a click on a body selects its agent in the list and its detail, one beside it lets go', async () => {
    const point = await findBody(page)
    await page.mouse.click(point.x, point.y)
    const name = await selectedName(page)
    expect(await page.locator('[aria-selected=true]').first().innerText()).toContain(name)
    const box = await freeBox(page)
    await page.mouse.click(box.x + 4, box.y + 4)
    await page.locator('[data-testid=detail]').waitFor({ state: 'detached' })
  })

  test('a double click flies to the body: then it stands in the middle', async () => {
    const point = await findBody(page, 120)
    await page.mouse.dblclick(point.x, point.y)
    const name = await selectedName(page)
    await untilStill(page)
    await letGo(page)
    await clickMiddle(page)
    expect(await selectedName(page)).toBe(name)
  })

  test('follows the selected agent through another layout, until all are fitted again', async () => {
    const point = await findBody(page, 120)
    await page.mouse.click(point.x, point.y)
    const name = await selectedName(page)
    const follow = page.locator('[data-testid=camera-follow]')
    await follow.click()
    expect(await follow.getAttribute('aria-pressed')).toBe('true')
    for (const mode of ['hierarchy', 'rings', 'force']) {
      await page.locator(`[data-testid=layout-${mode}]`).click()
      expect(await page.locator('[data-testid^=layout-][aria-pressed=true]').getAttribute('data-testid')).toBe(
        `layout-${mode}`,
      )
      await untilStill(page)
      await clickMiddle(page)
      expect(await selectedName(page)).toBe(name)
    }
    await page.locator('[data-testid=camera-fit]').click()
    expect(await follow.getAttribute('aria-pressed')).toBe('false')
  })

  test('a tap selects, and two fingers bring it nearer', async () => {
    await page.context().close()
    const touched = await open(url, 8, { ...STILL, hasTouch: true })
    // Brought into the middle, and let go again.
    await touched.locator('[data-testid=agent-row]').first().click()
    const name = await selectedName(touched)
    await touched.locator('[data-testid=detail-focus]').click()
    await untilStill(touched)
    await letGo(touched)
    const box = await freeBox(touched)
    await touched.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2)
    expect(await selectedName(touched)).toBe(name)
    const { frames } = await pageStats(touched)
    const session = await touched.context().newCDPSession(touched)
    const fingers = (type: 'touchStart' | 'touchMove' | 'touchEnd', apart: number) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [-1, 1].map((side, id) => ({ x: 400 + side * apart, y: 400, id })),
      })
    const far = await touched.locator('canvas').screenshot()
    await fingers('touchStart', 40)
    for (let apart = 50; apart <= 140; apart += 10) await fingers('touchMove', apart)
    await fingers('touchEnd', 0)
    await untilStill(touched)
    expect((await pageStats(touched)).frames).toBeGreaterThan(frames)
    expect(await differingShare(touched, far, await touched.locator('canvas').screenshot())).toBeGreaterThan(0.01)
  })

  test('is there again within 2 s when the GPU has lost everything', async () => {
    const before = await page.locator('canvas').screenshot()
    const restoredMs = await page.evaluate(async () => {
      const gl = document.querySelector('canvas')?.getContext('webgl2')
      const loss = gl?.getExtension('WEBGL_lose_context')
      if (!gl || !loss) throw new Error('no context to lose')
      const { frames } = globalThis.swarmscope.stats()
      loss.loseContext()
      await new Promise((resolve) => setTimeout(resolve, 100))
      if (!gl.isContextLost()) throw new Error('the context is still there')
      const began = performance.now()
      loss.restoreContext()
      while (globalThis.swarmscope.stats().frames === frames || gl.isContextLost()) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      return performance.now() - began
    })
    expect(restoredMs).toBeLessThan(2_000)
    await untilStill(page)
    const after = await page.locator('canvas').screenshot()
    expect(await differingShare(page, before, after)).toBeLessThan(0.001)
  })

  test('draws no frame in 10 s while nothing changes', async () => {
    const { frames } = await pageStats(page)
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    expect((await pageStats(page)).frames).toBe(frames)
  })
})

describe('the camera', () => {
  // Each in a crowd of its own, and round: as one patch in the picture, however near.
  const hits = ['hit-a', 'hit-b'].map((name) => agentOf(name, { status: 'active', type: 'researcher' }))
  const others = Array.from({ length: 60 }, (_, index) => agentOf(`other-${index}`, { status: 'idle' }))
  const links = [...others.slice(2), ...hits].map(({ id }, index) => linkOf('spawned', others[index % 2]?.id ?? '', id))

  /** Where it stands and what it looks at, as a shared link says; `null` while it keeps all in sight. */
  async function cameraOf(page: Page): Promise<string | null> {
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
    await page.keyboard.press('l')
    const link = await page.waitForFunction(() => (globalThis as { copiedLink?: string }).copiedLink)
    await page.evaluate(() => delete (globalThis as { copiedLink?: string }).copiedLink)
    return new URL(String(await link.jsonValue())).searchParams.get('cam')
  }
  const hitsSeen = async (page: Page) => (await blueIn(page, await freeBox(page))).bodies

  async function ask(page: Page, query: string): Promise<void> {
    const search = page.locator('[data-testid=search]')
    await search.fill(query)
    await search.press('Enter')
    await untilStill(page)
  }

  /** Escape shuts what is offered first. */
  async function askNothing(page: Page): Promise<void> {
    const search = page.locator('[data-testid=search]')
    await search.press('Escape')
    if ((await page.locator('[data-testid=query-chip]').count()) > 0) await search.press('Escape')
    expect(await page.locator('[data-testid=query-chip]').count()).toBe(0)
    await untilStill(page)
  }

  async function openHits() {
    const opened = await openFake([...hits, ...others, ...links], {
      ...STILL,
      initScript: () => {
        Object.defineProperty(navigator, 'clipboard', {
          value: { writeText: async (copiedLink: string) => void Object.assign(globalThis, { copiedLink }) },
        })
      },
    })
    await untilStill(opened.page)
    return opened
  }

  /** The user's own view, on one of the two. */
  async function goToOne(page: Page): Promise<string | null> {
    await page.locator('[data-testid=agent-row]').filter({ hasText: 'hit-a' }).click()
    await page.locator('[data-testid=detail-focus]').click()
    await letGo(page)
    for (const _ of [1, 2, 3, 4]) await page.locator('[data-testid=scene]').press('+')
    await untilStill(page)
    return cameraOf(page)
  }

  test('brings into view who is found, stays for whoever comes to match, and goes back without the query', async () => {
    const { fake, page } = await openHits()
    expect(await hitsSeen(page)).toBe(2)
    // While it keeps all in sight there is nothing to bring.
    await ask(page, 'name:hit')
    expect(await cameraOf(page)).toBeNull()
    await askNothing(page)

    const own = await goToOne(page)
    await ask(page, 'name:hit')
    expect(await hitsSeen(page)).toBe(2)
    const onBoth = await cameraOf(page)
    expect(onBoth).not.toBe(own)
    fake.frame([{ ...others[0]!, name: 'hit-c' }])
    await page.locator('[data-testid=agent-row]').filter({ hasText: 'hit-c' }).waitFor()
    await untilStill(page)
    expect(await cameraOf(page)).toBe(onBoth)
    // In sight already.
    await ask(page, 'b')
    expect(await cameraOf(page)).toBe(onBoth)
    await askNothing(page)
    expect(await cameraOf(page)).toBe(own)

    // Taken elsewhere by the user it stays there.
    await ask(page, 'name:hit')
    await page.locator('[data-testid=scene]').press('-')
    await untilStill(page)
    const further = await cameraOf(page)
    await askNothing(page)
    expect(await cameraOf(page)).toBe(further)
  })

  test('keeps in sight what it kept there where the table takes room or gives it back, and leaves the user’s view alone', async () => {
    const { page } = await openHits()
    const all = (await blueIn(page, await freeBox(page))).pixels
    const table = async () => {
      await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
      await page.keyboard.press('w')
      await untilStill(page)
    }
    await table()
    expect(await hitsSeen(page)).toBe(2)
    await table()
    expect(await hitsSeen(page)).toBe(2)
    expect((await blueIn(page, await freeBox(page))).pixels / all).toBeCloseTo(1, 1)

    const own = await goToOne(page)
    await table()
    expect(await cameraOf(page)).toBe(own)
    await ask(page, 'name:hit')
    expect(await hitsSeen(page)).toBe(2)
    const narrow = await cameraOf(page)
    await table()
    expect(await hitsSeen(page)).toBe(2)
    expect(await cameraOf(page)).not.toBe(narrow)
  })
})

describe('the scene of any swarm', () => {
  test.each([
    ['14', smallWorld()],
    ['1,000', swarmsWorld([500, 300, 200])],
  ])(
    'takes at most 12 draws for %s agents with hulls, messages, labels, a selection and marks',
    async (_, entities) => {
      const agents = entities.filter(({ entity }) => entity === 'agent')
      // A session of its own beside the rest, so that there are groups to tell apart.
      const more = [agentOf('other'), agentOf('other/1', { parentId: 'test/other' })]
      const { fake, page } = await openFake([...entities, ...more], {})
      await page.locator('[data-testid=agent-row]').first().click()
      await page.waitForFunction(() => globalThis.swarmscope.stats().drawCalls >= 5)
      const [from, to] = [agents[0]?.id ?? '', agents[1]?.id ?? '']
      fake.frame([linkOf('message', from, to)])
      await page.waitForFunction(() => globalThis.swarmscope.stats().drawCalls >= 6)
      expect((await pageStats(page)).drawCalls).toBeLessThanOrEqual(12)
      // The bead has arrived: its draw is gone again.
      await page.waitForFunction(() => globalThis.swarmscope.stats().drawCalls === 5)
    },
  )

  test('lets marks that turn be drawn at most 15 times a second, and never in a hidden tab', async () => {
    const { page } = await openFake(largeWorld(60), {})
    await page.waitForFunction(() => globalThis.swarmscope.stats().frames > 30)
    await new Promise((resolve) => setTimeout(resolve, 5_000)) // the layout has come to rest
    const before = await pageStats(page)
    await new Promise((resolve) => setTimeout(resolve, 4_000))
    const drawn = (await pageStats(page)).frames - before.frames
    expect(drawn).toBeGreaterThan(4)
    expect(drawn).toBeLessThanOrEqual(4 * 15)

    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await new Promise((resolve) => setTimeout(resolve, 500)) // the frame that was already asked for
    const hidden = await pageStats(page)
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect((await pageStats(page)).frames).toBe(hidden.frames)
  })
})
