// The page's keys: one table, from which the keys are obeyed and the sheet is written.

import { useSettings } from './settings.ts'

export type Shortcut =
  | 'search'
  | 'palette'
  | 'shortcuts'
  | 'tree'
  | 'table'
  | 'fit'
  | 'retry'
  | 'share'
  | 'export'
  | 'picture'

interface Key {
  shortcut: Shortcut
  /** As on the keyboard. */
  key: string
  /** With Ctrl, or ⌘ on a Mac. */
  hasCommand: boolean
  title: string
}

export const KEYS: readonly Key[] = [
  { shortcut: 'palette', key: 'k', hasCommand: true, title: 'Commands, and go to an agent' },
  { shortcut: 'search', key: '/', hasCommand: false, title: 'Filter' },
  { shortcut: 'tree', key: 't', hasCommand: false, title: 'By who spawned whom, and back' },
  { shortcut: 'table', key: 'w', hasCommand: false, title: 'All columns, and back' },
  { shortcut: 'fit', key: 'f', hasCommand: false, title: 'Fit all into the scene' },
  { shortcut: 'retry', key: 'r', hasCommand: false, title: 'Retry the connections now' },
  { shortcut: 'share', key: 'l', hasCommand: false, title: 'Copy a link to this view' },
  { shortcut: 'export', key: 'e', hasCommand: false, title: 'Export what is shown as JSON' },
  { shortcut: 'picture', key: 'p', hasCommand: false, title: 'Picture of the scene' },
  { shortcut: 'shortcuts', key: '?', hasCommand: false, title: 'This sheet' },
]

const listeners = new Map<Shortcut, Set<() => void>>()

export function onShortcut(shortcut: Shortcut, listener: () => void): () => void {
  const set = listeners.get(shortcut) ?? new Set()
  listeners.set(shortcut, set)
  set.add(listener)
  return () => set.delete(listener)
}

/** Does what the key does; says whether anybody listened. */
export function runShortcut(shortcut: Shortcut): boolean {
  const set = listeners.get(shortcut)
  if (!set || set.size === 0) return false
  for (const listener of [...set]) listener()
  return true
}

export interface KeyPress {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
}

/** `isTyping`: the key is text for somebody. */
export function shortcutOf(press: KeyPress, isTyping: boolean, letterKeys: boolean): Shortcut | null {
  const hasCommand = press.ctrlKey || press.metaKey
  if (press.altKey || (!hasCommand && (isTyping || !letterKeys))) return null
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key
  return KEYS.find((one) => one.key === key && one.hasCommand === hasCommand)?.shortcut ?? null
}

/** Fields take the keys that are typed into them; so does a dialog, which is all there is while it is open. */
function isTypedInto(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return (
    target.matches('input, textarea, select, [contenteditable]') ||
    target.closest('[role$="dialog"], [role="menu"]') !== null
  )
}

export function openShortcuts(): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.repeat) return
    const shortcut = shortcutOf(event, isTypedInto(event.target), useSettings.getState().letterKeys)
    if (shortcut !== null && runShortcut(shortcut)) event.preventDefault()
  })
}
