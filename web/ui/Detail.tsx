// All that is known of one agent, each figure with who said it and when; and what was not said, told as such.

import { Crosshair, X } from 'lucide-react'
import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef } from 'react'
import type { Agent } from '../../protocol/swarm.ts'
import { useConcerns } from '../store/concerns.ts'
import { toggleExactTimes, useExactTimes } from '../store/exactTimes.ts'
import { useLine } from '../store/line.ts'
import { useLooking } from '../store/looking.ts'
import { quoted } from '../store/query.ts'
import { model } from '../store/session.ts'
import { shownName } from '../store/shownName.ts'
import { sendSceneCommand } from '../store/stage.ts'
import { isPast, useTravel } from '../store/travel.ts'
import { statusText } from '../theme/status.ts'
import { ActivityList } from './ActivityList.tsx'
import { AgentCommands } from './AgentCommands.tsx'
import { Field } from './Field.tsx'
import { useFocusKept } from './focusKept.ts'
import { formatAge, formatBytes, formatCost, formatDuration, formatShare, formatTime, formatWhole } from './format.ts'
import { Happening } from './Happening.tsx'
import { useEntity } from './hooks.ts'
import { Related } from './Related.tsx'
import { focusRow } from './rowFocus.ts'
import { markOf, stateWord, stateWordMs } from './rowWords.ts'
import { SessionUse } from './SessionUse.tsx'
import { StatusMark } from './StatusMark.tsx'
import { Theirs } from './Theirs.tsx'
import { TokenSparkline } from './TokenSparkline.tsx'
import { tokensText } from './tokensText.ts'
import { useNow } from './useNow.ts'

export default function Detail(): ReactNode {
  const selectedId = useLooking((state) => state.selectedId)
  const agent = useEntity('agent', selectedId)
  const section = useRef<HTMLElement>(null)
  // Whose detail was shut has the focus in the list; whose neighbour was chosen in it, has it in the detail.
  const lastId = useRef<string | null>(null)
  const seenId = useRef<string | null>(null)
  useFocusKept(section, () => {
    if (selectedId === null) focusRow(lastId.current)
    else section.current?.focus()
  })
  useLayoutEffect(() => {
    lastId.current = selectedId
    if (agent) seenId.current = agent.id
  })
  useEscape(selectedId !== null)
  if (selectedId === null) return null
  if (!agent) return <Gone section={section} wasHere={seenId.current === selectedId} />
  return <AgentDetail section={section} agent={agent} key={agent.id} />
}

