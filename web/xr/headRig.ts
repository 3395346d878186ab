// The scene's view in a headset. The user is put into the scene, as large as it takes: so the one scene is drawn as it is,
// in its own units, by the one set of shaders.

import {
  type Camera,
  Group,
  type Matrix4,
  PerspectiveCamera,
  type Scene,
  Vector2,
  Vector3,
  type WebGLRenderer,
} from 'three'
import type { SceneRange, SceneRig } from '../scene/sceneRig.ts'
import type { Stage } from '../scene/stage.ts'
import type { Point, WorldRig } from './worldRig.ts'
import { toScene, turned } from './worldRig.ts'

/** A label's pixel: with it a name is 1.15° tall, its second line 1.05°. */
export const RADIANS_PER_PIXEL = (0.0955 * Math.PI) / 180
/** Labels stand within so much of where the head looks, to all sides. */
const LABEL_VIEW_RADIANS = (45 * Math.PI) / 180
const LABEL_VIEW_PIXELS = Math.round((2 * LABEL_VIEW_RADIANS) / RADIANS_PER_PIXEL)
const NEAR_METRES = 0.05
const FAR_METRES = 120
/** Labels are chosen anew when the head has turned by more, or moved by more (metres). */
const TURN_COSINE = Math.cos(0.05)
const MOVE_METRES = 0.05
/** Who looks straight up or down has less than this of the way level. */
const LEVEL_SHARE = 0.05

export class HeadRig implements SceneRig {
  readonly keeps = 'none'
  readonly camera = new PerspectiveCamera(70, 1, 0.05, 100)
  readonly stage: Stage & { head: NonNullable<Stage['head']> }
  /** In the room, in metres. */
  readonly head: Point = { x: 0, y: 0, z: 0 }
  /** Which way the head looks, seen from above: radians to the left. */
  headYaw = 0
  /** Which way it looks, as long as 1; and what is up for it. In the room. */
  get look(): Point {
    return this.#forward
  }
  readonly up: Point = { x: 0, y: 1, z: 0 }
  isSeen = false
  /** From the swarm's middle, in the scene. */
  readonly range: SceneRange = { distance: 60, depth: 10 }
  readonly #origin = new Group()
  readonly #scene: Scene
  readonly #rig: WorldRig
  readonly #forward = new Vector3()
  readonly #way: Point = { x: 0, y: 0, z: 0 }
  readonly #labelledBack = new Vector3()
  readonly #labelledAt = new Vector3()
  readonly #lastTracked = new Vector3()
  #isTracking = false
  readonly swarm = { x: 0, y: 0, z: 0, radius: 10 }

