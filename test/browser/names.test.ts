// Names in any script, in the scene and in the list: drawn whole and shaped, within their bounds, and beside our own words.

import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser } from '../helpers/browser.ts'
import { openPage, untilStill } from '../helpers/page.ts'
import { SHOTS } from '../helpers/shots.ts'
import { ROOT } from '../helpers/swarmscope.ts'
import { startFakeServer } from '../helpers/webFakeServer.ts'
import { agentOf, swarmOf } from '../helpers/webWorld.ts'

const FONTS = join(ROOT, 'test/fixtures/scripts')
const RANGES: Record<string, string> = {
  cjk: 'U+4E00-9FFF',
  arabic: 'U+0600-06FF',
  devanagari: 'U+0900-097F',
  emoji: 'U+200D, U+FE0F, U+1F300-1FAFF',
}

const SCRIPTS = {
  cjk: '重构登录模块',
  arabic: 'مراجع الشيفرة',
  devanagari: 'परीक्षक कृत्रिम',
  emoji: '👩🏽‍🚀👨‍👩‍👧‍👦',
}
const LONG = `the-agent-that-${'goes-on-and-'.repeat(30)}on`
const OVERRIDDEN = '\u202Edetrevni'
/** It first ends what keeps it apart. */
const BROKEN_OUT = '\u2069\u202Edrawkcab'
const UNSEEN = '\u0000\u0007\u200B\u202E'

interface Written {
  text: string
  /** Of the cell that it may take, in its pixels. */
  cell: { width: number; height: number }
  /** Where there is ink of it: whole numbers of pixels, the right and lower ends excluded. */
  ink: { left: number; top: number; right: number; bottom: number; pixels: number }
}
declare global {
  var writtenLabels: Written[]
}

/** In the page: takes down where each text of a label leaves ink, as it is written into the canvas of the labels. */
function watchLabels(): void {
  globalThis.writtenLabels = []
  const { fillText } = CanvasRenderingContext2D.prototype
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
    const { width, height } = this.canvas
    const before = this.getImageData(0, 0, width, height).data
    fillText.call(this, text, x, y, ...rest)
    const after = this.getImageData(0, 0, width, height).data
    const ink = { left: width, top: height, right: 0, bottom: 0, pixels: 0 }
    for (let at = 0; at < after.length; at += 4) {
      if ([0, 1, 2, 3].every((part) => after[at + part] === before[at + part])) continue
      const [column, row] = [(at / 4) % width, Math.floor(at / 4 / width)]
      ink.left = Math.min(ink.left, column)
      ink.right = Math.max(ink.right, column + 1)
      ink.top = Math.min(ink.top, row)
      ink.bottom = Math.max(ink.bottom, row + 1)
      ink.pixels++
    }
    // It is written about the middle of its cell.
    globalThis.writtenLabels.push({ text, ink, cell: { width: 2 * x * this.getTransform().a, height } })
  }
}

/** As if the machine had them: a face more of the page's own family, for these scripts. */
async function addFonts(page: Page): Promise<void> {
  const faces = readdirSync(FONTS)
    .filter((file) => file.endsWith('.woff2'))
    .map((file) => ({
      font: readFileSync(join(FONTS, file)).toString('base64'),
      unicodeRange: RANGES[file.replace(/[-.].*/, '')] ?? '',
    }))
  await page.evaluate(async (all) => {
    for (const { font, unicodeRange } of all) {
      const bytes = Uint8Array.from(atob(font), (character) => character.charCodeAt(0))
      const face = new FontFace('Inter Variable', bytes, { weight: '100 900', unicodeRange })
      document.fonts.add(await face.load())
    }
  }, faces)
}

const agents = [...Object.values(SCRIPTS), LONG, OVERRIDDEN, BROKEN_OUT, UNSEEN].map((name, index) =>
  agentOf(`agent-${index}`, { name, status: 'active', activity: 'Read notes', swarmId: 'test/swarm' }),
)
const failing = agentOf('failing', { name: OVERRIDDEN, status: 'active' })

let browser: Browser
let fake: Awaited<ReturnType<typeof startFakeServer>>
let page: Page

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true })
  browser = await launchBrowser()
  const entities = [...agents, failing, agentOf('loner'), swarmOf('swarm', { name: BROKEN_OUT })]
  fake = await startFakeServer({ webDir: join(ROOT, 'dist/web'), entities })
})
afterAll(async () => {
  await browser?.close()
  await fake?.close()
})

