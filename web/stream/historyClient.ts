// Asks the server for what was: GET /api/v1/history…. What comes is checked as far as it keeps the page from breaking on it;
// a refusal is the API's own error, in its own words.

import type { SwarmEvent } from '../../protocol/events.ts'
import { isSoundEntity } from '../../protocol/soundEntity.ts'
import type { SourceError } from '../../protocol/swarm.ts'
import { upcast } from '../../protocol/upcast.ts'
import { serverUnreachable } from './lineErrors.ts'
import { isRecord, isVersion } from './pastFields.ts'
import { type PastState, readPastState, type StateWish } from './pastState.ts'
import { Slices } from './slices.ts'

export type Asked<T> = { type: 'ok'; value: T } | { type: 'failed'; error: SourceError }

export interface Bucket {
  atMs: number
  /** Of any type. */
  events: number
  failed: number
  waiting: number
}

export interface Overview {
  /** Of what is kept; `null`: nothing is. */
  firstMs: number | null
  lastMs: number | null
  /** From when on a state can be told. */
  stateFromMs: number | null
  bucketMs: number
  buckets: Bucket[]
}

export interface PastEvent {
  seq: number
  atMs: number
  event: SwarmEvent
}

export interface EventPage {
  events: PastEvent[]
  /** For the page after it; `null`: there is no more yet. */
  cursor: string | null
}

/** `dropped`: it was not wanted any more, and what had not been read of it was not read. */
export type AskedState = Asked<PastState> | { type: 'dropped' }

export interface HistoryClient {
  overview(fromMs: number | null): Promise<Asked<Overview>>
  stateAt(atMs: number, wish?: StateWish): Promise<AskedState>
  eventsAfter(cursor: string): Promise<Asked<EventPage>>
}

/** The finest that the server gives in one answer. */
const MAX_BUCKETS = 2_000
const PAGE_EVENTS = 5_000
const TIMEOUT_MS = 15_000
/** An index behind the last event of any batch: who is there has had the whole batch. */
const BATCH_END = 9_999_999

export const cursorAfterBatch = (seq: number): string => `${seq}.${BATCH_END}`

/**
 * `ask`: fetches with the page's token. `refusal`: what is known to be answered, so that it need not be asked for: a browser
 * writes each refusal into its console as an error.
 */
export function historyClient(
  ask: (path: string, init: RequestInit) => Promise<Response>,
  refusal: () => SourceError | null = () => null,
): HistoryClient {
  async function get<T>(
    path: string,
    read: (response: Response) => Promise<T | null>,
    drop?: AbortSignal,
  ): Promise<Asked<T>> {
    const refused = refusal()
    if (refused) return { type: 'failed', error: refused }
    const reading = new AbortController()
    try {
      const response = await ask(`/api/v1/history${path}`, {
        cache: 'no-store',
        signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), reading.signal]),
      })
      // Only from here on: a server that was asked is waited for, or dragging would ask it faster than it can answer.
      if (drop?.aborted) reading.abort()
      drop?.addEventListener('abort', () => reading.abort(), { once: true })
      if (!response.ok) return { type: 'failed', error: errorIn(await response.json()) }
      const value = await read(response)
      return value === null ? { type: 'failed', error: notUnderstood() } : { type: 'ok', value }
    } catch {
      return { type: 'failed', error: serverUnreachable() }
    }
  }
  return {
    overview: (fromMs) => {
      const from = fromMs === null ? '' : `&from=${Math.round(fromMs)}`
      return get(`?buckets=${MAX_BUCKETS}${from}`, async (response) => overviewOf(await response.json()))
    },
    stateAt: async (atMs, wish = {}) => {
      const asked = await get(
        `/state?versions=true&at=${Math.round(atMs)}`,
        async (response) => readPastState(await response.text(), atMs, wish),
        wish.signal,
      )
      return wish.signal?.aborted ? { type: 'dropped' } : asked
    },
    eventsAfter: (cursor) =>
      get(`/events?limit=${PAGE_EVENTS}&cursor=${cursor}`, async (response) => pageOf(response, await response.text())),
  }
}

function overviewOf(body: unknown): Overview | null {
  if (!isRecord(body) || !Array.isArray(body.buckets) || typeof body.bucketSeconds !== 'number') return null
  const buckets = body.buckets.filter(isRecord).map(({ at, counts, failed, waiting }) => ({
    atMs: msOf(at) ?? 0,
    events: Object.values(isRecord(counts) ? counts : {}).reduce<number>((sum, count) => sum + countOf(count), 0),
    failed: countOf(failed),
    waiting: countOf(waiting),
  }))
  return {
    firstMs: msOf(body.first),
    lastMs: msOf(body.last),
    stateFromMs: msOf(body.stateFrom),
    bucketMs: body.bucketSeconds * 1_000,
    buckets,
  }
}

/** `null` when a line is no event: what comes after it would be told wrong. */
async function pageOf(response: Response, text: string): Promise<EventPage | null> {
  const events: PastEvent[] = []
  const slices = new Slices()
  for (const line of text.split('\n')) {
    if (line === '') continue
    // It is fetched ahead, while frames of what is played are drawn.
    if (slices.isOver) await slices.next()
    const parsed: unknown = JSON.parse(line)
    if (!isRecord(parsed) || typeof parsed.type !== 'string' || typeof parsed.seq !== 'number') return null
    const { seq, id, ...head } = parsed
    const atMs = msOf(head.receivedAt)
    if (atMs === null || !isVersion(head.version) || !(isRecord(head.entity) || typeof id === 'string')) return null
    const event = upcast(isRecord(head.entity) ? head : { ...head, id })
    if (!('entity' in event) || isSoundEntity(event.entity)) events.push({ seq, atMs, event })
  }
  const next = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('Link') ?? '')?.[1]
  return { events, cursor: next ? new URL(next, 'http://localhost').searchParams.get('cursor') : null }
}

const countOf = (value: unknown): number => (typeof value === 'number' && value > 0 ? value : 0)

function msOf(time: unknown): number | null {
  const ms = typeof time === 'string' ? Date.parse(time) : Number.NaN
  return Number.isNaN(ms) ? null : ms
}

function errorIn(body: unknown): SourceError {
  if (!isRecord(body) || typeof body.error !== 'string' || typeof body.code !== 'string') return serverUnreachable()
  const suggestion = isRecord(body.details) ? body.details.suggestion : null
  return {
    error: body.error,
    code: body.code,
    details: { suggestion: typeof suggestion === 'string' ? suggestion : '' },
  }
}

const notUnderstood = (): SourceError => ({
  error: 'The history cannot be read by this page',
  code: 'VERSION_MISMATCH',
  details: { suggestion: 'Reload the page' },
})
