// The page's one tooltip: Radix places it and tells screen readers; what it belongs to, and when, is store/tips.ts'.

import { Tooltip as Radix } from 'radix-ui'
import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react'
import { hideTip, type Tip, useTip } from '../store/tips.ts'
import { useNonce } from './Modal.tsx'

export default function Tooltip({ tip: { target, text } }: { tip: Tip }): ReactNode {
  useNonce()
  const place = useRef<HTMLSpanElement>(null)
  useDescription(target, text, place)
  useWatch(target)
  const { left, top, width, height } = target.getBoundingClientRect()
  return (
    <Radix.Provider disableHoverableContent>
      <Radix.Root open onOpenChange={(isOpen) => isOpen || hideTip()}>
        {/* Lies over what it belongs to: that has its own element and keeps it. */}
        <Radix.Trigger asChild>
          <span ref={place} className="tip-place" aria-hidden="true" style={{ left, top, width, height }} />
        </Radix.Trigger>
        <Radix.Portal>
          {/* Another target is another tooltip: it is placed anew. */}
          <Radix.Content
            key={`${left} ${top} ${text}`}
            className="tip"
            data-testid="tip"
            side="bottom"
            sideOffset={6}
            collisionPadding={8}
          >
            {text}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </Radix.Provider>
  )
}

/** Only where it says more than the name, which is read anyhow. */
function useDescription(target: HTMLElement, text: string, place: { current: HTMLElement | null }): void {
  useLayoutEffect(() => {
    const id = place.current?.getAttribute('aria-describedby')
    if (!id || text === (target.getAttribute('aria-label') ?? target.innerText)) return undefined
    const before = target.getAttribute('aria-describedby')
    target.setAttribute('aria-describedby', before === null ? id : `${before} ${id}`)
    return () => {
      if (before === null) target.removeAttribute('aria-describedby')
      else target.setAttribute('aria-describedby', before)
    }
  }, [target, text, place])
}

/** What it belongs to may go, or mean something else when it was pressed. */
function useWatch(target: HTMLElement): void {
  useEffect(() => {
    const watch = new MutationObserver(() => {
      const text = target.dataset.tip ?? ''
      if (!target.isConnected || text === '') hideTip()
      else if (useTip.getState().tip?.text !== text) useTip.setState({ tip: { target, text } })
    })
    watch.observe(document.body, { subtree: true, childList: true, attributeFilter: ['data-tip'] })
    return () => watch.disconnect()
  }, [target])
}
