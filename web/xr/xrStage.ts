// One stay in a headset, from its first frame to its end: what was made for it goes with it.

import type { SourceError } from '../../protocol/swarm.ts'
import { LAYOUT_MODES } from '../layout/layoutModes.ts'
import { FrameStats, KEPT_FRAMES } from '../scene/frameStats.ts'
import type { FrameTime } from '../scene/frameTime.ts'
import type { ImmersiveSurface } from '../scene/immersiveSurface.ts'
import { dismissToast, showToast } from '../store/alerts.ts'
import { useLooking } from '../store/looking.ts'
import { setImmersive } from '../store/nextFrame.ts'
import { model, retryNow, serverNowMs } from '../store/session.ts'
import { changeSettings, SOUNDS, useAppearance, useSettings } from '../store/settings.ts'
import { provideXrStats, type XrStats } from '../store/stats.ts'
import { travel } from '../store/timeMachine.ts'
import { playheadMs, useTravel } from '../store/travel.ts'
import { askApi, newKey } from '../stream/apiClient.ts'
import { withStop } from '../ui/bannerLines.ts'
import type { XrCommand } from './actions.ts'
import { type Aim, type AimInput, aimWith, newAim } from './aiming.ts'
import type { XrMode } from './availability.ts'
import { type BoardColors, readBoardColors } from './boardColors.ts'
import { type BoardButton, layOutBoard } from './boardLayout.ts'
import { BoardMesh, LIGHTS, type WristPlace } from './boardMesh.ts'
import { alertNow, boardInput, firstMomentMs } from './boardState.ts'
import { clearingNear } from './clearing.ts'
import { Vignette, WorldMotion } from './comfort.ts'
import { FloorMesh } from './floorMesh.ts'
import { Grasp } from './grasp.ts'
import { HandsMesh } from './handsMesh.ts'
import { HeadRig } from './headRig.ts'
import { Landing } from './landing.ts'
import { LazyFollow } from './lazyFollow.ts'
import { Pace } from './pace.ts'
import { type Pointer, Pointers } from './pointers.ts'
import { StageAlerts } from './stageAlerts.ts'
import { glideOf, Stick } from './stick.ts'
import { earlierMs, laterMs } from './timeSteps.ts'
import { BodyTouch } from './touch.ts'
import { VignetteMesh } from './vignetteMesh.ts'
import {
  carry,
  type Point,
  place,
  SNAP_TURN,
  STANDS,
  type StandName,
  standBefore,
  standOf,
  toRoom,
  toScene,
  turnAbout,
  type WorldRig,
  zoomAbout,
} from './worldRig.ts'
import { WristMenu } from './wristMenu.ts'
import { clampHeight, keepXrSettings, readXrSettings, type XrSettings } from './xrSettings.ts'

/** What is left to be done between frames waits for no longer than a hand would feel. */
const BETWEEN_MS = 16
/** So often the scene is asked what it has to do there, if nobody waits for it. */
const PREPARE_MS = 60
const THIS_FRAME = 0
const FRAME_BEFORE = 1
/** So often between frames, for the first 4 s. */
const REHEARSALS = 250
const REHEARSALS_AT_ONCE = 2
/** What the board says is looked at so often: words are not read faster. */
const BOARD_MS = 250
const ZOOM_STEP = 1.3
/** In the scene's units: some three agents' room. */
const MIN_SWARM_RADIUS = 3
const HEIGHT_STEP_METRES = 0.1
const GLIDE_METRES_PER_SEC = 1.5
/** Nearer than this a body would fill the view. */
const CLEARING_METRES = 0.7
const HOVER_PULSE = [0.15, 12] as const
const SELECT_PULSE = [0.5, 35] as const
/** What is asked for in turn by the filter's button. */
const FILTERS = ['', 'needs:me', 'status:failed', 'status:working'] as const

/** What a pointer keeps from frame to frame. */
interface Reach extends Aim {
  stick: Stick
  landing: Landing
  /** Its stick chooses a place to go to. */
  isChoosing: boolean
  /** Where it would set its user down: before whom it is on, or on the floor. */
  goal: 'none' | 'agent' | 'floor'
  /** What it was on in the last frame, as far as one feels it. */
  felt: string | null
  /** It has come upon that, and the hand was not told yet. */
  isToBeFelt: boolean
  /** What its finger has pressed, and not let go. */
  poked: BoardButton | null
}

