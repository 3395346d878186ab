// The palette is checked by figures, not by eye.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LINK_KINDS } from '../../protocol/swarm.ts'
import { LOOKS } from '../../web/theme/status.ts'
import { formatAge, formatCost, formatCount } from '../../web/ui/format.ts'
import { titleOf } from '../../web/ui/titleOf.ts'

const css = readFileSync(new URL('../../web/theme/tokens.css', import.meta.url), 'utf8')
const [, dark = '', light = ''] = css.split(/:root(?:\[data-theme="light"\])? \{/)

const tokensIn = (block: string) =>
  Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})\b/g)].map((match) => [match[1]!, match[2]!]))

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

describe.each([
  ['dark', tokensIn(dark)],
  ['light', { ...tokensIn(dark), ...tokensIn(light) }],
])('the %s theme', (_, tokens) => {
  it.each([
    'ink',
    'ink-2',
    'ink-3',
    'accent',
    'look-needs-you',
    'look-failed',
    'look-active',
    'look-tool',
    'look-initializing',
    'look-idle',
  ])('has --%s readable on the ground and on panels', (name) => {
    for (const ground of ['ground', 'panel'])
      expect(contrast(tokens[name]!, tokens[ground]!)).toBeGreaterThanOrEqual(4.5)
  })

  it('has readable banners and buttons', () => {
    for (const ground of ['lost-ground', 'mock-ground', 'past-ground']) {
      for (const text of ['ink', 'ink-2']) expect(contrast(tokens[text]!, tokens[ground]!)).toBeGreaterThanOrEqual(4.5)
    }
    expect(contrast(tokens.lost!, tokens['lost-ground']!)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(tokens.mock!, tokens['mock-ground']!)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(tokens['accent-ink']!, tokens.accent!)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(tokens.ink!, tokens['raised-2']!)).toBeGreaterThanOrEqual(4.5)
  })

  it('has a colour for each look and each kind of link, for the scene reads them from here', () => {
    for (const look of LOOKS) expect(tokens[`look-${look}`]).toMatch(/^#[0-9a-f]{6}$/)
    for (const kind of LINK_KINDS) expect(tokens[`link-${kind}`]).toMatch(/^#[0-9a-f]{6}$/)
  })
})

describe('figures', () => {
  it.each([
    [0, '0 s'],
    [-5_000, '0 s'],
    [42_900, '42 s'],
    [60_000, '1 min'],
    [7_200_000, '2 h'],
    [200_000_000, '2 d'],
  ])('%i ms ago is %s', (ms, text) => expect(formatAge(ms)).toBe(text))

  it.each([
    [0, '0'],
    [999, '999'],
    [61_000, '61.0 k'],
    [999_600, '1.00 M'],
    [1_240_000, '1.24 M'],
  ])('%i is %s', (value, text) => expect(formatCount(value)).toBe(text))

  it('tell a small cost from none', () =>
    expect([0, 0.004, 0.2, 1_234].map(formatCost)).toEqual(['$0.00', '<$0.01', '$0.20', '$1,234']))

  it('stand in the title when somebody is waited for', () => {
    expect(titleOf({ needsYou: 0, failed: 0 })).toBe('Swarmscope')
    expect(titleOf({ needsYou: 1, failed: 2 })).toBe('(1 needs you, 2 failed) Swarmscope')
  })
})
