// What is looked at: never sent anywhere, never part of what is.

import { create } from 'zustand'
import type { LayoutMode } from '../layout/layoutModes.ts'

interface Looking {
  selectedId: string | null
  hoveredId: string | null
  filter: string
  /** The panel, where it is a drawer. */
  isPanelOpen: boolean
  /** How the scene is laid out. */
  layoutMode: LayoutMode
  /** The camera goes with the selected agent. */
  isFollowing: boolean
  select(id: string | null): void
  hover(id: string | null): void
  setFilter(filter: string): void
  setPanelOpen(isOpen: boolean): void
  setLayoutMode(mode: LayoutMode): void
  setFollowing(isFollowing: boolean): void
}

export const useLooking = create<Looking>((set) => ({
  selectedId: null,
  hoveredId: null,
  filter: '',
  isPanelOpen: false,
  layoutMode: 'force',
  isFollowing: false,
  select: (selectedId) => set((old) => ({ selectedId, isFollowing: old.isFollowing && selectedId !== null })),
  hover: (hoveredId) => set((old) => (old.hoveredId === hoveredId ? old : { hoveredId })),
  setFilter: (filter) => set({ filter }),
  setPanelOpen: (isPanelOpen) => set({ isPanelOpen }),
  setLayoutMode: (layoutMode) => set({ layoutMode }),
  setFollowing: (isFollowing) => set((old) => ({ isFollowing: isFollowing && old.selectedId !== null })),
}))
