// The panels: targets large enough, nothing over anything else, and what is said fits.

import { describe, expect, test } from 'vitest'
import {
  type BoardInput,
  type Box,
  buttonAt,
  layOutBoard,
  PANEL_NAMES,
  PANELS,
  PICTURE_HEIGHT,
  PICTURE_WIDTH,
  targetOf,
  textAreaOf,
} from '../../web/xr/boardLayout.ts'

const DEGREES = 180 / Math.PI
const FULL: BoardInput = {
  banner: { word: 'MOCK', sentence: 'These agents are invented.', suggestion: 'Start without --demo.', tone: 'mock' },
  notice: { title: 'coder needs you', text: 'permission: Bash', tone: 'needs-you' },
  detail: {
    name: 'queen',
    lines: ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
    tone: 'needs-you',
    note: 'It cannot be taken back.',
  },
  hasSelection: true,
  isDetailOpen: true,
  isFollowing: true,
  isSeated: true,
  isGoing: true,
  isGliding: true,
  arrangement: 'By parent',
  filter: 'Failed',
  sound: 'Sound: mono',
  hasPast: true,
  isPast: true,
  isPlaying: true,
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
  test.each(board.buttons.map((button) => [button.command, button.panel, button] as const))(
    '%s on %s: is a target of at least 3.7° with its gap (X13)',
    (_, panel, button) => {
      const { width, height } = targetOf(button)
      expect(angle(panel, width)).toBeGreaterThanOrEqual(3.7)
      expect(angle(panel, height)).toBeGreaterThanOrEqual(3.7)
    },
  )

  test.each(['menu', 'wrist'] as const)(
    'a finger finds 48 mm on the %s, with 16 mm about it, in reach (X13, X16)',
    (panel) => {
      const { box, width: metres, distance } = PANELS[panel]
      const millimetres = (pixels: number) => (1_000 * pixels * metres) / box.width
      for (const button of board.buttons.filter((each) => each.panel === panel)) {
        expect(millimetres(button.width)).toBeGreaterThanOrEqual(48)
        expect(millimetres(button.height)).toBeGreaterThanOrEqual(48)
        expect(millimetres(targetOf(button).width - button.width)).toBeGreaterThanOrEqual(16)
        expect(millimetres(targetOf(button).height - button.height)).toBeGreaterThanOrEqual(16)
      }
      expect(distance).toBeLessThanOrEqual(0.65)
    },
  )

  test('the menu at the wrist has no more than six on its page (X17)', () => {
    expect(board.buttons.filter(({ panel }) => panel === 'wrist').length).toBeLessThanOrEqual(6)
  })

  test('its text is 1.0° to 2.5° tall (X11)', () => {
    for (const { panel, size, text } of board.texts) {
      expect(angle(panel, size), text).toBeGreaterThanOrEqual(1)
      expect(angle(panel, size), text).toBeLessThanOrEqual(2.5)
    }
    for (const { panel, size, label } of board.buttons) {
      expect(angle(panel, size), label).toBeGreaterThanOrEqual(1)
      expect(angle(panel, size), label).toBeLessThanOrEqual(2.5)
    }
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
      const { box } = PANELS[name]
      for (const other of PANEL_NAMES.slice(index + 1)) expect(overlap(box, PANELS[other].box)).toBe(false)
      expect(box.x + box.width).toBeLessThanOrEqual(PICTURE_WIDTH)
      expect(box.y + box.height).toBeLessThanOrEqual(PICTURE_HEIGHT)
    }
  })

  test('texts stay clear of the buttons', () => {
    for (const panel of ['banner', 'notice', 'detail'] as const) {
      const area = textAreaOf(panel, board.buttons)
      for (const button of board.buttons.filter((each) => each.panel === panel)) {
        expect(overlap(area, button)).toBe(false)
      }
      // There is room for two lines at least, whatever else is offered.
      expect(area.height).toBeGreaterThan(100)
    }
  })

  test('each button is found at its middle, and nothing beside all of them', () => {
    for (const button of board.buttons) {
      const { box } = PANELS[button.panel]
      const u = (button.x + button.width / 2 - box.x) / box.width
      const v = (button.y + button.height / 2 - box.y) / box.height
      expect(buttonAt(board, { panel: button.panel, u, v })).toBe(button)
    }
    expect(buttonAt(board, { panel: 'detail', u: 0.5, v: 0.1 })).toBe(null)
  })

  test('each is in the same place whatever else there is, exit too', () => {
    const least = layOutBoard({ ...FULL, banner: null, notice: null, detail: null, hasSelection: false, isPast: false })
    for (const { panel, command, x, y } of least.buttons.filter((each) => each.panel === 'menu')) {
      expect(board.buttons.find((each) => each.panel === panel && each.command === command)).toMatchObject({ x, y })
    }
    for (const panel of ['menu', 'wrist'] as const) {
      const exitOf = (of: typeof board) => of.buttons.find((each) => each.panel === panel && each.command === 'exit')
      expect(exitOf(least)).toEqual(exitOf(board))
    }
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
