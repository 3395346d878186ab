// What is shown, be it now or then: which mode, and whose agents were not current at that moment.

import { isLive } from '../../protocol/derive.ts'
import type { Mode } from '../../protocol/swarm.ts'
import { steadyNowMs } from '../stream/steadyClock.ts'
import { type Line, modeShown, staleSourceIds, useLine } from './line.ts'
import { model } from './session.ts'

/** The past has the mode that the API gives it: of a made-up world it is made up. */
export const pastMode = ({ status }: Line): Mode => (status?.mode === 'mock' ? 'mock' : 'replay')

export function modeOnScreen(): Mode {
  const line = useLine.getState()
  return model.isPast ? pastMode(line) : modeShown(line, steadyNowMs())
}

/** Ids of sources whose agents are, or were at the moment that is shown, not current. */
export function staleSourcesOnScreen(): ReadonlySet<string> {
  if (!model.isPast) return staleSourceIds(useLine.getState().status)
  const sources = [...model.store.all('source').values()]
  return new Set(sources.filter((source) => !isLive(source)).map(({ id }) => id))
}
