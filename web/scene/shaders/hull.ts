// Groups as one draw: a soft disc behind each member, of which only the strongest counts where they overlap, so that together
// they are one soft shape around the group, whatever its form. Nothing of it is computed by the page.

import { NODES } from './common.ts'

export const HULL_VERTEX = /* glsl */ `
${NODES}
attribute vec3 aLife;
/** -1 for none. */
attribute float aGroup;
uniform float uHullRadius;
flat varying float vTone;
varying vec2 vAt;
varying float vPresence;

void main() {
  vec4 node = nodeAt(gl_InstanceID);
  vPresence = presence(aLife);
  if (aGroup < 0.0 || node.w <= 0.0 || vPresence <= 0.0) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  vec4 view = viewMatrix * vec4(node.xyz, 1.0);
  view.xy += position.xy * (uHullRadius + node.w);
  gl_Position = projectionMatrix * view;
  vAt = position.xy;
  vTone = mod(aGroup, 4.0);
}
`

export const HULL_FRAGMENT = /* glsl */ `
uniform vec3 uGround;
uniform vec3 uHullTones[4];
uniform float uLightTheme;
uniform float uStaleAll;
uniform float uPassthrough;
flat varying float vTone;
varying vec2 vAt;
varying float vPresence;

void main() {
  float d = length(vAt);
  if (d >= 1.0) discard;
  float body = (1.0 - smoothstep(0.45, 1.0, d)) * vPresence * (1.0 - 0.5 * uStaleAll);
  vec3 tone = uHullTones[int(vTone + 0.5)];
  if (uPassthrough > 0.5) {
    gl_FragColor = vec4(tone, 1.0) * body * 0.55;
    return;
  }
  // Blended by the larger (in the light theme the smaller) value: the ground is where it begins.
  gl_FragColor = vec4(mix(uGround, tone, body), 1.0);
}
`
