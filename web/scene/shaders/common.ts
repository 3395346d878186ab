// What every shader of the scene shares: where a node is, how it comes and goes, and the palette.

export const NODES = /* glsl */ `
uniform highp sampler2D uFrom;
uniform highp sampler2D uTo;
uniform float uMix;
uniform float uClock[1];
#define uTime uClock[0]
/** 0 under reduced motion: nothing grows, breathes or turns. */
uniform float uMotion;

/** Centre and radius. */
vec4 nodeAt(int slot) {
  ivec2 at = ivec2(slot & 255, slot >> 8);
  vec4 from = texelFetch(uFrom, at, 0);
  vec4 to = texelFetch(uTo, at, 0);
  return vec4(mix(from.xyz, to.xyz, uMix), to.w);
}

float easeOut(float t) {
  float left = 1.0 - clamp(t, 0.0, 1.0);
  return 1.0 - left * left * left;
}

/** 0 before birth and after death, 1 in between; life: birth, death, last change of status. */
float presence(vec3 life) {
  if (uMotion < 0.5) return step(uTime, life.y);
  return easeOut((uTime - life.x) / 0.45) * (1.0 - easeOut((uTime - life.y) / 0.3));
}
`

export const STYLE = /* glsl */ `
uniform vec3 uPalette[7];
uniform vec3 uStuck;
uniform vec3 uGround;
uniform float uStaleAll;

const int NEEDS_YOU = 0;
const int FAILED = 1;
const int ACTIVE = 2;
const int TOOL = 3;
const int INITIALIZING = 4;
const int IDLE = 5;
const int OFFLINE = 6;

/** In a headset the place between the eyes, and a pixel's angle; that is 0 on a screen. */
uniform vec4 uHead;

/** How far who needs somebody, or failed, steps toward the viewer. Also in stepForward.ts. */
float stepOf(float distance_) {
  return min(distance_ * 0.12, 9.0);
}

/** It stays where it is seen, and stands before all others. */
vec3 stepForward(vec3 view, int look) {
  if (look > FAILED) return view;
  if (uHead.w > 0.0) {
    // Both eyes must see it come: each toward itself, it would only grow.
    vec3 head = (viewMatrix * vec4(uHead.xyz, 1.0)).xyz;
    vec3 way = view - head;
    float distance_ = max(length(way), 1e-3);
    return head + way * (1.0 - stepOf(distance_) / distance_);
  }
  return view * (1.0 - stepOf(-view.z) / max(-view.z, 1e-3));
}

/** However near: whoever comes close to a body is never within it. */
float besideRadius(float radius, float distance_) {
  return min(radius, distance_ * 0.5);
}

/** However far: what needs somebody is never smaller than this, in pixels. */
float seenRadius(float radius, int look, float worldPerPixel) {
  return look > FAILED ? radius : max(radius, 6.0 * worldPerPixel);
}

const int HOLLOW = 1;
const int STALE = 2;
const int DIMMED = 4;
const int STUCK = 8;
const int QUIET = 16;
const int HINDERED = 32;

vec3 washed(vec3 color, float amount) {
  float grey = dot(color, vec3(0.30, 0.55, 0.15));
  return mix(color, mix(vec3(grey), uGround, 0.35), amount);
}
`

export const FOG = /* glsl */ `
uniform vec2 uFog;

/** 0 near, 1 far: what is behind steps back. */
float fogAt(float depth) {
  return clamp((depth - uFog.x) / max(uFog.y - uFog.x, 1e-3), 0.0, 1.0);
}
`
