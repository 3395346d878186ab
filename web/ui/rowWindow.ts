// Which rows of a long list are on the screen, and where the keys lead.

import type { ListRow } from '../store/agentGroups.ts'

export const ROW_HEIGHT = { group: 38, agent: 50 } as const
const OVERSCAN = 6

/** Top of each row; one more for the end. */
export function tops(rows: readonly ListRow[]): Float64Array {
  const offsets = new Float64Array(rows.length + 1)
  for (const [index, row] of rows.entries()) offsets[index + 1] = (offsets[index] as number) + ROW_HEIGHT[row.type]
  return offsets
}

/** Rows [from, to) cover what is seen, and a few more. */
export function rowWindow(offsets: Float64Array, scrollTop: number, height: number): { from: number; to: number } {
  const last = offsets.length - 1
  const from = firstAfter(offsets, scrollTop) - 1
  const to = firstAfter(offsets, scrollTop + height)
  return { from: Math.max(0, from - OVERSCAN), to: Math.min(last, to + OVERSCAN) }
}

/** The first index whose offset is greater. */
function firstAfter(offsets: Float64Array, value: number): number {
  let low = 0
  let high = offsets.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((offsets[middle] as number) > value) high = middle
    else low = middle + 1
  }
  return low
}

/** Where a key leads from a row; `null` for a key that leads nowhere. */
export function nextAgentIndex(rows: readonly ListRow[], from: number, key: string, pageRows: number): number | null {
  switch (key) {
    case 'ArrowDown':
      return stepTo(rows, from, 1, 1)
    case 'ArrowUp':
      return stepTo(rows, from, -1, 1)
    case 'PageDown':
      return stepTo(rows, from, 1, pageRows)
    case 'PageUp':
      return stepTo(rows, from, -1, pageRows)
    case 'Home':
      return stepTo(rows, -1, 1, 1)
    case 'End':
      return stepTo(rows, rows.length, -1, 1)
    default:
      return null
  }
}

/** So many agents on, or as many as there are. */
function stepTo(rows: readonly ListRow[], from: number, direction: 1 | -1, count: number): number {
  let found = from
  let left = count
  for (let index = from + direction; index >= 0 && index < rows.length && left > 0; index += direction) {
    if (rows[index]?.type !== 'agent') continue
    found = index
    left--
  }
  return found
}
