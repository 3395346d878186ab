// Keeps the labels right without placing them in every frame: anew when something moved, but not more often than is seen.

import type { PerspectiveCamera, WebGLRenderer } from 'three'
import { useSettings } from '../store/settings.ts'
import { type ChoiceInput, chooseLabels, overlapping } from './labelChoice.ts'
import { LabelMesh } from './labelMesh.ts'
import type { ScenePalette } from './palette.ts'
import type { SceneUniforms } from './sceneUniforms.ts'

const INTERVAL_MS = 140
/** In a headset labels stay with their nodes by themselves. */
const IMMERSIVE_INTERVAL_MS = 330

export interface LabelFrame {
  nowMs: number
  deltaSec: number
  hasMotion: boolean
  isImmersive: boolean
  renderer: WebGLRenderer
  camera: PerspectiveCamera
  palette: ScenePalette
  /** The nodes as they are seen now. */
  choice(): Omit<ChoiceInput, 'labels'>
  /** Only these nodes, as they are seen now. */
  standing(slots: readonly number[]): Omit<ChoiceInput, 'labels'>
}

export class LabelKeeper {
  readonly #labels: LabelMesh
  #isDirty = true
  #placedAtMs = 0

  constructor(uniforms: SceneUniforms, pixelRatio: number) {
    this.#labels = new LabelMesh(uniforms, pixelRatio)
  }

  get mesh(): LabelMesh['mesh'] {
    return this.#labels.mesh
  }

  get count(): number {
    return this.#labels.standing.length
  }

  /** Something moved or said something new. `atOnce`: the user did it, and waits. */
  touch(atOnce = false): void {
    this.#isDirty = true
    if (atOnce) this.#placedAtMs = 0
  }

  reset(pixelRatio: number, wasLost: boolean): void {
    this.#labels.reset(pixelRatio, wasLost)
    this.touch(true)
  }

  /** Says whether another frame is wanted. */
  update(frame: LabelFrame): boolean {
    // There they are placed between the frames: one that comes late is felt.
    if (frame.isImmersive) return this.#labels.fade(frame)
    const mustWait = this.#isDirty && frame.nowMs - this.#placedAtMs < INTERVAL_MS
    if (this.#isDirty && !mustWait) this.#place(frame)
    // Between two placings those that meet on their way part: the less important one goes.
    else if (mustWait && this.#labels.standing.length > 0) {
      const choice = frame.standing(this.#labels.standing.map(({ slot }) => slot))
      this.#labels.remove(overlapping({ ...choice, labels: this.#labels }, this.#labels.standing))
    }
    const isFading = this.#labels.fade(frame)
    return mustWait || isFading
  }

  /** In a headset: places them anew, if something moved and it is time. */
  placeBetweenFrames(frame: LabelFrame): void {
    if (this.#isDirty && frame.nowMs - this.#placedAtMs >= IMMERSIVE_INTERVAL_MS) this.#place(frame)
  }

  #place(frame: LabelFrame): void {
    this.#isDirty = false
    this.#placedAtMs = frame.nowMs
    const onlyNamed = useSettings.getState().labels === 'hidden'
    const chosen = chooseLabels({ ...frame.choice(), labels: this.#labels, onlyNamed })
    this.#labels.show(frame.renderer, chosen, frame.palette)
  }

  dispose(): void {
    this.#labels.dispose()
  }
}
