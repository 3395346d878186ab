// Controllers, bare hands, their rays and what they point at, as one draw: rounded strokes from one point to another.

import { DynamicDrawUsage, InstancedBufferAttribute, type Mesh } from 'three'
import type { ScenePalette } from '../scene/palette.ts'
import { disposeMesh, material, quadGeometry, quietMesh } from '../scene/quietMesh.ts'
import type { Aim } from './aiming.ts'
import type { Landing } from './landing.ts'
import type { Pointer } from './pointers.ts'
import { type Point, toScene, type WorldRig } from './worldRig.ts'

const MAX_STROKES = 160
/** So much of a ray is seen, in metres: a hint of where it goes. */
const BEAM_METRES = 0.35
const HAND_BEAM_METRES = 0.25
const CURSOR_RADIANS = 0.006

/** Half of how thick a stroke is, in metres, and how opaque it is at each end. */
interface Pen {
  radius: number
  fadeFrom: number
  fadeTo: number
}
const STICK: Pen = { radius: 0.011, fadeFrom: 0.95, fadeTo: 0.95 }
const BONE: Pen = { radius: 0.0075, fadeFrom: 0.7, fadeTo: 0.7 }
/** Where a finger touches. */
const TIP: Pen = { radius: 0.008, fadeFrom: 1, fadeTo: 1 }
/** For those that differ from frame to frame. */
const pen: Pen = { radius: 0, fadeFrom: 0, fadeTo: 0 }
/** Pairs of joints between which a bone is drawn; joint 0 is the wrist, each finger has four or five. */
const BONES: readonly (readonly [number, number])[] = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 4],
  ...[5, 10, 15, 20].flatMap((first): [number, number][] => [
    [0, first],
    [first, first + 1],
    [first + 1, first + 2],
    [first + 2, first + 3],
    [first + 3, first + 4],
  ]),
]

const VERTEX = /* glsl */ `
/** End points, and radius and opacity of each. */
attribute vec4 aFrom;
attribute vec4 aTo;
attribute vec2 aFade;
varying vec2 vAt;
varying float vLong;
varying float vRadius;
varying float vAlpha;
varying float vShade;

void main() {
  vec3 a = (viewMatrix * vec4(aFrom.xyz, 1.0)).xyz;
  vec3 b = (viewMatrix * vec4(aTo.xyz, 1.0)).xyz;
  float radius = max(aFrom.w, aTo.w);
  vec3 way = b - a;
  vec3 toward = normalize(-(a + b));
  // Seen end on, or only a point: any direction across will do.
  vec3 along = length(way - toward * dot(way, toward)) > radius * 0.01 ? normalize(way - toward * dot(way, toward)) : vec3(1.0, 0.0, 0.0);
  vec3 across = normalize(cross(toward, along));
  vec3 end = position.x < 0.0 ? a : b;
  vec3 at = end + (along * position.x + across * position.y) * radius;
  gl_Position = projectionMatrix * vec4(at, 1.0);
  vLong = max(dot(way, along), 0.0);
  vAt = vec2(position.x < 0.0 ? -radius : vLong + radius, position.y * radius);
  vRadius = radius;
  vAlpha = position.x < 0.0 ? aFade.x : aFade.y;
  // What is thick and near would dazzle.
  vShade = clamp(radius / max(length(at), 1e-3) * 8.0, 0.0, 0.45);
}
`

const FRAGMENT = /* glsl */ `
uniform vec3 uInk;
uniform vec3 uGround;
varying vec2 vAt;
varying float vLong;
varying float vRadius;
varying float vAlpha;
varying float vShade;

void main() {
  float d = length(vAt - vec2(clamp(vAt.x, 0.0, vLong), 0.0)) / vRadius;
  float soft = fwidth(d);
  float alpha = (1.0 - smoothstep(1.0 - soft, 1.0, d)) * vAlpha;
  if (alpha < 0.004) discard;
  // Round, by its shade; the edge in the ground's colour shows it on whatever is behind.
  float round_ = sqrt(max(1.0 - d * d, 0.0));
  float dark = (1.0 - round_) * 0.55 + smoothstep(1.0 - 4.0 * soft, 1.0, d) * 0.4 + vShade;
  vec3 color = mix(uInk, uGround, min(dark, 0.85));
  gl_FragColor = vec4(color * alpha, alpha);
}
`

export class HandsMesh {
  readonly mesh: Mesh
  readonly #geometry = quadGeometry()
  readonly #from = strokes(4)
  readonly #to = strokes(4)
  readonly #fade = strokes(2)
  readonly #uniforms: { uInk: { value: Float32Array }; uGround: { value: Float32Array } }
  #count = 0

