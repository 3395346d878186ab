// The panels: targets large enough, nothing over anything else, and what is said fits.

import { describe, expect, test } from 'vitest'
import { ERRORS, type ErrorContext } from '../../protocol/errors.ts'
import {
  type BoardInput,
  type Box,
  buttonAt,
  layOutBoard,
  PANEL_NAMES,
  PANELS,
  type PanelName,
  PICTURE_HEIGHT,
  PICTURE_WIDTH,
  targetOf,
  textAreaOf,
} from '../../web/xr/boardLayout.ts'
import { fitTexts, LINE_HEIGHT, roomFor, type WidthOf } from '../../web/xr/fitTexts.ts'

const DEGREES = 180 / Math.PI
const FULL: BoardInput = {
  banner: {
    badges: [{ word: 'MOCK', tone: 'mock' }],
    sentence: 'These agents are invented.',
    suggestion: 'Start without --demo.',
    figures: '',
    tone: 'mock',
  },
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
  canRetry: true,
  hasPast: true,
  isPast: true,
  isPlaying: true,
  canTerminate: true,
  isAsking: true,
}
const board = layOutBoard(FULL)
/** As wide as words in Inter are at most: the page's own are measured in a browser. */
const widthOf: WidthOf = (words, { size, isStrong }) => words.length * size * (isStrong ? 0.58 : 0.55)
const fittedOn = (panel: PanelName, input: BoardInput) => {
  const { texts, buttons } = layOutBoard(input)
  return fitTexts(
    texts.filter((text) => text.panel === panel),
    textAreaOf(panel, buttons),
    widthOf,
  )
}
/** The catalogue's own words, as they are about a usual relay, and about what a user gave. */
const CONTEXTS: ErrorContext[] = [
  { host: 'swarmscope.example.org', port: 3_000, managed: false },
  { host: '127.0.0.1', port: 3_000, managed: true, detail: 'no answer to tools/call for 30 s' },
]
const WORDS = Object.entries(ERRORS).flatMap(([code, { error, suggestion }]) =>
  CONTEXTS.map((context) => [code, { sentence: error, suggestion: suggestion(context) }] as const),
)
const bannerOf = ({ sentence, suggestion }: { sentence: string; suggestion: string }): BoardInput['banner'] => ({
  badges: [
    { word: 'PAST', tone: 'past' },
    { word: 'REPLAY', tone: 'past' },
  ],
  sentence,
  suggestion,
  figures: 'Agents as of 12 min ago. Next try in 14 s. A recording, not the present.',
  tone: 'lost',
})
/** Of so many pixels across a panel, seen from the body. */
const angle = (panel: PanelName, pixels: number): number => {
  const { box, width, distance } = PANELS[panel]
  return 2 * Math.atan((pixels * width) / box.width / distance / 2) * DEGREES
}
/** Along it: what leans back is seen from aside. */
const angleAlong = (panel: PanelName, pixels: number) => angle(panel, pixels * Math.cos(PANELS[panel].tilt))
type Place = readonly [x: number, y: number, z: number]
const minus = (a: Place, b: Place): Place => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
const dot = (a: Place, b: Place) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
const far = (a: Place, b: Place) => Math.hypot(...minus(a, b))
/** Of the menu, for a head at (0, 0, 0) that looks along -z. */
const menu = (() => {
  const { elevation, tilt, distance, width, box } = PANELS.menu
  const lean = elevation - tilt
  return {
    middle: [0, Math.sin(elevation) * distance, -Math.cos(elevation) * distance] as Place,
    up: [0, Math.cos(lean), Math.sin(lean)] as Place,
    normal: [0, -Math.sin(lean), Math.cos(lean)] as Place,
    halfWidth: width / 2,
    halfHeight: (width * box.height) / box.width / 2,
  }
})()
const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

