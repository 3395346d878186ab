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
/** Pixels in a texel of the atlas. */
uniform float uTexel;
varying vec2 vUv;
varying float vAlpha;
/** In a headset: where in the label, and half of its size, in pixels. */
varying vec2 vIn;
flat varying vec2 vHalf;

/** In a headset a label stands in the room beside its node: upright, facing the head, as tall as an angle. */
vec4 inTheRoom(vec4 node) {
  vec3 way = node.xyz - uHead.xyz;
  float distance_ = max(length(way), 1e-3);
  way /= distance_;
  // Straight above there is no "upright": nearly so will do.
  vec3 right = normalize(cross(way, vec3(1e-4, 1.0, 0.0)));
  vec3 up = cross(right, way);
  vec3 middle = node.xyz;
  if (aSlot.y > 0.5) {
    float step_ = stepOf(distance_);
    middle -= way * step_;
    distance_ -= step_;
  }
  float perPixel = distance_ * uHead.w;
  float radius = node.w / perPixel;
  if (aSlot.y > 0.5) radius = max(radius, 6.0) * 1.38;
  else if (int(aSlot.x + 0.5) == uSelected) radius *= 1.3;
  vec2 size = aCell.zw * uTexel;
  float gap = max(radius * 1.5, radius + 5.0) + 3.0;
  vec2 aside = aPlace.xy * (vec2(gap) + size * 0.5);
  vec3 at = middle + (right * aside.x + up * aside.y) * perPixel;
  // A long one beside its node is some degrees aside of it: it faces the head from where it is itself.
  way = at - uHead.xyz;
  perPixel = length(way) * uHead.w;
  right = normalize(cross(way, vec3(1e-4, 1.0, 0.0)));
  up = normalize(cross(right, way));
  return viewMatrix * vec4(at + (right * position.x * size.x + up * position.y * size.y) * 0.5 * perPixel, 1.0);
}

void main() {
  vec4 node = nodeAt(int(aSlot.x + 0.5));
  if (aPlace.z <= 0.003 || node.w <= 0.0) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  vec4 view = viewMatrix * vec4(node.xyz, 1.0);
  vec4 clip = projectionMatrix * view;
  vUv = (aCell.xy + vec2(position.x * 0.5 + 0.5, 0.5 - position.y * 0.5) * aCell.zw) / uAtlas;
  vAlpha = aPlace.z * (1.0 - fogAt(-view.z) * 0.5);
  vHalf = aCell.zw * uTexel * 0.5;
  vIn = position.xy * vHalf;
  if (uHead.w > 0.0) {
    gl_Position = projectionMatrix * inTheRoom(node);
    return;
  }
  float radiusPx = node.w * projectionMatrix[1][1] * uViewport.y * 0.5 / clip.w;
  // Beyond the rings of whoever needs somebody, and of the selection.
  if (aSlot.y > 0.5) {
    radiusPx = max(radiusPx / (1.0 - stepOf(clip.w) / clip.w), 6.0 * uPixelRatio) * 1.38;
  }
  if (int(aSlot.x + 0.5) == uSelected) radiusPx *= aSlot.y > 0.5 ? 1.0 : 1.3;
  float gap = max(radiusPx * 1.5, radiusPx + 5.0 * uPixelRatio) + 3.0 * uPixelRatio;
  vec2 center = (clip.xy / clip.w * 0.5 + 0.5) * uViewport;
  // The quad's middle, in pixels from the lower left.
  center += aPlace.xy * (vec2(gap) + aCell.zw * 0.5);
  vec2 corner = floor(center - aCell.zw * 0.5) + (position.xy * 0.5 + 0.5) * aCell.zw;
  gl_Position = vec4(corner / uViewport * 2.0 - 1.0, 0.0, 1.0);
}
`

export const LABEL_FRAGMENT = /* glsl */ `
uniform sampler2D uLabels;
uniform vec3 uGround;
uniform float uPassthrough;
varying vec2 vUv;
varying float vAlpha;
varying vec2 vIn;
flat varying vec2 vHalf;

const float ROUND = 5.0;

void main() {
  vec4 text = texture2D(uLabels, vUv);
  // Over the real room nobody knows what is behind: the text brings its own ground along, a plate with round corners.
  vec2 over = abs(vIn) - vHalf + ROUND;
  float beyond = length(max(over, 0.0)) - ROUND;
  float plate = 1.0 - smoothstep(-fwidth(beyond), 0.0, beyond);
  text += vec4(uGround, 1.0) * (1.0 - text.a) * 0.97 * plate * uPassthrough;
  gl_FragColor = text * vAlpha;
}
`
