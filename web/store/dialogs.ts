// Which dialog is open: one at a time, above all else.

import { create } from 'zustand'

export type DialogName = 'palette' | 'shortcuts' | 'settings'

export const useDialogs = create<{ open: DialogName | null }>(() => ({ open: null }))

export const openDialog = (open: DialogName | null): void => useDialogs.setState({ open })
