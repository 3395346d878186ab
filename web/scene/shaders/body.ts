// Bodies as one draw: each is a quad on which the fragment shader meets the ray with a sphere or a convex polyhedron. Edges
// are exact at any size, families cost no draw calls, and 10,000 bodies are 20,000 triangles.

import { FOG, NODES, STYLE } from './common.ts'

export const BODY_VERTEX = /* glsl */ `
${NODES}
${STYLE}
${FOG}
attribute vec4 aLook;
attribute vec3 aLife;
uniform float uViewportHeight;
flat varying vec3 vCenter;
flat varying float vRadius;
flat varying vec3 vColor;
flat varying int vFamily;
flat varying int vHollow;
flat varying float vCore;
flat varying float vFade;
flat varying vec3 vLight;
flat varying float vGlowing;
varying vec3 vWorld;

void main() {
  vec4 node = nodeAt(gl_InstanceID);
  int look = int(aLook.x + 0.5);
  int flags = int(aLook.z + 0.5);
  float radius = node.w * presence(aLife);
  if (node.w <= 0.0 || radius <= 0.0) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  mat3 toWorld = transpose(mat3(viewMatrix));
  vec3 middle = stepForward((viewMatrix * vec4(node.xyz, 1.0)).xyz, look);
  radius = besideRadius(radius, length(middle));
  radius = seenRadius(radius, look, -middle.z / (projectionMatrix[1][1] * uViewportHeight * 0.5));
  // Square to the ray: far off the middle of a wide view a body is more than a square to the view would cover.
  vec3 side = normalize(cross(middle, vec3(1e-4, 1.0, 0.0)));
  vec3 corner = toWorld * (side * position.x + normalize(cross(side, middle)) * position.y);
  vCenter = cameraPosition + toWorld * middle;
  vRadius = radius;
  vWorld = vCenter + corner * radius * 1.32;
  vec4 view = viewMatrix * vec4(vWorld, 1.0);
  gl_Position = projectionMatrix * view;
  // The key light stands over the viewer's left shoulder, so that no side of the swarm is ever a night side.
  vLight = toWorld * normalize(vec3(-0.5, 0.72, 0.62));
  vFamily = int(aLook.y + 0.5);
  vHollow = (flags & HOLLOW) != 0 || look == OFFLINE ? 1 : 0;
  vCore = look == ACTIVE || look == TOOL || look == NEEDS_YOU || look == FAILED ? 1.0 : 0.0;
  vGlowing = vCore;
  vec3 before = uPalette[int(aLook.w + 0.5)];
  vec3 color = mix(before, uPalette[look], easeOut((uTime - aLife.z) / 0.3));
  bool stale = (flags & STALE) != 0;
  vColor = washed(color, stale ? 0.82 : 0.0);
  vFade = fogAt(-view.z) * 0.42;
  if ((flags & DIMMED) != 0) vFade = max(vFade, 0.86);
  if (stale) vFade = max(vFade, 0.28);
  // Nothing is heard of it: it steps back a little.
  if ((flags & QUIET) != 0) vFade = max(vFade, 0.4);
}
`

