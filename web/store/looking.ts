// What is looked at: never sent anywhere, never part of what is.

import { create } from 'zustand'

interface Looking {
  selectedId: string | null
  hoveredId: string | null
  filter: string
  /** The panel, where it is a drawer. */
  isPanelOpen: boolean
  select(id: string | null): void
  hover(id: string | null): void
  setFilter(filter: string): void
  setPanelOpen(isOpen: boolean): void
}

export const useLooking = create<Looking>((set) => ({
  selectedId: null,
  hoveredId: null,
  filter: '',
  isPanelOpen: false,
  select: (selectedId) => set({ selectedId }),
  hover: (hoveredId) => set((old) => (old.hoveredId === hoveredId ? old : { hoveredId })),
  setFilter: (filter) => set({ filter }),
  setPanelOpen: (isPanelOpen) => set({ isPanelOpen }),
}))
