// GET /api/v1/history…: what was, for whoever may read (SPEC.md, H). Its answers are in mode `replay`: nothing of them is now.
// A demo's are in mode `mock`: nothing of them ever was.

import { once } from 'node:events'
import { type Response, Router } from 'express'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { eventsQuery, overviewQuery, recordingQuery, stateQuery } from '../api/schemas/history.ts'
import type { Guard } from '../guard/guard.ts'
import type { View } from '../view.ts'
import type { AskHistory } from './history.ts'
import type { EventPage, EventQuery } from './historyFile.ts'
import { noHistory } from './noHistory.ts'
import { RECORDING_FOOT, recordingHead } from './recording.ts'

export interface HistoryOptions {
  guard: Guard
  /** `null`: there is no file. */
  askHistory: AskHistory | null
  view: Pick<View, 'noHistory' | 'isDemo'>
  /** In ms since 1970. */
  now?: () => number
}

/** Two machines, two clocks: what is ahead by so much is now. */
const MAX_AHEAD_MS = 60_000
const NDJSON = 'application/x-ndjson'
/** How many events a recording is read by. */
const RECORDING_PAGE = 5_000

/** What was parsed as a time → ms since 1970. */
const ms = (time: string | undefined): number | null => (time === undefined ? null : Date.parse(time))

export function historyRouter({ guard, askHistory, view, now = Date.now }: HistoryOptions): Router {
  const router = Router()
  const mode = () => (view.isDemo ? 'mock' : 'replay')
  router.use((request, _response, next) => {
    guard.require(request, 'viewer')
    next()
  })
  const ask: AskHistory = async (call) => {
    const why = view.noHistory
    if (why || !askHistory) throw why ?? noHistory()
    try {
      return await askHistory(call)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw tooFarBack()
    }
  }

  router.get('/', async (request, response) => {
    const { from, to, buckets } = overviewQuery.parse(request.query)
    const found = await ask({ type: 'overview', fromMs: ms(from), toMs: ms(to), maxBuckets: buckets })
    response.json({
      success: true,
      mode: mode(),
      first: iso(found.first),
      last: iso(found.last),
      stateFrom: iso(found.stateFrom),
      from: iso(found.first === null ? null : found.from),
      to: iso(found.last === null ? null : found.to),
      bucketSeconds: found.bucketMs / 1_000,
      buckets: found.buckets.map((bucket) => ({ ...bucket, at: iso(bucket.at) })),
    })
  })

  router.get('/state', async (request, response) => {
    const query = stateQuery.parse(request.query)
    const at = notToCome(Date.parse(query.at), now())
    const withVersions = query.versions === 'true'
    const { seq, atMs, rest } = await ask({ type: 'stateAt', atMs: at, withVersions })
    const fields = { success: true, mode: mode(), at: iso(at), seq, lastEventAt: iso(atMs) }
    const head = Buffer.from(`${JSON.stringify(fields).slice(0, -1)},`)
    // Written as it is: to hash and copy megabytes for an ETag that no second look would match would take longer than the look.
    response.type('application/json').set('Content-Length', String(head.length + rest.length))
    response.write(head)
    response.end(rest)
  })

  router.get('/events', async (request, response) => {
    const { from, to, kind = null, agent = null, cursor = null, limit } = eventsQuery.parse(request.query)
    const query = { fromMs: ms(from), toMs: ms(to), kind, agent, after: cursor, limit }
    const page = await ask({ type: 'events', query })
    if (page.next !== null) {
      const params = new URLSearchParams(new URL(request.originalUrl, 'http://localhost').search)
      params.set('cursor', page.next)
      response.set('Link', `<${request.baseUrl}/events?${params}>; rel="next"`)
    }
    response.type(NDJSON).send(page.lines)
  })

  router.get('/recording', async (request, response) => {
    const { from, to } = recordingQuery.parse(request.query)
    if (from !== undefined) notToCome(Date.parse(from), now())
    const range = await ask({ type: 'overview', fromMs: ms(from), toMs: ms(to), maxBuckets: 1 })
    if (range.first === null) throw new SwarmscopeError('NOT_FOUND', { detail: 'Nothing has happened yet' })
    const beginning = await ask({ type: 'beginning', fromMs: range.from })
    if (beginning.fromMs > range.from && beginning.fromMs > range.to) throw tooFarBack()
    // The name alone would make it a file of a type that is not known.
    response.attachment('swarmscope-recording.ndjson').type(NDJSON)
    await write(response, recordingHead(beginning.fromMs, range.to) + beginning.lines)
    // What is in the beginning is not told again.
    let after: string | null = beginning.next
    while (after !== null && !response.destroyed) {
      const query: EventQuery = {
        fromMs: beginning.fromMs,
        toMs: range.to,
        kind: null,
        agent: null,
        limit: RECORDING_PAGE,
        after,
      }
      const page: EventPage = await ask({ type: 'events', query })
      await write(response, page.lines)
      after = page.next
    }
    response.end(RECORDING_FOOT)
  })

  return router
}

/** Waits for a slow reader: a recording may be larger than memory. */
async function write(response: Response, lines: string): Promise<void> {
  if (response.destroyed || response.write(lines)) return
  await Promise.race([once(response, 'drain'), once(response, 'close')])
}

/** What is now is not what will be. */
function notToCome(atMs: number, nowMs: number): number {
  if (atMs > nowMs + MAX_AHEAD_MS) {
    throw new SwarmscopeError('NOT_FOUND', { detail: `That time is to come: it is ${iso(nowMs)}` })
  }
  return Math.min(atMs, nowMs)
}

const tooFarBack = () =>
  new SwarmscopeError('NOT_FOUND', {
    detail: 'The history does not reach back so far: GET /api/v1/history says from when on it does',
  })

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
