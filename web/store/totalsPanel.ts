// Whether the totals are open; kept with the page, not beyond it.

import { create } from 'zustand'

export const useTotalsPanel = create<{ isOpen: boolean }>(() => ({ isOpen: false }))

export const toggleTotals = (): void => useTotalsPanel.setState(({ isOpen }) => ({ isOpen: !isOpen }))
