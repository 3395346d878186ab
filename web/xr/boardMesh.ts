// The panels as one draw: parts of one picture, drawn by the page's own text layout and only when what they say changes.

import {
  CanvasTexture,
  DynamicDrawUsage,
  InstancedBufferAttribute,
  LinearFilter,
  Mesh,
  NoColorSpace,
  ShaderMaterial,
} from 'three'
import { cutToWidth } from '../scene/labelAtlas.ts'
import { quadGeometry } from '../scene/nodeMeshes.ts'
import type { ScenePalette } from '../scene/palette.ts'
import {
  type Board,
  type BoardButton,
  type BoardText,
  MENU_TEXT_SIZE,
  PANEL_NAMES,
  PANELS,
  type PanelName,
  PICTURE_HEIGHT,
  PICTURE_WIDTH,
} from './boardLayout.ts'
import type { LazyFollow } from './lazyFollow.ts'
import { type Point, toScene, turned, type WorldRig } from './worldRig.ts'

const FONT = '"Inter Variable", system-ui, sans-serif'
const RADIUS = 20

const VERTEX = /* glsl */ `
attribute vec3 aMiddle;
attribute vec3 aRight;
attribute vec3 aUp;
/** Its part of the picture: x, y, width, height. */
attribute vec4 aPart;
varying vec2 vUv;

void main() {
  vec3 at = aMiddle + aRight * position.x + aUp * position.y;
  gl_Position = projectionMatrix * (viewMatrix * vec4(at, 1.0));
  vUv = aPart.xy + vec2(position.x * 0.5 + 0.5, 0.5 - position.y * 0.5) * aPart.zw;
}
`

const FRAGMENT = /* glsl */ `
uniform sampler2D uPicture;
varying vec2 vUv;

void main() {
  gl_FragColor = texture2D(uPicture, vUv);
  if (gl_FragColor.a < 0.004) discard;
}
`

interface Placed {
  middle: Point
  right: Point
  up: Point
  halfWidth: number
  halfHeight: number
}

/** Where the ray meets a panel: as shares of it from the upper left, and how far away. */
export interface BoardHit {
  panel: PanelName
  u: number
  v: number
  distance: number
}

