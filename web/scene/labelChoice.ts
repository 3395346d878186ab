// Which nodes get a label, and what it says: who is selected or pointed at, who needs somebody, what failed, who leads, who
// works, then the rest, near ones first; in a headset those first that are looked at.

import type { Concerns } from '../store/concerns.ts'
import { plainText, shownName } from '../store/shownName.ts'
import type { Insets } from '../store/stage.ts'
import { lookOf } from '../theme/status.ts'
import { Declutter } from './declutter.ts'
import { groupLabels } from './groupLabels.ts'
import { type LabelText, MAX_LABELS } from './labelAtlas.ts'
import type { ChosenLabel, LabelMesh } from './labelMesh.ts'
import type { NodeView } from './nodeView.ts'
import type { NodeEntity, SwarmGraph } from './swarmGraph.ts'

const RANKS = 6
/** With so few, each may say what it does. */
const FEW = 40
const BODIES_BLOCK_BELOW = 400
/** In a headset a swarm is seen as smaller, and one body before another: there a name may stand over one behind it. */
const BODIES_BLOCK_IN_ROOM_BELOW = 80
/** Who needs somebody, failed, seems stuck or leads is named, be it over others' bodies. */
const MAY_COVER_UP_TO = 3
/** One plain label for so much free window, where there are many. */
const PIXELS_PER_LABEL = 30_000
const MIN_RADIUS_PX = 6
const MIN_RADIUS_IN_ROOM_PX = 3
/** Smaller bodies' arcs are too faint to be in a label's way. */
const MIN_RINGED_PX = 9
/** In a headset's view of 90°: each is 15° wide. */
const GAZE_RINGS = 6
/** Who spawned so many leads a team. */
const TEAM = 4
/** So many are tried before it is good enough. */
const MAX_TRIES = 1_200

const declutter = new Declutter()
const ranked: number[][] = Array.from({ length: RANKS }, () => [])

export interface ChoiceInput {
  graph: SwarmGraph
  view: NodeView
  labels: LabelMesh
  width: number
  height: number
  insets: Insets
  /** In a headset. */
  isInRoom: boolean
  selected: number
  hovered: number
  isDimmed(slot: number): boolean
  isStale: boolean
  concerns: Concerns['byId']
  /** Groups are drawn as such. */
  hasHulls: boolean
  /** Only who is selected or pointed at: the user wants no others. */
  onlyNamed?: boolean
}

export function chooseLabels(input: ChoiceInput): ChosenLabel[] {
  const { graph, view, labels, width, height, insets } = input
  const freeWidth = width - insets.left - insets.right
  const freeHeight = height - insets.top - insets.bottom
  declutter.reset(insets.left, insets.top, freeWidth, freeHeight)
  const isFew = graph.slots.size <= FEW
  rankAll(input, isFew)
  const mostPlain = isFew ? MAX_LABELS : Math.min(MAX_LABELS, Math.round((freeWidth * freeHeight) / PIXELS_PER_LABEL))
  const chosen: ChosenLabel[] = []
  let tries = 0
  for (const [rank, slots] of ranked.entries()) {
    if (rank > 0 && input.onlyNamed) return chosen
    // After those who need somebody, and before all who merely work.
    if (rank === 3 && input.hasHulls) nameGroups(input, chosen)
    for (const slot of slots) {
      if (chosen.length >= MAX_LABELS || tries++ > MAX_TRIES || (rank >= 3 && chosen.length >= mostPlain)) return chosen
      const entity = graph.entityAt(slot)
      if (!entity) continue
      const radius = labelRadius(view, slot, isForward(entity), slot === input.selected)
      const x = view.seen[slot * 4] as number
      const y = view.seen[slot * 4 + 1] as number
      const mayCover = rank <= MAY_COVER_UP_TO
      if (!declutter.hasRoom(x, y, radius, labelGap, mayCover)) continue
      const text = labelText(entity, isFew || rank <= 2, input.isStale, stuckOf(input, entity))
      const size = labels.measure(text)
      const wish = { slot, x, y, radius, ...size, lastSide: labels.sideOf(slot) }
      const side = declutter.place(wish, labelGap, mayCover)
      if (side >= 0) chosen.push({ key: slot, slot, side, text, isForward: isForward(entity) })
    }
  }
  return chosen
}

