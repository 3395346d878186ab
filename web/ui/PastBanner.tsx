// Says, unmistakably, that what is shown is not now: which moment it is, and the way back.

import { History, Radio } from 'lucide-react'
import type { ReactNode } from 'react'
import { useLine } from '../store/line.ts'
import { pastMode } from '../store/shown.ts'
import { travel } from '../store/timeMachine.ts'
import { shownMs, useTravel } from '../store/travel.ts'
import { Line } from './Banner.tsx'
import { bannerLines } from './bannerLines.ts'
import { agoText, momentText } from './timelineWords.ts'
import { useSteadyClock, useWallClock } from './useNow.ts'

export default function PastBanner(): ReactNode {
  const now = useTravel()
  const line = useLine()
  const nowMs = useWallClock() + line.clockOffsetMs
  const steadyMs = useSteadyClock()
  const atMs = shownMs(now)
  if (atMs === null) return null
  // What is shown is the past as ever, but it does not go on, and there is no other: that must be said.
  const lost = bannerLines(line, steadyMs).find(({ key }) => key === 'line')
  const isMock = pastMode(line) === 'mock'
  const isSeeking = now.state === 'paused' && now.wantedMs !== null
  return (
    <>
      {/* Said when it stands still: a played past would never stop talking. */}
      <div className="sr-only" role="status">
        {isMock && 'MOCK '}
        {now.state === 'playing' ? 'Playing the past' : `Showing the past: ${momentText(atMs, nowMs)}`}
      </div>
      <div className="sr-only" role="alert">
        {lost && `${lost.sentence} ${lost.suggestion}`}
      </div>
      <section className="banner" data-testid="banner" data-tone="past" aria-label="The past">
        <div className="banner-line">
          <History className="banner-icon" size={18} aria-hidden="true" />
          <p className="banner-text">
            {isMock && (
              <span className="banner-word" data-mock>
                MOCK
              </span>
            )}
            <strong className="figures">
              Past: <time dateTime={new Date(atMs).toISOString()}>{momentText(atMs, nowMs)}</time>
            </strong>{' '}
            <span className="banner-age figures">{agoText(atMs, nowMs)}.</span>{' '}
            {isSeeking ? 'Going on…' : 'Nothing here is now; commands are off.'}
          </p>
          <button type="button" className="button" data-testid="banner-live" onClick={() => travel.backToLive()}>
            <Radio size={14} aria-hidden="true" /> Back to live
          </button>
        </div>
        {lost && <Line line={{ ...lost, asOfMs: null }} nowMs={steadyMs} hasRetry={lost.canRetry} />}
      </section>
    </>
  )
}
