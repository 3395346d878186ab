// What hangs in the headset: the banner, the menu, the detail of who is selected, and where each button is. Pure: what is
// known comes in, texts and boxes in pixels of one picture come out.

import type { XrCommand } from './actions.ts'

/** A few lines are left free between panels: the edge of one must not show the next one's. */
export const PICTURE_WIDTH = 1_664
export const PICTURE_HEIGHT = 1_716

export const PANEL_NAMES = ['banner', 'menu', 'detail', 'notice', 'wrist'] as const
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
  /** Where it hangs, seen from the body: radians to the left and up. What hangs at the wrist goes with that instead. */
  azimuth: number
  elevation: number
  /** Its upper edge leans so much farther back, in radians, than square to the eyes; as a desk's does. */
  tilt: number
  /** Metres from the eyes (at the wrist: as one usually holds it), and metres wide. */
  distance: number
  width: number
}

/**
 * Menu and wrist are within reach of a finger: what is pressed there is 48 mm large at least, and 16 mm from all else. The menu
 * lies low and leans back: rays from where hands are usually held go over it to what is before the user.
 */
export const PANELS: Readonly<Record<PanelName, Panel>> = {
  banner: {
    box: { x: 0, y: 0, width: 1_024, height: 440 },
    azimuth: 0,
    elevation: 0.34,
    tilt: 0,
    distance: 1.6,
    width: 1,
  },
  menu: {
    box: { x: 0, y: 444, width: 1_024, height: 540 },
    azimuth: 0,
    elevation: -0.8,
    tilt: 0.5,
    distance: 0.6,
    width: 0.52,
  },
  detail: {
    box: { x: 0, y: 988, width: 640, height: 728 },
    azimuth: -0.6,
    elevation: 0,
    tilt: 0,
    distance: 1.2,
    width: 0.56,
  },
  notice: {
    box: { x: 1_024, y: 0, width: 640, height: 300 },
    azimuth: 0.6,
    elevation: 0,
    tilt: 0,
    distance: 1.2,
    width: 0.56,
  },
  wrist: {
    box: { x: 640, y: 988, width: 760, height: 526 },
    azimuth: 0,
    elevation: 0,
    tilt: 0,
    distance: 0.45,
    width: 0.21,
  },
}

export interface BoardButton extends Box {
  panel: PanelName
  command: XrCommand
  label: string
  /** It is so now. */
  isOn: boolean
  isDanger: boolean
  /** Of its words, in pixels. */
  size: number
}

export type BoardTone = 'plain' | 'second' | 'lost' | 'mock' | 'past' | 'needs-you' | 'failed'

/** They stand below one another in the text area of their panel, wrapped; what has no room left there is cut. */
export interface BoardText {
  panel: PanelName
  /** Words that stand before it as marks. */
  badges: readonly BoardBadge[]
  text: string
  /** In pixels. */
  size: number
  tone: BoardTone
  isStrong: boolean
  maxLines: number
  /** It has its room before all else. */
  isKept: boolean
}

/** What is shown is not live: each way has its own word and tone. */
export interface BoardBadge {
  word: 'MOCK' | 'REPLAY' | 'PAST' | 'STALE'
  tone: BoardTone
}

export interface Board {
  shown: readonly PanelName[]
  /** Of the panel's ground and edge. */
  tones: Readonly<Partial<Record<PanelName, BoardTone>>>
  buttons: readonly BoardButton[]
  /** What cannot be done now: its place is kept, so that whoever has found it finds it again. */
  ghosts: readonly BoardButton[]
  texts: readonly BoardText[]
}

export interface BoardInput {
  /** The first line that is to be said, and what to do about it. */
  banner: {
    badges: readonly BoardBadge[]
    sentence: string
    suggestion: string
    /** Ages, and what is counted down: they change all the time. */
    figures: string
    tone: 'lost' | 'mock' | 'past'
  } | null
  /** Who just turned to somebody, or failed. */
  notice: { title: string; text: string; tone: 'needs-you' | 'failed' | 'lost' } | null
  /** Of who is selected; `null`: nobody is, or nobody wants to see it. */
  detail: { name: string; lines: readonly string[]; tone: BoardTone; note: string } | null
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
  /** How alerts sound, in words. */
  sound: string
  /** Something is down that trying again can mend, and who is inside may. */
  canRetry: boolean
  /** There is a past to go back to. */
  hasPast: boolean
  isPast: boolean
  isPlaying: boolean
  canTerminate: boolean
  isAsking: boolean
}

