// Asks before an agent is ended: it cannot be taken back.

import type { ReactNode } from 'react'
import type { Agent } from '../../protocol/swarm.ts'
import { shownName } from '../store/shownName.ts'
import { CommandOutcome } from './CommandOutcome.tsx'
import { Modal } from './Modal.tsx'
import { Theirs } from './Theirs.tsx'
import { useCommand } from './useCommand.ts'

interface TerminateDialogProps {
  agent: Agent
  onClose(): void
}

export default function TerminateDialog({ agent, onClose }: TerminateDialogProps): ReactNode {
  const { now, send } = useCommand()
  const isOver = now.state === 'done'
  return (
    <Modal
      title="Terminate this agent?"
      testId="terminate-dialog"
      description={
        <>
          claude-flow takes <Theirs>{shownName(agent)}</Theirs> out of its roster. It cannot be taken back.
        </>
      }
      onClose={onClose}
    >
      <CommandOutcome
        now={now}
        done="claude-flow has ended it. It leaves this page as soon as claude-flow’s files say so."
      />
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {isOver ? 'Close' : 'Keep it'}
        </button>
        {!isOver && (
          <button
            type="button"
            className="button"
            data-danger
            data-testid="terminate-confirm"
            disabled={now.state === 'sending'}
            onClick={() => send(`/agents/${encodeURIComponent(agent.id)}`, { method: 'DELETE' })}
          >
            {now.state === 'failed' ? 'Try again' : 'Terminate'}
          </button>
        )}
      </div>
    </Modal>
  )
}
