// The timeline's data in the page: asked for once, then grown by what arrives. It is asked for again only where what arrived
// cannot tell: another span, another world, a line that was down.

import { create } from 'zustand'
import type { SourceError } from '../../protocol/swarm.ts'
import { useLine } from './line.ts'
import { model, serverNowMs } from './session.ts'
import { pastClient, travel } from './timeMachine.ts'
import { useTravel } from './travel.ts'
import { SPANS, type Span, spanFor, TravelBins } from './travelBins.ts'
import { TurnWatch } from './turns.ts'

export type OverviewState =
  | { state: 'loading' }
  /** Why there is no timeline, in the API's words. */
  | { state: 'none'; error: SourceError }
  | { state: 'ready'; firstMs: number | null; stateFromMs: number | null }

interface Timeline {
  overview: OverviewState
  span: Span
  /** Chosen by the reader; else as much as there is, an hour at most. */
  isSpanChosen: boolean
  /** Rises when the bins changed. */
  version: number
}

export const useTimeline = create<Timeline>(() => ({
  overview: { state: 'loading' },
  span: SPANS[0],
  isSpanChosen: false,
  version: 0,
}))

export const bins = new TravelBins()

/** The bars need no more: a frame of the stream comes up to 30 times a second. */
const TELL_MS = 500
const RETRY_MS = 10_000
/** What is kept is tidied away at its far end: with what happens, it is asked again now and then how far back it reaches. */
const STALE_MS = 60 * 60_000
const MAX_OPENING_SPAN_MS = SPANS[1].spanMs

export function chooseSpan(span: Span): void {
  useTimeline.setState({ span, isSpanChosen: true })
  load()
}

let asked = 0
let loadedMs = 0
let retryTimer: ReturnType<typeof setTimeout> | undefined

function load(): void {
  clearTimeout(retryTimer)
  const id = ++asked
  const nowMs = serverNowMs()
  loadedMs = nowMs
  const { span, isSpanChosen } = useTimeline.getState()
  pastClient.overview(nowMs - (isSpanChosen ? span.spanMs : MAX_OPENING_SPAN_MS)).then(
    (answer) => {
      if (id !== asked) return
      if (answer.type === 'failed') {
        useTimeline.setState({ overview: { state: 'none', error: answer.error } })
        // The line's own return loads again, and that there is one now; this is for a history that ails by itself.
        if (answer.error.code !== 'NOT_FOUND' && !useLine.getState().status?.noHistory)
          retryTimer = setTimeout(load, RETRY_MS)
        return
      }
      const { firstMs, stateFromMs } = answer.value
      bins.load(answer.value, nowMs)
      useTimeline.setState((old) => ({
        overview: { state: 'ready', firstMs, stateFromMs },
        span: isSpanChosen ? old.span : spanFor(Math.min(MAX_OPENING_SPAN_MS, firstMs === null ? 0 : nowMs - firstMs)),
        version: old.version + 1,
      }))
    },
    () => undefined, // the client answers with an error, it does not reject
  )
}

/** Keeps the timeline's data while it is shown; returns its end. */
export function watchOverview(): () => void {
  const watch = new TurnWatch()
  let epoch = model.live.epoch
  let tellTimer: ReturnType<typeof setTimeout> | undefined
  // What is there already is no news.
  watch.see({ isReset: true, put: [...model.live.values()], del: [] }, epoch)
  const stopModel = model.onLiveChange((change) => {
    const turns = watch.see(change, model.live.epoch)
    if (change.isReset) {
      if (model.live.epoch !== epoch) bins.clear()
      epoch = model.live.epoch
      load()
      return
    }
    const count = (kind: 'failed' | 'waiting') => turns.reduce((sum, turn) => sum + (turn.kind === kind ? 1 : 0), 0)
    bins.note(serverNowMs(), {
      events: change.put.length + change.del.length,
      failed: count('failed'),
      waiting: count('waiting'),
    })
    tellTimer ??= setTimeout(() => {
      tellTimer = undefined
      useTimeline.setState((old) => ({ version: old.version + 1 }))
      // The first thing ever to happen: from now on there is a past.
      const { overview } = useTimeline.getState()
      const hasNoPast =
        overview.state === 'ready' && overview.stateFromMs === null && !useLine.getState().status?.noHistory
      if (hasNoPast || serverNowMs() - loadedMs > STALE_MS) load()
    }, TELL_MS)
  })
  // Resumed without a snapshot, what happened meanwhile came in one frame and has no times: the history has them.
  const stopLine = useLine.subscribe((line, before) => {
    const isBack = line.connection.state === 'live' && before.connection.state !== 'live'
    if (isBack) travel.lineIsBack()
    const noHistory = line.status?.noHistory?.code
    if (isBack || noHistory !== before.status?.noHistory?.code) load()
  })
  // A wish was refused because it lies before what is kept by now.
  const stopTravel = useTravel.subscribe((now, before) => {
    const error = 'error' in now ? now.error : null
    if (error?.code === 'NOT_FOUND' && error !== ('error' in before ? before.error : null)) load()
  })
  load()
  return () => {
    stopModel()
    stopLine()
    stopTravel()
    asked++
    clearTimeout(tellTimer)
    clearTimeout(retryTimer)
  }
}
