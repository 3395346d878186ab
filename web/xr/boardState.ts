// What the board says now, from what the page knows. Asked a few times a second, never in a headset's frame.

import type { Agent } from '../../protocol/swarm.ts'
import type { LayoutMode } from '../layout/layoutModes.ts'
import { modeShown, useLine } from '../store/line.ts'
import { useLooking } from '../store/looking.ts'
import { model, serverNowMs } from '../store/session.ts'
import { useAppearance } from '../store/settings.ts'
import { isPast, shownMs, useTravel } from '../store/travel.ts'
import { statusText } from '../theme/status.ts'
import { bannerLines } from '../ui/bannerLines.ts'
import { formatAge } from '../ui/format.ts'
import { momentText } from '../ui/timelineWords.ts'
import type { BoardInput } from './boardLayout.ts'

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

export function boardInput({ isDetailOpen, askingId, note, isSeated, isGoing, isGliding }: BoardWish): BoardInput {
  const { selectedId, isFollowing, filter, layoutMode } = useLooking.getState()
  const agent = selectedId === null ? null : (model.get('agent', selectedId) ?? null)
  const line = useLine.getState()
  const isInPast = isPast(useTravel.getState())
  const canCommand = line.role === 'operator' && modeShown(line, Date.now()) === 'live' && !isInPast
  return {
    banner: bannerNow(),
    detail: agent && isDetailOpen ? { name: agent.name, lines: linesOf(agent), note } : null,
    hasSelection: agent !== null,
    isDetailOpen,
    isFollowing,
    isSeated,
    isGoing,
    isGliding: useAppearance.getState().isStill ? null : isGliding,
    arrangement: ARRANGEMENTS[layoutMode],
    filter,
    isPast: isInPast,
    canTerminate: agent !== null && canCommand && agent.origin === 'claude-flow' && !agent.mock,
    isAsking: agent !== null && askingId === agent.id,
  }
}

function bannerNow(): BoardInput['banner'] {
  const nowMs = Date.now()
  const atMs = shownMs(useTravel.getState())
  if (atMs !== null) {
    return {
      word: 'PAST',
      sentence: momentText(atMs, serverNowMs()),
      suggestion: 'Nothing here is now; commands are off.',
      tone: 'past',
    }
  }
  const [first] = bannerLines(useLine.getState(), nowMs, __VERSION__)
  if (!first) return null
  const { word, sentence, suggestion, tone, asOfMs } = first
  // On the board two warm tones could not be told apart: the word says which it is.
  const age = asOfMs === null ? '' : `Agents as of ${formatAge(nowMs - asOfMs)} ago. `
  return { word: word ?? '', sentence, suggestion: `${age}${suggestion}`, tone: tone === 'warning' ? 'lost' : tone }
}

const linesOf = (agent: Agent): string[] =>
  [
    `${statusText(agent)}${agent.mock ? ' · mock' : ''}`,
    agent.attention?.reason,
    agent.activity,
    agent.currentTask,
    agent.type,
    agent.model,
  ].filter((text): text is string => typeof text === 'string' && text !== '')
