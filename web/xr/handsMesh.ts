// Controllers, bare hands, their rays and what they point at, as one draw: rounded strokes from one point to another.

import { DynamicDrawUsage, InstancedBufferAttribute, type Mesh } from 'three'
import type { ScenePalette } from '../scene/palette.ts'
import { disposeMesh, material, quadGeometry, quietMesh } from '../scene/quietMesh.ts'
import type { Aim } from './aiming.ts'
import type { Landing } from './landing.ts'
import type { Pointer } from './pointers.ts'
import { type Point, toScene, type WorldRig } from './worldRig.ts'

const MAX_STROKES = 320
/** So much of a ray is seen, in metres: a hint of where it goes. */
const BEAM_METRES = 0.35
const HAND_BEAM_METRES = 0.25
const CURSOR_RADIANS = 0.006
/** A line's seam in the ground's colour: with it a line is seen before whatever is behind it, and be that the room itself. */
const SEAM_METRES = 0.0012
const SEAM_ALPHA = 0.7

/** Half of how thick a line is, in metres, and how opaque it is at each end. */
interface Pen {
  radius: number
  fadeFrom: number
  fadeTo: number
}
/** Where a finger touches. */
const TIP: Pen = { radius: 0.006, fadeFrom: 1, fadeTo: 1 }
/** For those that differ from frame to frame. */
const pen: Pen = { radius: 0, fadeFrom: 0, fadeTo: 0 }

/** A part of a body, half as thick as this at each end. */
interface Girth {
  from: number
  to: number
}
const HANDLE: Girth = { from: 0.012, to: 0.0155 }
const HEAD: Girth = { from: 0.0185, to: 0.0125 }
const PALM: Girth = { from: 0.011, to: 0.0105 }
const FINGER: Girth = { from: 0.0088, to: 0.0078 }
/** Over real hands, which are seen by themselves. */
const SINEW: Girth = { from: 0.0014, to: 0.0011 }

/** What a body is drawn by, one over the other, so that its parts are one shape with one outline. `tone`: from ground to ink. */
interface Layer {
  more: number
  tone: number
  alpha: number
}
const SOLID: readonly Layer[] = [
  { more: 0.0026, tone: 0, alpha: 0.7 },
  { more: 0.0014, tone: 0.72, alpha: 1 },
  { more: 0, tone: 0.2, alpha: 1 },
]
const THIN: readonly Layer[] = [
  { more: SEAM_METRES, tone: 0, alpha: SEAM_ALPHA },
  { more: 0, tone: 1, alpha: 1 },
]
/** Pairs of joints between which a bone is drawn; joint 0 is the wrist, each finger has four or five. */
const BONES: readonly (readonly [from: number, to: number, girth: Girth])[] = [
  [0, 1, PALM],
  [1, 2, PALM],
  [2, 3, FINGER],
  [3, 4, FINGER],
  ...[5, 10, 15, 20].flatMap((first): [number, number, Girth][] => [
    [0, first, PALM],
    [first, first + 1, PALM],
    [first + 1, first + 2, FINGER],
    [first + 2, first + 3, FINGER],
    [first + 3, first + 4, FINGER],
  ]),
]

const VERTEX = /* glsl */ `
/** End points, and the radius at each. */
attribute vec4 aFrom;
attribute vec4 aTo;
/** Opacity at each end, and the tone. */
attribute vec3 aFade;
varying vec2 vAt;
varying float vLong;
varying float vRadius;
varying float vAlpha;
varying float vTone;

void main() {
  vec3 a = (viewMatrix * vec4(aFrom.xyz, 1.0)).xyz;
  vec3 b = (viewMatrix * vec4(aTo.xyz, 1.0)).xyz;
  bool isFrom = position.x < 0.0;
  float radius = isFrom ? aFrom.w : aTo.w;
  vec3 way = b - a;
  vec3 toward = normalize(-(a + b));
  // Seen end on, or only a point: any direction across will do.
  vec3 flat_ = way - toward * dot(way, toward);
  vec3 along = length(flat_) > radius * 0.01 ? normalize(flat_) : vec3(1.0, 0.0, 0.0);
  vec3 across = normalize(cross(toward, along));
  vec3 at = (isFrom ? a : b) + (along * position.x + across * position.y) * radius;
  gl_Position = projectionMatrix * vec4(at, 1.0);
  vLong = max(dot(way, along), 0.0);
  vAt = vec2(isFrom ? -radius : vLong + radius, position.y * radius);
  vRadius = radius;
  vAlpha = isFrom ? aFade.x : aFade.y;
  vTone = aFade.z;
}
`

