// The list of agents: a listbox by its keys and for screen readers, windowed so that 10,000 rows cost as much as 20.

import { Search, X } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { ListRow } from '../store/agentGroups.ts'
import { staleSourceIds, useLine } from '../store/line.ts'
import { useLooking } from '../store/looking.ts'
import { model } from '../store/session.ts'
import { sendSceneCommand } from '../store/stage.ts'
import { AgentRow, GroupRow, hasFigures } from './AgentRow.tsx'
import { useRows } from './hooks.ts'
import { nextAgentIndex, ROW_HEIGHT, rowWindow, tops } from './rowWindow.ts'

export function AgentList({ isStale }: { isStale: boolean }): ReactNode {
  const rows = useRows()
  const agentCount = rows.reduce((sum, row) => sum + (row.type === 'agent' ? 1 : 0), 0)
  return (
    <>
      <SearchBox />
      {rows.length > 0 ? <Rows rows={rows} isStale={isStale} /> : <NoRows />}
      <p className="sr-only" role="status">
        {model.hasData ? `${agentCount} agents in the list` : ''}
      </p>
    </>
  )
}

function SearchBox(): ReactNode {
  const filter = useLooking((state) => state.filter)
  const setFilter = useLooking((state) => state.setFilter)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return
      event.preventDefault()
      input.current?.focus()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  return (
    <search className="search">
      <Search size={15} aria-hidden="true" />
      <input
        ref={input}
        data-testid="search"
        type="search"
        value={filter}
        placeholder="Filter: name, type:coder, status:idle"
        aria-label="Filter agents by words, or status:, type:, kind:, swarm:"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setFilter(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setFilter('')
        }}
      />
      {filter === '' ? (
        <span className="key" aria-hidden="true">
          /
        </span>
      ) : (
        <button
          type="button"
          className="icon-button"
          data-small
          aria-label="Clear the filter"
          onClick={() => setFilter('')}
        >
          <X size={15} />
        </button>
      )}
    </search>
  )
}

function NoRows(): ReactNode {
  const filter = useLooking((state) => state.filter)
  const setFilter = useLooking((state) => state.setFilter)
  if (filter === '') {
    return (
      <div className="list list-none">
        {model.hasData ? <p>No agents yet.</p> : <p>Waiting for the first answer…</p>}
      </div>
    )
  }
  return (
    <div className="list list-none">
      <p>No agent matches “{filter}”.</p>
      <p>
        <button type="button" className="button" onClick={() => setFilter('')}>
          Clear the filter
        </button>
      </p>
    </div>
  )
}

