// Messages as one draw: a bead of light that travels once along its link, from the moment at which the message was seen.

import { NODES, STYLE } from './common.ts'
import { CURVE } from './curve.ts'

export const TRAVEL_SEC = 1.15

export const BEAD_VERTEX = /* glsl */ `
${NODES}
${STYLE}
${CURVE}
/** Source, target, kind of the link, start. */
attribute vec4 aBead;
uniform vec2 uViewport;
uniform float uPixelRatio;
varying vec2 vAt;
varying float vLight;

void main() {
  float t = (uTime - aBead.w) / ${TRAVEL_SEC.toFixed(2)};
  vec4 source = nodeAt(int(aBead.x + 0.5));
  vec4 target = nodeAt(int(aBead.y + 0.5));
  if (t <= 0.0 || t >= 1.0 || uMotion < 0.5 || source.w <= 0.0 || target.w <= 0.0) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  Curve curve = curveOf(source, target, int(aBead.z + 0.5));
  float eased = t * t * (3.0 - 2.0 * t);
  vec4 here = projectionMatrix * (viewMatrix * vec4(onCurve(curve, eased), 1.0));
  vec4 before = projectionMatrix * (viewMatrix * vec4(onCurve(curve, max(eased - 0.05, 0.0)), 1.0));
  vec2 way = (here.xy / here.w - before.xy / before.w) * uViewport;
  float speed = length(way);
  vec2 along = speed > 1e-4 ? way / speed : vec2(1.0, 0.0);
  // Stretched along its way, its light in front.
  float half_ = 11.0 * uPixelRatio;
  float stretch = 1.0 + min(speed / half_, 2.0) * 0.5;
  vec2 offset = along * (position.x * stretch - (stretch - 1.0)) * half_ + vec2(-along.y, along.x) * position.y * half_;
  here.xy += offset * 2.0 / uViewport * here.w;
  gl_Position = here;
  vAt = position.xy;
  vLight = smoothstep(0.0, 0.12, t) * (1.0 - smoothstep(0.86, 1.0, t)) * (1.0 - 0.7 * uStaleAll);
}
`

export const BEAD_FRAGMENT = /* glsl */ `
uniform vec3 uLinkPalette[7];
uniform vec3 uInk;
uniform float uLightTheme;
varying vec2 vAt;
varying float vLight;

void main() {
  vec2 at = vec2(vAt.x > 0.45 ? (vAt.x - 0.45) / 0.55 : (vAt.x - 0.45) / 1.45, vAt.y);
  float d = length(at);
  float glow = pow(max(1.0 - d, 0.0), 2.2) * 0.75;
  float core = 1.0 - smoothstep(0.20, 0.34, d);
  vec3 color = uLinkPalette[4];
  vec3 bright = mix(mix(color, uInk, 0.75), color, uLightTheme);
  float alpha = (core + glow * mix(0.0, 1.0, uLightTheme)) * vLight;
  gl_FragColor = vec4((color * glow + bright * core) * vLight, clamp(alpha, 0.0, 1.0));
}
`