  constructor(palette: ScenePalette) {
    this.#uniforms = { uInk: { value: palette.ink }, uGround: { value: palette.ground } }
    this.#geometry.setAttribute('aFrom', this.#from)
    this.#geometry.setAttribute('aTo', this.#to)
    this.#geometry.setAttribute('aFade', this.#fade)
    this.mesh = quietMesh(this.#geometry, material(this.#uniforms, VERTEX, FRAGMENT, false, false), 11)
  }

  setPalette({ ink, ground }: ScenePalette): void {
    this.#uniforms.uInk.value = ink
    this.#uniforms.uGround.value = ground
  }

  begin(): void {
    this.#count = 0
  }

  /** `isRayless`: it touches, or bears the menu. */
  add(pointer: Pointer, { reach }: Pick<Aim, 'reach'>, rig: WorldRig, isRayless: boolean): void {
    if (!pointer.isSeen) return
    const { from, way, grip, tip } = pointer
    const isHand = pointer.source.hand !== undefined && pointer.source.hand !== null
    if (isHand) this.#addBones(pointer, rig)
    else if (pointer.source.targetRayMode === 'tracked-pointer') {
      // A short stick, as a controller is held.
      end.x = grip.x - way.x * 0.06
      end.y = grip.y - way.y * 0.06
      end.z = grip.z - way.z * 0.06
      this.#stroke(end, from, STICK, rig)
    }
    if (isRayless) {
      if (pointer.hasTip && reach < Number.POSITIVE_INFINITY) this.#stroke(tip, tip, TIP, rig)
      return
    }
    const long = Math.min(reach, isHand ? HAND_BEAM_METRES : BEAM_METRES)
    // Whose ray comes out of the eyes would only be dazzled by it.
    if (pointer.source.targetRayMode === 'tracked-pointer') {
      along(from, way, long, end)
      pen.radius = 0.0022
      pen.fadeFrom = pointer.isPressed ? 1 : 0.75
      pen.fadeTo = reach > long ? 0.05 : 0.6
      this.#stroke(from, end, pen, rig)
    }
    if (reach === Number.POSITIVE_INFINITY) return
    along(from, way, reach, end)
    pen.radius = reach * CURSOR_RADIANS * (pointer.isPressed ? 0.7 : 1)
    pen.fadeFrom = 1
    pen.fadeTo = 1
    this.#stroke(end, end, pen, rig)
  }

  /** The way to where somebody would go. */
  addLanding({ way, count }: Landing, rig: WorldRig): void {
    pen.radius = 0.004
    for (let point = 1; point < count; point++) {
      pointOf(way, point - 1, start)
      pointOf(way, point, end)
      pen.fadeFrom = 0.15 + (0.6 * (point - 1)) / count
      pen.fadeTo = 0.15 + (0.6 * point) / count
      this.#stroke(start, end, pen, rig)
    }
  }

  #addBones({ joints, hasJoints }: Pointer, rig: WorldRig): void {
    if (!joints || !hasJoints) return
    // By index: what goes over them one by one would be left to be collected.
    for (let bone = 0; bone < BONES.length; bone++) {
      const ends = BONES[bone] as (typeof BONES)[number]
      jointAt(joints, ends[0], start)
      jointAt(joints, ends[1], end)
      this.#stroke(start, end, BONE, rig)
    }
  }

  #stroke(a: Point, b: Point, { radius, fadeFrom, fadeTo }: Pen, rig: WorldRig): void {
    if (this.#count >= MAX_STROKES) return
    const index = this.#count++
    // Into the arrays themselves: each number handed to a function that is not inlined would be left to be collected.
    const from = this.#from.array
    const to = this.#to.array
    const fade = this.#fade.array
    const at = index * 4
    toScene(rig, a, scene)
    from[at] = scene.x
    from[at + 1] = scene.y
    from[at + 2] = scene.z
    from[at + 3] = radius * rig.scale
    toScene(rig, b, scene)
    to[at] = scene.x
    to[at + 1] = scene.y
    to[at + 2] = scene.z
    to[at + 3] = radius * rig.scale
    fade[index * 2] = fadeFrom
    fade[index * 2 + 1] = fadeTo
  }

  finish(): void {
    this.#geometry.instanceCount = this.#count
    this.#from.needsUpdate = true
    this.#to.needsUpdate = true
    this.#fade.needsUpdate = true
  }

  dispose(): void {
    disposeMesh(this.mesh)
  }
}

const start: Point = { x: 0, y: 0, z: 0 }
const end: Point = { x: 0, y: 0, z: 0 }
const scene: Point = { x: 0, y: 0, z: 0 }

const strokes = (size: number) =>
  new InstancedBufferAttribute(new Float32Array(MAX_STROKES * size), size).setUsage(DynamicDrawUsage)

function along(from: Point, way: Point, metres: number, into: Point): void {
  into.x = from.x + way.x * metres
  into.y = from.y + way.y * metres
  into.z = from.z + way.z * metres
}

function pointOf(points: Float32Array, point: number, into: Point): void {
  into.x = points[point * 3] as number
  into.y = points[point * 3 + 1] as number
  into.z = points[point * 3 + 2] as number
}

function jointAt(joints: Float32Array, joint: number, into: Point): void {
  into.x = joints[joint * 16 + 12] as number
  into.y = joints[joint * 16 + 13] as number
  into.z = joints[joint * 16 + 14] as number
}
