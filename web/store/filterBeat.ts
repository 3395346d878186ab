// Keeps a query that asks for ages true: its answer changes with time alone. By a slow beat, only while such a term is there
// and the page is seen; and at once when another moment is shown.

import { create } from 'zustand'
import { asksForAges } from './agentFilter.ts'
import { useLooking } from './looking.ts'
import { momentPace } from './moment.ts'
import { isSeen, onSeen } from './seen.ts'
import { shownMs, useTravel } from './travel.ts'

/** Ages are told in seconds at their finest, and nobody asks for them to the second. */
export const FILTER_BEAT_MS = 2_000
/** What is played past goes on ten times a second. */
const PLAYED_MS = 1_000

/** Rises when whoever filters should do so anew. */
export const useFilterBeat = create<{ beat: number }>(() => ({ beat: 0 }))

/** Returns its end. */
export function watchFilterBeat(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isAsking = false
  const beat = () => {
    useFilterBeat.setState(({ beat: before }) => ({ beat: before + 1 }))
    wait()
  }
  const wait = () => {
    clearTimeout(timer)
    timer = undefined
    if (isAsking && momentPace() > 0 && isSeen()) timer = setTimeout(beat, FILTER_BEAT_MS)
  }
  const onQuery = ({ filter }: { filter: string }) => {
    isAsking = asksForAges(filter)
    wait()
  }
  const stops = [
    useLooking.subscribe((looking, before) => {
      if (looking.filter !== before.filter) onQuery(looking)
    }),
    useTravel.subscribe((travel, before) => {
      if (!isAsking || shownMs(travel) === shownMs(before)) return
      if (travel.state !== 'playing') beat()
      else timer ??= setTimeout(beat, PLAYED_MS)
    }),
    onSeen((isSeenNow) => {
      if (isAsking && isSeenNow) beat()
      else wait()
    }),
  ]
  onQuery(useLooking.getState())
  return () => {
    for (const stop of stops) stop()
    clearTimeout(timer)
  }
}