/** What a press was on when it began. */
type Began = Pick<Aim, 'button' | 'isOnPanel' | 'agentId'>

/** By the grip nothing is meant: it pulls the world, whatever is before the hand. */
const PULL: Began = { button: null, isOnPanel: false, agentId: null }

export interface XrStageInput {
  surface: ImmersiveSurface
  session: XRSession
  mode: XrMode
}

export class XrStage {
  readonly #input: XrStageInput
  readonly #rig: WorldRig = { x: 0, y: 0, z: 0, yaw: 0, scale: 20 }
  readonly #head: HeadRig
  readonly #pointers: Pointers
  readonly #aims = new Map<Pointer, Reach>()
  /** What it pointed at when it was pressed; `null`: its first frame is yet to come. */
  readonly #pressed = new Map<Pointer, Began | null>()
  readonly #grasp = new Grasp<PointerHand>()
  readonly #hands = new Map<Pointer, PointerHand>()
  readonly #board = new BoardMesh()
  readonly #handsMesh: HandsMesh
  readonly #floorMesh: FloorMesh
  readonly #vignette = new Vignette()
  readonly #vignetteMesh = new VignetteMesh()
  readonly #motion = new WorldMotion()
  readonly #pace: Pace
  /** When this frame and the one before are seen, in whole milliseconds: what is read from here is no object. */
  readonly #shownMs = new Int32Array(2)
  /** The next press goes where it points. */
  #isGoing = false
  readonly #wrist = new WristMenu<Pointer>()
  readonly #wristPlace: WristPlace = { isBorne: false, at: this.#wrist.at }
  readonly #aimInput: AimInput
  readonly #alerts: StageAlerts
  /** A finger is near a panel. */
  #isNearPanel = false
  #colors: BoardColors = readBoardColors(document.documentElement)
  readonly #follow = new LazyFollow()
  readonly #own = new FrameStats()
  readonly #whole = new FrameStats()
  /** The first ones, and as many each time that somebody asks: a clock leaves something to be collected whenever it is read. */
  #framesToTime = KEPT_FRAMES
  readonly #cleanUps: (() => void)[] = []
  #settings: XrSettings = readXrSettings()
  #isPlaced = false
  /** The scale on a table: what larger and smaller are measured by. */
  #usualScale = 20
  #hoveredId: string | null = null
  #isDetailOpen = true
  #askingId: string | null = null
  #terminateKey = ''
  #note = ''
  #followedId: string | null = null
  #hasEnded = false

