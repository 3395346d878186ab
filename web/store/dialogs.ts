// Which dialog is open: one at a time, above all else.

import { create } from 'zustand'
import type { Agent } from '../../protocol/swarm.ts'

export type OpenDialog =
  | { name: 'palette' }
  | { name: 'shortcuts' }
  | { name: 'settings' }
  /** The agent as it was when asked: the answer may come when it is gone. */
  | { name: 'terminate'; agent: Agent }
  | { name: 'assign'; agent: Agent }

export const useDialogs = create<{ open: OpenDialog | null }>(() => ({ open: null }))

export const openDialog = (open: OpenDialog): void => useDialogs.setState({ open })

export const closeDialog = (): void => useDialogs.setState({ open: null })
