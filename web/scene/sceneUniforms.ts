// The uniforms that all of the scene's draws share: one object each, so that setting it once is enough.

import { Vector2, Vector4 } from 'three'
import type { NodeField } from './nodeField.ts'
import type { ScenePalette } from './palette.ts'
import type { ShaderClock } from './shaderClock.ts'

export type SceneUniforms = ReturnType<typeof createUniforms>

export function createUniforms(field: NodeField, clock: ShaderClock, palette: ScenePalette) {
  return {
    ...field.uniforms,
    uClock: clock.uniform,
    uMotion: { value: 1 },
    uFog: { value: new Vector2(0, 1) },
    uViewport: { value: new Vector2(1, 1) },
    uViewportHeight: { value: 1 },
    uPixelRatio: { value: 1 },
    /** In a headset: between the eyes, and radians in a pixel; 0 there on a screen. */
    uHead: { value: new Vector4() },
    /** 1 where the real room is seen behind the scene. */
    uPassthrough: { value: 0 },
    uSelected: { value: -1 },
    uHovered: { value: -1 },
    uStaleAll: { value: 0 },
    uCrowd: { value: 1 },
    /** 1 where links are drawn as those of a tree. */
    uTree: { value: 0 },
    /** How much links are bent, as a share of what their kind has. */
    uBow: { value: 1 },
    uHullRadius: { value: 4 },
    uHullTones: { value: palette.hulls },
    uPalette: { value: palette.looks },
    uStuck: { value: palette.stuck },
    uLinkPalette: { value: palette.links },
    uLinkAlpha: { value: palette.linkAlpha },
    /** Width in pixels, bow as a share of the length, in the order of LINK_KINDS. */
    uLinkStyle: {
      value: new Float32Array([1.5, 0.06, 1.4, 0.06, 1.2, 0.1, 1.2, 0.03, 1.2, 0.09, 6, 0.16, 1.4, 0.04]),
    },
    uGround: { value: palette.ground },
    uInk: { value: palette.ink },
    uLightTheme: { value: palette.isLight ? 1 : 0 },
  }
}

export function setPalette(uniforms: SceneUniforms, palette: ScenePalette): void {
  uniforms.uPalette.value = palette.looks
  uniforms.uStuck.value = palette.stuck
  uniforms.uLinkPalette.value = palette.links
  uniforms.uLinkAlpha.value = palette.linkAlpha
  uniforms.uHullTones.value = palette.hulls
  uniforms.uGround.value = palette.ground
  uniforms.uInk.value = palette.ink
  uniforms.uLightTheme.value = palette.isLight ? 1 : 0
}
