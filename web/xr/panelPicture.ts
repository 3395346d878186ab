// One panel's picture: drawn by the page's own text layout, so in any script, and only when what it says changes.

import { CanvasTexture, type Texture, Vector2, type WebGLRenderer } from 'three'
import type { BoardColors, ToneColors } from './boardColors.ts'
import {
  type Board,
  type BoardButton,
  type BoardText,
  type Box,
  PANELS,
  type PanelName,
  textAreaOf,
} from './boardLayout.ts'
import { BADGE_SPACE, type FittedText, fitTexts, LINE_HEIGHT, roomFor, type WidthOf, wrap } from './fitTexts.ts'

const FONT = '"Inter Variable", system-ui, sans-serif'
const PANEL_RADIUS = 22
export const BUTTON_RADIUS = 14
const BUTTON_LINE_HEIGHT = 1.12
const GHOST_ALPHA = 0.3

const fontOf = ({ size, isStrong }: Pick<BoardText, 'size' | 'isStrong'>) => `${isStrong ? 600 : 400} ${size}px ${FONT}`

export class PanelPicture {
  readonly #name: PanelName
  readonly #context: CanvasRenderingContext2D
  readonly #scratch: CanvasTexture
  readonly #at: Vector2
  #drawn = ''
  /**
   * Of its height, from below: it begins above its words, however few they are. Its lower edge and its buttons stay where they
   * are: nobody's aim is led astray by a line more, and what hangs above is no higher than it must be.
   */
  usedShare = 1

  constructor(name: PanelName) {
    this.#name = name
    const { x, y, width, height } = PANELS[name].box
    const canvas = document.createElement('canvas')
    canvas.width = width
    canvas.height = height
    const context = canvas.getContext('2d', { willReadFrequently: true })
    if (!context) throw new Error('no 2d canvas for a panel')
    this.#context = context
    this.#scratch = new CanvasTexture(canvas)
    this.#at = new Vector2(x, y)
  }

  /** Into its part of the whole picture, unless it is there already. Between frames: it takes a moment. */
  show(renderer: WebGLRenderer, into: Texture, board: Board, colors: BoardColors): void {
    const buttons = board.buttons.filter(({ panel }) => panel === this.#name)
    const ghosts = board.ghosts.filter(({ panel }) => panel === this.#name)
    const texts = board.texts.filter(({ panel }) => panel === this.#name)
    const tone = colors.tones[board.tones[this.#name] ?? 'plain']
    const now = JSON.stringify([buttons, ghosts, texts, tone, colors.ink])
    if (now === this.#drawn) return
    this.#drawn = now
    const context = this.#context
    const { x, y, width, height } = PANELS[this.#name].box
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, width, height)
    context.translate(-x, -y)
    const area = textAreaOf(this.#name, buttons)
    const fitted = fitTexts(texts, area, this.#widthOf)
    this.usedShare = texts.length === 0 ? 1 : roomFor(fitted, area, PANELS[this.#name].box) / height
    this.#drawGround(tone)
    context.globalAlpha = GHOST_ALPHA
    for (const ghost of ghosts) this.#drawButton(ghost, colors)
    context.globalAlpha = 1
    for (const button of buttons) this.#drawButton(button, colors)
    context.translate(0, height * (1 - this.usedShare))
    this.#drawTexts(fitted, area, colors)
    renderer.copyTextureToTexture(this.#scratch, into, null, this.#at)
  }

  #drawGround({ ground, line }: ToneColors): void {
    const { x, y, width, height } = PANELS[this.#name].box
    const context = this.#context
    context.beginPath()
    context.roundRect(
      x + 2,
      y + 2 + height * (1 - this.usedShare),
      width - 4,
      height * this.usedShare - 4,
      PANEL_RADIUS,
    )
    // All but opaque: what is written must be read over bodies, and over the real room.
    context.globalAlpha = 0.95
    context.fillStyle = ground
    context.fill()
    context.globalAlpha = 1
    context.lineWidth = 3
    context.strokeStyle = line
    context.stroke()
  }

  #drawButton({ x, y, width, height, label, isOn, isDanger, size }: BoardButton, colors: BoardColors): void {
    const context = this.#context
    context.beginPath()
    context.roundRect(x + 1, y + 1, width - 2, height - 2, BUTTON_RADIUS)
    // Red words would be too faint on a button's ground: what is dangerous is an outline.
    context.fillStyle = isDanger ? colors.tones.plain.ground : isOn ? colors.buttonOn : colors.button
    context.fill()
    if (isOn || isDanger) {
      context.lineWidth = 3
      context.strokeStyle = isDanger ? colors.danger : colors.buttonLine
      context.stroke()
    }
    context.font = `600 ${size}px ${FONT}`
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.fillStyle = isDanger ? colors.danger : colors.ink
    const lines = wrap(label, width - 14, 2, (words) => context.measureText(words).width)
    for (const [index, line] of lines.entries()) {
      const below = (index - (lines.length - 1) / 2) * size * BUTTON_LINE_HEIGHT
      context.fillText(line, x + width / 2, y + height / 2 + below)
    }
  }

  #drawTexts(fitted: readonly FittedText[], { x }: Box, colors: BoardColors): void {
    const context = this.#context
    context.textAlign = 'left'
    context.textBaseline = 'alphabetic'
    for (const { text, lines, top } of fitted) {
      if (lines.length === 0) continue
      const { badges, size, tone } = text
      context.font = fontOf(text)
      let indent = 0
      for (const badge of badges) indent += this.#drawBadge(badge.word, x + indent, top, size, colors.tones[badge.tone])
      context.fillStyle = colors.tones[tone].ink
      for (const [index, line] of lines.entries()) {
        context.fillText(line, x + (index === 0 ? indent : 0), top + size + index * size * LINE_HEIGHT)
      }
    }
  }

  /** A mark cannot be overlooked: its ground and its ink change places. Says how much room it took. */
  #drawBadge(badge: string, x: number, top: number, size: number, { ink, ground }: ToneColors): number {
    const context = this.#context
    const width = context.measureText(badge).width + 2 * BADGE_SPACE
    context.beginPath()
    context.roundRect(x, top + size * 0.1, width, size * 1.18, size * 0.25)
    context.fillStyle = ink
    context.fill()
    context.fillStyle = ground
    context.fillText(badge, x + BADGE_SPACE, top + size)
    return width + BADGE_SPACE
  }

  readonly #widthOf: WidthOf = (words, text) => {
    this.#context.font = fontOf(text)
    return this.#context.measureText(words).width
  }

  dispose(): void {
    this.#scratch.dispose()
  }
}