function useEscape(isOpen: boolean): void {
  useEffect(() => {
    if (!isOpen) return undefined
    const onKey = (event: KeyboardEvent) => {
      // A dialog or menu that it shuts has taken it.
      if (event.key !== 'Escape' || event.defaultPrevented || event.target instanceof HTMLInputElement) return
      useLooking.getState().select(null)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [isOpen])
}

type SectionRef = RefObject<HTMLElement | null>

/** `wasHere`: the page has seen it. A link may name an agent of another time or machine, or none. */
function Gone({ section, wasHere }: { section: SectionRef; wasHere: boolean }): ReactNode {
  const isInPast = useTravel(isPast)
  const [title, text] = isInPast
    ? ['Not there', 'At this moment there is no such agent.']
    : wasHere
      ? ['No longer there', 'This agent has ended.']
      : ['Not known here', 'No agent of this id is known here: it may have ended before, or be of another server.']
  return (
    <section ref={section} className="detail" data-testid="detail" aria-label="Detail" tabIndex={-1}>
      <div className="detail-head">
        <StatusMark look="offline" />
        <div>
          <h2 className="detail-name">{title}</h2>
          <p className="detail-state">{text}</p>
        </div>
        <CloseButton />
      </div>
    </section>
  )
}

function CloseButton(): ReactNode {
  const select = useLooking((state) => state.select)
  return (
    <button
      type="button"
      className="icon-button"
      data-small
      data-testid="detail-close"
      aria-label="Close the detail"
      data-tip="Close (Esc)"
      onClick={() => select(null)}
    >
      <X size={16} />
    </button>
  )
}

function AgentDetail({ section, agent }: { section: SectionRef; agent: Agent }): ReactNode {
  const isInPast = useTravel(isPast)
  return (
    <section
      ref={section}
      className="detail"
      data-testid="detail"
      aria-label={`Detail of ${shownName(agent)}`}
      tabIndex={-1}
    >
      <Head agent={agent} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section className="detail-body" tabIndex={0} aria-label="Fields">
        <Happening agent={agent} />
        <TokenSparkline agent={agent} />
        <Fields agent={agent} />
        {agent.sessionId !== null && agent.parentId === null && <SessionUse agent={agent} />}
        <Related agent={agent} />
        {/* The feed is of now. */}
        {!isInPast && <ActivityList agentId={agent.id} />}
        <Identity agent={agent} />
      </section>
      <AgentCommands agent={agent} />
    </section>
  )
}

function Head({ agent }: { agent: Agent }): ReactNode {
  const now = useNow()
  const offsetMs = useLine((state) => state.clockOffsetMs)
  const concern = useConcerns((state) => state.byId.get(agent.id))
  const ms = stateWordMs(agent, concern, now + offsetMs)
  const kind = agent.kind === 'registered' ? 'registered, not seen to work' : 'seen to work'
  return (
    <div className="detail-head">
      <StatusMark look={markOf(agent, concern)} isHollow={agent.kind === 'registered'} />
      <div className="clip">
        <h2 className="detail-name">
          <Theirs>{shownName(agent)}</Theirs>
          {agent.mock && <span className="tag">mock</span>}
        </h2>
        <p className="detail-state clip">
          {stateWord(agent, concern)}
          <span className="figures">{ms === null ? '' : ` for ${formatAge(ms)}`}</span> · {kind}
        </p>
      </div>
      <div className="detail-actions">
        <button
          type="button"
          className="icon-button"
          data-small
          data-testid="detail-focus"
          aria-label="Show in the scene"
          data-tip="Show in the scene (Enter)"
          onClick={() => sendSceneCommand('focus')}
        >
          <Crosshair size={16} />
        </button>
        <CloseButton />
      </div>
    </div>
  )
}

function Fields({ agent }: { agent: Agent }): ReactNode {
  const { tokens, tools } = agent
  const lesser = lesserFields(agent)
  const reported = lesser.filter(({ value }) => value !== null)
  const unreported = lesser.filter(({ value }) => value === null)
  return (
    <dl>
      <Field agent={agent} field="activity" label="Doing" value={agent.activity} />
      <Field agent={agent} field="currentTask" label="Task" value={agent.currentTask} />
      <Field agent={agent} field="type" label="Type" value={withRaw(agent.type, agent.rawType)} />
      <Field agent={agent} field="status" label="Status" value={withRaw(statusText(agent), agent.rawStatus)} />
      <Field agent={agent} field="model" label="Model" value={agent.model} />
      <Field
        agent={agent}
        field="tokens"
        label="Tokens"
        isMono
        value={tokens && tokensText(tokens)}
        none={noUse(agent)}
      />
      <Field agent={agent} field="costUsd" label="Cost" isMono value={orNull(agent.costUsd, formatCost)} />
      <Field agent={agent} field="tools" label="Tool calls" isMono value={tools && toolsText(tools)} />
      {agent.lastTool && (
        <Field agent={agent} field="lastTool" label="Last tool" value={lastToolText(agent.lastTool)} />
      )}
      {agent.endedReason !== null && (
        <Field agent={agent} field="endedReason" label="Ended" value={agent.endedReason} />
      )}
      {reported.map((row) => (
        <Field key={row.field} agent={agent} {...row} />
      ))}
      {unreported.length > 0 && (
        <div className="field" data-testid="unreported">
          <dt>Not reported</dt>
          <dd className="field-value field-none">{unreported.map(({ label }) => inSentence(label)).join(', ')}</dd>
        </div>
      )}
    </dl>
  )
}

const inSentence = (label: string): string => label.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())

/** Each has a line if somebody reported it; the others are one line together, so that what there is stands out. */
const lesserFields = (agent: Agent) => [
  { field: 'lastActiveAt', label: 'Last active', value: orNull(agent.lastActiveAt, formatTime) },
  { field: 'createdAt', label: 'Created', value: orNull(agent.createdAt, formatTime) },
  { field: 'tasksActive', label: 'Open tasks', isMono: true, value: orNull(agent.tasksActive, formatWhole) },
  { field: 'tasksCompleted', label: 'Done tasks', isMono: true, value: orNull(agent.tasksCompleted, formatWhole) },
  { field: 'health', label: 'Health', isMono: true, value: orNull(agent.health, formatShare) },
  { field: 'cpuUsage', label: 'CPU', isMono: true, value: orNull(agent.cpuUsage, formatShare) },
  { field: 'memoryBytes', label: 'Memory', isMono: true, value: orNull(agent.memoryBytes, formatBytes) },
  {
    field: 'capabilities',
    label: 'Skills',
    value: orNull(agent.capabilities, (names) => names.join(', ') || 'nothing named'),
  },
]

function Identity({ agent }: { agent: Agent }): ReactNode {
  const isExact = useExactTimes(({ isOn }) => isOn)
  return (
    <>
      <h3>Where from</h3>
      <dl>
        <Field agent={agent} field="origin" label="Reported by" value={agent.origin} />
        <Field
          agent={agent}
          field="project"
          label="Project"
          value={agent.project}
          filter={filterOf('project', agent.project)}
        />
        <Field agent={agent} field="host" label="Machine" value={agent.host} filter={filterOf('host', agent.host)} />
        {agent.sessionId !== null && (
          <Field agent={agent} field="sessionId" label="Session" isMono isCopied value={agent.sessionId} />
        )}
        <Field agent={agent} field="id" label="Id" isMono isCopied value={agent.id} />
      </dl>
      <button type="button" className="link-button" data-testid="exact-times" onClick={toggleExactTimes}>
        {isExact ? 'Ages in place of times' : 'Times in place of ages'}
      </button>
    </>
  )
}

const filterOf = (name: string, value: string | null): string | null =>
  value === null || value === '' ? null : `${name}:${quoted(value)}`

/** Why an agent of a session that reports its use has none of its own. */
function noUse({ sessionId, tokens }: Agent): string | undefined {
  if (sessionId === null || tokens !== null) return undefined
  const isReported = [...model.agents.values()].some((other) => other.sessionId === sessionId && other.unattributed)
  return isReported ? 'not reported: no trace says which part of the session is its own' : undefined
}

function lastToolText({ name, detail, ok, durationMs }: NonNullable<Agent['lastTool']>): string {
  const what = detail === null ? name : `${name} ${detail}`
  const took = durationMs === null ? '' : ` after ${formatDuration(durationMs)}`
  return `${what} · ${ok ? 'done' : 'failed'}${took}`
}

function orNull<T>(value: T | null, format: (value: T) => string): string | null {
  return value === null ? null : format(value)
}

/** What the source called it, where that is something else. */
const withRaw = (own: string, raw: string | null): string =>
  raw === null || raw.toLowerCase() === own.toLowerCase() ? own : `${own} (“${raw}”)`

function toolsText({ count, errors, durationMs }: NonNullable<Agent['tools']>): string {
  if (count === 0) return '0'
  const parts = [
    orNull(count, formatWhole),
    orNull(errors, (value) => `${formatWhole(value)} failed`),
    orNull(durationMs, formatDuration),
  ]
  return parts.filter((part) => part !== null).join(' · ')
}
