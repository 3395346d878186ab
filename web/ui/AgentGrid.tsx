// The agents as rows: list, table or tree. One row has the focus and the arrow keys move it, whatever the view; only the
// rows that are seen exist, so that 10,000 cost as much as 20. Rows stand anywhere in a tall
// box, which elements of a table cannot: the roles say what they are (biome.json leaves them out of those rules that want a table).

import { useTable } from '@tanstack/react-table'
import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp } from 'lucide-react'
import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import type { ListRow } from '../store/agentGroups.ts'
import { readSort, type Sort } from '../store/agentOrder.ts'
import { nearestAgentIndex, nextAgentIndex, treeStep } from '../store/agentRows.ts'
import { ancestorsOf } from '../store/agentTree.ts'
import { useConcerns } from '../store/concerns.ts'
import { useLine } from '../store/line.ts'
import { useLooking } from '../store/looking.ts'
import { model } from '../store/session.ts'
import { useSettings } from '../store/settings.ts'
import { staleSourcesOnScreen } from '../store/shown.ts'
import { sendSceneCommand } from '../store/stage.ts'
import { isFocusLost, useFocusKept } from './focusKept.ts'
import { AgentRow, GroupRow } from './GridRow.tsx'
import { gridColumns, gridFeatures, visibleColumns } from './gridColumns.tsx'
import { useMedia } from './hooks.ts'
import { focusRow, provideRows } from './rowFocus.ts'

const OVERSCAN = 8
const GROUP_HEIGHT = 38
const LIST_ROW_HEIGHT = 50
const TABLE_ROW_HEIGHT = 36
/** A finger needs more. */
const TOUCH_ROW_HEIGHT = 44
const HEAD_HEIGHT = 34
/** Some levels deep a name must still be read. */
const TREE_NAME_TRACK = 'minmax(232px, 2fr)'

interface AgentGridProps {
  rows: ListRow[]
  isTable: boolean
  isTree: boolean
  isStale: boolean
}

