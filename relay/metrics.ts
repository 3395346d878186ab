// What the relay counts of itself. Counting is a few additions per request: what a scraper reads is written out (by
// exposition.ts, loaded at the first scrape) only when one comes.

import type { ErrorCode } from '../protocol/errors.ts'
import type { ChildStatus } from '../protocol/relayWire.ts'
import type { MuxCounters } from './mux.ts'
import type { Outcome, Settled } from './outcome.ts'
import type { SocketFacts } from './socketMeter.ts'

export type Door = 'ws' | 'http'

/** How things stand at the moment of a scrape. */
export interface RelayFacts {
  clients: Readonly<Partial<Record<Door, number>>>
  subscribers: number
  sockets: SocketFacts
  pending: number
  child: Pick<ChildStatus, 'state' | 'restarts'>
  watchedFiles: number
  records: number
  /** Changes of the records since the start. */
  stateChanges: number
  dropped: Readonly<MuxCounters>
}

/** Clients choose their methods, so only these become labels. */
export const METHODS = ['tools/call', 'other'] as const
export const OUTCOMES = [
  'ok',
  'tool-error',
  'error',
  'cancelled',
  'timed-out',
  'child-gone',
  'refused',
] as const satisfies readonly Outcome[]

/** Upper bounds: from what passes through untouched to the longest that a request may take. */
export const DURATION_BUCKETS_S = [0.001, 0.005, 0.025, 0.1, 0.25, 1, 5, 30, 300, 3600] as const

/** One method's durations, as Prometheus wants them. */
export interface DurationTally {
  /** Per bucket, the last being beyond all bounds; not cumulative. */
  readonly buckets: number[]
  sumSeconds: number
}

export class RelayMetrics {
  readonly #facts: () => RelayFacts
  /** By method, then outcome. */
  readonly #settled = METHODS.map(() => OUTCOMES.map(() => 0))
  readonly #durations: readonly DurationTally[] = METHODS.map(() => ({
    buckets: [...DURATION_BUCKETS_S, Number.POSITIVE_INFINITY].map(() => 0),
    sumSeconds: 0,
  }))
  readonly #refused = new Map<ErrorCode, number>()
  readonly #closed = new Map<number, number>()
  #framesSent = 0
  #exposition: Promise<() => Promise<string>> | null = null

  constructor(facts: () => RelayFacts) {
    this.#facts = facts
  }

  /** A request that was meant for claude-flow is over. */
  settled({ method, outcome, durationMs }: Pick<Settled, 'method' | 'outcome' | 'durationMs'>): void {
    const at = method === METHODS[0] ? 0 : 1
    const outcomes = this.#settled[at]
    const tally = this.#durations[at]
    if (!outcomes || !tally) return
    const column = OUTCOMES.indexOf(outcome)
    outcomes[column] = (outcomes[column] ?? 0) + 1
    const seconds = durationMs / 1000
    let bucket = 0
    while (seconds > (DURATION_BUCKETS_S[bucket] ?? Number.POSITIVE_INFINITY)) bucket++
    tally.buckets[bucket] = (tally.buckets[bucket] ?? 0) + 1
    tally.sumSeconds += seconds
  }

  /** Somebody was not let in, or asked for what there is not. */
  refused(code: ErrorCode): void {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1)
  }

  /** A client was closed for what it did, or did not do; `code`: of the WebSocket. */
  clientClosed(code: number): void {
    this.#closed.set(code, (this.#closed.get(code) ?? 0) + 1)
  }

  /** A frame, or a chunk of a snapshot. */
  frameSent(): void {
    this.#framesSent++
  }

  get tallies() {
    return {
      settled: this.#settled,
      durations: this.#durations,
      refused: this.#refused,
      closed: this.#closed,
      framesSent: this.#framesSent,
    }
  }

  /** In Prometheus' text format. */
  async text(): Promise<string> {
    this.#exposition ??= import('./exposition.ts').then(({ createExposition }) => createExposition(this, this.#facts))
    return (await this.#exposition)()
  }
}
