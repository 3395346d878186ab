// What is written in a headset stands out from its ground, also where the real room is behind it, be that as bright or as dark
// as it may (X11).

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../helpers/swarmscope.ts'

const css = readFileSync(join(ROOT, 'web/theme/tokens.css'), 'utf8')
const THEMES = {
  dark: css.slice(0, css.indexOf(':root[data-theme="light"]')),
  light: css.slice(css.indexOf(':root[data-theme="light"]')),
}

type Color = readonly [number, number, number]

function colorOf(theme: keyof typeof THEMES, name: string): Color {
  const [, hex] = new RegExp(`--${name}: #([0-9a-f]{6})`).exec(THEMES[theme]) ?? []
  if (hex === undefined) throw new Error(`no --${name} in ${theme}`)
  const value = Number.parseInt(hex, 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

const over = (front: Color, back: Color, alpha: number): Color =>
  [0, 1, 2].map((part) => (front[part] as number) * alpha + (back[part] as number) * (1 - alpha)) as unknown as Color

function luminance(color: Color): number {
  const [red, green, blue] = color.map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(a: Color, b: Color): number {
  const [bright, dim] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (bright + 0.05) / (dim + 0.05)
}

const WHITE: Color = [255, 255, 255]
const BLACK: Color = [0, 0, 0]
/** As in the label's shader, and in panelPicture.ts. */
const PLATE_ALPHA = 0.97
const PANEL_ALPHA = 0.95
/** The mark's ink and ground change places, which changes nothing. */
const PANELS = [
  ['panel', ['ink', 'ink-2', 'look-needs-you', 'look-failed']],
  ['lost-ground', ['lost', 'ink']],
  ['mock-ground', ['mock', 'ink']],
  ['past-ground', ['past', 'ink']],
  ['raised-2', ['ink']],
  ['selected', ['ink']],
] as const
const LABELS = ['ink', 'ink-2', 'look-needs-you', 'look-failed', 'lost'] as const

describe.each(['dark', 'light'] as const)('in the %s theme', (theme) => {
  test.each(PANELS)('text on --%s has 4.5 : 1, whatever is behind the panel', (ground, inks) => {
    for (const ink of inks) {
      for (const room of [WHITE, BLACK]) {
        const seen = over(colorOf(theme, ground), room, PANEL_ALPHA)
        expect(contrast(colorOf(theme, ink), seen), ink).toBeGreaterThanOrEqual(4.5)
      }
    }
  })

  test.each(LABELS)('a label in --%s has 4.5 : 1 on the ground, and on its plate over any room', (ink) => {
    expect(contrast(colorOf(theme, ink), colorOf(theme, 'ground'))).toBeGreaterThanOrEqual(4.5)
    for (const room of [WHITE, BLACK]) {
      const plate = over(colorOf(theme, 'ground'), room, PLATE_ALPHA)
      expect(contrast(colorOf(theme, ink), plate), ink).toBeGreaterThanOrEqual(4.5)
    }
  })
})
