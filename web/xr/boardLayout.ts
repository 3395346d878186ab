// What hangs in the headset: the banner, the menu, the detail of who is selected, and where each button is. Pure: what is
// known comes in, texts and boxes in pixels of one picture come out.

import type { XrCommand } from './actions.ts'

export const PICTURE_WIDTH = 1_024
export const PICTURE_HEIGHT = 1_128

export const PANEL_NAMES = ['banner', 'menu', 'detail'] as const
export type PanelName = (typeof PANEL_NAMES)[number]

export interface Box {
  x: number
  y: number
  width: number
  height: number
}

export interface Panel {
  /** Its part of the picture. */
  box: Box
  /** Where it hangs, seen from the body: radians to the left and up, metres away, and metres wide. */
  azimuth: number
  elevation: number
  distance: number
  width: number
}

export const PANELS: Readonly<Record<PanelName, Panel>> = {
  banner: { box: { x: 0, y: 0, width: 1_024, height: 168 }, azimuth: 0, elevation: 0.38, distance: 1.6, width: 1 },
  menu: { box: { x: 0, y: 168, width: 1_024, height: 420 }, azimuth: 0, elevation: -0.66, distance: 0.95, width: 0.8 },
  detail: {
    box: { x: 0, y: 588, width: 640, height: 540 },
    azimuth: -0.6,
    elevation: -0.05,
    distance: 1.2,
    width: 0.56,
  },
}

export interface BoardButton extends Box {
  panel: PanelName
  command: XrCommand
  label: string
  /** It is so now. */
  isOn: boolean
  isDanger: boolean
}

export interface BoardText {
  panel: PanelName
  text: string
  x: number
  y: number
  width: number
  /** In pixels. */
  size: number
  tone: 'plain' | 'second' | 'lost' | 'mock' | 'past'
}

export interface Board {
  shown: readonly PanelName[]
  tone: 'lost' | 'mock' | 'past' | 'plain'
  buttons: readonly BoardButton[]
  texts: readonly BoardText[]
}

export interface BoardInput {
  /** The first line that is to be said, and what to do about it. */
  banner: { word: string; sentence: string; suggestion: string; tone: 'lost' | 'mock' | 'past' } | null
  /** Of who is selected; `null`: nobody is, or nobody wants to see it. */
  detail: { name: string; lines: readonly string[]; note: string } | null
  hasSelection: boolean
  isDetailOpen: boolean
  isFollowing: boolean
  isSeated: boolean
  /** The next press goes where it points. */
  isGoing: boolean
  /** `null`: it is not offered, for less motion was asked for. */
  isGliding: boolean | null
  /** How the swarm is laid out, in a word. */
  arrangement: string
  /** The filter in words; empty for none. */
  filter: string
  isPast: boolean
  canTerminate: boolean
  isAsking: boolean
}

const GAP = 12
const COLUMNS = 6
const ROWS = 4
const MENU_SIZE = 27
const DETAIL_BUTTON = 92

export function layOutBoard(input: BoardInput): Board {
  const { banner, detail } = input
  const shown: PanelName[] = ['menu']
  if (banner) shown.push('banner')
  if (detail) shown.push('detail')
  return {
    shown,
    tone: banner?.tone ?? 'plain',
    buttons: [...menuButtons(input), ...(detail ? detailButtons(input) : [])],
    texts: [...(banner ? bannerTexts(banner) : []), ...(detail ? detailTexts(detail) : [])],
  }
}

