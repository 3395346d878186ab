// What an agent did, the latest first: read from the server's log, and again when the agent changes. What came later than the
// moment that is shown is left out.

import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { ActivityFeed, EMPTY_FEED, type Feed, feedLines } from '../store/activityFeed.ts'
import { useExactTimes } from '../store/exactTimes.ts'
import { useLine } from '../store/line.ts'
import { model } from '../store/session.ts'
import { shownMs, useTravel } from '../store/travel.ts'
import { askApi } from '../stream/apiClient.ts'
import { formatAge, formatTime } from './format.ts'
import { Theirs } from './Theirs.tsx'
import { useNow } from './useNow.ts'

export function ActivityList({ agentId }: { agentId: string }): ReactNode {
  const { feed, readOlder } = useFeed(agentId)
  const now = useNow()
  const offsetMs = useLine((state) => state.clockOffsetMs)
  const pastMs = useTravel(shownMs)
  const isExact = useExactTimes(({ isOn }) => isOn)
  const items = useMemo(
    () => (pastMs === null ? feed.items : feed.items.filter(({ receivedAt }) => Date.parse(receivedAt) <= pastMs)),
    [feed.items, pastMs],
  )
  const isRecorded = useLine((state) => state.recorded !== null)
  const lines = useMemo(() => feedLines(items, isRecorded), [items, isRecorded])
  // The latest may all be of later.
  const isBeyond = pastMs !== null && items.length === 0 && feed.next !== null && !feed.isLoading && !feed.error
  useEffect(() => {
    if (isBeyond) readOlder()
  })
  return (
    <section data-testid="activity">
      <h3>Activity</h3>
      {feed.error && (
        <p className="field-none">
          {feed.error.error}. {feed.error.details.suggestion}
        </p>
      )}
      {lines.length === 0 && !feed.error && (
        <p className="field-none">{feed.isLoading ? 'Reading…' : 'Nothing is kept of what it did.'}</p>
      )}
      <ol className="feed">
        {lines.map(({ key, text, tone, at }) => (
          <li key={key} className="feed-line" data-tone={tone}>
            <Theirs>{text}</Theirs>
            {at === null ? (
              <span className="feed-untimed" data-tip="Time not reported">
                – <span className="sr-only">time not reported</span>
              </span>
            ) : (
              <time className="figures" dateTime={at} data-tip={formatTime(at)}>
                {isExact ? formatTime(at) : formatAge(now + offsetMs - Date.parse(at))}
              </time>
            )}
          </li>
        ))}
      </ol>
      {feed.next !== null && (
        <button
          type="button"
          className="link-button"
          data-testid="activity-older"
          disabled={feed.isLoading}
          onClick={readOlder}
        >
          Older
        </button>
      )}
    </section>
  )
}

function useFeed(agentId: string): { feed: Feed; readOlder: () => void } {
  const [feed, setFeed] = useState<Feed>(EMPTY_FEED)
  const reader = useRef<ActivityFeed | null>(null)
  useEffect(() => {
    const created = new ActivityFeed(agentId, {
      read: (path, signal) => askApi(path, { signal }),
      setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
      clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
      nowMs: () => performance.now(),
      onFeed: setFeed,
    })
    reader.current = created
    created.start()
    const stop = model.subscribeTo('agent', agentId, () => {
      // What changes in the past is no news to the server's log.
      if (!model.isPast) created.touch()
    })
    const stopLine = useLine.subscribe((line, before) => {
      if (line.connection.state === 'live' && before.connection.state !== 'live') created.lineIsBack()
    })
    return () => {
      stop()
      stopLine()
      created.close()
    }
  }, [agentId])
  return { feed, readOlder: () => void reader.current?.readOlder().catch(() => undefined) }
}
