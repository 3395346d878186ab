// The tab's title says when somebody is waited for, also (and above all) while the tab is hidden, where no frame is drawn.

import { useEffect } from 'react'
import { countAgents } from '../store/agentGroups.ts'
import { model } from '../store/session.ts'

const NAME = 'Swarmscope'
const INTERVAL_MS = 1_000

export function titleOf({ needsYou, failed }: { needsYou: number; failed: number }): string {
  const parts = [
    needsYou > 0 ? `${needsYou} ${needsYou === 1 ? 'needs' : 'need'} you` : '',
    failed > 0 ? `${failed} failed` : '',
  ].filter((part) => part !== '')
  return parts.length > 0 ? `(${parts.join(', ')}) ${NAME}` : NAME
}

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
