// The labels' draw: keeps a cell for each label that stands, fades them in and out.

import {
  type DataTexture,
  DynamicDrawUsage,
  InstancedBufferAttribute,
  type Mesh,
  Vector2,
  Vector4,
  type WebGLRenderer,
} from 'three'
import { SIDES } from './declutter.ts'
import { LabelAtlas, type LabelSize, type LabelText, MAX_LABELS } from './labelAtlas.ts'
import type { ScenePalette } from './palette.ts'
import { disposeMesh, material, quadGeometry, quietMesh } from './quietMesh.ts'
import type { SceneUniforms } from './sceneUniforms.ts'
import { LABEL_FRAGMENT, LABEL_VERTEX } from './shaders/label.ts'

const FADE_SEC = 0.16

interface Cell extends ChosenLabel {
  size: LabelSize
  alpha: number
  /** Stands (1) or is on its way out (0). */
  goal: number
}

export interface ChosenLabel {
  /** Of a node its slot; below 0 of a group. */
  key: number
  /** Beside this node. */
  slot: number
  side: number
  text: LabelText
  /** Its node steps toward the viewer, and is drawn larger for it. */
  isForward: boolean
}

const cellBox = new Vector4()

export class LabelMesh {
  readonly mesh: Mesh
  #atlas: LabelAtlas
  readonly #uniforms: { uAtlas: { value: Vector2 }; uLabels: { value: DataTexture }; uTexel: { value: number } }
  readonly #cells: (Cell | null)[] = new Array<Cell | null>(MAX_LABELS).fill(null)
  readonly #cellByKey = new Map<number, number>()
  readonly #slotAttribute = new InstancedBufferAttribute(new Float32Array(MAX_LABELS * 2), 2)
  readonly #boxAttribute = new InstancedBufferAttribute(new Float32Array(MAX_LABELS * 4), 4)
  readonly #placeAttribute = new InstancedBufferAttribute(new Float32Array(MAX_LABELS * 3), 3)
  #isFading = false
  #standing: readonly ChosenLabel[] = []

