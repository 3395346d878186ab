// The tab's title says when somebody is waited for, also (and above all) while the tab is hidden, where no frame is drawn.

import { useEffect } from 'react'
import { countAgents } from '../store/agentGroups.ts'
import { model } from '../store/session.ts'
import { titleOf } from './titleOf.ts'

const INTERVAL_MS = 1_000

export function useDocumentTitle(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = model.onChange(() => {
      timer ??= setTimeout(() => {
        timer = undefined
        document.title = titleOf(countAgents(model.agents.values()))
      }, INTERVAL_MS)
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [])
}
