// What just went wrong or waits for somebody, where it is seen at once and can be waved away.

import { CircleHelp, FileWarning, OctagonX, X } from 'lucide-react'
import { type ReactNode, useEffect } from 'react'
import './toasts.css'
import { dismissToast, holdToasts, showToast, useAlerts, watchAlerts } from '../store/alerts.ts'
import { setNotify, useNotify } from '../store/notify.ts'
import { type Toast, toastText, toastTitle } from '../store/toastQueue.ts'
import { isPast, useTravel } from '../store/travel.ts'

export default function Toasts(): ReactNode {
  useEffect(watchAlerts, [])
  const { toasts, politely, assertively } = useAlerts()
  const isInPast = useTravel(isPast)
  return (
    <>
      <div className="sr-only" role="status" data-testid="said-politely">
        {politely}
      </div>
      <div className="sr-only" role="alert" data-testid="said-at-once">
        {assertively}
      </div>
      {toasts.length > 0 && (
        <section
          className="toasts"
          aria-label="Notifications"
          onPointerEnter={() => holdToasts(true)}
          onPointerLeave={() => holdToasts(false)}
          onFocus={() => holdToasts(true)}
          onBlur={() => holdToasts(false)}
        >
          {toasts.map((toast) => (
            <ToastCard key={toast.id} toast={toast} isInPast={isInPast} />
          ))}
          <Offer />
        </section>
      )}
    </>
  )
}

const ICONS = { failed: OctagonX, waiting: CircleHelp, conflict: FileWarning } as const

function ToastCard({ toast, isInPast }: { toast: Toast; isInPast: boolean }): ReactNode {
  const { id, kind, agents, count } = toast
  const text = toastText(toast)
  const Icon = ICONS[kind]
  return (
    <article className="toast" data-testid="toast" data-kind={kind}>
      <Icon className="toast-icon" size={17} aria-hidden="true" />
      <div className="toast-words">
        <p className="toast-title">
          {isInPast && <span className="toast-now">Now</span>}
          <bdi>{toastTitle(toast)}</bdi>
          {agents.every((agent) => agent.isMock) && <span className="tag">mock</span>}
        </p>
        {text !== '' && (
          <p className="toast-text" title={text}>
            <bdi>{text}</bdi>
          </p>
        )}
      </div>
      <button type="button" className="toast-show" data-testid="toast-show" onClick={() => showToast(toast)}>
        Show{count > 1 ? ' all' : ''}
      </button>
      <button
        type="button"
        className="icon-button"
        data-small
        data-testid="toast-dismiss"
        aria-label={`Dismiss: ${toastTitle(toast)}`}
        title="Dismiss"
        onClick={() => dismissToast(id)}
      >
        <X size={15} />
      </button>
    </article>
  )
}

/** Offered once; afterwards it is in the settings. */
function Offer(): ReactNode {
  const { state, isOffered } = useNotify()
  if (state !== 'off' || !isOffered) return null
  return (
    <p className="toast-offer">
      Also while this page is hidden?
      <button type="button" className="text-button" data-testid="notify-on" onClick={() => void answer(true)}>
        Notify me
      </button>
      <button type="button" className="text-button" data-testid="notify-off" onClick={() => void answer(false)}>
        No
      </button>
    </p>
  )
}

const answer = (isWanted: boolean): Promise<void> =>
  // A browser that cannot ask says so by refusing; the setting tells.
  setNotify(isWanted).catch(() => undefined)
