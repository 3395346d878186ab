// The tab's title (and its icon, tabBadge.ts) says when somebody is waited for, also (and above all) while the tab is hidden, where no frame is drawn. It
// speaks of now, whatever moment is shown.

import { useEffect } from 'react'
import { countAgents } from '../store/agentGroups.ts'
import { useLine } from '../store/line.ts'
import { model, serverNowMs } from '../store/session.ts'
import { shownMs, useTravel } from '../store/travel.ts'
import { watchTabBadge } from './tabBadge.ts'
import { momentText } from './timelineWords.ts'
import { titleOf } from './titleOf.ts'

const INTERVAL_MS = 1_000

const isMock = (): boolean => useLine.getState().status?.mode === 'mock'

export function useDocumentTitle(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const tell = () => {
      timer = undefined
      const pastMs = shownMs(useTravel.getState())
      const past = pastMs === null ? null : momentText(pastMs, serverNowMs())
      document.title = titleOf(countAgents(model.live.all('agent').values()), past, isMock())
    }
    const soon = () => {
      timer ??= setTimeout(tell, INTERVAL_MS)
    }
    const stops = [
      watchTabBadge(),
      model.onLiveChange(soon),
      useLine.subscribe(({ status }, before) => status?.mode !== before.status?.mode && soon()),
      useTravel.subscribe((travel, before) => {
        const isOtherKind = (shownMs(travel) === null) !== (shownMs(before) === null)
        if (!isOtherKind) soon()
        else {
          clearTimeout(timer)
          tell()
        }
      }),
    ]
    return () => {
      for (const stop of stops) stop()
      clearTimeout(timer)
    }
  }, [])
}