export function AgentGrid({ rows, isTable, isTree, isStale }: AgentGridProps): ReactNode {
  const list = useRef<HTMLDivElement>(null)
  const selectedId = useLooking((state) => state.selectedId)
  const hoveredId = useLooking((state) => state.hoveredId)
  const staleIds = useLine(staleIdsText)
  const concerns = useConcerns((state) => state.byId)
  const isCoarse = useMedia('(pointer: coarse)')
  const [focusedId, setFocusedId] = useState<string | null>(null)
  const groupsAt = useMemo(() => placesOfGroups(rows), [rows])
  const withFigures = useMemo(() => rows.some(hasFigures), [rows])
  const activeIndex = useMemo(() => {
    const focusedIndex = indexOfAgent(rows, focusedId)
    return focusedIndex >= 0 ? focusedIndex : indexOfAgent(rows, selectedId)
  }, [rows, focusedId, selectedId])
  const tabIndex = activeIndex >= 0 ? activeIndex : rows.findIndex((row) => row.type === 'agent')
  const rowHeight = isTable ? (isCoarse ? TOUCH_ROW_HEIGHT : TABLE_ROW_HEIGHT) : LIST_ROW_HEIGHT
  const headHeight = isTable ? HEAD_HEIGHT : 0
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => list.current,
    estimateSize: (index) => (rows[index]?.type === 'group' ? GROUP_HEIGHT : rowHeight),
    // Another identity: places are worked out anew. Only where a row of another height stands elsewhere: rows that changed
    // places among their like are most of what happens.
    // biome-ignore lint/correctness/useExhaustiveDependencies: as above
    getItemKey: useCallback((index: number) => index, [groupsAt, rowHeight]),
    overscan: OVERSCAN,
    scrollPaddingStart: headHeight + GROUP_HEIGHT,
    // The row that has the focus must not vanish from under it.
    rangeExtractor: useCallback((range: Range) => withIndex(defaultRangeExtractor(range), tabIndex), [tabIndex]),
  })

  const items = virtualizer.getVirtualItems()
  const table = useGridTable(seenRows(rows, items), isTable, withFigures)
  const columns = table.getVisibleLeafColumns()
  const columnsKey = columns.map(({ id }) => id).join(' ')

  // What is selected in the scene comes into view here; when the selection or the view changes, not when rows move.
  const latest = useRef({ rows, virtualizer, tabIndex })
  latest.current = { rows, virtualizer, tabIndex }
  // biome-ignore lint/correctness/useExhaustiveDependencies: another view has it elsewhere
  useEffect(() => {
    if (selectedId === null) return
    // Chosen elsewhere, it may stand below one that is shut.
    const { collapsed, expand } = useLooking.getState()
    if (isTree && collapsed.size > 0 && indexOfAgent(latest.current.rows, selectedId) < 0) {
      expand(ancestorsOf(selectedId, { agents: model.agents, links: model.links.values() }))
    }
    const show = () => {
      const index = indexOfAgent(latest.current.rows, selectedId)
      if (index >= 0) latest.current.virtualizer.scrollToIndex(index, { align: 'auto' })
    }
    // Once now, and once the detail has taken its part of the panel.
    show()
    const frame = requestAnimationFrame(show)
    return () => cancelAnimationFrame(frame)
  }, [selectedId, isTree, isTable])

  const focusOn = useCallback((id: string) => {
    setFocusedId(id)
    const asked = document.activeElement
    // By the agent, not by the place: rows may have moved by then.
    requestAnimationFrame(() => {
      const active = document.activeElement
      // On a slow machine the user may have gone on, and is not called back.
      if (active !== asked && !isFocusLost() && !list.current?.contains(active)) return
      list.current?.querySelector<HTMLElement>(`[data-agent="${CSS.escape(id)}"]`)?.focus({ preventScroll: true })
    })
  }, [])
  const choose = useCallback(
    (id: string) => {
      useLooking.getState().select(id)
      focusOn(id)
    },
    [focusOn],
  )
  /** Pressed by a finger or the mouse; the keys go through rows to look at them, not to open them. */
  const open = useCallback(
    (id: string) => {
      // On a phone the list shows a few rows, and has room for the detail when it is pulled up.
      if (matchMedia('(max-width: 599px)').matches) useLooking.getState().setPanelOpen(true)
      choose(id)
    },
    [choose],
  )
  const focusNear = useCallback(
    (index: number) => {
      const near = nearestAgentIndex(latest.current.rows, index)
      const row = latest.current.rows[near]
      if (row?.type !== 'agent') return
      latest.current.virtualizer.scrollToIndex(near, { align: 'auto' })
      focusOn(row.agent.id)
    },
    [focusOn],
  )
  useEffect(
    () =>
      provideRows((id) => {
        const index = indexOfAgent(latest.current.rows, id)
        focusNear(index >= 0 ? index : latest.current.tabIndex)
      }),
    [focusNear],
  )
  // Its agent ended or no longer matches: the row that has its place has the focus.
  const lastIndex = useRef(0)
  useFocusKept(list, () => focusNear(lastIndex.current))
  useLayoutEffect(() => {
    if (activeIndex >= 0) lastIndex.current = activeIndex
  })
  useLayoutEffect(() => {
    const element = list.current
    return () => {
      if (!element?.contains(document.activeElement)) return
      requestAnimationFrame(() => isFocusLost() && focusRow(null))
    }
  }, [])
  const go = (index: number) => {
    const row = rows[index]
    if (row?.type === 'agent') choose(row.agent.id)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.target instanceof HTMLElement && event.target.closest('[role="columnheader"]')) return
    const { key } = event
    const pageRows = Math.max(1, Math.floor((list.current?.clientHeight ?? 0) / rowHeight) - 1)
    const next = nextAgentIndex(rows, tabIndex, key, pageRows)
    if (next !== null) {
      event.preventDefault()
      go(next)
    } else if (key === 'ArrowLeft' || key === 'ArrowRight') {
      const step = treeStep(rows, tabIndex, key)
      if (!step) return
      event.preventDefault()
      if (step.type === 'go') go(step.index)
      else useLooking.getState().toggleCollapsed(step.id)
    } else if (key === 'Enter' || key === ' ') {
      event.preventDefault()
      go(tabIndex)
      sendSceneCommand('focus')
    } else if (key === 'Escape') useLooking.getState().select(null)
  }

  const stale = useMemo(() => new Set(staleIds.split('\n')), [staleIds])
  const tableRows = table.getRowModel().rows
  const tracks = columns.map(({ id, columnDef }) => {
    return isTree && id === 'name' ? TREE_NAME_TRACK : (columnDef.meta?.track ?? 'auto')
  })
  const style = { '--columns': isTable ? tracks.join(' ') : ['minmax(0, 1fr)', ...tracks.slice(1)].join(' ') }
  return (
    <div ref={list} className="list" data-testid="agent-list" data-view={isTable ? 'table' : 'list'}>
      <div
        className="grid"
        role={isTree ? 'treegrid' : 'grid'}
        tabIndex={-1}
        aria-label="Agents: arrow keys select, Enter shows in the scene, Escape lets go"
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
        style={style as Record<string, string>}
        onKeyDown={onKeyDown}
      >
        <div role="rowgroup" className={isTable ? 'grid-head' : 'sr-only'}>
          <div className="row-head" role="row" aria-rowindex={1} tabIndex={-1}>
            {table.getHeaderGroups()[0]?.headers.map((header) => {
              const sorted = header.column.getIsSorted()
              return (
                <div
                  key={header.id}
                  role="columnheader"
                  tabIndex={-1}
                  className={header.column.columnDef.meta?.isFigure ? 'cell cell-figure' : 'cell'}
                  aria-sort={sorted === false ? undefined : sorted === 'asc' ? 'ascending' : 'descending'}
                >
                  {isTable ? (
                    <button
                      type="button"
                      className="sort"
                      data-testid={`sort-${header.column.id}`}
                      onClick={header.column.getToggleSortingHandler()}
                    >
                      <span className="clip">
                        <table.FlexRender header={header} />
                      </span>
                      {sorted === 'asc' && <ArrowUp size={12} aria-hidden="true" />}
                      {sorted === 'desc' && <ArrowDown size={12} aria-hidden="true" />}
                    </button>
                  ) : (
                    <table.FlexRender header={header} />
                  )}
                </div>
              )
            })}
          </div>
        </div>
        <div role="rowgroup" className="list-rows" style={{ height: virtualizer.getTotalSize() }}>
          {items.map(({ index, start, size }, position) => {
            const row = rows[index]
            if (!row) return null
            if (row.type === 'group') {
              return (
                <GroupRow
                  key={`group ${row.group}`}
                  row={row}
                  rowIndex={index + 2}
                  columnCount={columns.length}
                  style={{ transform: `translateY(${start}px)`, height: size }}
                  figures={index > 0 || isTable ? [] : withFigures ? ['tokens', 'cost'] : []}
                />
              )
            }
            const { agent } = row
            return (
              <AgentRow
                key={agent.id}
                row={row}
                concern={concerns.get(agent.id)}
                cells={tableRows[position]?.getVisibleCells() ?? []}
                columnsKey={columnsKey}
                rowIndex={index + 2}
                top={start}
                height={size}
                isTable={isTable}
                isSelected={agent.id === selectedId}
                isHovered={agent.id === hoveredId}
                isStale={isStale || stale.has(agent.sourceId)}
                isTabStop={index === tabIndex}
                onChoose={open}
                onFocus={setFocusedId}
              />
            )
          })}
        </div>
      </div>
    </div>
  )
}

