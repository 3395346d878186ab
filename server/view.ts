// What viewers are shown: which world, in which mode. One place decides it; a change of world is a change of epoch, so
// nothing of one can mix with the other.

import { CONNECTING_MAX_MS, degradedSources, isLive, modeOf } from '../protocol/derive.ts'
import { SwarmscopeError } from '../protocol/errors.ts'
import type { Mode, SourceError, SourceStatus } from '../protocol/swarm.ts'
import { noHistory } from './history/noHistory.ts'
import type { KeptLog } from './log/keptLog.ts'
import type { RecordedClock, RecordedMoment } from './sources/replay/recordedClock.ts'
import type { Source } from './sources/source.ts'
import type { World } from './world.ts'

export interface ViewOptions {
  /** `--demo`: the mock world and nothing else. */
  demo: boolean
  /** `--replay`: this recording and nothing else. */
  replay?: World | null
  /** What time it is in it. */
  recordedClock?: Pick<RecordedClock, 'moment' | 'onChange'> | null
  real: World
  /** Of the demo's world or else the real one, if it may have something to say. */
  keptLog?: Pick<KeptLog, 'path' | 'error' | 'onError'>
  sources: readonly Source[]
  /** `--budget-usd` */
  budgetUsd?: number | null
  /** Makes and starts the mock world, once, when it is first shown. */
  mock: () => World
  /** Must not jump with the wall clock: a view must not say `connecting` for longer because somebody set it. */
  now?: () => number
}

export class View {
  readonly #options: ViewOptions
  readonly #now: () => number
  readonly #startedAtMs: number
  readonly #listeners = new Set<() => void>()
  readonly #stops: (() => void)[]
  readonly #connectingTimer: NodeJS.Timeout
  #mock: World | null = null
  #everLive = false
  /** In a former run: a world with nothing left in it is no reason to show the made-up one. */
  readonly #wasLiveBefore: boolean
  #mode: Mode = 'connecting'

  constructor(options: ViewOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#startedAtMs = this.#now()
    this.#wasLiveBefore = options.real.hasHeardSource
    this.#stops = options.sources.map((source) => source.onStatus(() => this.#update()))
    this.#stops.push(options.real.onChange(() => this.#update(false)))
    if (options.recordedClock) this.#stops.push(options.recordedClock.onChange(() => this.#update()))
    if (options.keptLog) this.#stops.push(options.keptLog.onError(() => this.#update()))
    // A timer may fire a moment early.
    this.#connectingTimer = setTimeout(() => this.#update(false), CONNECTING_MAX_MS + 10)
    this.#update()
  }

  get mode(): Mode {
    return this.#mode
  }

  get world(): World {
    return this.#mode === 'mock' ? this.#mockWorld() : (this.#options.replay ?? this.#options.real)
  }

  /** Of the recording that is shown; `null`: none is, or it has not begun. */
  get recordedMoment(): RecordedMoment | null {
    return this.#mode === 'replay' ? (this.#options.recordedClock?.moment ?? null) : null
  }

  /** What time it is in the world that is shown, in ms since 1970: all that follows from time is reckoned with it (M7). */
  get shownMs(): number {
    return this.recordedMoment?.atMs ?? Date.now()
  }

  get sources(): SourceStatus[] {
    return this.#options.sources.map((source) => source.status)
  }

  /** What the agents may cost before there is a warning. */
  get budgetUsd(): number | null {
    return this.#options.budgetUsd ?? null
  }

  /** What happens is shown, but not kept. */
  get logError(): SourceError | null {
    return this.#options.keptLog?.error ?? null
  }

  /** Why nobody can be told what was in the world that is shown; `null`: they can. */
  get noHistory(): SwarmscopeError | null {
    const { logError } = this
    if (logError) return new SwarmscopeError('LOG_UNAVAILABLE', logError.details)
    const { demo, keptLog } = this.#options
    // Beside the made-up world that stands in for the real one, the file is the real one's.
    const isKept = keptLog !== undefined && keptLog.path !== null && (demo || this.#mode !== 'mock')
    return isKept ? null : noHistory()
  }

  /** All that was in it was made up, too. */
  get isDemo(): boolean {
    return this.#options.demo
  }

  get degraded(): string[] {
    return degradedSources(this.sources)
  }

  /** Called when the mode, the world or any source's status changed; not for changes inside the world. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  retry(): void {
    for (const source of this.#options.sources) source.retry()
  }

  close(): void {
    clearTimeout(this.#connectingTimer)
    for (const stop of this.#stops) stop()
    this.#listeners.clear()
  }

  #update(tell = true): void {
    const { demo, real } = this.#options
    const { sources } = this
    this.#everLive ||= sources.some(isLive)
    const before = this.#mode
    // A source's first data come a moment before it counts as live: judged in between they would pass for stale.
    const catchingUp = !this.#everLive && before !== 'stale' && sources.some((source) => source.state === 'handshaking')
    this.#mode = modeOf({
      demo,
      replay: Boolean(this.#options.replay),
      sources,
      realWorldEmpty: real.isEmpty || catchingUp,
      everLive: this.#everLive || this.#wasLiveBefore,
      startedAtMs: this.#startedAtMs,
      nowMs: this.#now(),
    })
    if (tell || this.#mode !== before) for (const listener of this.#listeners) listener()
  }

  #mockWorld(): World {
    this.#mock ??= this.#options.mock()
    return this.#mock
  }
}
