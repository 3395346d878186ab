// The panels' colours: the theme's own, as the page has them.

import type { BoardTone } from './boardLayout.ts'

export interface ToneColors {
  ink: string
  ground: string
  line: string
}

export interface BoardColors {
  ink: string
  danger: string
  button: string
  buttonOn: string
  buttonLine: string
  tones: Readonly<Record<BoardTone, ToneColors>>
}

export function readBoardColors(element: Element): BoardColors {
  const style = getComputedStyle(element)
  const css = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const plain = { ink: css('ink'), ground: css('panel'), line: css('hairline-strong') }
  const toneOf = (name: string): ToneColors => ({
    ink: css(name),
    ground: css(`${name}-ground`),
    line: css(`${name}-line`),
  })
  return {
    ink: plain.ink,
    danger: css('look-failed'),
    button: css('raised-2'),
    buttonOn: css('selected'),
    buttonLine: css('accent'),
    tones: {
      plain,
      second: { ...plain, ink: css('ink-2') },
      lost: toneOf('lost'),
      mock: toneOf('mock'),
      past: toneOf('past'),
      'needs-you': { ...plain, ink: css('look-needs-you'), line: css('look-needs-you') },
      failed: { ...plain, ink: css('look-failed'), line: css('look-failed') },
    },
  }
}

/** `#rrggbb` as parts of one. */
export function rgbOf(color: string, into: Float32Array): Float32Array {
  const value = Number.parseInt(color.replace('#', ''), 16)
  into[0] = ((value >> 16) & 255) / 255
  into[1] = ((value >> 8) & 255) / 255
  into[2] = (value & 255) / 255
  return into
}
