// The bodies' shapes, flat, for the legend.

import type { ReactNode } from 'react'
import type { Family } from '../theme/roles.ts'

const OUTLINES: Readonly<Record<Exclude<Family, 'task'>, ReactNode>> = {
  lead: <path d="M9 1.2l6.8 3.9v7.8L9 16.8l-6.8-3.9V5.1zM9 5.2l4 6.6H5zM9 1.2v4M2.2 12.9L5 11.8M15.8 12.9L13 11.8" />,
  builder: <path d="M9 1.8l6.4 3.5v7.4L9 16.2l-6.4-3.5V5.3zM2.6 5.3L9 8.8l6.4-3.5M9 8.8v7.4" />,
  checker: <path d="M9 1.4l6.2 7.6L9 16.6 2.8 9zM2.8 9l6.2 2.2L15.2 9M9 1.4v9.8" />,
  other: <path d="M9 2.4a6.6 6.6 0 1 0 0 13.2A6.6 6.6 0 0 0 9 2.4zM6.4 6.6a3.4 3.4 0 0 1 2-1.6" />,
}

export function FamilyShape({ family }: { family: Exclude<Family, 'task'> }): ReactNode {
  return (
    <svg className="mark" width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
      <g fill="none" stroke="currentColor" strokeWidth="1.2" strokeLinejoin="round" strokeLinecap="round">
        {OUTLINES[family]}
      </g>
    </svg>
  )
}
