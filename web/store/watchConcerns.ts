// Keeps what follows from state and time: a moment after changes, and by a slow clock only while somebody is at work.

import { concernsOf, useConcerns } from './concerns.ts'
import { useLine } from './line.ts'
import { momentMs, momentPace } from './moment.ts'
import { isSeen, onSeen } from './seen.ts'
import { model } from './session.ts'
import { shownMs, useTravel } from './travel.ts'

/** Changes within this are looked at together. */
const SOON_MS = 1_000
/** Silence is told in minutes. */
const BEAT_MS = 10_000
/** … also in a recording that is played fast, which is looked at more often, but not all the time. */
const MIN_BEAT_MS = 1_000

/** Returns its end. */
export function watchConcerns(): () => void {
  let soonTimer: ReturnType<typeof setTimeout> | undefined
  let beatTimer: ReturnType<typeof setTimeout> | undefined
  let isDue = false
  const look = () => {
    isDue = false
    clearTimeout(soonTimer)
    clearTimeout(beatTimer)
    soonTimer = undefined
    const before = useConcerns.getState()
    const concerns = concernsOf(model.store, momentMs(), before)
    if (concerns !== before) useConcerns.setState(concerns, true)
    const pace = momentPace()
    // What is past stands still, and what nobody sees is looked at when somebody does again.
    if (concerns.hasWorkers && pace > 0 && isSeen())
      beatTimer = setTimeout(look, Math.max(MIN_BEAT_MS, BEAT_MS / Math.max(1, pace)))
  }
  const soon = () => {
    soonTimer ??= setTimeout(look, SOON_MS)
  }
  /** Before anything of it is drawn; after the world of the new moment has come, where it is another. */
  const now = () => {
    if (isDue) return
    isDue = true
    queueMicrotask(() => {
      if (isDue) look()
    })
  }
  const stops = [
    model.onChange(({ isReset }) => (isReset ? look() : soon())),
    useTravel.subscribe((travel, before) => {
      if (travel.state === 'playing') soon()
      else if (shownMs(travel) !== shownMs(before) || before.state === 'playing') now()
    }),
    useLine.subscribe((line, before) => {
      if (line.recorded?.pace !== before.recorded?.pace) now()
    }),
    onSeen((isSeenNow) => {
      if (isSeenNow) look()
    }),
  ]
  look()
  return () => {
    for (const stop of stops) stop()
    isDue = false
    clearTimeout(soonTimer)
    clearTimeout(beatTimer)
  }
}
