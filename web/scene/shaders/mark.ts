// What surrounds a body: glow, and the marks that say its state without colour. One draw. Drawn behind its own body.

import { NODES, STYLE } from './common.ts'

export const MARK_VERTEX = /* glsl */ `
${NODES}
${STYLE}
attribute vec4 aLook;
attribute vec3 aLife;
uniform float uViewportHeight;
uniform int uSelected;
uniform int uHovered;
flat varying int vLook;
flat varying float vRing;
flat varying float vBody;
flat varying vec3 vColor;
flat varying float vGlow;
flat varying int vSelected;
flat varying float vPixel;
flat varying float vStrength;
flat varying vec3 vBadge;
varying vec2 vAt;

void main() {
  vec4 node = nodeAt(gl_InstanceID);
  int look = int(aLook.x + 0.5);
  int flags = int(aLook.z + 0.5);
  bool isTask = int(aLook.y + 0.5) == 4;
  bool selected = gl_InstanceID == uSelected;
  bool hovered = gl_InstanceID == uHovered;
  bool stuck = (flags & STUCK) != 0;
  bool hindered = (flags & HINDERED) != 0;
  bool marked = stuck || look == NEEDS_YOU || look == FAILED || look == TOOL || look == INITIALIZING;
  bool glowing = marked || look == ACTIVE;
  float radius = node.w * presence(aLife);
  if (radius <= 0.0 || isTask || !(glowing || hindered || selected || hovered)) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  vec4 view = vec4(stepForward((viewMatrix * vec4(node.xyz, 1.0)).xyz, look), 1.0);
  // World units per pixel at this depth: rings keep their width at any distance.
  vPixel = -view.z / (projectionMatrix[1][1] * uViewportHeight * 0.5);
  radius = besideRadius(radius, length(view.xyz));
  radius = seenRadius(radius, look, vPixel);
  vBody = radius;
  vRing = max(radius * 1.48, radius + 4.0 * vPixel);
  if (selected) vRing = max(radius * 1.62, radius + 7.0 * vPixel);
  bool stale = (flags & STALE) != 0;
  bool dimmed = (flags & DIMMED) != 0;
  vGlow = look == NEEDS_YOU ? 1.25 : look == FAILED ? 1.15 : look == INITIALIZING ? 0.5 : glowing ? 0.8 : 0.0;
  if ((flags & HOLLOW) != 0 && look != NEEDS_YOU && look != FAILED) vGlow *= 0.5;
  if (stale) vGlow *= 0.12;
  if ((flags & QUIET) != 0) vGlow *= 0.35;
  if (dimmed) vGlow = 0.0;
  vStrength = dimmed ? 0.15 : stale ? 0.45 : 1.0;
  // Where bodies are a few pixels, an arc around each would drown what needs somebody.
  if (!stuck && (look == TOOL || look == INITIALIZING)) vStrength *= mix(0.35, 1.0, smoothstep(4.0, 11.0, radius / vPixel));
  vColor = washed(stuck ? uStuck : uPalette[look], stale ? 0.8 : 0.0);
  vLook = stuck ? 7 : marked ? look : -1;
  vBadge = hindered ? washed(uPalette[FAILED], stale ? 0.8 : 0.0) * (dimmed ? 0.2 : 1.0) : vec3(-1.0);
  vSelected = selected ? 2 : hovered ? 1 : 0;
  float half_ = max(vRing * 1.5 + 4.0 * vPixel, radius * 3.4);
  vAt = position.xy * half_;
  view.xy += vAt;
  view.z -= radius * 0.6;
  gl_Position = projectionMatrix * view;
}
`

