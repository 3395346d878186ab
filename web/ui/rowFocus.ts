// Whoever lets go of an agent gives the focus to its row. The list answers while it is there.

import { runShortcut } from '../store/shortcuts.ts'

type FocusRow = (agentId: string | null) => void

let focusInList: FocusRow | null = null

/** Returns its end. */
export function provideRows(focus: FocusRow): () => void {
  focusInList = focus
  return () => {
    if (focusInList === focus) focusInList = null
  }
}

export const hasRows = (): boolean => focusInList !== null

/** Of an agent without a row: the row that Tab leads to; without any, the query. */
export function focusRow(agentId: string | null): void {
  if (focusInList) focusInList(agentId)
  else runShortcut('search')
}
