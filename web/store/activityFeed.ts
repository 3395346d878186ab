// What one agent did, the latest first, from the server's log. Read again when a frame says that the agent changed, never by
// a clock; many changes at once are one reading. No DOM: reading and time come in by `edge`.

import type { SourceError } from '../../protocol/swarm.ts'
import type { Answer } from '../stream/apiClient.ts'

export interface FeedItem {
  seq: number
  index: number
  what: 'upserted' | 'retired'
  status: string | null
  before: string | null
  currentTask: string | null
  tool: {
    name: string
    detail: string | null
    phase: 'started' | 'ended'
    durationMs: number | null
    ok: boolean | null
  } | null
  at: string | null
  receivedAt: string
}

export interface Feed {
  items: FeedItem[]
  /** Where older ones begin; `null`: there are none. */
  next: string | null
  isLoading: boolean
  error: SourceError | null
}

export const EMPTY_FEED: Feed = { items: [], next: null, isLoading: true, error: null }

export interface FeedEdge {
  read(path: string, signal: AbortSignal): Promise<Answer>
  setTimer(callback: () => void, delayMs: number): unknown
  clearTimer(timer: unknown): void
  nowMs(): number
  onFeed(feed: Feed): void
}

const PAGE = 25
/** More is not kept: who wants it all has the API. */
const MAX_ITEMS = 500
/** A busy agent changes several times a second; nobody reads that fast. */
export const REREAD_MS = 1_500

export class ActivityFeed {
  readonly #agentId: string
  readonly #edge: FeedEdge
  readonly #aborter = new AbortController()
  #feed: Feed = EMPTY_FEED
  #timer: unknown = null
  #lastReadMs = Number.NEGATIVE_INFINITY
  #isReading = false
  /** Something changed while a reading was under way: it may have come too late for it. */
  #isDirty = false

  constructor(agentId: string, edge: FeedEdge) {
    this.#agentId = agentId
    this.#edge = edge
  }

  start(): void {
    this.#readNewest()
  }

  /** The agent changed. */
  touch(): void {
    if (this.#isReading) {
      this.#isDirty = true
      return
    }
    if (this.#timer !== null || this.#aborter.signal.aborted) return
    const waitMs = this.#lastReadMs + REREAD_MS - this.#edge.nowMs()
    if (waitMs <= 0) {
      this.#readNewest()
      return
    }
    this.#timer = this.#edge.setTimer(() => {
      this.#timer = null
      this.#readNewest()
    }, waitMs)
  }

  /** The server can be reached again: what it could not be asked for then is read now. */
  lineIsBack(): void {
    if (this.#feed.error !== null) this.touch()
  }

  async readOlder(): Promise<void> {
    const { next } = this.#feed
    if (next === null || this.#feed.isLoading) return
    this.#publish({ isLoading: true })
    const page = await this.#page(`&cursor=${encodeURIComponent(next)}`)
    // The newest may have been read meanwhile, and what was shown let go of.
    if (page === null || this.#feed.next !== next) return
    if (page.type === 'failed') this.#publish({ isLoading: false, error: page.error })
    else this.#take([...this.#feed.items, ...page.items], page.next)
  }

  close(): void {
    this.#aborter.abort()
    this.#edge.clearTimer(this.#timer)
  }

  #readNewest(): void {
    this.#isReading = true
    this.#isDirty = false
    this.#lastReadMs = this.#edge.nowMs()
    this.#page('').then(
      (page) => {
        this.#isReading = false
        if (page === null) return
        if (page.type === 'failed') this.#publish({ isLoading: false, error: page.error })
        else this.#joinNewest(page.items, page.next)
        if (this.#isDirty) this.touch()
      },
      () => {
        this.#isReading = false
      },
    )
  }

  /** What is known goes on behind the new page where the two meet; else it is let go of, for a gap would look like none. */
  #joinNewest(items: FeedItem[], next: string | null): void {
    const last = items.at(-1)
    const known = this.#feed.items
    const meet = last ? known.findIndex((item) => item.seq === last.seq && item.index === last.index) : -1
    if (meet < 0) this.#take(items, next)
    else this.#take([...items, ...known.slice(meet + 1)], meet + 1 < known.length ? this.#feed.next : next)
  }

  #take(items: FeedItem[], next: string | null): void {
    const isFull = items.length >= MAX_ITEMS
    this.#publish({ items: items.slice(0, MAX_ITEMS), next: isFull ? null : next, isLoading: false, error: null })
  }

  #publish(change: Partial<Feed>): void {
    this.#feed = { ...this.#feed, ...change }
    this.#edge.onFeed(this.#feed)
  }

  /** `null`: nobody wants it any more. */
  async #page(more: string) {
    const path = `/activity?kind=agent&limit=${PAGE}&id=${encodeURIComponent(this.#agentId)}${more}`
    const answer = await this.#edge.read(path, this.#aborter.signal)
    if (this.#aborter.signal.aborted) return null
    if (answer.type === 'failed') return answer
    const { activity, next } = answer.body
    const items = Array.isArray(activity) ? activity.filter(isItem) : []
    return { type: 'ok', items, next: typeof next === 'string' ? next : null } as const
  }
}

