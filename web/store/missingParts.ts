// Which parts of the page were asked for and did not come.

import { create } from 'zustand'

export const useMissingParts = create<{ parts: ReadonlySet<unknown> }>(() => ({ parts: new Set() }))

export function partIsMissing(part: unknown): void {
  useMissingParts.setState(({ parts }) => ({ parts: new Set([...parts, part]) }))
}

export function partCame(part: unknown): void {
  const { parts } = useMissingParts.getState()
  if (parts.has(part)) useMissingParts.setState({ parts: new Set([...parts].filter((one) => one !== part)) })
}
