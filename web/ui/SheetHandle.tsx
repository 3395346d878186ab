// On a phone the list is a sheet: pulled up it takes the scene's place, let down it shows its first rows. Pulled by a finger,
// or pressed.

import { type PointerEvent, type ReactNode, type RefObject, useEffect, useRef } from 'react'
import { useLooking } from '../store/looking.ts'
import { focusRow } from './rowFocus.ts'

/** A finger that only presses trembles this far. */
const PRESS_PX = 6
/** Pulled less far, it goes back to where it was. */
const PULL_PX = 28

interface Pull {
  fromY: number
  fromHeight: number
  panel: HTMLElement
}

export function SheetHandle(): ReactNode {
  const isOpen = useLooking((state) => state.isPanelOpen)
  const setPanelOpen = useLooking((state) => state.setPanelOpen)
  const button = useRef<HTMLButtonElement>(null)
  const pull = useRef<Pull | null>(null)
  /** The click that ends a pull is none. */
  const wasPulled = useRef(false)
  useFocusInSheet(button, isOpen)

  const start = ({ button: which, clientY, currentTarget, pointerId }: PointerEvent<HTMLButtonElement>) => {
    const panel = currentTarget.closest<HTMLElement>('.panel')
    wasPulled.current = false
    if (which !== 0 || panel === null) return
    currentTarget.setPointerCapture(pointerId)
    pull.current = { fromY: clientY, fromHeight: panel.clientHeight, panel }
  }
  const move = ({ clientY }: PointerEvent) => {
    if (pull.current === null) return
    const { fromY, fromHeight, panel } = pull.current
    if (Math.abs(clientY - fromY) < PRESS_PX && !wasPulled.current) return
    wasPulled.current = true
    panel.dataset.pulled = ''
    panel.style.height = `clamp(var(--sheet), ${fromHeight + fromY - clientY}px, 100%)`
  }
  const end = ({ clientY, type }: PointerEvent) => {
    if (pull.current === null) return
    const { fromY, panel } = pull.current
    pull.current = null
    delete panel.dataset.pulled
    panel.style.height = ''
    if (type === 'pointerup' && Math.abs(clientY - fromY) >= PULL_PX) setPanelOpen(clientY < fromY)
  }
  return (
    <button
      ref={button}
      type="button"
      className="sheet-handle"
      data-testid="sheet-handle"
      aria-expanded={isOpen}
      aria-controls="panel"
      aria-label={isOpen ? 'Let the list down' : 'Pull the list up'}
      onPointerDown={start}
      onPointerMove={move}
      onPointerUp={end}
      onPointerCancel={end}
      onClick={() => {
        if (!wasPulled.current) setPanelOpen(!isOpen)
        wasPulled.current = false
      }}
    >
      <span className="sheet-grip" />
    </button>
  )
}

/** What had the focus in it and is there no more when it is let down: the row has it then. */
function useFocusInSheet(button: RefObject<HTMLElement | null>, isOpen: boolean): void {
  useEffect(() => {
    if (isOpen || button.current === null || !button.current.checkVisibility()) return
    const { activeElement } = document
    const panel = button.current.closest('.panel')
    if (panel?.contains(activeElement) && !activeElement?.checkVisibility()) focusRow(useLooking.getState().selectedId)
  }, [isOpen, button])
}
