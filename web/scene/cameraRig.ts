// The camera: orbit by mouse, touch and keys; fits all nodes, or those that were found, into the free part of the window, and
// keeps doing so until the user takes it over.

import CameraControls from 'camera-controls'
import {
  Box3,
  Matrix4,
  type PerspectiveCamera,
  Quaternion,
  Raycaster,
  Sphere,
  Spherical,
  Vector2,
  Vector3,
  Vector4,
} from 'three'
import type { Insets } from '../store/stage.ts'
import { type FitInput, fitView, isInView } from './fitView.ts'
import type { FrameTime } from './frameTime.ts'
import type { Kept, SceneRange, SceneRig } from './sceneRig.ts'

/** What the controls need of three: named one by one, so that the rest stays out of the bundle. */
const THREE = { Vector2, Vector3, Vector4, Quaternion, Matrix4, Spherical, Box3, Sphere, Raycaster }

const SMOOTH_SEC = 0.28
/** A little from the side and above: depth shows at first sight. */
const START_AZIMUTH = 0.32
const START_POLAR = 1.28
const MIN_DISTANCE = 16
/** Room around what is fitted, for labels. */
const MARGIN_X_PX = 56
const MARGIN_Y_PX = 48
/** Less than this is not worth moving for. */
const SAME_SHARE = 0.05
const FOCUS_DISTANCE = 24
const ORBIT_STEP = 0.14
/** Less than this is not worth moving for, in the scene's units. */
const TRACK_SLACK = 0.02

const right = new Vector3()
const up = new Vector3()
const back = new Vector3()
const target = new Vector3()
const spherical = new Spherical()
const position = new Vector3()

export class CameraRig implements SceneRig {
  readonly #camera: PerspectiveCamera
  readonly #controls: CameraControls
  #width = 1
  #height = 1
  #insets: Insets = { left: 0, top: 0, right: 0, bottom: 0 }
  #keeps: Kept = 'all'
  /** Where it stood before it went to who was found. */
  #before: readonly number[] = []
  /** Since the last fit. */
  #isStageNew = false
  #hasFitted = false
  readonly #range: SceneRange = { distance: 60, depth: 10 }

