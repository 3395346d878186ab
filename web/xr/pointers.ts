// What the hands do: one pointer for each input source, be it a controller, a bare hand, a gaze with a pinch or a finger on a
// phone's screen, all alike.
// Read from the session itself, in its own frames; nothing of an ended session is kept.

import { copy, type Point } from './worldRig.ts'

export interface Pointer {
  source: XRInputSource
  /** Its pose is known in this frame. */
  isSeen: boolean
  /** The ray in the room, in metres. */
  from: Point
  way: Point
  /**
   * Where it is held, or was when that was known last; for who has no hand, where the ray comes from, and for a finger on a
   * screen a metre along its ray: there the world goes with the finger.
   */
  grip: Point
  hasGrip: boolean
  /** What touches: the tip of the first finger, or of what is held. Not there for who has no hand, or whose hand is not seen. */
  tip: Point
  hasTip: boolean
  /** Which way the palm faces. */
  palm: Point
  hasPalm: boolean
  /** Select is held, or squeeze. */
  isPressed: boolean
  isSqueezed: boolean
  stick: { x: number; y: number }
  /** Of a bare hand: a matrix for each joint, and whether they are known. */
  joints: Float32Array | null
  hasJoints: boolean
}

export interface PointerEdge {
  press(pointer: Pointer): void
  release(pointer: Pointer): void
  gone(pointer: Pointer): void
}

/** Not every browser has it; nor does every version of the types. */
type FillingFrame = XRFrame & { fillPoses?(spaces: XRSpace[], base: XRSpace, into: Float32Array): boolean }

const JOINTS = 25
const MATRIX = 16
const INDEX_FINGER_TIP = 9
const SCREEN_GRIP_METRES = 1

export class Pointers {
  readonly all: Pointer[] = []
  readonly #session: XRSession
  readonly #edge: PointerEdge
  readonly #spaces = new WeakMap<XRHand, XRSpace[]>()

  constructor(session: XRSession, edge: PointerEdge) {
    this.#session = session
    this.#edge = edge
    for (const type of ['selectstart', 'selectend', 'squeezestart', 'squeezeend'] as const) {
      session.addEventListener(type, this.#onPress)
    }
    session.addEventListener('inputsourceschange', this.#onSources)
    for (const source of session.inputSources) this.#add(source)
  }

  readonly #onSources = ({ added, removed }: XRInputSourcesChangeEvent): void => {
    for (const source of removed) this.#remove(source)
    for (const source of added) this.#add(source)
  }

  readonly #onPress = ({ type, inputSource }: XRInputSourceEvent): void => {
    const pointer = this.#of(inputSource) ?? this.#add(inputSource)
    const was = pointer.isPressed || pointer.isSqueezed
    if (type === 'selectstart' || type === 'selectend') pointer.isPressed = type === 'selectstart'
    else pointer.isSqueezed = type === 'squeezestart'
    const is = pointer.isPressed || pointer.isSqueezed
    // A grip that comes to a press makes a pull of it.
    if ((is && !was) || type === 'squeezestart') this.#edge.press(pointer)
    else if (was && !is) this.#edge.release(pointer)
  }