/** Above it, or not at all. */
const ABOVE = 1

function nameGroups(input: ChoiceInput, chosen: ChosenLabel[]): void {
  const { graph, view, labels } = input
  const isSeen = (slot: number) => isInWindow(input, slot) && !input.isDimmed(slot)
  for (const { key, slot, text } of groupLabels(graph, view, isSeen, (group) => labels.slotOf(group))) {
    const entity = graph.entityAt(slot)
    if (!entity || chosen.length >= MAX_LABELS) return
    const forward = isForward(entity)
    const x = view.seen[slot * 4] as number
    const y = view.seen[slot * 4 + 1] as number
    const radius = labelRadius(view, slot, forward, slot === input.selected)
    const wish = { slot, x, y, radius, ...labels.measure(text), lastSide: ABOVE }
    if (declutter.placeAt(wish, ABOVE, labelGap)) chosen.push({ key, slot, side: ABOVE, text, isForward: forward })
  }
}

function isInWindow({ view, insets, width, height }: Omit<ChoiceInput, 'graph'>, slot: number): boolean {
  const x = view.seen[slot * 4] as number
  const y = view.seen[slot * 4 + 1] as number
  const isAhead = (view.seen[slot * 4 + 2] as number) > 0
  return isAhead && x >= insets.left && x <= width - insets.right && y >= insets.top && y <= height - insets.bottom
}

/** Which of those that stand must go, because they moved over one another; the first of `slots` have the right of way. */
export function overlapping(input: Omit<ChoiceInput, 'graph'>, standing: readonly ChosenLabel[]): number[] {
  const { view, labels, width, height, insets } = input
  declutter.reset(insets.left, insets.top, width - insets.left - insets.right, height - insets.top - insets.bottom)
  const gone: number[] = []
  for (const { key, slot, side, text, isForward: forward } of standing) {
    const radius = labelRadius(view, slot, forward, slot === input.selected)
    const x = view.seen[slot * 4] as number
    const y = view.seen[slot * 4 + 1] as number
    const wish = { slot, x, y, radius, ...labels.measure(text), lastSide: side }
    if (radius <= 0 || !declutter.placeAt(wish, side, labelGap)) gone.push(key)
  }
  return gone
}

const isForward = (entity: NodeEntity): boolean => {
  if (entity.entity === 'task') return false
  const look = lookOf(entity)
  return look === 'needs-you' || look === 'failed'
}

/** As the shaders draw it: who needs somebody stands nearer than the rest, and is never tiny. */
function forwardRadius(view: NodeView, slot: number): number {
  const radius = view.seen[slot * 4 + 2] as number
  const distance = view.seen[slot * 4 + 3] as number
  return radius <= 0 ? 0 : Math.max(radius / (1 - Math.min(distance * 0.12, 9) / distance), 6)
}

/** Of what a label must stand beside: the rings of whoever needs somebody and of the selection belong to it. */
function labelRadius(view: NodeView, slot: number, forward: boolean, isSelected: boolean): number {
  if (forward) return forwardRadius(view, slot) * 1.38
  return (view.seen[slot * 4 + 2] as number) * (isSelected ? 1.3 : 1)
}

/** How far others' labels keep away: from the ring, where there is one to be seen, less what the grid's cells would take. */
function markReach(entity: NodeEntity, radius: number, isSelected: boolean): number {
  const look = entity.entity === 'task' ? 'idle' : lookOf(entity)
  const hasRing = (look === 'tool' || look === 'initializing') && radius >= MIN_RINGED_PX
  const ring = isSelected ? radius * 1.88 : hasRing ? radius * 1.48 : 0
  return Math.max(radius * 0.75, ring - 4)
}

/** The same as in the label's shader. */
const labelGap = (radiusPx: number): number => Math.max(radiusPx * 1.5, radiusPx + 5) + 3

