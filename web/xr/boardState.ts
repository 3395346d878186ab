// What the board says now, from what the page knows. Asked a few times a second, never in a headset's frame.

import type { Agent } from '../../protocol/swarm.ts'
import type { LayoutMode } from '../layout/layoutModes.ts'
import { useAlerts } from '../store/alerts.ts'
import { useBudget } from '../store/budget.ts'
import { isCommandable } from '../store/commandable.ts'
import { concernOf } from '../store/concerns.ts'
import { modeShown, useLine } from '../store/line.ts'
import { useLooking } from '../store/looking.ts'
import { useMissingParts } from '../store/missingParts.ts'
import { momentMs } from '../store/moment.ts'
import { model, serverNowMs } from '../store/session.ts'
import { type SoundMode, useAppearance, useSettings } from '../store/settings.ts'
import { shownName } from '../store/shownName.ts'
import { type Toast, toastText, toastTitle } from '../store/toastQueue.ts'
import { isPast, shownMs, useTravel } from '../store/travel.ts'
import { useTimeline } from '../store/travelOverview.ts'
import { steadyNowMs } from '../stream/steadyClock.ts'
import { type BannerLine, bannerLines } from '../ui/bannerLines.ts'
import { formatAge, formatCost } from '../ui/format.ts'
import { rowWords, stateWord, stateWordMs } from '../ui/rowWords.ts'
import { tokensText } from '../ui/tokensText.ts'
import { bannerOf, joined } from './bannerWords.ts'
import type { BoardInput, BoardTone } from './boardLayout.ts'

export interface BoardWish {
  isDetailOpen: boolean
  /** Asked whether the agent of this id shall really be ended. */
  askingId: string | null
  /** What came of it. */
  note: string
  isSeated: boolean
  isGoing: boolean
  isGliding: boolean
}

const ARRANGEMENTS: Readonly<Record<LayoutMode, string>> = {
  force: 'By links',
  hierarchy: 'By parent',
  rings: 'Rings',
}

const SOUND_WORDS: Readonly<Record<SoundMode, string>> = {
  spatial: 'Sound on',
  mono: 'Sound mono',
  off: 'Sound off',
}
const FILTER_WORDS: Readonly<Record<string, string>> = {
  'needs:me': 'Needs me',
  'status:failed': 'Failed',
  'status:working': 'Working',
}

export function boardInput({ isDetailOpen, askingId, note, isSeated, isGoing, isGliding }: BoardWish): BoardInput {
  const { selectedId, isFollowing, filter, layoutMode } = useLooking.getState()
  const agent = selectedId === null ? null : (model.get('agent', selectedId) ?? null)
  const line = useLine.getState()
  const travel = useTravel.getState()
  const isInPast = isPast(travel)
  const lines = linesNow()
  return {
    banner: bannerNow(lines),
    notice: noticeNow(isInPast),
    detail: agent && isDetailOpen ? { name: shownName(agent), lines: linesOf(agent), tone: toneOf(agent), note } : null,
    hasSelection: agent !== null,
    isDetailOpen,
    isFollowing,
    isSeated,
    isGoing,
    isGliding: useAppearance.getState().isStill ? null : isGliding,
    arrangement: ARRANGEMENTS[layoutMode],
    filter: FILTER_WORDS[filter] ?? filter,
    sound: SOUND_WORDS[useSettings.getState().sound],
    canRetry: lines.some(({ canRetry }) => canRetry),
    hasPast: isInPast || firstMomentMs() !== null,
    isPast: isInPast,
    isPlaying: travel.state === 'playing',
    canTerminate: agent !== null && !isInPast && isCommandable(agent, line, steadyNowMs()),
    isAsking: agent !== null && askingId === agent.id,
  }
}

/** The earliest that can be gone back to; `null`: there is none. */
export function firstMomentMs(): number | null {
  const { overview } = useTimeline.getState()
  return overview.state === 'ready' ? overview.stateFromMs : null
}

/** As the page's own banner has them. */
function linesNow(): BannerLine[] {
  const isPartMissing = useMissingParts.getState().parts.size > 0
  return bannerLines(useLine.getState(), steadyNowMs(), __VERSION__, isPartMissing, useBudget.getState().budget)
}

function bannerNow(lines: readonly BannerLine[]): BoardInput['banner'] {
  const nowMs = steadyNowMs()
  const travel = useTravel.getState()
  return bannerOf({
    lines,
    mode: modeShown(useLine.getState(), nowMs),
    pastMs: shownMs(travel),
    error: travel.state === 'live' ? travel.error : null,
    nowMs,
    serverNowMs: serverNowMs(),
  })
}

/** The one that is told: who waits for somebody, else the newest. */
export function alertNow(): Toast | null {
  const { toasts } = useAlerts.getState()
  return toasts.findLast(({ kind }) => kind === 'waiting') ?? toasts.at(-1) ?? null
}

const NOTICE_TONES = { waiting: 'needs-you', failed: 'failed', conflict: 'lost' } as const

function noticeNow(isInPast: boolean): BoardInput['notice'] {
  const toast = alertNow()
  if (!toast) return null
  const isMock = toast.agents.every((agent) => agent.isMock)
  const title = joined(isInPast ? 'Now:' : null, toastTitle(toast), isMock ? '(mock)' : null)
  return { title, text: toastText(toast), tone: NOTICE_TONES[toast.kind] }
}

function toneOf(agent: Agent): BoardTone {
  const { tone } = rowWords(agent, concernOf(agent.id))
  return tone === 'needs-you' || tone === 'failed' ? tone : tone === 'stuck' ? 'lost' : 'plain'
}

/** What it is and does, and what was reported of it; what nobody said is not there. */
function linesOf(agent: Agent): string[] {
  const concern = concernOf(agent.id)
  const ms = stateWordMs(agent, concern, momentMs())
  const since = ms === null ? '' : ` for ${formatAge(ms)}`
  const kind = agent.kind === 'registered' ? ' · registered only' : ''
  const use = [agent.tokens && tokensText(agent.tokens), agent.costUsd === null ? null : formatCost(agent.costUsd)]
  const words = rowWords(agent, concern)
  return [
    `${stateWord(agent, concern)}${since}${kind}${agent.mock ? ' · mock' : ''}`,
    // What it is comes below in any case.
    words.text.startsWith(agent.type) && !agent.activity ? null : words.text,
    agent.currentTask && agent.currentTask !== words.text ? `Task: ${agent.currentTask}` : null,
    joined(agent.type, agent.model && `· ${agent.model}`),
    use.filter((part) => part).join(' · '),
    toolOf(agent),
    joined(agent.origin, agent.project && `· ${agent.project}`),
  ].filter((text): text is string => typeof text === 'string' && text !== '')
}

function toolOf({ openTools, lastTool }: Agent): string | null {
  const open = openTools?.at(-1)
  if (open) return joined('In', open.name, open.detail)
  return lastTool && joined('Last', lastTool.name, lastTool.detail, lastTool.ok ? null : '· failed')
}
