// What the banner in a headset says first: each way in which what is shown is not live, then what is wrong and what to do.

import { describe, expect, test } from 'vitest'
import type { Mode } from '../../protocol/swarm.ts'
import type { BannerLine } from '../../web/ui/bannerLines.ts'
import { bannerOf } from '../../web/xr/bannerWords.ts'

const NOW_MS = Date.parse('2026-03-01T12:00:00Z')
const LOST: BannerLine = {
  key: 'line',
  tone: 'lost',
  word: null,
  sentence: 'The connection to the Swarmscope server was lost.',
  suggestion: 'Start it again',
  command: null,
  retryAtMs: NOW_MS + 9_000,
  canRetry: true,
  isTrying: false,
  figure: null,
  asOfMs: NOW_MS - 120_000,
  reload: false,
}
const MOCK: BannerLine = {
  ...LOST,
  key: 'mock',
  tone: 'mock',
  word: 'MOCK',
  sentence: 'These agents are invented.',
  suggestion: 'Start without --demo',
  retryAtMs: null,
  asOfMs: null,
}

const banner = (mode: Mode, lines: BannerLine[], pastMs: number | null = null) =>
  bannerOf({ lines, mode, pastMs, error: null, nowMs: NOW_MS, serverNowMs: NOW_MS })
const marks = (...args: Parameters<typeof banner>) => banner(...args)?.badges.map(({ word }) => word)

describe('the banner in a headset', () => {
  test.each<[string, Mode, BannerLine[], number | null, string[]]>([
    ['an invented world', 'mock', [MOCK], null, ['MOCK']],
    ['an invented world whose server died', 'mock', [LOST, MOCK], null, ['MOCK']],
    ['the past of an invented world', 'mock', [MOCK], NOW_MS - 60_000, ['PAST', 'MOCK']],
    ['a recording', 'replay', [{ ...MOCK, word: 'REPLAY' }], null, ['REPLAY']],
    ['the past of a recording', 'replay', [], NOW_MS - 60_000, ['PAST', 'REPLAY']],
    ['agents of which nothing new is known', 'stale', [LOST], null, ['STALE']],
    ['the past of those', 'stale', [LOST], NOW_MS - 60_000, ['PAST', 'STALE']],
    ['something wrong with what is live', 'live', [LOST], null, []],
  ])('marks %s with every mark that holds', (_case, mode, lines, pastMs, words) => {
    expect(marks(mode, lines, pastMs)).toEqual(words)
  })

  test('says what to do before how long it is so, and each in sentences', () => {
    expect(banner('mock', [LOST, MOCK])).toMatchObject({
      sentence: LOST.sentence,
      suggestion: 'Start it again.',
      figures: 'Agents as of 2 min ago. Next try in 9 s. These agents are invented.',
    })
  })

  test('is not there where nothing is wrong', () => {
    expect(banner('live', [])).toBe(null)
  })
})
