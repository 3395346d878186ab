// Labels as one draw: a quad of whole pixels beside its node, showing its cell of the atlas.

import { FOG, NODES, STYLE } from './common.ts'

export const LABEL_VERTEX = /* glsl */ `
${NODES}
${STYLE}
${FOG}
/** Slot of its node, and whether that steps forward. */
attribute vec2 aSlot;
/** Cell in the atlas: x, y, width, height in texels. */
attribute vec4 aCell;
/** Which way from the body (x, y: -1, 0, 1), opacity. */
attribute vec3 aPlace;
uniform vec2 uViewport;
uniform int uSelected;
uniform vec2 uAtlas;
uniform float uPixelRatio;
varying vec2 vUv;
varying float vAlpha;

void main() {
  vec4 node = nodeAt(int(aSlot.x + 0.5));
  if (aPlace.z <= 0.003 || node.w <= 0.0) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  vec4 view = viewMatrix * vec4(node.xyz, 1.0);
  vec4 clip = projectionMatrix * view;
  float radiusPx = node.w * projectionMatrix[1][1] * uViewport.y * 0.5 / clip.w;
  // Beyond the rings of whoever needs somebody, and of the selection.
  if (aSlot.y > 0.5) {
    float forward = min(clip.w * 0.12, 9.0);
    radiusPx = max(radiusPx / (1.0 - forward / clip.w), 6.0 * uPixelRatio) * 1.38;
  }
  if (int(aSlot.x + 0.5) == uSelected) radiusPx *= aSlot.y > 0.5 ? 1.0 : 1.3;
  float gap = max(radiusPx * 1.5, radiusPx + 5.0 * uPixelRatio) + 3.0 * uPixelRatio;
  vec2 center = (clip.xy / clip.w * 0.5 + 0.5) * uViewport;
  // The quad's middle, in pixels from the lower left.
  center += aPlace.xy * (vec2(gap) + aCell.zw * 0.5);
  vec2 corner = floor(center - aCell.zw * 0.5) + (position.xy * 0.5 + 0.5) * aCell.zw;
  gl_Position = vec4(corner / uViewport * 2.0 - 1.0, 0.0, 1.0);
  vUv = (aCell.xy + vec2(position.x * 0.5 + 0.5, 0.5 - position.y * 0.5) * aCell.zw) / uAtlas;
  vAlpha = aPlace.z * (1.0 - fogAt(-view.z) * 0.5);
}
`

export const LABEL_FRAGMENT = /* glsl */ `
uniform sampler2D uLabels;
varying vec2 vUv;
varying float vAlpha;

void main() {
  gl_FragColor = texture2D(uLabels, vUv) * vAlpha;
}
`