function rankAll(input: ChoiceInput, isFew: boolean): void {
  const { graph, view, width, height, isInRoom, selected, hovered, isDimmed } = input
  for (const slots of ranked) slots.length = 0
  const blocks = graph.slots.size < (isInRoom ? BODIES_BLOCK_IN_ROOM_BELOW : BODIES_BLOCK_BELOW)
  const minRadius = isInRoom ? MIN_RADIUS_IN_ROOM_PX : MIN_RADIUS_PX
  for (let slot = 0; slot < graph.slots.end; slot++) {
    const radius = view.seen[slot * 4 + 2] as number
    const entity = radius > 0 ? graph.entityAt(slot) : null
    if (!entity) continue
    if (!isInWindow(input, slot)) continue
    const x = view.seen[slot * 4] as number
    const y = view.seen[slot * 4 + 1] as number
    const isLeader = graph.childCount(slot) >= TEAM
    if (isForward(entity)) {
      // Its ring, less what the grid's cells would take too much.
      const ring = Math.max(4, forwardRadius(view, slot) * 1.45 - 4)
      declutter.block(x, y, ring, ring)
    } else if (blocks || (isLeader && radius >= MIN_RADIUS_PX)) {
      const reach = markReach(entity, radius, slot === selected)
      declutter.block(x, y, reach, reach, !isLeader)
    }
    const rank =
      slot === selected || slot === hovered ? 0 : stuckOf(input, entity) !== null ? 2 : rankOf(entity, isFew, isLeader)
    if (rank < 0 || (rank > 0 && isDimmed(slot)) || (rank > 3 && !isFew && radius < minRadius)) continue
    ranked[rank]?.push(slot)
  }
  const byDepth = (a: number, b: number) => (view.seen[a * 4 + 3] as number) - (view.seen[b * 4 + 3] as number)
  // How far from where one looks, in rings: within one, the nearest.
  const ringOf = (slot: number) => {
    const x = (view.seen[slot * 4] as number) - width / 2
    const y = (view.seen[slot * 4 + 1] as number) - height / 2
    return Math.floor((GAZE_RINGS * Math.hypot(x, y)) / width)
  }
  const byGaze = (a: number, b: number) => ringOf(a) - ringOf(b) || byDepth(a, b)
  const usual = isInRoom ? byGaze : byDepth
  for (const slots of ranked) slots.sort(usual)
  // Of those who lead, who leads most.
  ranked[3]?.sort((a, b) => graph.childCount(b) - graph.childCount(a) || usual(a, b))
}

/** -1: only when pointed at. */
function rankOf(entity: NodeEntity, isFew: boolean, isLeader: boolean): number {
  if (entity.entity === 'task') return isFew ? 5 : -1
  switch (lookOf(entity)) {
    case 'needs-you':
      return 1
    case 'failed':
      return 2
    case 'active':
    case 'tool':
      return isLeader || isLead(entity.type) ? 3 : 4
    default:
      return isLeader || isLead(entity.type) ? 3 : 5
  }
}

const isLead = (type: string): boolean => /queen|coordinator|orchestrator|lead/.test(type)

/** Why it seems stuck; `null`: it does not. */
const stuckOf = ({ concerns }: Pick<ChoiceInput, 'concerns'>, { id }: NodeEntity): string | null =>
  concerns.get(id)?.stuck?.reason ?? null

export function labelText(
  entity: NodeEntity,
  withLine: boolean,
  isStale: boolean,
  stuck: string | null = null,
): LabelText {
  if (entity.entity === 'task') {
    return { name: plainText(entity.description ?? entity.nativeId), line: 'open task', tone: 'plain' }
  }
  const look = lookOf(entity)
  // What is no longer current does not shout.
  const tone = !isStale && (look === 'needs-you' || look === 'failed') ? look : 'plain'
  if (stuck !== null && tone === 'plain') {
    return { name: shownName(entity), line: withLine ? `stuck: ${stuck}` : 'stuck', tone: isStale ? 'plain' : 'stuck' }
  }
  const failure = look === 'failed' ? entity.lastFailure?.what : undefined
  const said = entity.attention?.reason ?? failure ?? entity.activity ?? (look === 'failed' ? 'failed' : null)
  return { name: shownName(entity), line: withLine ? plainText(said ?? '') : '', tone }
}
