// The scene's colours come from the theme's custom properties: one home for both. As sRGB triples, which the shaders write
// out as they are.

import { LINK_KINDS } from '../../protocol/swarm.ts'
import { LOOKS } from '../theme/status.ts'

export interface ScenePalette {
  looks: Float32Array
  stuck: Float32Array
  links: Float32Array
  linkAlpha: Float32Array
  /** Four tones close to the ground, for groups side by side. */
  hulls: Float32Array
  ground: Float32Array
  ink: Float32Array
  isLight: boolean
  /** For the label canvas. */
  css: { ink: string; second: string; ground: string; needsYou: string; failed: string; stuck: string }
}

/** How strong each kind of link stands, in the order of LINK_KINDS. */
const LINK_ALPHA = {
  spawned: 0.62,
  inferred: 0.55,
  'registered-by': 0.4,
  assigned: 0.55,
  message: 0.4,
  conflict: 0.9,
  topology: 0.42,
} as const

export function readPalette(element: Element): ScenePalette {
  const style = getComputedStyle(element)
  const css = (name: string) => style.getPropertyValue(name).trim()
  return {
    looks: triples(LOOKS.map((look) => css(`--look-${look}`))),
    stuck: triples([css('--lost')]),
    links: triples(LINK_KINDS.map((kind) => css(`--link-${kind}`))),
    linkAlpha: new Float32Array(LINK_KINDS.map((kind) => LINK_ALPHA[kind])),
    hulls: triples([1, 2, 3, 4].map((tone) => css(`--hull-${tone}`))),
    ground: triples([css('--ground')]),
    ink: triples([css('--ink')]),
    isLight: css('--theme') === 'light',
    css: {
      ink: css('--ink'),
      second: css('--ink-2'),
      ground: css('--ground'),
      needsYou: css('--look-needs-you'),
      failed: css('--look-failed'),
      stuck: css('--lost'),
    },
  }
}

function triples(colors: readonly string[]): Float32Array {
  const out = new Float32Array(colors.length * 3)
  for (const [index, color] of colors.entries()) {
    const value = Number.parseInt(color.replace('#', ''), 16)
    out[index * 3] = ((value >> 16) & 255) / 255
    out[index * 3 + 1] = ((value >> 8) & 255) / 255
    out[index * 3 + 2] = (value & 255) / 255
  }
  return out
}
