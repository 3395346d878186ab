// How long ago, counting on by the page's one clock.

import type { ReactNode } from 'react'
import { useLine } from '../store/line.ts'
import { formatAge } from './format.ts'
import { useNow } from './useNow.ts'

/** `sinceMs`: in ms since 1970, by the server's clock. */
export function Ago({ sinceMs }: { sinceMs: number }): ReactNode {
  const now = useNow()
  const offsetMs = useLine((state) => state.clockOffsetMs)
  return formatAge(now + offsetMs - sinceMs)
}
