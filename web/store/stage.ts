// Between the panels and the scene: which part of the window is free, and what the scene is asked to do. The scene may not
// be there (no WebGL, not loaded yet); then nobody listens.

import { create } from 'zustand'

/** What the panels cover at each edge, in CSS pixels. */
export interface Insets {
  left: number
  top: number
  right: number
  bottom: number
}

export const useStage = create<{ insets: Insets }>(() => ({ insets: { left: 0, top: 0, right: 0, bottom: 0 } }))

/** `focus`: bring the selection into view. */
export type SceneCommand = 'fit' | 'zoom-in' | 'zoom-out' | 'focus'

const listeners = new Set<(command: SceneCommand) => void>()

export function onSceneCommand(listener: (command: SceneCommand) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function sendSceneCommand(command: SceneCommand): void {
  for (const listener of listeners) listener(command)
}

/** What the scene gives to who asks; there only while it is drawn. */
export interface SceneHandle {
  /** As PNG, freshly drawn. */
  picture(): Promise<Blob>
  /** Where the camera stands and what it looks at (x, y, z each); `null` while it shows all by itself. */
  camera(): number[] | null
  setCamera(view: readonly number[]): void
}

let scene: SceneHandle | null = null
let wantedCamera: readonly number[] | null = null

export function provideScene(handle: SceneHandle): () => void {
  scene = handle
  if (wantedCamera) handle.setCamera(wantedCamera)
  wantedCamera = null
  return () => {
    if (scene === handle) scene = null
  }
}

export const sceneHandle = (): SceneHandle | null => scene

/** Also before there is a scene: a link that says where to look is opened long before it is drawn. */
export function lookFrom(view: readonly number[]): void {
  if (scene) scene.setCamera(view)
  else wantedCamera = view
}
