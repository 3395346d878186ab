// One row of list, table or tree.

import type { Cell } from '@tanstack/react-table'
import { FlexRender } from '@tanstack/react-table'
import { ChevronRight } from 'lucide-react'
import { type CSSProperties, memo, type ReactNode } from 'react'
import type { Agent } from '../../protocol/swarm.ts'
import { type AgentListRow, GROUP_TITLES, type ListRow } from '../store/agentGroups.ts'
import { MAX_DEPTH } from '../store/agentTree.ts'
import type { Concern } from '../store/concerns.ts'
import { useLooking } from '../store/looking.ts'
import { shownName } from '../store/shownName.ts'
import { lookOf } from '../theme/status.ts'
import { Ago } from './Ago.tsx'
import type { gridFeatures } from './gridColumns.tsx'
import { markOf, rowWords, stateWord } from './rowWords.ts'
import { StatusMark } from './StatusMark.tsx'
import { Theirs } from './Theirs.tsx'

export type GridCell = Cell<typeof gridFeatures, ListRow>

interface GroupRowProps {
  row: Extract<ListRow, { type: 'group' }>
  rowIndex: number
  columnCount: number
  style: CSSProperties
  /** Words over the figures, on the first heading only. */
  figures: readonly string[]
}

export function GroupRow({ row, rowIndex, columnCount, style, figures }: GroupRowProps): ReactNode {
  return (
    <div
      className="row row-group"
      role="row"
      data-group={row.group}
      data-testid="agent-group"
      aria-rowindex={rowIndex}
      style={style}
    >
      <div role="gridcell" className="row-group-cell" aria-colspan={columnCount}>
        <span>
          {GROUP_TITLES[row.group]} · <span className="mono">{row.count}</span>
        </span>
        {figures.length > 0 && (
          <span className="row-columns" aria-hidden="true">
            {figures.map((word) => (
              <span key={word}>{word}</span>
            ))}
          </span>
        )}
      </div>
    </div>
  )
}

interface AgentRowProps {
  row: AgentListRow
  concern: Concern | undefined
  cells: readonly GridCell[]
  /** Says which columns there are. */
  columnsKey: string
  rowIndex: number
  top: number
  height: number
  isTable: boolean
  isSelected: boolean
  isHovered: boolean
  isStale: boolean
  isTabStop: boolean
  onChoose(id: string): void
  onFocus(id: string): void
}

/** A row renders again only when its agent, place or selection changed. */
export const AgentRow = memo(AgentRowView, (a, b) => {
  const keys = [
    'concern',
    'columnsKey',
    'rowIndex',
    'top',
    'height',
    'isTable',
    'isSelected',
    'isHovered',
    'isStale',
    'isTabStop',
  ] as const
  return a.row.agent === b.row.agent && isSameTree(a.row.tree, b.row.tree) && keys.every((key) => a[key] === b[key])
})

function isSameTree(a: AgentListRow['tree'], b: AgentListRow['tree']): boolean {
  if (a === null || b === null) return a === b
  const keys = ['depth', 'childCount', 'isExpanded', 'isPassed', 'position', 'siblings'] as const
  return keys.every((key) => a[key] === b[key])
}

function AgentRowView(props: AgentRowProps): ReactNode {
  const { row, concern, cells, rowIndex, top, height, isTable, isSelected, isHovered, isStale, isTabStop } = props
  const { onChoose, onFocus } = props
  const { agent, tree } = row
  const look = lookOf(agent)
  const said = rowWords(agent, concern)
  const words = [
    shownName(agent),
    stateWord(agent, concern),
    agent.type,
    agent.kind,
    said.text,
    said.tone === 'quiet' ? 'quiet' : '',
    concern && concern.conflicts.length > 0 ? 'in conflict' : '',
    said.tone !== 'failed' && agent.lastFailure ? agent.lastFailure.what : '',
    isStale ? 'not current' : '',
    agent.mock ? 'mock' : '',
  ]
  return (
    <div
      className="row row-agent"
      role="row"
      data-testid="agent-row"
      data-agent={agent.id}
      data-look={look}
      data-concern={concern?.stuck ? 'stuck' : said.tone === 'quiet' ? 'quiet' : undefined}
      data-hovered={isHovered}
      data-stale={isStale}
      data-passed={tree?.isPassed || undefined}
      aria-rowindex={rowIndex}
      aria-selected={isSelected}
      aria-label={isTable ? undefined : words.filter((word) => word !== '').join(', ')}
      aria-level={tree ? tree.depth + 1 : undefined}
      aria-posinset={tree?.position}
      aria-setsize={tree?.siblings}
      aria-expanded={tree && tree.childCount > 0 ? tree.isExpanded : undefined}
      tabIndex={isTabStop ? 0 : -1}
      style={{ transform: `translateY(${top}px)`, height }}
      onClick={() => onChoose(agent.id)}
      onFocus={() => onFocus(agent.id)}
    >
      {cells.map((cell) => {
        const id = cell.column.id
        const isName = id === 'name'
        return (
          <div
            key={id}
            role="gridcell"
            className={
              isName ? 'cell cell-name' : cell.column.columnDef.meta?.isFigure ? 'cell cell-figure mono' : 'cell'
            }
            data-column={id}
          >
            {isName && tree && <Twig row={row} />}
            {isName && !isTable && <StatusMark look={markOf(agent, concern)} isHollow={agent.kind === 'registered'} />}
            {isName && !isTable ? (
              <span className="clip">
                <FlexRender cell={cell} />
                <Sub agent={agent} concern={concern} />
              </span>
            ) : (
              <FlexRender cell={cell} />
            )}
          </div>
        )
      })}
    </div>
  )
}

function Sub({ agent, concern }: { agent: Agent; concern: Concern | undefined }): ReactNode {
  const { text, tone, sinceMs } = rowWords(agent, concern)
  return (
    <span className="row-sub" data-tone={tone ?? undefined} data-tip={text}>
      <Theirs className="clip">{text}</Theirs>
      {sinceMs !== null && (
        <span className="row-since figures">
          {tone === 'quiet' ? 'quiet for ' : ''}
          <Ago sinceMs={sinceMs} />
        </span>
      )}
    </span>
  )
}

/** The tree's indent, and what opens and shuts it. */
function Twig({ row: { agent, tree } }: { row: AgentListRow }): ReactNode {
  if (!tree) return null
  return (
    <>
      <span className="twig-indent" style={{ width: 14 * Math.min(tree.depth, MAX_DEPTH) }} />
      {tree.childCount === 0 ? (
        <span className="twig" />
      ) : (
        // For the pointer; the keys are the row's own, and its state says whether it is open.
        <button
          type="button"
          className="twig"
          tabIndex={-1}
          aria-hidden="true"
          data-testid="twig"
          data-open={tree.isExpanded}
          onClick={(event) => {
            event.stopPropagation()
            useLooking.getState().toggleCollapsed(agent.id)
          }}
        >
          <ChevronRight size={14} />
        </button>
      )}
    </>
  )
}