function useGridTable(rows: ListRow[], isTable: boolean, withFigures: boolean) {
  const sort = useLooking((state) => state.sort)
  const hidden = useSettings((state) => state.hiddenColumns)
  const columnVisibility = useMemo(() => visibleColumns(isTable, hidden, withFigures), [isTable, hidden, withFigures])
  const sorting = useMemo(() => (sort ? [{ id: sort.column, desc: sort.isDescending }] : []), [sort])
  return useTable({
    features: gridFeatures,
    columns: gridColumns,
    data: rows,
    getRowId: keyOf,
    manualSorting: true,
    state: { columnVisibility, sorting },
    onSortingChange: (update) => {
      const [next] = typeof update === 'function' ? update(sorting) : update
      useLooking.getState().setSort(next ? toSort(next) : null)
    },
  })
}

const toSort = ({ id, desc }: { id: string; desc: boolean }): Sort | null => readSort((desc ? '-' : '') + id)

/** The table makes an object of each row that it is given: it gets those that are seen, not ten thousand. */
const seenRows = (rows: readonly ListRow[], items: readonly { index: number }[]): ListRow[] =>
  items.flatMap(({ index }) => rows[index] ?? [])

const keyOf = (row: ListRow): string => (row.type === 'agent' ? row.agent.id : `group ${row.group}`)

/** As text, so that the same ones are known as such. */
function placesOfGroups(rows: readonly ListRow[]): string {
  let places = ''
  for (const [index, { type }] of rows.entries()) if (type === 'group') places += `${index} `
  return places
}

const withIndex = (indexes: number[], index: number): number[] =>
  index < 0 || indexes.includes(index) ? indexes : [...indexes, index].sort((a, b) => a - b)

/** -1: it has none. Of one or two a look through all costs less than a place kept for each of ten thousand, anew each time. */
const indexOfAgent = (rows: readonly ListRow[], id: string | null): number =>
  id === null ? -1 : rows.findIndex((row) => row.type === 'agent' && row.agent.id === id)

const hasFigures = (row: ListRow): boolean =>
  row.type === 'agent' && (row.agent.tokens !== null || row.agent.costUsd !== null)

/** As text, so that an unchanged set does not render anew. */
const staleIdsText = (): string => [...staleSourcesOnScreen()].join('\n')
