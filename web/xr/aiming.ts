// What a hand is on: a panel or a body that it touches, else whatever its ray means. Looked at in each frame; nothing is
// allocated.

import type { FrameTime } from '../scene/frameTime.ts'
import type { SwarmGraph } from '../scene/swarmGraph.ts'
import { type BoardButton, buttonAt } from './boardLayout.ts'
import type { BoardMesh } from './boardMesh.ts'
import { pickRay } from './pickRay.ts'
import type { Pointer } from './pointers.ts'
import { SteadyAim } from './steadyAim.ts'
import { BodyTouch, bodyAt, PanelTouch, type TouchEdge } from './touch.ts'
import { type Point, toScene, turned, type WorldRig } from './worldRig.ts'

/** What a press means is what the ray is on, or the body that the finger is in; what the finger does to a panel stands beside it. */
export interface Aim {
  button: BoardButton | null
  /** It is on a panel: what is behind that is not meant. */
  isOnPanel: boolean
  agentId: string | null
  /** Of whom it is on; -1 for nobody. */
  slot: number
  /** How far away that is, in metres; infinite for nothing. */
  reach: number
  /** The finger is in a body, or about to press a panel: then there is no ray to be seen. */
  isTouching: boolean
  /** Before which the finger is. */
  finger: BoardButton | null
  /** What is shown as meant: the finger's where that is about to press, or where the ray is on no panel. */
  lit: BoardButton | null
  /** Where the ray goes without the hand's trembling. */
  readonly steady: SteadyAim
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
  finger: null,
  lit: null,
  steady: new SteadyAim(),
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
  aim.finger = null
  aim.lit = null
  aim.hasRested = false
  if (!pointer.isSeen || isIdle) {
    aim.steady.reset()
    aim.bodyTouch.update(-1, input.time)
    return aim.panelTouch.update(null, input.time)
  }
  aim.steady.update(pointer.way, input.time)
  // Who pinches or pulls does not touch; but who touches already goes on, whatever the other fingers do.
  const isFree = !pointer.isPressed && !pointer.isSqueezed
  const canTouch = pointer.hasTip && (isFree || aim.panelTouch.isDown)
  const edge = touchPanel(pointer, aim, input, canTouch)
  // A panel is before whatever is in it.
  if (aim.panelTouch.isReaching) aim.bodyTouch.update(-1, input.time)
  else touchBody(pointer, aim, input, canTouch)
  if (aim.slot < 0 && !lookAtPanel(pointer, aim, input.board)) lookAtSwarm(pointer, aim, input)
  aim.isTouching ||= aim.panelTouch.isReaching
  aim.lit = aim.panelTouch.isReaching || !aim.isOnPanel ? aim.finger : aim.button
  return edge
}

function touchPanel({ tip }: Pointer, aim: Aim, { board, time }: AimInput, canTouch: boolean): TouchEdge {
  const hit = canTouch ? board.near(tip) : null
  const edge = aim.panelTouch.update(hit, time)
  // Also where it lets go a little farther out than it is near.
  if (hit && (aim.panelTouch.isNear || edge !== 'none')) aim.finger = buttonAt(board.board, hit)
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
  turned(rig, aim.steady.way, way)
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
