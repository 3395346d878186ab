// A word on what the user just did, where nothing else shows it. One at a time: the next takes its place.

import { create } from 'zustand'

export interface Notice {
  text: string
  tone: 'done' | 'failed'
}

const SHOWN_MS = 4_000

export const useNotice = create<{ notice: Notice | null }>(() => ({ notice: null }))

let timer: ReturnType<typeof setTimeout> | undefined

export function tell(text: string, tone: Notice['tone'] = 'done'): void {
  clearTimeout(timer)
  useNotice.setState({ notice: { text, tone } })
  timer = setTimeout(() => useNotice.setState({ notice: null }), SHOWN_MS)
}
