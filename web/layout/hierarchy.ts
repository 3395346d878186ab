// The places of the hierarchy: who spawned stands above who was spawned. Families are boxes: those without children of their
// own are set in rows below their parent, the others side by side, in as many rows as keep the whole about as wide as a screen.

import { forestOf } from './forest.ts'
import type { LayoutState } from './layoutState.ts'

/** Between neighbours, and between a parent and the row below. */
const CELL_WIDTH = 3.4
const CELL_HEIGHT = 3.2
const LEVEL_HEIGHT = 4.4
/** Between families. */
const GAP = 1.8
/** Width by height that rows of families are given: what is left uneven in them makes the whole less wide. */
const ASPECT = 2.1
/** So many stand in a single row, if it is not wider than this by its height. */
const SINGLE_ROW = 8
const ROW_ASPECT = 3.6
/** A chain deeper than this goes on in the same box: no stack overflow on what somebody else wrote. */
const MAX_DEPTH = 400

interface Box {
  width: number
  height: number
  /** Slot and place of its middle from the box's upper left. */
  slots: number[]
  places: number[]
}

export function placeHierarchy(state: LayoutState): void {
  const forest = forestOf(state)
  const room = 1 / Math.sqrt(1 + Math.max(0, Math.log10(Math.max(state.slotEnd, 1) / 60)))
  const childrenOf = (slot: number): number[] => {
    const children: number[] = []
    for (let at = forest.firstChild[slot] as number; at >= 0; at = forest.nextSibling[at] as number) children.push(at)
    return children
  }
  const boxOf = (slot: number, depth: number): Box => {
    const children = childrenOf(slot)
    const below = packed(
      children.map((child) =>
        depth < MAX_DEPTH ? boxOf(child, depth + 1) : single(child, state.radii[child] as number, room),
      ),
      room,
    )
    return stacked(slot, state.radii[slot] as number, below, room)
  }
  const whole = packed(
    forest.roots.map((root) => boxOf(root, 0)),
    room,
  )
  for (const [index, slot] of whole.slots.entries()) {
    state.goals[slot * 3] = (whole.places[index * 2] as number) - whole.width / 2
    state.goals[slot * 3 + 1] = whole.height / 2 - (whole.places[index * 2 + 1] as number)
    state.goals[slot * 3 + 2] = 0
  }
}

const single = (slot: number, radius: number, room: number): Box => {
  const width = Math.max(CELL_WIDTH * room, radius * 3)
  const height = Math.max(CELL_HEIGHT * room, radius * 3)
  return { width, height, slots: [slot], places: [width / 2, height / 2] }
}

/** Boxes in rows from left to right; the rows are about as wide as a screen would have them. */
function packed(boxes: readonly Box[], room: number): Box {
  const gap = GAP * room
  let area = 0
  let widest = 0
  let tallest = 0
  let allWide = 0
  for (const box of boxes) {
    area += (box.width + gap) * (box.height + gap)
    widest = Math.max(widest, box.width)
    tallest = Math.max(tallest, box.height)
    allWide += box.width + (box.slots.length > 1 ? gap : 0)
  }
  // A tree as people draw it, as long as it fits.
  const isRow = boxes.length <= SINGLE_ROW && allWide <= ROW_ASPECT * (tallest + LEVEL_HEIGHT * room)
  const most = Math.max(widest, isRow ? allWide : Math.sqrt(area * ASPECT)) + 1e-3
  const whole: Box = { width: 0, height: 0, slots: [], places: [] }
  let row: Box[] = []
  let rowWidth = 0
  const rows: { boxes: Box[]; width: number; height: number }[] = []
  const endRow = () => {
    if (row.length === 0) return
    rows.push({ boxes: row, width: rowWidth, height: Math.max(...row.map((box) => box.height)) })
    row = []
    rowWidth = 0
  }
  for (const box of boxes) {
    const between = row.length === 0 ? 0 : box.slots.length === 1 ? 0 : gap
    if (row.length > 0 && rowWidth + between + box.width > most) endRow()
    rowWidth += (row.length === 0 ? 0 : between) + box.width
    row.push(box)
  }
  endRow()
  whole.width = rows.reduce((width, { width: own }) => Math.max(width, own), 0)
  for (const { boxes: inRow, width, height } of rows) {
    let x = (whole.width - width) / 2
    for (const [index, box] of inRow.entries()) {
      if (index > 0 && box.slots.length > 1) x += gap
      put(box, whole, x, whole.height)
      x += box.width
    }
    whole.height += height + (inRow.some((box) => box.slots.length > 1) ? gap : 0)
  }
  return whole
}

function put(box: Box, into: Box, x: number, y: number): void {
  for (const [index, slot] of box.slots.entries()) {
    into.slots.push(slot)
    into.places.push((box.places[index * 2] as number) + x, (box.places[index * 2 + 1] as number) + y)
  }
}

function stacked(slot: number, radius: number, below: Box, room: number): Box {
  const own = single(slot, radius, room)
  if (below.slots.length === 0) return own
  const width = Math.max(own.width, below.width)
  const top = Math.max(own.height, LEVEL_HEIGHT * room + radius)
  const whole: Box = { width, height: top + below.height, slots: [slot], places: [width / 2, own.height / 2] }
  put(below, whole, (width - below.width) / 2, top)
  return whole
}
