// The labels' texts, drawn once each into cells of one texture, in the page's own font and any script it has.

import {
  CanvasTexture,
  DataTexture,
  LinearFilter,
  RGBAFormat,
  UnsignedByteType,
  Vector2,
  type WebGLRenderer,
} from 'three'
import type { ScenePalette } from './palette.ts'

export const MAX_LABELS = 200
const COLUMNS = 8
const CELL_WIDTH = 232
const CELL_HEIGHT = 36
const MAX_PIXEL_RATIO = 2
const NAME_FONT = '600 12px "Inter Variable", system-ui, sans-serif'
const GROUP_FONT = '500 11px "Inter Variable", system-ui, sans-serif'
const LINE_FONT = '400 11px "Inter Variable", system-ui, sans-serif'

/** `group`: the name of many, in place of one's own. */
export type LabelTone = 'plain' | 'needs-you' | 'failed' | 'stuck' | 'group'

export interface LabelText {
  name: string
  /** What it does, below the name; empty for none. */
  line: string
  tone: LabelTone
}

export interface LabelSize {
  width: number
  height: number
}

export class LabelAtlas {
  readonly texture: DataTexture
  readonly pixelRatio: number
  readonly #canvas: OffscreenCanvas | HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D
  readonly #scratch: CanvasTexture
  readonly #at = new Vector2()
  readonly #sizes = new Map<string, LabelSize>()

  constructor(pixelRatio: number) {
    this.pixelRatio = Math.min(MAX_PIXEL_RATIO, Math.max(1, pixelRatio))
    const rows = MAX_LABELS / COLUMNS
    const width = Math.ceil(CELL_WIDTH * this.pixelRatio)
    const height = Math.ceil(CELL_HEIGHT * this.pixelRatio)
    this.texture = new DataTexture(null, width * COLUMNS, height * rows, RGBAFormat, UnsignedByteType)
    // Room on the GPU alone: cells are written one by one.
    this.texture.source.dataReady = false
    this.texture.minFilter = LinearFilter
    this.texture.magFilter = LinearFilter
    this.texture.premultiplyAlpha = true
    this.texture.needsUpdate = true
    this.#canvas = document.createElement('canvas')
    this.#canvas.width = width
    this.#canvas.height = height
    const context = this.#canvas.getContext('2d', { willReadFrequently: true })
    if (!context) throw new Error('no 2d canvas for labels')
    this.#context = context
    this.#scratch = new CanvasTexture(this.#canvas)
  }

  /** In CSS pixels; texts longer than the cell are cut. */
  measure(text: LabelText): LabelSize {
    const key = `${text.name}\n${text.line}\n${nameFont(text)}`
    let size = this.#sizes.get(key)
    if (!size) {
      this.#context.setTransform(1, 0, 0, 1, 0, 0)
      this.#context.font = nameFont(text)
      let width = this.#context.measureText(text.name).width
      if (text.line) {
        this.#context.font = LINE_FONT
        width = Math.max(width, this.#context.measureText(text.line).width)
      }
      size = { width: Math.min(CELL_WIDTH, Math.ceil(width) + 8), height: text.line ? CELL_HEIGHT : 19 }
      if (this.#sizes.size > 20_000) this.#sizes.clear()
      this.#sizes.set(key, size)
    }
    return size
  }

  /** x, y, width, height of a cell's used part, in texels. */
  cell(index: number, size: LabelSize, into: { x: number; y: number; z: number; w: number }): void {
    const { pixelRatio } = this
    into.x = (index % COLUMNS) * this.#canvas.width
    into.y = Math.floor(index / COLUMNS) * this.#canvas.height
    into.z = Math.min(this.#canvas.width, Math.ceil(size.width * pixelRatio))
    into.w = Math.min(this.#canvas.height, Math.ceil(size.height * pixelRatio))
  }

  draw(renderer: WebGLRenderer, index: number, text: LabelText, size: LabelSize, palette: ScenePalette): void {
    const context = this.#context
    const { css } = palette
    context.setTransform(this.pixelRatio, 0, 0, this.pixelRatio, 0, 0)
    context.clearRect(0, 0, CELL_WIDTH, CELL_HEIGHT)
    context.textAlign = 'center'
    context.textBaseline = 'alphabetic'
    context.lineJoin = 'round'
    const lineColor =
      text.tone === 'needs-you'
        ? css.needsYou
        : text.tone === 'failed'
          ? css.failed
          : text.tone === 'stuck'
            ? css.stuck
            : css.second
    const nameColor = text.tone === 'group' ? css.second : css.ink
    this.#write(text.name, nameFont(text), nameColor, css.ground, size.width / 2, 14, size.width)
    if (text.line) this.#write(text.line, LINE_FONT, lineColor, css.ground, size.width / 2, 30, size.width)
    this.#at.set((index % COLUMNS) * this.#canvas.width, Math.floor(index / COLUMNS) * this.#canvas.height)
    renderer.copyTextureToTexture(this.#scratch, this.texture, null, this.#at)
  }

  #write(text: string, font: string, color: string, ground: string, x: number, y: number, maxWidth: number): void {
    const context = this.#context
    context.font = font
    const cut = cutToWidth(text, maxWidth - 6, (part) => context.measureText(part).width)
    // A seam of the ground's colour keeps the text readable over whatever is behind it.
    context.strokeStyle = ground
    context.lineWidth = 4
    context.globalAlpha = 0.85
    context.strokeText(cut, x, y)
    context.globalAlpha = 1
    context.fillStyle = color
    context.fillText(cut, x, y)
  }

  dispose(): void {
    this.texture.dispose()
    this.#scratch.dispose()
  }
}

const nameFont = ({ tone }: LabelText): string => (tone === 'group' ? GROUP_FONT : NAME_FONT)

/** What people see as one character: an emoji with its skin and hair, a letter with its marks. */
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

export function cutToWidth(text: string, maxWidth: number, widthOf: (text: string) => number): string {
  if (widthOf(text) <= maxWidth) return text
  const characters = Array.from(graphemes.segment(text), ({ segment }) => segment)
  let low = 0
  let high = characters.length
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (widthOf(`${characters.slice(0, middle).join('')}…`) <= maxWidth) low = middle
    else high = middle - 1
  }
  return `${characters.slice(0, low).join('')}…`
}
