// What the relay counts of itself. Counting is a few additions per request: what a scraper reads is put together (by
// metricsText.ts, loaded at the first scrape) only when one comes.

import { Histogram } from '../platform/histogram.ts'
import { Tally } from '../platform/tally.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import type { ChildStatus } from '../protocol/relayWire.ts'
import type { MuxCounters } from './mux.ts'
import { OUTCOMES, type Settled } from './outcome.ts'

export type Door = 'ws' | 'http'

/** How things stand at the moment of a scrape. */
export interface RelayFacts {
  clients: Readonly<Record<Door, number>>
  sockets: { open: number; receivedBytes: number; sentBytes: number }
  subscribers: number
  pending: number
  child: Pick<ChildStatus, 'state' | 'restarts'>
  watchedFiles: number
  records: number
  /** Changes of the records since the start. */
  stateChanges: number
  dropped: Readonly<MuxCounters>
}

/** Clients choose their methods, so only these become labels. */
const METHODS = ['tools/call', 'other'] as const
/** Upper bounds: from what passes through untouched to the longest that a request may take. */
const DURATION_BOUNDS_S = [0.001, 0.005, 0.025, 0.1, 0.25, 1, 5, 30, 300, 3600]

export class RelayMetrics {
  /** By method and outcome, with a space between. */
  readonly requests = new Tally<string>(METHODS.flatMap((method) => OUTCOMES.map((outcome) => `${method} ${outcome}`)))
  readonly durations: ReadonlyMap<string, Histogram> = new Map(
    METHODS.map((method) => [method, new Histogram(DURATION_BOUNDS_S)]),
  )
  /** Not let in, or asked for what there is not. */
  readonly refused = new Tally<ErrorCode>([])
  /** Closed for what they did, or did not do, by the code of the WebSocket. */
  readonly closed = new Tally<string>([])
  readonly #facts: () => RelayFacts
  #framesSent = 0
  #text: Promise<() => Promise<string>> | null = null

  constructor(facts: () => RelayFacts) {
    this.#facts = facts
  }

  get framesSent(): number {
    return this.#framesSent
  }

  /** A request that was meant for claude-flow is over. */
  settled({ method, outcome, durationMs }: Pick<Settled, 'method' | 'outcome' | 'durationMs'>): void {
    const label = method === METHODS[0] ? METHODS[0] : METHODS[1]
    this.requests.add(`${label} ${outcome}`)
    this.durations.get(label)?.observe(durationMs / 1000)
  }

  /** A frame, or a chunk of a snapshot. */
  frameSent(): void {
    this.#framesSent++
  }

  /** In Prometheus' text format. */
  async text(): Promise<string> {
    this.#text ??= import('./metricsText.ts').then(({ createMetricsText }) => createMetricsText(this, this.#facts))
    return (await this.#text)()
  }
}
