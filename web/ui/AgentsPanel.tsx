// The agents in words: what is searched for, how it is shown, and the rows.

import { Download, ListTree, PanelRightClose, Table2 } from 'lucide-react'
import { type ReactNode, Suspense, useEffect, useMemo, useState } from 'react'
import { useLooking } from '../store/looking.ts'
import { model } from '../store/session.ts'
import { onShortcut, runShortcut } from '../store/shortcuts.ts'
import { AgentGrid } from './AgentGrid.tsx'
import { useCounts, useRows } from './hooks.ts'
import { lazyPart } from './lazyPart.ts'
import { SearchBar } from './SearchBar.tsx'
import { Theirs } from './Theirs.tsx'

const ColumnsMenu = lazyPart(() => import('./ColumnsMenu.tsx'))

interface AgentsPanelProps {
  isStale: boolean
  /** There is room for all columns. */
  isWide: boolean
  /** Whether the user may choose between list and table. */
  canWiden: boolean
}

export function AgentsPanel({ isStale, isWide, canWiden }: AgentsPanelProps): ReactNode {
  const rows = useRows()
  const isTree = useLooking((state) => state.isTree)
  const agentCount = useMemo(() => rows.reduce((sum, row) => sum + (row.type === 'agent' ? 1 : 0), 0), [rows])
  return (
    <>
      <SearchBar />
      {model.hasData && <Toolbar shown={agentCount} isWide={isWide} canWiden={canWiden} />}
      {rows.length > 0 ? <AgentGrid rows={rows} isTable={isWide} isTree={isTree} isStale={isStale} /> : <NoRows />}
      <Said count={agentCount} />
    </>
  )
}

interface ToolbarProps {
  shown: number
  isWide: boolean
  canWiden: boolean
}

function Toolbar({ shown, isWide, canWiden }: ToolbarProps): ReactNode {
  const { agents } = useCounts()
  const isTree = useLooking((state) => state.isTree)
  const setTree = useLooking((state) => state.setTree)
  const view = useLooking((state) => state.view)
  const setView = useLooking((state) => state.setView)
  useEffect(() => onShortcut('tree', () => setTree(!useLooking.getState().isTree)), [setTree])
  useEffect(() => {
    if (!canWiden) return
    return onShortcut('table', () => setView(useLooking.getState().view === 'table' ? 'list' : 'table'))
  }, [canWiden, setView])
  return (
    <div className="toolbar" role="toolbar" aria-label="How agents are shown">
      <span className="toolbar-count figures" data-testid="shown-count">
        {shown === agents ? agentsText(agents) : `${shown} of ${agents}`}
      </span>
      {isWide && (
        <Suspense fallback={null}>
          <ColumnsMenu />
        </Suspense>
      )}
      <ToolButton
        title="Export what is shown as JSON (e)"
        testId="export"
        onPress={() => runShortcut('export')}
        icon={<Download size={15} />}
      />
      <ToolButton
        title="By who spawned whom (t)"
        testId="tree-toggle"
        isOn={isTree}
        onPress={() => setTree(!isTree)}
        icon={<ListTree size={15} />}
      />
      {canWiden && (
        <ToolButton
          title="All columns (w)"
          testId="table-toggle"
          isOn={view === 'table'}
          onPress={() => setView(view === 'table' ? 'list' : 'table')}
          icon={<Table2 size={15} />}
        />
      )}
      <button
        type="button"
        className="icon-button only-drawer"
        data-small
        data-testid="panel-close"
        aria-label="Hide the list"
        data-tip="Hide the list"
        onClick={() => {
          useLooking.getState().setPanelOpen(false)
          document.querySelector<HTMLElement>('[aria-controls="panel"]')?.focus()
        }}
      >
        <PanelRightClose size={15} />
      </button>
    </div>
  )
}

interface ToolButtonProps {
  title: string
  testId: string
  icon: ReactNode
  isOn?: boolean
  onPress(): void
}

function ToolButton({ title, testId, icon, isOn, onPress }: ToolButtonProps): ReactNode {
  return (
    <button
      type="button"
      className="icon-button"
      data-small
      data-testid={testId}
      aria-pressed={isOn}
      aria-label={title}
      data-tip={title}
      onClick={onPress}
    >
      {icon}
    </button>
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
      <p>
        No agent matches <Theirs>{filter}</Theirs>.
      </p>
      <p>
        <button
          type="button"
          className="button"
          onClick={() => {
            setFilter('')
            // The button goes; what it cleared stays.
            runShortcut('search')
          }}
        >
          Clear the filter
        </button>
      </p>
    </div>
  )
}

const agentsText = (count: number): string => `${count} ${count === 1 ? 'agent' : 'agents'}`

const SAY_AFTER_MS = 700

/** Told to who does not see it when the question changed, not each time an agent comes or goes. */
function Said({ count }: { count: number }): ReactNode {
  const filter = useLooking((state) => state.filter)
  const [said, setSaid] = useState('')
  // biome-ignore lint/correctness/useExhaustiveDependencies: the count is said when the question has changed
  useEffect(() => {
    const timer = setTimeout(() => setSaid(model.hasData ? `${agentsText(count)} shown` : ''), SAY_AFTER_MS)
    return () => clearTimeout(timer)
  }, [filter])
  return (
    <p className="sr-only" role="status">
      {said}
    </p>
  )
}