function menuButtons(input: BoardInput): BoardButton[] {
  const { hasSelection, isDetailOpen, isFollowing, isSeated, isGoing, isGliding, arrangement, filter, isPast } = input
  // A place for each, whether it is there now or not: hands learn where things are.
  const wanted: ([XrCommand, string, boolean] | null)[] = [
    ['table', 'Table', false],
    ['room', 'Room', false],
    ['inside', 'Inside', false],
    ['larger', 'Larger', false],
    ['smaller', 'Smaller', false],
    ['reset', 'Reset', false],
    ['turn-left', 'Turn left', false],
    ['turn-right', 'Turn right', false],
    ['higher', 'Higher', false],
    ['lower', 'Lower', false],
    ['seated', 'Seated', isSeated],
    ['go', isGoing ? 'Point there' : 'Go to…', isGoing],
    ['arrange', arrangement, false],
    ['filter', filter === '' ? 'All agents' : filter, filter !== ''],
    hasSelection ? ['follow', 'Follow', isFollowing] : null,
    hasSelection ? ['detail', 'Detail', isDetailOpen] : null,
    ['retry', 'Retry now', false],
    isPast ? ['live', 'Back to live', false] : null,
    isGliding === null ? null : ['glide', 'Glide', isGliding],
  ]
  const cells = wanted.flatMap((button, index) => (button ? [menuButton(index, ...button)] : []))
  // Always in the same corner: whoever wants out must not have to look for it.
  cells.push(menuButton(COLUMNS * ROWS - 1, 'exit', 'Exit', false))
  return cells
}

function menuButton(index: number, command: XrCommand, label: string, isOn: boolean): BoardButton {
  const { box } = PANELS.menu
  const width = (box.width - GAP) / COLUMNS
  const height = (box.height - GAP) / ROWS
  return {
    panel: 'menu',
    command,
    label,
    isOn,
    isDanger: command === 'exit',
    x: box.x + GAP + (index % COLUMNS) * width,
    y: box.y + GAP + Math.floor(index / COLUMNS) * height,
    width: width - GAP,
    height: height - GAP,
  }
}

function detailButtons({ canTerminate, isAsking }: BoardInput): BoardButton[] {
  if (!canTerminate) return []
  const { box } = PANELS.detail
  const y = box.y + box.height - DETAIL_BUTTON - GAP
  const width = (box.width - 3 * GAP) / 2
  const shared = { panel: 'detail', isOn: false, y, width, height: DETAIL_BUTTON } as const
  if (!isAsking) {
    return [{ ...shared, command: 'terminate', label: 'Terminate…', isDanger: true, x: box.x + GAP }]
  }
  return [
    { ...shared, command: 'terminate-no', label: 'Keep it', isDanger: false, x: box.x + GAP },
    { ...shared, command: 'terminate-yes', label: 'Terminate', isDanger: true, x: box.x + 2 * GAP + width },
  ]
}

function bannerTexts({ word, sentence, suggestion, tone }: NonNullable<BoardInput['banner']>): BoardText[] {
  const { box } = PANELS.banner
  const width = box.width - 56
  return [
    { panel: 'banner', text: `${word} ${sentence}`.trim(), x: box.x + 28, y: box.y + 66, width, size: 38, tone },
    { panel: 'banner', text: suggestion, x: box.x + 28, y: box.y + 124, width, size: 34, tone: 'plain' },
  ]
}

function detailTexts({ name, lines, note }: NonNullable<BoardInput['detail']>): BoardText[] {
  const { box } = PANELS.detail
  const line = (text: string, row: number, size: number, tone: BoardText['tone']): BoardText => ({
    panel: 'detail',
    text,
    x: box.x + 28,
    y: box.y + 60 + row * 48,
    width: box.width - 56,
    size,
    tone,
  })
  return [
    line(name, 0, 36, 'plain'),
    ...lines.slice(0, 6).map((text, index) => line(text, index + 1, 29, 'second')),
    ...(note ? [line(note, 7, 27, 'lost')] : []),
  ]
}

export const MENU_TEXT_SIZE = MENU_SIZE

/** The button at this place of a panel, as shares of its width and height from the upper left. */
export function buttonAt(board: Board, panel: PanelName, u: number, v: number): BoardButton | null {
  const { box } = PANELS[panel]
  const x = box.x + u * box.width
  const y = box.y + v * box.height
  // Half a gap more on each side: between two buttons there is no place that means neither.
  const slack = GAP / 2
  for (const button of board.buttons) {
    if (button.panel !== panel) continue
    const isInX = x >= button.x - slack && x < button.x + button.width + slack
    if (isInX && y >= button.y - slack && y < button.y + button.height + slack) return button
  }
  return null
}