  constructor(input: XrStageInput) {
    this.#input = input
    const { surface, session, mode } = input
    const { renderer, scene, swarm } = surface
    renderer.xr.cameraAutoUpdate = false
    this.#head = new HeadRig(scene, this.#rig)
    this.#pace = new Pace(session.supportedFrameRates ?? [])
    this.#handsMesh = new HandsMesh(swarm.palette, mode === 'immersive-ar')
    this.#floorMesh = new FloorMesh(swarm.palette, mode === 'immersive-ar')
    this.#aimInput = {
      board: this.#board,
      rig: this.#rig,
      graph: swarm.graph,
      nodes: swarm.nodesBySlot(this.#head.stage.head.position),
      time: { nowMs: 0, deltaSec: 0 },
    }
    this.#alerts = new StageAlerts({ swarm, rig: this.#rig, head: this.#head })
    scene.add(this.#floorMesh.mesh, this.#vignetteMesh.mesh, this.#board.mesh, this.#handsMesh.mesh)
    swarm.setImmersion({ isPassthrough: mode === 'immersive-ar' })
    setImmersive(true)
    this.#pointers = new Pointers(session, {
      press: (pointer) => this.#press(pointer),
      release: (pointer) => this.#release(pointer),
      gone: (pointer) => this.#gone(pointer),
    })
    const timer = setInterval(() => this.#refreshBoard(), BOARD_MS)
    const between = setInterval(this.#betweenFrames, BETWEEN_MS)
    this.#cleanUps.push(
      () => clearInterval(timer),
      () => clearInterval(between),
      surface.begin({ frame: (frame, time) => this.#frame(frame, time), end: () => this.#letOut() }),
      provideXrStats(() => {
        this.#framesToTime = KEPT_FRAMES
        return this.#stats()
      }),
      useLooking.subscribe(({ selectedId, isFollowing }, old) => {
        if (selectedId !== old.selectedId) {
          this.#isDetailOpen = true
          this.#askingId = null
          this.#note = ''
        }
        if (selectedId !== old.selectedId || isFollowing !== old.isFollowing) this.#head.stopTracking()
        this.#select()
        this.#refreshBoard()
      }),
      useAppearance.subscribe(() => {
        this.#handsMesh.setPalette(swarm.palette)
        this.#floorMesh.setPalette(swarm.palette)
        this.#colors = readBoardColors(document.documentElement)
        this.#refreshBoard()
      }),
      () => this.#alerts.close(),
    )
    this.#refreshBoard()
  }

  #stats(): XrStats {
    return {
      presenting: true,
      mode: this.#input.mode,
      drawCallsPerEye: this.#whole.drawCalls,
      trianglesPerEye: this.#whole.triangles,
      labels: this.#input.surface.swarm.labelCount,
      ownMs: this.#own.quantiles(),
      frameMs: this.#whole.quantiles(),
      rig: { ...this.#rig },
      panels: this.#board.hanging,
      vignette: this.#vignette.amount,
      effort: { ...this.#pace.effort },
    }
  }

  // — a frame

  #frame(frame: XRFrame, time: FrameTime): void {
    const { renderer, scene, swarm } = this.#input.surface
    const room = renderer.xr.getReferenceSpace()
    if (this.#hasEnded || !room || renderer.xr.getSession() !== this.#input.session) return
    // Not every browser tells when a frame will be seen. Asked here, where no number is reckoned with: compiled code that knows
    // a frame's shape goes when that does (an emulator's goes with the frame), and until it is compiled anew each is an object.
    this.#shownMs[THIS_FRAME] = frame.predictedDisplayTime ?? time.nowMs
    this.#keepPace(frame, room)
    if (this.#rehearsals > 0) this.#nowMs = time.nowMs
    const head = this.#head
    head.readHead(renderer)
    if (!head.isSeen) return
    if (!this.#isPlaced) this.#placeAtFirst()
    this.#pointers.update(frame, room)
    this.#wrist.update(this.#pointers.all, head.head, head.look, time)
    this.#move(time)
    head.applyTo(renderer)
    this.#aim(time)
    swarm.frame(time, renderer, head.camera, head, head.stage)
    this.#follow.update(head, time, useAppearance.getState().isStill)
    this.#wristPlace.isBorne = this.#wrist.bearer !== null
    this.#board.place(this.#follow, this.#wristPlace, head.head, this.#rig)
    this.#drawHands()
    const isTimed = this.#framesToTime > 0
    if (isTimed) this.#own.pushSince(time)
    renderer.render(scene, head.camera)
    const eyes = Math.max(1, renderer.xr.getCamera().cameras.length)
    this.#whole.drawCalls = renderer.info.render.calls / eyes
    this.#whole.triangles = renderer.info.render.triangles / eyes
    if (!isTimed) return
    this.#whole.pushSince(time)
    this.#framesToTime--
  }

  /** Frames that come late are answered by asking for less, while anybody sees them. */
  #keepPace(frame: XRFrame, room: XRReferenceSpace): void {
    const { session } = this.#input
    const shownMs = this.#shownMs
    const atMs = shownMs[THIS_FRAME] as number
    const intervalMs = atMs - (shownMs[FRAME_BEFORE] as number)
    shownMs[FRAME_BEFORE] = atMs
    const { rate: before } = this.#pace.effort
    if (this.#pace.frame(intervalMs, session.visibilityState === 'visible', session.frameRate))
      this.#changePace(frame, room, before)
  }

  #changePace(frame: XRFrame, room: XRReferenceSpace, rateBefore: number | null): void {
    const { session, surface } = this.#input
    const { scale, foveation, rate } = this.#pace.effort
    surface.renderer.xr.setFoveation(foveation)
    for (const view of frame.getViewerPose(room)?.views ?? []) view.requestViewportScale?.(scale)
    // A headset that will not go as fast now says so by refusing.
    if (rate !== null && rate !== rateBefore) session.updateTargetFrameRate?.(rate)?.catch(() => undefined)
  }

  /** What a frame has no time for, or would leave something to be collected. Before the first nobody knows where the head is. */
  readonly #betweenFrames = (): void => {
    if (this.#hasEnded || !this.#head.isSeen) return
    this.#feelHover()
    this.#follow.watch(this.#head, this.#isNearPanel)
    if (this.#rehearsals > 0) this.#rehearse()
    const { renderer, swarm } = this.#input.surface
    const nowMs = performance.now()
    if (!this.#hasNewHover && nowMs - this.#preparedAtMs < PREPARE_MS) return
    this.#hasNewHover = false
    this.#preparedAtMs = nowMs
    swarm.prepareBetweenFrames(renderer, this.#head.camera, this.#head.stage, this.#head.hasTurned())
  }
  #hasNewHover = false
  #preparedAtMs = 0

  /**
   * What runs once a frame V8 compiles after some 500 frames, and until then each number in it is an object. So in a stay's first
   * seconds it runs between frames, too, as it ran in the last one, unseen: nothing moves by that.
   */
  #rehearse(): void {
    this.#rehearsals--
    const { renderer, swarm } = this.#input.surface
    const head = this.#head
    const { motion, vignette, follow, touch, time } = this.#rehearsed
    time.nowMs = this.#nowMs
    for (let run = 0; run < REHEARSALS_AT_ONCE; run++) {
      motion.update(this.#rig, head, time)
      vignette.update(motion, time)
      follow.update(head, time, false)
      touch.update(-1, time)
      head.readHead(renderer)
      head.applyTo(renderer)
      swarm.frame(time, renderer, head.camera, head, head.stage)
      this.#floorMesh.show(this.#rig, head.head, null)
    }
  }
  #rehearsals = REHEARSALS
  #nowMs = 0
  /** What remembers the frame before has a part of its own. */
  readonly #rehearsed = {
    motion: new WorldMotion(),
    vignette: new Vignette(),
    follow: new LazyFollow(),
    touch: new BodyTouch(),
    time: { nowMs: 0, deltaSec: 1e-6 },
  }

  /** A tick for the hand that has come upon something. */
  #feelHover(): void {
    for (const [pointer, aim] of this.#aims) {
      if (!aim.isToBeFelt) continue
      aim.isToBeFelt = false
      this.#pointers.pulse(pointer, ...HOVER_PULSE)
    }
  }

  /** Nothing has been laid out yet: then the world is where it would be, until there is a swarm to be in front of. */
  #placeAtFirst(): void {
    this.#isPlaced = this.#measureSwarm()
    this.#stand(this.#settings.stand)
  }

  /** Middle and radius of what there is; says whether there is anything. */
  #measureSwarm(): boolean {
    const { swarm } = this.#input.surface
    const nodes = swarm.nodesBySlot()
    const end = swarm.graph.slots.end
    const low = { x: Number.POSITIVE_INFINITY, y: Number.POSITIVE_INFINITY, z: Number.POSITIVE_INFINITY }
    const high = { x: Number.NEGATIVE_INFINITY, y: Number.NEGATIVE_INFINITY, z: Number.NEGATIVE_INFINITY }
    for (let at = 0; at < end * 4; at += 4) {
      const radius = nodes[at + 3] as number
      if (radius <= 0) continue
      low.x = Math.min(low.x, (nodes[at] as number) - radius)
      low.y = Math.min(low.y, (nodes[at + 1] as number) - radius)
      low.z = Math.min(low.z, (nodes[at + 2] as number) - radius)
      high.x = Math.max(high.x, (nodes[at] as number) + radius)
      high.y = Math.max(high.y, (nodes[at + 1] as number) + radius)
      high.z = Math.max(high.z, (nodes[at + 2] as number) + radius)
    }
    const into = this.#head.swarm
    if (low.x > high.x) return false
    into.x = (low.x + high.x) / 2
    into.y = (low.y + high.y) / 2
    into.z = (low.z + high.z) / 2
    // One agent alone would be as large as a ball to sit on.
    into.radius = Math.max(MIN_SWARM_RADIUS, Math.max(high.x - low.x, high.y - low.y, high.z - low.z) / 2)
    return true
  }

  #stand(stand: StandName): void {
    const { head, headYaw, swarm } = this.#head
    place(this.#rig, standOf(stand, this.#settings.isSeated), head, headYaw, swarm)
    if (stand === 'inside') this.#findRoom()
    this.#motion.jump()
    this.#rig.y -= this.#settings.heightMetres * this.#rig.scale
    this.#usualScale = swarm.radius / STANDS.table.radius
    this.#head.stopTracking()
  }

  /** Amid the swarm, and yet within nobody. */
  #findRoom(): void {
    const { swarm } = this.#input.surface
    const rig = this.#rig
    toScene(rig, this.#head.head, middle)
    const { x, y, z } = middle
    const free = CLEARING_METRES * rig.scale
    const at = clearingNear(swarm.nodesBySlot(), swarm.graph.slots.end, middle, this.#head.swarm, free)
    rig.x += at.x - x
    rig.y += at.y - y
    rig.z += at.z - z
  }

  /** What the hands and sticks do to the world, and how fast it goes by for that. */
  #move(time: FrameTime): void {
    if (this.#grasp.isHolding) this.#grasp.update(this.#rig, this.#usualScale)
    const { all } = this.#pointers
    for (let index = 0; index < all.length; index++) this.#obeyStick(all[index] as Pointer, time)
    this.#motion.update(this.#rig, this.#head, time)
    // Whoever sees the room itself is held by that: a dark edge would take it away.
    this.#vignette.update(this.#input.mode === 'immersive-ar' ? STILL : this.#motion, time)
    this.#vignetteMesh.show(this.#vignette)
  }

  #obeyStick(pointer: Pointer, time: FrameTime): void {
    const aim = this.#aimOf(pointer)
    const isGliding = this.#settings.isGliding && !useAppearance.getState().isStill
    const wish = aim.stick.read(pointer.stick, time, isGliding)
    aim.isChoosing = wish === 'aim'
    switch (wish) {
      case 'turn-left':
      case 'turn-right':
        this.#turn(wish)
        break
      case 'go':
        this.#goTo(aim)
        break
      case 'none':
        if (isGliding) this.#glide(pointer, time)
        break
      case 'aim':
        break
      default:
        wish satisfies never
    }
  }

  #glide({ way, stick }: Pointer, { deltaSec }: FrameTime): void {
    const metres = glideOf(stick) * GLIDE_METRES_PER_SEC * deltaSec
    if (metres === 0) return
    middle.x = way.x * metres
    middle.y = way.y * metres
    middle.z = way.z * metres
    carry(this.#rig, middle)
  }

  #turn(way: 'turn-left' | 'turn-right'): void {
    turnAbout(this.#rig, this.#head.head, way === 'turn-left' ? SNAP_TURN : -SNAP_TURN)
    this.#motion.jump()
  }

  /** At once, for whatever lies between would go by faster than anybody can bear. */
  #goTo({ goal, slot, landing }: Reach): void {
    const { head, headYaw } = this.#head
    if (goal === 'none') return
    if (goal === 'floor') carry(this.#rig, { x: landing.at.x - head.x, y: 0, z: landing.at.z - head.z })
    else {
      const nodes = this.#input.surface.swarm.nodesBySlot()
      const radius = nodes[slot * 4 + 3] ?? 0
      // It has ended meanwhile: then there is nobody to stand before.
      if (radius <= 0) return
      middle.x = nodes[slot * 4] as number
      middle.y = nodes[slot * 4 + 1] as number
      middle.z = nodes[slot * 4 + 2] as number
      standBefore(this.#rig, head, headYaw, middle, radius)
    }
    this.#motion.jump()
  }

  #aimOf(pointer: Pointer): Reach {
    let aim = this.#aims.get(pointer)
    if (!aim) {
      aim = {
        ...newAim(),
        isChoosing: false,
        goal: 'none',
        felt: null,
        isToBeFelt: false,
        poked: null,
        stick: new Stick(),
        landing: new Landing(),
      }
      this.#aims.set(pointer, aim)
    }
    return aim
  }

  /** What each of them is on: the last that is on somebody is shown as pointed at. */
  #aim(time: FrameTime): void {
    const { swarm } = this.#input.surface
    const input = this.#aimInput
    const { all } = this.#pointers
    // Whoever has no hand to point with costs nothing.
    if (all.length > 0) input.nodes = swarm.nodesBySlot(this.#head.stage.head.position)
    input.time = time
    let hover: Reach | null = null
    this.#isNearPanel = false
    for (let index = 0; index < all.length; index++) {
      const pointer = all[index] as Pointer
      const aim = this.#aimOf(pointer)
      aim.goal = 'none'
      const edge = aimWith(pointer, aim, input, pointer === this.#wrist.bearer)
      if (this.#isGoing || aim.isChoosing) this.#findGoal(pointer, aim)
      if (this.#pressed.get(pointer) === null) this.#beginPress(pointer)
      if (edge === 'release') this.#pressButton(pointer, aim.poked, aim.finger)
      if (edge !== 'none') aim.poked = edge === 'press' ? aim.finger : null
      if (aim.hasRested && aim.agentId !== null) this.#choose(pointer, aim.agentId)
      this.#isNearPanel ||= aim.panelTouch.isNear
      noteHover(aim)
      this.#board.light(index, aim.lit, this.#pressed.has(pointer) || aim.panelTouch.isDown)
      if (aim.agentId !== null) hover = aim
    }
    for (let index = all.length; index < LIGHTS; index++) this.#board.light(index, null, false)
    this.#showHover(hover)
  }

  #findGoal({ source, from, way }: Pointer, aim: Reach): void {
    if (aim.isOnPanel) return
    if (aim.slot >= 0) aim.goal = 'agent'
    else if (aim.landing.find(from, way, source.targetRayMode === 'tracked-pointer')) aim.goal = 'floor'
  }

  #showHover(hover: Aim | null): void {
    const id = hover?.agentId ?? null
    if (id === this.#hoveredId) return
    this.#hoveredId = id
    const { swarm } = this.#input.surface
    swarm.setHovered(id, hover?.slot ?? -1)
    this.#hasNewHover = true
  }

  #select(): void {
    const { selectedId } = useLooking.getState()
    this.#input.surface.swarm.setSelection(selectedId, this.#hoveredId)
  }

  #drawHands(): void {
    const mesh = this.#handsMesh
    let goal: Point | null = null
    mesh.begin()
    const { all } = this.#pointers
    for (let index = 0; index < all.length; index++) {
      const pointer = all[index] as Pointer
      const aim = this.#aimOf(pointer)
      mesh.add(pointer, aim, this.#rig, pointer === this.#wrist.bearer)
      if (aim.goal !== 'floor') continue
      mesh.addLanding(aim.landing, this.#rig)
      goal = aim.landing.at
    }
    mesh.finish()
    this.#floorMesh.show(this.#rig, this.#head.head, goal)
  }

  // — what is pressed

  #handOf(pointer: Pointer): PointerHand {
    let hand = this.#hands.get(pointer)
    if (!hand) {
      hand = new PointerHand(pointer)
      this.#hands.set(pointer, hand)
    }
    return hand
  }

  #press(pointer: Pointer): void {
    this.#pressed.set(pointer, null)
    // Where there is nothing but a pinch, its ray comes with it: what it means is known in the next frame.
    if (pointer.isSeen) this.#beginPress(pointer)
  }

  #beginPress(pointer: Pointer): void {
    const { button, isOnPanel, agentId, panelTouch } = this.#aimOf(pointer)
    if (pointer.isSqueezed) {
      this.#pressed.set(pointer, PULL)
      this.#grasp.begin(this.#handOf(pointer))
      return
    }
    // The finger presses already, and means that.
    if (panelTouch.isDown) {
      this.#pressed.delete(pointer)
      return
    }
    this.#pressed.set(pointer, { button, isOnPanel, agentId })
    // A panel is pressed, not pulled; and whoever bears the menu holds it still.
    if (!isOnPanel && pointer !== this.#wrist.bearer) this.#grasp.begin(this.#handOf(pointer))
  }

  #release(pointer: Pointer): void {
    const began = this.#pressed.get(pointer)
    this.#pressed.delete(pointer)
    if (!began) return
    const aim = this.#aimOf(pointer)
    if (began.isOnPanel) {
      this.#pressButton(pointer, began.button, aim.button)
      return
    }
    if (!this.#grasp.end(this.#handOf(pointer))) return
    if (this.#isGoing) {
      this.#isGoing = false
      this.#goTo(aim)
      this.#pointers.pulse(pointer, ...SELECT_PULSE)
      this.#later(() => this.#refreshBoard())
      return
    }
    this.#choose(pointer, began.agentId)
  }

  /** Where it is let go on the one that it was pressed on. */
  #pressButton(pointer: Pointer, began: BoardButton | null, ended: BoardButton | null): void {
    if (!began || ended?.command !== began.command || ended.panel !== began.panel) return
    this.#pointers.pulse(pointer, ...SELECT_PULSE)
    const { command } = began
    this.#later(() => this.#obey(command))
  }

  /** Beside all of them (`null`) is a choice, too: of nobody. */
  #choose(pointer: Pointer, agentId: string | null): void {
    if (agentId !== null) this.#pointers.pulse(pointer, ...SELECT_PULSE)
    this.#later(() => useLooking.getState().select(agentId))
  }

  #gone(pointer: Pointer): void {
    // A pinch that is over takes its source with it, and the release comes first; what is left is a source that was lost.
    const hand = this.#hands.get(pointer)
    if (hand) this.#grasp.drop(hand)
    this.#hands.delete(pointer)
    this.#pressed.delete(pointer)
    this.#aims.delete(pointer)
  }

