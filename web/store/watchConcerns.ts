// Keeps what follows from state and time: a moment after changes, and by a slow clock only while somebody is at work.

import { concernsOf, useConcerns } from './concerns.ts'
import { isSeen, onSeen } from './seen.ts'
import { model, serverNowMs } from './session.ts'
import { shownMs, useTravel } from './travel.ts'

/** Changes within this are looked at together. */
const SOON_MS = 1_000
/** Silence is told in minutes. */
const BEAT_MS = 10_000

/** Returns its end. */
export function watchConcerns(): () => void {
  let soonTimer: ReturnType<typeof setTimeout> | undefined
  let beatTimer: ReturnType<typeof setTimeout> | undefined
  const look = () => {
    clearTimeout(soonTimer)
    clearTimeout(beatTimer)
    soonTimer = undefined
    const nowMs = shownMs(useTravel.getState()) ?? serverNowMs()
    const before = useConcerns.getState()
    const concerns = concernsOf(model.store, nowMs, before)
    if (concerns !== before) useConcerns.setState(concerns, true)
    // What is past stands still, and what nobody sees is looked at when somebody does again.
    if (concerns.hasWorkers && !model.isPast && isSeen()) beatTimer = setTimeout(look, BEAT_MS)
  }
  const soon = () => {
    soonTimer ??= setTimeout(look, SOON_MS)
  }
  const stops = [
    model.onChange(({ isReset }) => (isReset ? look() : soon())),
    useTravel.subscribe(soon),
    onSeen((isSeenNow) => {
      if (isSeenNow) look()
    }),
  ]
  look()
  return () => {
    for (const stop of stops) stop()
    clearTimeout(soonTimer)
    clearTimeout(beatTimer)
  }
}
