import type { ReactNode } from 'react'
import { plainText } from '../store/shownName.ts'

interface TheirsProps {
  children: string
  className?: string | undefined
  'data-tip'?: string
}

/** What others wrote. It turns round none of our words beside it: its own order ends with it, and no mark in it ends that. */
export const Theirs = ({ children, ...rest }: TheirsProps): ReactNode => <bdi {...rest}>{plainText(children)}</bdi>
