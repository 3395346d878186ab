// The keyboard's place is never lost: when what has the focus vanishes, something near has it next. A browser would give it to
// nobody, and whoever cannot point would begin at the top of the page.

import { type RefObject, useLayoutEffect } from 'react'

export const isFocusLost = (): boolean => document.activeElement === null || document.activeElement === document.body

/** `refocus`: what within `box` had the focus is gone, perhaps with the box. */
export function useFocusKept(box: RefObject<HTMLElement | null>, refocus: () => void): void {
  // Asked while rendering: afterwards the element is no longer there to be asked about.
  const hadFocus = box.current?.contains(document.activeElement) ?? false
  useLayoutEffect(() => {
    if (hadFocus && isFocusLost()) refocus()
  })
}
