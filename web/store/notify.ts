// Notifications of the browser: only while nobody looks (in a headset it is told there), only if its user said so, and few. The browser asks for
// its permission on a click alone, never by itself.

import { create } from 'zustand'
import { isSeen } from './seen.ts'
import { type Toast, toastText, toastTitle } from './toastQueue.ts'

export type NotifyState =
  /** This browser cannot, or not here (it wants https or this very machine). */
  | 'impossible'
  /** The browser was told no: only its own settings can change that. */
  | 'blocked'
  | 'off'
  | 'on'

interface Notify {
  state: NotifyState
  /** Asked once is enough: who said "not now" is not asked in a toast again. */
  isOffered: boolean
}

const STORAGE_KEY = 'swarmscope.notify'

export const useNotify = create<Notify>(() => ({ state: stateNow(), isOffered: readStored() === null }))

function stateNow(): NotifyState {
  if (typeof Notification === 'undefined' || !isSecureContext) return 'impossible'
  if (Notification.permission === 'denied') return 'blocked'
  return Notification.permission === 'granted' && readStored() === 'on' ? 'on' : 'off'
}

/** On a click of its user. Resolves when the browser has an answer. */
export async function setNotify(isWanted: boolean): Promise<void> {
  store(isWanted ? 'on' : 'off')
  if (isWanted && typeof Notification !== 'undefined' && Notification.permission === 'default') {
    await Notification.requestPermission()
  }
  useNotify.setState({ state: stateNow(), isOffered: false })
}

/** One every few seconds is noticed, more are a nuisance: the later ones are in the title's count. */
const PAUSE_MS = 10_000
/** Who waits for somebody is not kept from being told by a failure that came before. */
const last = { waitingMs: Number.NEGATIVE_INFINITY, anyMs: Number.NEGATIVE_INFINITY }
/** Who waits for somebody is told until nobody does. */
let waiting: Notification | null = null

export function notify(toast: Toast, onClick: () => void): void {
  const isMock = toast.agents.every((agent) => agent.isMock)
  if (isSeen() || isMock || useNotify.getState().state !== 'on') return
  const nowMs = performance.now()
  if (nowMs - (toast.kind === 'waiting' ? last.waitingMs : last.anyMs) < PAUSE_MS) return
  last.anyMs = nowMs
  if (toast.kind === 'waiting') last.waitingMs = nowMs
  try {
    const shown = new Notification(toastTitle(toast), {
      body: toastText(toast),
      // The next one of its kind takes its place.
      tag: `swarmscope-${toast.kind}`,
      icon: '/favicon.svg',
    })
    if (toast.kind === 'waiting') waiting = shown
    shown.onclick = () => {
      focus()
      onClick()
      shown.close()
    }
  } catch {
    // Android's Chrome only lets a service worker do that.
    useNotify.setState({ state: 'impossible' })
  }
}

/** Nobody waits any more. */
export function endWaitingNotification(): void {
  waiting?.close()
  waiting = null
}

function readStored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY)
  } catch {
    return null // storage is forbidden
  }
}

function store(value: 'on' | 'off'): void {
  try {
    localStorage.setItem(STORAGE_KEY, value)
  } catch {
    return // as above: it holds as long as the page
  }
}
