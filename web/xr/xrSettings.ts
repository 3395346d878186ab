// How its user likes to stand in there, kept in this browser.

import { STANDS, type StandName } from './worldRig.ts'

export interface XrSettings {
  stand: StandName
  /** The swarm so much higher than usual, in metres: for who sits, or is not as tall as most. */
  heightMetres: number
  /** Who sits has everything nearer. */
  isSeated: boolean
  /** Pushed forward, a stick glides instead of choosing a place to go to: not everybody can bear that, so it has to be asked for. */
  isGliding: boolean
}

const STORAGE_KEY = 'swarmscope.xr'
export const MAX_HEIGHT_METRES = 0.8
const DEFAULTS: XrSettings = { stand: 'table', heightMetres: 0, isSeated: false, isGliding: false }

/** Whatever a storage holds: another version, or another hand, may have written it. */
export function parseXrSettings(text: string | null): XrSettings {
  let stored: unknown
  try {
    stored = JSON.parse(text ?? 'null')
  } catch {
    return DEFAULTS
  }
  if (typeof stored !== 'object' || stored === null) return DEFAULTS
  const { stand, heightMetres, isSeated, isGliding } = stored as Record<string, unknown>
  return {
    stand: isStand(stand) ? stand : DEFAULTS.stand,
    heightMetres: typeof heightMetres === 'number' ? clampHeight(heightMetres) : DEFAULTS.heightMetres,
    isSeated: isSeated === true,
    isGliding: isGliding === true,
  }
}

const isStand = (value: unknown): value is StandName => typeof value === 'string' && Object.hasOwn(STANDS, value)

export const clampHeight = (metres: number): number =>
  Number.isFinite(metres) ? Math.min(MAX_HEIGHT_METRES, Math.max(-MAX_HEIGHT_METRES, metres)) : 0

export function readXrSettings(): XrSettings {
  try {
    return parseXrSettings(localStorage.getItem(STORAGE_KEY))
  } catch {
    return DEFAULTS // storage is forbidden
  }
}

export function keepXrSettings(settings: XrSettings): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(settings))
  } catch {
    return // it holds as long as the session
  }
}