export const MARK_FRAGMENT = /* glsl */ `
uniform float uClock[1];
#define uTime uClock[0]
uniform float uMotion;
uniform float uLightTheme;
uniform vec3 uInk;
uniform vec3 uGround;
uniform float uPassthrough;
flat varying int vLook;
flat varying float vRing;
flat varying float vBody;
flat varying vec3 vColor;
flat varying float vGlow;
flat varying int vSelected;
flat varying float vPixel;
flat varying float vStrength;
flat varying vec3 vBadge;
varying vec2 vAt;

const float TAU = 6.2831853;

float ring(float d, float radius, float width) {
  return 1.0 - smoothstep(width * 0.5 - 0.5 * vPixel, width * 0.5 + 0.7 * vPixel, abs(d - radius));
}

void main() {
  float d = length(vAt);
  float angle = atan(vAt.y, vAt.x);
  float glow = vGlow * pow(max(1.0 - d / (vBody * 3.3), 0.0), 2.4) * 0.5;
  vec3 color = vColor * glow;
  float alpha = glow * uLightTheme;

  float width = max(1.6 * vPixel, vBody * 0.07);
  float mark = 0.0;
  if (vLook == 0) {
    // Breathes; a still double ring when motion is not wanted.
    float breath = uMotion > 0.5 ? 0.5 + 0.5 * sin(uTime * TAU * 0.4125) : 0.0;
    mark = ring(d, vRing, width * 1.3);
    mark = max(mark, ring(d, vRing * mix(1.24, 1.42, breath), width) * mix(0.85, 0.25, breath));
  } else if (vLook == 1) {
    // Cut across: four gaps, each with a stroke through the ring.
    float turn = abs(fract((angle / TAU) * 4.0 + 0.5) - 0.5);
    float across = (0.5 - turn) * TAU / 4.0 * d;
    float gap = smoothstep(width * 1.6, width * 2.2, across);
    mark = ring(d, vRing, width * 1.3) * gap;
    float stroke = 1.0 - smoothstep(width * 0.6 - 0.5 * vPixel, width * 0.6 + 0.6 * vPixel, across);
    mark = max(mark, stroke * step(abs(d - vRing), vRing * 0.20));
  } else if (vLook == 3) {
    // An arc that turns; it stands still at a third of the ring when motion is not wanted.
    float turned = fract((angle / TAU) - uTime * 0.22 * uMotion + 1.0);
    float arc = smoothstep(0.0, 0.30, turned) * (1.0 - smoothstep(0.395, 0.40, turned));
    mark = max(ring(d, vRing, width * 1.2) * arc, ring(d, vRing, width * 0.7) * 0.16);
  } else if (vLook == 4) {
    float dashes = smoothstep(0.25, 0.35, abs(fract((angle / TAU) * 10.0) - 0.5) * 2.0);
    mark = ring(d, vRing, width) * dashes * 0.8;
  }
  if (vLook == 7) {
    // Held from above and below.
    mark = ring(d, vRing, width * 2.0) * smoothstep(0.62, 0.68, abs(sin(angle)));
  }
  mark *= vStrength;
  color = mix(color, vColor, mark);
  alpha = max(alpha, mark);

  if (vBadge.r >= 0.0) {
    // A tool failed and it goes on: a small triangle at its shoulder.
    float size = max(vBody * 0.36, 4.2 * vPixel);
    vec2 at = (vAt - 0.7071 * vRing) / size;
    float edge = max(-at.y, dot(vec2(abs(at.x), at.y), vec2(0.866, 0.5))) - 0.55;
    float badge = 1.0 - smoothstep(-vPixel / size, vPixel / size, edge);
    color = mix(color, vBadge, badge);
    alpha = max(alpha, badge);
  }

  if (vSelected > 0) {
    float reach = vSelected == 2 ? vRing * 1.16 : vRing * 1.1;
    float wide = (vSelected == 2 ? 2.0 : 1.4) * vPixel;
    // A white ring on a bright wall would not be seen: over the real room it has a seam.
    float seam = ring(d, reach, wide + 3.0 * vPixel) * (vSelected == 2 ? 0.8 : 0.5) * uPassthrough;
    color = mix(color, uGround, seam);
    alpha = max(alpha, seam);
    float pick = ring(d, reach, wide) * (vSelected == 2 ? 1.0 : 0.55);
    color = mix(color, uInk, pick);
    alpha = max(alpha, pick);
  }
  if (alpha + glow < 0.004) discard;
  gl_FragColor = vec4(color, alpha);
}
`
