// Stands for the menu until somebody wants it: then its code is loaded, and it opens.

import { Ellipsis } from 'lucide-react'
import { type ReactNode, Suspense, useState } from 'react'
import { lazyPart } from './lazyPart.ts'

const load = () => import('./AppMenu.tsx')
const AppMenu = lazyPart(load)

export function AppMenuButton(): ReactNode {
  const [isWanted, setWanted] = useState(false)
  const button = (
    <button
      type="button"
      className="icon-button"
      data-testid="menu"
      aria-label="Menu"
      aria-haspopup="menu"
      aria-expanded={false}
      data-tip="Menu"
      // What the pointer is on its way to is loaded meanwhile; whether that works is seen when it is pressed.
      onPointerEnter={() => void load().catch(() => undefined)}
      onClick={() => setWanted(true)}
    >
      <Ellipsis size={18} />
    </button>
  )
  return isWanted ? (
    <Suspense fallback={button}>
      <AppMenu />
    </Suspense>
  ) : (
    button
  )
}
