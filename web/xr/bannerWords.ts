// What the banner in a headset says. Pure: what is known comes in.

import type { Mode, SourceError } from '../../protocol/swarm.ts'
import { type BannerLine, inWords, withStop } from '../ui/bannerLines.ts'
import { formatAge } from '../ui/format.ts'
import { agoText, momentText } from '../ui/timelineWords.ts'
import type { BoardBadge, BoardInput } from './boardLayout.ts'

interface BannerFacts {
  lines: readonly BannerLine[]
  mode: Mode
  /** The moment that is shown; `null`: the present. */
  pastMs: number | null
  /** Why one did not come into the past. */
  error: SourceError | null
  nowMs: number
  serverNowMs: number
}

/** What is wrong, and what to do about it, of the first that is; what else there is stands after it, or not at all. */
export function bannerOf({ lines, mode, pastMs, error, nowMs, serverNowMs }: BannerFacts): BoardInput['banner'] {
  const badges = badgesOf(mode, pastMs !== null)
  // What is not wrong need not hang in view.
  const [first, ...others] = lines.filter(({ tone }) => tone !== 'note')
  if (pastMs !== null)
    return {
      badges,
      sentence: `${momentText(pastMs, serverNowMs)}, ${agoText(pastMs, serverNowMs)}.`,
      suggestion: 'Nothing here is now; commands are off.',
      figures: first?.sentence ?? '',
      tone: 'past',
    }
  if (first) {
    const { sentence, figure, tone, asOfMs, retryAtMs, isTrying } = first
    const nextTry = retryAtMs === null ? null : `Next try in ${formatAge(Math.max(0, retryAtMs - nowMs))}.`
    return {
      badges,
      sentence: joined(sentence, figure),
      suggestion: withStop(inWords(first)),
      figures: joined(
        asOfMs === null ? null : `Agents as of ${formatAge(nowMs - asOfMs)} ago.`,
        isTrying ? 'Trying now.' : nextTry,
        ...others.map((other) => other.sentence),
      ),
      tone: tone === 'warning' || tone === 'note' ? 'lost' : tone,
    }
  }
  if (error === null) return null
  const { suggestion } = error.details
  return { badges, sentence: withStop(error.error), suggestion: withStop(suggestion), figures: '', tone: 'lost' }
}

const MODE_BADGES: Readonly<Partial<Record<Mode, BoardBadge>>> = {
  mock: { word: 'MOCK', tone: 'mock' },
  replay: { word: 'REPLAY', tone: 'past' },
  stale: { word: 'STALE', tone: 'lost' },
}

/** Each of them holds by itself: the past of an invented world is invented. */
function badgesOf(mode: Mode, isPast: boolean): BoardBadge[] {
  const badge = MODE_BADGES[mode]
  return [...(isPast ? [{ word: 'PAST', tone: 'past' } as const] : []), ...(badge ? [badge] : [])]
}

export const joined = (...parts: (string | null | undefined)[]): string => parts.filter((part) => part).join(' ')