  constructor(scene: Scene, rig: WorldRig) {
    this.#scene = scene
    this.#rig = rig
    this.#origin.matrixAutoUpdate = false
    this.#origin.add(this.camera)
    scene.add(this.#origin)
    this.stage = {
      width: LABEL_VIEW_PIXELS,
      height: LABEL_VIEW_PIXELS,
      pixelRatio: 1,
      insets: { left: 0, top: 0, right: 0, bottom: 0 },
      head: {
        position: new Vector3(),
        right: new Vector3(1, 0, 0),
        up: new Vector3(0, 1, 0),
        back: new Vector3(0, 0, 1),
        radiansPerPixel: RADIANS_PER_PIXEL,
        viewport: new Vector2(1, 1),
      },
    }
  }

  /** Before anything is moved in this frame: where the head is in the room. */
  readHead(renderer: WebGLRenderer): void {
    const eyes = renderer.xr.getCamera().cameras
    const first = eyes[0]
    this.isSeen = first !== undefined
    if (!first) return
    const { head } = this
    head.x = 0
    head.y = 0
    head.z = 0
    // By index, and field by field: what goes over them one by one, and each number handed to a function that is not inlined,
    // would be left to be collected.
    for (let eye = 0; eye < eyes.length; eye++) {
      const { elements } = (eyes[eye] as (typeof eyes)[number]).matrix
      head.x += (elements[12] as number) / eyes.length
      head.y += (elements[13] as number) / eyes.length
      head.z += (elements[14] as number) / eyes.length
    }
    const { elements } = first.matrix
    const forward = this.#forward
    forward.x = -(elements[8] as number)
    forward.y = -(elements[9] as number)
    forward.z = -(elements[10] as number)
    this.up.x = elements[4] as number
    this.up.y = elements[5] as number
    this.up.z = elements[6] as number
    // Who looks straight up or down still faces somewhere: where he last did.
    const { x, z } = forward
    if (x * x + z * z > LEVEL_SHARE * LEVEL_SHARE) this.headYaw = Math.atan2(-x, -z)
  }

  /** After the world was moved: puts the eyes into the scene. */
  applyTo(renderer: WebGLRenderer): void {
    const rig = this.#rig
    const origin = this.#origin
    standAs(rig, origin.matrix)
    origin.updateMatrixWorld(true)
    this.camera.near = NEAR_METRES * rig.scale
    this.camera.far = FAR_METRES * rig.scale
    renderer.xr.updateCamera(this.camera)
    const cameras = renderer.xr.getCamera()
    straighten(cameras, rig)
    const eyes = cameras.cameras
    for (let eye = 0; eye < eyes.length; eye++) straighten(eyes[eye] as (typeof eyes)[number], rig)
    const { head } = this.stage
    toScene(rig, this.head, head.position as Vector3)
    turned(rig, this.#forward, this.#way)
    const { back, right, position, viewport } = head
    back.x = -this.#way.x
    back.y = -this.#way.y
    back.z = -this.#way.z
    back.normalize()
    right.x = Math.cos(this.headYaw + rig.yaw)
    right.y = 0
    right.z = -Math.sin(this.headYaw + rig.yaw)
    head.up.crossVectors(back, right)
    const projection = eyes[0]?.projectionMatrix.elements
    if (projection) {
      viewport.x = 2 / ((projection[0] as number) * RADIANS_PER_PIXEL)
      viewport.y = 2 / ((projection[5] as number) * RADIANS_PER_PIXEL)
    }
    const x = position.x - this.swarm.x
    const y = position.y - this.swarm.y
    const z = position.z - this.swarm.z
    this.range.distance = Math.sqrt(x * x + y * y + z * z)
    this.range.depth = this.swarm.radius
  }

  /** In here it moves in every frame; whether so much that other labels may be wanted is asked between frames. */
  update(): boolean {
    return false
  }

  /** Since it said so last, so much that other labels may be wanted. */
  hasTurned(): boolean {
    const { back, position } = this.stage.head
    const wasBack = this.#labelledBack
    const wasAt = this.#labelledAt
    const cosine = wasBack.x * back.x + wasBack.y * back.y + wasBack.z * back.z
    const x = position.x - wasAt.x
    const y = position.y - wasAt.y
    const z = position.z - wasAt.z
    const far = MOVE_METRES * this.#rig.scale
    if (cosine > TURN_COSINE && x * x + y * y + z * z < far * far) return false
    wasBack.copy(back)
    wasAt.copy(position)
    return true
  }

  /** Takes the user along with what moves. */
  track(position: Vector3): void {
    if (this.#isTracking) {
      this.#rig.x += position.x - this.#lastTracked.x
      this.#rig.y += position.y - this.#lastTracked.y
      this.#rig.z += position.z - this.#lastTracked.z
    }
    this.#lastTracked.copy(position)
    this.#isTracking = true
  }

  stopTracking(): void {
    this.#isTracking = false
  }

  /** In here the user moves the view, and nobody else. */
  follow(): void {
    this.#isTracking = false
  }

  fitAll(): void {
    this.#isTracking = false
  }

  face(): void {
    this.#isTracking = false
  }

  flyTo(): void {
    this.#isTracking = false
  }

  dispose(): void {
    this.#scene.remove(this.#origin)
  }
}

/** From the room into the scene. Into the matrix itself: through place, turn and scale each number would be handed on. */
function standAs({ x, y, z, yaw, scale }: WorldRig, { elements }: Matrix4): void {
  const cos = Math.cos(yaw) * scale
  const sin = Math.sin(yaw) * scale
  elements[0] = cos
  elements[2] = -sin
  elements[5] = scale
  elements[8] = sin
  elements[10] = cos
  elements[12] = x
  elements[13] = y
  elements[14] = z
}

/** Takes the scale out: then lengths along and across the view are the scene's own, as its shaders expect. */
function straighten({ matrixWorld, matrixWorldInverse }: Camera, { scale }: WorldRig): void {
  const { elements } = matrixWorld
  for (let at = 0; at < 11; at++) if (at % 4 !== 3) elements[at] = (elements[at] as number) / scale
  matrixWorldInverse.copy(matrixWorld).invert()
}