function Rows({ rows, isStale }: { rows: ListRow[]; isStale: boolean }): ReactNode {
  const list = useRef<HTMLDivElement>(null)
  const { scrollTop, height } = useScroll(list)
  const selectedId = useLooking((state) => state.selectedId)
  const hoveredId = useLooking((state) => state.hoveredId)
  const staleIds = useLine((state) => staleIdsText(state))
  const [focusedId, setFocusedId] = useState<string | null>(null)
  const offsets = tops(rows)
  const activeId = focusedId !== null && indexOf(rows, focusedId) >= 0 ? focusedId : selectedId
  const activeIndex = Math.max(indexOf(rows, activeId), -1)
  const tabIndex = activeIndex >= 0 ? activeIndex : rows.findIndex((row) => row.type === 'agent')
  const { from, to } = rowWindow(offsets, scrollTop, height)
  const shown: number[] = []
  for (let index = from; index < to; index++) shown.push(index)
  // The row that has the focus must not vanish from under it.
  if (tabIndex >= 0 && (tabIndex < from || tabIndex >= to)) shown.push(tabIndex)

  useScrollToSelection(list, rows, offsets, selectedId)

  const go = (index: number) => {
    const row = rows[index]
    if (row?.type !== 'agent') return
    useLooking.getState().select(row.agent.id)
    setFocusedId(row.agent.id)
    // By the agent, not by the place: rows may have moved by then.
    const place = `[data-agent="${CSS.escape(row.agent.id)}"]`
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(place)?.focus())
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const pageRows = Math.max(1, Math.floor(height / ROW_HEIGHT.agent) - 1)
    const next = nextAgentIndex(rows, tabIndex, event.key, pageRows)
    if (next !== null) {
      event.preventDefault()
      go(next)
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault()
      go(tabIndex)
      sendSceneCommand('focus')
    } else if (event.key === 'Escape') useLooking.getState().select(null)
  }

  const withFigures = rows.some((row) => row.type === 'agent' && hasFigures(row.agent))
  const stale = new Set(staleIds.split('\n'))
  return (
    <div ref={list} className="list" data-testid="agent-list">
      <div
        className="list-rows"
        role="listbox"
        tabIndex={-1}
        aria-label="Agents: arrow keys select, Enter shows in the scene, Escape lets go"
        style={{ height: offsets[rows.length] ?? 0 }}
        onKeyDown={onKeyDown}
      >
        {shown.map((index) => {
          const row = rows[index]
          if (!row) return null
          const style = { top: offsets[index] ?? 0, height: ROW_HEIGHT[row.type] }
          if (row.type === 'group') {
            return (
              <GroupRow
                key={`group ${row.group}`}
                row={row}
                style={style}
                withFigures={withFigures}
                isFirst={index === 0}
              />
            )
          }
          const { agent } = row
          return (
            <AgentRow
              key={agent.id}
              agent={agent}
              index={index}
              size={rows.length}
              style={style}
              withFigures={withFigures}
              isSelected={agent.id === selectedId}
              isHovered={agent.id === hoveredId}
              isStale={isStale || stale.has(agent.sourceId)}
              isTabStop={index === tabIndex}
              onChoose={() => go(index)}
              onFocus={() => setFocusedId(agent.id)}
            />
          )
        })}
      </div>
    </div>
  )
}

/** As text, so that an unchanged set does not render anew. */
const staleIdsText = ({ status }: Parameters<Parameters<typeof useLine>[0]>[0]): string =>
  [...staleSourceIds(status)].join('\n')

const indexOf = (rows: readonly ListRow[], id: string | null): number =>
  id === null ? -1 : rows.findIndex((row) => row.type === 'agent' && row.agent.id === id)

function useScroll(list: RefObject<HTMLDivElement | null>): { scrollTop: number; height: number } {
  const [scroll, setScroll] = useState({ scrollTop: 0, height: 900 })
  useLayoutEffect(() => {
    const element = list.current
    if (!element) return
    const read = () =>
      setScroll((old) =>
        old.scrollTop === element.scrollTop && old.height === element.clientHeight
          ? old
          : { scrollTop: element.scrollTop, height: element.clientHeight },
      )
    const observer = new ResizeObserver(read)
    observer.observe(element)
    element.addEventListener('scroll', read, { passive: true })
    read()
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', read)
    }
  }, [list])
  return scroll
}

/** What is selected in the scene comes into view here; only when the selection changes, not when rows move. */
function useScrollToSelection(
  list: RefObject<HTMLDivElement | null>,
  rows: ListRow[],
  offsets: Float64Array,
  selectedId: string | null,
): void {
  const latest = useRef({ rows, offsets })
  latest.current = { rows, offsets }
  useEffect(() => {
    const element = list.current
    const index = indexOf(latest.current.rows, selectedId)
    if (!element || index < 0) return
    const show = () => {
      const top = latest.current.offsets[index] ?? 0
      const bottom = top + ROW_HEIGHT.agent
      if (top < element.scrollTop) element.scrollTop = top - ROW_HEIGHT.group
      else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight + 8
    }
    // Once now, and once the detail has taken its part of the panel.
    show()
    const frame = requestAnimationFrame(show)
    return () => cancelAnimationFrame(frame)
  }, [list, selectedId])
}