const COLUMNS = 6
const ROWS = 4
const MENU_SIZE = 25
const WRIST_SIZE = 34
const WRIST_COLUMNS = 3
const WRIST_ROWS = 2
const FAR_BUTTON = 96
const FAR_SIZE = 30
const MARGIN = 30
/** Between buttons, in pixels of each panel: 16 mm where a finger may come, less where only rays do. */
const GAPS: Readonly<Record<PanelName, number>> = { banner: 12, menu: 32, detail: 14, notice: 14, wrist: 58 }

export function layOutBoard(input: BoardInput): Board {
  const { banner, notice, detail } = input
  const shown: PanelName[] = ['menu', 'wrist']
  if (banner) shown.push('banner')
  if (notice) shown.push('notice')
  if (detail) shown.push('detail')
  return {
    shown,
    tones: {
      ...(banner && { banner: banner.tone }),
      ...(notice && { notice: notice.tone }),
    },
    ghosts: menuButtons(input, false),
    buttons: [
      ...menuButtons(input, true),
      ...wristButtons(input),
      ...(notice ? noticeButtons() : []),
      ...(detail ? detailButtons(input) : []),
    ],
    texts: [
      ...(banner ? bannerTexts(banner) : []),
      ...(notice ? noticeTexts(notice) : []),
      ...(detail ? detailTexts(detail) : []),
    ],
  }
}

type Wanted = readonly [command: XrCommand, label: string, isOn: boolean, isOffered: boolean]

/** Those that are offered now, or those that are not. */
function menuButtons(input: BoardInput, areOffered: boolean): BoardButton[] {
  const { hasSelection, isDetailOpen, isFollowing, isSeated, isGoing, isGliding, arrangement, filter } = input
  const { sound, canRetry, hasPast, isPast, isPlaying } = input
  const wanted: Wanted[] = [
    ['table', 'Table', false, true],
    ['room', 'Room', false, true],
    ['inside', 'Inside', false, true],
    ['larger', 'Larger', false, true],
    ['smaller', 'Smaller', false, true],
    ['reset', 'Reset', false, true],
    ['turn-left', 'Turn left', false, true],
    ['turn-right', 'Turn right', false, true],
    ['higher', 'Higher', false, true],
    ['lower', 'Lower', false, true],
    ['seated', 'Seated', isSeated, true],
    ['go', isGoing ? 'Point there' : 'Go to…', isGoing, true],
    ['filter', filter === '' ? 'All agents' : filter, filter !== '', true],
    ['follow', 'Follow', isFollowing, hasSelection],
    ['detail', 'Detail', isDetailOpen, hasSelection],
    ['arrange', arrangement, false, true],
    ['retry', 'Retry now', false, canRetry],
    ['glide', 'Glide', isGliding === true, isGliding !== null],
    ['earlier', 'Earlier', false, hasPast],
    ['play', isPlaying ? 'Pause' : 'Play', isPlaying, isPast],
    ['later', 'Later', false, isPast],
    ['live', 'Back to live', false, isPast],
    ['sound', sound, false, true],
    ['exit', 'Exit', false, true],
  ]
  return gridOf('menu', wanted, areOffered, COLUMNS, ROWS, MENU_SIZE)
}

/** The few that are wanted most, where the other hand finds them without looking down. */
function wristButtons({ filter, isPast }: BoardInput): BoardButton[] {
  const wanted: Wanted[] = [
    ['table', 'Table', false, true],
    ['room', 'Room', false, true],
    ['inside', 'Inside', false, true],
    isPast
      ? ['live', 'Back to live', false, true]
      : ['filter', filter === '' ? 'All agents' : filter, filter !== '', true],
    ['reset', 'Reset', false, true],
    ['exit', 'Exit', false, true],
  ]
  return gridOf('wrist', wanted, true, WRIST_COLUMNS, WRIST_ROWS, WRIST_SIZE)
}

function gridOf(
  panel: PanelName,
  wanted: readonly Wanted[],
  areOffered: boolean,
  columns: number,
  rows: number,
  size: number,
): BoardButton[] {
  const { box } = PANELS[panel]
  const gap = GAPS[panel]
  const width = (box.width - gap) / columns
  const height = (box.height - gap) / rows
  return wanted.flatMap(([command, label, isOn, isOffered], index): BoardButton[] => {
    if (isOffered !== areOffered) return []
    const x = box.x + gap + (index % columns) * width
    const y = box.y + gap + Math.floor(index / columns) * height
    const isDanger = command === 'exit'
    return [{ panel, command, label, isOn, isDanger, size, x, y, width: width - gap, height: height - gap }]
  })
}

