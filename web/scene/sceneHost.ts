// Joins the scene with the page: what is selected, what is stale, the theme, the pointer, the keys, the camera.

import { Color, type PerspectiveCamera, type Scene, type WebGLRenderer } from 'three'
import { startLayoutWorker } from '../layout/layoutClient.ts'
import { parseFilter } from '../store/agentFilter.ts'
import { useConcerns } from '../store/concerns.ts'
import { useFilterBeat } from '../store/filterBeat.ts'
import { useLine } from '../store/line.ts'
import { useLooking } from '../store/looking.ts'
import { momentMs } from '../store/moment.ts'
import { isSeen, onSeen } from '../store/seen.ts'
import { model } from '../store/session.ts'
import { useAppearance, useSettings } from '../store/settings.ts'
import { modeOnScreen, staleSourcesOnScreen } from '../store/shown.ts'
import { onSceneCommand, provideScene, type SceneCommand, sendSceneCommand, useStage } from '../store/stage.ts'
import { provideSceneStats } from '../store/stats.ts'
import { isSeeking, useTravel } from '../store/travel.ts'
import { CameraRig } from './cameraRig.ts'
import { FrameStats } from './frameStats.ts'
import type { FrameTime } from './frameTime.ts'
import { type ImmersiveDriver, type ImmersiveSurface, provideImmersiveSurface } from './immersiveSurface.ts'
import { readPalette } from './palette.ts'
import { listenToPointer } from './pointer.ts'
import type { Stage } from './stage.ts'
import { SwarmScene } from './swarmScene.ts'

/** After a sleep the first delta is as long as the sleep was. */
const MAX_DELTA_SEC = 0.05
/** Marks that breathe or turn need no more. */
const LIVING_INTERVAL_MS = 70
/** Where drawing is slow (no GPU), they get a quarter of the time at most, so that the page stays usable. */
const LIVING_PACE_SHARE = 4
const MAX_LIVING_INTERVAL_MS = 2_000
/** While a query is typed, each key finds others: the camera waits for the last. */
const FOUND_REST_MS = 400
/** How often the line is asked whether what it said still holds. */
const LINE_CHECK_MS = 1_000

export interface HostInput {
  renderer: WebGLRenderer
  camera: PerspectiveCamera
  scene: Scene
  invalidate(): void
}

/** What a frame needs to know of R3F. */
interface FrameState {
  size: { width: number; height: number }
  /** `oldTime`: when it was last read, in milliseconds. */
  clock: { oldTime: number }
}

export class SceneHost {
  readonly #input: HostInput
  readonly #scene: SwarmScene
  readonly #rig: CameraRig
  readonly #stats = new FrameStats()
  readonly #stage: Stage
  readonly #time: FrameTime = { nowMs: 0, deltaSec: 0 }
  readonly #cleanUps: (() => void)[] = []
  readonly #surface: ImmersiveSurface
  #withdrawSurface: () => void
  #livingTimer: ReturnType<typeof setTimeout> | undefined
  #hasStageChanged = true
  #isLost = false
  /** From frame to frame, while they follow one another. */
  #paceMs = 16
  #lastStartMs = 0
  #isContinuous = false

