// Where the reader is in time, for all who ask; what takes him there (timeTravel.ts) is loaded with the timeline.

import { create } from 'zustand'
import type { SourceError } from '../../protocol/swarm.ts'

export const SPEEDS = [1, 2, 5, 10, 30, 60] as const
export type Speed = (typeof SPEEDS)[number]

export type Travel =
  /** `error`: why a wish to go back was not granted. */
  | { state: 'live'; error: SourceError | null }
  /** Asked for the past; what is shown is still the present. */
  | { state: 'leaving'; wantedMs: number }
  /** `wantedMs`: another moment is being fetched. */
  | { state: 'paused'; shownMs: number; wantedMs: number | null; error: SourceError | null }
  /** `isWaiting`: what comes next has not arrived yet. */
  | { state: 'playing'; shownMs: number; speed: Speed; isWaiting: boolean }

export const useTravel = create<Travel>(() => ({ state: 'live', error: null }))

/** Where the playhead stands, by the server's clock; `null`: in the present. */
export function playheadMs(travel: Travel): number | null {
  switch (travel.state) {
    case 'live':
      return null
    case 'leaving':
      return travel.wantedMs
    case 'paused':
      return travel.wantedMs ?? travel.shownMs
    case 'playing':
      return travel.shownMs
    default:
      return travel satisfies never
  }
}

/** The moment that is shown; `null`: the present. */
export const shownMs = (travel: Travel): number | null =>
  travel.state === 'paused' || travel.state === 'playing' ? travel.shownMs : null

/** Another moment is on its way. */
export const isSeeking = (travel: Travel): boolean =>
  travel.state === 'leaving' || (travel.state === 'paused' && travel.wantedMs !== null)

export const isPast = (travel: Travel): boolean => shownMs(travel) !== null
