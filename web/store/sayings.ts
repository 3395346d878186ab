// What is said to who does not look. Each saying is a node of its own, for a screen reader says what appears: a text that is
// there again is the same text, and not said. None stays: who reads the page later would take it for now.

import { create } from 'zustand'

export interface Saying {
  id: number
  text: string
  /** At once, whatever is being read; else when there is a pause. */
  isUrgent: boolean
}

/** As long as the slowest screen reader needs to have seen it. */
export const SAID_FOR_MS = 5_000
/** More at once nobody can follow. */
const MAX_SAYINGS = 8

export const useSayings = create<{ sayings: readonly Saying[] }>(() => ({ sayings: [] }))

let lastId = 0

export function say(text: string, isUrgent = false): void {
  const saying: Saying = { id: ++lastId, text, isUrgent }
  useSayings.setState(({ sayings }) => ({ sayings: [...sayings, saying].slice(-MAX_SAYINGS) }))
  setTimeout(() => {
    const { sayings } = useSayings.getState()
    if (sayings.includes(saying)) useSayings.setState({ sayings: sayings.filter((other) => other !== saying) })
  }, SAID_FOR_MS)
}

/** What was said is not so any more. */
export function hush(): void {
  useSayings.setState({ sayings: [] })
}