  constructor(input: HostInput) {
    const { renderer, camera, scene } = input
    this.#input = input
    const element = renderer.domElement
    const pixelRatio = renderer.getPixelRatio()
    const palette = readPalette(document.documentElement)
    this.#stage = { width: 1, height: 1, pixelRatio, insets: useStage.getState().insets, head: null }
    this.#scene = new SwarmScene({
      model,
      palette,
      layoutPort: startLayoutWorker(),
      pixelRatio,
      momentMs,
      invalidate: input.invalidate,
    })
    scene.add(this.#scene.root)
    this.#rig = new CameraRig(camera, element, input.invalidate)
    renderer.setClearColor(new Color(cssGround()), 1)
    // While the data is still on its way: shaders of draws that come later would each hold up a frame. Where they can only be
    // made one after the other, those that are not needed yet must not hold up the first picture.
    if (renderer.extensions.has('KHR_parallel_shader_compile')) {
      renderer.compileAsync(scene, camera).catch(() => undefined) // lost meanwhile: the first frame does it
    }
    // First the layout, which turns the camera to face it; then the camera that a link may have brought.
    this.#lookAgain()
    this.#listen(element)
    this.#surface = { renderer, scene, swarm: this.#scene, begin: (driver) => this.#begin(driver) }
    this.#withdrawSurface = provideImmersiveSurface(this.#surface)
    this.#cleanUps.push(
      provideSceneStats(() => ({
        drawCalls: this.#stats.drawCalls,
        triangles: this.#stats.triangles,
        frames: this.#stats.frames,
        frameMs: this.#stats.quantiles(),
        layoutMs: Math.round(this.#scene.layoutMs * 100) / 100,
      })),
    )
  }

  #listen(element: HTMLElement): void {
    const scene = this.#scene
    const onTheme = () => {
      scene.setPalette(readPalette(document.documentElement))
      this.#input.renderer.setClearColor(new Color(cssGround()), 1)
    }
    const onMotion = () => {
      const { isStill } = useAppearance.getState()
      scene.setMotion(!isStill)
      this.#rig.setMotion(!isStill)
    }
    const onAppearance = () => {
      onTheme()
      onMotion()
    }
    const onSeenOrNot = (isSeenNow: boolean) => {
      clearTimeout(this.#livingTimer)
      scene.setPaused(!isSeenNow)
      if (isSeenNow) this.#input.invalidate()
    }
    // three asks for the context back; until it is there, nothing may be drawn into it, and whoever is inside sees nothing.
    const onLost = () => {
      this.#isLost = true
      this.#letOut()
    }
    const onRestored = () => {
      this.#isLost = false
      // All that three had told the old one is forgotten.
      this.#input.renderer.setClearColor(new Color(cssGround()), 1)
      scene.resetLabels(true)
      this.#withdrawSurface = provideImmersiveSurface(this.#surface)
      this.#input.invalidate()
    }
    // Another theme may also be chosen by hand: then the root element says so.
    const themeWatch = new MutationObserver(onTheme)
    themeWatch.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class'] })
    const lineTimer = setInterval(() => this.#lookAtLine(), LINE_CHECK_MS)
    onMotion()
    scene.setConcerns(useConcerns.getState().byId)
    element.addEventListener('webglcontextlost', onLost)
    element.addEventListener('webglcontextrestored', onRestored)
    // Labels drawn before a font (or another script's part of it) came in have another one's shapes and widths.
    const onFonts = () => scene.resetLabels()
    document.fonts.addEventListener('loadingdone', onFonts)
    this.#cleanUps.push(
      useAppearance.subscribe(onAppearance),
      useSettings.subscribe(({ labels }, old) => {
        if (labels !== old.labels) scene.resetLabels()
      }),
      provideScene({
        picture: () => this.#picture(),
        camera: () => this.#rig.view,
        setCamera: (view) => this.#rig.setView(view),
      }),
      useLooking.subscribe(() => this.#lookAgain()),
      useLine.subscribe(() => this.#lookAtLine()),
      useConcerns.subscribe(({ byId }) => scene.setConcerns(byId)),
      onSeen(onSeenOrNot),
      useTravel.subscribe((travel, before) => {
        this.#lookAtLine()
        if (isSeeking(travel)) clearTimeout(this.#livingTimer)
        else if (isSeeking(before)) this.#input.invalidate()
      }),
      // Another world is shown only after it was said which moment it is of.
      model.onChange(({ isReset }) => {
        if (isReset) this.#lookAtLine()
      }),
      useFilterBeat.subscribe(() => scene.setFilter(parseFilter(this.#filterText))),
      useStage.subscribe(({ insets }) => {
        this.#stage.insets = insets
        this.#hasStageChanged = true
        this.#input.invalidate()
      }),
      onSceneCommand((command) => this.#obey(command)),
      listenToPointer(element, {
        pick: (x, y) => this.#pick(x, y),
        hover: (id) => useLooking.getState().hover(id),
        select: (id) => selectFromScene(this.#agentOf(id)),
        focus: (id) => scene.focus(this.#agentOf(id) ?? id, this.#rig),
      }),
      listenToKeys(element, this.#rig, () => useLooking.getState().select(null)),
      () => {
        clearInterval(lineTimer)
        clearTimeout(this.#livingTimer)
        clearTimeout(this.#foundTimer)
        element.removeEventListener('webglcontextlost', onLost)
        element.removeEventListener('webglcontextrestored', onRestored)
        document.fonts.removeEventListener('loadingdone', onFonts)
        themeWatch.disconnect()
      },
    )
  }

  #lookAgain(): void {
    const { selectedId, hoveredId, filter, layoutMode, isFollowing } = useLooking.getState()
    this.#scene.setSelection(selectedId, hoveredId)
    this.#scene.setLayoutMode(layoutMode, this.#rig)
    const followedId = isFollowing ? selectedId : null
    if (followedId !== this.#followedId) {
      this.#followedId = followedId
      this.#scene.setFollowed(followedId)
      this.#rig.setTracking(followedId !== null)
      if (followedId !== null) this.#scene.focus(followedId, this.#rig)
    }
    if (filter !== this.#filterText) {
      this.#filterText = filter
      this.#scene.setFilter(parseFilter(filter))
      clearTimeout(this.#foundTimer)
      // What the page is opened with is no wish to go elsewhere.
      if (this.#hasLooked) this.#foundTimer = setTimeout(() => this.#showFound(), FOUND_REST_MS)
    }
    this.#hasLooked = true
    this.#lookAtLine()
  }
  #filterText = ''
  #hasLooked = false
  #foundTimer: ReturnType<typeof setTimeout> | undefined
  #followedId: string | null = null

  /** Whom the user follows is what they look at, whatever they ask for. */
  #showFound(): void {
    if (this.#followedId === null && this.#driver === null) this.#scene.showFound(this.#rig)
  }

  #lookAtLine(): void {
    this.#scene.setStale(staleSourcesOnScreen(), modeOnScreen() === 'stale')
  }

  #pick(x: number, y: number): string | null {
    this.#scene.project(this.#input.camera, this.#stage)
    const { graph, view } = this.#scene
    return graph.entityAt(view.pick(graph.slots.end, x, y))?.id ?? null
  }

  /** A task stands for who has it. */
  #agentOf(id: string | null): string | null {
    if (id === null || model.get('agent', id)) return id
    return model.get('task', id)?.assignedTo[0] ?? null
  }

  #obey(command: SceneCommand): void {
    switch (command) {
      case 'fit':
        useLooking.getState().setFollowing(false)
        this.#scene.fitAll(this.#rig)
        break
      case 'zoom-in':
        this.#rig.zoom(0.75)
        break
      case 'zoom-out':
        this.#rig.zoom(1 / 0.75)
        break
      case 'focus': {
        const { selectedId } = useLooking.getState()
        // On a phone the list hides the scene that it points to.
        if (matchMedia('(max-width: 599px)').matches) useLooking.getState().setPanelOpen(false)
        if (selectedId !== null) this.#scene.focus(selectedId, this.#rig)
        break
      }
      default:
        command satisfies never
    }
    this.#input.invalidate()
  }

  /** What is drawn is there only until the browser has shown it: it is taken in the frame that draws it. */
  #picture(): Promise<Blob> {
    return new Promise((resolve, reject) => {
      this.#pictures.push(() =>
        this.#input.renderer.domElement.toBlob((blob) =>
          blob ? resolve(blob) : reject(new Error('the browser gave no picture')),
        ),
      )
      this.#input.invalidate()
    })
  }
  readonly #pictures: (() => void)[] = []

  /** From now on another draws: a headset shows the scene, not the page. */
  #begin(driver: ImmersiveDriver): () => void {
    this.#driver = driver
    this.#scene.setPaused(false)
    return () => {
      if (this.#driver !== driver) return
      this.#driver = null
      this.#hasStageChanged = true
      this.#lookAgain()
      this.#scene.setPaused(!isSeen())
      this.#input.invalidate()
    }
  }
  #driver: ImmersiveDriver | null = null

  frame({ size, clock }: FrameState, deltaSec: number, xrFrame?: XRFrame): void {
    if (this.#isLost || !isSeen()) return
    const time = this.#time
    readTime(clock, deltaSec, time)
    if (this.#input.renderer.xr.isPresenting) {
      if (xrFrame) this.#driver?.frame(xrFrame, time)
      return
    }
    const { renderer, camera, scene, invalidate } = this.#input
    const { width, height } = size
    const stage = this.#stage
    if (this.#isContinuous) this.#paceMs += 0.2 * (time.nowMs - this.#lastStartMs - this.#paceMs)
    this.#lastStartMs = time.nowMs
    const pixelRatio = renderer.getPixelRatio()
    if (this.#hasStageChanged || stage.width !== width || stage.height !== height || stage.pixelRatio !== pixelRatio) {
      stage.width = width
      stage.height = height
      stage.pixelRatio = pixelRatio
      this.#hasStageChanged = false
      this.#rig.setStage(width, height, stage.insets)
      this.#scene.refit()
    }
    const wantsMore = this.#scene.frame(time, renderer, camera, this.#rig, stage)
    renderer.render(scene, camera)
    this.#stats.drawCalls = renderer.info.render.calls
    this.#stats.triangles = renderer.info.render.triangles
    this.#stats.pushSince(time)
    for (const take of this.#pictures.splice(0)) take()
    clearTimeout(this.#livingTimer)
    this.#isContinuous = wantsMore
    if (wantsMore) invalidate()
    // Where there is no GPU, they would take its time from the moment that is waited for.
    else if (this.#scene.hasLivingMarks && !isSeeking(useTravel.getState())) {
      const pauseMs = Math.min(MAX_LIVING_INTERVAL_MS, LIVING_PACE_SHARE * this.#paceMs)
      this.#livingTimer = setTimeout(invalidate, Math.max(LIVING_INTERVAL_MS, pauseMs))
    }
  }

  /** Nobody else gets in, either, until it is provided again. */
  #letOut(): void {
    this.#withdrawSurface()
    this.#driver?.end()
  }

  dispose(): void {
    this.#letOut()
    for (const cleanUp of this.#cleanUps.splice(0)) cleanUp()
    this.#input.scene.remove(this.#scene.root)
    this.#rig.dispose(this.#input.renderer.domElement)
    this.#scene.dispose()
  }
}

/** The clock was read just now, for the delta; each reading leaves a number to be collected. */
function readTime({ oldTime }: FrameState['clock'], deltaSec: number, into: FrameTime): void {
  into.nowMs = oldTime
  into.deltaSec = deltaSec < MAX_DELTA_SEC ? deltaSec : MAX_DELTA_SEC
}

/** Where the panel is a drawer, what was chosen is shown by opening it. */
function selectFromScene(id: string | null): void {
  const looking = useLooking.getState()
  looking.select(id)
  if (id !== null && matchMedia('(max-width: 899px)').matches) looking.setPanelOpen(true)
}

const cssGround = (): string => getComputedStyle(document.documentElement).getPropertyValue('--ground').trim()

/** Arrow keys orbit, plus and minus zoom, F fits, 1 to 3 lay out, Escape lets go. */
function listenToKeys(canvas: HTMLElement, rig: CameraRig, onEscape: () => void): () => void {
  const element = canvas.closest<HTMLElement>('[data-scene-keys]') ?? canvas
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const act = keyActions(rig, onEscape)[event.key]
    if (!act) return
    event.preventDefault()
    act()
  }
  element.addEventListener('keydown', onKey)
  return () => element.removeEventListener('keydown', onKey)
}

const keyActions = (rig: CameraRig, onEscape: () => void): Record<string, () => void> => ({
  ArrowLeft: () => rig.orbit(-1, 0),
  ArrowRight: () => rig.orbit(1, 0),
  ArrowUp: () => rig.orbit(0, -1),
  ArrowDown: () => rig.orbit(0, 1),
  '+': () => rig.zoom(0.75),
  '=': () => rig.zoom(0.75),
  '-': () => rig.zoom(1 / 0.75),
  1: () => useLooking.getState().setLayoutMode('force'),
  2: () => useLooking.getState().setLayoutMode('hierarchy'),
  3: () => useLooking.getState().setLayoutMode('rings'),
  f: () => sendSceneCommand('fit'),
  Home: () => sendSceneCommand('fit'),
  Escape: onEscape,
})