const FRAGMENT = /* glsl */ `
uniform vec3 uInk;
uniform vec3 uGround;
varying vec2 vAt;
varying float vLong;
varying float vRadius;
varying float vAlpha;
varying float vTone;

void main() {
  float d = length(vAt - vec2(clamp(vAt.x, 0.0, vLong), 0.0)) / vRadius;
  float alpha = (1.0 - smoothstep(1.0 - fwidth(d), 1.0, d)) * vAlpha;
  if (alpha < 0.004) discard;
  gl_FragColor = vec4(mix(uGround, uInk, vTone) * alpha, alpha);
}
`

export class HandsMesh {
  readonly mesh: Mesh
  readonly #geometry = quadGeometry()
  readonly #from = strokes(4)
  readonly #to = strokes(4)
  readonly #fade = strokes(3)
  readonly #uniforms: { uInk: { value: Float32Array }; uGround: { value: Float32Array } }
  readonly #isPassthrough: boolean
  #count = 0
  /** Of the body that is being put together: both ends in the scene, and how thick it is there, in metres. */
  readonly #parts = new Float32Array(BONES.length * PART)
  #partCount = 0

  constructor(palette: ScenePalette, isPassthrough: boolean) {
    this.#isPassthrough = isPassthrough
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

  /** `isBearer`: of the menu; then it has no ray, as where it touches. */
  add(
    pointer: Pointer,
    { reach, isTouching }: Pick<Aim, 'reach' | 'isTouching'>,
    rig: WorldRig,
    isBearer: boolean,
  ): void {
    if (!pointer.isSeen) return
    const { from, way, tip } = pointer
    const isHand = pointer.source.hand !== undefined && pointer.source.hand !== null
    if (isHand) this.#addHand(pointer, rig)
    else if (pointer.source.targetRayMode === 'tracked-pointer') this.#addController(pointer, rig)
    if (isTouching && pointer.hasTip) this.#line(tip, tip, TIP, rig)
    if (isTouching || isBearer) return
    const long = Math.min(reach, isHand ? HAND_BEAM_METRES : BEAM_METRES)
    // Whose ray comes out of the eyes would only be dazzled by it.
    if (pointer.source.targetRayMode === 'tracked-pointer') {
      along(from, way, long, end)
      pen.radius = pointer.isPressed ? 0.003 : 0.002
      pen.fadeFrom = 1
      pen.fadeTo = reach > long ? 0.12 : 0.8
      this.#line(from, end, pen, rig)
    }
    if (reach === Number.POSITIVE_INFINITY) return
    along(from, way, reach, end)
    pen.radius = reach * CURSOR_RADIANS * (pointer.isPressed ? 0.7 : 1)
    pen.fadeFrom = 1
    pen.fadeTo = 1
    this.#line(end, end, pen, rig)
  }

  /** The way to where somebody would go. */
  addLanding({ way, count }: Landing, rig: WorldRig): void {
    pen.radius = 0.003
    for (let point = 1; point < count; point++) {
      pointOf(way, point - 1, start)
      pointOf(way, point, end)
      pen.fadeFrom = 0.15 + (0.6 * (point - 1)) / count
      pen.fadeTo = 0.15 + (0.6 * point) / count
      this.#line(start, end, pen, rig)
    }
  }

  #addHand({ joints, hasJoints }: Pointer, rig: WorldRig): void {
    if (!joints || !hasJoints) return
    // By index: what goes over them one by one would be left to be collected.
    for (let bone = 0; bone < BONES.length; bone++) {
      const ends = BONES[bone] as (typeof BONES)[number]
      jointAt(joints, ends[0], start)
      jointAt(joints, ends[1], end)
      this.#part(start, end, this.#isPassthrough ? SINEW : ends[2], rig)
    }
    this.#paint(this.#isPassthrough ? THIN : SOLID, rig)
  }

