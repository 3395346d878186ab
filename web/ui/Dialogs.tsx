// The dialogs, each loaded when it is first asked for.

import { type ReactNode, Suspense, useEffect } from 'react'
import { closeDialog, type OpenDialog, useDialogs } from '../store/dialogs.ts'
import { watchDialogs } from './focusBack.ts'
import { lazyPart } from './lazyPart.ts'

const Palette = lazyPart(() => import('./Palette.tsx'))
const ShortcutSheet = lazyPart(() => import('./ShortcutSheet.tsx'))
const SettingsDialog = lazyPart(() => import('./SettingsDialog.tsx'))
const TerminateDialog = lazyPart(() => import('./TerminateDialog.tsx'))
const AssignDialog = lazyPart(() => import('./AssignDialog.tsx'))

export function Dialogs(): ReactNode {
  const open = useDialogs((state) => state.open)
  useEffect(watchDialogs, [])
  return <Suspense fallback={null}>{open && dialogFor(open)}</Suspense>
}

function dialogFor(open: OpenDialog): ReactNode {
  switch (open.name) {
    case 'palette':
      return <Palette />
    case 'shortcuts':
      return <ShortcutSheet />
    case 'settings':
      return <SettingsDialog />
    case 'terminate':
      return <TerminateDialog agent={open.agent} onClose={closeDialog} />
    case 'assign':
      return <AssignDialog agent={open.agent} onClose={closeDialog} />
    default:
      return open satisfies never
  }
}
