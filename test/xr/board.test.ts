// The panels: targets large enough, nothing over anything else, and what is said fits.

import { describe, expect, test } from 'vitest'
import {
  type BoardInput,
  type Box,
  buttonAt,
  layOutBoard,
  MENU_TEXT_SIZE,
  PANEL_NAMES,
  PANELS,
} from '../../web/xr/boardLayout.ts'

const DEGREES = 180 / Math.PI
const FULL: BoardInput = {
  banner: { word: 'MOCK', sentence: 'These agents are invented.', suggestion: 'Start without --demo.', tone: 'mock' },
  detail: { name: 'queen', lines: ['a', 'b', 'c', 'd', 'e', 'f', 'g'], note: 'It cannot be taken back.' },
  hasSelection: true,
  isDetailOpen: true,
  isFollowing: true,
  isSeated: true,
  isGoing: true,
  isGliding: true,
  arrangement: 'By parent',
  filter: 'status:failed',
  isPast: true,
  canTerminate: true,
  isAsking: true,
}
const board = layOutBoard(FULL)
/** Of so many pixels of a panel, seen from the body. */
const angle = (panel: keyof typeof PANELS, pixels: number): number => {
  const { box, width, distance } = PANELS[panel]
  return 2 * Math.atan((pixels * width) / box.width / distance / 2) * DEGREES
}
const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

describe('the board', () => {
  test.each(board.buttons.map((button) => [button.command, button] as const))(
    '%s: is a target of at least 3.7° with its gap (X13)',
    (_, button) => {
      expect(angle(button.panel, button.width + 12)).toBeGreaterThanOrEqual(3.7)
      expect(angle(button.panel, button.height + 12)).toBeGreaterThanOrEqual(3.7)
    },
  )

  test('its text is 1.0° to 2.5° tall (X11)', () => {
    for (const { panel, size, text } of board.texts) {
      expect(angle(panel, size), text).toBeGreaterThanOrEqual(1)
      expect(angle(panel, size), text).toBeLessThanOrEqual(2.5)
    }
    expect(angle('menu', MENU_TEXT_SIZE)).toBeGreaterThanOrEqual(1)
  })

  test('buttons lie within their panel, none over another, and panels have parts of the picture of their own', () => {
    for (const [index, button] of board.buttons.entries()) {
      const { box } = PANELS[button.panel]
      expect(button.x).toBeGreaterThanOrEqual(box.x)
      expect(button.y).toBeGreaterThanOrEqual(box.y)
      expect(button.x + button.width).toBeLessThanOrEqual(box.x + box.width)
      expect(button.y + button.height).toBeLessThanOrEqual(box.y + box.height)
      for (const other of board.buttons.slice(index + 1)) expect(overlap(button, other)).toBe(false)
    }
    for (const [index, name] of PANEL_NAMES.entries()) {
      for (const other of PANEL_NAMES.slice(index + 1)) expect(overlap(PANELS[name].box, PANELS[other].box)).toBe(false)
    }
  })

  test('texts stay clear of the buttons', () => {
    for (const { panel, x, y, size, width } of board.texts) {
      const box = { x, y: y - size * 0.8, width, height: size }
      for (const button of board.buttons.filter((each) => each.panel === panel))
        expect(overlap(box, button)).toBe(false)
    }
  })

  test('each button is found at its middle, and nothing beside all of them', () => {
    for (const button of board.buttons) {
      const { box } = PANELS[button.panel]
      const u = (button.x + button.width / 2 - box.x) / box.width
      const v = (button.y + button.height / 2 - box.y) / box.height
      expect(buttonAt(board, button.panel, u, v)?.command).toBe(button.command)
    }
    expect(buttonAt(board, 'detail', 0.5, 0.1)).toBe(null)
  })

  test('exit is in the same place whatever else there is', () => {
    const least = layOutBoard({ ...FULL, banner: null, detail: null, hasSelection: false, isPast: false })
    const exitOf = (of: typeof board) => of.buttons.find(({ command }) => command === 'exit')
    expect(exitOf(least)).toEqual(exitOf(board))
  })

  test('who asked for less motion is not offered to glide', () => {
    const commands = layOutBoard({ ...FULL, isGliding: null }).buttons.map(({ command }) => command)
    expect(commands).not.toContain('glide')
    expect(commands).toContain('go')
  })

  test('who may not end agents is not offered it', () => {
    const commands = layOutBoard({ ...FULL, canTerminate: false }).buttons.map(({ command }) => command)
    expect(commands.filter((command) => command.startsWith('terminate'))).toEqual([])
  })
})
