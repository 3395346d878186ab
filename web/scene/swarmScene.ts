// The scene, without React: takes changes of the swarm in, keeps the few draws up to date, and says after each frame whether
// another is wanted. Nothing here runs while nothing changes.

import { Group, type PerspectiveCamera, Vector3, type WebGLRenderer } from 'three'
import { refKey } from '../../protocol/frames.ts'
import { LayoutClient, type LayoutPort } from '../layout/layoutClient.ts'
import type { LayoutMode } from '../layout/layoutModes.ts'
import { densityOf } from '../layout/layoutState.ts'
import type { FromLayout } from '../layout/messages.ts'
import type { AgentFilter } from '../store/agentFilter.ts'
import type { Concerns } from '../store/concerns.ts'
import type { SwarmModel } from '../store/swarmModel.ts'
import { BeadMesh } from './beadMesh.ts'
import type { CameraRig } from './cameraRig.ts'
import type { FrameTime } from './frameTime.ts'
import type { ChoiceInput } from './labelChoice.ts'
import { type LabelFrame, LabelKeeper } from './labelKeeper.ts'
import { LastPlaces } from './lastPlaces.ts'
import { LinkMesh } from './linkMesh.ts'
import { NodeField } from './nodeField.ts'
import { NodeMeshes } from './nodeMeshes.ts'
import { NodeStyles } from './nodeStyles.ts'
import { NodeView } from './nodeView.ts'
import type { ScenePalette } from './palette.ts'
import type { SceneRig } from './sceneRig.ts'
import { createUniforms, setPalette } from './sceneUniforms.ts'
import { ShaderClock } from './shaderClock.ts'
import type { Stage } from './stage.ts'
import { type Place, stepForward } from './stepForward.ts'
import { drawnRadius, SwarmGraph } from './swarmGraph.ts'

const GROW_SEC = 0.6
const FADE_MS = 330
/** In a headset a label's pixel is 0.1° wide, and an eye sees finer. */
const IMMERSIVE_TEXT_RATIO = 2
const FOLLOW_INTERVAL_MS = 250

export interface SceneInput {
  model: SwarmModel
  palette: ScenePalette
  layoutPort: LayoutPort
  pixelRatio: number
  /** The moment that is shown. */
  momentMs(): number
  /** A frame is wanted. */
  invalidate(): void
}

const scratch = new Vector3()

export class SwarmScene {
  readonly root = new Group()
  readonly view = new NodeView()
  readonly graph: SwarmGraph
  readonly #input: SceneInput
  readonly #field = new NodeField()
  readonly #styles = new NodeStyles()
  readonly #clock = new ShaderClock()
  readonly #uniforms: ReturnType<typeof createUniforms>
  readonly #nodes: NodeMeshes
  readonly #links: LinkMesh
  readonly #beads: BeadMesh
  readonly #labels: LabelKeeper
  readonly #layout: LayoutClient
  readonly #stopListening: () => void
  readonly #fading = new Map<number, number>()
  readonly #lastPlaces = new LastPlaces()
  #palette: ScenePalette
  #radii = new Float32Array(256)
  #selectedId: string | null = null
  #hoveredId: string | null = null
  #layoutMode: LayoutMode = 'force'
  /** Followed by the camera; by name, for slots are given to others. */
  #followedId: string | null = null
  /** By the query, when it was asked; by name, too. */
  readonly #found = new Set<string>()
  #hasMotion = true
  #movingUntilSec = 0
  #followedAtMs = 0
  #mustFit = true
  #mustRestyle = false
  #wasMoving = false
  #livingMarks = 0

