// `globalThis.swarmscope.stats()`: what the page knows of itself, for support and measurement.

import type { Mode } from '../../protocol/swarm.ts'
import { model } from './session.ts'
import { modeOnScreen } from './shown.ts'

export interface SceneStats {
  drawCalls: number
  triangles: number
  /** Drawn since the scene began. */
  frames: number
  /** Main-thread time of the last drawn frames. */
  frameMs: { p50: number; p95: number }
  /** Of one step, in the worker. */
  layoutMs: number
}

/**
 * In a headset. Times are the main thread's: our own code before drawing, and all of a frame. Of the first 240 frames of a
 * stay, and of as many each time after somebody asked: whoever wants to know how it goes now asks twice.
 */
export interface XrStats {
  presenting: boolean
  mode: 'immersive-vr' | 'immersive-ar' | null
  drawCallsPerEye: number
  trianglesPerEye: number
  /** Labels that stand there. */
  labels: number
  ownMs: { p50: number; p95: number }
  frameMs: { p50: number; p95: number }
  /** Where the user stands in the scene: place, turn (radians), and the scene's units in a metre. */
  rig: { x: number; y: number; z: number; yaw: number; scale: number } | null
  /** Those that hang there, by name. */
  panels: readonly string[]
  /** How much of the view's edge is dark, 0 to 1. */
  vignette: number
  /** What is asked of the headset: of its pixels along each side, of its coarser edge, of its frames a second. */
  effort: { scale: number; foveation: number; rate: number | null } | null
}

export interface PageStats extends SceneStats {
  xr: XrStats
  agents: number
  links: number
  mode: Mode
  epoch: string
  seq: number
}

const NO_SCENE: SceneStats = { drawCalls: 0, triangles: 0, frames: 0, frameMs: { p50: 0, p95: 0 }, layoutMs: 0 }

const NO_XR: XrStats = {
  presenting: false,
  mode: null,
  drawCallsPerEye: 0,
  trianglesPerEye: 0,
  labels: 0,
  ownMs: { p50: 0, p95: 0 },
  frameMs: { p50: 0, p95: 0 },
  rig: null,
  panels: [],
  vignette: 0,
  effort: null,
}

let xrStats: (() => XrStats) | null = null

export function provideXrStats(provide: () => XrStats): () => void {
  xrStats = provide
  return () => {
    if (xrStats === provide) xrStats = null
  }
}

let sceneStats: (() => SceneStats) | null = null

export function provideSceneStats(provide: () => SceneStats): () => void {
  sceneStats = provide
  return () => {
    if (sceneStats === provide) sceneStats = null
  }
}

export const pageStats = (): PageStats => ({
  agents: model.agents.size,
  links: model.links.size,
  mode: modeOnScreen(),
  epoch: model.epoch,
  seq: model.seq,
  ...(sceneStats?.() ?? NO_SCENE),
  xr: xrStats?.() ?? NO_XR,
})
