// One clock for all ages and countdowns: a beat each second, only while somebody listens and the page is seen. While the past
// is shown, ages are told from that moment.

import { useSyncExternalStore } from 'react'
import { useLine } from '../store/line.ts'
import { shownMs, useTravel } from '../store/travel.ts'

const BEAT_MS = 1_000
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
let nowMs = Date.now()

function beat(): void {
  if (document.hidden) return
  nowMs = Date.now()
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (timer === undefined) {
    nowMs = Date.now()
    timer = setInterval(beat, BEAT_MS)
    document.addEventListener('visibilitychange', beat)
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
    document.removeEventListener('visibilitychange', beat)
  }
}

/** In ms since 1970, at most a second old: for what is about the line and the page themselves, whatever is shown. */
export const useWallClock = (): number =>
  useSyncExternalStore(subscribe, () => (timer === undefined ? roundedNow() : nowMs))

/** The moment that is shown, by this machine's clock as all times here: now, or one of the past. */
export function useNow(): number {
  const wallMs = useWallClock()
  const offsetMs = useLine((state) => state.clockOffsetMs)
  // To the second: a played past would otherwise render every age ten times a second.
  const pastMs = useTravel((travel) => {
    const ms = shownMs(travel)
    return ms === null || travel.state === 'paused' ? ms : Math.floor(ms / BEAT_MS) * BEAT_MS
  })
  return pastMs === null ? wallMs : pastMs - offsetMs
}

/** Before the first beat: stable within a render. */
const roundedNow = () => Math.floor(Date.now() / BEAT_MS) * BEAT_MS
