import { Check, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import type { CommandState } from './useCommand.ts'

interface CommandOutcomeProps {
  now: CommandState
  /** What it means that claude-flow has done it. */
  done: string
}

/** What came of a command, in words. */
export function CommandOutcome({ now, done }: CommandOutcomeProps): ReactNode {
  return (
    <div role="status" data-testid="outcome">
      {now.state === 'sending' && <p className="dialog-outcome">Asking claude-flow…</p>}
      {now.state === 'done' && (
        <p className="dialog-outcome" data-tone="done">
          <Check size={16} aria-hidden="true" />
          <span>{done}</span>
        </p>
      )}
      {now.state === 'failed' && (
        <p className="dialog-outcome" data-tone="failed">
          <TriangleAlert size={16} aria-hidden="true" />
          <span>
            <strong>{now.error.error}.</strong> {now.error.details.suggestion}
            {now.error.code.startsWith('SERVER_') &&
              ' Whether it was done is not known: to try again is safe, it is done once.'}
          </span>
        </p>
      )}
    </div>
  )
}
