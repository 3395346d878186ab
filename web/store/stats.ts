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

export interface PageStats extends SceneStats {
  agents: number
  links: number
  mode: Mode
  epoch: string
  seq: number
}

const NO_SCENE: SceneStats = { drawCalls: 0, triangles: 0, frames: 0, frameMs: { p50: 0, p95: 0 }, layoutMs: 0 }

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
  mode: modeOnScreen(Date.now()),
  epoch: model.epoch,
  seq: model.seq,
  ...(sceneStats?.() ?? NO_SCENE),
})
