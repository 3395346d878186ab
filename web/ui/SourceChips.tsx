// Who we are connected to, in the top bar.

import { type ReactNode, useLayoutEffect, useRef, useState } from 'react'
import { commandsFor, isLineDown, useLine } from '../store/line.ts'
import { shownMs, useTravel } from '../store/travel.ts'
import { chipsFor, type ShownChip, SUM_KEY } from './chipRoom.ts'
import { formatAge } from './format.ts'
import { sourceChip } from './sourceChip.ts'
import { momentText } from './timelineWords.ts'
import { useSteadyClock, useWallClock } from './useNow.ts'

export function SourceChips(): ReactNode {
  const list = useRef<HTMLUListElement>(null)
  const [widthPx, setWidthPx] = useState(Number.POSITIVE_INFINITY)
  useLayoutEffect(() => {
    const element = list.current
    if (!element) return undefined
    const measure = () => setWidthPx(element.clientWidth)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  const chips = useChips()
  return (
    <ul ref={list} className="chips" aria-label="Connections">
      {chipsFor(chips, widthPx).map(({ key, tone, name, state, title }) => (
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
