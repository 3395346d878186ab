// What a hand is on: a panel or a body that it touches, else whatever its ray means. Looked at in each frame; nothing is
// allocated.

import type { FrameTime } from '../scene/frameTime.ts'
import type { SwarmGraph } from '../scene/swarmGraph.ts'
import { type BoardButton, buttonAt } from './boardLayout.ts'
import type { BoardMesh } from './boardMesh.ts'
import { pickRay } from './pickRay.ts'
import type { Pointer } from './pointers.ts'
import { BodyTouch, bodyAt, PanelTouch, type TouchEdge } from './touch.ts'
import { type Point, toScene, turned, type WorldRig } from './worldRig.ts'

export interface Aim {
  button: BoardButton | null
  /** It is on a panel: what is behind that is not meant. */
  isOnPanel: boolean
  agentId: string | null
  /** Of whom it is on; -1 for nobody. */
  slot: number
  /** How far away that is, in metres; infinite for nothing. */
  reach: number
  /** By the finger itself: then there is no ray. */
  isTouching: boolean
  readonly panelTouch: PanelTouch
  readonly bodyTouch: BodyTouch
  /** A finger rests on this body since a moment ago. */
  hasRested: boolean
}

export const newAim = (): Aim => ({
  button: null,
  isOnPanel: false,
  agentId: null,
  slot: -1,
  reach: Number.POSITIVE_INFINITY,
  isTouching: false,
  panelTouch: new PanelTouch(),
  bodyTouch: new BodyTouch(),
  hasRested: false,
})

export interface AimInput {
  board: BoardMesh
  rig: WorldRig
  graph: SwarmGraph
  /** x, y, z, radius at 4 × slot, as they are seen. */
  nodes: Float32Array
  time: FrameTime
}

/** `isIdle`: it bears the menu, and points at nothing. Says what its finger does to a panel. */
export function aimWith(pointer: Pointer, aim: Aim, input: AimInput, isIdle: boolean): TouchEdge {
  aim.button = null
  aim.isOnPanel = false
  aim.agentId = null
  aim.slot = -1
  aim.reach = Number.POSITIVE_INFINITY
  aim.isTouching = false
  aim.hasRested = false
  if (!pointer.isSeen || isIdle) {
    aim.bodyTouch.update(-1, input.time)
    return aim.panelTouch.update(null)
  }
  // Who pinches or pulls does not touch.
  const canTouch = pointer.hasTip && !pointer.isPressed && !pointer.isSqueezed
  const edge = touchPanel(pointer, aim, input.board, canTouch)
  if (!aim.isTouching) touchBody(pointer, aim, input, canTouch)
  if (!aim.isTouching && !lookAtPanel(pointer, aim, input.board)) lookAtSwarm(pointer, aim, input)
  return edge
}

function touchPanel({ tip }: Pointer, aim: Aim, board: BoardMesh, canTouch: boolean): TouchEdge {
  const hit = canTouch ? board.near(tip) : null
  const edge = aim.panelTouch.update(hit)
  if (!hit || !aim.panelTouch.isNear) return edge
  aim.isTouching = true
  aim.isOnPanel = true
  aim.reach = Math.max(0, hit.distance)
  aim.button = buttonAt(board.board, hit)
  return edge
}

/** A pinch close to a body means that body, too: it is only not a rest of the finger. */
function touchBody({ tip, hasTip }: Pointer, aim: Aim, input: AimInput, canTouch: boolean): void {
  const { rig, graph, nodes, time } = input
  let slot = -1
  if (hasTip) {
    toScene(rig, tip, from)
    slot = bodyAt(nodes, graph.slots.end, from, rig)
  }
  aim.hasRested = aim.bodyTouch.update(canTouch ? slot : -1, time)
  if (slot < 0) return
  aim.isTouching = true
  aim.slot = slot
  aim.agentId = agentAt(graph, slot)
  aim.reach = 0
}

function lookAtPanel(pointer: Pointer, aim: Aim, board: BoardMesh): boolean {
  const hit = board.meet(pointer.from, pointer.way)
  if (!hit) return false
  aim.isOnPanel = true
  aim.reach = hit.distance
  aim.button = buttonAt(board.board, hit)
  return true
}

function lookAtSwarm(pointer: Pointer, aim: Aim, { rig, graph, nodes }: AimInput): void {
  toScene(rig, pointer.from, from)
  turned(rig, pointer.way, way)
  const slot = pickRay(nodes, graph.slots.end, from, way)
  aim.slot = slot
  if (slot < 0) return
  aim.agentId = agentAt(graph, slot)
  const x = (nodes[slot * 4] as number) - from.x
  const y = (nodes[slot * 4 + 1] as number) - from.y
  const z = (nodes[slot * 4 + 2] as number) - from.z
  aim.reach = Math.sqrt(x * x + y * y + z * z) / rig.scale
}

/** A task stands for who has it. */
function agentAt(graph: SwarmGraph, slot: number): string | null {
  const entity = graph.entityAt(slot)
  if (!entity) return null
  return entity.entity === 'agent' ? entity.id : (entity.assignedTo[0] ?? null)
}

const from: Point = { x: 0, y: 0, z: 0 }
const way: Point = { x: 0, y: 0, z: 0 }
