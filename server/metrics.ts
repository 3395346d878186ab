// What the server counts of itself. Counting is an addition; what a scraper reads is put together when one comes.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Histogram } from '../platform/histogram.ts'
import { Tally } from '../platform/tally.ts'
import { isLive } from '../protocol/derive.ts'
import { CONNECTION_CODES, ERRORS, type ErrorCode } from '../protocol/errors.ts'
import type { SourceStatus } from '../protocol/swarm.ts'
import { RATE_LIMITS, type RatePolicy } from './guard/rateLimits.ts'
import { IngestCounts } from './ingest/counts.ts'
import type { KeptLog } from './log/keptLog.ts'
import type { ServerFacts } from './metricsText.ts'
import type { Source } from './sources/source.ts'

/** From a change in a file to its frame the bar is 60 ms at the median, and 250 ms for 99 of 100. */
const FRESHNESS_BOUNDS_S = [0.005, 0.01, 0.025, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 10]
const REQUEST_BOUNDS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30]
/** What stands in a request line is the client's choice. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'DELETE'])

export class ServerMetrics {
  /** Of the world that is kept. */
  readonly log: KeptLog
  /** From when a change was seen at its source to when its frame left for a viewer. */
  readonly freshness = new Histogram(FRESHNESS_BOUNDS_S)
  readonly requestDuration = new Histogram(REQUEST_BOUNDS_S)
  /** By method, then by class of the status (`2xx`). */
  readonly requests = new Map<string, number>()
  readonly errors = new Tally<ErrorCode>(Object.keys(ERRORS) as ErrorCode[])
  /** What came in by the doors for hooks and telemetry. */
  readonly ingest = new IngestCounts()
  readonly rateLimited = new Tally<RatePolicy>(Object.keys(RATE_LIMITS) as RatePolicy[])
  /**
   * Connections to sources that became live, live sources that were not any more, and connections that failed: the usual
   * codes are known from the start, so that the first one is a rise.
   */
  readonly sources = { connected: 0, lost: 0, failed: new Tally<string>(CONNECTION_CODES) }
  #text: Promise<() => Promise<{ type: string; text: string }>> | null = null

  constructor(log: KeptLog) {
    this.log = log
  }

  /** `sourceAtMs`: when the newest change in a frame was seen at its source, in ms since 1970. */
  frameSent(sourceAtMs: number): void {
    // Two machines, two clocks: what seems to come from the future is fresh.
    this.freshness.observe(Math.max(0, Date.now() - sourceAtMs) / 1000)
  }

  requestBegan({ method = '' }: IncomingMessage, response: ServerResponse): void {
    const beganMs = performance.now()
    response.once('close', () => {
      // One that was cut off got no answer.
      const outcome = response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'cut'
      const key = `${METHODS.has(method) ? method : 'other'} ${outcome}`
      this.requests.set(key, (this.requests.get(key) ?? 0) + 1)
      this.requestDuration.observe((performance.now() - beganMs) / 1000)
    })
  }

  /** Counts what becomes of its connection; returns how to stop. */
  observe(source: Source): () => void {
    let before: SourceStatus = source.status
    // A line that fell silent and is heard again is the same connection.
    let isCounted = isLive(before)
    return source.onStatus(() => {
      const now = source.status
      if (now.state === 'connecting' || now.state === 'closed') isCounted = false
      if (isLive(now) && !isCounted) {
        isCounted = true
        this.sources.connected++
      }
      if (!isLive(now) && isLive(before)) this.sources.lost++
      const failed = now.attempt > before.attempt || (now.state === 'closed' && before.state !== 'closed')
      if (failed && now.lastError) {
        const { code } = now.lastError
        this.sources.failed.add(Object.hasOwn(ERRORS, code) ? code : 'other')
      }
      before = now
    })
  }

  /** In Prometheus' text format. */
  async text(facts: ServerFacts): Promise<{ type: string; text: string }> {
    this.#text ??= import('./metricsText.ts').then(({ createMetricsText }) => createMetricsText(this, facts))
    return (await this.#text)()
  }
}
