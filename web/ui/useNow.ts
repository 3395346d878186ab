// One clock for all ages and countdowns: a beat each second, only while somebody listens and the page is seen. While the past
// is shown, ages are told from that moment.

import { useSyncExternalStore } from 'react'
import { useLine } from '../store/line.ts'
import { liveMomentMs } from '../store/moment.ts'
import { shownMs, useTravel } from '../store/travel.ts'
import { steadyNowMs } from '../stream/steadyClock.ts'

const BEAT_MS = 1_000
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
let nowMs = Date.now()
let steadyMs = steadyNowMs()
/** In the world that the server shows, by its clock. */
let liveMs = nowMs

function read(): void {
  nowMs = Date.now()
  steadyMs = steadyNowMs()
  liveMs = liveMomentMs()
}

function beat(): void {
  if (document.hidden) return
  read()
  for (const listener of listeners) listener()
}

/** Before the first beat: at most a second old, and stable within a render. */
function fresh(): void {
  if (timer === undefined && Math.abs(steadyNowMs() - steadyMs) >= BEAT_MS) read()
}
function wallNow(): number {
  fresh()
  return nowMs
}
function steadyNow(): number {
  fresh()
  return steadyMs
}
function liveNow(): number {
  fresh()
  return liveMs
}

let stopLine: (() => void) | undefined

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (timer === undefined) {
    read()
    timer = setInterval(beat, BEAT_MS)
    // Another recording, or its end: the time is another at once.
    stopLine = useLine.subscribe((line, before) => {
      if (line.recorded?.pace !== before.recorded?.pace) beat()
    })
    document.addEventListener('visibilitychange', beat)
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    stopLine?.()
    timer = undefined
    document.removeEventListener('visibilitychange', beat)
  }
}

/** In ms since 1970, at most a second old: for what is about sources and the page themselves, whatever is shown. */
export const useWallClock = (): number => useSyncExternalStore(subscribe, wallNow)

/** The same of the clock that nobody sets: for what is about the line. */
export const useSteadyClock = (): number => useSyncExternalStore(subscribe, steadyNow)

/** The moment that is shown, by this machine's clock as all times here: now, that of a recording, or one of the past. */
export function useNow(): number {
  const worldMs = useSyncExternalStore(subscribe, liveNow)
  const offsetMs = useLine((state) => state.clockOffsetMs)
  // To the second: a played past would otherwise render every age ten times a second.
  const pastMs = useTravel((travel) => {
    const ms = shownMs(travel)
    return ms === null || travel.state === 'paused' ? ms : Math.floor(ms / BEAT_MS) * BEAT_MS
  })
  return (pastMs ?? worldMs) - offsetMs
}
