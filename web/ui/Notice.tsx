import { Check, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { useNotice } from '../store/notice.ts'

export function Notice(): ReactNode {
  const notice = useNotice((state) => state.notice)
  return (
    <div className="notice-place" role="status" data-testid="notice">
      {notice && (
        <p className="notice" data-tone={notice.tone}>
          {notice.tone === 'done' ? (
            <Check size={15} aria-hidden="true" />
          ) : (
            <TriangleAlert size={15} aria-hidden="true" />
          )}
          {notice.text}
        </p>
      )}
    </div>
  )
}
