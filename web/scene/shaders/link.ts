// Links as one draw: each is a curved ribbon of constant width on the screen, drawn by kind.

import { FOG, NODES, STYLE } from './common.ts'
import { CURVE } from './curve.ts'

/** Over the real room a link has a seam of the ground's colour on both sides: before a bright wall a bright line would not be seen. */
const SEAM = /* glsl */ `
const float SEAM_PX = 1.5;
`

export const LINK_VERTEX = /* glsl */ `
${NODES}
${STYLE}
${FOG}
${CURVE}
attribute vec4 aLink;
uniform vec2 uViewport;
uniform float uPixelRatio;
uniform int uSelected;
uniform int uHovered;
uniform vec3 uLinkPalette[7];
uniform float uCrowd;
uniform float uPassthrough;
varying float vAlong;
varying float vSide;
varying float vLengthPx;
flat varying int vKind;
flat varying vec3 vColor;
flat varying float vStrength;
flat varying float vHalfWidth;
varying float vFade;
${SEAM}
void main() {
  vec4 source = nodeAt(int(aLink.x + 0.5));
  vec4 target = nodeAt(int(aLink.y + 0.5));
  int kind = int(aLink.z + 0.5);
  float grown = uMotion > 0.5 ? easeOut((uTime - aLink.w) / 0.5) : 1.0;
  if (source.w <= 0.0 || target.w <= 0.0 || distance(source.xyz, target.xyz) < 1e-3 || grown <= 0.0) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  Curve curve = curveOf(source, target, kind);
  float t = position.x * grown;
  vec4 here = projectionMatrix * (viewMatrix * vec4(onCurve(curve, t), 1.0));
  vec4 there = projectionMatrix * (viewMatrix * vec4(onCurve(curve, t + 0.02), 1.0));
  vec2 tangent = (there.xy / there.w - here.xy / here.w) * uViewport;
  float long_ = length(tangent);
  vec2 normal = long_ > 1e-5 ? vec2(-tangent.y, tangent.x) / long_ : vec2(0.0, 1.0);
  bool touched = int(aLink.x + 0.5) == uSelected || int(aLink.y + 0.5) == uSelected
    || int(aLink.x + 0.5) == uHovered || int(aLink.y + 0.5) == uHovered;
  vHalfWidth = uLinkStyle[kind].x * uPixelRatio * (touched ? 1.5 : 1.0) * 0.5 + 0.75;
  float half_ = vHalfWidth + SEAM_PX * uPixelRatio * uPassthrough;
  here.xy += normal * position.y * half_ * 2.0 / uViewport * here.w;
  gl_Position = here;
  vAlong = t;
  vSide = position.y * half_;
  vec4 aClip = projectionMatrix * (viewMatrix * vec4(curve.a, 1.0));
  vec4 bClip = projectionMatrix * (viewMatrix * vec4(curve.b, 1.0));
  vLengthPx = length((bClip.xy / bClip.w - aClip.xy / aClip.w) * uViewport) * 0.5 / uPixelRatio;
  vKind = kind;
  vColor = washed(uLinkPalette[kind], uStaleAll * 0.7);
  // A conflict is a warning: however many links there are, it does not step back.
  vStrength = (touched ? 1.7 : kind == 5 ? 1.0 : uCrowd) * (1.0 - 0.5 * uStaleAll);
  vFade = fogAt(here.w) * 0.75;
}
`

export const LINK_FRAGMENT = /* glsl */ `
uniform float uLinkAlpha[7];
uniform vec3 uGround;
uniform float uPassthrough;
varying float vAlong;
varying float vSide;
varying float vLengthPx;
flat varying int vKind;
flat varying vec3 vColor;
flat varying float vStrength;
flat varying float vHalfWidth;
varying float vFade;
${SEAM}
/** A thin line with a thick knot every so often: told apart from all others without its colour. */
float conflictAt(float px) {
  float knot = 1.0 - smoothstep(1.4, 2.2, abs(fract(px / 13.0) - 0.5) * 13.0);
  float thin = 1.0 - smoothstep(vHalfWidth * 0.16, vHalfWidth * 0.34, abs(vSide));
  return max(thin, knot);
}

void main() {
  float line = 1.0 - smoothstep(vHalfWidth - 1.1, vHalfWidth, abs(vSide));
  float px = vAlong * vLengthPx;
  float pattern = 1.0;
  if (vKind == 1) pattern = smoothstep(0.0, 0.1, 0.58 - fract(px / 11.0)); // inferred: dashes
  else if (vKind == 6) pattern = smoothstep(0.0, 0.2, 0.36 - fract(px / 6.0)); // topology: dots
  else if (vKind == 2) pattern = smoothstep(0.0, 0.1, 0.72 - fract(px / 16.0)); // registered by: long dashes
  else if (vKind == 5) pattern = conflictAt(px); // conflict: barbed wire
  float toward = vKind == 5 ? 1.0 : mix(0.38, 1.0, vAlong); // brighter toward the child
  float said = clamp(uLinkAlpha[vKind] * toward * vStrength, 0.0, 1.0) * pattern * (1.0 - vFade);
  float alpha = said * line;
  vec4 color = vec4(vColor * alpha, alpha);
  if (uPassthrough > 0.5) {
    // Behind it nothing is dim, so it stands stronger too.
    alpha = sqrt(said) * line;
    float seam = sqrt(said) * 0.6 * (1.0 - smoothstep(vHalfWidth + SEAM_PX - 1.2, vHalfWidth + SEAM_PX, abs(vSide)));
    color = vec4(vColor * alpha + uGround * seam * (1.0 - alpha), alpha + seam * (1.0 - alpha));
  }
  if (color.a < 0.004) discard;
  gl_FragColor = color;
}
`
