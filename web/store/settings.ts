// What its user set, kept in this browser, and how the page looks because of it.

import { create } from 'zustand'

export const THEMES = ['system', 'dark', 'light'] as const
export const MOTIONS = ['system', 'reduced'] as const
export const LABELS = ['shown', 'hidden'] as const
export const SOUNDS = ['spatial', 'mono', 'off'] as const
export type SoundMode = (typeof SOUNDS)[number]

export interface Settings {
  theme: (typeof THEMES)[number]
  motion: (typeof MOTIONS)[number]
  /** Names in the scene. */
  labels: (typeof LABELS)[number]
  /** Whether single letters are shortcuts: who speaks to their computer cannot have that. */
  letterKeys: boolean
  /** Of alerts in a headset: from where the agent stands, from the middle, or none. */
  sound: SoundMode
  /** Columns of the table that are not shown. */
  hiddenColumns: readonly string[]
}

const DEFAULTS: Settings = {
  theme: 'system',
  motion: 'system',
  labels: 'shown',
  letterKeys: true,
  sound: 'spatial',
  hiddenColumns: [],
}

const STORAGE_KEY = 'swarmscope.settings'
const MAX_HIDDEN = 32

export const useSettings = create<Settings>(() => DEFAULTS)

/** What the page looks like now, the system's wishes and the user's taken together. The scene listens to it. */
export interface Appearance {
  theme: 'dark' | 'light'
  isStill: boolean
}

export const useAppearance = create<Appearance>(() => ({ theme: 'dark', isStill: false }))

/** Whatever a storage holds: another version, or another hand, may have written it. */
export function parseSettings(text: string | null): Settings {
  let stored: unknown
  try {
    stored = JSON.parse(text ?? 'null')
  } catch {
    return DEFAULTS
  }
  if (typeof stored !== 'object' || stored === null) return DEFAULTS
  const { theme, motion, labels, letterKeys, sound, hiddenColumns } = stored as Record<string, unknown>
  return {
    theme: oneOf(THEMES, theme) ?? DEFAULTS.theme,
    motion: oneOf(MOTIONS, motion) ?? DEFAULTS.motion,
    labels: oneOf(LABELS, labels) ?? DEFAULTS.labels,
    letterKeys: typeof letterKeys === 'boolean' ? letterKeys : DEFAULTS.letterKeys,
    sound: oneOf(SOUNDS, sound) ?? DEFAULTS.sound,
    hiddenColumns: Array.isArray(hiddenColumns)
      ? hiddenColumns.filter((column) => typeof column === 'string').slice(0, MAX_HIDDEN)
      : DEFAULTS.hiddenColumns,
  }
}

const oneOf = <T extends string>(list: readonly T[], value: unknown): T | undefined =>
  list.find((candidate) => candidate === value)

export function changeSettings(changes: Partial<Settings>): void {
  useSettings.setState(changes)
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(useSettings.getState()))
  } catch {
    return // storage is forbidden: it holds as long as the page
  }
}

/** Takes what was kept, and keeps the page looking as is wished. */
export function openSettings(): void {
  useSettings.setState(parseSettings(readStored()))
  const light = matchMedia('(prefers-color-scheme: light)')
  const still = matchMedia('(prefers-reduced-motion: reduce)')
  const apply = () => {
    const { theme, motion } = useSettings.getState()
    const next: Appearance = {
      theme: theme === 'system' ? (light.matches ? 'light' : 'dark') : theme,
      isStill: motion === 'reduced' || still.matches,
    }
    // First the page, then who reads its colours.
    const { dataset } = document.documentElement
    dataset.theme = next.theme
    dataset.motion = next.isStill ? 'reduced' : 'full'
    const now = useAppearance.getState()
    if (now.theme !== next.theme || now.isStill !== next.isStill) useAppearance.setState(next)
  }
  apply()
  light.addEventListener('change', apply)
  still.addEventListener('change', apply)
  useSettings.subscribe(apply)
  // Another tab of the same page.
  addEventListener('storage', ({ key, newValue }) => {
    if (key === STORAGE_KEY) useSettings.setState(parseSettings(newValue))
  })
}

function readStored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY)
  } catch {
    return null
  }
}