  /** Outside of the headset's frame: what the page makes of it must not hold up the picture. */
  #later(act: () => void): void {
    setTimeout(() => {
      if (!this.#hasEnded) act()
    }, 0)
  }

  #obey(command: XrCommand): void {
    const looking = useLooking.getState()
    switch (command) {
      case 'table':
      case 'room':
      case 'inside':
        this.#keep({ stand: command })
        this.#measureSwarm()
        this.#stand(command)
        break
      case 'reset':
        looking.setFollowing(false)
        this.#measureSwarm()
        this.#stand(this.#settings.stand)
        break
      case 'larger':
      case 'smaller':
        toRoom(this.#rig, this.#head.swarm, middle)
        zoomAbout(this.#rig, middle, command === 'larger' ? ZOOM_STEP : 1 / ZOOM_STEP, this.#usualScale)
        this.#motion.jump()
        break
      case 'turn-left':
      case 'turn-right':
        this.#turn(command)
        break
      case 'go':
        this.#isGoing = !this.#isGoing
        break
      case 'glide':
        this.#keep({ isGliding: !this.#settings.isGliding })
        break
      case 'seated':
        this.#keep({ isSeated: !this.#settings.isSeated })
        this.#measureSwarm()
        this.#stand(this.#settings.stand)
        break
      case 'arrange':
        looking.setLayoutMode(nextOf(LAYOUT_MODES, looking.layoutMode))
        break
      case 'higher':
      case 'lower': {
        const { heightMetres } = this.#settings
        const next = clampHeight(heightMetres + (command === 'higher' ? HEIGHT_STEP_METRES : -HEIGHT_STEP_METRES))
        this.#rig.y -= (next - heightMetres) * this.#rig.scale
        this.#motion.jump()
        this.#keep({ heightMetres: next })
        break
      }
      case 'follow':
        looking.setFollowing(!looking.isFollowing)
        break
      case 'filter':
        looking.setFilter(nextOf(FILTERS, looking.filter))
        break
      case 'detail':
        this.#isDetailOpen = !this.#isDetailOpen
        break
      case 'retry':
        retryNow()
        break
      case 'earlier':
      case 'later':
      case 'play':
      case 'live':
        travelBy(command)
        break
      case 'sound':
        changeSettings({ sound: nextOf(SOUNDS, useSettings.getState().sound) })
        break
      case 'show-alert':
      case 'dismiss-alert': {
        const alert = alertNow()
        if (alert) command === 'show-alert' ? showToast(alert) : dismissToast(alert.id)
        break
      }
      case 'terminate':
        this.#askingId = looking.selectedId
        this.#terminateKey = newKey()
        this.#note = 'It cannot be taken back.'
        break
      case 'terminate-no':
        this.#askingId = null
        this.#note = ''
        break
      case 'terminate-yes':
        this.#terminate()
        break
      case 'exit':
        this.#endSession()
        break
      default:
        command satisfies never
    }
    this.#refreshBoard()
  }

  /** The key stays while the same is asked: who presses again because nothing was heard has it done once. */
  #terminate(): void {
    const id = this.#askingId
    if (id === null || !model.get('agent', id)) return
    this.#note = 'Asking claude-flow…'
    void askApi(`/agents/${encodeURIComponent(id)}`, { method: 'DELETE', idempotencyKey: this.#terminateKey }).then(
      (answer) => {
        if (this.#askingId !== id) return
        if (answer.type === 'ok') this.#askingId = null
        this.#note = answer.type === 'ok' ? 'claude-flow has ended it.' : wordsOf(answer.error)
        if (!this.#hasEnded) this.#refreshBoard()
      },
    )
  }

  #keep(changes: Partial<XrSettings>): void {
    this.#settings = { ...this.#settings, ...changes }
    keepXrSettings(this.#settings)
  }

  #refreshBoard(): void {
    const { selectedId, isFollowing } = useLooking.getState()
    const followedId = isFollowing ? selectedId : null
    if (followedId !== this.#followedId) {
      this.#followedId = followedId
      this.#input.surface.swarm.setFollowed(followedId)
    }
    const { isSeated, isGliding } = this.#settings
    const wish = {
      isDetailOpen: this.#isDetailOpen,
      askingId: this.#askingId,
      note: this.#note,
      isSeated,
      isGoing: this.#isGoing,
      isGliding,
    }
    this.#board.show(this.#input.surface.renderer, layOutBoard(boardInput(wish)), this.#colors)
  }

  #endSession(): void {
    void this.#input.session.end().catch(() => undefined) // it has ended already
  }

  /** The session's own end comes later than the scene's: what stands in the scene is taken from it now. */
  #letOut(): void {
    this.dispose()
    this.#endSession()
  }

