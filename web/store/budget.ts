// What the agents have cost, also those that left, against what they may. Always of now.

import { create } from 'zustand'
import { type Budget, budgetOf, totalsOf } from '../../protocol/derive.ts'
import { useLine } from './line.ts'
import { model } from './session.ts'

/** `null`: nobody set a limit. */
export const useBudget = create<{ budget: Budget | null }>(() => ({ budget: null }))

const INTERVAL_MS = 1_000

/** Returns its end. */
export function watchBudget(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = () => {
    timer = undefined
    const limitUsd = useLine.getState().status?.budgetUsd ?? null
    const budget = limitUsd === null ? null : budgetOf(limitUsd, totalsOf(model.live))
    const before = useBudget.getState().budget
    const isSame = budget?.spentUsd === before?.spentUsd && budget?.limitUsd === before?.limitUsd
    if (!isSame) useBudget.setState({ budget })
  }
  const soon = () => {
    // Without a limit there is nothing to add up.
    if (useBudget.getState().budget === null && (useLine.getState().status?.budgetUsd ?? null) === null) return
    timer ??= setTimeout(look, INTERVAL_MS)
  }
  const stops = [model.onLiveChange(soon), useLine.subscribe(soon)]
  look()
  return () => {
    for (const stop of stops) stop()
    clearTimeout(timer)
  }
}