const writtenTexts = () => page.evaluate(() => globalThis.writtenLabels)

describe('names in any script', () => {
  test('are labels with ink that stands within its bounds, cut between characters, and shaped', async () => {
    page = await openPage(browser, fake.url, { reducedMotion: 'reduce', initScript: watchLabels })
    await page.waitForFunction(() => globalThis.swarmscope?.stats().drawCalls > 0)
    await addFonts(page)
    await untilStill(page)
    // Anew, with the fonts that came.
    await page.evaluate(() => {
      globalThis.writtenLabels.length = 0
      document.fonts.dispatchEvent(new Event('loadingdone'))
    })
    await untilStill(page)
    await page.screenshot({ path: join(SHOTS, 'names.png') })
    const written = await writtenTexts()
    const of = (text: string) => written.find((one) => one.text === text)
    for (const text of [...Object.values(SCRIPTS), 'detrevni', 'drawkcab', 'agent-7', 'drawkcab · 8']) {
      expect(of(text), text).toBeDefined()
    }
    const cut = written.find(({ text }) => text.endsWith('…'))
    expect(LONG.startsWith(cut?.text.slice(0, -1) ?? '?')).toBe(true)
    for (const { text, ink, cell } of written) {
      expect(ink.pixels, text).toBeGreaterThan(20)
      expect(ink.left, text).toBeGreaterThan(0)
      expect(ink.right, text).toBeLessThan(cell.width)
      expect(ink.top, text).toBeGreaterThanOrEqual(0)
      expect(ink.bottom, text).toBeLessThanOrEqual(cell.height)
      expect(text).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
    }
    // In pieces they would be wider, or other shapes: joined letters, a conjunct, one picture of a woman and her rocket.
    const widths = await page.evaluate(() => {
      const context = document.createElement('canvas').getContext('2d')
      if (!context) throw new Error('no 2d canvas')
      context.font = '600 12px "Inter Variable", system-ui, sans-serif'
      const widthOf = (text: string) => context.measureText(text).width
      const apart = (text: string) => [...text].reduce((sum, character) => sum + widthOf(character), 0)
      return ['الشيفرة', 'क्ष', '👩🏽‍🚀'].map((text) => widthOf(text) / apart(text))
    })
    for (const share of widths) expect(share, String(widths)).toBeLessThan(0.95)
  })

  test('turn nothing round that stands beside them: in the list, the detail and a toast', async () => {
    const rows = page.locator('[data-testid=agent-row]')
    expect((await rows.locator('.row-name bdi').allInnerTexts()).sort()).toEqual(
      [...Object.values(SCRIPTS), LONG, 'detrevni', 'detrevni', 'drawkcab', 'agent-7', 'loner'].sort(),
    )
    // From left to right, each word of ours, with whatever stands before it.
    const areInOrder = (selector: string, word: string) =>
      page.evaluate(
        ({ within, wanted }) => {
          const walker = document.createTreeWalker(
            document.querySelector(within) ?? document.body,
            NodeFilter.SHOW_TEXT,
          )
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const from = node.textContent?.indexOf(wanted) ?? -1
            if (from < 0) continue
            const lefts = Array.from(wanted, (_, index) => {
              const range = document.createRange()
              range.setStart(node, from + index)
              range.setEnd(node, from + index + 1)
              return range.getBoundingClientRect().left
            })
            return lefts.every((left, index) => index === 0 || left > (lefts[index - 1] ?? 0))
          }
          return null
        },
        { within: selector, wanted: word },
      )
    await rows.filter({ hasText: 'drawkcab' }).click()
    await page.locator('[data-testid=detail] h2').filter({ hasText: 'drawkcab' }).waitFor()
    expect(await areInOrder('[data-testid=detail]', 'seen to work')).toBe(true)
    expect(await areInOrder('[data-testid=detail]', 'running')).toBe(true)
    fake.frame([{ ...failing, status: 'error' }])
    await page.locator('[data-testid=toast]').waitFor()
    expect(await areInOrder('[data-testid=toast]', 'failed')).toBe(true)
    await page.screenshot({ path: join(SHOTS, 'names-list.png') })
  })
})