export const BODY_FRAGMENT = /* glsl */ `
${STYLE}
flat varying vec3 vCenter;
flat varying float vRadius;
flat varying vec3 vColor;
flat varying int vFamily;
flat varying int vHollow;
flat varying float vCore;
flat varying float vFade;
flat varying vec3 vLight;
flat varying float vGlowing;
varying vec3 vWorld;
uniform float uLightTheme;

// Pairs of parallel faces: cube 0-2 (turned, so that three faces show), octahedron 3-6, icosahedron 7-16.
const vec3 FACES[17] = vec3[17](
  vec3(0.800, 0.0, -0.600), vec3(0.234, 0.921, 0.312), vec3(0.553, -0.390, 0.737),
  vec3(0.7887, 0.5774, 0.2113), vec3(-0.7887, 0.5774, -0.2113), vec3(0.2113, -0.5774, -0.7887), vec3(-0.2113, -0.5774, 0.7887),
  vec3(0.5774, 0.5774, 0.5774), vec3(-0.5774, 0.5774, 0.5774), vec3(0.5774, -0.5774, 0.5774), vec3(0.5774, 0.5774, -0.5774),
  vec3(0.0, 0.3568, 0.9342), vec3(0.0, -0.3568, 0.9342), vec3(0.3568, 0.9342, 0.0), vec3(-0.3568, 0.9342, 0.0),
  vec3(0.9342, 0.0, 0.3568), vec3(0.9342, 0.0, -0.3568)
);

/** Distance of the two largest face products: 0 on an edge. The face's normal comes back in n, rounded toward the edge. */
float faceAt(vec3 p, int first, int last, out vec3 n) {
  float best = -1.0;
  float second = -1.0;
  vec3 sum = vec3(0.0);
  for (int i = first; i <= last; i++) {
    float d = dot(FACES[i], p);
    float reach = abs(d);
    if (reach > best) { second = best; best = reach; }
    else if (reach > second) second = reach;
  }
  for (int i = first; i <= last; i++) {
    float d = dot(FACES[i], p);
    sum += sign(d) * FACES[i] * exp(34.0 * (abs(d) - best));
  }
  n = normalize(sum);
  return best - second;
}

vec3 shade(vec3 n, vec3 v, vec3 color) {
  float wrap = dot(n, vLight) * 0.5 + 0.5;
  float lit = wrap * wrap;
  float facing = max(dot(n, v), 0.0);
  float rim = pow(1.0 - facing, 3.0);
  float shine = pow(max(dot(normalize(vLight + v), n), 0.0), 42.0);
  vec3 shadow = mix(mix(color * 0.20, uGround, 0.25), color * 0.52, uLightTheme);
  vec3 base = mix(shadow, color, lit * (0.92 + 0.16 * vGlowing));
  return base + color * rim * (0.22 + 0.30 * vGlowing) + vec3(shine) * (0.16 + 0.16 * vGlowing);
}

void main() {
  vec3 ro = (cameraPosition - vCenter) / vRadius;
  vec3 rd = normalize(vWorld - cameraPosition);
  vec3 v = -rd;
  float along = dot(ro, rd);
  vec3 closest = ro - rd * along;
  float miss = length(closest);
  float alpha;
  vec3 n;
  vec3 back;
  float edge = 1.0;
  float backEdge = 1.0;
  vec3 hit;
  if (vFamily == 0) {
    float soft = fwidth(miss) * 0.9;
    alpha = 1.0 - smoothstep(1.0 - soft, 1.0 + soft * 0.2, miss);
    float half_ = sqrt(max(1.0 - miss * miss, 0.0));
    n = normalize(closest - rd * half_);
    edge = max(1.0 - miss - soft, 0.0);
  } else {
    int first = vFamily == 1 ? 0 : vFamily == 3 ? 7 : 3;
    int last = vFamily == 1 ? 2 : vFamily == 3 ? 16 : 6;
    float inner = vFamily == 1 ? 0.655 : vFamily == 3 ? 0.84 : 0.66;
    // Measured from the point nearest to the middle, and cut off there: faces along the ray would give no bound.
    float enter = -3.0;
    float leave = 3.0;
    for (int i = first; i <= last; i++) {
      float a = dot(FACES[i], closest);
      float b = dot(FACES[i], rd);
      float inv = 1.0 / (abs(b) < 1e-5 ? 1e-5 : b);
      float t1 = clamp((-inner - a) * inv, -4.0, 4.0);
      float t2 = clamp((inner - a) * inv, -4.0, 4.0);
      enter = max(enter, min(t1, t2));
      leave = min(leave, max(t1, t2));
    }
    float through = leave - enter;
    float soft = clamp(length(vec2(dFdx(through), dFdy(through))), 1e-4, 0.3);
    alpha = clamp(through / soft + 0.5, 0.0, 1.0);
    hit = closest + rd * enter;
    edge = faceAt(hit, first, last, n);
    backEdge = faceAt(closest + rd * leave, first, last, back);
    // The outline counts as an edge too.
    edge = min(edge, through * 0.16);
  }
  if (alpha < 0.02) discard;
  vec3 color = vColor;
  vec3 lit = shade(n, v, color);
  if (vHollow == 1) {
    // A shell: its edges, a breath of colour, and a lit core if it is said to be at work.
    float pixel = max(fwidth(miss), 1e-4);
    float width = max(0.055, pixel * 1.1);
    float line = 1.0 - smoothstep(width * 0.55, width * 1.25, edge);
    float hidden = (1.0 - smoothstep(width * 0.4, width, backEdge)) * 0.28;
    float coreR = 0.40;
    float core = vCore * (1.0 - smoothstep(coreR - pixel, coreR + pixel, miss));
    vec3 coreN = normalize(closest - rd * sqrt(max(coreR * coreR - miss * miss, 0.0)));
    float cover = max(max(line * 0.95, hidden), 0.10);
    vec3 shell = mix(color * 0.75, color * 1.05, line) + lit * 0.10;
    vec3 outColor = mix(shell, shade(coreN, v, color), core);
    cover = max(cover, core);
    cover *= alpha * (1.0 - vFade * 0.8);
    gl_FragColor = vec4(mix(outColor, uGround, vFade) * cover, cover);
  } else {
    float bevel = vFamily == 0 ? 0.0 : (1.0 - smoothstep(0.0, 0.07, edge)) * 0.18;
    lit += color * bevel;
    gl_FragColor = vec4(mix(lit, uGround, vFade) * alpha, alpha);
  }
}
`
