// The table's columns. The same ones make the list beside the scene, where a name has two lines and the rest is hidden.

import { columnVisibilityFeature, createColumnHelper, rowSortingFeature, tableFeatures } from '@tanstack/react-table'
import { FileWarning, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Agent } from '../../protocol/swarm.ts'
import { stateMs, stateSince, tokenSum } from '../store/agentFigures.ts'
import type { AgentListRow, ListRow } from '../store/agentGroups.ts'
import { firstDirection, SORT_COLUMNS, type SortColumn, taskText } from '../store/agentOrder.ts'
import { useLine } from '../store/line.ts'
import { shownName } from '../store/shownName.ts'
import { statusText } from '../theme/status.ts'
import { Ago } from './Ago.tsx'
import { formatAge, formatCost, formatCount } from './format.ts'
import { useConcern } from './hooks.ts'
import { markOf, rowWords, stateWord } from './rowWords.ts'
import { StatusMark } from './StatusMark.tsx'
import { Theirs } from './Theirs.tsx'
import { useNow } from './useNow.ts'

export const gridFeatures = tableFeatures({
  columnVisibilityFeature,
  rowSortingFeature,
  columnMeta: {} as {
    /** Of the row's CSS grid. */
    track: string
    isFigure?: boolean
  },
})

export const COLUMN_TITLES: Readonly<Record<SortColumn, string>> = {
  status: 'Status',
  name: 'Name',
  type: 'Type',
  task: 'Doing',
  tokens: 'Tokens',
  cost: 'Cost',
  since: 'In state',
  project: 'Project',
  host: 'Machine',
}
/** Without these a row is nobody. */
export const FIXED_COLUMNS: ReadonlySet<SortColumn> = new Set(['status', 'name'])

const helper = createColumnHelper<typeof gridFeatures, ListRow>()

interface ColumnInput {
  track: string
  isFigure?: boolean
  cell(row: AgentListRow): ReactNode
}

const column = (id: SortColumn, { track, isFigure = false, cell }: ColumnInput) =>
  helper.accessor((row) => (row.type === 'agent' ? row.agent.id : null), {
    id,
    header: COLUMN_TITLES[id],
    cell: ({ row: { original } }) => (original.type === 'agent' ? cell(original) : null),
    // Sorted by ours: ten thousand agents, by keys that are kept.
    sortDescFirst: firstDirection(id),
    meta: { track, isFigure },
  })

export const gridColumns = helper.columns([
  column('status', {
    track: '96px',
    cell: ({ agent }) => <State agent={agent} />,
  }),
  column('name', { track: 'minmax(136px, 1.3fr)', cell: ({ agent }) => <Name agent={agent} /> }),
  column('type', { track: 'minmax(76px, 0.7fr)', cell: ({ agent }) => <Text text={agent.type} what="Type" /> }),
  column('task', { track: 'minmax(96px, 1.6fr)', cell: ({ agent }) => <Doing agent={agent} /> }),
  column('tokens', {
    track: '64px',
    isFigure: true,
    cell: ({ agent }) => <Figure value={tokenSum(agent)} format={formatCount} what="Tokens" />,
  }),
  column('cost', {
    track: '58px',
    isFigure: true,
    cell: ({ agent }) => <Figure value={agent.costUsd} format={formatCost} what="Cost" />,
  }),
  column('since', { track: '62px', isFigure: true, cell: ({ agent }) => <Since agent={agent} /> }),
  column('project', {
    track: 'minmax(76px, 0.8fr)',
    cell: ({ agent }) => (
      <Text
        text={agent.project}
        what="Project"
        title={`${agent.project ?? 'Project: not reported'} · ${agent.sourceId}`}
      />
    ),
  }),
  column('host', {
    track: 'minmax(64px, 0.6fr)',
    cell: ({ agent }) => <Text text={agent.host} what="Machine" />,
  }),
])

