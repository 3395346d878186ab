// The scene's view in a headset. The user is put into the scene, as large as it takes: so the one scene is drawn as it is,
// in its own units, by the one set of shaders.

import { Group, type Matrix4, PerspectiveCamera, type Scene, Vector2, Vector3, type WebGLRenderer } from 'three'
import type { SceneRig } from '../scene/sceneRig.ts'
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

export class HeadRig implements SceneRig {
  readonly followsAll = false
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
    for (const { matrix } of eyes) {
      head.x += (matrix.elements[12] as number) / eyes.length
      head.y += (matrix.elements[13] as number) / eyes.length
      head.z += (matrix.elements[14] as number) / eyes.length
    }
    const { elements } = first.matrix
    this.#forward.set(-(elements[8] as number), -(elements[9] as number), -(elements[10] as number))
    this.up.x = elements[4] as number
    this.up.y = elements[5] as number
    this.up.z = elements[6] as number
    // Who looks straight up or down still faces somewhere: where he last did.
    if (Math.hypot(this.#forward.x, this.#forward.z) > 0.05) {
      this.headYaw = Math.atan2(-this.#forward.x, -this.#forward.z)
    }
  }

  /** After the world was moved: puts the eyes into the scene. */
  applyTo(renderer: WebGLRenderer): void {
    const rig = this.#rig
    const origin = this.#origin
    origin.position.set(rig.x, rig.y, rig.z)
    origin.rotation.y = rig.yaw
    origin.scale.setScalar(rig.scale)
    origin.updateMatrixWorld(true)
    this.camera.near = NEAR_METRES * rig.scale
    this.camera.far = FAR_METRES * rig.scale
    renderer.xr.updateCamera(this.camera)
    const cameras = renderer.xr.getCamera()
    straighten(cameras.matrixWorld, cameras.matrixWorldInverse, rig.scale)
    for (const eye of cameras.cameras) straighten(eye.matrixWorld, eye.matrixWorldInverse, rig.scale)
    const { head } = this.stage
    toScene(rig, this.head, head.position as Vector3)
    turned(rig, this.#forward, this.#way)
    head.back.set(-this.#way.x, -this.#way.y, -this.#way.z).normalize()
    head.right.set(Math.cos(this.headYaw + rig.yaw), 0, -Math.sin(this.headYaw + rig.yaw))
    head.up.crossVectors(head.back, head.right)
    const projection = cameras.cameras[0]?.projectionMatrix.elements
    if (projection) {
      head.viewport.set(
        2 / ((projection[0] as number) * RADIANS_PER_PIXEL),
        2 / ((projection[5] as number) * RADIANS_PER_PIXEL),
      )
    }
  }

  get distance(): number {
    const { position } = this.stage.head
    return Math.hypot(position.x - this.swarm.x, position.y - this.swarm.y, position.z - this.swarm.z)
  }

  get depth(): number {
    return this.swarm.radius
  }

  /** So much that other labels may be wanted. */
  update(): boolean {
    const { back, position } = this.stage.head
    const isSame =
      this.#labelledBack.dot(back) > TURN_COSINE &&
      this.#labelledAt.distanceTo(position) < MOVE_METRES * this.#rig.scale
    if (isSame) return false
    this.#labelledBack.copy(back)
    this.#labelledAt.copy(position)
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

/** Takes the scale out: then lengths along and across the view are the scene's own, as its shaders expect. */
function straighten(matrix: Matrix4, inverse: Matrix4, scale: number): void {
  const { elements } = matrix
  for (let at = 0; at < 11; at++) if (at % 4 !== 3) elements[at] = (elements[at] as number) / scale
  inverse.copy(matrix).invert()
}
