// What just went wrong or waits for somebody, where it is seen at once and can be waved away.

import { ChevronDown, CircleHelp, FileWarning, OctagonX, X } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import './toasts.css'
import { dismissAllToasts, dismissToast, holdToasts, showToast, useAlerts, watchAlerts } from '../store/alerts.ts'
import { useLooking } from '../store/looking.ts'
import { setNotify, useNotify } from '../store/notify.ts'
import { useSayings } from '../store/sayings.ts'
import { behindText, frontOf, type Toast, toastText, toastTitle } from '../store/toastQueue.ts'
import { isPast, useTravel } from '../store/travel.ts'
import { useFocusKept } from './focusKept.ts'
import { useMedia } from './hooks.ts'
import { focusRow } from './rowFocus.ts'
import { Theirs } from './Theirs.tsx'

/** Seen at once: they lie over what they are about. */
const ROOMY = 3

export default function Toasts(): ReactNode {
  useEffect(watchAlerts, [])
  const { toasts } = useAlerts()
  const { sayings } = useSayings()
  const isInPast = useTravel(isPast)
  const section = useRef<HTMLElement>(null)
  const isRoomy = useMedia('(min-width: 600px) and (min-height: 600px)')
  const [areAllWanted, wantAll] = useState(false)
  const front = areAllWanted ? toasts : frontOf(toasts, isRoomy ? ROOMY : 1)
  const behind = toasts.filter((toast) => !front.includes(toast))
  // Asked for anew with the next ones.
  if (areAllWanted && toasts.length < 2) wantAll(false)
  useFocusKept(section, () => {
    const next = section.current?.querySelector<HTMLElement>('.toast-show')
    if (next) next.focus()
    else focusRow(useLooking.getState().selectedId)
  })
  return (
    <>
      {/* Not atomic: what is new is said, not what stands beside it. */}
      <div className="sr-only" role="status" aria-atomic="false" data-testid="said-politely">
        {sayings.map(({ id, text, isUrgent }) => !isUrgent && <p key={id}>{text}</p>)}
      </div>
      <div className="sr-only" role="alert" aria-atomic="false" data-testid="said-at-once">
        {sayings.map(({ id, text, isUrgent }) => isUrgent && <p key={id}>{text}</p>)}
      </div>
      {toasts.length > 0 && (
        <section
          ref={section}
          className="toasts"
          data-all={areAllWanted}
          aria-label="Notifications"
          onPointerEnter={() => holdToasts(true)}
          onPointerLeave={() => holdToasts(false)}
          onFocus={() => holdToasts(true)}
          onBlur={() => holdToasts(false)}
        >
          {(behind.length > 0 || areAllWanted) && (
            <div className="toasts-more">
              <button
                type="button"
                className="text-button"
                data-testid="toasts-more"
                aria-expanded={areAllWanted}
                onClick={() => wantAll(!areAllWanted)}
              >
                {areAllWanted ? 'Fewer' : behindText(behind)}
                <ChevronDown size={14} aria-hidden="true" />
              </button>
              <button type="button" className="text-button" data-testid="toasts-dismiss-all" onClick={dismissAllToasts}>
                Dismiss all
              </button>
            </div>
          )}
          {front.map((toast) => (
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
          <Theirs>{toastTitle(toast)}</Theirs>
          {agents.every((agent) => agent.isMock) && <span className="tag">mock</span>}
        </p>
        {text !== '' && (
          <p className="toast-text" data-tip={text}>
            <Theirs>{text}</Theirs>
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
        data-tip="Dismiss"
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