/** Which are seen: in the table all that are not switched off; in the list the name and what there are figures of. */
export function visibleColumns(
  isTable: boolean,
  hidden: readonly string[],
  withFigures: boolean,
): Record<string, boolean> {
  const isSeen = (id: SortColumn): boolean => {
    if (isTable) return FIXED_COLUMNS.has(id) || !hidden.includes(id)
    return id === 'name' || (withFigures ? id === 'tokens' || id === 'cost' : id === 'since')
  }
  return Object.fromEntries(SORT_COLUMNS.map((id) => [id, isSeen(id)]))
}

function State({ agent }: { agent: Agent }): ReactNode {
  const concern = useConcern(agent.id)
  return (
    <span className="cell-status">
      <StatusMark look={markOf(agent, concern)} isHollow={agent.kind === 'registered'} />
      <span className="clip">{stateWord(agent, concern)}</span>
    </span>
  )
}

function Name({ agent }: { agent: Agent }): ReactNode {
  const name = shownName(agent)
  return (
    <span className="row-name">
      <Theirs className="clip" data-tip={name}>
        {name}
      </Theirs>
      {agent.mock && <span className="tag">mock</span>}
      <RowMarks agent={agent} />
    </span>
  )
}

/** What else is wrong with it, beside its state: it writes what another writes, or a tool failed and it goes on. */
function RowMarks({ agent }: { agent: Agent }): ReactNode {
  const conflicts = useConcern(agent.id)?.conflicts ?? []
  const failure = agent.status === 'error' ? null : agent.lastFailure
  return (
    <>
      {conflicts.length > 0 && (
        <RowMark tone="conflict" words={`conflict: ${conflicts.map(({ evidence }) => evidence).join('; ')}`}>
          <FileWarning size={14} />
        </RowMark>
      )}
      {failure && (
        <RowMark tone="failed" words={`failed: ${failure.what}`}>
          <TriangleAlert size={13} />
        </RowMark>
      )}
    </>
  )
}

function RowMark({ tone, words, children }: { tone: string; words: string; children: ReactNode }): ReactNode {
  return (
    <span className="row-mark" data-tone={tone} data-tip={words}>
      <span aria-hidden="true">{children}</span>
      <span className="sr-only">{words}</span>
    </span>
  )
}

function Doing({ agent }: { agent: Agent }): ReactNode {
  const { text, tone, sinceMs } = rowWords(agent, useConcern(agent.id))
  if (taskText(agent) === null && (tone === null || tone === 'quiet')) return <NotReported what="What it does" />
  return (
    <span className="cell-doing" data-tone={tone ?? undefined} data-tip={text}>
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

function Text({ text, what, title }: { text: string | null; what: string; title?: string }): ReactNode {
  if (text === null || text === '') return <NotReported what={what} />
  return (
    <Theirs className="clip" data-tip={title ?? text}>
      {text}
    </Theirs>
  )
}

/** A dash, which is told apart from 0 also for who does not see it. */
export function NotReported({ what }: { what: string }): ReactNode {
  return (
    <span className="field-none" data-tip={`${what}: not reported`} data-testid="not-reported">
      <span aria-hidden="true">–</span>
      <span className="sr-only">not reported</span>
    </span>
  )
}

interface FigureProps {
  value: number | null
  format: (value: number) => string
  what: string
}

function Figure({ value, format, what }: FigureProps): ReactNode {
  if (value === null) return <NotReported what={what} />
  return <span data-tip={`${what}: ${value.toLocaleString('en-US')}`}>{format(value)}</span>
}

/** How long it has been so. */
function Since({ agent }: { agent: Agent }): ReactNode {
  const now = useNow()
  const offsetMs = useLine((state) => state.clockOffsetMs)
  const ms = stateMs(agent, now + offsetMs)
  if (ms === null) return <NotReported what="Time in state" />
  return <span data-tip={`${statusText(agent)} since ${stateSince(agent)}`}>{formatAge(ms)}</span>
}
