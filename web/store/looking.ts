// What is looked at: never sent anywhere, never part of what is.

import { create } from 'zustand'
import type { LayoutMode } from '../layout/layoutModes.ts'
import type { Sort } from './agentOrder.ts'

/** `list`: beside the scene. `table`: all columns, wide. */
export type PanelView = 'list' | 'table'

export interface Looking {
  selectedId: string | null
  hoveredId: string | null
  /** The query, as text. */
  filter: string
  /** By who spawned whom, in place of by urgency. */
  isTree: boolean
  view: PanelView
  /** `null`: by urgency. */
  sort: Sort | null
  /** Ids of agents whose children the tree does not show. */
  collapsed: ReadonlySet<string>
  /** The panel, where it is a drawer. */
  isPanelOpen: boolean
  /** How the scene is laid out. */
  layoutMode: LayoutMode
  /** The camera goes with the selected agent. */
  isFollowing: boolean
  select(id: string | null): void
  hover(id: string | null): void
  setFilter(filter: string): void
  setTree(isTree: boolean): void
  setView(view: PanelView): void
  setSort(sort: Sort | null): void
  toggleCollapsed(id: string): void
  /** Their children are shown. */
  expand(ids: readonly string[]): void
  setPanelOpen(isOpen: boolean): void
  setLayoutMode(mode: LayoutMode): void
  setFollowing(isFollowing: boolean): void
}

export const useLooking = create<Looking>((set) => ({
  selectedId: null,
  hoveredId: null,
  filter: '',
  isTree: false,
  view: 'list',
  sort: null,
  collapsed: new Set(),
  isPanelOpen: false,
  layoutMode: 'force',
  isFollowing: false,
  select: (selectedId) => set((old) => ({ selectedId, isFollowing: old.isFollowing && selectedId !== null })),
  hover: (hoveredId) => set((old) => (old.hoveredId === hoveredId ? old : { hoveredId })),
  setFilter: (filter) => set({ filter }),
  setTree: (isTree) => set({ isTree }),
  setView: (view) => set({ view }),
  setSort: (sort) => set({ sort }),
  toggleCollapsed: (id) =>
    set(({ collapsed }) => {
      const next = new Set(collapsed)
      if (!next.delete(id)) next.add(id)
      return { collapsed: next }
    }),
  expand: (ids) =>
    set((old) => {
      if (!ids.some((id) => old.collapsed.has(id))) return old
      const collapsed = new Set(old.collapsed)
      for (const id of ids) collapsed.delete(id)
      return { collapsed }
    }),
  setPanelOpen: (isPanelOpen) => set({ isPanelOpen }),
  setLayoutMode: (layoutMode) => set({ layoutMode }),
  setFollowing: (isFollowing) => set((old) => ({ isFollowing: isFollowing && old.selectedId !== null })),
}))
