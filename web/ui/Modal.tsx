// A dialog in our clothes. Radix brings the focus in (back it goes by focusBack.ts), the Escape key, and hides the rest from
// screen readers. What it injects (a style that stops scrolling behind it) bears the page's nonce.

import { setNonce } from 'get-nonce'
import { X } from 'lucide-react'
import { Dialog } from 'radix-ui'
import type { ReactNode } from 'react'
import { giveFocusBack } from './focusBack.ts'

interface ModalProps {
  title: string
  /** Says more, for everybody. */
  description?: ReactNode
  size?: 'small' | 'large'
  testId: string
  children: ReactNode
  onClose(): void
}

/** Before the first style is injected; again does no harm. */
export function useNonce(): void {
  const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce
  if (nonce) setNonce(nonce)
}

export function Modal({ title, description, size = 'small', testId, children, onClose }: ModalProps): ReactNode {
  useNonce()
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content
          className="dialog"
          data-size={size}
          data-testid={testId}
          onCloseAutoFocus={giveFocusBack}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
        >
          <div className="dialog-head">
            <Dialog.Title className="dialog-title">{title}</Dialog.Title>
            <Dialog.Close className="icon-button" data-small aria-label="Close">
              <X size={16} />
            </Dialog.Close>
          </div>
          {description !== undefined && (
            <Dialog.Description className="dialog-description" asChild>
              <div>{description}</div>
            </Dialog.Description>
          )}
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
