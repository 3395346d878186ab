// The setting for notifications, and why it cannot be changed where it cannot.

import type { ReactNode } from 'react'
import { type NotifyState, setNotify, useNotify } from '../store/notify.ts'

const WHY: Readonly<Partial<Record<NotifyState, string>>> = {
  impossible: 'This browser cannot, or not at this address (it wants https, or this very machine).',
  blocked: 'The browser was told no for this page: allow it there first.',
}

export function NotifySetting(): ReactNode {
  const state = useNotify((notify) => notify.state)
  const why = WHY[state]
  return (
    <label className="notify-setting">
      <input
        type="checkbox"
        data-testid="notify-setting"
        checked={state === 'on'}
        disabled={why !== undefined}
        onChange={({ target }) => {
          // As above in the toast: a refusal shows in the setting.
          setNotify(target.checked).catch(() => undefined)
        }}
      />{' '}
      Notify me when an agent fails or needs me while this page is hidden
      {why && <small> {why}</small>}
    </label>
  )
}
