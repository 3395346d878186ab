// A timeline's moments in words.

import type { Bin } from '../store/travelBins.ts'
import { formatAge } from './format.ts'

/** `14:03:22`, with the day if it is not today's, in the reader's zone. */
export function momentText(ms: number, nowMs: number): string {
  const date = new Date(ms)
  const time = date.toLocaleTimeString('en-GB')
  if (date.toDateString() === new Date(nowMs).toDateString()) return time
  return `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${time}`
}

export const agoText = (ms: number, nowMs: number): string => `${formatAge(nowMs - ms)} ago`

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`

/** `14:03:20 · 12 changes · 1 failed`. */
export function binText(bin: Bin, nowMs: number): string {
  const parts = [momentText(bin.fromMs, nowMs), bin.events === 0 ? 'nothing happened' : plural(bin.events, 'change')]
  if (bin.failed > 0) parts.push(`${bin.failed} failed`)
  if (bin.waiting > 0) parts.push(`${bin.waiting} waited for you`)
  return parts.join(' · ')
}
