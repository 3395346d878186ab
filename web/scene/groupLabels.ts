// The names of swarms in the scene: each above whoever of its members stands highest in the window, where its hull is empty.

import { plainText } from '../store/shownName.ts'
import type { LabelText } from './labelAtlas.ts'
import type { NodeView } from './nodeView.ts'
import type { SwarmGraph } from './swarmGraph.ts'

/** More would be words in place of a picture. */
const MAX_GROUP_LABELS = 24
/** So much lower than the highest, a label still stays where it stood: it must not hop from one to the other. */
const STAY_PX = 16

export interface GroupLabel {
  /** For those who keep labels apart from each other: a node's label goes by its slot, from 0 up. */
  key: number
  /** It stands above this node. */
  slot: number
  text: LabelText
}

export const keyOfGroup = (group: number): number => -1 - group

interface Found {
  count: number
  slot: number
  topPx: number
  lastSlot: number
}

/** The largest first. `isSeen`: in the window and not dimmed. `lastSlotOf`: beside which node a label stands; -1 for none. */
export function groupLabels(
  graph: SwarmGraph,
  view: NodeView,
  isSeen: (slot: number) => boolean,
  lastSlotOf: (key: number) => number,
): GroupLabel[] {
  const groups = new Map<number, Found>()
  for (let slot = 0; slot < graph.slots.end; slot++) {
    const group = graph.groupAt(slot)
    if (group < 0 || graph.entityAt(slot)?.entity !== 'agent') continue
    let found = groups.get(group)
    if (!found) {
      found = { count: 0, slot: -1, topPx: Number.POSITIVE_INFINITY, lastSlot: lastSlotOf(keyOfGroup(group)) }
      groups.set(group, found)
    }
    found.count++
    if (!isSeen(slot)) continue
    const stays = found.lastSlot === slot ? STAY_PX : 0
    const topPx = (view.seen[slot * 4 + 1] as number) - (view.seen[slot * 4 + 2] as number) - stays
    if (topPx >= found.topPx) continue
    found.slot = slot
    found.topPx = topPx
  }
  const labels: GroupLabel[] = []
  for (const [group, { count, slot }] of [...groups].sort(([, a], [, b]) => b.count - a.count)) {
    const title = slot < 0 ? null : graph.groupTitle(group)
    if (title === null) continue
    labels.push({
      key: keyOfGroup(group),
      slot,
      text: { name: `${plainText(title)} · ${count}`, line: '', tone: 'group' },
    })
    if (labels.length >= MAX_GROUP_LABELS) break
  }
  return labels
}
