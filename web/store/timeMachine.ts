// The page's one way to the past. Loaded with whatever leads there, not with the page.

import { historyClient } from '../stream/historyClient.ts'
import { currentToken } from '../stream/token.ts'
import { useLine } from './line.ts'
import { model, serverNowMs } from './session.ts'
import { TimeTravel } from './timeTravel.ts'
import { useTravel } from './travel.ts'

/** What was, asked for with the page's token. The server says beforehand where nothing can be told. */
export const pastClient = historyClient(
  (path, init) => fetch(path, { ...init, headers: { Authorization: `Bearer ${currentToken() ?? ''}` } }),
  () => useLine.getState().status?.noHistory ?? null,
)

export const travel: TimeTravel = new TimeTravel({
  history: pastClient,
  nowMs: serverNowMs,
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  publish: (state) => useTravel.setState(state, true),
  show: (store) => model.showPast(store),
  move: (store, { put, del }) => model.movePast(store, put, del),
  showLive: () => model.showLive(),
})
