// What of a panel's texts has room, and where. Pure: how wide words are is asked of whoever draws them.

import { cutToWidth } from '../scene/labelAtlas.ts'
import type { BoardText, Box } from './boardLayout.ts'

export const LINE_HEIGHT = 1.28
export const BADGE_SPACE = 14
/** Between two texts, as a share of the second one's size. */
const TEXT_GAP = 0.28

export interface FittedText {
  text: BoardText
  lines: readonly string[]
  /** Of its first line, in pixels of the picture. */
  top: number
  /** Not all of it is there. */
  isCut: boolean
}

/** In pixels, as wide as these words are in that text's own letters. */
export type WidthOf = (words: string, text: Pick<BoardText, 'size' | 'isStrong'>) => number

/** Below one another. What must be said has its room first, wherever it stands; the rest shares what is left, in its order. */
export function fitTexts(texts: readonly BoardText[], area: Box, widthOf: WidthOf): FittedText[] {
  let left = area.height
  const linesOf = new Map<BoardText, string[]>()
  for (const isKept of [true, false]) {
    for (const text of texts) {
      if (text.isKept !== isKept) continue
      const gap = linesOf.size === 0 ? 0 : text.size * TEXT_GAP
      const fits = Math.min(text.maxLines, Math.floor((left - gap) / (text.size * LINE_HEIGHT)))
      if (fits < 1) continue
      const lines = wrap(text.text, area.width, fits, (words) => widthOf(words, text), indentOf(text, widthOf))
      linesOf.set(text, lines)
      left -= gap + lines.length * text.size * LINE_HEIGHT
    }
  }
  let top = area.y
  return texts.map((text) => {
    const lines = linesOf.get(text) ?? []
    if (lines.length > 0 && top > area.y) top += text.size * TEXT_GAP
    const fitted = { text, lines, top, isCut: lines.join(' ') !== text.text }
    top += lines.length * text.size * LINE_HEIGHT
    return fitted
  })
}

/** How much of a panel's height these texts take in their area, with its edges and what stands below them; in whole pixels. */
export function roomFor(fitted: readonly FittedText[], area: Box, panel: Box): number {
  const last = fitted.findLast(({ lines }) => lines.length > 0)
  const bottom = last ? last.top + last.lines.length * last.text.size * LINE_HEIGHT : area.y
  // As much free below them as above, or what stands there.
  const foot = Math.max(area.y - panel.y, panel.y + panel.height - area.y - area.height)
  return Math.min(panel.height, Math.ceil(bottom - panel.y + foot))
}

/** How much room its marks take before the first line. */
const indentOf = (text: BoardText, widthOf: WidthOf): number =>
  text.badges.reduce((sum, { word }) => sum + widthOf(word, text) + 3 * BADGE_SPACE, 0)

/** At spaces; the first line has less room by its indent, the last takes what is left, and is cut. */
export function wrap(
  text: string,
  width: number,
  maxLines: number,
  widthOf: (words: string) => number,
  indent = 0,
): string[] {
  const lines: string[] = []
  let rest = text
  let room = width - indent
  while (lines.length < maxLines - 1 && widthOf(rest) > room) {
    const words = rest.split(' ')
    let count = words.length - 1
    while (count > 1 && widthOf(words.slice(0, count).join(' ')) > room) count--
    const line = words.slice(0, count).join(' ')
    // A single word that is too long stays where it is, and is cut.
    if (count < 1 || widthOf(line) > room) break
    lines.push(line)
    rest = words.slice(count).join(' ')
    room = width
  }
  return [...lines, cutToWidth(rest, room, widthOf)]
}