  dispose(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const { renderer, scene, swarm } = this.#input.surface
    setImmersive(false)
    this.#pointers.dispose()
    renderer.xr.cameraAutoUpdate = true
    swarm.setImmersion(null)
    scene.remove(this.#floorMesh.mesh, this.#vignetteMesh.mesh, this.#board.mesh, this.#handsMesh.mesh)
    this.#floorMesh.dispose()
    this.#vignetteMesh.dispose()
    this.#board.dispose()
    this.#handsMesh.dispose()
    this.#head.dispose()
    // Last, for it asks for the page's own frame again.
    for (const cleanUp of this.#cleanUps.splice(0)) cleanUp()
  }
}

function noteHover(aim: Reach): void {
  const on = aim.lit?.command ?? aim.agentId
  if (on === aim.felt) return
  aim.felt = on
  aim.isToBeFelt = on !== null
}

/** What happened, and what to do about it. */
const wordsOf = ({ error, details }: SourceError): string => `${withStop(error)} ${withStop(details.suggestion)}`.trim()

const middle: Point = { x: 0, y: 0, z: 0 }
const STILL = { metresPerSec: 0 }

/** A pointer as the grasp sees it. */
class PointerHand {
  readonly #pointer: Pointer

  constructor(pointer: Pointer) {
    this.#pointer = pointer
  }

  get grip(): Point {
    return this.#pointer.grip
  }

  get isSqueezed(): boolean {
    return this.#pointer.isSqueezed
  }
}

/** Of something that is not in the list: the first. */
const nextOf = <T extends string>(list: readonly [T, ...T[]], now: string): T =>
  list[((list as readonly string[]).indexOf(now) + 1) % list.length] ?? list[0]

function travelBy(command: 'earlier' | 'later' | 'play' | 'live'): void {
  const nowMs = serverNowMs()
  const state = useTravel.getState()
  const headMs = playheadMs(state)
  switch (command) {
    case 'earlier': {
      const firstMs = firstMomentMs()
      if (firstMs !== null) travel.goTo(earlierMs(headMs ?? nowMs, nowMs, firstMs))
      break
    }
    case 'later':
      if (headMs !== null) travel.goTo(laterMs(headMs, nowMs))
      break
    case 'play':
      if (state.state === 'playing') travel.pause()
      else travel.play()
      break
    case 'live':
      travel.backToLive()
      break
    default:
      command satisfies never
  }
}
