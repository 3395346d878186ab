// The panels as one draw: parts of one picture, each drawn anew only when what it says changes. What a ray or a finger is on
// is lit by the shader, so it shows at once.

import {
  DataTexture,
  DynamicDrawUsage,
  InstancedBufferAttribute,
  LinearFilter,
  type Mesh,
  RGBAFormat,
  UnsignedByteType,
  Vector2,
  Vector4,
  type WebGLRenderer,
} from 'three'
import { disposeMesh, material, quadGeometry, quietMesh } from '../scene/quietMesh.ts'
import { type BoardColors, rgbOf } from './boardColors.ts'
import {
  type Board,
  type BoardButton,
  PANEL_NAMES,
  PANELS,
  type PanelName,
  PICTURE_HEIGHT,
  PICTURE_WIDTH,
} from './boardLayout.ts'
import type { LazyFollow } from './lazyFollow.ts'
import { BUTTON_RADIUS, PanelPicture } from './panelPicture.ts'
import { type Point, toScene, turned, type WorldRig } from './worldRig.ts'

/** As many hands as anybody has. */
export const LIGHTS = 2
/** How far behind a panel a finger still counts as on it: it passes through what it presses. */
const BEHIND_METRES = 0.1
const BEFORE_METRES = 0.22
/** Beside its edge. */
const BESIDE_METRES = 0.01

const VERTEX = /* glsl */ `
attribute vec3 aMiddle;
attribute vec3 aRight;
attribute vec3 aUp;
/** Its part of the picture: x, y, width, height, in pixels. */
attribute vec4 aPart;
uniform vec2 uSize;
varying vec2 vAt;

void main() {
  vec3 at = aMiddle + aRight * position.x + aUp * position.y;
  gl_Position = projectionMatrix * (viewMatrix * vec4(at, 1.0));
  vAt = aPart.xy + vec2(position.x * 0.5 + 0.5, 0.5 - position.y * 0.5) * aPart.zw;
}
`

const FRAGMENT = /* glsl */ `
uniform sampler2D uPicture;
uniform vec2 uSize;
/** What is pointed at: x, y, width, height; and how: 0 not, 1 pointed at, 2 pressed. */
uniform vec4 uLit[${LIGHTS}];
uniform float uLitBy[${LIGHTS}];
uniform vec3 uInk;
varying vec2 vAt;

float outside(vec4 box) {
  vec2 reach = box.zw * 0.5 - ${BUTTON_RADIUS.toFixed(1)};
  vec2 d = abs(vAt - box.xy - box.zw * 0.5) - reach;
  return length(max(d, 0.0)) + min(max(d.x, d.y), 0.0) - ${BUTTON_RADIUS.toFixed(1)};
}

void main() {
  vec4 color = texture2D(uPicture, vAt / uSize);
  for (int i = 0; i < ${LIGHTS}; i++) {
    if (uLitBy[i] < 0.5) continue;
    float d = outside(uLit[i]);
    float inside = 1.0 - smoothstep(-1.0, 1.0, d);
    float edge = inside * smoothstep(-6.0, -4.0, d);
    color.rgb = mix(color.rgb, uInk * color.a, max(inside * (uLitBy[i] > 1.5 ? 0.34 : 0.14), edge * 0.95));
  }
  if (color.a < 0.004) discard;
  gl_FragColor = color;
}
`

interface Placed {
  readonly name: PanelName
  isShown: boolean
  /** What is above that share of it, from below, is empty, and is not drawn. */
  usedShare: number
  middle: Point
  right: Point
  up: Point
  halfWidth: number
  halfHeight: number
}

/** Where a ray meets a panel, or a finger is before it: as shares of it from the upper left, and how far away (behind: below 0). */
export interface BoardHit {
  panel: PanelName
  u: number
  v: number
  distance: number
}

/** Where the menu at the wrist is, if anybody bears it. */
export interface WristPlace {
  isBorne: boolean
  at: Point
}

