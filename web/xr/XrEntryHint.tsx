// In place of the way in: why there is none here, or why it was not given, and what to do, each command to copy.

import { RotateCw, X } from 'lucide-react'
import { type ReactNode, useEffect } from 'react'
import { CopyButton } from '../ui/CopyButton.tsx'
import type { XrHint } from './availability.ts'
import type { XrWay } from './waysIn.ts'
import './xrEntryHint.css'

interface XrEntryHintProps {
  hint: XrHint
  ways: readonly XrWay[]
  onClose(): void
}

export function XrEntryHint({ hint: { type, reason, words }, ways, onClose }: XrEntryHintProps): ReactNode {
  const hasToken = ways.some(({ lines }) => lines.some(({ shown, copied }) => shown !== copied))
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // Where it is something else's own key, it stays that.
      const isTaken = event.target instanceof Element && event.target.closest('input, [role="dialog"], [role="menu"]')
      if (event.key !== 'Escape' || isTaken) return
      // And lets go of nothing else.
      event.preventDefault()
      event.stopPropagation()
      onClose()
    }
    addEventListener('keydown', onKey, true)
    return () => removeEventListener('keydown', onKey, true)
  }, [onClose])
  return (
    <div className="xr-hint-box">
      {/* Asked for and not given must be heard; what merely is so must not interrupt. */}
      <section
        className="xr-hint"
        data-testid="xr-hint"
        data-reason={reason}
        role={type === 'refused' ? 'alert' : 'note'}
        // A scrolling region must be reachable by keyboard.
        tabIndex={0}
      >
        <p>{words}</p>
        {ways.length > 0 && (
          <ol>
            {ways.map(({ title, lines }) => (
              <li key={title}>
                {title}
                {lines.map(({ what, shown, copied }) => (
                  <div key={shown} className="copy-line">
                    <span>{shown}</span>
                    <CopyButton text={copied} label={what} isSmall tip={shown} />
                  </div>
                ))}
              </li>
            ))}
          </ol>
        )}
        {hasToken && (
          <p>“…” stands for your token, which is copied along. Whoever has it may do here what you may do.</p>
        )}
      </section>
      <div className="xr-hint-buttons">
        {reason === 'part-missing' && (
          <button type="button" className="button" onClick={() => location.reload()}>
            <RotateCw size={14} /> Reload
          </button>
        )}
        <button type="button" className="button" data-testid="xr-hint-close" title="Close (Escape)" onClick={onClose}>
          <X size={14} /> Close
        </button>
      </div>
    </div>
  )
}
