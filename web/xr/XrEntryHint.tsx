// In place of the way in: why there is none here, and what to do, each command to copy.

import type { ReactNode } from 'react'
import { CopyButton } from '../ui/CopyButton.tsx'
import type { XrAvailability } from './availability.ts'
import './xrEntryHint.css'

interface XrEntryHintProps {
  hint: Extract<XrAvailability, { type: 'unavailable' }>
}

export function XrEntryHint({ hint: { reason, words, ways } }: XrEntryHintProps): ReactNode {
  return (
    // Asked for and not given must be heard; what merely is so must not interrupt.
    <section
      className="xr-hint"
      data-testid="xr-hint"
      data-reason={reason}
      role={reason === 'refused' ? 'alert' : 'note'}
    >
      <p>{words}</p>
      {ways.length > 0 && (
        <ol>
          {ways.map(({ title, command }) => (
            <li key={title}>
              {title}
              {command !== null && (
                <div className="copy-line">
                  <span>{command}</span>
                  <CopyButton text={command} label={`the command: ${title}`} isSmall />
                </div>
              )}
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}