export class BoardMesh {
  readonly mesh: Mesh
  readonly #texture: DataTexture
  readonly #pictures = PANEL_NAMES.map((name) => [name, new PanelPicture(name)] as const)
  readonly #geometry = quadGeometry()
  readonly #attributes = {
    aMiddle: vectors(3),
    aRight: vectors(3),
    aUp: vectors(3),
    aPart: vectors(4),
  }
  readonly #uniforms: {
    uPicture: { value: DataTexture }
    uSize: { value: Vector2 }
    uLit: { value: Vector4[] }
    uLitBy: { value: Float32Array }
    uInk: { value: Float32Array }
  }
  /** In the room, in metres. */
  readonly #placed: readonly Placed[] = PANEL_NAMES.map(newPlaced)
  readonly #hit: BoardHit = { panel: 'menu', u: 0, v: 0, distance: 0 }
  #board: Board = { shown: [], tones: {}, buttons: [], ghosts: [], texts: [] }

  constructor() {
    const texture = new DataTexture(null, PICTURE_WIDTH, PICTURE_HEIGHT, RGBAFormat, UnsignedByteType)
    // Room on the GPU alone: panels are written one by one.
    texture.source.dataReady = false
    texture.minFilter = LinearFilter
    texture.magFilter = LinearFilter
    texture.premultiplyAlpha = true
    texture.needsUpdate = true
    this.#texture = texture
    this.#uniforms = {
      uPicture: { value: texture },
      uSize: { value: new Vector2(PICTURE_WIDTH, PICTURE_HEIGHT) },
      uLit: { value: Array.from({ length: LIGHTS }, () => new Vector4()) },
      uLitBy: { value: new Float32Array(LIGHTS) },
      uInk: { value: new Float32Array(3) },
    }
    for (const [name, attribute] of Object.entries(this.#attributes)) this.#geometry.setAttribute(name, attribute)
    this.#geometry.instanceCount = 0
    this.mesh = quietMesh(this.#geometry, material(this.#uniforms, VERTEX, FRAGMENT, false, false), 10)
  }

  get board(): Board {
    return this.#board
  }

  /** What can be seen of it now. */
  get hanging(): PanelName[] {
    return this.#placed.flatMap(({ name, isShown }) => (isShown ? [name] : []))
  }

  /** What it says from now on. Between frames. */
  show(renderer: WebGLRenderer, board: Board, colors: BoardColors): void {
    this.#board = board
    rgbOf(colors.ink, this.#uniforms.uInk.value)
    for (const [index, [name, picture]] of this.#pictures.entries()) {
      if (!board.shown.includes(name)) continue
      picture.show(renderer, this.#texture, board, colors)
      const placed = this.#placed[index]
      if (placed) placed.usedShare = picture.usedShare
    }
  }

  /** `index`: of the hand whose light it is; no button: it is on none. */
  light(index: number, button: BoardButton | null, isPressed: boolean): void {
    const box = this.#uniforms.uLit.value[index]
    if (!box) return
    this.#uniforms.uLitBy.value[index] = button ? (isPressed ? 2 : 1) : 0
    if (button) box.set(button.x, button.y, button.width, button.height)
  }

  /** In each frame: where they hang now. */
  place(follow: LazyFollow, wrist: WristPlace, head: Point, rig: WorldRig): void {
    const { aMiddle, aRight, aUp, aPart } = this.#attributes
    let count = 0
    // By index, and into the arrays themselves: what goes over them one by one, and each number handed to a function that is
    // not inlined, would be left to be collected.
    for (let panel = 0; panel < this.#placed.length; panel++) {
      const placed = this.#placed[panel] as Placed
      const { name } = placed
      placed.isShown = this.#board.shown.includes(name) && (name !== 'wrist' || wrist.isBorne)
      if (!placed.isShown) continue
      if (name === 'wrist') hold(wrist.at, head, placed)
      else hang(PANELS[name], follow, placed)
      this.#write(placed, count++, rig)
    }
    this.#geometry.instanceCount = count
    aMiddle.needsUpdate = true
    aRight.needsUpdate = true
    aUp.needsUpdate = true
    aPart.needsUpdate = true
  }

  #write({ name, usedShare, middle, right, up, halfWidth, halfHeight }: Placed, index: number, rig: WorldRig): void {
    const { aMiddle, aRight, aUp, aPart } = this.#attributes
    const at = index * 3
    const down = halfHeight * (1 - usedShare)
    scratch.x = middle.x - up.x * down
    scratch.y = middle.y - up.y * down
    scratch.z = middle.z - up.z * down
    toScene(rig, scratch, scratch)
    aMiddle.array[at] = scratch.x
    aMiddle.array[at + 1] = scratch.y
    aMiddle.array[at + 2] = scratch.z
    turned(rig, right, scratch)
    const across = halfWidth * rig.scale
    aRight.array[at] = scratch.x * across
    aRight.array[at + 1] = scratch.y * across
    aRight.array[at + 2] = scratch.z * across
    turned(rig, up, scratch)
    const along = halfHeight * usedShare * rig.scale
    aUp.array[at] = scratch.x * along
    aUp.array[at + 1] = scratch.y * along
    aUp.array[at + 2] = scratch.z * along
    const { box } = PANELS[name]
    aPart.array[index * 4] = box.x
    aPart.array[index * 4 + 1] = box.y + box.height * (1 - usedShare)
    aPart.array[index * 4 + 2] = box.width
    aPart.array[index * 4 + 3] = box.height * usedShare
  }

  /** Which panel a ray in the room meets first; the object is used again by the next call. */
  meet(from: Point, way: Point): BoardHit | null {
    const hit = this.#hit
    hit.distance = Number.POSITIVE_INFINITY
    for (let panel = 0; panel < this.#placed.length; panel++) {
      const { name, isShown, usedShare, middle, right, up, halfWidth, halfHeight } = this.#placed[panel] as Placed
      if (!isShown) continue
      const normalX = right.y * up.z - right.z * up.y
      const normalY = right.z * up.x - right.x * up.z
      const normalZ = right.x * up.y - right.y * up.x
      const toward = way.x * normalX + way.y * normalY + way.z * normalZ
      // From behind nothing is pressed.
      if (toward > -1e-6) continue
      const x = middle.x - from.x
      const y = middle.y - from.y
      const z = middle.z - from.z
      const distance = (x * normalX + y * normalY + z * normalZ) / toward
      if (distance <= 0 || distance >= hit.distance) continue
      const px = way.x * distance - x
      const py = way.y * distance - y
      const pz = way.z * distance - z
      const across = (px * right.x + py * right.y + pz * right.z) / halfWidth
      const along = (px * up.x + py * up.y + pz * up.z) / halfHeight
      if (Math.abs(across) > 1 || Math.abs(along) > 1 || (1 + along) / 2 > usedShare) continue
      hit.panel = name
      hit.u = (across + 1) / 2
      hit.v = (1 - along) / 2
      hit.distance = distance
    }
    return hit.distance < Number.POSITIVE_INFINITY ? hit : null
  }

  /** The panel that a finger is closest to, if it is before one or in it; the same object as above. */
  near(tip: Point): BoardHit | null {
    const hit = this.#hit
    hit.distance = Number.POSITIVE_INFINITY
    for (let panel = 0; panel < this.#placed.length; panel++) {
      const { name, isShown, usedShare, middle, right, up, halfWidth, halfHeight } = this.#placed[panel] as Placed
      if (!isShown) continue
      const x = tip.x - middle.x
      const y = tip.y - middle.y
      const z = tip.z - middle.z
      const across = x * right.x + y * right.y + z * right.z
      const along = x * up.x + y * up.y + z * up.z
      if (Math.abs(across) > halfWidth + BESIDE_METRES || Math.abs(along) > halfHeight + BESIDE_METRES) continue
      if (along > halfHeight * (2 * usedShare - 1) + BESIDE_METRES) continue
      const before =
        x * (right.y * up.z - right.z * up.y) +
        y * (right.z * up.x - right.x * up.z) +
        z * (right.x * up.y - right.y * up.x)
      if (before < -BEHIND_METRES || before > BEFORE_METRES || Math.abs(before) >= Math.abs(hit.distance)) continue
      hit.panel = name
      hit.u = (across / halfWidth + 1) / 2
      hit.v = (1 - along / halfHeight) / 2
      hit.distance = before
    }
    return hit.distance < Number.POSITIVE_INFINITY ? hit : null
  }

  dispose(): void {
    disposeMesh(this.mesh)
    this.#texture.dispose()
    for (const [, picture] of this.#pictures) picture.dispose()
  }
}

const scratch: Point = { x: 0, y: 0, z: 0 }

const vectors = (size: number) =>
  new InstancedBufferAttribute(new Float32Array(PANEL_NAMES.length * size), size).setUsage(DynamicDrawUsage)

function newPlaced(name: PanelName): Placed {
  const { box, width } = PANELS[name]
  return {
    name,
    isShown: false,
    usedShare: 1,
    middle: { x: 0, y: 0, z: 0 },
    right: { x: 1, y: 0, z: 0 },
    up: { x: 0, y: 1, z: 0 },
    halfWidth: width / 2,
    halfHeight: (width * box.height) / box.width / 2,
  }
}

/** Square to the line from the body to it, or leaning back from that. */
function hang(
  { azimuth, elevation, tilt, distance }: (typeof PANELS)[PanelName],
  follow: LazyFollow,
  into: Placed,
): void {
  const yaw = follow.yaw + azimuth
  const level = Math.cos(elevation)
  const { middle, right, up } = into
  const wayX = -Math.sin(yaw) * level
  const wayY = Math.sin(elevation)
  const wayZ = -Math.cos(yaw) * level
  middle.x = follow.at.x + wayX * distance
  middle.y = follow.at.y + wayY * distance
  middle.z = follow.at.z + wayZ * distance
  right.x = Math.cos(yaw)
  right.y = 0
  right.z = -Math.sin(yaw)
  // As if it hung so much lower.
  const lean = elevation - tilt
  const flat = Math.cos(lean)
  up.x = Math.sin(yaw) * Math.sin(lean)
  up.y = flat
  up.z = Math.cos(yaw) * Math.sin(lean)
}

/** Upright at that place, its face to the head. */
function hold(at: Point, head: Point, { middle, right, up }: Placed): void {
  const x = at.x - head.x
  const y = at.y - head.y
  const z = at.z - head.z
  const level = Math.max(1e-3, Math.sqrt(x * x + z * z))
  const metres = Math.max(1e-3, Math.sqrt(x * x + y * y + z * z))
  middle.x = at.x
  middle.y = at.y
  middle.z = at.z
  right.x = -z / level
  right.y = 0
  right.z = x / level
  up.x = (right.y * z - right.z * y) / metres
  up.y = (right.z * x - right.x * z) / metres
  up.z = (right.x * y - right.y * x) / metres
}