  constructor(input: SceneInput) {
    this.#input = input
    this.#palette = input.palette
    this.graph = new SwarmGraph(input.model, input.momentMs)
    this.#uniforms = createUniforms(this.#field, this.#clock, input.palette)
    this.#nodes = new NodeMeshes(this.#uniforms, this.#clock)
    this.#links = new LinkMesh(this.#uniforms, this.#clock)
    this.#beads = new BeadMesh(this.#uniforms, this.#clock)
    this.#labels = new LabelKeeper(this.#uniforms, input.pixelRatio)
    this.#nodes.setTheme(input.palette.isLight)
    const { hulls, bodies, marks } = this.#nodes
    this.root.add(hulls, bodies, this.#links.mesh, marks, this.#beads.mesh, this.#labels.mesh)
    this.#layout = new LayoutClient(input.layoutPort, (update) => this.#accept(update))
    this.#stopListening = input.model.onChange((change) => {
      this.graph.note(change)
      input.invalidate()
    })
  }

  get layoutMs(): number {
    return this.#layout.stepMs
  }

  /** Whether a mark breathes or turns: such marks ask for a frame now and then. */
  get hasLivingMarks(): boolean {
    return this.#hasMotion && !this.#styles.isAllStale && this.#livingMarks > 0
  }

  #accept({ positions, generations, slotEnd }: FromLayout): void {
    const { slots } = this.graph
    const nowMs = performance.now()
    this.#field.accept(positions, generations, slotEnd, (slot) => slots.generationOf(slot), this.#radii, nowMs)
    this.#labels.touch()
    // Where a frame comes late, the way there is over before it was seen: also then all are to be fitted.
    this.#mustFit = true
    this.#wasMoving = true
    this.#input.invalidate()
  }

  setSelection(selectedId: string | null, hoveredId: string | null): void {
    this.#selectedId = selectedId
    this.#hoveredId = hoveredId
    this.#resolveSelection()
    this.#labels.touch(true)
    this.#input.invalidate()
  }

  /** `slot`: where its ray met it; a task's, where that stands for an agent. Within a headset's frame: no key is made for it. */
  setHovered(hoveredId: string | null, slot: number): void {
    this.#hoveredId = hoveredId
    const isThere = hoveredId === null || this.graph.entityAt(slot)?.id === hoveredId
    this.#uniforms.uHovered.value = isThere ? slot : this.graph.slotOfNode(hoveredId)
    this.#labels.touch(true)
    this.#input.invalidate()
  }

  /** Slots are given to others: who is selected is known by name. */
  #resolveSelection(): void {
    const { graph } = this
    this.#uniforms.uSelected.value = this.#selectedId === null ? -1 : graph.slotOfAgent(this.#selectedId)
    this.#uniforms.uHovered.value = this.#hoveredId === null ? -1 : graph.slotOfNode(this.#hoveredId)
  }

  setFilter(filter: AgentFilter | null): void {
    this.#styles.filter = filter
    this.#restyle()
  }

  /** With `filter` as it is now: it may ask for them. */
  setConcerns(concerns: Concerns['byId']): void {
    this.#styles.concerns = concerns
    this.#restyle()
  }

  setStale(sources: ReadonlySet<string>, isAllStale: boolean): void {
    if (!this.#styles.setStale(sources, isAllStale)) return
    this.#uniforms.uStaleAll.value = isAllStale ? 1 : 0
    this.#restyle()
  }

  setPalette(palette: ScenePalette): void {
    this.#palette = palette
    setPalette(this.#uniforms, palette)
    this.#setTheme()
    this.resetLabels()
  }

  setMotion(hasMotion: boolean): void {
    this.#hasMotion = hasMotion
    this.#uniforms.uMotion.value = hasMotion ? 1 : 0
    this.#layout.setMotion(hasMotion)
    this.#input.invalidate()
  }

  setLayoutMode(mode: LayoutMode, rig: SceneRig): void {
    if (mode === this.#layoutMode) return
    this.#layoutMode = mode
    this.#uniforms.uTree.value = mode === 'hierarchy' ? 1 : 0
    this.#uniforms.uBow.value = mode === 'rings' ? 0.3 : 1
    this.#sizeHulls()
    this.#layout.setMode(mode)
    this.#lastPlaces.clear()
    rig.face(mode !== 'force')
    this.refit()
    this.#input.invalidate()
  }

  setPaused(isPaused: boolean): void {
    this.#layout.pause(isPaused)
  }

  /** `wasLost`: the GPU forgot everything. */
  resetLabels(wasLost = false): void {
    this.#labels.reset(this.#immersion ? IMMERSIVE_TEXT_RATIO : this.#input.pixelRatio, wasLost)
    this.#input.invalidate()
  }

  /** With the next frame: another moment brings other states, concerns and sources at once, and is looked at once. */
  #restyle(): void {
    this.#mustRestyle = true
    this.#labels.touch()
    this.#input.invalidate()
  }

  #restyleAll(): void {
    this.#mustRestyle = false
    const timeSec = this.#clock.pageSec
    for (let slot = 0; slot < this.graph.slots.end; slot++) {
      const entity = this.graph.entityAt(slot)
      if (entity) this.#nodes.change(slot, this.#styles.of(slot, entity), timeSec)
    }
  }

  /** Before drawing. Says whether another frame is wanted at once. */
  frame(time: FrameTime, renderer: WebGLRenderer, camera: PerspectiveCamera, rig: SceneRig, stage: Stage): boolean {
    const { nowMs } = time
    const uniforms = this.#uniforms
    this.#clock.set(time)
    // In a headset that is done between the frames.
    if (!stage.head) this.#catchUp(time)
    const isMoving = this.#field.advance(time)
    this.#mustFit ||= isMoving
    // Now and then on the way, and once more when all are where they stay.
    if (rig.keeps !== 'none' && this.#mustFit && (!isMoving || nowMs - this.#followedAtMs > FOLLOW_INTERVAL_MS)) {
      this.#followedAtMs = nowMs
      this.#mustFit = isMoving
      const { nodes, count } = rig.keeps === 'all' ? this.#collectAll() : this.#collectFound()
      rig.follow(nodes, count)
    }
    this.#track(rig)
    const isCameraMoving = rig.update(time)
    camera.updateMatrixWorld()
    this.#setView(stage)
    const { distance, depth } = rig.range
    uniforms.uFog.value.x = distance - depth * 0.2
    uniforms.uFog.value.y = distance + depth * 2.2
    const crowd = Math.max(0.34, Math.min(1, 9 / Math.sqrt(this.graph.links.length + 1)))
    // Rings are about who belongs together: there the links step back.
    const said = crowd * (this.#layoutMode === 'rings' ? 0.5 : 1) * (this.#styles.filter ? 0.3 : 1)
    if (uniforms.uCrowd.value !== said) uniforms.uCrowd.value = said
    // Also in the first frame in which nothing moves any more: what was chosen on the way was not for where they stay.
    if (isMoving || this.#wasMoving || isCameraMoving) this.#labels.touch()
    this.#wasMoving = isMoving
    const areLabelsBusy = this.#labels.update(this.#labelFrame(time, renderer, camera, stage))
    const areBeadsMoving = this.#beads.advance(time) && this.#hasMotion
    const isNodeMoving = isMoving || this.#fading.size > 0 || nowMs / 1_000 < this.#movingUntilSec
    return isNodeMoving || isCameraMoving || areLabelsBusy || areBeadsMoving
  }

  /** Labels that stand now. */
  get labelCount(): number {
    return this.#labels.count
  }

  /**
   * In a headset: all that takes longer than a frame may, or leaves something to be collected. `hasTurned`: the head, or it
   * has gone elsewhere.
   */
  prepareBetweenFrames(renderer: WebGLRenderer, camera: PerspectiveCamera, stage: Stage, hasTurned: boolean): void {
    const time: FrameTime = { nowMs: performance.now(), deltaSec: 0 }
    if (hasTurned) this.#labels.touch()
    this.#catchUp(time)
    this.#labels.placeBetweenFrames(this.#labelFrame(time, renderer, camera, stage))
  }

  #catchUp(time: FrameTime): void {
    this.#clock.rebase(time)
    if (this.graph.hasPending) this.#workOff(time.nowMs)
    if (this.#mustRestyle) this.#restyleAll()
    if (this.#fading.size > 0) this.#freeFaded(time.nowMs)
  }

  /** The same object each time: a frame leaves nothing behind to be collected. */
  #labelFrame(
    { nowMs, deltaSec }: FrameTime,
    renderer: WebGLRenderer,
    camera: PerspectiveCamera,
    stage: Stage,
  ): LabelFrame {
    // Made elsewhere: what its functions hold on to would be made anew here in each frame.
    this.#framed ??= this.#newLabelFrame(renderer, camera, stage)
    const frame = this.#framed
    this.#labelStage = stage
    frame.nowMs = nowMs
    frame.deltaSec = deltaSec
    frame.hasMotion = this.#hasMotion
    frame.isImmersive = stage.head !== null
    frame.renderer = renderer
    frame.camera = camera
    frame.palette = this.#palette
    return frame
  }

  #newLabelFrame(renderer: WebGLRenderer, camera: PerspectiveCamera, stage: Stage): LabelFrame {
    const frame: LabelFrame = {
      nowMs: 0,
      deltaSec: 0,
      hasMotion: this.#hasMotion,
      isImmersive: false,
      renderer,
      camera,
      palette: this.#palette,
      choice: () => this.#labelChoice(frame.camera, this.#labelStage ?? stage, null),
      standing: (slots) => this.#labelChoice(frame.camera, this.#labelStage ?? stage, slots),
    }
    return frame
  }
  #framed: LabelFrame | null = null
  #labelStage: Stage | null = null

  #setView({ width, height, pixelRatio, head }: Stage): void {
    const uniforms = this.#uniforms
    uniforms.uPixelRatio.value = head ? 1 : pixelRatio
    if (head) {
      uniforms.uViewport.value.copy(head.viewport)
      const { y: viewportHeight } = head.viewport
      // A number set anew is a new object, be it the same.
      if (uniforms.uViewportHeight.value !== viewportHeight) uniforms.uViewportHeight.value = viewportHeight
      const { x, y, z } = head.position
      uniforms.uHead.value.x = x
      uniforms.uHead.value.y = y
      uniforms.uHead.value.z = z
      uniforms.uHead.value.w = head.radiansPerPixel
    } else {
      uniforms.uViewport.value.set(width * pixelRatio, height * pixelRatio)
      uniforms.uViewportHeight.value = height
      uniforms.uHead.value.w = 0
    }
  }

  /** Into a headset (`null`: out of it again): there texts are seen larger, and behind them the room may be. */
  setImmersion(immersion: { isPassthrough: boolean } | null): void {
    this.#immersion = immersion
    this.#uniforms.uPassthrough.value = immersion?.isPassthrough ? 1 : 0
    this.#setTheme()
    this.resetLabels()
  }
  #immersion: { isPassthrough: boolean } | null = null

  #setTheme(): void {
    this.#nodes.setTheme(this.#palette.isLight && !this.#immersion?.isPassthrough)
  }

  /** x, y, z, radius at 4 × slot, as they are now; with a head, as that one sees them. The array is used again by the next call. */
  nodesBySlot(head: Place | null = null): Float32Array {
    const { end } = this.graph.slots
    const nodes = this.#field.bySlot(end)
    if (head) for (let slot = 0; slot < end; slot++) if (this.#styles.isForward(slot)) stepForward(nodes, slot, head)
    return nodes
  }

  get palette(): ScenePalette {
    return this.#palette
  }

  /** `null`: nobody. */
  setFollowed(agentId: string | null): void {
    this.#followedId = agentId
    this.#input.invalidate()
  }

  #track(rig: SceneRig): void {
    const slot = this.#followedId === null ? -1 : this.graph.slotOfAgent(this.#followedId)
    if (slot >= 0 && this.#field.radius(slot) > 0) rig.track(this.#field.position(slot, scratch))
  }

  #workOff(nowMs: number): void {
    const update = this.graph.update()
    const timeSec = nowMs / 1_000
    this.#ensure(this.graph.slots.end)
    for (const slot of update.added) this.#restyleOne(slot, timeSec, true)
    for (const slot of update.changed) this.#restyleOne(slot, timeSec, false)
    for (const slot of update.ended) {
      const entity = this.graph.entityAt(slot)
      if (entity && this.#field.radius(slot) > 0) {
        this.#lastPlaces.keep(refKey(entity), this.#field.position(slot, scratch))
      }
      this.#nodes.end(slot, timeSec)
      this.#fading.set(slot, nowMs + FADE_MS)
    }
    this.#nodes.setCount(this.graph.slots.end)
    this.#resolveSelection()
    if (update.links) this.#links.set(update.links, timeSec)
    if (update.groups) {
      const hasLoose = update.groups.some((group, slot) => group < 0 && this.graph.entityAt(slot) !== null)
      this.#nodes.setGroups(update.groups, this.graph.groupCount > 1 || (this.graph.groupCount === 1 && hasLoose))
    }
    if (this.#hasMotion) this.#beads.send(update.messages, timeSec)
    if (update.links || update.groups || update.added.length > 0) {
      for (const node of update.layoutAdd) {
        const entity = this.graph.entityAt(node.slot)
        const at = entity ? this.#lastPlaces.take(refKey(entity)) : undefined
        if (!at) continue
        node.at = at
        // Drawn with the others, before the layout has said anything.
        this.#field.place(node.slot, node.generation, at, this.#radii[node.slot] as number)
      }
      this.#layout.change(update.layoutAdd, update.ended, this.graph.flatLinks(), update.groups, update.isLeap)
      this.#sizeHulls()
    }
    this.#livingMarks = this.graph.countLivingMarks()
    this.#movingUntilSec = timeSec + GROW_SEC
    this.#labels.touch()
  }

  /** As wide as members of a group stand apart, so that their discs are one shape. */
  #sizeHulls(): void {
    const spacing = 1.6 + 3.2 * densityOf(this.graph.slots.size)
    this.#uniforms.uHullRadius.value = this.#layoutMode === 'rings' ? spacing * 1.25 : spacing
  }

  #restyleOne(slot: number, timeSec: number, isNew: boolean): void {
    const entity = this.graph.entityAt(slot)
    if (!entity) return
    const style = this.#styles.of(slot, entity)
    const radius = drawnRadius(entity)
    if (isNew) this.#nodes.begin(slot, style, timeSec)
    else {
      this.#nodes.change(slot, style, timeSec)
      if (this.#radii[slot] !== radius) this.#field.setRadius(slot, radius)
    }
    this.#radii[slot] = radius
  }

  #freeFaded(nowMs: number): void {
    for (const [slot, untilMs] of this.#fading) {
      if (nowMs < untilMs && this.#hasMotion) continue
      this.#fading.delete(slot)
      this.#field.hide(slot)
      this.graph.free(slot)
    }
  }

  #ensure(slotEnd: number): void {
    this.#field.ensure(slotEnd)
    const { capacity } = this.#field
    this.#nodes.ensure(capacity)
    this.#styles.ensure(capacity)
    if (this.#radii.length >= capacity) return
    const radii = new Float32Array(capacity)
    radii.set(this.#radii)
    this.#radii = radii
  }

  /** `slots`: only these are looked at; `null`: all. */
  #labelChoice(camera: PerspectiveCamera, stage: Stage, slots: readonly number[] | null): Omit<ChoiceInput, 'labels'> {
    const { head, width, height } = stage
    if (head) this.view.projectAround(this.#field, this.graph.slots.end, slots, head, width, height)
    else if (slots) this.view.projectSome(slots, this.#field, camera, width, height)
    else this.project(camera, stage)
    return {
      graph: this.graph,
      view: this.view,
      width: stage.width,
      height: stage.height,
      insets: stage.insets,
      isInRoom: head !== null,
      selected: this.#uniforms.uSelected.value,
      hovered: this.#uniforms.uHovered.value,
      isStale: this.#styles.isAllStale,
      concerns: this.#styles.concerns,
      hasHulls: this.#nodes.hulls.visible,
      isDimmed: (slot) => this.#styles.isDimmed(slot),
    }
  }

  project(camera: PerspectiveCamera, { width, height }: Stage): void {
    this.view.project(this.#field, this.graph.slots.end, camera, width, height)
  }

  /** The free part of the window is another: fit into it, if the camera still follows. */
  refit(): void {
    this.#mustFit = true
    this.#followedAtMs = 0
    this.#labels.touch()
  }

  fitAll(rig: SceneRig): void {
    const { nodes, count } = this.#collectAll()
    rig.fitAll(nodes, count)
    this.#input.invalidate()
  }

  /**
   * The query was asked, changed or taken away by the user. Who it finds now is brought into view; whoever comes to match later,
   * by what happens, moves no camera. Nothing moves while all of them are in view (as where all agents are kept in view), nor where
   * nobody is found. Without a query the camera goes back to where it stood before it went to who was found: unless the
   * user has taken it elsewhere since or chosen somebody, for then that is where they want to be.
   */
  showFound(rig: Pick<CameraRig, 'showFound' | 'leaveFound'>): void {
    this.#found.clear()
    if (this.#styles.filter) {
      for (let slot = 0; slot < this.graph.slots.end; slot++) {
        const entity = this.graph.entityAt(slot)
        if (entity?.entity === 'agent' && !this.#styles.isDimmed(slot)) this.#found.add(entity.id)
      }
      const { nodes, count } = this.#collectFound()
      if (count > 0) rig.showFound(nodes, count)
    } else rig.leaveFound(this.#selectedId === null)
    this.refit()
    this.#input.invalidate()
  }

  #collectAll(): { nodes: Float32Array; count: number } {
    return this.#field.collect(this.graph.slots.end)
  }

  #collectFound(): { nodes: Float32Array; count: number } {
    return this.#field.collect(this.graph.slots.end, (slot) => this.#found.has(this.graph.entityAt(slot)?.id ?? ''))
  }

  focus(agentId: string, rig: SceneRig): void {
    const slot = this.graph.slotOfAgent(agentId)
    if (slot < 0 || this.#field.radius(slot) <= 0) return
    rig.flyTo(this.#field.position(slot, scratch))
    this.#input.invalidate()
  }

  dispose(): void {
    this.#stopListening()
    this.#layout.close()
    this.#nodes.dispose()
    this.#links.dispose()
    this.#beads.dispose()
    this.#labels.dispose()
    this.#field.dispose()
  }
}