/** Along the lower edge of a panel. */
function rowOf(panel: PanelName, wanted: readonly (readonly [XrCommand, string, boolean])[]): BoardButton[] {
  const { box } = PANELS[panel]
  const gap = GAPS[panel]
  const width = (box.width - 3 * gap) / 2
  return wanted.map(([command, label, isDanger], index) => ({
    panel,
    command,
    label,
    isDanger,
    isOn: false,
    size: FAR_SIZE,
    x: box.x + gap + index * (width + gap),
    y: box.y + box.height - FAR_BUTTON - gap,
    width,
    height: FAR_BUTTON,
  }))
}

const noticeButtons = (): BoardButton[] =>
  rowOf('notice', [
    ['show-alert', 'Show', false],
    ['dismiss-alert', 'Dismiss', false],
  ])

function detailButtons({ canTerminate, isAsking }: BoardInput): BoardButton[] {
  if (!canTerminate) return []
  if (!isAsking) return rowOf('detail', [['terminate', 'Terminate…', true]])
  return rowOf('detail', [
    ['terminate-no', 'Keep it', false],
    ['terminate-yes', 'Terminate', true],
  ])
}

const textOf = (text: Partial<BoardText> & Pick<BoardText, 'panel' | 'text' | 'size' | 'maxLines'>): BoardText[] =>
  text.text === '' ? [] : [{ badges: [], tone: 'plain', isStrong: false, isKept: false, ...text }]

/** What to do is what a banner is for: whatever is long gives way to it. */
const bannerTexts = ({
  badges,
  sentence,
  suggestion,
  figures,
  tone,
}: NonNullable<BoardInput['banner']>): BoardText[] => [
  ...textOf({ panel: 'banner', badges, text: sentence, size: 39, tone, isStrong: true, maxLines: 2, isKept: true }),
  ...textOf({ panel: 'banner', text: suggestion, size: 31, maxLines: 5, isKept: true }),
  ...textOf({ panel: 'banner', text: figures, size: 30, tone: 'second', maxLines: 2 }),
]

const noticeTexts = ({ title, text, tone }: NonNullable<BoardInput['notice']>): BoardText[] => [
  ...textOf({ panel: 'notice', text: title, size: 35, tone, isStrong: true, maxLines: 2 }),
  ...textOf({ panel: 'notice', text, size: 28, maxLines: 2 }),
]

/** What is asked, or came of it, is never lost for what else is known. */
const detailTexts = ({ name, lines, tone, note }: NonNullable<BoardInput['detail']>): BoardText[] => [
  ...textOf({ panel: 'detail', text: name, size: 37, isStrong: true, maxLines: 1, isKept: true }),
  ...lines.flatMap((text, index) =>
    textOf({
      panel: 'detail',
      text,
      size: 29,
      tone: index === 0 ? tone : 'second',
      isStrong: index === 0,
      maxLines: 2,
    }),
  ),
  ...textOf({ panel: 'detail', text: note, size: 27, tone: 'lost', maxLines: 10, isKept: true }),
]

/** Where the texts of a panel may stand: beside its edge, and above its buttons. */
export function textAreaOf(panel: PanelName, buttons: readonly BoardButton[]): Box {
  const { x, y, width, height } = PANELS[panel].box
  const top = buttons.reduce(
    (least, button) => (button.panel === panel ? Math.min(least, button.y) : least),
    y + height,
  )
  return { x: x + MARGIN, y: y + MARGIN - 6, width: width - 2 * MARGIN, height: top - y - MARGIN - 6 }
}

/** The button at this place of a panel: shares of its width and of its whole height, from the upper left. */
export function buttonAt(board: Board, at: { panel: PanelName; u: number; v: number }): BoardButton | null {
  const { panel, u, v } = at
  const { box } = PANELS[panel]
  const x = box.x + u * box.width
  const y = box.y + v * box.height
  // Half a gap more on each side: between two buttons there is no place that means neither.
  const slack = GAPS[panel] / 2
  // In each frame, by index: what goes over them one by one would be left to be collected.
  for (let index = 0; index < board.buttons.length; index++) {
    const button = board.buttons[index] as BoardButton
    if (button.panel !== panel) continue
    const isInX = x >= button.x - slack && x < button.x + button.width + slack
    if (isInX && y >= button.y - slack && y < button.y + button.height + slack) return button
  }
  return null
}

/** With the half of the gap that counts as its own on each side. */
export const targetOf = ({ panel, width, height }: BoardButton): { width: number; height: number } => ({
  width: width + GAPS[panel],
  height: height + GAPS[panel],
})
