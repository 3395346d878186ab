// What an operator can have claude-flow do with an agent. Not there for viewers, nor where nobody could obey.

import type { ReactNode } from 'react'
import type { Agent } from '../../protocol/swarm.ts'
import { isCommandable } from '../store/commandable.ts'
import { openDialog } from '../store/dialogs.ts'
import { useLine } from '../store/line.ts'
import { isPast, useTravel } from '../store/travel.ts'
import { steadyNowMs } from '../stream/steadyClock.ts'

export function AgentCommands({ agent }: { agent: Agent }): ReactNode {
  const canCommand = useLine((line) => isCommandable(agent, line, steadyNowMs()))
  // What is shown may long be otherwise.
  const isInPast = useTravel(isPast)
  if (!canCommand || isInPast) return null
  return (
    <div className="detail-commands" data-testid="commands">
      <button
        type="button"
        className="button"
        data-testid="assign"
        onClick={() => openDialog({ name: 'assign', agent })}
      >
        Assign task…
      </button>
      <button
        type="button"
        className="button"
        data-danger
        data-testid="terminate"
        onClick={() => openDialog({ name: 'terminate', agent })}
      >
        Terminate…
      </button>
    </div>
  )
}
