// Whoever should look is told: toasts in the page, notifications while it is hidden. Always about now, also while the past is
// shown.

import { create } from 'zustand'
import { useLooking } from './looking.ts'
import { endWaitingNotification, notify } from './notify.ts'
import { hush, say } from './sayings.ts'
import { model } from './session.ts'
import { plainText, shownName } from './shownName.ts'
import { sendSceneCommand } from './stage.ts'
import { travel } from './timeMachine.ts'
import { type Toast, ToastQueue, toastText, toastTitle } from './toastQueue.ts'
import { isPast, useTravel } from './travel.ts'
import { TurnWatch } from './turns.ts'

interface Alerts {
  toasts: readonly Toast[]
}

export const useAlerts = create<Alerts>(() => ({ toasts: [] }))

const queue = new ToastQueue()
const FILTERS = { failed: 'status:failed', waiting: 'status:needs-you', conflict: 'is:conflict' } as const
const SETTLE_MS = 1_000
/** A burst's frames follow one another closely: told once, when it has a number. */
const GATHER_MS = 250

let isHeld = false

/** The reader's pointer or focus is at the toasts: they stay. */
export function holdToasts(hold: boolean): void {
  isHeld = hold
}

export function dismissToast(id: number): void {
  queue.dismiss(id)
  // What goes from under the pointer tells of no leaving.
  if (queue.toasts.length === 0) isHeld = false
  useAlerts.setState({ toasts: queue.toasts })
}

export function dismissAllToasts(): void {
  queue.clear()
  isHeld = false
  useAlerts.setState({ toasts: [] })
}

/** Shows who it is about, as it is now. */
export function showToast({ id, kind, agents, count }: Toast): void {
  travel.backToLive()
  const looking = useLooking.getState()
  const [first] = agents
  if (count === 1 && first) {
    looking.select(first.id)
    sendSceneCommand('focus')
  } else looking.setFilter(FILTERS[kind])
  if (matchMedia('(max-width: 899px)').matches) looking.setPanelOpen(true)
  dismissToast(id)
}

function nameOf(agentId: string): string {
  const agent = model.live.get('agent', agentId)
  return agent ? shownName(agent) : plainText(agentId)
}

const isWaiting = (agentId: string): boolean => (model.live.get('agent', agentId)?.attention ?? null) !== null

/** Returns its end. */
export function watchAlerts(): () => void {
  const watch = new TurnWatch()
  let epoch = model.live.epoch
  let gathered: ReturnType<TurnWatch['see']> = []
  let gatherTimer: ReturnType<typeof setTimeout> | undefined
  let settleTimer: ReturnType<typeof setTimeout> | undefined
  watch.see({ isReset: true, put: [...model.live.values()], del: [] }, epoch)

  const settle = () => {
    settleTimer = undefined
    if (queue.toasts.length === 0) isHeld = false
    if (queue.settle(performance.now(), isWaiting, isHeld)) useAlerts.setState({ toasts: queue.toasts })
    if (!queue.toasts.some(({ kind }) => kind === 'waiting')) endWaitingNotification()
    if (queue.toasts.length > 0) settleTimer = setTimeout(settle, SETTLE_MS)
  }
  const tell = () => {
    gatherTimer = undefined
    const touched = queue.add(gathered, performance.now(), nameOf)
    gathered = []
    useAlerts.setState({ toasts: queue.toasts })
    // Beside a past that is shown it must be said that this is now.
    const when = isPast(useTravel.getState()) ? 'Now: ' : ''
    for (const toast of touched) say(`${when}${toastTitle(toast)}. ${toastText(toast)}`, toast.kind === 'waiting')
    // Who is waited for first; more than one at a time would hide it.
    const [most] = [...touched].sort((a, b) => Number(b.kind === 'waiting') - Number(a.kind === 'waiting'))
    if (most) notify(most, () => showToast(most))
    settleTimer ??= setTimeout(settle, SETTLE_MS)
  }

  const stop = model.onLiveChange((change) => {
    const turns = watch.see(change, model.live.epoch)
    if (model.live.epoch !== epoch) {
      // Another world's troubles are nobody's any more.
      epoch = model.live.epoch
      gathered = []
      queue.clear()
      hush()
      useAlerts.setState({ toasts: [] })
    }
    if (turns.length === 0) return
    gathered.push(...turns)
    gatherTimer ??= setTimeout(tell, GATHER_MS)
  })
  return () => {
    stop()
    clearTimeout(gatherTimer)
    clearTimeout(settleTimer)
  }
}