  /** `onWake`: the camera begins to move by the user's hand. */
  constructor(camera: PerspectiveCamera, element: HTMLElement, onWake: () => void) {
    this.#camera = camera
    CameraControls.install({ THREE }) // again does no harm
    this.#controls = new CameraControls(camera, element)
    const controls = this.#controls
    controls.minDistance = 3
    controls.maxDistance = 3_000
    controls.dollySpeed = 0.7
    controls.dollyToCursor = true
    controls.draggingSmoothTime = 0.08
    controls.smoothTime = SMOOTH_SEC
    controls.addEventListener('controlstart', this.#takeOver)
    controls.addEventListener('control', onWake)
    controls.addEventListener('wake', onWake)
    // The wheel has no `controlstart` of its own until it has moved the camera.
    element.addEventListener('wheel', this.#takeOver, { passive: true })
    void controls.rotateTo(START_AZIMUTH, START_POLAR, false)
    void controls.dollyTo(60, false)
    controls.update(0)
  }

  readonly #takeOver = (): void => {
    this.#keeps = 'none'
  }

  get range(): SceneRange {
    this.#range.distance = this.#controls.distance
    return this.#range
  }

  get keeps(): Kept {
    return this.#keeps
  }

  /** Where it stands and what it looks at; `null` while it follows all by itself. */
  get view(): number[] | null {
    if (this.#keeps === 'all') return null
    this.#controls.getPosition(position, true)
    this.#controls.getTarget(target, true)
    return [...position, ...target]
  }

  setView([x = 0, y = 0, z = 60, targetX = 0, targetY = 0, targetZ = 0]: readonly number[], smooth = false): void {
    this.#takeOver()
    void this.#controls.setLookAt(x, y, z, targetX, targetY, targetZ, smooth)
  }

  setMotion(hasMotion: boolean): void {
    this.#controls.smoothTime = hasMotion ? SMOOTH_SEC : 0
    this.#controls.draggingSmoothTime = hasMotion ? 0.08 : 0
  }

  /** The window, and what panels cover of it. */
  setStage(width: number, height: number, insets: Insets): void {
    this.#width = width
    this.#height = height
    this.#insets = insets
    this.#isStageNew = true
    this.#camera.setViewOffset(
      width,
      height,
      (insets.right - insets.left) / 2,
      (insets.bottom - insets.top) / 2,
      width,
      height,
    )
  }

  /** Says whether the camera moved. */
  update({ deltaSec }: FrameTime): boolean {
    return this.#controls.update(deltaSec)
  }

  /** Again whole, and from now on by itself. */
  fitAll(nodes: Float32Array, count: number): void {
    this.#keeps = 'all'
    this.#fit(nodes, count, true)
  }

  /** Goes to those that were found, if not all of them are in sight. */
  showFound(nodes: Float32Array, count: number): void {
    if (this.#keeps === 'all' || this.#sees(nodes, count)) return
    if (this.#keeps === 'none') this.#before = this.view ?? []
    this.#keeps = 'found'
    this.#fit(nodes, count, true)
  }

  /** Back to where it stood before it went to who was found, unless the user has taken it elsewhere meanwhile, or is to stay. */
  leaveFound(mayMove: boolean): void {
    if (this.#keeps !== 'found') return
    if (mayMove) this.setView(this.#before, true)
    else this.#takeOver()
  }

  /** Straight at what is flat; a little from the side at what has depth. */
  face(isFlat: boolean): void {
    this.#keeps = 'all'
    const azimuth = isFlat ? 0 : START_AZIMUTH
    const polar = isFlat ? Math.PI / 2 : START_POLAR
    void this.#controls.rotateTo(azimuth, polar, this.#hasFitted)
  }

  /** What it keeps in sight has moved or grown, or there is more room or less. */
  follow(nodes: Float32Array, count: number): void {
    if (this.#keeps === 'none') return
    // Who moves about in sight is not chased.
    if (this.#keeps === 'found' && !this.#isStageNew && this.#sees(nodes, count)) return
    this.#fit(nodes, count, this.#hasFitted)
  }

  #fit(nodes: Float32Array, count: number, smooth: boolean): void {
    const fit = fitView(nodes, count, this.#look(MARGIN_X_PX, MARGIN_Y_PX))
    if (!fit) return
    this.#isStageNew = false
    const areAll = this.#keeps === 'all'
    // The fog is about all that is there.
    if (areAll) this.#range.depth = fit.depth
    const distance = Math.max(areAll ? MIN_DISTANCE : FOCUS_DISTANCE, fit.distance)
    this.#controls.getTarget(target, true)
    const [x, y, z] = fit.target
    const isNear = Math.hypot(target.x - x, target.y - y, target.z - z) < distance * SAME_SHARE
    const isSame = isNear && Math.abs(this.#controls.distance - distance) < distance * SAME_SHARE
    if (areAll && isSame && this.#hasFitted) return
    this.#hasFitted = true
    void this.#controls.moveTo(x, y, z, smooth)
    void this.#controls.dollyTo(distance, smooth)
  }

  #sees(nodes: Float32Array, count: number): boolean {
    const { x, y, z } = this.#controls.getPosition(position, true)
    return isInView(nodes, count, [x, y, z], this.#look(0, 0))
  }

  /** As it will look when it has turned to where it was told to. */
  #look(marginX: number, marginY: number): FitInput {
    const { theta, phi } = this.#controls.getSpherical(spherical, true)
    back.setFromSphericalCoords(1, phi, theta)
    right.set(Math.cos(theta), 0, -Math.sin(theta))
    up.crossVectors(back, right)
    const { left, top, right: coveredRight, bottom } = this.#insets
    const tan = Math.tan((this.#camera.fov * Math.PI) / 360)
    const freeWidth = Math.max(80, this.#width - left - coveredRight - 2 * marginX)
    const freeHeight = Math.max(80, this.#height - top - bottom - 2 * marginY)
    return {
      right: [right.x, right.y, right.z],
      up: [up.x, up.y, up.z],
      back: [back.x, back.y, back.z],
      tanX: (tan * freeWidth) / this.#height,
      tanY: (tan * freeHeight) / this.#height,
    }
  }

  flyTo(position: Vector3): void {
    this.#takeOver()
    void this.#controls.moveTo(position.x, position.y, position.z, true)
    void this.#controls.dollyTo(Math.min(this.#controls.distance, FOCUS_DISTANCE), true)
  }

  /** Keeps looking at what moves, from as far as the user likes. */
  track(position: Vector3): void {
    this.#takeOver()
    this.#controls.getTarget(target, true)
    if (target.distanceTo(position) < TRACK_SLACK) return
    void this.#controls.moveTo(position.x, position.y, position.z, true)
  }

  /** While something is followed, the wheel must not move it out of the middle. */
  setTracking(isTracking: boolean): void {
    this.#controls.dollyToCursor = !isTracking
  }

  zoom(factor: number): void {
    this.#takeOver()
    void this.#controls.dollyTo(this.#controls.distance * factor, true)
  }

  orbit(stepsX: number, stepsY: number): void {
    this.#takeOver()
    void this.#controls.rotate(stepsX * ORBIT_STEP, stepsY * ORBIT_STEP, true)
  }

  dispose(element: HTMLElement): void {
    element.removeEventListener('wheel', this.#takeOver)
    this.#controls.dispose()
  }
}
