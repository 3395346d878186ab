// The curve on which a link lies, from body to body: shared by links and by what travels on them.

export const CURVE = /* glsl */ `
uniform vec2 uLinkStyle[7];
uniform float uTree;
uniform float uBow;

struct Curve { vec3 a; vec3 m; vec3 b; };

Curve curveOf(vec4 source, vec4 target, int kind) {
  vec3 way = target.xyz - source.xyz;
  float distance_ = max(length(way), 1e-3);
  vec3 bow = cross(way / distance_, vec3(0.0, 0.0, 1.0));
  float flat_ = length(bow);
  bow = flat_ > 1e-3 ? bow / flat_ : vec3(1.0, 0.0, 0.0);
  Curve curve;
  curve.m = (source.xyz + target.xyz) * 0.5 + bow * distance_ * uLinkStyle[kind].y * 2.0 * uBow;
  // In a tree, from the parent to the side, and down into the child.
  if (kind < 2 && uTree > 0.5) curve.m = vec3(mix(source.x, target.x, 0.92), mix(source.y, target.y, 0.3), curve.m.z);
  curve.a = source.xyz + normalize(curve.m - source.xyz) * source.w * 1.08;
  curve.b = target.xyz + normalize(curve.m - target.xyz) * target.w * 1.08;
  return curve;
}

vec3 onCurve(Curve curve, float t) {
  return mix(mix(curve.a, curve.m, t), mix(curve.m, curve.b, t), t);
}
`
