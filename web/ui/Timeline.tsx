// The timeline: how much happened and what failed, and the way back in time: drag it, or use its keys.

import { History, Pause, Play, Radio } from 'lucide-react'
import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import './timeline.css'
import type { SourceError } from '../../protocol/swarm.ts'
import { useLine } from '../store/line.ts'
import { travel } from '../store/timeMachine.ts'
import { playheadMs, SPEEDS, type Speed, type Travel, useTravel } from '../store/travel.ts'
import { type Bin, SPANS, type Span, spanFor } from '../store/travelBins.ts'
import { bins as allBins, chooseSpan, useTimeline, watchOverview } from '../store/travelOverview.ts'
// With the timeline, so that it is there when the past is.
import './PastBanner.tsx'
import { useFocusKept } from './focusKept.ts'
import { TimelineBars } from './TimelineBars.tsx'
import { momentOfKey } from './timelineKeys.ts'
import { agoText, binText, momentText } from './timelineWords.ts'
import { useWallClock } from './useNow.ts'

export default function Timeline(): ReactNode {
  useEffect(watchOverview, [])
  const overview = useTimeline((state) => state.overview)
  const state = useTravel((now) => now.state)
  const section = useRef<HTMLElement>(null)
  // The player goes with the past.
  useFocusKept(section, () => section.current?.querySelector<HTMLElement>('[role=slider]')?.focus())
  const onKeyDown = (event: KeyboardEvent) => {
    // An open list of a field shuts by it.
    if (event.key !== 'Escape' || state === 'live' || event.target instanceof HTMLSelectElement) return
    event.stopPropagation()
    travel.backToLive()
  }
  if (overview.state === 'none') return <NoTimeline error={overview.error} />
  return (
    <section
      ref={section}
      className="timeline"
      data-testid="timeline"
      data-travel={state}
      aria-label="Timeline"
      onKeyDown={onKeyDown}
    >
      <WayBack />
      {state !== 'live' && <Player />}
      <Track
        firstMs={overview.state === 'ready' ? overview.stateFromMs : null}
        isLoading={overview.state === 'loading'}
      />
      <Moment />
    </section>
  )
}

/** Why there is none, in the API's words: what is missing should not look broken. */
function NoTimeline({ error }: { error: SourceError }): ReactNode {
  const why = error.code === 'NOT_FOUND' ? error.details.suggestion : `${error.error}. ${error.details.suggestion}`
  return (
    <section className="timeline" data-testid="timeline" data-travel="none" aria-label="Timeline">
      <History size={15} aria-hidden="true" />
      <p className="timeline-none">
        No timeline. <span>{why}.</span>
      </p>
    </section>
  )
}

function WayBack(): ReactNode {
  const isLive = useTravel(({ state }) => state === 'live')
  return (
    <button
      type="button"
      className="timeline-live"
      data-testid="back-to-live"
      data-live={isLive}
      // Not `disabled`: pressed by keyboard it would lose the focus.
      aria-disabled={isLive}
      data-tip={isLive ? 'What is shown is now' : 'Back to live (Escape)'}
      onClick={() => isLive || travel.backToLive()}
    >
      {isLive ? <span className="timeline-dot" /> : <Radio size={14} aria-hidden="true" />}
      {isLive ? 'Live' : 'Back to live'}
    </button>
  )
}

function Player(): ReactNode {
  const isPlaying = useTravel(({ state }) => state === 'playing')
  const isWaiting = useTravel((now) => now.state === 'playing' && now.isWaiting)
  const [speed, setSpeed] = useState<Speed>(travel.speed)
  return (
    <div className="timeline-player">
      <button
        type="button"
        className="icon-button"
        data-small
        data-testid="play"
        aria-label={isPlaying ? 'Pause' : 'Play from here'}
        data-tip={isPlaying ? 'Pause (Space)' : 'Play from here (Space)'}
        onClick={() => (isPlaying ? travel.pause() : travel.play())}
      >
        {isPlaying ? <Pause size={16} /> : <Play size={16} />}
      </button>
      <select
        className="timeline-select"
        data-testid="speed"
        aria-label="Speed"
        value={speed}
        onChange={({ target }) => {
          const chosen = SPEEDS.find((each) => String(each) === target.value) ?? 1
          setSpeed(chosen)
          travel.setSpeed(chosen)
        }}
      >
        {SPEEDS.map((each) => (
          <option key={each} value={each}>
            {each}×
          </option>
        ))}
      </select>
      <span className="timeline-waiting" aria-hidden="true" data-on={isWaiting} />
    </div>
  )
}

interface TrackProps {
  /** The earliest moment that can be gone to; `null`: there is none. */
  firstMs: number | null
  isLoading: boolean
}

