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
