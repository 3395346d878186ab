// What an operator can have claude-flow do with an agent. Not there for viewers, nor where nobody could obey.

import { lazy, type ReactNode, Suspense, useState } from 'react'
import type { Agent } from '../../protocol/swarm.ts'
import { modeShown, useLine } from '../store/line.ts'
import { isPast, useTravel } from '../store/travel.ts'

const TerminateDialog = lazy(() => import('./TerminateDialog.tsx'))
const AssignDialog = lazy(() => import('./AssignDialog.tsx'))

export function AgentCommands({ agent }: { agent: Agent }): ReactNode {
  const [open, setOpen] = useState<'terminate' | 'assign' | null>(null)
  const canCommand = useLine((line) => line.role === 'operator' && modeShown(line, Date.now()) === 'live')
  // What is shown may long be otherwise.
  const isInPast = useTravel(isPast)
  if (!canCommand || isInPast || agent.origin !== 'claude-flow' || agent.mock) return null
  return (
    <div className="detail-commands" data-testid="commands">
      <button type="button" className="button" data-testid="assign" onClick={() => setOpen('assign')}>
        Assign task…
      </button>
      <button type="button" className="button" data-danger data-testid="terminate" onClick={() => setOpen('terminate')}>
        Terminate…
      </button>
      <Suspense fallback={null}>
        {open === 'terminate' && <TerminateDialog agent={agent} onClose={() => setOpen(null)} />}
        {open === 'assign' && <AssignDialog agent={agent} onClose={() => setOpen(null)} />}
      </Suspense>
    </div>
  )
}