  /** A handle in the palm and a head that ends where the ray begins, with its button and its trigger. */
  #addController(pointer: Pointer, rig: WorldRig): void {
    const { grip, from, way, isPressed } = pointer
    setUpOf(pointer)
    start.x = grip.x - way.x * 0.045 - up.x * 0.035
    start.y = grip.y - way.y * 0.045 - up.y * 0.035
    start.z = grip.z - way.z * 0.045 - up.z * 0.035
    end.x = grip.x + way.x * 0.012 + up.x * 0.006
    end.y = grip.y + way.y * 0.012 + up.y * 0.006
    end.z = grip.z + way.z * 0.012 + up.z * 0.006
    this.#part(start, end, HANDLE, rig)
    this.#part(end, from, HEAD, rig)
    this.#paint(SOLID, rig)
    start.x = end.x + up.x * 0.009
    start.y = end.y + up.y * 0.009
    start.z = end.z + up.z * 0.009
    pen.radius = 0.0045
    pen.fadeFrom = 0.6
    pen.fadeTo = 0.6
    this.#stroke(start, start, pen, INK, rig)
    pen.radius = isPressed ? 0.0075 : 0.0045
    pen.fadeFrom = isPressed ? 1 : 0.6
    pen.fadeTo = pen.fadeFrom
    this.#stroke(from, from, pen, INK, rig)
  }

  #part(a: Point, b: Point, girth: Girth, rig: WorldRig): void {
    const parts = this.#parts
    const at = this.#partCount++ * PART
    toScene(rig, a, scene)
    parts[at] = scene.x
    parts[at + 1] = scene.y
    parts[at + 2] = scene.z
    parts[at + 3] = girth.from
    toScene(rig, b, scene)
    parts[at + 4] = scene.x
    parts[at + 5] = scene.y
    parts[at + 6] = scene.z
    parts[at + 7] = girth.to
  }

  #paint(layers: readonly Layer[], { scale }: WorldRig): void {
    const parts = this.#parts
    const from = this.#from.array
    const to = this.#to.array
    const fade = this.#fade.array
    for (let index = 0; index < layers.length; index++) {
      const { more, tone, alpha } = layers[index] as Layer
      for (let part = 0; part < this.#partCount && this.#count < MAX_STROKES; part++) {
        const stroke = this.#count++
        const at = part * PART
        for (let axis = 0; axis < 3; axis++) {
          from[stroke * 4 + axis] = parts[at + axis] as number
          to[stroke * 4 + axis] = parts[at + 4 + axis] as number
        }
        from[stroke * 4 + 3] = ((parts[at + 3] as number) + more) * scale
        to[stroke * 4 + 3] = ((parts[at + 7] as number) + more) * scale
        fade[stroke * 3] = alpha
        fade[stroke * 3 + 1] = alpha
        fade[stroke * 3 + 2] = tone
      }
    }
    this.#partCount = 0
  }

  #line(a: Point, b: Point, { radius, fadeFrom, fadeTo }: Pen, rig: WorldRig): void {
    seam.radius = radius + SEAM_METRES
    seam.fadeFrom = fadeFrom * SEAM_ALPHA
    seam.fadeTo = fadeTo * SEAM_ALPHA
    this.#stroke(a, b, seam, GROUND, rig)
    core.radius = radius
    core.fadeFrom = fadeFrom
    core.fadeTo = fadeTo
    this.#stroke(a, b, core, INK, rig)
  }

  #stroke(a: Point, b: Point, { radius, fadeFrom, fadeTo }: Pen, tone: 0 | 1, rig: WorldRig): void {
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
    fade[index * 3] = fadeFrom
    fade[index * 3 + 1] = fadeTo
    fade[index * 3 + 2] = tone
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
const up: Point = { x: 0, y: 1, z: 0 }
const seam: Pen = { radius: 0, fadeFrom: 0, fadeTo: 0 }
const core: Pen = { radius: 0, fadeFrom: 0, fadeTo: 0 }
/** Numbers of a part. */
const PART = 8
const GROUND = 0
const INK = 1

const strokes = (size: number) =>
  new InstancedBufferAttribute(new Float32Array(MAX_STROKES * size), size).setUsage(DynamicDrawUsage)

/** What is up for what is held: square to its ray, and to the way through the palm. */
function setUpOf({ palm, hasPalm, way, source }: Pointer): void {
  const out = source.handedness === 'left' ? 1 : -1
  const x = hasPalm ? palm.x * out : -way.z
  const y = hasPalm ? palm.y * out : 0
  const z = hasPalm ? palm.z * out : way.x
  up.x = y * way.z - z * way.y
  up.y = z * way.x - x * way.z
  up.z = x * way.y - y * way.x
}

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
