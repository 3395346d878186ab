// What came in by the doors, and what became of it. The names are fixed: they are labels of metrics, and words beside the
// sources.

import { Histogram } from '../../platform/histogram.ts'
import { Tally } from '../../platform/tally.ts'

export const HOOK_COUNTS = [
  /** Answered with 200; all that follow are among them. */
  'hooks',
  /** Of an event that nothing is made of. */
  'hooksIgnored',
  /** No JSON object, or without a session. */
  'hooksMalformed',
  /** No room: tool calls and the like. */
  'hooksDroppedActivity',
  /** No room, and nothing lesser to drop: what begins or ends something. */
  'hooksDroppedLifecycle',
  /** Read, and then a fault of ours. */
  'hooksFailed',
  /** Came while a demo or a recording was shown, or at the very end. */
  'hooksUnwanted',
] as const

/** Of OTLP, in spans, log records and data points. */
export const TELEMETRY_COUNTS = [
  /** Understood. */
  'telemetry',
  /** Claude Code's, but nothing that is shown. */
  'telemetryIgnored',
  /** Of programs that are no agents: they inherit the variables. */
  'telemetryForeign',
  'telemetryMalformed',
  /** Understood, and then a fault of ours: the sender was told to try again. */
  'telemetryFailed',
  'telemetryUnwanted',
] as const

/** Requests, by why they were refused. Anybody may be refused: told beside the sources is only what they lost by it. */
const REFUSALS = ['unauthorized', 'size', 'rate', 'type', 'malformed', 'other'] as const

export type HookCount = (typeof HOOK_COUNTS)[number]
export type TelemetryCount = (typeof TELEMETRY_COUNTS)[number]
export type Refusal = (typeof REFUSALS)[number]
export type IngestDoor = 'hooks' | 'telemetry'

export type AnyCount = HookCount | TelemetryCount | 'refused'

/** A hook is to be answered within 5 ms. */
const ANSWER_BOUNDS_S = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.5,
]

/** Whoever shows them need not hear of each of 10,000 in a second. */
const TELL_INTERVAL_MS = 250

export class IngestCounts {
  readonly hooks = new Tally<HookCount>(HOOK_COUNTS)
  readonly records = new Tally<TelemetryCount>(TELEMETRY_COUNTS)
  readonly refusals: Record<IngestDoor, Tally<Refusal>> = {
    hooks: new Tally(REFUSALS),
    telemetry: new Tally(REFUSALS),
  }
  /** From the earliest moment at which the end of a hook can have been there to be read to its answer. */
  readonly answers = new Histogram(ANSWER_BOUNDS_S)
  #onCounted: ((what: AnyCount, more: number) => void) | null = null
  readonly #untold = new Map<AnyCount, number>()
  #timer: NodeJS.Timeout | null = null

  /** `onCounted` hears of everything from now on, a little later and added up; of refusals only of losses, as one. */
  tellTo(onCounted: (what: AnyCount, more: number) => void): void {
    this.#onCounted = onCounted
  }

  hook(what: HookCount, more = 1): void {
    this.hooks.add(what, more)
    this.#note(what, more)
  }

  telemetry(what: TelemetryCount, more: number): void {
    if (more === 0) return
    this.records.add(what, more)
    this.#note(what, more)
  }

  /** `isLoss`: somebody with the token sent what there was no room for. */
  refused(door: IngestDoor, why: Refusal, isLoss: boolean): void {
    this.refusals[door].add(why)
    if (isLoss) this.#note('refused', 1)
  }

  /** Tells what it has not told yet. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const untold = [...this.#untold]
    this.#untold.clear()
    for (const [what, more] of untold) this.#onCounted?.(what, more)
  }

  #note(what: AnyCount, more: number): void {
    if (!this.#onCounted) return
    this.#untold.set(what, (this.#untold.get(what) ?? 0) + more)
    this.#timer ??= setTimeout(() => this.flush(), TELL_INTERVAL_MS)
  }
}