  constructor(uniforms: SceneUniforms, pixelRatio: number) {
    this.#atlas = new LabelAtlas(pixelRatio)
    this.#uniforms = { uAtlas: { value: new Vector2() }, uLabels: { value: this.#atlas.texture }, uTexel: { value: 1 } }
    this.#setAtlas(this.#atlas)
    const geometry = quadGeometry()
    geometry.setAttribute('aSlot', this.#slotAttribute.setUsage(DynamicDrawUsage))
    geometry.setAttribute('aCell', this.#boxAttribute.setUsage(DynamicDrawUsage))
    geometry.setAttribute('aPlace', this.#placeAttribute.setUsage(DynamicDrawUsage))
    geometry.instanceCount = MAX_LABELS
    const labelMaterial = material({ ...uniforms, ...this.#uniforms }, LABEL_VERTEX, LABEL_FRAGMENT, false, false)
    this.mesh = quietMesh(geometry, labelMaterial, 4)
  }

  #setAtlas(atlas: LabelAtlas): void {
    this.#atlas = atlas
    this.#uniforms.uLabels.value = atlas.texture
    this.#uniforms.uTexel.value = 1 / atlas.pixelRatio
    this.#uniforms.uAtlas.value.set(atlas.texture.image.width, atlas.texture.image.height)
  }

  get pixelRatio(): number {
    return this.#atlas.pixelRatio
  }

  /** The texts must be drawn anew: other pixels, other colours, or the GPU forgot. */
  reset(pixelRatio: number, wasLost: boolean): void {
    // What the lost context had is gone with it, and must not be given back to the new one.
    if (!wasLost) this.#atlas.dispose()
    this.#setAtlas(new LabelAtlas(pixelRatio))
    this.#cells.fill(null)
    this.#cellByKey.clear()
    this.#standing = []
    this.#placeAttribute.array.fill(0)
    this.#placeAttribute.needsUpdate = true
  }

  measure(text: LabelText): LabelSize {
    return this.#atlas.measure(text)
  }

  /** On which side of its node a label stands; -1 if it does not. */
  sideOf(key: number): number {
    return this.#standingCell(key)?.side ?? -1
  }

  /** Beside which node a label stands; -1 if it does not. */
  slotOf(key: number): number {
    return this.#standingCell(key)?.slot ?? -1
  }

  #standingCell(key: number): Cell | null {
    const index = this.#cellByKey.get(key)
    const cell = index === undefined ? null : this.#cells[index]
    return cell && cell.goal === 1 ? cell : null
  }

  /** These stand from now on, and no others. */
  show(renderer: WebGLRenderer, chosen: readonly ChosenLabel[], palette: ScenePalette): void {
    for (const cell of this.#cells) if (cell) cell.goal = 0
    for (const label of chosen) this.#showOne(renderer, label, palette)
    this.#standing = chosen
    this.#isFading = true
  }

  #showOne(renderer: WebGLRenderer, label: ChosenLabel, palette: ScenePalette): void {
    const { key, slot, side, text, isForward } = label
    let index = this.#cellByKey.get(key)
    const known = index === undefined ? null : (this.#cells[index] ?? null)
    index ??= this.#freeCell()
    if (index < 0) return
    const isSame =
      known !== null &&
      known.text.name === text.name &&
      known.text.line === text.line &&
      known.text.tone === text.tone &&
      known.side === side &&
      known.slot === slot &&
      known.isForward === isForward
    if (known && isSame) {
      known.goal = 1
      return
    }
    const size = this.#atlas.measure(text)
    // One that only changes its words stays as it is; one that moves to another side comes anew.
    const alpha = known && known.side === side && known.slot === slot ? known.alpha : 0
    this.#cells[index] = { ...label, size, alpha, goal: 1 }
    this.#cellByKey.set(key, index)
    this.#atlas.draw(renderer, index, text, size, palette)
    this.#atlas.cell(index, size, cellBox)
    this.#boxAttribute.setXYZW(index, cellBox.x, cellBox.y, cellBox.z, cellBox.w)
    this.#slotAttribute.setXY(index, slot, isForward ? 1 : 0)
    const place = SIDES[side] ?? SIDES[0]
    this.#placeAttribute.setXYZ(index, place.x, -place.y, alpha)
    this.#boxAttribute.needsUpdate = true
    this.#slotAttribute.needsUpdate = true
    this.#placeAttribute.needsUpdate = true
  }

  /** Those that stand, the most important first: as they were chosen. */
  get standing(): readonly ChosenLabel[] {
    return this.#standing
  }

  /** These stand no longer, at once. */
  remove(keys: readonly number[]): void {
    if (keys.length === 0) return
    for (const key of keys) {
      const index = this.#cellByKey.get(key)
      if (index !== undefined) this.#drop(index)
    }
    this.#standing = this.#standing.filter((label) => !keys.includes(label.key))
  }

  #freeCell(): number {
    const free = this.#cells.indexOf(null)
    if (free >= 0) return free
    const leaving = this.#cells.findIndex((cell) => cell?.goal === 0)
    if (leaving >= 0) this.#drop(leaving)
    return leaving
  }

  #drop(index: number): void {
    const cell = this.#cells[index]
    if (cell) this.#cellByKey.delete(cell.key)
    this.#cells[index] = null
    this.#placeAttribute.setZ(index, 0)
    this.#placeAttribute.needsUpdate = true
  }

  /** Says whether a label is still on its way in or out. */
  fade({ deltaSec, hasMotion }: { deltaSec: number; hasMotion: boolean }): boolean {
    if (!this.#isFading) return false
    this.#isFading = false
    const part = hasMotion ? deltaSec / FADE_SEC : 1
    for (let index = 0; index < MAX_LABELS; index++) {
      const cell = this.#cells[index]
      if (!cell || (cell.alpha === cell.goal && cell.goal === 1)) continue
      cell.alpha = cell.goal === 1 ? Math.min(1, cell.alpha + part) : Math.max(0, cell.alpha - part)
      // Into the array itself: a number handed on may be an object left to be collected, and this is done in frames.
      this.#placeAttribute.array[index * 3 + 2] = cell.alpha
      this.#placeAttribute.needsUpdate = true
      if (cell.alpha === 0) this.#drop(index)
      else if (cell.alpha !== cell.goal) this.#isFading = true
    }
    return this.#isFading
  }

  dispose(): void {
    disposeMesh(this.mesh)
    this.#atlas.dispose()
  }
}