  #of(source: XRInputSource): Pointer | undefined {
    return this.all.find((pointer) => pointer.source === source)
  }

  #add(source: XRInputSource): Pointer {
    const known = this.#of(source)
    if (known) return known
    const pointer: Pointer = {
      source,
      isSeen: false,
      from: { x: 0, y: 0, z: 0 },
      way: { x: 0, y: 0, z: -1 },
      grip: { x: 0, y: 0, z: 0 },
      hasGrip: false,
      tip: { x: 0, y: 0, z: 0 },
      hasTip: false,
      palm: { x: 0, y: 0, z: -1 },
      hasPalm: false,
      isPressed: false,
      isSqueezed: false,
      stick: { x: 0, y: 0 },
      joints: source.hand ? new Float32Array(JOINTS * MATRIX) : null,
      hasJoints: false,
    }
    if (source.hand) this.#spaces.set(source.hand, [...source.hand.values()])
    this.all.push(pointer)
    return pointer
  }

  #remove(source: XRInputSource): void {
    const index = this.all.findIndex((pointer) => pointer.source === source)
    const [pointer] = index < 0 ? [] : this.all.splice(index, 1)
    if (pointer) this.#edge.gone(pointer)
  }

  /** In each frame, before anything is asked of them. */
  update(frame: XRFrame, room: XRReferenceSpace): void {
    // By index: what goes over them one by one would be left to be collected.
    for (let index = 0; index < this.all.length; index++) {
      const pointer = this.all[index] as Pointer
      const { source } = pointer
      const ray = frame.getPose(source.targetRaySpace, room)
      pointer.isSeen = ray !== undefined && ray !== null
      if (ray) {
        const { matrix } = ray.transform
        readPlace(matrix, pointer.from)
        readAhead(matrix, pointer.way)
      }
      const grip = source.gripSpace ? frame.getPose(source.gripSpace, room) : null
      const held = grip ? grip.transform.matrix : null
      if (held) readPlace(held, pointer.grip)
      else if (!pointer.hasGrip) gripByRay(pointer)
      pointer.hasGrip ||= held !== null
      const axes = source.gamepad?.axes
      pointer.stick.x = axes?.[2] ?? 0
      pointer.stick.y = axes?.[3] ?? 0
      pointer.hasPalm = held !== null && source.handedness !== 'none'
      if (held && pointer.hasPalm) readPalm(held, pointer)
      this.#readJoints(pointer, frame, room)
      readTip(pointer)
    }
  }

  #readJoints(pointer: Pointer, frame: XRFrame, room: XRReferenceSpace): void {
    const { hand } = pointer.source
    const spaces = hand ? this.#spaces.get(hand) : undefined
    pointer.hasJoints =
      spaces !== undefined &&
      pointer.joints !== null &&
      (frame as FillingFrame).fillPoses?.(spaces, room, pointer.joints) === true
  }

  /** A tick that the hand feels, where it holds something that can give one. */
  pulse(pointer: Pointer, strength: number, durationMs: number): void {
    const actuator = pointer.source.gamepad?.hapticActuators?.[0]
    if (!actuator) return
    // A controller without a motor says so by refusing.
    void Promise.resolve(actuator.pulse(strength, durationMs)).catch(ignore)
  }

  dispose(): void {
    for (const type of ['selectstart', 'selectend', 'squeezestart', 'squeezeend'] as const) {
      this.#session.removeEventListener(type, this.#onPress)
    }
    this.#session.removeEventListener('inputsourceschange', this.#onSources)
    this.all.length = 0
  }
}

const ignore = (): undefined => undefined

// Of a pose in the room, each from the matrix alone: what knows the browser's own objects is compiled anew whenever those are,
// and until then each number in it is an object.

/** Each number asked of the browser's own point would be a new one. */
function readPlace(matrix: Float32Array, into: Point): void {
  into.x = matrix[12] as number
  into.y = matrix[13] as number
  into.z = matrix[14] as number
}

function readAhead(matrix: Float32Array, into: Point): void {
  into.x = -(matrix[8] as number)
  into.y = -(matrix[9] as number)
  into.z = -(matrix[10] as number)
}

function gripByRay({ source, from, way, grip }: Pointer): void {
  copy(from, grip)
  if (source.targetRayMode !== 'screen') return
  grip.x += way.x * SCREEN_GRIP_METRES
  grip.y += way.y * SCREEN_GRIP_METRES
  grip.z += way.z * SCREEN_GRIP_METRES
}

/** The grip's x-axis goes through the palm: out of it on the left, out of its back on the right. */
function readPalm(matrix: Float32Array, { source, palm }: Pointer): void {
  const out = source.handedness === 'left' ? 1 : -1
  palm.x = (matrix[0] as number) * out
  palm.y = (matrix[1] as number) * out
  palm.z = (matrix[2] as number) * out
}

function readTip(pointer: Pointer): void {
  const { source, joints, hasJoints, tip, from } = pointer
  const isHand = source.hand !== undefined && source.hand !== null
  // What is held ends where its ray begins.
  pointer.hasTip = pointer.isSeen && source.targetRayMode === 'tracked-pointer' && (!isHand || hasJoints)
  if (!pointer.hasTip) return
  const at = INDEX_FINGER_TIP * MATRIX + 12
  tip.x = isHand && joints ? (joints[at] as number) : from.x
  tip.y = isHand && joints ? (joints[at + 1] as number) : from.y
  tip.z = isHand && joints ? (joints[at + 2] as number) : from.z
}
