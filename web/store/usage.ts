// The use of the world that is shown: measured as it goes on, and what was before from the history, where there is one.

import { create } from 'zustand'
import { useLine } from './line.ts'
import { measurePast } from './measurePast.ts'
import { liveMomentMs } from './moment.ts'
import { model } from './session.ts'
import { pastClient } from './timeMachine.ts'
import { shownMs, useTravel } from './travel.ts'
import { useTimeline } from './travelOverview.ts'
import { UsageMeter } from './usageMeter.ts'

/** How far back a chart reaches. */
export const USAGE_SPAN_MS = 15 * 60_000
/** While dragging, every moment is soon another. */
const REST_MS = 700

interface Usage {
  /** Of what is shown; `null`: not known yet. */
  meter: UsageMeter | null
}

export const useUsage = create<Usage>(() => ({ meter: null }))

/** Keeps the meter of what is shown; returns its end. */
export function watchUsage(): () => void {
  let live = new UsageMeter(liveMomentMs(), model.live.values())
  let epoch = model.live.epoch
  // Each way back ends the one before it of its kind: what is now and what is past are measured side by side.
  const trips = { live: 0, past: 0 }
  let restTimer: ReturnType<typeof setTimeout> | undefined

  const earliestMs = (): number | null => {
    const { overview } = useTimeline.getState()
    return overview.state === 'ready' ? overview.stateFromMs : null
  }
  const measure = async (kind: keyof typeof trips, untilMs: number, use: (meter: UsageMeter) => void) => {
    const mine = ++trips[kind]
    const firstMs = earliestMs()
    if (firstMs === null || firstMs >= untilMs) return
    const meter = await measurePast(
      pastClient,
      Math.max(firstMs, untilMs - USAGE_SPAN_MS),
      untilMs,
      () => mine === trips[kind],
    )
    if (meter && mine === trips[kind]) use(meter)
  }
  const lookBack = () => {
    const meter = live
    measure('live', meter.startMs, (earlier) => {
      meter.prepend(earlier)
      useUsage.setState({ meter: useUsage.getState().meter === meter ? meter : useUsage.getState().meter })
    }).catch(() => undefined) // the client answers with an error, it does not reject
  }
  const showLive = () => useUsage.setState({ meter: live })
  const begin = () => {
    live = new UsageMeter(liveMomentMs(), model.live.values())
    if (!model.isPast) showLive()
    lookBack()
  }
  /** The past that is shown, unless it is known or soon another. */
  const measureShown = () => {
    clearTimeout(restTimer)
    const travel = useTravel.getState()
    const atMs = shownMs(travel)
    if (atMs === null || useUsage.getState().meter !== null) return
    if (travel.state === 'paused' && travel.wantedMs !== null) return
    restTimer = setTimeout(() => {
      measure('past', atMs, (meter) => useUsage.setState({ meter })).catch(() => undefined) // as above
    }, REST_MS)
  }

  const stops = [
    model.onLiveChange((change) => {
      if (model.live.epoch !== epoch) {
        epoch = model.live.epoch
        begin()
      } else live.see(change.put, change.del, liveMomentMs())
    }),
    model.onChange((change) => {
      const atMs = shownMs(useTravel.getState())
      const { meter } = useUsage.getState()
      if (!model.isPast || change.isReset || atMs === null || meter === live) return
      meter?.see(change.put, change.del, atMs)
    }),
    useTravel.subscribe((travel, before) => {
      const atMs = shownMs(travel)
      if (atMs === null) {
        trips.past++
        clearTimeout(restTimer)
        if (shownMs(before) !== null) showLive()
        return
      }
      // A played past goes on being measured; one that was leapt to is measured anew.
      if (travel.state === 'playing') return
      const isLeap = shownMs(before) !== atMs && before.state !== 'playing'
      if (isLeap) {
        trips.past++
        useUsage.setState({ meter: null })
      }
      measureShown()
    }),
    // A recording began, and with it another time.
    useLine.subscribe((line, before) => {
      if ((line.recorded === null) !== (before.recorded === null)) begin()
    }),
  ]
  // The overview may come later than this: only then it is known how far back the history reaches.
  let hasLookedBack = earliestMs() !== null
  stops.push(
    useTimeline.subscribe(() => {
      if (hasLookedBack || earliestMs() === null) return
      hasLookedBack = true
      lookBack()
      measureShown()
    }),
  )
  // What was measured when this was open last is of another moment.
  useUsage.setState({ meter: model.isPast ? null : live })
  if (hasLookedBack) lookBack()
  measureShown()
  return () => {
    trips.live++
    trips.past++
    clearTimeout(restTimer)
    for (const stop of stops) stop()
  }
}