export class BoardMesh {
  readonly mesh: Mesh
  readonly #texture: CanvasTexture
  readonly #context: CanvasRenderingContext2D
  readonly #geometry = quadGeometry()
  readonly #attributes = {
    aMiddle: vectors(3),
    aRight: vectors(3),
    aUp: vectors(3),
    aPart: vectors(4),
  }
  /** In the room, in metres. */
  readonly #placed = Object.fromEntries(PANEL_NAMES.map((name) => [name, newPlaced(name)])) as Record<PanelName, Placed>
  readonly #hit: BoardHit = { panel: 'menu', u: 0, v: 0, distance: 0 }
  #board: Board = { shown: [], tone: 'plain', buttons: [], texts: [] }
  #drawn = ''

  constructor() {
    const canvas = document.createElement('canvas')
    canvas.width = PICTURE_WIDTH
    canvas.height = PICTURE_HEIGHT
    const context = canvas.getContext('2d')
    if (!context) throw new Error('no 2d canvas for the panels')
    this.#context = context
    this.#texture = new CanvasTexture(canvas)
    this.#texture.colorSpace = NoColorSpace
    this.#texture.minFilter = LinearFilter
    this.#texture.generateMipmaps = false
    this.#texture.premultiplyAlpha = true
    this.#texture.flipY = false
    for (const [name, attribute] of Object.entries(this.#attributes)) this.#geometry.setAttribute(name, attribute)
    this.#geometry.instanceCount = 0
    const material = new ShaderMaterial({
      uniforms: { uPicture: { value: this.#texture } },
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      transparent: true,
      premultipliedAlpha: true,
      depthWrite: false,
      depthTest: false,
    })
    this.mesh = new Mesh(this.#geometry, material)
    this.mesh.frustumCulled = false
    this.mesh.matrixAutoUpdate = false
    this.mesh.renderOrder = 10
  }

  get board(): Board {
    return this.#board
  }

  /** `pointedAt`: the button that a ray is on. */
  show(board: Board, pointedAt: BoardButton | null, palette: ScenePalette): void {
    this.#board = board
    const now = JSON.stringify([board, pointedAt?.command, palette.css])
    if (now === this.#drawn) return
    this.#drawn = now
    this.#context.clearRect(0, 0, PICTURE_WIDTH, PICTURE_HEIGHT)
    for (const name of board.shown) this.#drawPanel(name, board, palette)
    for (const button of board.buttons) this.#drawButton(button, button.command === pointedAt?.command, palette)
    for (const text of board.texts) this.#drawText(text, palette)
    this.#texture.needsUpdate = true
  }

  #drawPanel(name: PanelName, board: Board, { css, isLight }: ScenePalette): void {
    const { x, y, width, height } = PANELS[name].box
    const context = this.#context
    context.beginPath()
    context.roundRect(x + 2, y + 2, width - 4, height - 4, RADIUS)
    context.globalAlpha = 0.92
    context.fillStyle = css.ground
    context.fill()
    context.globalAlpha = 1
    context.lineWidth = 3
    context.strokeStyle = name === 'banner' ? toneOf(board.tone, css) : isLight ? '#00000030' : '#ffffff30'
    context.stroke()
  }

  #drawButton(button: BoardButton, isPointedAt: boolean, { css, isLight }: ScenePalette): void {
    const { x, y, width, height, label, isOn, isDanger } = button
    const context = this.#context
    context.beginPath()
    context.roundRect(x, y, width, height, RADIUS - 6)
    const ink = isLight ? '0, 0, 0' : '255, 255, 255'
    context.fillStyle = `rgba(${ink}, ${isPointedAt ? 0.32 : isOn ? 0.22 : 0.1})`
    context.fill()
    if (isOn || isPointedAt) {
      context.lineWidth = isPointedAt ? 4 : 2
      context.strokeStyle = css.ink
      context.stroke()
    }
    context.font = `600 ${MENU_TEXT_SIZE}px ${FONT}`
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.fillStyle = isDanger ? css.failed : css.ink
    context.fillText(this.#cut(label, width - 12), x + width / 2, y + height / 2)
  }

  #drawText({ text, x, y, width, size, tone }: BoardText, { css }: ScenePalette): void {
    const context = this.#context
    context.font = `${tone === 'second' ? 400 : 600} ${size}px ${FONT}`
    context.textAlign = 'left'
    context.textBaseline = 'alphabetic'
    context.fillStyle = tone === 'second' ? css.second : toneOf(tone, css)
    context.fillText(this.#cut(text, width), x, y)
  }

  #cut = (text: string, width: number): string =>
    cutToWidth(text, width, (part) => this.#context.measureText(part).width)

  /** In each frame: where they hang now. */
  place(follow: LazyFollow, rig: WorldRig): void {
    let index = 0
    const { aMiddle, aRight, aUp, aPart } = this.#attributes
    for (const name of PANEL_NAMES) {
      if (!this.#board.shown.includes(name)) continue
      const placed = this.#placed[name]
      hang(name, follow, placed)
      const { box } = PANELS[name]
      toScene(rig, placed.middle, scratch)
      aMiddle.setXYZ(index, scratch.x, scratch.y, scratch.z)
      turned(rig, placed.right, scratch)
      const across = placed.halfWidth * rig.scale
      aRight.setXYZ(index, scratch.x * across, scratch.y * across, scratch.z * across)
      turned(rig, placed.up, scratch)
      const along = placed.halfHeight * rig.scale
      aUp.setXYZ(index, scratch.x * along, scratch.y * along, scratch.z * along)
      aPart.setXYZW(
        index,
        box.x / PICTURE_WIDTH,
        box.y / PICTURE_HEIGHT,
        box.width / PICTURE_WIDTH,
        box.height / PICTURE_HEIGHT,
      )
      index++
    }
    this.#geometry.instanceCount = index
    aMiddle.needsUpdate = true
    aRight.needsUpdate = true
    aUp.needsUpdate = true
    aPart.needsUpdate = true
  }

  /** Which panel a ray in the room meets first; the object is used again by the next call. */
  meet(from: Point, way: Point): BoardHit | null {
    const hit = this.#hit
    hit.distance = Number.POSITIVE_INFINITY
    for (const name of PANEL_NAMES) {
      if (!this.#board.shown.includes(name)) continue
      const { middle, right, up, halfWidth, halfHeight } = this.#placed[name]
      const normalX = right.y * up.z - right.z * up.y
      const normalY = right.z * up.x - right.x * up.z
      const normalZ = right.x * up.y - right.y * up.x
      const toward = way.x * normalX + way.y * normalY + way.z * normalZ
      if (Math.abs(toward) < 1e-6) continue
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
      if (Math.abs(across) > 1 || Math.abs(along) > 1) continue
      hit.panel = name
      hit.u = (across + 1) / 2
      hit.v = (1 - along) / 2
      hit.distance = distance
    }
    return hit.distance < Number.POSITIVE_INFINITY ? hit : null
  }

  dispose(): void {
    this.#geometry.dispose()
    this.#texture.dispose()
    if (!Array.isArray(this.mesh.material)) this.mesh.material.dispose()
  }
}

const scratch: Point = { x: 0, y: 0, z: 0 }

const vectors = (size: number) =>
  new InstancedBufferAttribute(new Float32Array(PANEL_NAMES.length * size), size).setUsage(DynamicDrawUsage)

function newPlaced(name: PanelName): Placed {
  const { box, width } = PANELS[name]
  return {
    middle: { x: 0, y: 0, z: 0 },
    right: { x: 1, y: 0, z: 0 },
    up: { x: 0, y: 1, z: 0 },
    halfWidth: width / 2,
    halfHeight: (width * box.height) / box.width / 2,
  }
}

/** Square to the line from the body to it. */
function hang(name: PanelName, follow: LazyFollow, into: Placed): void {
  const { azimuth, elevation, distance } = PANELS[name]
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
  up.x = right.y * wayZ - right.z * wayY
  up.y = right.z * wayX - right.x * wayZ
  up.z = right.x * wayY - right.y * wayX
}

const toneOf = (tone: BoardText['tone'], css: ScenePalette['css']): string => {
  switch (tone) {
    case 'lost':
      return css.failed
    case 'mock':
    case 'past':
      return css.needsYou
    case 'second':
      return css.second
    case 'plain':
      return css.ink
    default:
      return tone satisfies never
  }
}
