import { expect, it, test } from 'vitest'
import { momentOfKey } from '../../web/ui/timelineKeys.ts'
import { binText } from '../../web/ui/timelineWords.ts'

const at = { atMs: 50_000, nowMs: 100_000, firstMs: 10_000, stepMs: 1_000 }

test.each([
  ['ArrowLeft', false, 49_000],
  ['ArrowDown', false, 49_000],
  ['ArrowRight', false, 51_000],
  ['ArrowUp', false, 51_000],
  ['ArrowLeft', true, 40_000],
  ['PageDown', false, 40_000],
  ['PageUp', false, 60_000],
  ['Home', false, 10_000],
  ['End', false, 100_000],
  ['x', false, null],
])('%s (shift: %s) leads to %s', (key, isShift, moment) => {
  expect(momentOfKey(key, isShift, at)).toBe(moment)
})

it('never leads before the history, or beyond now', () => {
  expect(momentOfKey('PageDown', false, { ...at, atMs: 12_000 })).toBe(10_000)
  expect(momentOfKey('PageUp', false, { ...at, atMs: 99_500 })).toBe(100_000)
})

it('a bar says what happened in it, and only that', () => {
  const nowMs = Date.parse('2026-11-24T12:00:00')
  const bin = { fromMs: Date.parse('2026-11-24T11:03:20'), events: 1, failed: 0, waiting: 0 }
  expect(binText(bin, nowMs)).toBe('11:03:20 · 1 change')
  expect(binText({ ...bin, events: 0 }, nowMs)).toBe('11:03:20 · nothing happened')
  expect(binText({ ...bin, events: 12, failed: 2, waiting: 1 }, nowMs)).toBe(
    '11:03:20 · 12 changes · 2 failed · 1 waited for you',
  )
})
