// The scene's marks as icons: each state has a form of its own, not only a colour. A word always stands beside them.

import type { ReactNode } from 'react'
import type { Mark } from './rowWords.ts'

interface StatusMarkProps {
  look: Mark
  /** Drawn as an outline: registered, not seen to work. */
  isHollow?: boolean
}

export function StatusMark({ look, isHollow = false }: StatusMarkProps): ReactNode {
  return (
    <svg
      className="mark"
      width="18"
      height="18"
      viewBox="0 0 18 18"
      fill="none"
      style={{ color: look === 'stuck' ? 'var(--lost)' : `var(--look-${look})` }}
      aria-hidden="true"
    >
      {mark(look, isHollow)}
    </svg>
  )
}

function dot(radius: number, isHollow: boolean): ReactNode {
  return isHollow ? (
    <circle cx="9" cy="9" r={radius - 0.6} stroke="currentColor" strokeWidth="1.5" />
  ) : (
    <circle cx="9" cy="9" r={radius} fill="currentColor" />
  )
}

function mark(look: Mark, isHollow: boolean): ReactNode {
  const stroke = { stroke: 'currentColor', strokeWidth: 1.5, strokeLinecap: 'round' } as const
  switch (look) {
    case 'needs-you':
      return (
        <>
          {dot(3.1, isHollow)}
          <circle cx="9" cy="9" r="5.4" {...stroke} />
          <circle cx="9" cy="9" r="8" {...stroke} strokeWidth="1" opacity="0.65" />
        </>
      )
    case 'failed':
      return (
        <>
          {dot(3.1, isHollow)}
          <circle
            cx="9"
            cy="9"
            r="6.2"
            {...stroke}
            strokeDasharray="5.5 4.24"
            strokeDashoffset="2.75"
            strokeLinecap="butt"
          />
          <path d="M3 3l3 3M15 3l-3 3M3 15l3-3M15 15l-3-3" {...stroke} />
        </>
      )
    case 'stuck':
      // Held from above and below.
      return (
        <>
          {dot(3.1, isHollow)}
          <path d="M4.4 4.9a6.2 6.2 0 0 1 9.2 0M4.4 13.1a6.2 6.2 0 0 0 9.2 0" {...stroke} strokeWidth="2.2" />
        </>
      )
    case 'active':
      return dot(4.6, isHollow)
    case 'tool':
      return (
        <>
          {dot(3.1, isHollow)}
          <path d="M9 2.4a6.6 6.6 0 0 1 5.7 9.9" {...stroke} />
          <circle cx="9" cy="9" r="6.6" {...stroke} strokeWidth="1" opacity="0.28" />
        </>
      )
    case 'initializing':
      return (
        <>
          {dot(2.4, isHollow)}
          <circle cx="9" cy="9" r="5.8" {...stroke} strokeDasharray="2.2 2.36" strokeLinecap="butt" />
        </>
      )
    case 'idle':
      return dot(3.6, isHollow)
    case 'offline':
      // Struck out: an outline alone is what a registered agent looks like.
      return (
        <>
          <circle cx="9" cy="9" r="2.7" {...stroke} />
          <path d="M4.2 13.8l9.6-9.6" {...stroke} />
        </>
      )
    default:
      return look satisfies never
  }
}
