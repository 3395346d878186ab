// The dialogs, loaded when the first is asked for.

import { lazy, type ReactNode, Suspense } from 'react'
import { useDialogs } from '../store/dialogs.ts'

const Palette = lazy(() => import('./Palette.tsx'))
const ShortcutSheet = lazy(() => import('./ShortcutSheet.tsx'))
const SettingsDialog = lazy(() => import('./SettingsDialog.tsx'))

export function Dialogs(): ReactNode {
  const open = useDialogs((state) => state.open)
  return (
    <Suspense fallback={null}>
      {open === 'palette' && <Palette />}
      {open === 'shortcuts' && <ShortcutSheet />}
      {open === 'settings' && <SettingsDialog />}
    </Suspense>
  )
}
