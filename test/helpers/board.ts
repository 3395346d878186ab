// The panels' input where nothing is out of the ordinary: somebody is selected, all else is off.

import type { BoardInput } from '../../web/xr/boardLayout.ts'

export const BOARD: BoardInput = {
  banner: null,
  notice: null,
  detail: null,
  hasSelection: true,
  isDetailOpen: true,
  isFollowing: false,
  isSeated: false,
  isGoing: false,
  isGliding: false,
  arrangement: '',
  filter: '',
  sound: '',
  canRetry: true,
  hasPast: false,
  isPast: false,
  isPlaying: false,
  canTerminate: false,
  isAsking: false,
}
