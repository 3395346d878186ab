// What time it is in what is shown (SPEC.md, M7): now, the time of a recording that is played, or a moment of the past. Ages,
// concerns, queries, rates and what counts as fresh are reckoned with it; what is about the line and the page is not.

import { steadyNowMs } from '../stream/steadyClock.ts'
import { useLine } from './line.ts'
import { serverNowMs } from './session.ts'
import { shownMs, useTravel } from './travel.ts'

/** In the world that the server shows, whatever this page shows: now, or the recording's time. In ms since 1970. */
export function liveMomentMs(): number {
  const { recorded } = useLine.getState()
  if (recorded === null) return serverNowMs()
  return recorded.atMs + (steadyNowMs() - recorded.toldMs) * recorded.pace
}

/** Of what is shown. */
export const momentMs = (): number => shownMs(useTravel.getState()) ?? liveMomentMs()

/** How fast that goes on by itself; 0: it stands. */
export function momentPace(): number {
  if (shownMs(useTravel.getState()) !== null) return 0
  return useLine.getState().recorded?.pace ?? 1
}
