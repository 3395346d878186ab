// Who we are connected to, in the top bar.

import { type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from 'react'
import { commandsFor, isLineDown, useLine } from '../store/line.ts'
import { shownMs, useTravel } from '../store/travel.ts'
import { chipsFor, type ShownChip, SUM_KEY, type WordsWidth } from './chipRoom.ts'
import { formatAge } from './format.ts'
import { sourceChip } from './sourceChip.ts'
import { onFontsLoaded, textWidthPx } from './textWidth.ts'
import { momentText } from './timelineWords.ts'
import { useSteadyClock, useWallClock } from './useNow.ts'

export function SourceChips(): ReactNode {
  const list = useRef<HTMLUListElement>(null)
  const room = useRoom(list)
  const chips = useChips()
  const shown = room === null ? chips : chipsFor(chips, room.widthPx, room.widthOfWords)
  return (
    // Where the counts stand follows from how many sources there are, not from how many of them are shown: else the room would
    // follow from what was found to fit into it.
    <ul ref={list} className="chips" data-several={chips.length > 1} aria-label="Connections">
      {shown.map(({ key, tone, name, state, title }) => (
        <li key={key} className="chip" data-tone={tone} data-testid="source-chip">
          <Words text={title ?? null}>
            <span className="chip-dot" />
            <strong className="clip">{name}</strong>
            {state !== '' && <span className="clip">{state}</span>}
            {key === SUM_KEY && <span className="sr-only">{title}</span>}
          </Words>
        </li>
      ))}
    </ul>
  )
}

interface Room {
  widthPx: number
  widthOfWords: WordsWidth
}

/** `null`: not measured yet. */
function useRoom(list: RefObject<HTMLElement | null>): Room | null {
  const [room, setRoom] = useState<Room | null>(null)
  useLayoutEffect(() => {
    const element = list.current
    if (!element) return undefined
    const measure = () => {
      const { fontSize, fontFamily } = getComputedStyle(element)
      // As if each digit were as wide as the widest: what fits does not change with each second.
      const widthOfWords: WordsWidth = (words, part) =>
        textWidthPx(words.replace(/\d/g, '0'), `${part === 'name' ? 500 : 400} ${fontSize} ${fontFamily}`)
      setRoom({ widthPx: element.clientWidth, widthOfWords })
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    const stopFonts = onFontsLoaded(measure)
    return () => {
      observer.disconnect()
      stopFonts()
    }
  }, [list])
  return room
}

/** A button where there is more to say: it can be reached by keyboard, and tapped. */
function Words({ text, children }: { text: string | null; children: ReactNode }): ReactNode {
  if (text === null) return children
  return (
    <button type="button" className="chip-more" data-tip={text} data-tip-pressed>
      {children}
    </button>
  )
}

function useChips(): readonly ShownChip[] {
  const line = useLine()
  const now = useWallClock()
  const steadyMs = useSteadyClock()
  const pastMs = useTravel(shownMs)
  if (pastMs !== null) {
    return [{ key: 'past', tone: 'past', name: 'past', state: momentText(pastMs, now + line.clockOffsetMs) }]
  }
  if (isLineDown(line, steadyMs) && line.status !== null) {
    const state = line.downSinceMs ? `lost ${formatAge(steadyMs - line.downSinceMs)} ago` : 'lost'
    return [{ key: 'server', tone: 'lost', name: 'server', state }]
  }
  return (line.status?.sources ?? []).map((source) => ({
    key: source.id,
    ...sourceChip(source, now + line.clockOffsetMs, line.status?.mode === 'stale', commandsFor(line)),
  }))
}
