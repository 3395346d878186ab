// Who had the focus before a dialog took it has it again afterwards. Radix does that for dialogs with a button of their own;
// ours are opened by keys, menus and one another.

import { useDialogs } from '../store/dialogs.ts'
import { isFocusLost } from './focusKept.ts'
import { focusRow } from './rowFocus.ts'

let before: HTMLElement | null = null

/** Returns its end. */
export const watchDialogs = (): (() => void) =>
  useDialogs.subscribe(({ open }, { open: wasOpen }) => {
    if (open !== null && wasOpen === null) before = holderOf(document.activeElement)
  })

/** Who will still be there: a menu's button in place of its entry; behind a dialog that leads to another, who was before it. */
function holderOf(element: Element | null): HTMLElement | null {
  if (!(element instanceof HTMLElement) || element === document.body) return null
  if (element.closest('[role$="dialog"]')) return before
  const button = element.closest('[role="menu"]')?.getAttribute('aria-labelledby')
  return button ? document.getElementById(button) : element
}

/** For Radix' `onCloseAutoFocus`. What was chosen in the dialog may have moved the focus by itself. */
export function giveFocusBack(event: Event): void {
  event.preventDefault()
  if (before === null || useDialogs.getState().open !== null || !isFocusLost()) return
  before.focus()
  // Its row may have been drawn anew, or its agent have ended.
  if (isFocusLost()) focusRow(before.dataset.agent ?? null)
}
