// For what says in a few words what all those that are shown have in common: of many, once a second is enough, where a list
// of them is told five times. Another world is told at once.

import { useSyncExternalStore } from 'react'
import { model } from '../store/session.ts'

const MANY = 2_000
const CALM_MS = 1_000

const listeners = new Set<() => void>()
let version = 0
let epoch = ''
let timer: ReturnType<typeof setTimeout> | undefined
let stop: (() => void) | null = null

function tell(): void {
  clearTimeout(timer)
  timer = undefined
  epoch = model.epoch
  version = model.version
  for (const listener of listeners) listener()
}

function onChange(): void {
  if (model.agents.size <= MANY || model.epoch !== epoch) tell()
  else timer ??= setTimeout(tell, CALM_MS)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  stop ??= model.subscribe(onChange)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    stop?.()
    stop = null
    clearTimeout(timer)
    timer = undefined
  }
}

/** As `useModelVersion`, but not more often than is read. */
export const useCalmVersion = (): number => useSyncExternalStore(subscribe, () => version)
