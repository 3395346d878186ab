import { Check, Copy } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import { copyText } from './copyText.ts'

const SHOWN_MS = 1_600

interface CopyButtonProps {
  text: string
  /** What is copied, for who cannot see it. */
  label: string
  isSmall?: boolean
  /** What its tip says, where that is not what is copied. */
  tip?: string
}

export function CopyButton({ text, label, isSmall = false, tip = text }: CopyButtonProps): ReactNode {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [state])
  const copy = () => {
    copyText(text).then(
      () => setState('copied'),
      () => setState('failed'),
    )
  }
  const icon = state === 'copied' ? <Check size={15} /> : <Copy size={15} />
  return (
    <>
      <button
        type="button"
        className={isSmall ? 'icon-button' : 'button'}
        data-small={isSmall || undefined}
        data-testid="copy"
        data-tip={tip}
        aria-label={`Copy ${label}`}
        onClick={copy}
      >
        {icon}
        {!isSmall && (state === 'copied' ? 'Copied' : state === 'failed' ? 'Select and copy' : 'Copy')}
      </button>
      <span className="sr-only" role="status">
        {state === 'copied' ? 'Copied' : ''}
      </span>
    </>
  )
}