function Track({ firstMs, isLoading }: TrackProps): ReactNode {
  const track = useRef<HTMLDivElement>(null)
  const nowMs = useServerNow()
  const now = useTravel()
  const [hoverMs, setHoverMs] = useState<number | null>(null)
  const { bins, fromMs, toMs, binMs } = useBins(nowMs, playheadMs(now))
  const isLive = now.state === 'live'
  const atMs = playheadMs(now) ?? nowMs
  const earliestMs = Math.max(firstMs ?? nowMs, fromMs)
  const shareOf = (ms: number) => Math.min(1, Math.max(0, (ms - fromMs) / (toMs - fromMs)))

  const said = useSaidValue(now, {
    max: Math.round((toMs - fromMs) / 1_000),
    now: Math.round(shareOf(atMs) * ((toMs - fromMs) / 1_000)),
    text: isLive
      ? 'Live'
      : now.state === 'playing'
        ? `Playing from ${momentText(atMs, nowMs)}`
        : `${momentText(atMs, nowMs)}, ${agoText(atMs, nowMs)}`,
  })

  const msAt = (event: PointerEvent): number => {
    const box = track.current?.getBoundingClientRect()
    if (!box || box.width === 0) return nowMs
    const ms = fromMs + ((event.clientX - box.left) / box.width) * (toMs - fromMs)
    return Math.min(nowMs, Math.max(earliestMs, ms))
  }
  const drag = (event: PointerEvent) => {
    setHoverMs(event.pointerType === 'touch' ? null : msAt(event))
    if (event.buttons === 1 && track.current?.hasPointerCapture(event.pointerId)) travel.goTo(msAt(event))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === ' ' && !isLive) {
      event.preventDefault()
      if (now.state === 'playing') travel.pause()
      else travel.play()
      return
    }
    const ms = firstMs === null ? null : momentOfKey(event.key, event.shiftKey, { atMs, nowMs, firstMs, stepMs: binMs })
    if (ms === null) return
    event.preventDefault()
    travel.goTo(ms)
  }

  const hovered = hoverMs === null ? undefined : bins[Math.floor((hoverMs - fromMs) / binMs)]
  return (
    <div
      ref={track}
      className="timeline-track"
      data-testid="timeline-track"
      role="slider"
      tabIndex={firstMs === null ? -1 : 0}
      aria-label="Time: arrow keys go back and forth, Space plays, End is live"
      aria-orientation="horizontal"
      aria-disabled={firstMs === null}
      aria-valuemin={0}
      aria-valuemax={said.max}
      aria-valuenow={said.now}
      aria-valuetext={said.text}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        if (firstMs === null || event.button !== 0) return
        track.current?.setPointerCapture(event.pointerId)
        travel.goTo(msAt(event))
      }}
      onPointerMove={drag}
      onPointerLeave={() => setHoverMs(null)}
    >
      <TimelineBars bins={bins} isLive={isLive} />
      {firstMs === null && <p className="timeline-hint">{isLoading ? '' : 'Nothing to go back to yet'}</p>}
      {firstMs !== null && firstMs > fromMs && (
        <span className="timeline-before" style={{ width: `${shareOf(firstMs) * 100}%` }} />
      )}
      {hovered && hoverMs !== null && <Hover bin={hovered} share={shareOf(hoverMs)} nowMs={nowMs} />}
      <span className="timeline-head" data-live={isLive} style={{ left: `${shareOf(atMs) * 100}%` }} />
    </div>
  )
}

interface SaidValue {
  /** Seconds, from where the track begins. */
  max: number
  now: number
  text: string
}

/** Said when the user went somewhere, not as time goes on: whose focus is here would hear it each second. */
function useSaidValue(now: Travel, value: SaidValue): SaidValue {
  const place = now.state === 'playing' ? 'playing' : playheadMs(now)
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  return useMemo(() => value, [place, value.max])
}

function Hover({ bin, share, nowMs }: { bin: Bin; share: number; nowMs: number }): ReactNode {
  const edge = share < 0.2 ? 'left' : share > 0.8 ? 'right' : 'middle'
  return (
    <>
      <span className="timeline-cross" style={{ left: `${share * 100}%` }} />
      <span className="timeline-tip figures" data-edge={edge} style={{ left: `${share * 100}%` }} aria-hidden="true">
        {binText(bin, nowMs)}
      </span>
    </>
  )
}

/** The time at the playhead, how far back that is, and why a wish was not granted. */
function Moment(): ReactNode {
  const nowMs = useServerNow()
  const now = useTravel()
  const { span, isSpanChosen } = useTimeline()
  const atMs = playheadMs(now)
  const error = errorOf(now)
  return (
    <div className="timeline-moment">
      <time className="mono" data-testid="moment">
        {momentText(atMs ?? nowMs, nowMs)}
      </time>
      <select
        className="timeline-select"
        aria-label="How far back the timeline reaches"
        data-testid="span"
        value={SPANS.indexOf(span)}
        data-chosen={isSpanChosen}
        onChange={({ target }) => chooseSpan(SPANS[Number(target.value)] ?? span)}
      >
        {SPANS.map(({ title }, index) => (
          <option key={title} value={index}>
            {title}
          </option>
        ))}
      </select>
      <p role="status" className="timeline-error">
        {error && (error.code === 'NOT_FOUND' ? error.details.suggestion : error.error)}
      </p>
    </div>
  )
}

const errorOf = (now: Travel): SourceError | null => (now.state === 'live' || now.state === 'paused' ? now.error : null)

function useServerNow(): number {
  const wallMs = useWallClock()
  return wallMs + useLine((line) => line.clockOffsetMs)
}

/** The bars up to now; wider than chosen where the playhead would not be on them. */
function useBins(nowMs: number, headMs: number | null) {
  const chosen = useTimeline((state) => state.span)
  const version = useTimeline((state) => state.version)
  const needed: Span = headMs === null ? chosen : spanFor(nowMs - headMs)
  const span = needed.spanMs > chosen.spanMs ? needed : chosen
  const { binMs } = span
  const lastBin = Math.floor(nowMs / binMs)
  return useMemo(() => {
    const fromMs = (lastBin + 1) * binMs - span.spanMs
    const toMs = (lastBin + 1) * binMs
    void version // the bins are mutated; their version says so
    return { bins: allBins.bins(fromMs, toMs - 1, binMs), fromMs, toMs, binMs }
  }, [lastBin, binMs, span, version])
}