function isItem(value: unknown): value is FeedItem {
  if (typeof value !== 'object' || value === null) return false
  const { seq, index, receivedAt, what } = value as Record<string, unknown>
  return (
    typeof seq === 'number' && typeof index === 'number' && typeof receivedAt === 'string' && typeof what === 'string'
  )
}

/** One line of the feed: something that happened, or how often it was only reported again. */
export interface FeedLine {
  key: string
  text: string
  tone: 'plain' | 'failed' | 'quiet'
  /** `null`: nobody told. */
  at: string | null
}

/**
 * In words. Reports that say nothing new are one line together. `isRecorded`: when a recording's entry was read is no time of
 * the recording, so that one which has no time of its own has none.
 */
export function feedLines(items: readonly FeedItem[], isRecorded = false): FeedLine[] {
  // The source's clock where it told one.
  const timeOf = (item: FeedItem) => item.at ?? (isRecorded ? null : item.receivedAt)
  const lines: FeedLine[] = []
  let repeated = 0
  for (const [index, item] of items.entries()) {
    const said = happeningOf(item, items[index + 1])
    if (said === null) {
      repeated++
      const text = repeated === 1 ? 'reported again' : `reported again, ${repeated} times`
      const line: FeedLine = { key: `quiet ${item.seq}.${item.index}`, text, tone: 'quiet', at: timeOf(item) }
      if (repeated === 1) lines.push(line)
      else lines[lines.length - 1] = { ...line, at: lines.at(-1)?.at ?? line.at }
      continue
    }
    repeated = 0
    lines.push({ key: `${item.seq}.${item.index}`, at: timeOf(item), ...said })
  }
  return lines
}

function happeningOf(item: FeedItem, before: FeedItem | undefined): Pick<FeedLine, 'text' | 'tone'> | null {
  const { tool, status, currentTask } = item
  if (item.what === 'retired') return { text: 'gone', tone: 'quiet' }
  if (tool) return toolHappening(tool)
  if (item.before === null && before === undefined)
    return { text: `first seen: ${status ?? 'unknown'}`, tone: toneOf(status) }
  if (status !== item.before && item.before !== null)
    return { text: `${item.before} → ${status}`, tone: toneOf(status) }
  if (before && currentTask !== before.currentTask) {
    return { text: currentTask === null ? 'no task any more' : `task: ${currentTask}`, tone: 'plain' }
  }
  return null
}

const toneOf = (status: string | null): FeedLine['tone'] => (status === 'error' ? 'failed' : 'plain')

function toolHappening(tool: NonNullable<FeedItem['tool']>): Pick<FeedLine, 'text' | 'tone'> {
  const what = tool.detail === null ? tool.name : `${tool.name} ${tool.detail}`
  if (tool.phase === 'started') return { text: `${what} …`, tone: 'plain' }
  const took =
    tool.durationMs === null
      ? ''
      : ` after ${tool.durationMs < 1_000 ? `${Math.round(tool.durationMs)} ms` : `${(tool.durationMs / 1_000).toFixed(1)} s`}`
  if (tool.ok === false) return { text: `${what} failed${took}`, tone: 'failed' }
  return { text: `${what} done${took}`, tone: 'plain' }
}
