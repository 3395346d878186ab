// What the scene gives to the part of the page that goes into a headset, which is loaded only when somebody wants to.

import type { Scene, WebGLRenderer } from 'three'
import type { FrameTime } from './frameTime.ts'
import type { SwarmScene } from './swarmScene.ts'

/** Draws in place of the host, while it is there. */
export interface ImmersiveDriver {
  frame(frame: XRFrame, time: FrameTime): void
  /** The scene goes, or cannot be drawn any more: whoever is in there is let out. */
  end(): void
}

export interface ImmersiveSurface {
  renderer: WebGLRenderer
  scene: Scene
  swarm: SwarmScene
  /** Gives the frames to this one until the returned function is called. */
  begin(driver: ImmersiveDriver): () => void
}

/** There only while it can be drawn. */
let surface: ImmersiveSurface | null = null

export function provideImmersiveSurface(provided: ImmersiveSurface): () => void {
  surface = provided
  return () => {
    if (surface === provided) surface = null
  }
}

export const immersiveSurface = (): ImmersiveSurface | null => surface