describe('the board', () => {
  test.each(board.buttons.map((button) => [button.command, button.panel, button] as const))(
    '%s on %s: is a target of at least 3.7° with its gap (X13)',
    (_, panel, button) => {
      const { width, height } = targetOf(button)
      expect(angle(panel, width)).toBeGreaterThanOrEqual(3.7)
      expect(angleAlong(panel, height)).toBeGreaterThanOrEqual(3.7)
    },
  )

  test.each(['menu', 'wrist'] as const)(
    'a finger finds 48 mm on the %s, with 16 mm about it, in reach (X13, X16)',
    (panel) => {
      const { box, width: metres, distance } = PANELS[panel]
      expect(distance).toBeLessThanOrEqual(0.6)
      const millimetres = (pixels: number) => (1_000 * pixels * metres) / box.width
      for (const button of board.buttons.filter((each) => each.panel === panel)) {
        expect(millimetres(button.width)).toBeGreaterThanOrEqual(48)
        expect(millimetres(button.height)).toBeGreaterThanOrEqual(48)
        expect(millimetres(targetOf(button).width - button.width)).toBeGreaterThanOrEqual(16)
        expect(millimetres(targetOf(button).height - button.height)).toBeGreaterThanOrEqual(16)
      }
    },
  )

  test('each button of the menu is within 60° of where one looks, and 0.6 m of the shoulder on its side (X16)', () => {
    const { middle, up } = menu
    const { box, width: metres } = PANELS.menu
    for (const { panel, x, y, width, height, command } of board.buttons) {
      if (panel !== 'menu') continue
      const across = ((x + width / 2 - box.x) / box.width - 0.5) * metres
      const along = ((box.height / 2 - (y + height / 2 - box.y)) / box.width) * metres
      const at: Place = [across, middle[1] + up[1] * along, middle[2] + up[2] * along]
      expect(far(at, [0.2 * Math.sign(across), -0.25, 0]), command).toBeLessThanOrEqual(0.6)
      expect(Math.acos(-at[2] / Math.hypot(...at)) * DEGREES, command).toBeLessThanOrEqual(60)
    }
  })

  test('from wherever a hand is usually held, its ray to the swarm on the table meets no menu', () => {
    const { middle, up, normal, halfWidth, halfHeight } = menu
    const swarm: Place = [0, -0.1, -1.2]
    for (let x = -0.3; x <= 0.3; x += 0.05)
      for (let y = -0.6; y <= -0.25; y += 0.05)
        for (let z = -0.45; z <= -0.25; z += 0.05) {
          const from: Place = [x, y, z]
          const way = minus(swarm, from)
          const share = dot(minus(middle, from), normal) / dot(way, normal)
          // From behind nothing is pressed.
          if (dot(way, normal) >= 0 || share < 0 || share > 1) continue
          const at = minus([x + way[0] * share, y + way[1] * share, z + way[2] * share], middle)
          expect(Math.abs(at[0]) <= halfWidth && Math.abs(dot(at, up)) <= halfHeight, `${from}`).toBe(false)
        }
  })

  test('the menu at the wrist has no more than six on its page (X17)', () => {
    expect(board.buttons.filter(({ panel }) => panel === 'wrist').length).toBeLessThanOrEqual(6)
  })

  test('its text is 1.0° to 2.5° tall (X11)', () => {
    for (const { panel, size, text } of board.texts) {
      expect(angleAlong(panel, size), text).toBeGreaterThanOrEqual(1)
      expect(angleAlong(panel, size), text).toBeLessThanOrEqual(2.5)
    }
    for (const { panel, size, label } of board.buttons) {
      expect(angleAlong(panel, size), label).toBeGreaterThanOrEqual(1)
      expect(angleAlong(panel, size), label).toBeLessThanOrEqual(2.5)
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

  test('each suggestion of the error catalogue fits the banner, whatever marks and figures there are', () => {
    for (const [code, words] of WORDS) {
      const fitted = fittedOn('banner', { ...FULL, banner: bannerOf(words) })
      const [sentence, suggestion] = fitted
      expect([code, sentence?.isCut, suggestion?.isCut]).toEqual([code, false, false])
      expect(suggestion?.text.text).toBe(words.suggestion)
    }
  })

  test('what is asked and what came of it is in the panel of who is selected, however much else is known', () => {
    const lines = Array.from({ length: 9 }, () => 'words '.repeat(60).trim())
    const NOTES = [
      'It cannot be taken back.',
      'Asking claude-flow…',
      ...WORDS.map(([, each]) => `${each.sentence}. ${each.suggestion}`),
    ]
    for (const note of NOTES) {
      const fitted = fittedOn('detail', { ...FULL, detail: { name: 'queen', lines, tone: 'needs-you', note } })
      const last = fitted.at(-1)
      expect([last?.text.text, last?.isCut]).toEqual([note, false])
      const area = textAreaOf('detail', board.buttons)
      const bottom = (last?.top ?? 0) + (last?.lines.length ?? 0) * (last?.text.size ?? 0) * LINE_HEIGHT
      expect(bottom).toBeLessThanOrEqual(area.y + area.height + 1e-6)
      // And who it is and how it is about them, still.
      expect([fitted[0]?.isCut, fitted[1]?.lines.length]).toEqual([false, 2])
    }
  })

  test.each(['banner', 'notice', 'detail'] as const)(
    '%s is as high as its words need, and no higher than its part',
    (panel) => {
      const heightWith = (lines: number, canTerminate = false) => {
        const words = 'words '.repeat(60).trim()
        const input: BoardInput = {
          ...FULL,
          canTerminate,
          banner: { badges: [], sentence: 'One.', suggestion: lines > 1 ? words : '', figures: '', tone: 'lost' },
          notice: { title: 'coder failed', text: lines > 1 ? words : '', tone: 'failed' },
          detail: { name: 'queen', lines: Array.from({ length: lines - 1 }, () => words), tone: 'plain', note: '' },
        }
        const { texts, buttons } = layOutBoard(input)
        const area = textAreaOf(panel, buttons)
        const own = texts.filter((text) => text.panel === panel)
        return { height: roomFor(fitTexts(own, area, widthOf), area, PANELS[panel].box), area, own, buttons }
      }
      const { box } = PANELS[panel]
      const { height, area, own, buttons } = heightWith(1)
      const [only] = own
      const top = buttons.reduce(
        (least, each) => (each.panel === panel ? Math.min(least, each.y) : least),
        box.y + box.height,
      )
      // Above its buttons, where it has some: so much below the words as above them, at most.
      const words = (only?.size ?? 0) * LINE_HEIGHT
      expect(height).toBeLessThanOrEqual(words + 2 * (area.y - box.y) + box.y + box.height - top + 1)
      expect(height).toBeGreaterThan(words + box.y + box.height - top)
      expect(heightWith(2).height).toBeGreaterThan(height)
      expect(heightWith(40).height).toBeLessThanOrEqual(box.height)
      if (panel === 'detail') {
        expect(heightWith(40).height).toBeGreaterThan(box.height - 60)
        expect(heightWith(1, true).height).toBeGreaterThan(height + 96)
      }
    },
  )

  test('what does not fit is cut, and known to be', () => {
    const banner = { ...(FULL.banner as NonNullable<BoardInput['banner']>), suggestion: 'words '.repeat(200).trim() }
    expect(fittedOn('banner', { ...FULL, banner })[1]?.isCut).toBe(true)
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
