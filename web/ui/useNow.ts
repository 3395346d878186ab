// One clock for all ages and countdowns: a beat each second, only while somebody listens and the page is seen.

import { useSyncExternalStore } from 'react'

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

/** In ms since 1970, at most a second old. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => (timer === undefined ? roundedNow() : nowMs))

/** Before the first beat: stable within a render. */
const roundedNow = () => Math.floor(Date.now() / BEAT_MS) * BEAT_MS
